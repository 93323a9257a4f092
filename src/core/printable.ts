/** Text from outside, made safe to show: in a terminal, in a log line, on a page. */

/** A name as it came over the wire: everything that is not printable ASCII becomes `\xNN`, byte by byte of its UTF-8. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, escapeBytes);
}

/** A sentence in any language: what would steer a terminal or turn the direction of the text becomes `\xNN`. */
export function visible(text: string): string {
  return text.replace(/[\p{C}\u2028\u2029]+/gu, escapeBytes);
}

function escapeBytes(text: string): string {
  return Array.from(Buffer.from(text, "utf8"), (byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
}
