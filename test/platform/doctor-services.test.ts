/** The doctor on the port, the certificates and the services: each trap set for real. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { WebSocketServer } from "ws";
import { type Authority, makeLeaf } from "../../src/core/authority.ts";
import { AuthorityFolder } from "../../src/platform/authority-folder.ts";
import { Certificates } from "../../src/platform/certificates.ts";
import { begin } from "../e2e/program.ts";
import { freePort, startHttp, startMux, startTcp } from "../mux/support.ts";
import { findingsFor, seen } from "./doctor-support.ts";
import { TrustPlace } from "./trust-place.ts";

const day = 86_400_000;

const holder = `
import socket, sys, time
held = socket.create_server(("127.0.0.1", 0))
print(held.getsockname()[1], flush=True)
time.sleep(60)
`;

test("a port that another program holds is told with that program", async () => {
  await using place = await TrustPlace.make();
  await using python = await begin("python3", ["-c", holder], place.environment);
  const [line] = await once(python.stdout, "data");
  const port = Number(String(line));
  const findings = await findingsFor({ place, settings: { "oneport.port": port } });
  const [port_] = seen(findings, "port", `port ${port}`);
  assert.match(port_ ?? "", /^wrong: It is held by python3[.\d]* \(pid \d+\)\.$/);
});

test("a free port is well, and so is the one that Oneport has, unless another one was meant", async () => {
  await using place = await TrustPlace.make();
  await using mux = await startMux({});
  const free = await freePort();
  const idle = await findingsFor({ place, settings: { "oneport.port": free } });
  assert.deepEqual(seen(idle, "port", `port ${free}`), ["ok: It is free; Oneport is not running."]);
  const running = await findingsFor({ place, port: mux.port });
  assert.deepEqual(seen(running, "port", `port ${mux.port}`), ["ok: Oneport listens there."]);
  const meant = await findingsFor({ place, port: mux.port, settings: { "oneport.port": free } });
  const other = `note: Oneport listens there, but these settings say ${free}.`;
  assert.deepEqual(seen(meant, "port", `port ${mux.port}`), [other]);
});

test("routes that work are well from the certificate to the answer, through Oneport and without it", async () => {
  await using place = await TrustPlace.make();
  await using web = await startHttp((_request, response) => response.end("hello"));
  await using live = await startHttp((_request, response) => response.writeHead(426).end());
  new WebSocketServer({ server: live.server });
  await using lines = await startTcp((socket) => socket.end());
  const routes = {
    "shop.test": web.port,
    "*.pre.test": web.port,
    "live.test": `ws://localhost:${live.port}`,
    "db.test": `tcp://localhost:${lines.port}`,
    "box.test": `tcp+ws://localhost:${live.port}/tunnel`,
    "*": web.port,
  };
  await using mux = await startMux(routes);
  const state = dirname(dirname(mux.rootFile));
  const at = (domain: string) => mux.addressOf(domain);
  const through = await findingsFor({ place, routes, state, port: mux.port });
  for (const domain of Object.keys(routes)) {
    assert.match(seen(through, "target", domain).join(), /^ok: \S+ is up: .* \(pid \d+\) listens there\.$/);
    const shown =
      domain === "*" ? /^$/ : /^ok: Its certificate, by Oneport issuer \w{8}, is good until [\d-]+\.$/;
    assert.match(seen(through, "certificate", domain).join(), shown);
  }
  assert.deepEqual(seen(through, "answer", "shop.test"), ["ok: Its service answers 200 through Oneport."]);
  assert.deepEqual(seen(through, "answer", "*.pre.test"), ["ok: Its service answers 200 through Oneport."]);
  assert.deepEqual(seen(through, "answer", "live.test"), [
    "ok: Its service opens a WebSocket through Oneport.",
  ]);
  const takes = (domain: string) => `ok: Oneport takes connections at ${at(domain)}:${mux.port}.`;
  assert.deepEqual(seen(through, "answer", "db.test"), [takes("db.test")]);
  assert.deepEqual(seen(through, "answer", "box.test"), [
    "ok: Its service opens a WebSocket.",
    takes("box.test"),
  ]);
  assert.deepEqual(seen(through, "answer", "*"), ["ok: Its service answers 200."]);

  const straight = await findingsFor({ place, routes, state });
  assert.deepEqual(seen(straight, "answer", "shop.test"), ["ok: Its service answers 200."]);
  assert.deepEqual(seen(straight, "answer", "live.test"), ["ok: Its service opens a WebSocket."]);
  assert.deepEqual(seen(straight, "certificate", "shop.test"), ["ok: A certificate can be shown for it."]);
});

test("a service that is down, fails, or speaks something else is told as such", async () => {
  await using place = await TrustPlace.make();
  await using failing = await startHttp((_request, response) => response.writeHead(500).end());
  await using silent = await startTcp((socket) => socket.destroy());
  const nobody = await freePort();
  const routes: Record<string, unknown> = {
    "down.test": nobody,
    "lines.test": `tcp://localhost:${nobody}`,
    "failing.test": failing.port,
    "silent.test": silent.port,
    "live.test": `ws://localhost:${failing.port}`,
    "plain.test": `tls://localhost:${failing.port}`,
    "nobody.test": "http://nobody.invalid",
  };
  await using mux = await startMux(routes);
  const state = dirname(dirname(mux.rootFile));
  const findings = await findingsFor({
    place,
    routes: { ...routes, "round.test": mux.port },
    state,
    port: mux.port,
  });
  const target = `wrong: http://localhost:${nobody} is not up: nothing listens there.`;
  assert.deepEqual(seen(findings, "target", "down.test"), [target]);
  assert.deepEqual(seen(findings, "answer", "down.test"), []);
  assert.match(seen(findings, "target", "lines.test").join(), /^wrong: \S+ is not up/);
  assert.deepEqual(seen(findings, "certificate", "lines.test"), ["ok: A certificate can be shown for it."]);
  assert.deepEqual(seen(findings, "answer", "failing.test"), [
    "note: Its service answers 500 through Oneport.",
  ]);
  assert.match(
    seen(findings, "answer", "silent.test").join(),
    /^wrong: Oneport answers 502 in place of the service/,
  );
  assert.match(seen(findings, "answer", "live.test").join(), /^wrong: .* in place of/);
  assert.deepEqual(seen(findings, "certificate", "plain.test"), [
    "wrong: There is no TLS handshake for it: wrong version number.",
  ]);
  const unresolved = findings.find(({ check, subject }) => check === "target" && subject === "nobody.test");
  assert.match(unresolved?.remedy ?? "", /nobody\.invalid/);
  assert.match(seen(findings, "target", "round.test").join(), /^wrong: \S+ is Oneport itself/);
});

test("an authority that is of no use is told as such, and not as a fault of the services", async () => {
  await using place = await TrustPlace.make();
  await using web = await startHttp((_request, response) => response.end("hello"));
  await using lines = await startTcp((socket) => socket.end());
  const routes = { "shop.test": web.port, "db.test": `tcp://localhost:${lines.port}` };
  const state = await place.folder("torn");
  await writeFile(join(await place.folder("torn", "ca"), "root.crt"), "torn");
  const certificates = new Certificates(state, { mode: "authority", files: [] });
  await using mux = await startMux(routes, { contextFor: (name) => certificates.contextFor(name) });
  const findings = await findingsFor({ place, routes, state, port: mux.port });
  for (const domain of Object.keys(routes)) {
    assert.match(
      seen(findings, "certificate", domain).join(),
      /^wrong: The certificate authority in .* cannot be used: /,
    );
    assert.match(seen(findings, "target", domain).join(), /^ok: /);
  }
  assert.deepEqual(seen(findings, "answer", "shop.test"), ["ok: Its service answers 200."]);
});

test("a route that the mux which runs does not have is told as that", async () => {
  await using place = await TrustPlace.make();
  await using web = await startHttp((_request, response) => response.end("hello"));
  await using mux = await startMux({});
  const findings = await findingsFor({ place, routes: { "shop.test": web.port }, port: mux.port });
  assert.match(seen(findings, "certificate", "shop.test").join(), /^wrong: .* has no route for it/);
  assert.deepEqual(seen(findings, "answer", "shop.test"), ["ok: Its service answers 200."]);
});

/** A service with TLS of its own, whose leaf is as it was made at that time. */
async function startSecure(authority: Authority, name: string, made: number) {
  const { chain, key } = await makeLeaf(authority, name, new Date(made));
  const server = createServer({ cert: chain, key }, (_request, response) => response.end());
  server.on("tlsClientError", () => {}).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  return {
    port: address.port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

test("certificates of services behind passthrough are looked at as clients do", async () => {
  await using place = await TrustPlace.make();
  await using mux = await startMux({});
  const state = dirname(dirname(mux.rootFile));
  const authority = await new AuthorityFolder(state, () => new Date()).readOrMake();
  const now = Date.now();
  await using good = await startSecure(authority, "good.test", now);
  await using old = await startSecure(authority, "old.test", now - 400 * day);
  await using early = await startSecure(authority, "early.test", now + 2 * day);
  await using late = await startSecure(authority, "late.test", now - 390 * day);
  await using strange = await startSecure(place.authority, "strange.test", now);
  const ports = { good, old, early, late, strange, other: good };
  const routes = Object.fromEntries(
    Object.entries(ports).map(([name, { port }]) => [`${name}.test`, `tls://localhost:${port}`]),
  );
  mux.setRoutes(routes);
  for (const port of [mux.port, undefined]) {
    const findings = await findingsFor({ place, routes, state, ...(port !== undefined && { port }) });
    const certificate = (name: string) => seen(findings, "certificate", `${name}.test`).join();
    assert.match(certificate("good"), /^ok: .* is good until/);
    assert.match(certificate("old"), /^wrong: Its certificate expired on [\d-]+\.$/);
    assert.equal(certificate("early"), "wrong: Its certificate is not valid yet.");
    assert.match(certificate("late"), /^note: .* is good until/);
    assert.match(certificate("strange"), /^wrong: .* leads to no root that is trusted here/);
    assert.equal(certificate("other"), "wrong: Its certificate is for another name.");
  }
});

test("a name that the authority may not certify, and an expired certificate of the user's own, are told before", async () => {
  await using place = await TrustPlace.make();
  await using web = await startHttp((_request, response) => response.end());
  const { chain, key } = await makeLeaf(place.authority, "own.test", new Date(Date.now() - 400 * day));
  const file = join(place.home, "own.pem");
  await writeFile(file, chain + key);
  const findings = await findingsFor({
    place,
    routes: { "own.test": web.port, "shop.example.com": web.port },
    settings: { "oneport.certificateFiles": [file] },
  });
  assert.match(seen(findings, "certificate", "own.test").join(), /^wrong: .* is valid from .* only\.$/);
  assert.match(
    seen(findings, "certificate", "shop.example.com").join(),
    /^wrong: .* self-signed certificate/,
  );
  const outside = findings.find(
    ({ subject, check }) => subject === "shop.example.com" && check === "certificate",
  );
  assert.match(outside?.remedy ?? "", /oneport ca trust --allow shop\.example\.com/);
});

test("a certificate of the user's own that is of no use is told, also while another one is shown in its place", async () => {
  await using place = await TrustPlace.make();
  const { chain } = await makeLeaf(place.authority, "own.test", new Date());
  const { key } = await makeLeaf(place.authority, "own.test", new Date());
  const [mixed, missing] = [join(place.home, "own.pem"), join(place.home, "missing.pem")];
  await writeFile(mixed, chain + key);
  const routes = { "own.test": 3000 };
  await using mux = await startMux(routes);
  const findings = await findingsFor({
    place,
    routes,
    settings: { "oneport.certificateFiles": [mixed, missing] },
    state: dirname(dirname(mux.rootFile)),
    port: mux.port,
  });
  assert.match(seen(findings, "certificate", "own.test").join(), /^ok: Its certificate, by Oneport issuer/);
  assert.deepEqual(seen(findings, "certificate", "oneport.certificateFiles"), [
    `wrong: ${missing} cannot be read (ENOENT).`,
    `wrong: The private key found for ${mixed} belongs to another certificate.`,
  ]);
});
