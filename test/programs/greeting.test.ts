/** A service that greets before its client has said a word, with nc and openssl as clients: plain, and inside TLS. */
import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { Lines } from "../cli/oneport.ts";
import { begin } from "../e2e/program.ts";
import { type Service, startMux, startTcp } from "../mux/support.ts";
import { environment, find, type Program } from "./run.ts";

const greeting = "220 mail.test ESMTP";
const farewell = "221 2.0.0 Bye";

test("A service that greets first", async (t) => {
  await using service = await startMail();
  await using mux = await startMux({
    "mail.test": `tcp://127.0.0.1:${service.port}`,
    "quick.test": { to: `tcp://127.0.0.1:${service.port}`, tls: false },
  });
  const port = String(mux.port);

  for (const domain of ["mail.test", "quick.test"]) {
    await t.test(`greets nc at the own address of ${domain}`, () =>
      converse("nc", [mux.addressOf(domain), port]),
    );
  }

  for (const [where, host, naming] of [
    ["by SNI", "127.0.0.1", ["-servername", "mail.test"]],
    ["at its own address, by SNI", mux.addressOf("mail.test"), ["-servername", "mail.test"]],
    ["at its own address, without SNI", mux.addressOf("mail.test"), ["-noservername"]],
  ] as const) {
    await t.test(`greets openssl inside TLS ${where}`, () => {
      const verify = ["-CAfile", mux.rootFile, "-verify_return_error", "-verify_hostname", "mail.test"];
      const options = ["s_client", "-quiet", "-connect", `${host}:${port}`, ...naming, ...verify];
      return converse("openssl", options);
    });
  }
});

/** As much of SMTP as it takes to say hello and goodbye. */
function startMail(): Promise<Service> {
  return startTcp((socket) => {
    socket.write(`${greeting}\r\n`);
    createInterface({ input: socket }).on("line", (line) => {
      if (line === "QUIT") socket.end(`${farewell}\r\n`);
    });
  });
}

/** Says nothing before it was greeted. */
async function converse(client: Program, arguments_: readonly string[]): Promise<void> {
  await using program = await begin(find(client), arguments_, environment);
  const output = new Lines(program.stdout);
  assert.equal(await output.next(), greeting);
  program.stdin.end("QUIT\r\n");
  assert.equal(await output.next(), farewell);
  assert.equal(await program.ended, 0);
}
