/** How a client hears that what it sent is no HTTP/1.1. */
import type { Socket } from "node:net";
import type { Client } from "../client.ts";
import { hangUp } from "../hang-up.ts";

/** Says so, where no answer has begun, and ends the connection. `status` is a code and its words. */
export function refuseUnparsed(
  client: Client,
  stream: Socket,
  reason: string,
  status = "400 Bad Request",
): void {
  const problem = unparsed(reason);
  client.end({ how: "refused", problem });
  const body = `${status}\n${problem.message}\n`;
  const head = `Content-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close`;
  stream.write(`HTTP/1.1 ${status}\r\n${head}\r\n\r\n${body}`);
  hangUp(stream);
}

/** Breaks the connection off, where a refusal would be taken for a part of an answer. */
export function breakOff(client: Client, reason: string): void {
  client.end({ how: "refused", problem: unparsed(reason) });
  client.socket.resetAndDestroy();
}

function unparsed(reason: string) {
  return {
    code: "bad-request",
    message: `This is not a request that RFC 9112 allows: ${reason}.`,
    remedy: "Correct the client that sent it.",
  };
}
