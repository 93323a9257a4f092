/** HTTP served in the two ways there are: relayed, or by Node's server from the first byte on. */
import type { ConnectionReport } from "../../src/core/events.ts";
import { RouteTable } from "../../src/core/match.ts";
import { parseRoutes } from "../../src/core/route.ts";
import { Client } from "../../src/mux/client.ts";
import { Dialer } from "../../src/mux/dial.ts";
import { Answerer } from "../../src/mux/http/answer.ts";
import { Connections } from "../../src/mux/http/connections.ts";
import { Http1Server } from "../../src/mux/http/server-h1.ts";
import { Http2Server } from "../../src/mux/http/server-h2.ts";
import { Upstreams } from "../../src/mux/http/upstreams.ts";
import { listen, portOf } from "../../src/mux/listen.ts";
import { Relay } from "../../src/mux/relay/relay.ts";

export interface Front extends AsyncDisposable {
  readonly port: number;
  readonly reports: readonly ConnectionReport[];
  /** Who is connected now. */
  readonly clients: ReadonlySet<Client>;
  /** How many connections of HTTP/1.1, and streams of HTTP/2, the relay has handed over to Node's server. */
  readonly handedOver: number;
  drain(): void;
}

/** Every connection carries this one version of HTTP, in the clear. */
export async function startFront(
  kind: "relay" | "node",
  routes: Record<string, unknown>,
  version: "HTTP/1.1" | "HTTP/2" = "HTTP/1.1",
): Promise<Front> {
  const dialer = new Dialer({
    isOwn: () => false,
    admits: () => true,
    onState: () => {},
    onPassedOver: () => {},
  });
  const upstreams = new Upstreams(dialer, () => []);
  const table = new RouteTable(parseRoutes(routes).routes);
  const answerer = new Answerer(() => ({ port: 443, table, summaries: [] }), upstreams);
  const connections = new Connections();
  const node = new Http1Server(answerer, connections);
  let handedOver = 0;
  const relay = new Relay(answerer, connections, (client, stream) => {
    handedOver++;
    node.serve(client, stream);
  });
  const http2 = new Http2Server(answerer, connections, (...taken) => {
    if (kind === "relay" && relay.serveStream(...taken)) return true;
    handedOver++;
    return false;
  });
  const reports: ConnectionReport[] = [];
  const clients = new Set<Client>();
  const server = await listen("127.0.0.1", 0, {
    isShared: false,
    onProblem: () => {},
    onSocket: (socket, address) => {
      const client = new Client(socket, address, {
        report: (report) => reports.push(report),
        onClosed: (closed) => clients.delete(closed),
      });
      clients.add(client);
      if (version === "HTTP/2") return http2.serve(client, socket);
      connections.add(client, (idle) => {
        if (idle) socket.end();
      });
      if (kind === "relay") relay.serve(client, socket);
      else node.serve(client, socket);
    },
  });
  return {
    port: portOf(server),
    reports,
    clients,
    get handedOver() {
      return handedOver;
    },
    drain() {
      connections.drain();
      relay.drain();
    },
    async [Symbol.asyncDispose]() {
      for (const { socket } of clients) socket.destroy();
      relay.drain();
      upstreams.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
