/** How a client hears that what it sent cannot be read as HTTP/1.1. */
import type { Socket } from "node:net";
import type { Problem } from "../../core/errors.ts";
import { maxHead } from "../../core/http-head.ts";
import type { Client } from "../client.ts";
import { hangUp } from "../hang-up.ts";

export interface Unparsed {
  /** A code and its words. */
  readonly status: string;
  readonly problem: Problem;
}

/** `reason` may be in the words of Node's parser. */
export function badRequest(reason: string): Unparsed {
  return {
    status: "400 Bad Request",
    problem: {
      code: "bad-request",
      message: `This is not a request that HTTP/1.1 allows (RFC 9112): ${reason.replace(/^Parse Error: /, "")}.`,
      remedy: "Correct the client that sent it.",
    },
  };
}

/** RFC 6585 §5. Node's parser does not tell which of them it was. */
export const headTooLarge: Unparsed = {
  status: "431 Request Header Fields Too Large",
  problem: {
    code: "head-too-large",
    message: `The request's URL and headers are larger than ${maxHead / 1024} KB together, which is all that Oneport takes.`,
    remedy:
      "Mostly it is cookies: a browser sends those of all services on a name, whatever their port. Clear this site's cookies in the browser.",
  },
};

/** RFC 9110 §9.1: there is such a method, perhaps, but nobody here knows it. */
export const unknownMethod: Unparsed = {
  status: "501 Not Implemented",
  problem: {
    code: "unknown-method",
    message: "The request's method is not one that is known here.",
    remedy:
      "Write it in upper case; if it is, send it on a new connection, without Expect, TE, Trailer or Upgrade.",
  },
};

/** Says so, where no answer has begun, and ends the connection. */
export function refuseUnparsed(client: Client, stream: Socket, { status, problem }: Unparsed): void {
  client.end({ how: "refused", problem });
  const body = `${status}\n${problem.message}\n${problem.remedy}\n`;
  const length = Buffer.byteLength(body);
  const head = `Content-Type: text/plain\r\nContent-Length: ${length}\r\nOneport-Refusal: ${problem.code}\r\nConnection: close`;
  stream.write(`HTTP/1.1 ${status}\r\n${head}\r\n\r\n${body}`);
  hangUp(stream);
}

/** Breaks the connection off, where a refusal would be taken for a part of an answer. */
export function breakOff(client: Client, reason: string): void {
  client.end({ how: "refused", problem: badRequest(reason).problem });
  client.socket.resetAndDestroy();
}
