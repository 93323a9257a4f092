/** HTTP/1.1 exchanges on top of Node's server: its parser is the strict one, and it frames the answers. */
import http from "node:http";
import type { Socket } from "node:net";
import type { Writable } from "node:stream";
import { type Headers, pairs } from "../../core/http-headers.ts";
import type { RequestHead } from "../../core/http-request.ts";
import type { Client } from "../client.ts";
import type { End } from "../splice.ts";
import type { Exchange, ResponseOptions, Upgrade } from "./exchange.ts";

export class Http1Exchange implements Exchange {
  readonly client: Client;
  readonly head: RequestHead;
  readonly body: http.IncomingMessage | undefined;
  readonly upgrade: Upgrade | undefined;
  readonly #request: http.IncomingMessage;
  readonly #response: http.ServerResponse;

  constructor(
    client: Client,
    request: http.IncomingMessage,
    response: http.ServerResponse,
    upgrade: Upgrade | undefined = undefined,
  ) {
    this.client = client;
    this.#request = request;
    this.#response = response;
    this.upgrade = upgrade;
    this.head = headOf(request);
    const { headers } = request;
    const length = headers["content-length"];
    const hasBody = headers["transfer-encoding"] !== undefined || (length !== undefined && length !== "0");
    this.body = hasBody ? request : undefined;
  }

  get gone(): boolean {
    return this.#response.destroyed;
  }

  requestTrailers(): Headers {
    return this.#request.rawTrailers;
  }

  inform(status: number, headers: Headers): void {
    if (status === 100) return this.#response.writeContinue();
    if (status !== 103) return;
    const links = [...pairs(headers)]
      .filter(([name]) => name.toLowerCase() === "link")
      .map(([, value]) => value);
    if (links.length > 0) this.#response.writeEarlyHints({ link: links });
  }

  respond(status: number, message: string, headers: Headers, options: ResponseOptions): Writable {
    const list = options.close ? [...headers, "Connection", "close"] : [...headers];
    this.#response.writeHead(status, message, list);
    return this.#response;
  }

  flushHead(): void {
    this.#response.flushHeaders();
  }

  responseTrailers(headers: Headers): void {
    this.#response.addTrailers([...pairs(headers)]);
  }

  abort(): void {
    this.client.socket.resetAndDestroy();
  }

  onAborted(callback: () => void): void {
    this.#response.once("close", () => {
      if (!this.#response.writableFinished) callback();
    });
  }
}

/**
 * The exchange of a request that asks for another protocol. Node has let go of its socket: an answer in HTTP is the last
 * thing on it, and an accepted upgrade hands it over with what the client has said already.
 */
export function upgradeExchange(
  client: Client,
  request: http.IncomingMessage,
  socket: Socket,
  early: Buffer,
): Http1Exchange {
  const response = new http.ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once("finish", () => socket.end());
  const protocol = request.headers.upgrade ?? "";
  const upgrade: Upgrade = {
    protocol,
    headers: ["Connection", "Upgrade", "Upgrade", protocol],
    verify: () => true,
    accept(headers): End {
      response.detachSocket(socket);
      socket.write(formatHead("HTTP/1.1 101 Switching Protocols", headers));
      if (early.length > 0) socket.unshift(early);
      return { stream: socket, raw: client.socket };
    },
  };
  return new Http1Exchange(client, request, response, upgrade);
}

/** The request again as bytes, less its wish for another protocol: for a server that does not grant it. */
export function withoutUpgrade(request: http.IncomingMessage): string {
  const dropped = new Set(["connection", "upgrade", "http2-settings"]);
  const kept = [...pairs(request.rawHeaders)].filter(([name]) => !dropped.has(name.toLowerCase())).flat();
  return formatHead(`${request.method} ${request.url} HTTP/1.1`, kept);
}

function formatHead(line: string, headers: Headers): string {
  const lines = [line];
  for (const [name, value] of pairs(headers)) lines.push(`${name}: ${value}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}

function headOf(request: http.IncomingMessage): RequestHead {
  return {
    version: request.httpVersionMajor === 1 && request.httpVersionMinor === 0 ? "1.0" : "1.1",
    method: request.method ?? "",
    target: request.url ?? "",
    headers: request.rawHeaders,
  };
}
