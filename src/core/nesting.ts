/** How deep JSON may be nested: whoever reads it calls itself for each level, and the stack has an end. */
import { createScanner } from "jsonc-parser";

/** Far more than anybody writes, and far less than any stack holds. */
export const mostLevels = 256;

/** Where JSON with comments, be it broken, is nested deeper than that for the first time; undefined where it is nowhere. */
export function tooDeepAt(text: string): number | undefined {
  const scanner = createScanner(text, true);
  const closing: string[] = [];
  for (scanner.scan(); scanner.getTokenLength() > 0; scanner.scan()) {
    const offset = scanner.getTokenOffset();
    const sign = text[offset];
    if (sign === "{" || sign === "[") closing.push(sign === "{" ? "}" : "]");
    else if (sign === closing.at(-1)) closing.pop();
    if (closing.length > mostLevels) return offset;
  }
  return undefined;
}
