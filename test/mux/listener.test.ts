import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import net from "node:net";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { Problem } from "../../src/core/errors.ts";
import { listen, portOf } from "../../src/mux/listen.ts";
import { Listeners } from "../../src/mux/listener.ts";
import { connect } from "./streams.ts";
import { startTcp } from "./support.ts";

const handlers = { onSocket: (socket: net.Socket) => void socket.destroy(), onProblem: assert.ifError };

describe("Listening", () => {
  it("is on 127.0.0.1 and ::1, with one free port for both when it is asked for port 0", async () => {
    const accepted: net.Socket[] = [];
    const listeners = await Listeners.open(0, { ...handlers, onSocket: (socket) => accepted.push(socket) });
    assert.deepEqual(listeners.addresses, ["127.0.0.1", "::1"]);
    assert.ok(listeners.port > 0);
    for (const address of listeners.addresses) {
      const client = await connect(listeners.port, address);
      while (accepted.length === 0) await new Promise(setImmediate);
      const socket = accepted.pop();
      assert.equal(socket?.localAddress, address);
      assert.equal(socket?.localPort, listeners.port);
      assert.equal(socket?.isPaused(), true);
      socket?.destroy();
      client.destroy();
    }
    listeners.close();
  });

  it("is on loopback alone", async () => {
    const listeners = await Listeners.open(0, handlers);
    const elsewhere = net.connect({ host: "127.0.0.2", port: listeners.port });
    const [error] = await once(elsewhere, "error");
    assert.equal(error.code, "ECONNREFUSED");
    listeners.close();
  });

  for (const host of ["127.0.0.1", "::1"]) {
    it(`fails with port-taken when somebody else has the port on ${host}, and then holds neither`, async () => {
      await using other = await startTcp((socket) => socket.destroy(), { host });
      const { port } = other;
      await assert.rejects(
        Listeners.open(port, handlers),
        ({ problem }) => problem.code === "port-taken" && problem.message.includes(`${port}`),
      );
      await using _free = await startTcp((socket) => socket.destroy(), {
        host: host === "::1" ? "127.0.0.1" : "::1",
        port,
      });
    });
  }

  it("goes on when a connection could not be accepted, which is told", async () => {
    const told: Problem[] = [];
    const accepted = Promise.withResolvers<net.Socket>();
    const server = await listen("127.0.0.1", 0, {
      isShared: false,
      onSocket: accepted.resolve,
      onProblem: (problem) => told.push(problem),
    });
    // As Node does when the system refuses to.
    server.emit("error", new Error("accept EMFILE"));
    assert.deepEqual(
      told.map(({ code, message }) => [code, message]),
      [["accept-failed", "A connection could not be accepted: accept EMFILE."]],
    );
    (await connect(portOf(server))).destroy();
    (await accepted.promise).destroy();
    server.close();
  });

  it("leaves the port free once closed, while connections go on", async () => {
    const accepted = Promise.withResolvers<net.Socket>();
    const listeners = await Listeners.open(0, { ...handlers, onSocket: accepted.resolve });
    const client = await connect(listeners.port);
    const socket = await accepted.promise;
    listeners.close();
    const refused = net.connect(listeners.port, "127.0.0.1");
    const [error] = await once(refused, "error");
    assert.equal(error.code, "ECONNREFUSED");
    socket.write("still here");
    assert.equal(String((await once(client, "data"))[0]), "still here");
    client.destroy();
    socket.destroy();
    const again = await Listeners.open(listeners.port, handlers);
    again.close();
  });
});

/** Opens listeners as a user who may not have `port`, and gives what becomes of it. */
async function openAsNobody(port: number): Promise<string> {
  const program = `
    import { Listeners } from ${JSON.stringify(fileURLToPath(new URL("../../src/mux/listener.ts", import.meta.url)))};
    if (process.getuid() === 0) { process.setgid(65534); process.setuid(65534); }
    const handlers = { onSocket() {}, onProblem() {} };
    await Listeners.open(${JSON.stringify(port)}, handlers).then(
      (listeners) => { console.log("listens on " + listeners.port); listeners.close(); },
      (error) => console.log(error.problem.code + ": " + error.problem.message),
    );
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  return (await text(child.stdout)).trim();
}

/** The first port that anybody may have; undefined where the system says it in another way. */
function unprivileged(): number {
  try {
    return Number(readFileSync("/proc/sys/net/ipv4/ip_unprivileged_port_start", "utf8"));
  } catch {
    return 0;
  }
}

describe("Listening without the right to", () => {
  const skip = unprivileged() > 443 ? false : "this system lets everybody have port 443";

  it("fails with port-forbidden", { skip }, async () => {
    assert.match(await openAsNobody(443), /^port-forbidden: .*port 443/);
  });
});
