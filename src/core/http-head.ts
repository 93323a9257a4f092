/** The head of a plain HTTP request, read far enough to know that it is one and which host it asks for. */

export type HeadRead =
  | { readonly kind: "more"; readonly atLeast: number }
  | { readonly kind: "http1"; readonly host: string | undefined }
  | { readonly kind: "http2" }
  | { readonly kind: "other" };

const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1"); // RFC 9113 §3.4
const emptyLine = Buffer.from("\r\n", "latin1");
const get = Buffer.from("GET ", "latin1"); // RFC 6455 §4.1
const version = Buffer.from(" HTTP/1.", "latin1");
/** In bytes: of a request's head no more is read, here or by the HTTP server behind. */
export const maxHead = 65_536;
/** The longest registered method, UPDATEREDIRECTREF, has 17 letters. */
const maxMethod = 32;

const lf = 0x0a;
const cr = 0x0d;
const space = 0x20;
const del = 0x7f;

/** RFC 9112 §3. The target is left to the server behind, but for the host in it. */
const requestLine = /^[A-Za-z-]+ ([\x21-\x7e]+) HTTP\/1\.\d$/;
/** RFC 9112 §3.2.2. User information in the authority fails `authority` below (RFC 9110 §4.2.4). */
const absoluteForm = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/([^/?#]*)/;
/** RFC 9112 §5 and RFC 9110 §5.5: no space before the colon, no line folding, no control characters. */
const fieldLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t\x20-\x7e\x80-\xff]*)$/;
const oneWord = /^[\t ]*([^\t ]+)[\t ]*$/;
/** RFC 9110 §7.2: `uri-host [ ":" port ]`, with the characters of RFC 3986 §3.2.2. */
const authority = /^(?:\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._~!$&'()*+,;=%-]+)(?::[0-9]*)?$/;

/**
 * Reads the head of an HTTP/1 request, or the preface of HTTP/2 with prior knowledge, from the first bytes of a client.
 * `other` is said at the first byte that no request has at its place, so a client that waits for an answer gets one.
 *
 * `host` is the authority as sent, with its port, if any. It is `undefined` when the head names none or two, when it is
 * malformed or longer than 64 KiB: the HTTP server behind has the right answer to each of these (400, 431).
 *
 * `seen`: how many of the bytes were there when the last answer was `more`; they are not searched again, which keeps
 * the work linear for a client that sends byte by byte.
 */
export function readHttpHead(received: Uint8Array, seen = 0): HeadRead {
  if (agrees(received, 0, preface)) {
    return received.length < preface.length ? more(received) : { kind: "http2" };
  }
  // RFC 9112 §2.2: one empty line before a request is ignored.
  const start = agrees(received, 0, emptyLine) ? emptyLine.length : 0;
  const bytes = received.subarray(start, start + maxHead);
  // While they could still become the preface, nothing else was asked of them.
  const read = seen < preface.length ? 0 : seen - start;
  switch (readRequestLine(bytes, read)) {
    case "other":
      return { kind: "other" };
    case "more":
      return more(received);
    case "broken":
      return { kind: "http1", host: undefined };
    case "whole":
      return readFields(bytes, read) ?? more(received);
  }
}

/** `broken` is a request line that only an HTTP client sends, and that no server takes. */
function readRequestLine(bytes: Uint8Array, seen: number): "more" | "other" | "broken" | "whole" {
  const method = methodLength(bytes);
  if (method === bytes.length && method <= maxMethod) return "more";
  if (method === 0 || method > maxMethod || bytes[method] !== space) return "other";

  const lineFeed = bytes.indexOf(lf, method);
  const end = lineFeed === -1 ? bytes.length : lineFeed;
  for (let at = Math.max(method + 1, seen - 1); at < end; at += 1) {
    const byte = bytes[at];
    if (byte === cr && at + 1 === end && versionEndsAt(bytes, at, method)) continue;
    if (byte === undefined || byte < space || byte === del) return "other";
  }
  if (lineFeed === -1) return bytes.length < maxHead ? "more" : "broken";
  if (bytes[lineFeed - 1] === cr) return "whole";
  return versionEndsAt(bytes, lineFeed, method) ? "broken" : "other";
}

/** Letters and hyphens: more than any method in use has (RFC 9110 §16.1.1), fewer than `SSH-2.0` needs. */
function methodLength(bytes: Uint8Array): number {
  const limit = Math.min(bytes.length, maxMethod + 1);
  for (let at = 0; at < limit; at += 1) {
    const letter = (bytes[at] ?? 0) | 0x20;
    if ((letter < 0x61 || letter > 0x7a) && bytes[at] !== 0x2d) return at;
  }
  return limit;
}

/** Whether ` HTTP/1.` and a digit end at `end`, with a target of at least one byte between them and the method. */
function versionEndsAt(bytes: Uint8Array, end: number, method: number): boolean {
  const digit = bytes[end - 1] ?? 0;
  const start = end - 1 - version.length;
  return start >= method + 2 && digit >= 0x30 && digit <= 0x39 && agrees(bytes, start, version);
}

/**
 * Looks for the empty line line by line; undefined while there is none. A line that ends in LF alone makes the head malformed
 * at once: RFC 9112 §2.2 would allow it, but Node's parser refuses it in each place, and waiting for a CR that never comes
 * serves nobody.
 */
function readFields(bytes: Uint8Array, seen: number): HeadRead | undefined {
  const first = bytes.indexOf(lf);
  for (let at = bytes.indexOf(lf, Math.max(first + 1, seen)); at !== -1; at = bytes.indexOf(lf, at + 1)) {
    if (bytes[at - 1] !== cr) return { kind: "http1", host: undefined };
    if (bytes[at - 2] === lf) return { kind: "http1", host: hostIn(bytes, at - 3) };
  }
  return bytes.length < maxHead ? undefined : { kind: "http1", host: undefined };
}

function hostIn(bytes: Uint8Array, end: number): string | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, end).toString("latin1");
  const [request = "", ...fields] = head.split("\r\n");
  const target = requestLine.exec(request)?.[1];
  const hosts: string[] = [];
  for (const field of fields) {
    const [, name, value] = fieldLine.exec(field) ?? [];
    if (name === undefined || value === undefined) return undefined;
    if (name.toLowerCase() === "host") hosts.push(oneWord.exec(value)?.[1] ?? "");
  }
  if (target === undefined || hosts.length > 1) return undefined;
  const host = absoluteForm.exec(target)?.[1] ?? hosts[0];
  return host !== undefined && authority.test(host) ? host : undefined;
}

export type WebSocketRead =
  | { readonly kind: "more"; readonly atLeast: number }
  | { readonly kind: "webSocket" | "none" };

/** Whether a first request asks for a WebSocket (RFC 6455 §4.1); `none` is everything else, said at its first byte that is not so. */
export function readWebSocketRequest(bytes: Buffer, seen: number): WebSocketRead {
  if (!agrees(bytes, 0, get)) return { kind: "none" };
  const head = readHttpHead(bytes, seen);
  if (head.kind === "more") return head;
  const isOne =
    head.kind === "http1" && /\r\nupgrade:[\t ]*websocket[\t ]*\r\n/i.test(bytes.toString("latin1"));
  return { kind: isOne ? "webSocket" : "none" };
}

/** Whether the bytes from `start` on are those of `wanted`, as far as there are any yet. */
function agrees(bytes: Uint8Array, start: number, wanted: Uint8Array): boolean {
  const length = Math.min(bytes.length - start, wanted.length);
  for (let at = 0; at < length; at += 1) if (bytes[start + at] !== wanted[at]) return false;
  return true;
}

function more(bytes: Uint8Array): HeadRead {
  return { kind: "more", atLeast: bytes.length + 1 };
}
