/** HAProxy, as a sender or as a receiver of PROXY headers. */
import type { Folder } from "./folder.ts";
import { Server } from "./server.ts";

const common = `
defaults
  timeout connect 5s
  timeout client 20s
  timeout server 20s
`;

/** What it listens on, in the words of its own configuration. */
export async function startHaproxy(folder: Folder, sections: readonly string[]): Promise<Server> {
  const file = await folder.write("haproxy.cfg", common + sections.join("\n"));
  // As master and worker (-W) it says when it listens.
  return Server.start("haproxy", ["-W", "-db", "-f", file], folder, /Loading success/);
}

/** Passes all that comes to `port` on to `server`, with a PROXY header before it. */
export function sender(version: 1 | 2, port: number, server: string): string {
  const option = { 1: "send-proxy", 2: "send-proxy-v2" }[version];
  return `
listen sender-${port}
  mode tcp
  bind 127.0.0.1:${port}
  server oneport ${server} ${option}
`;
}

/** Believes the PROXY header before each connection, and answers each request with where it says the client is. */
export function receiver(port: number, options = ""): string {
  return `
frontend receiver-${port}
  mode http
  bind 127.0.0.1:${port} accept-proxy ${options}
  http-request return status 200 content-type text/plain lf-string "%[src]"
`;
}
