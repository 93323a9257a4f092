/** Proxies for Node, each in the few lines that its own documentation gives; npm puts them into .cache/bench. */
import { spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../mux/support.ts";
import { names } from "./clients.ts";
import type { Contender, Ground, RunningProxy } from "./contender.ts";
import { startServer } from "./server.ts";

const cache = fileURLToPath(new URL("../../.cache/bench/", import.meta.url));

type HttpPorts = Record<"http" | "https", number>;

interface NodeProxy {
  readonly name: string;
  readonly version: string;
  readonly script: (ports: HttpPorts, ground: Ground) => string;
}

const proxies: readonly NodeProxy[] = [
  {
    name: "portless",
    version: "0.15.6",
    script: ({ http, https }, { http: service, pairOf }) => {
      const { cert, key } = pairOf(names.http);
      return `
import { readFileSync } from "node:fs";
import { createProxyServer } from "portless";
const route = { hostname: "${names.http}", port: ${service} };
const options = { getRoutes: () => [route], tld: "test" };
const tls = { cert: readFileSync("${cert}"), key: readFileSync("${key}") };
createProxyServer({ ...options, proxyPort: ${http} }).listen(${http}, "127.0.0.1");
createProxyServer({ ...options, proxyPort: ${https}, tls }).listen(${https}, "127.0.0.1");
`;
    },
  },
  { name: "httpxy", version: "0.5.6", script: likeHttpProxy("httpxy") },
  { name: "http-proxy-3", version: "2.0.1", script: likeHttpProxy("http-proxy-3") },
];

export const nodeProxies: readonly Contender[] = proxies.map((proxy) => ({
  name: proxy.name,
  start: (ground) => start(proxy, ground),
}));

/** Both have the interface of http-proxy; without an agent each request makes a connection of its own. */
function likeHttpProxy(module: string): NodeProxy["script"] {
  return ({ http, https }, { http: service, pairOf }) => {
    const { cert, key } = pairOf(names.http);
    return `
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { createProxyServer } from "${module}";
const target = "http://127.0.0.1:${service}";
const proxy = createProxyServer({ target, agent: new http.Agent({ keepAlive: true }), xfwd: true });
proxy.on("error", (error) => console.error(error.message));
const answer = (request, response) => void proxy.web(request, response);
const upgrade = (request, socket, head) => void proxy.ws(request, socket, { target }, head);
const tls = { cert: readFileSync("${cert}"), key: readFileSync("${key}") };
http.createServer(answer).on("upgrade", upgrade).listen(${http}, "127.0.0.1");
https.createServer(tls, answer).on("upgrade", upgrade).listen(${https}, "127.0.0.1");
`;
  };
}

let installing: Promise<void> | undefined;

async function start({ version, script }: NodeProxy, ground: Ground): Promise<RunningProxy> {
  installing ??= install();
  await installing;
  const ports = { http: await freePort(), https: await freePort() };
  // Modules of a script on the command line are looked for in the working directory.
  const command = [process.execPath, "--input-type=module", "-e", script(ports, ground)] as const;
  return startServer({ command: [...command], folder: cache, ports, version });
}

/** Rejects when npm cannot, without a network for instance. */
async function install(): Promise<void> {
  await mkdir(cache, { recursive: true });
  const dependencies = Object.fromEntries(proxies.map(({ name, version }) => [name, version]));
  await writeFile(join(cache, "package.json"), JSON.stringify({ private: true, dependencies }));
  const { status, stderr } = spawnSync(
    "npm",
    ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"],
    { cwd: cache, encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`npm could not install it: ${stderr.trim()}`);
}
