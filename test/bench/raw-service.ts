/** The service behind every stream: it pours, swallows or echoes, as its client's first nine bytes ask it to. */
import net from "node:net";

export type Order = "down" | "up" | "echo";

const codes = { down: 1, up: 2, echo: 3 } as const;
const orderLength = 9;
const handshakeRecord = 22;
const recordHeader = 5;

const chunk = Buffer.alloc(512 * 1024, "oneport ");

/** What a client says first: what it wants, and of how many bytes. */
export function orderOf(order: Order, bytes: number): Buffer {
  const words = Buffer.alloc(orderLength);
  words[0] = codes[order];
  words.writeDoubleBE(bytes, 1);
  return words;
}

/** Writes so many bytes, as fast as they are taken. */
export function pour(socket: net.Socket, bytes: number): void {
  let left = bytes;
  const more = () => {
    while (left > 0) {
      const piece = left < chunk.length ? chunk.subarray(0, left) : chunk;
      left -= piece.length;
      if (!socket.write(piece)) return;
    }
    socket.off("drain", more);
  };
  socket.on("drain", more);
  more();
}

export function startRawService(): net.Server {
  return net.createServer({ noDelay: true }, serve).listen({ port: 0, host: "127.0.0.1", backlog: 1024 });
}

function serve(socket: net.Socket): void {
  socket.on("error", () => undefined);
  let head: Buffer = Buffer.alloc(0);
  socket.on("data", readOrder);

  function readOrder(bytes: Buffer): void {
    head = head.length === 0 ? bytes : Buffer.concat([head, bytes]);
    const start = endOfHello(head);
    if (head.length < start + orderLength) return;
    socket.off("data", readOrder);
    const size = head.readDoubleBE(start + 1);
    const rest = head.subarray(start + orderLength);
    if (head[start] === codes.down) pour(socket, size);
    else if (head[start] === codes.up) swallow(socket, size, rest);
    else echo(socket, rest);
  }
}

/** A passthrough client's ClientHello comes through as it is; it is one record. */
function endOfHello(head: Buffer): number {
  if (head[0] !== handshakeRecord) return 0;
  return head.length < recordHeader ? recordHeader : recordHeader + head.readUInt16BE(3);
}

/** Says one byte when it has had them all. */
function swallow(socket: net.Socket, bytes: number, first: Buffer): void {
  let left = bytes;
  const take = (piece: Buffer) => {
    left -= piece.length;
    if (left <= 0) socket.write("!");
    const { buffer } = piece;
    // A mass of garbage would make the collector the bottleneck.
    if (buffer instanceof ArrayBuffer && buffer.byteLength === piece.length) buffer.transfer(0);
  };
  socket.on("data", take);
  take(Buffer.from(first));
}

function echo(socket: net.Socket, first: Buffer): void {
  socket.on("data", (bytes) => socket.write(bytes));
  if (first.length > 0) socket.write(first);
}
