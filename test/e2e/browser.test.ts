/** Chromium against the command line: trust, HTTP/2, WebSocket, several domains on one address, and our own pages. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { WebSocketServer } from "ws";
import { freePort, startHttp } from "../mux/support.ts";
import { startWebService } from "../sample/services.ts";
import { Browser } from "./browser.ts";
import { Oneport } from "./oneport.ts";
import { run } from "./program.ts";

/** A page that loads nothing by itself: the data URL keeps Chromium from asking for an icon. */
const page = (head: string) => `<!doctype html><link rel="icon" href="data:,"><title>waiting</title>${head}`;

const protocolOfPage = "performance.getEntriesByType('navigation')[0].nextHopProtocol";

test("Chromium that trusts the authority", async (t) => {
  await using web = await startWebService(0);
  await using echo = await startEcho();
  const latePort = await freePort();
  await using oneport = await Oneport.start({
    "web.localhost": web.port,
    "app.shop.test": web.port,
    "echo.shop.test": echo.port,
    "late.shop.test": latePort,
    "db.shop.test": "tcp://localhost:5432",
  });
  await using browser = await Browser.open([oneport.rootFile]);
  const urlOf = (name: string, scheme = "https") => `${scheme}://${name}:${oneport.port}/`;

  for (const name of ["web.localhost", "app.shop.test"]) {
    await t.test(`loads ${name} without a warning, and its WebSocket is live`, async () => {
      const page = await browser.page();
      const answer = await page.goto(urlOf(name));
      assert.match((await answer?.securityDetails())?.issuer ?? "", /^Oneport issuer/);
      assert.equal(await page.innerText("h1"), "Hello from web.localhost");
      await page.waitForFunction("/\\d/.test(document.querySelector('#clock').value)");
    });
  }

  await t.test("carries the page and its WebSocket over one HTTP/2 connection", async () => {
    const page = await browser.page();
    await page.goto(urlOf("echo.shop.test"));
    await page.waitForFunction("document.title === 'heard: hello'");
    assert.equal(await page.evaluate(protocolOfPage), "h2");
    await page.context().close();
    // Connections that the browser opened in reserve carry no request.
    const report = await oneport.report(
      ({ seen, requests }) => seen.by === "sni" && seen.name === "echo.shop.test" && requests > 0,
    );
    assert.equal(report.requests, 2);
  });

  await t.test("loads a page in the clear on the same port, and its WebSocket is live", async () => {
    const page = await browser.page();
    await page.goto(urlOf("web.localhost", "http"));
    assert.equal(await page.evaluate(protocolOfPage), "http/1.1");
    await page.waitForFunction("/\\d/.test(document.querySelector('#clock').value)");
  });

  await t.test("shows the routes for a domain that has none, and their links lead there", async () => {
    const page = await browser.page();
    const answer = await page.goto(urlOf("nowhere.localhost", "http"));
    assert.equal(answer?.status(), 404);
    assert.equal(await page.innerText("h1"), "No route for this domain");
    const entries = await page.locator("li").allInnerTexts();
    assert.equal(entries.length, 5);
    assert.ok(entries.some((entry) => entry.startsWith(`db.shop.test:${oneport.port}`)));
    await page.click(`text=${urlOf("app.shop.test")}`);
    await page.waitForSelector("#clock");
    assert.equal(page.url(), urlOf("app.shop.test"));
  });

  await t.test("waits at a service that is down, and shows it as soon as it is up", async () => {
    const pages = [await browser.page(), await browser.page({ javaScriptEnabled: false })];
    for (const page of pages) {
      const answer = await page.goto(urlOf("late.shop.test"));
      assert.equal(answer?.status(), 502);
      assert.equal(await page.innerText("h1"), "The service is not up");
      assert.match(await page.innerText("main"), /This page loads again by itself/);
    }
    await using _late = await startWebService(latePort);
    for (const page of pages) {
      await page.waitForSelector("text=Hello from web.localhost");
      assert.equal(page.url(), urlOf("late.shop.test"));
    }
  });
});

test("Chromium that does not trust the authority refuses its certificates", async () => {
  await using web = await startWebService(0);
  await using oneport = await Oneport.start({ "web.localhost": web.port });
  await using browser = await Browser.open([]);
  const page = await browser.page();
  await assert.rejects(
    page.goto(`https://web.localhost:${oneport.port}/`),
    /net::ERR_CERT_AUTHORITY_INVALID/,
  );
  const { ending } = await oneport.report(({ ending }) => ending.how === "refused");
  assert.equal(ending.how === "refused" && ending.problem.code, "client-distrusts-certificate");
});

test("Chromium that sends a second domain over the first one's connection is sent away, and finds the way", async () => {
  await using two = await startHttp((_request, response) => {
    response.setHeader("Content-Type", "text/javascript");
    response.end("document.title = 'from the second'");
  });
  await using oneport = await Oneport.start({});
  const script = `<script src="https://two.shop.test:${oneport.port}/"></script>`;
  await using one = await startHttp((_request, response) => {
    response.setHeader("Content-Type", "text/html");
    response.end(page(script));
  });
  // A certificate for both names is what makes a browser think that they are one server.
  const certificate = await certificateFor(["one.shop.test", "two.shop.test"], oneport);
  await oneport.edit(
    { "one.shop.test": one.port, "two.shop.test": two.port },
    { "oneport.certificateFiles": [certificate.pairFile] },
  );
  await using browser = await Browser.open([certificate.rootFile]);
  const opened = await browser.page();
  await opened.goto(`https://one.shop.test:${oneport.port}/`);
  assert.equal(await opened.title(), "from the second");
  await oneport.report(
    ({ seen, ending }) =>
      seen.by === "sni" &&
      seen.name === "one.shop.test" &&
      ending.how === "refused" &&
      ending.problem.code === "misdirected-request",
  );
});

/** A page whose title is what its WebSocket answered; it makes these two requests and no other. */
async function startEcho() {
  const script = `<script>
    const socket = new WebSocket(location.origin.replace("http", "ws"));
    socket.onopen = () => socket.send("hello");
    socket.onmessage = ({ data }) => { document.title = data; };
  </script>`;
  const service = await startHttp((_request, response) => {
    response.setHeader("Content-Type", "text/html");
    response.end(page(script));
  });
  new WebSocketServer({ server: service.server }).on("connection", (client) => {
    client.on("message", (data) => client.send(`heard: ${data}`));
  });
  return service;
}

/** A certificate of the user's own with its key in one file, and the root that signed it. */
async function certificateFor(names: readonly string[], { folder, environment }: Oneport) {
  const file = (name: string) => join(folder, name);
  const rootFile = file("root.pem");
  const make = async (...options: string[]) => {
    const common = ["req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
    const { status, errors } = await run("openssl", [...common, "-days", "30", ...options], environment);
    assert.equal(status, 0, errors);
  };
  await make("-subj", "/CN=Root of the test", "-keyout", file("root.key"), "-out", rootFile);
  const altNames = `subjectAltName=${names.map((name) => `DNS:${name}`).join(",")}`;
  const signed = ["-CA", rootFile, "-CAkey", file("root.key")];
  const leaf = ["-addext", altNames, "-addext", "basicConstraints=critical,CA:FALSE"];
  await make("-subj", "/CN=two", ...signed, ...leaf, "-keyout", file("key.pem"), "-out", file("leaf.pem"));
  const pairFile = file("pair.pem");
  await writeFile(pairFile, [await readFile(file("leaf.pem")), await readFile(file("key.pem"))]);
  return { rootFile, pairFile };
}
