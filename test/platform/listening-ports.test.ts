/** This machine's listening ports: Linux's own list, macOS's programs as far as Linux has them too, and Windows' by their documentation. */
import assert from "node:assert/strict";
import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "node:test";
import { listeningPorts, portHolder } from "../../src/platform/listening-ports.ts";
import { type Machine, thisMachine } from "../../src/platform/machine.ts";
import { systemRunner } from "../../src/platform/run.ts";
import { Lines } from "../cli/oneport.ts";
import { begin } from "../e2e/program.ts";
import { startTcp } from "../mux/support.ts";
import { user } from "../programs/folder.ts";
import { refused, said, scripted } from "./scripted-runner.ts";

const machine = thisMachine();
const onLinux = { skip: process.platform === "linux" ? false : "this is not Linux" };

/** A script that listens on the port that it prints, at both loopback addresses, in a folder of its own. */
async function startShop() {
  await using owned = new AsyncDisposableStack();
  const folder = await realpath(await mkdtemp(join(tmpdir(), "oneport-ports-")));
  owned.defer(() => rm(folder, { recursive: true }));
  const script = `const net = require("node:net");
    const first = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = first.address();
      net.createServer().listen(port, "::1", () => console.log(port));
    });`;
  await writeFile(join(folder, "shop.cjs"), script);
  const child = owned.use(await begin(process.execPath, ["shop.cjs"], {}, folder));
  const port = Number(await new Lines(child.stdout).until(/^\d+$/));
  const running = owned.move();
  return { port, folder, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

async function find(on: Machine, port: number) {
  const listed = await listeningPorts(on);
  assert.ok(listed.ok);
  return listed.value.find((service) => service.port === port);
}

test("a service is one entry, with its script's name and its folder", onLinux, async () => {
  await using shop = await startShop();
  const found = await find(machine, shop.port);
  assert.deepEqual(found?.addresses, ["127.0.0.1", "::1"]);
  assert.equal(found.process?.name, "shop.cjs");
  assert.equal(found.process.folder, shop.folder);
  const { words } = await holderOf(machine, shop.port);
  assert.equal(words, `shop.cjs (pid ${found.process.pid})`);
});

test("ports that are left out are not listed, and a port that is closed is gone", onLinux, async () => {
  const port = await (async () => {
    await using service = await startTcp(() => undefined);
    const listed = await listeningPorts(machine, service.port);
    assert.ok(listed.ok);
    assert.ok(!listed.value.some((each) => each.port === service.port));
    assert.ok(await find(machine, service.port));
    return service.port;
  })();
  assert.equal(await find(machine, port), undefined);
  assert.deepEqual(await portHolder(machine, port), { ok: true, value: undefined });
});

async function holderOf(on: Machine, port: number, address?: string) {
  const holder = await portHolder(on, port, address);
  assert.ok(holder.ok && holder.value);
  return holder.value;
}

test(
  "the holder of one address is told from that of another, and one of all addresses holds each",
  onLinux,
  async () => {
    await using shop = await startShop();
    await using beside = await startTcp(() => undefined, { host: "127.0.0.2", port: shop.port });
    assert.match((await holderOf(machine, shop.port, "127.0.0.1")).words, /^shop\.cjs \(pid \d+\)$/);
    assert.equal((await holderOf(machine, beside.port, "127.0.0.2")).process?.pid, process.pid);
    assert.deepEqual(await portHolder(machine, shop.port, "127.0.0.3"), { ok: true, value: undefined });
    await using everywhere = await startTcp(() => undefined, { host: "0.0.0.0" });
    assert.equal((await holderOf(machine, everywhere.port, "127.0.0.3")).process?.pid, process.pid);
  },
);

const asRoot = { skip: user.ids ? false : "only root can become another user" };

test("a process of another user is told as such, without a name", asRoot, async () => {
  await using shop = await startShop();
  const { ids } = user;
  assert.ok(ids && process.setegid && process.seteuid);
  process.setegid(ids.gid);
  process.seteuid(ids.uid);
  try {
    const found = await find(machine, shop.port);
    assert.deepEqual(found, { port: shop.port, addresses: ["127.0.0.1", "::1"] });
    assert.deepEqual(await holderOf(machine, shop.port), { words: "a process of another user" });
  } finally {
    process.seteuid(0);
    process.setegid(0);
  }
});

const system = systemRunner(process.env);
const withLsof = { skip: (await system.find("lsof")) ? false : "lsof is not installed" };

test("macOS's programs, as Linux has them, tell the same", withLsof, async () => {
  await using shop = await startShop();
  const runner = {
    ...system,
    run: async ({ program, arguments: list }: { program: string; arguments: readonly string[] }) =>
      system.run({ program: (await system.find(basename(program))) ?? program, arguments: list }),
  };
  const mac: Machine = { ...machine, platform: "darwin", runner };
  const found = await find(mac, shop.port);
  assert.deepEqual(found?.addresses, ["127.0.0.1", "::1"]);
  assert.equal(found.process?.name, "shop.cjs");
  assert.equal(found.process.folder, shop.folder);
});

test("on macOS nothing listening is no failure, lsof's own complaint is one", async () => {
  const mac = (status: number, errors: string): Machine => {
    return { ...machine, platform: "darwin", runner: scripted(() => refused(status, errors)) };
  };
  assert.deepEqual(await listeningPorts(mac(1, "Command failed: /usr/sbin/lsof")), { ok: true, value: [] });
  const failed = await listeningPorts(mac(1, "lsof: can't open /dev/kmem"));
  assert.ok(!failed.ok);
  assert.match(failed.error.message, /can't open \/dev\/kmem/);
});

test("on Windows the system's own netstat and tasklist are asked, wherever Windows lies", async () => {
  const runner = scripted(([first]) =>
    first === "-ano"
      ? said(
          "  TCP    127.0.0.1:3000   0.0.0.0:0   LISTENING   18244\r\n  TCP    [::]:3000   [::]:0   LISTENING   18244\r\n",
        )
      : said('"Docker Desktop.exe","18244","Console","1","64,120 K"\r\n'),
  );
  const environment = { SystemRoot: "D:\\Win" };
  const windows: Machine = { ...machine, platform: "win32", environment, runner };
  const process = { pid: 18244, name: "Docker Desktop" };
  assert.deepEqual(await listeningPorts(windows), {
    ok: true,
    value: [{ port: 3000, addresses: ["127.0.0.1", "::"], process }],
  });
  assert.deepEqual(runner.ran, [
    ["D:\\Win\\System32\\netstat.exe", "-ano"],
    ["D:\\Win\\System32\\tasklist.exe", "/FO", "CSV", "/NH"],
  ]);
  assert.equal((await holderOf(windows, 3000)).words, "Docker Desktop (pid 18244)");
});

test("another system says that it cannot be asked", async () => {
  const listed = await listeningPorts({ ...machine, platform: "aix" });
  assert.equal(listed.ok ? undefined : listed.error.code, "ports-unknown");
});
