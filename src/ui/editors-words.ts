/** Remedies name commands of the command line; in VS Code the same is done by commands of the palette. */
import type { Problem } from "../core/errors.ts";

const inPalette: readonly (readonly [RegExp, string])[] = [
  [/"oneport hosts apply"/g, "Oneport: Update Hosts File…"],
  [/"oneport hosts remove"/g, "Oneport: Remove From Hosts File…"],
  [/"oneport ca trust --allow [^"]+"/g, "Oneport: Make an Authority for Another Name…"],
  [/"oneport ca trust"/g, "Oneport: Trust Oneport's Authority…"],
  [/"oneport ca untrust"/g, "Oneport: Stop Trusting Oneport's Authority…"],
  [/"oneport clean( --yes)?"/g, "Oneport: Remove Everything Oneport Added…"],
  [/"oneport start"/g, "Oneport: Start Mux"],
  [/"oneport stop"/g, "Oneport: Stop Mux"],
  // Among what is found is the file of the authority.
  [/["`]oneport ca path["`]/g, "Oneport: Diagnose"],
];

export function inEditorsWords(text: string): string {
  return inPalette.reduce((said, [words, command]) => said.replace(words, `"${command}"`), text);
}

/** A problem as people and models read it in VS Code. */
export function problemText({ message, remedy }: Problem): string {
  return inEditorsWords(`${message} ${remedy}`.trim());
}
