/** The sample that `npm start` shows, driven once by real clients through the bundled command line. */
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { test } from "node:test";
import { port } from "./begin.ts";
import { checkSample } from "./check.ts";
import { samplePorts, startLineService, startSecureService, startWebService } from "./services.ts";

test("every route of the sample answers each of its clients", async () => {
  const findings = await checkSample();
  assert.equal(findings.length, 5);
  assert.deepEqual(
    findings.filter(({ good }) => !good),
    [],
  );
});

test("a service of the sample whose port is taken says so to who started it", async () => {
  const holder = net.createServer().listen(0, "localhost");
  try {
    await once(holder, "listening");
    const address = holder.address();
    assert.ok(address !== null && typeof address !== "string");
    for (const start of [startWebService, startLineService, startSecureService])
      await assert.rejects(start(address.port), { code: "EADDRINUSE" });
  } finally {
    holder.close();
  }
});

test("no port of the sample is one that Linux gives to outgoing connections", () => {
  const firstOutgoing = 32768;
  for (const taken of [port, ...Object.values(samplePorts)]) assert.ok(taken < firstOutgoing, String(taken));
});
