/** Three small services as people have them: a page with a live WebSocket, lines over TCP, and one with its own TLS. */
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import net from "node:net";
import { createInterface } from "node:readline";
import { generate } from "selfsigned";
import { WebSocketServer } from "ws";

/**
 * Where the routes in `folder/.vscode/settings.json` point. Below 32768, because Linux gives the ports from there on
 * to outgoing connections, each of which keeps its port for a minute after its end.
 */
export const samplePorts = { web: 27311, lines: 27312, secure: 27313 } as const;

export interface Service extends AsyncDisposable {
  readonly port: number;
}

const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>web.localhost</title>
<style>body{font:1.25rem/1.6 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1rem;color-scheme:light dark}</style>
<h1>Hello from web.localhost</h1>
<p>The service's clock, live over a WebSocket: <output id="clock">not connected</output></p>
<script>
const clock = document.querySelector("#clock");
const socket = new WebSocket(location.origin.replace("http", "ws") + "/live");
socket.onmessage = ({ data }) => { clock.value = data; };
socket.onclose = () => { clock.value = "the connection ended"; };
</script>
`;

/** HTTP on `/` (a page) and `/hello` (one line); a WebSocket on `/live` that says the time and answers what it hears. */
export async function startWebService(port: number): Promise<Service> {
  const server = http.createServer((request, response) => {
    const isHello = request.url === "/hello";
    response.setHeader("Content-Type", isHello ? "text/plain" : "text/html; charset=utf-8");
    response.end(isHello ? `Hello from the web service, asked as ${request.headers.host}\n` : page);
  });
  await listen(server, port);
  // Only now: it passes the server's errors on as its own, and nobody hears those.
  const live = new WebSocketServer({ server, path: "/live" });
  live.on("connection", (client) => {
    const tell = () => client.send(new Date().toLocaleTimeString());
    const timer = setInterval(tell, 1000);
    tell();
    client.on("message", (data) => client.send(`heard: ${data}`));
    client.on("close", () => clearInterval(timer));
    client.on("error", () => client.terminate());
  });
  return serviceOf(server, () => {
    for (const client of live.clients) client.terminate();
    server.closeAllConnections();
  });
}

/** Greets with the answer to the first line, and answers each line with its upper case; after "bye" it hangs up. */
export async function startLineService(port: number): Promise<Service> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    let isFirst = true;
    createInterface({ input: socket }).on("line", (line) => {
      if (isFirst) socket.write("Welcome to the line service\n");
      isFirst = false;
      socket.write(`${line.toUpperCase()}\n`);
      if (line === "bye") socket.end();
    });
  });
  await listen(server, port);
  return serviceOf(server, () => {
    for (const socket of sockets) socket.destroy();
  });
}

/** HTTPS with a certificate of its own, made now. */
export async function startSecureService(
  port: number,
): Promise<Service & { readonly certificate: X509Certificate }> {
  const pair = await generate([{ name: "commonName", value: "secure.localhost" }], {
    keyType: "ec",
    algorithm: "sha256",
    extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: "secure.localhost" }] }],
  });
  const server = https.createServer({ key: pair.private, cert: pair.cert }, (_request, response) => {
    response.setHeader("Content-Type", "text/plain");
    response.end("Hello from the secure service, with its own certificate\n");
  });
  await listen(server, port);
  const service = serviceOf(server, () => server.closeAllConnections());
  return { ...service, certificate: new X509Certificate(pair.cert) };
}

/** Rejects when somebody has the port; `localhost` is what the routes say. */
async function listen(server: net.Server, port: number): Promise<void> {
  server.listen(port, "localhost");
  await once(server, "listening");
}

function serviceOf(server: net.Server, endConnections: () => void): Service {
  const address = server.address();
  if (address === null || typeof address === "string")
    throw new Error("The service does not listen on a port.");
  return {
    port: address.port,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      endConnections();
      await closed;
    },
  };
}
