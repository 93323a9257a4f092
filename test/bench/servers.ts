/** Caddy, sniproxy and sslh: each does a part of it, and has nothing worth tuning for that. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../mux/support.ts";
import { names } from "./clients.ts";
import { type Contender, find, type Ground, type RunningProxy } from "./contender.ts";
import { startServer, versionOf } from "./server.ts";

export const servers: readonly Contender[] = [
  { name: "Caddy", start: startCaddy },
  { name: "sniproxy", start: startSniproxy },
  { name: "sslh-select", start: startSslh },
];

async function startCaddy({ folder, http, pairOf }: Ground): Promise<RunningProxy> {
  const program = find("caddy");
  const ports = { http: await freePort(), https: await freePort() };
  const { cert, key } = pairOf(names.http);
  const file = join(folder, "Caddyfile");
  const service = `reverse_proxy 127.0.0.1:${http}`;
  await writeFile(
    file,
    `
{
  admin off
  auto_https off
}
http://${names.http}:${ports.http} {
  bind 127.0.0.1
  ${service}
}
https://${names.http}:${ports.https} {
  bind 127.0.0.1
  tls ${cert} ${key}
  ${service}
}
`,
  );
  const environment = {
    PATH: process.env.PATH,
    HOME: folder,
    XDG_DATA_HOME: folder,
    XDG_CONFIG_HOME: folder,
  };
  const command = [program, "run", "--config", file, "--adapter", "caddyfile"] as const;
  const version = versionOf(program, "version");
  return startServer({ command: [...command], folder, ports, environment, version });
}

async function startSniproxy({ folder, raw }: Ground): Promise<RunningProxy> {
  const program = find("sniproxy");
  const ports = { passthrough: await freePort() };
  const file = join(folder, "sniproxy.conf");
  await writeFile(
    file,
    `
listener 127.0.0.1:${ports.passthrough} {
  protocol tls
  table services
}
table services {
  ${names.passthrough} 127.0.0.1:${raw}
}
`,
  );
  return startServer({
    command: [program, "-f", "-c", file],
    folder,
    ports,
    version: versionOf(program, "-V"),
  });
}

async function startSslh({ folder, raw }: Ground): Promise<RunningProxy> {
  const program = find("sslh-select");
  const ports = { passthrough: await freePort() };
  const file = join(folder, "sslh.cfg");
  const target = `name: "tls"; host: "127.0.0.1"; port: "${raw}"; sni_hostnames: [ "${names.passthrough}" ];`;
  await writeFile(
    file,
    `
foreground: true;
numeric: true;
listen: ( { host: "127.0.0.1"; port: "${ports.passthrough}"; } );
protocols: ( { ${target} log_level: 0; } );
`,
  );
  return startServer({ command: [program, `-F${file}`], folder, ports, version: versionOf(program, "-V") });
}
