/** The field lines of a head or a trailer section, read strictly: what RFC 9112 allows to say in one way only. */

/** RFC 9110 §5.6.2. */
const name = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
/** RFC 9110 §5.5: no control characters. */
const value = "[\\t\\x20-\\x7e\\x80-\\xff]*";
/** RFC 9112 §5: no space before the colon, no line folding, CR LF at each end. */
const lines = `(?:${name}:${value}\\r\\n)*`;

const fieldName = new RegExp(`^${name}$`);
const fieldValue = new RegExp(`^${value}$`);
const fieldLines = new RegExp(`^${lines}$`);
/** As far as such lines have come, and the empty line behind them. */
const begun = new RegExp(`^${lines}(?:${name}(?::${value}\\r?)?|\\r)?$`);

const tab = 0x09;
const space = 0x20;

/** Names and values in turn, without the white space around them; `text` is latin1. Undefined where it is malformed. */
export function readFieldLines(text: string): string[] | undefined {
  if (!fieldLines.test(text)) return undefined;
  const fields: string[] = [];
  for (let at = 0; at < text.length; ) {
    const colon = text.indexOf(":", at);
    const end = text.indexOf("\r", colon);
    fields.push(text.slice(at, colon), trimmed(text, colon + 1, end));
    at = end + 2;
  }
  return fields;
}

/** Whether a field that came in another form can be said as a line. */
export function isField(name: string, value: string): boolean {
  return fieldName.test(name) && fieldValue.test(value);
}

/** Whether `text` can still become field lines and an empty line. */
export function beginsFieldLines(text: string): boolean {
  return begun.test(text);
}

function trimmed(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === space || code === tab;
}
