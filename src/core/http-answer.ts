/** What the beginning of an HTTP/1.1 answer tells about the service that gave it, for people to recognise it by. */
import { visible } from "./printable.ts";

export interface HttpAnswer {
  readonly status: number;
  /** Status line and header fields, each ended by CR LF. */
  readonly head: string;
  /** From the line that ends the head, as far as it is there; chunk sizes are taken out. */
  readonly body: string;
}

/** RFC 9112 §4. Undefined while the head is not whole, and for what is no HTTP. */
export function readHttpAnswer(bytes: Buffer): HttpAnswer | undefined {
  const text = bytes.toString("utf8");
  const [, head, status] = /^(HTTP\/1\.\d (\d{3})[\s\S]*?\r?\n)\r?\n/.exec(text) ?? [];
  if (head === undefined) return undefined;
  const body = text.slice(head.length);
  const isChunked = /^transfer-encoding:.*chunked/im.test(head);
  return { status: Number(status), head, body: isChunked ? withoutChunkSizes(body) : body };
}

/** RFC 9112 §7.1, good enough for text that is only searched. */
function withoutChunkSizes(body: string): string {
  return body.replace(/\r\n[\da-f]+(?:;[^\r\n]*)?\r\n/gi, "");
}

/** Is all there that can be told from it: the title of a page, or the head of anything else? */
export function isToldEnough({ head, body }: HttpAnswer): boolean {
  return !/^content-type: *text\/html/im.test(head) || /<\/title|<\/head|<body/i.test(body);
}

const longestShown = 80;

/** The title of a page, at most 80 characters, printable. */
export function titleOf({ body }: HttpAnswer): string | undefined {
  const [, title = ""] = /<title(?:\s[^<>]{0,200})?>([^<]{0,2000})</i.exec(body) ?? [];
  return shortLine(title.replace(/&(amp|lt|gt|quot|nbsp|#39|#x27);/gi, (_, name) => entity(name)));
}

/** Which product answered, as it says itself. */
export function serverOf({ head }: HttpAnswer): string | undefined {
  return shortLine(fieldOf(head, "server") ?? fieldOf(head, "x-powered-by") ?? "");
}

function fieldOf(head: string, name: string): string | undefined {
  return new RegExp(`^${name}:([^\\r\\n]*)`, "im").exec(head)?.[1];
}

function entity(name: string): string {
  const characters = new Map([
    ["amp", "&"],
    ["lt", "<"],
    ["gt", ">"],
    ["quot", '"'],
    ["nbsp", " "],
  ]);
  return characters.get(name.toLowerCase()) ?? "'";
}

/** One line of printable text, cut when long; undefined when nothing is left. */
export function shortLine(text: string): string | undefined {
  const line = Array.from(visible(text.replace(/\s+/g, " ").trim()));
  return line.slice(0, longestShown).join("") || undefined;
}
