/** The service behind every HTTP route: no more HTTP/1.1 than proxies speak to it, so that it is never what is measured. */
import { createHash } from "node:crypto";
import net from "node:net";

/** Of an upload, and of the answer to `GET /large`. */
export const largeBytes = 4 * 1024 * 1024;
const smallBytes = 128;

const large = answerWith(Buffer.alloc(largeBytes, "x"));
const small = answerWith(Buffer.alloc(smallBytes, "x"));
const endOfHead = "\r\n\r\n";
const endOfChunks = Buffer.from("0\r\n\r\n");

export function startHttpService(): net.Server {
  return net.createServer({ noDelay: true }, serve).listen({ port: 0, host: "127.0.0.1", backlog: 1024 });
}

function answerWith(body: Buffer): Buffer {
  const head = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

function serve(socket: net.Socket): void {
  socket.on("error", () => undefined);
  let held: Buffer = Buffer.alloc(0);
  /** Takes bytes of the body of the request at hand; true when that is whole. */
  let body: ((bytes: Buffer) => boolean) | undefined;
  let answer: () => void = () => undefined;
  socket.on("data", read);

  function read(bytes: Buffer): void {
    if (body) return readBody(bytes);
    held = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
    const end = held.indexOf(endOfHead);
    if (end < 0) return;
    const written = held.toString("latin1", 0, end);
    const head = written.toLowerCase();
    const rest = held.subarray(end + endOfHead.length);
    held = Buffer.alloc(0);
    if (head.includes("\r\nupgrade: websocket")) return turnToEcho(written);
    const isLast = head.includes("\r\nconnection: close") || head.includes(" http/1.0\r\n");
    answer = () => {
      socket.write(head.startsWith("get /large") ? large : small);
      if (isLast) socket.end();
    };
    body = bodyOf(head);
    readBody(rest);
  }

  /** No proxy sends a request before the answer to the one before it. */
  function readBody(bytes: Buffer): void {
    if (!body?.(bytes)) return;
    body = undefined;
    answer();
  }

  function turnToEcho(head: string): void {
    const key = /sec-websocket-key: *(\S+)/i.exec(head)?.[1] ?? "";
    const digest = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    const upgrade = "Upgrade: websocket\r\nConnection: Upgrade";
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${upgrade}\r\nSec-WebSocket-Accept: ${digest}\r\n\r\n`);
    socket.off("data", read).on("data", (bytes) => socket.write(bytes));
  }
}

/** RFC 9112 §6.3, for bodies that end in chunks without trailers and hold no such bytes themselves. */
function bodyOf(head: string): (bytes: Buffer) => boolean {
  if (head.includes("\r\ntransfer-encoding: chunked")) {
    let tail = Buffer.alloc(0);
    return (bytes) => {
      tail = Buffer.concat([tail, bytes.subarray(-endOfChunks.length)]).subarray(-endOfChunks.length);
      return tail.equals(endOfChunks);
    };
  }
  let left = Number(/\r\ncontent-length: *(\d+)/.exec(head)?.[1] ?? 0);
  return (bytes) => {
    left -= bytes.length;
    return left <= 0;
  };
}
