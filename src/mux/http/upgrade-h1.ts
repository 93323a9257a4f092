/** What HTTP/1.1 does with a request for another protocol: Node lets go of its socket, whatever the answer will be. */
import http from "node:http";
import type { Socket } from "node:net";
import { formatHead, pairs } from "../../core/http-headers.ts";
import type { Client } from "../client.ts";
import { hangUp } from "../hang-up.ts";
import type { End } from "../splice.ts";
import type { Upgrade } from "./exchange.ts";
import { Http1Exchange, hasBody } from "./exchange-h1.ts";

/** An answer in HTTP is the last thing on the socket; an accepted upgrade hands it over with what was said already. */
export function upgradeExchange(
  client: Client,
  request: http.IncomingMessage,
  socket: Socket,
  early: Buffer,
): Http1Exchange {
  const response = new http.ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once("finish", () => hangUp(socket));
  const protocol = request.headers.upgrade ?? "";
  const upgrade: Upgrade = {
    protocol,
    headers: ["Connection", "Upgrade", "Upgrade", protocol],
    verify: () => true,
    accept(headers): End {
      socket.off("end", leave);
      response.detachSocket(socket);
      socket.write(formatHead("HTTP/1.1 101 Switching Protocols", headers), "latin1");
      if (early.length > 0) socket.unshift(early);
      return { stream: socket, raw: client.socket };
    },
  };
  const exchange = new Http1Exchange(client, request, response, upgrade);
  // Node has let go of the socket: nobody else would hear that the client does not wait for the answer.
  const leave = () => {
    if (exchange.begun) return;
    client.end({ how: "reset", by: "client" });
    socket.destroy();
  };
  socket.on("end", leave);
  return exchange;
}

/**
 * Whether the request is served as if it had not asked: HTTP/2 in the clear is spoken by prior knowledge or not at all
 * (RFC 9113 §3.1), HTTP/1.0 cannot ask (RFC 9110 §7.8), and a body would be taken for words of the other protocol.
 */
export function staysInHttp1(request: http.IncomingMessage): boolean {
  if (request.method === "CONNECT") return false;
  return /\bh2c\b/i.test(request.headers.upgrade ?? "") || request.httpVersionMinor === 0 || hasBody(request);
}

/** The request again as bytes, less its wish for another protocol. */
export function withoutUpgrade(request: http.IncomingMessage): string {
  const dropped = new Set(["upgrade", "http2-settings"]);
  const kept: string[] = [];
  for (const [name, value] of pairs(request.rawHeaders)) {
    const key = name.toLowerCase();
    if (key === "connection") {
      kept.push(
        name,
        value
          .split(",")
          .filter((token) => !dropped.has(token.trim().toLowerCase()))
          .join(),
      );
    } else if (!dropped.has(key)) kept.push(name, value);
  }
  return formatHead(`${request.method} ${request.url} HTTP/1.${request.httpVersionMinor}`, kept);
}
