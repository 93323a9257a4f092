/** Text from settings and from the wire, written into Markdown as nothing but text. */
import { visible } from "../core/printable.ts";

/** CommonMark section 2.4: a backslash before any ASCII punctuation makes it plain. */
export function plainMarkdown(text: string): string {
  return visible(text).replace(/[!-/:-@[-`{-~]/g, "\\$&");
}
