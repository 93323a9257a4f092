/** nginx: as it is when nobody tells it more than what goes where, and with buffers as ours and kept connections. */
import { writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { freePort } from "../mux/support.ts";
import { names } from "./clients.ts";
import { type Contender, find, type Ground, type RunningProxy } from "./contender.ts";
import { startServer, versionOf } from "./server.ts";

interface Tuning {
  readonly stream: string;
  readonly http: string;
  readonly upstream: string;
}

const tuning: Tuning = {
  stream: "proxy_buffer_size 256k;",
  http: `
    proxy_http_version 1.1; proxy_set_header Connection "";
    proxy_buffer_size 16k; proxy_buffers 16 64k; proxy_busy_buffers_size 256k; proxy_request_buffering off;
    keepalive_requests 1000000; ssl_session_cache shared:tls:1m;
  `,
  upstream: "keepalive 64; keepalive_requests 1000000;",
};

export const nginxes: readonly Contender[] = [
  { name: "nginx", start: (ground) => start(ground, { stream: "", http: "", upstream: "" }) },
  { name: "nginx, 256 KB buffers, keepalive", start: (ground) => start(ground, tuning) },
];

/** By default these lie in folders that only root may write to. */
const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];

async function start(ground: Ground, tuned: Tuning): Promise<RunningProxy> {
  const program = find("nginx");
  const ports = {
    passthrough: await freePort(),
    terminated: await freePort(),
    http: await freePort(),
    https: await freePort(),
  };
  const file = join(ground.folder, "nginx.conf");
  await writeFile(file, configuration(ground, ports, tuned));
  const { folder } = ground;
  return startServer({
    command: [program, "-e", "stderr", "-p", folder, "-c", file],
    folder,
    ports,
    version: versionOf(program, "-v"),
  });
}

function configuration(
  { raw, http, pairOf }: Ground,
  ports: Required<RunningProxy["ports"]>,
  tuned: Tuning,
): string {
  const pair = (name: string) =>
    `ssl_certificate ${pairOf(name).cert}; ssl_certificate_key ${pairOf(name).key}; ssl_protocols TLSv1.3;`;
  return `
load_module ${find("ngx_stream_module.so")};
user ${userInfo().username};
daemon off;
pid nginx.pid;
worker_rlimit_nofile 20000;
events { worker_connections 16384; }
stream {
  ${tuned.stream}
  map $ssl_preread_server_name $service { ${names.passthrough} 127.0.0.1:${raw}; }
  server { listen 127.0.0.1:${ports.passthrough}; ssl_preread on; proxy_pass $service; }
  server {
    listen 127.0.0.1:${ports.terminated} ssl; ${pair(names.terminated)}
    proxy_pass 127.0.0.1:${raw};
  }
}
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${name};`).join("\n  ")}
  client_max_body_size 0;
  upstream web { server 127.0.0.1:${http}; ${tuned.upstream} }
  server {
    listen 127.0.0.1:${ports.http};
    listen 127.0.0.1:${ports.https} ssl http2; ${pair(names.http)}
    server_name ${names.http};
    ${tuned.http}
    location / { proxy_pass http://web; }
    location /socket {
      proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;
      proxy_pass http://web;
    }
  }
}
`;
}
