/** A service that answers by chance, and the same at every time. */
import type net from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { numbers } from "./random.ts";
import { readRequests } from "./raw-service.ts";
import { makeScript } from "./relay-cases.ts";
import { turn } from "./streams.ts";
import { startTcp } from "./support.ts";

/** Answers as the number in a request's path has it, and keeps what it was asked, by path. */
export async function startScripted() {
  const asked = new Map<string, object>();
  const service = await startTcp((socket) => {
    let received = "";
    let busy = Promise.resolve();
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1");
      const { requests, rest } = readRequests(received);
      received = rest;
      for (const { line, headers, body } of requests) {
        const [method = "", path = ""] = line.split(" ");
        // Whoever else looks for services on this machine.
        if (!/^\/c\d/.test(path)) return void socket.destroy();
        const others = headers.filter(([name]) => name !== "oneport-hop");
        asked.set(path, { line, headers: others, body });
        busy = busy.then(() => answer(socket, method, Number(path.split("?")[1] ?? 1)));
      }
    });
    socket.on("end", () => socket.end());
  });
  return { ...service, asked };
}

async function answer(socket: net.Socket, method: string, number: number): Promise<void> {
  const { pieces, finally: last } = makeScript(numbers(number), method);
  for (const [at, piece] of pieces.entries()) {
    if (at > 0) await turn();
    socket.write(piece, "latin1");
  }
  // A reset is not to overtake what was said before it.
  if (last === "reset") await wait(100);
  if (last === "reset") socket.resetAndDestroy();
  if (last === "end") socket.end();
}
