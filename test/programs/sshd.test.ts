/** OpenSSH with Oneport between: no TLS and no name, so it is reached by the domain's own address. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { freePort, startMux } from "../mux/support.ts";
import { Folder, user } from "./folder.ts";
import { run } from "./run.ts";
import { hostKey, ssh, startSshd } from "./sshd.ts";

test("ssh", async (t) => {
  await using folder = await Folder.make();
  const servicePort = await freePort();
  await using _server = await startSshd(folder, servicePort);
  await using mux = await startMux({ "ssh.test": `tcp://127.0.0.1:${servicePort}` });
  const { port } = mux;
  const address = mux.addressOf("ssh.test");

  await t.test("nc sees the banner, though it says nothing and ends at once", async () => {
    const { output, errors } = await run("nc", ["-N", address, String(port)]);
    assert.match(output, /^SSH-2\.0-OpenSSH_/, errors);
    const { seen } = await mux.report(({ route }) => route === "ssh.test");
    assert.deepEqual(seen, { by: "address", name: address });
  });

  await t.test("ssh-keyscan gets the server's own key", async () => {
    const { output, errors } = await run("ssh-keyscan", ["-t", "ed25519", "-p", String(port), address]);
    assert.equal(output, `[${address}]:${port} ${await hostKey(folder)}\n`, errors);
  });

  const skip = user.hasShell ? false : `the user ${user.name} has no shell to log in to`;
  await t.test("ssh runs a command over there, and 5 MB go there and back", { skip }, async () => {
    const sent = "0123456789abcdef".repeat(327_680);
    const where = { address, port, domain: "ssh.test" };
    const { status, output, errors } = await ssh(folder, where, "cat; echo; echo $SSH_CONNECTION", sent);
    assert.equal(status, 0, errors);
    const [received, connection] = output.split("\n");
    assert.ok(received === sent, "what came back differs");
    assert.match(connection ?? "", new RegExp(`^127\\.0\\.0\\.1 \\d+ 127\\.0\\.0\\.1 ${servicePort}$`));
  });
});
