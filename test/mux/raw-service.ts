/** A service that keeps the very bytes it was sent, and reads requests from them with eyes of its own. */
import assert from "node:assert/strict";
import { type Service, startTcp } from "./support.ts";

export interface ReadRequest {
  readonly line: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  valuesOf(name: string): string[];
}

export interface RawService extends Service {
  /** Every request so far. Reading them fails the test if any byte is not part of one. */
  readonly requests: readonly ReadRequest[];
  /** What came on each connection, latin1. */
  readonly received: readonly string[];
}

/** Gives the same answer as soon as a request is whole, and then ends the connection if it is told to. */
export async function recordRequests(
  answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
  { end = false } = {},
): Promise<RawService> {
  const received: string[] = [];
  const service = await startTcp((socket) => {
    const index = received.push("") - 1;
    let answered = 0;
    socket.on("data", (chunk) => {
      received[index] += chunk.toString("latin1");
      const { requests } = readRequests(received[index] ?? "");
      for (; answered < requests.length; answered++) socket.write(answer, "latin1");
      if (end && answered > 0) socket.end();
    });
    socket.on("end", () => socket.end());
  });
  return {
    ...service,
    received,
    get requests() {
      return received.flatMap((bytes) => {
        const { requests, rest } = readRequests(bytes);
        assert.equal(rest, "", "bytes that are no part of a request");
        return requests;
      });
    },
  };
}

/** RFC 9112, to the letter: what is not that is left in `rest`. */
export function readRequests(bytes: string): { readonly requests: ReadRequest[]; readonly rest: string } {
  const requests: ReadRequest[] = [];
  let rest = bytes;
  for (;;) {
    const [whole, line, fields = ""] =
      /^([A-Z-]+ [\x21-\xff]+ HTTP\/1\.1)\r\n((?:[!#$%&'*+.^_`|~\w-]+:[\t\x20-\x7e\x80-\xff]*\r\n)*)\r\n/.exec(
        rest,
      ) ?? [];
    if (whole === undefined || line === undefined) return { requests, rest };
    const headers = fields
      .split("\r\n")
      .slice(0, -1)
      .map((field) => {
        const colon = field.indexOf(":");
        return [field.slice(0, colon), field.slice(colon + 1).trim()] as const;
      });
    const valuesOf = (name: string) =>
      headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
    const body = readBody(
      rest.slice(whole.length),
      valuesOf("content-length"),
      valuesOf("transfer-encoding"),
    );
    if (!body) return { requests, rest };
    requests.push({ line, headers, body: body.text, valuesOf });
    rest = rest.slice(whole.length + body.length);
  }
}

function readBody(bytes: string, lengths: string[], codings: string[]) {
  if (lengths.length + codings.length > 1) return undefined;
  const [coding] = codings;
  if (coding === undefined) {
    const length = Number(lengths[0] ?? "0");
    if (!Number.isSafeInteger(length) || length < 0) return undefined;
    return bytes.length < length ? undefined : { text: bytes.slice(0, length), length };
  }
  if (coding !== "chunked") return undefined;
  let text = "";
  let at = 0;
  for (;;) {
    const [line, digits = ""] = /^([\da-f]+)\r\n/i.exec(bytes.slice(at)) ?? [];
    if (line === undefined) return undefined;
    const size = Number.parseInt(digits, 16);
    at += line.length;
    if (size === 0) break;
    if (bytes.slice(at + size, at + size + 2) !== "\r\n") return undefined;
    text += bytes.slice(at, at + size);
    at += size + 2;
  }
  const [trailers] = /^(?:[!#$%&'*+.^_`|~\w-]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n/.exec(bytes.slice(at)) ?? [];
  return trailers === undefined ? undefined : { text, length: at + trailers.length };
}
