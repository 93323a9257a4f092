/** What services of every kind look like to the one that asks what they speak: right, quick, and without a trace. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type http from "node:http";
import https from "node:https";
import type net from "node:net";
import { test } from "node:test";
import { WebSocketServer } from "ws";
import { sslRequest } from "../../src/core/postgres.ts";
import { speaks } from "../../src/mux/speaks.ts";
import { ownCertificate, startTls } from "./streams.ts";
import { freePort, listen, type Service, startHttp, startTcp } from "./support.ts";

const own = await ownCertificate("localhost");
const at = (port: number, name?: string) => ({
  port,
  addresses: ["127.0.0.1"],
  ...(name !== undefined && { process: { pid: 7, name } }),
});

/** A second is the promise; a busy machine may add to it. */
const longestMilliseconds = 3000;

/** What is spoken there; it is found out in time, and every connection that was made for it is closed. */
async function ask(service: Service, name?: string) {
  const started = performance.now();
  const spoken = await speaks(at(service.port, name));
  assert.ok(performance.now() - started < longestMilliseconds, "it took too long");
  await Promise.all(Array.from(service.sockets, (socket) => socket.destroyed || once(socket, "close")));
  return spoken;
}

const page = "<!doctype html><title>My shop</title><body>";
const givePage: http.RequestListener = (_request, response) => {
  response.setHeader("content-type", "text/html");
  response.end(page);
};

test("a web service is asked for one page, politely, and gives its title", async () => {
  const requests: http.IncomingMessage[] = [];
  await using service = await startHttp((request, response) => {
    requests.push(request);
    givePage(request, response);
  });
  assert.deepEqual(await ask(service), { protocol: "http", title: "My shop" });
  const [request, ...others] = requests;
  assert.deepEqual(others, []);
  assert.equal(`${request?.method} ${request?.url}`, "GET /");
  assert.equal(request?.headers.host, `localhost:${service.port}`);
});

test("a web service that listens on ::1 alone is found", async () => {
  await using service = await startHttp(givePage, { host: "::1" });
  assert.deepEqual(await speaks({ port: service.port, addresses: ["::1"] }), {
    protocol: "http",
    title: "My shop",
  });
});

test("a secure web service is asked inside TLS, whatever its certificate", async () => {
  await using service = await listen(https.createServer(own, givePage), "127.0.0.1", 0);
  assert.deepEqual(await ask(service), { protocol: "https", title: "My shop" });
});

test("a server of nothing but WebSocket speaks ws", async () => {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  assert.deepEqual(await speaks(at(address.port)), { protocol: "ws" });
  server.close();
  await once(server, "close");
});

test("a server of nothing but WebSocket inside TLS speaks wss", async () => {
  const server = https.createServer(own, (_request, response) => response.writeHead(426).end());
  await using service = await listen(server, "127.0.0.1", 0);
  assert.deepEqual(await ask(service), { protocol: "wss" });
});

test("what is likely to speak TLS is not spoken to in the clear", async () => {
  const server = https.createServer(own, givePage);
  server.on("tlsClientError", (error) => assert.fail(error));
  await using service = await listen(server, "127.0.0.1", 0);
  assert.deepEqual(await ask(service, "stunnel4"), { protocol: "https", title: "My shop" });
});

test("PostgreSQL is known, and asked nothing else, also where a busy machine lets it answer late", async () => {
  const heard: Buffer[] = [];
  await using service = await startTcp((socket) => {
    socket.on("data", (bytes: Buffer) => {
      heard.push(bytes);
      setTimeout(() => socket.end("N"), 110);
    });
    socket.on("end", () => socket.end());
  });
  assert.deepEqual(await ask(service, "postgres"), { protocol: "postgres" });
  assert.deepEqual(heard, [sslRequest]);
});

test("what was taken for TLS and stays silent is asked for a page next", async () => {
  await using service = await startTcp((socket) => {
    socket.once("data", (bytes: Buffer) => {
      if (bytes[0] === 0x47) socket.end("HTTP/1.1 204 No Content\r\n\r\n");
    });
    socket.resume().on("end", () => socket.end());
  });
  assert.deepEqual(await ask(service, "stunnel4"), { protocol: "http" });
});

for (const [what, protocol, onSocket] of [
  ["stays silent", "tls", () => undefined],
  ["greets", "tls", (socket: net.Socket) => socket.write("* OK IMAP4 ready\r\n")],
  ["closes", "tls", (socket: net.Socket) => socket.end()],
] as const) {
  test(`a service that ${what} inside TLS speaks ${protocol}`, async () => {
    await using service = await startTls(own, (socket) => {
      onSocket(socket);
      socket.resume().on("end", () => socket.end());
    });
    assert.deepEqual(await ask(service), { protocol });
  });
}

test("a service that asks its clients for certificates speaks tls: only they can talk to it", async () => {
  const options = { ...own, requestCert: true, rejectUnauthorized: true, ca: own.cert };
  await using service = await startTls(options, () => {});
  assert.deepEqual(await ask(service), { protocol: "tls" });
});

test("a service that knows no certificate for localhost speaks tls", async () => {
  const refuse = {
    ...own,
    SNICallback: (_name: string, done: (error: Error) => void) => done(new Error("no")),
  };
  await using service = await startTls({ ...refuse, ALPNCallback: () => undefined }, () => {});
  assert.deepEqual(await ask(service), { protocol: "tls" });
});

for (const [what, words, spoken] of [
  ["SMTP", "220 mail.test ESMTP Postfix\r\n", { protocol: "smtp", server: "mail.test ESMTP Postfix" }],
  ["SSH", "SSH-2.0-OpenSSH_9.2p1\r\n", { protocol: "ssh", server: "OpenSSH_9.2p1" }],
  ["something unknown", "+OK hello\r\n", { protocol: "tcp" }],
] as const) {
  test(`a service that greets with ${what} is not asked anything`, async () => {
    const said: Buffer[] = [];
    await using service = await startTcp((socket) => {
      socket.on("data", (bytes: Buffer) => said.push(bytes)).on("end", () => socket.end());
      // In pieces, as it may arrive.
      socket.write(words.slice(0, 5));
      setTimeout(() => socket.write(words.slice(5)), 10);
    });
    assert.deepEqual(await ask(service), spoken);
    assert.equal(Buffer.concat(said).toString(), "");
  });
}

for (const [what, onSocket] of [
  ["says nothing", () => {}],
  ["closes every connection", (socket: net.Socket) => socket.end()],
  ["resets every connection", (socket: net.Socket) => socket.resetAndDestroy()],
  [
    "answers with something else",
    (socket: net.Socket) => socket.once("data", () => socket.write("ERROR\r\n")),
  ],
  [
    "never ends its first line",
    (socket: net.Socket) => socket.once("data", () => socket.write("HTTP/1.1 200")),
  ],
] as const) {
  test(`a service that ${what} speaks tcp`, async () => {
    await using service = await startTcp((socket) => {
      onSocket(socket);
      socket.resume().on("end", () => socket.end());
    });
    assert.deepEqual(await ask(service), { protocol: "tcp" });
  });
}

test("a port on which nothing listens speaks tcp", async () => {
  assert.deepEqual(await speaks(at(await freePort())), { protocol: "tcp" });
});

test("a development server that is busy with its page is taken for what its program is", async () => {
  await using service = await startHttp(() => {});
  assert.deepEqual(await ask(service, "next-server"), { protocol: "http", devServer: "Next.js" });
});

test("an answer without an end is left in time", async () => {
  await using service = await startHttp((_request, response) => {
    response.writeHead(200, { "content-type": "text/html", server: "endless" });
    const more = () => {
      while (!response.destroyed && response.write("<p>".repeat(1000)));
    };
    response.on("drain", more);
    more();
  });
  assert.deepEqual(await ask(service), { protocol: "http", server: "endless" });
});

test("an answer that comes byte by byte is read all the same", async () => {
  await using service = await startTcp((socket) => {
    socket.on("end", () => socket.end());
    let asked = "";
    socket.on("data", (bytes: Buffer) => {
      asked += bytes.toString();
      if (!asked.endsWith("\r\n\r\n")) return;
      const answer = `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n${page}`;
      const next = (index: number) => {
        if (index === answer.length || socket.destroyed) socket.end();
        else socket.write(answer.charAt(index), () => next(index + 1));
      };
      next(0);
    });
  });
  assert.deepEqual(await ask(service), { protocol: "http", title: "My shop" });
});

test("when the time is over nothing more is asked", async () => {
  let connections = 0;
  await using service = await startTcp((socket) => {
    connections++;
    socket.resume().on("end", () => socket.end());
  });
  assert.deepEqual(await ask(service), { protocol: "tcp" });
  assert.equal(connections, 1);
});

test("a debugger is not even connected to", async () => {
  let connections = 0;
  await using service = await startTcp(() => connections++);
  assert.deepEqual(await ask(service, "gdbserver"), { protocol: "tcp" });
  assert.equal(connections, 0);
});
