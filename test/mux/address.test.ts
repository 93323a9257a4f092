import assert from "node:assert/strict";
import type net from "node:net";
import { describe, it } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { captured } from "../core/hex-fixtures.ts";
import { connectOwn, inPieces, secure } from "./pieces.ts";
import { outcome, ownCertificate, read, startTls, turn } from "./streams.ts";
import { startHttp, startMux, startTcp } from "./support.ts";

/** Speaks first, and hangs up when its client does. */
const greet = (word: string) => (socket: net.Socket) => {
  socket.write(word);
  socket.once("end", () => socket.end()).resume();
};
const echo = (socket: net.Socket) => void socket.pipe(socket);

describe("A connection to a route's own address", () => {
  it("reaches one of two services on the same port before anybody has said a byte", async () => {
    await using one = await startTcp(greet("one"));
    await using two = await startTcp(greet("two"));
    await using mux = await startMux({
      "one.test": `tcp://127.0.0.1:${one.port}`,
      "two.test": { to: `tcp://127.0.0.1:${two.port}`, tls: false },
    });

    for (const word of ["one", "two", "one"]) {
      const client = await connectOwn(mux, `${word}.test`);
      assert.equal(String(await read(client, 3)), word);
      client.destroy();
    }
    const report = await mux.report(({ route }) => route === "two.test");
    assert.deepEqual(report.seen, { by: "address", name: mux.addressOf("two.test") });
    assert.equal(report.rule, "exact");
    assert.equal(report.target, `tcp://127.0.0.1:${two.port}`);
  });

  it("holds the service's first words for 20 ms, and not at all where the client never opens with TLS", async () => {
    await using service = await startTcp(greet("hello"));
    const to = `tcp://127.0.0.1:${service.port}`;
    await using mux = await startMux({ "held.test": to, "plain.test": { to, tls: false } });

    const fastest = async (domain: string) => {
      const times: number[] = [];
      for (let round = 0; round < 10; round++) {
        const start = performance.now();
        const client = await connectOwn(mux, domain);
        assert.equal(String(await read(client, 5)), "hello");
        times.push(performance.now() - start);
        client.destroy();
      }
      return Math.min(...times);
    };
    const [held, plain] = [await fastest("held.test"), await fastest("plain.test")];
    assert.ok(held >= 19 && held < 100, `held ${held} ms`);
    assert.ok(plain < held / 2, `not held ${plain} ms`);
  });

  it("ends with a service that ends without a word, though the client has not said one either", async () => {
    await using service = await startTcp((socket) => void socket.resume().end());
    await using mux = await startMux({ "curt.test": `tcp://127.0.0.1:${service.port}` });
    const { bytes, error } = await outcome(await connectOwn(mux, "curt.test"));
    assert.deepEqual([bytes.length, error], [0, undefined]);
    const { ending, milliseconds } = await mux.report(() => true);
    assert.deepEqual(ending, { how: "closed" });
    assert.ok(milliseconds < 5000, "long before the client's silence would have been too long");
  });

  it("carries the words of a client that speaks first, whatever they look like", async () => {
    await using service = await startTcp(echo);
    const domain = "any.test";
    await using mux = await startMux({ [domain]: `tcp://127.0.0.1:${service.port}` });

    for (const words of [
      Buffer.from("PING\r\n"),
      Buffer.from("ruok"),
      Buffer.from("x"),
      Buffer.from("GET / HTTP/1.1\r\nHost: elsewhere.test\r\n\r\n"),
      Buffer.from(
        "GET / HTTP/1.1\r\nHost: any.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
      ),
      Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
      Buffer.of(0, 0, 0, 16, 0x04, 0xd2, 0x16, 0x2e, 0, 0, 0, 1, 0, 0, 0, 2),
      Buffer.of(22, 3, 1, 0, 0, 7),
      Buffer.of(22, 3, 1, 0, 4, 2, 0, 0, 0),
      Buffer.of(0x16, 0x02, 0xff),
    ]) {
      const client = await connectOwn(mux, domain);
      client.write(words);
      assert.deepEqual(await read(client, words.length), words);
      client.destroy();
    }
  });

  it("ends TLS with a certificate for the route's domain, with SNI and without", async () => {
    await using service = await startTcp(echo);
    await using mux = await startMux({ "db.test": `tcp://127.0.0.1:${service.port}` });

    for (const servername of ["db.test", ""]) {
      const client = await secure(await connectOwn(mux, "db.test"), mux, "db.test", { servername });
      assert.equal(client.authorized, true);
      client.write("secret");
      assert.equal(String(await read(client, 6)), "secret");
      client.destroy();
    }
  });

  it("ends TLS for a ClientHello that comes late, if the service has not spoken", async () => {
    const arrived = Promise.withResolvers<net.Socket>();
    await using service = await startTcp(arrived.resolve);
    await using mux = await startMux({ "db.test": `tcp://127.0.0.1:${service.port}` });

    const raw = await connectOwn(mux, "db.test");
    const behind = await arrived.promise;
    await wait(60);
    const client = await secure(raw, mux, "db.test");
    behind.write("late");
    assert.equal(String(await read(client, 4)), "late");
    client.destroy();
  });

  it("keeps the words of a service that speaks at once for inside the TLS of its client", async () => {
    await using service = await startTcp((socket) => socket.end("220 mail.test\r\n"));
    await using mux = await startMux({ "mail.test": `tcp://127.0.0.1:${service.port}` });

    const client = await secure(await connectOwn(mux, "mail.test"), mux, "mail.test");
    assert.deepEqual(await outcome(client), { bytes: Buffer.from("220 mail.test\r\n"), error: undefined });
  });

  it("waits for the rest of a ClientHello that has begun when the service speaks", async () => {
    await using service = await startTcp(greet("hello"));
    await using mux = await startMux({ "mail.test": `tcp://127.0.0.1:${service.port}` });

    const raw = await connectOwn(mux, "mail.test");
    const slow = inPieces(raw, 400, (piece) => (piece === 1 ? wait(60) : turn()));
    const client = await secure(slow, mux, "mail.test");
    assert.equal(String(await read(client, 5)), "hello");
    client.destroy();
  });

  it("sees a ClientHello that came in time, however busy this process was meanwhile", async () => {
    let arrived = Promise.withResolvers<number>();
    await using service = await startTcp((socket) => {
      greet("hello")(socket);
      arrived.resolve(performance.now());
    });
    await using mux = await startMux({ "app.test": `tcp://127.0.0.1:${service.port}` });

    let client = await connectOwn(mux, "app.test");
    // Until the mux has heard the service; if that took too long here, another try.
    while ((await arrived.promise.finally(() => wait(3))) + 15 < performance.now()) {
      client.destroy();
      arrived = Promise.withResolvers();
      client = await connectOwn(mux, "app.test");
    }
    // From here the event loop comes to its timers before it comes to its sockets.
    await turn();
    client.write(captured("curl_openssl3_app.test"));
    const free = performance.now() + 60;
    while (performance.now() < free);
    assert.equal((await read(client, 1))[0], 22, "a record of the handshake");
    client.destroy();
  });

  it("goes where the SNI says if that has a route, and leaves the service of the address", async () => {
    const left = Promise.withResolvers<void>();
    await using first = await startTcp((socket) => {
      socket.once("close", () => left.resolve());
      socket.once("end", () => socket.end()).resume();
    });
    await using second = await startTcp(greet("second"));
    await using web = await startHttp((_request, response) => void response.end("web"));
    await using mux = await startMux({
      "one.test": `tcp://127.0.0.1:${first.port}`,
      "two.test": `tcp://127.0.0.1:${second.port}`,
      "web.test": `http://127.0.0.1:${web.port}`,
    });

    const client = await secure(await connectOwn(mux, "one.test"), mux, "two.test");
    assert.equal(String(await read(client, 6)), "second");
    await left.promise;
    client.destroy();
    const report = await mux.report(({ route }) => route === "two.test");
    assert.deepEqual(report.seen, { by: "sni", name: "two.test" });

    const browser = await secure(await connectOwn(mux, "one.test"), mux, "web.test");
    browser.write("GET / HTTP/1.1\r\nHost: web.test\r\nConnection: close\r\n\r\n");
    assert.match(String((await outcome(browser)).bytes), /^HTTP\/1\.1 200 OK\r\n.*web$/s);
  });

  it("goes by the address for a name that only the default route would take", async () => {
    await using own = await startTcp(greet("own"));
    await using fallback = await startTcp(greet("default"));
    await using mux = await startMux({
      "own.test": `tcp://127.0.0.1:${own.port}`,
      "*": `tcp://127.0.0.1:${fallback.port}`,
    });

    const client = await secure(await connectOwn(mux, "own.test"), mux, "alias.test");
    assert.equal(String(await read(client, 3)), "own");
    client.destroy();
  });

  it("leaves every byte of a tls:// route alone, TLS or not", async () => {
    const certificate = await ownCertificate("auth.test");
    await using service = await startTls(certificate, (socket) => socket.end("inside"));
    await using plain = await startTcp(echo);
    await using mux = await startMux({
      "auth.test": `tls://127.0.0.1:${service.port}`,
      "odd.test": `tls://127.0.0.1:${plain.port}`,
    });

    const raw = await connectOwn(mux, "auth.test");
    const client = await secure(raw, { root: certificate.cert }, "auth.test", { servername: "" });
    assert.equal(String((await outcome(client)).bytes), "inside");

    const words = Buffer.concat([Buffer.of(0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f), Buffer.from("and more")]);
    const odd = await connectOwn(mux, "odd.test");
    odd.write(words);
    assert.deepEqual(await read(odd, words.length), words);
    odd.destroy();
  });

  it("stays open while neither side says a word, longer than a first word may take", async () => {
    await using service = await startTcp(echo);
    await using mux = await startMux(
      { "quiet.test": `tcp://127.0.0.1:${service.port}` },
      { helloMilliseconds: 50 },
    );

    const client = await connectOwn(mux, "quiet.test");
    await wait(150);
    client.write("at last");
    assert.equal(String(await read(client, 7)), "at last");
    client.destroy();
  });

  it("breaks off when its service does, although nobody has said a word", async () => {
    await using service = await startTcp((socket) => setImmediate(() => socket.resetAndDestroy()));
    const to = `tcp://127.0.0.1:${service.port}`;
    await using mux = await startMux({
      "db.test": to,
      "auth.test": `tls://127.0.0.1:${service.port}`,
      "vnc.test": { to, webSocketBridge: true },
    });
    for (const domain of ["db.test", "auth.test", "vnc.test"]) {
      const client = await connectOwn(mux, domain);
      assert.equal((await outcome(client)).error, "ECONNRESET", domain);
      const { ending, target } = await mux.report(({ route }) => route === domain);
      assert.deepEqual(ending, { how: "reset", by: "target" });
      assert.ok(target);
    }
  });

  it("serves a client that ends at once, and one that ends after too few words to be told apart", async () => {
    await using daytime = await startTcp((socket) => socket.end("noon\n"));
    await using late = await startTcp((socket) => void socket.on("end", () => socket.end("noon\n")).resume());
    await using echoing = await startTcp(echo);
    await using mux = await startMux({
      "daytime.test": `tcp://127.0.0.1:${daytime.port}`,
      "late.test": `tcp://127.0.0.1:${late.port}`,
      "echo.test": `tcp://127.0.0.1:${echoing.port}`,
      "mute.test": { to: `tcp://127.0.0.1:${echoing.port}`, tls: false },
    });

    for (const [domain, words, answer] of [
      ["daytime.test", "", "noon\n"],
      ["late.test", "", "noon\n"],
      ["echo.test", "hello", "hello"],
      ["echo.test", "\0\0", "\0\0"],
      ["echo.test", "\x16\x03\x01\x02", "\x16\x03\x01\x02"],
      ["mute.test", "GE", "GE"],
    ] as const) {
      const client = await connectOwn(mux, domain);
      const said = outcome(client);
      client.end(Buffer.from(words, "latin1"));
      assert.deepEqual(await said, { bytes: Buffer.from(answer, "latin1"), error: undefined }, domain);
    }
  });
});
