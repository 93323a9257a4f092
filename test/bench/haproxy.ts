/** HAProxy: as it is when nobody tells it more than what goes where, and with buffers as large as ours. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../mux/support.ts";
import { names } from "./clients.ts";
import { type Contender, find, type Ground, type RunningProxy } from "./contender.ts";
import { startServer, versionOf } from "./server.ts";

const tuning = `
  tune.bufsize 262144
  tune.maxrewrite 1024
  ssl-default-bind-options ssl-min-ver TLSv1.3
`;
const tunedDefaults = "option splice-auto";

export const haproxies: readonly Contender[] = [
  { name: "HAProxy", start: (ground) => start(ground, "", "") },
  { name: "HAProxy, 256 KB buffers, splice-auto", start: (ground) => start(ground, tuning, tunedDefaults) },
];

async function start(ground: Ground, global: string, defaults: string): Promise<RunningProxy> {
  const program = find("haproxy");
  const ports = {
    passthrough: await freePort(),
    terminated: await freePort(),
    http: await freePort(),
    https: await freePort(),
  };
  const file = join(ground.folder, "haproxy.cfg");
  await writeFile(file, configuration(ground, ports, global, defaults));
  return startServer({
    command: [program, "-db", "-f", file],
    folder: ground.folder,
    ports,
    version: versionOf(program, "-v"),
  });
}

function configuration(
  { raw, http, pairOf }: Ground,
  ports: Required<RunningProxy["ports"]>,
  global: string,
  defaults: string,
): string {
  return `
global
  nbthread 1
  ${global}
defaults
  timeout connect 5s
  timeout client 10m
  timeout server 10m
  ${defaults}
frontend passthrough
  mode tcp
  bind 127.0.0.1:${ports.passthrough}
  tcp-request inspect-delay 5s
  tcp-request content accept if { req.ssl_hello_type 1 }
  use_backend raw if { req.ssl_sni -i ${names.passthrough} }
frontend terminated
  mode tcp
  bind 127.0.0.1:${ports.terminated} ssl crt ${pairOf(names.terminated).both}
  use_backend raw if { ssl_fc_sni -i ${names.terminated} }
backend raw
  mode tcp
  server service 127.0.0.1:${raw}
frontend http
  mode http
  bind 127.0.0.1:${ports.http}
  bind 127.0.0.1:${ports.https} ssl crt ${pairOf(names.http).both} alpn h2,http/1.1
  use_backend web if { req.hdr(host),field(1,:) -i ${names.http} }
backend web
  mode http
  server service 127.0.0.1:${http}
`;
}
