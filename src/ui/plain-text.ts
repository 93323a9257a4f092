/** Text from settings and from the wire, written as nothing but text where VS Code would read more out of it. */
import { visible } from "../core/printable.ts";

/** In Markdown. CommonMark section 2.4: a backslash before any ASCII punctuation makes it plain. */
export function plainMarkdown(text: string): string {
  return visible(text).replace(/[!-/:-@[-`{-~]/g, "\\$&");
}

/** In the labels of a quick pick, where `$(name)` is an icon. */
export function plainLabel(text: string): string {
  return text.replaceAll("$(", "\\$(");
}
