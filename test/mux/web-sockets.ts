/** WebSocket clients and services of the tests, and what became of them. */
import { once } from "node:events";
import http from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import type { ConnectionOptions } from "node:tls";
import { type ClientOptions, WebSocket, WebSocketServer } from "ws";
import { listen, type Service, type TestMux } from "./support.ts";

interface Message {
  readonly text: string;
  readonly isBinary: boolean;
}

type Options = ClientOptions & Pick<ConnectionOptions, "ALPNProtocols">;

/** A client of `domain`, opened: by SNI with `wss`, by Host with `ws`. */
export async function openWebSocket(
  mux: TestMux,
  scheme: "ws" | "wss",
  domain: string,
  options: Options = {},
): Promise<WebSocket> {
  const client = dialWebSocket(mux, scheme, domain, options);
  await once(client, "open");
  return client;
}

/** The same on its way; an error does not end the test. */
export function dialWebSocket(
  { port, root }: TestMux,
  scheme: "ws" | "wss",
  domain: string,
  { host = "127.0.0.1", headers, ...options }: Options = {},
): WebSocket {
  const authority = host.includes(":") ? `[${host}]` : host;
  const tlsOptions = scheme === "wss" ? { servername: domain, ca: root } : {};
  const client = new WebSocket(`${scheme}://${authority}:${port}/`, {
    ...tlsOptions,
    perMessageDeflate: false,
    ...options,
    headers: { host: `${domain}:${port}`, ...headers },
  });
  client.on("error", () => undefined);
  const inbox: Message[] = [];
  inboxes.set(client, inbox);
  client.on("message", (data, isBinary) => inbox.push({ text: String(data), isBinary }));
  return client;
}

/** The code with which it is closed. */
export function closeCode(webSocket: WebSocket): Promise<number> {
  return new Promise((resolve) => webSocket.once("close", resolve));
}

/** What a client has been told, and has not been asked for yet. */
const inboxes = new WeakMap<WebSocket, Message[]>();

/** What a client is told next. */
export async function message(client: WebSocket): Promise<Message> {
  for (;;) {
    const next = inboxes.get(client)?.shift();
    if (next) return next;
    await once(client, "message");
  }
}

/** A WebSocket service; it tells the path that was asked for. */
export async function startWebSocket(
  onWebSocket: (webSocket: WebSocket, path: string) => void,
  { server = http.createServer(), port = 0 }: { server?: http.Server; port?: number } = {},
): Promise<Service> {
  const webSockets = new WebSocketServer({ server, perMessageDeflate: false });
  webSockets.on("connection", (webSocket, request) => {
    webSocket.on("error", () => undefined);
    onWebSocket(webSocket, request.url ?? "");
  });
  return listen(server, "127.0.0.1", port);
}

/** Fulfilled with the last count once it has not changed for a while. */
export async function settled(count: () => number): Promise<number> {
  let last = -1;
  while (last !== count()) {
    last = count();
    await wait(200);
  }
  return last;
}
