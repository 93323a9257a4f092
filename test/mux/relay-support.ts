/** What the tests of relayed HTTP/1.1 share: a request, a service that is shown what it hears, and a client. */
import { once } from "node:events";
import net from "node:net";
import { readAnswers } from "./read-answers.ts";
import { startTcp } from "./support.ts";

export const get = "GET / HTTP/1.1\r\nHost: shop.test\r\n";
export const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** A service that is shown what it hears, piece by piece. */
export function startService(onSaid: (socket: net.Socket, said: string) => void) {
  return startTcp((socket) => {
    socket.on("data", (chunk) => onSaid(socket, chunk.toString("latin1")));
    socket.on("end", () => socket.end());
  });
}

/** A service that says the same to every request, and keeps the connections on which it was `asked`. */
export async function startAnswering(answer = ok) {
  const asked = new Set<net.Socket>();
  const service = await startService((socket, said) => {
    if (!said.includes(" HTTP/1.1\r\n")) return;
    asked.add(socket);
    socket.write(answer);
  });
  return Object.assign(service, { asked });
}

/** A client that is asked what it has been answered so far. */
export async function dial(port: number) {
  const socket = net.connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  let received = "";
  socket.on("data", (chunk) => {
    received += chunk.toString("latin1");
  });
  socket.on("error", () => undefined);
  return { socket, answers: () => readAnswers(received, []).answers, received: () => received };
}
