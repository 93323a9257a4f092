/** Takes WebSocket clients for a TCP service: the handshake, and who may make it. */
import http from "node:http";
import type { Socket } from "node:net";
import { WebSocketServer } from "ws";
import { hostOf } from "../core/domain.ts";
import { maxPayload, WebSocketStream } from "./web-socket-stream.ts";

export class Bridge {
  readonly #isOurs: (name: string) => boolean;
  readonly #server = http.createServer();
  readonly #webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload,
  });
  readonly #opened = new WeakMap<object, (stream: WebSocketStream) => void>();

  /** `isOurs` tells whether a name has a route, other than by default. */
  constructor(isOurs: (name: string) => boolean) {
    this.#isOurs = isOurs;
    // To Node an "Upgrade" is nothing without "Connection: upgrade".
    this.#server.on("request", ({ socket }) => turnAway(socket, "400 Bad Request"));
    this.#server.on("upgrade", (request, socket: Socket, early) => this.#upgrade(request, socket, early));
  }

  /** `socket` holds a request for a WebSocket. Nothing when the handshake failed, which has been answered then. */
  accept(socket: Socket): Promise<WebSocketStream | undefined> {
    return new Promise((resolve) => {
      this.#opened.set(socket, resolve);
      socket.once("close", () => resolve(undefined));
      this.#server.emit("connection", socket);
      socket.resume();
    });
  }

  #upgrade(request: http.IncomingMessage, socket: Socket, early: Buffer): void {
    if (!this.#mayConnect(request.headers.origin)) {
      return turnAway(socket, "403 Forbidden");
    }
    this.#webSockets.handleUpgrade(request, socket, early, (webSocket) => {
      this.#opened.get(socket)?.(new WebSocketStream(webSocket));
    });
  }

  /**
   * Any page on the web can open a WebSocket to this machine, and the browser says from where. Only pages of our own domains, and
   * programs that are no browsers, may reach a service that never expected one.
   */
  #mayConnect(origin: string | undefined): boolean {
    if (origin === undefined) return true;
    const host = /^https?:\/\/([^/]+)$/.exec(origin)?.[1];
    const name = host === undefined ? undefined : hostOf(host);
    return name !== undefined && this.#isOurs(name);
  }
}

function turnAway(socket: Socket, status: string): void {
  socket.once("finish", () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
}
