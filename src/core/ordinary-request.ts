/** Which requests are ordinary, and the head of such a one in HTTP/1.1, read in one go; all others are left to Node. */
import { isField, readFieldLines } from "./field-lines.ts";
import type { RequestHead } from "./http-request.ts";

/** How much of the bytes behind a head belongs to the message (RFC 9112 §6.3). */
export type Framing =
  | { readonly kind: "none" }
  /** At least one byte. */
  | { readonly kind: "length"; readonly bytes: number }
  | { readonly kind: "chunked" };

export interface OrdinaryRequest {
  readonly head: RequestHead;
  /** The bytes of the head, with its empty line. */
  readonly length: number;
  readonly body: Framing;
  /** The client asks that the connection end after the answer. */
  readonly last: boolean;
}

const mostBytes = 16 * 1024;

/**
 * Whatever one it is: of all methods HEAD and CONNECT alone change how a message is framed (RFC 9112 §6.3), and Node's parser
 * knows but those of a list. One that is not in upper case would arrive as another.
 */
const method = "(?!CONNECT(?: |$))[A-Z]+(?:-[A-Z]+)*";
/** Without a fragment. */
const path = '/[!"$-~]*';
/** RFC 9112 §3: a method, a plain path, this very version. */
const requestLine = new RegExp(`^(${method}) (${path}) HTTP/1\\.1\\r\\n`);
const plainMethod = new RegExp(`^${method}$`);
const plainPath = new RegExp(`^${path}$`);
const digits = /^\d{1,15}$/;

/** What changes how the message or the connection goes on. */
const unusual: ReadonlySet<string> = new Set(["upgrade", "expect", "te", "trailer", "proxy-connection"]);

/**
 * Undefined for every request that is not ordinary or not wholly there. An ordinary one has one Host, no body, a body of
 * known length or one in chunks, and says "keep-alive" or "close", if anything, of its connection.
 */
export function readOrdinaryRequest(bytes: Buffer): OrdinaryRequest | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  if (end === -1 || end > mostBytes) return undefined;
  const text = bytes.toString("latin1", 0, end + 2);
  const [line, method, target] = requestLine.exec(text) ?? [];
  if (line === undefined || method === undefined || target === undefined) return undefined;
  const headers = readFieldLines(text.slice(line.length));
  const connection = headers && readConnection(headers);
  if (!connection) return undefined;
  return { head: { version: "1.1", method, target, headers }, length: end + 4, ...connection };
}

/** Whether a request of HTTP/2 is ordinary; then its head says the same in HTTP/1.1 (RFC 9113 §10.3). */
export function isOrdinary(head: RequestHead, hasBody: boolean): boolean {
  const { authority = "", headers } = head;
  if (!plainMethod.test(head.method) || !plainPath.test(head.target)) return false;
  if (!isField("host", authority)) return false;
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] ?? "";
    const value = headers[at + 1] ?? "";
    if (unusual.has(name) || name === "transfer-encoding" || !isField(name, value)) return false;
    if (name === "content-length" && !(hasBody ? digits.test(value) : value === "0")) return false;
  }
  return true;
}

function readConnection(headers: readonly string[]): Pick<OrdinaryRequest, "body" | "last"> | undefined {
  let hosts = 0;
  let body: Framing | undefined;
  let connection: string | undefined;
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at]?.toLowerCase() ?? "";
    const value = headers[at + 1] ?? "";
    if (unusual.has(name)) return undefined;
    if (name === "host") hosts++;
    else if (name === "connection") {
      if (connection !== undefined) return undefined;
      connection = value.toLowerCase();
    } else if (name === "content-length" || name === "transfer-encoding") {
      // Both, or one of them twice, is how a request is smuggled inside another.
      if (body) return undefined;
      body = name === "content-length" ? measured(value) : chunked(value);
      if (!body) return undefined;
    }
  }
  if (hosts !== 1) return undefined;
  if (connection !== undefined && connection !== "keep-alive" && connection !== "close") return undefined;
  return { body: body ?? { kind: "none" }, last: connection === "close" };
}

function measured(value: string): Framing | undefined {
  if (value === "0") return { kind: "none" };
  return /^[1-9]\d{0,14}$/.test(value) ? { kind: "length", bytes: Number(value) } : undefined;
}

function chunked(value: string): Framing | undefined {
  return value.toLowerCase() === "chunked" ? { kind: "chunked" } : undefined;
}
