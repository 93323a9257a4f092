/** What is said on a stream of HTTP/2, in Node's words and in ours. */
import http2 from "node:http2";
import { type Headers, pairs } from "../../core/http-headers.ts";
import type { RequestHead } from "../../core/http-request.ts";

/** With an error: without, Node tells the client first that all was said, and resets the stream then. */
export function breakOff(stream: http2.ServerHttp2Stream): void {
  stream.destroy(new Error("It broke off."));
}

/** How long a client may go on with a body that nobody wants after its answer is out. */
const stopMilliseconds = 200;

/** RFC 9113 §8.1: a client may be told to stop sending once its answer is out; told sooner, curl drops the answer. */
export function stopBody(stream: http2.ServerHttp2Stream): void {
  stream.resume();
  stream.once("finish", () => {
    const timer = setTimeout(() => stream.close(http2.constants.NGHTTP2_NO_ERROR), stopMilliseconds);
    stream.once("close", () => clearTimeout(timer));
  });
}

/** The head of a request. */
export function headOf(headers: http2.IncomingHttpHeaders): RequestHead {
  const authority = headers[":authority"];
  return {
    version: "2",
    method: headers[":method"] ?? "",
    target: headers[":path"] ?? "",
    ...(authority !== undefined && { authority }),
    headers: flatten(headers),
  };
}

/** Node's header object as a list, without the pseudo-headers. */
export function flatten(headers: http2.IncomingHttpHeaders): string[] {
  const list: string[] = [];
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    if (name.startsWith(":") || value === undefined) continue;
    for (const each of typeof value === "string" ? [value] : value) list.push(name, each);
  }
  return list;
}

/** A list as Node's header object: repeated values are joined (RFC 9110 §5.3), but for Set-Cookie. */
export function gather(headers: Headers): http2.OutgoingHttpHeaders {
  const gathered = new Map<string, string | string[]>();
  for (const [name, value] of pairs(headers)) {
    const key = name.toLowerCase();
    const before = gathered.get(key);
    if (key === "set-cookie") gathered.set(key, [...(before ?? []), value]);
    else if (before === undefined) gathered.set(key, value);
    else if (before !== value) gathered.set(key, `${before}, ${value}`);
  }
  return Object.fromEntries(gathered);
}
