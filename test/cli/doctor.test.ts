/** `oneport doctor` as a process: its lines, its exit status, and a hosts file that only it sees. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { renderHostsBlock } from "../../src/core/hosts-block.ts";
import { run } from "../e2e/program.ts";
import { startHttp } from "../mux/support.ts";
import { environment, inNamespace, nobody, noMounts, noOtherUser } from "../platform/hosts-support.ts";
import { TrustPlace } from "../platform/trust-place.ts";
import { cli, Workplace } from "./oneport.ts";

const withMounts = { skip: noMounts() };

/** No authority, so that no store of this machine has to trust one. */
const selfSigned = { "oneport.certificates": "selfSigned", "oneport.port": 47_399 };

interface Line {
  readonly check: string;
  readonly subject?: string;
  readonly state: string;
  readonly message: string;
  readonly remedy?: string;
}

/** Runs the doctor on routes, where this text is the system's hosts file. */
async function diagnosed(place: TrustPlace, routes: Record<string, unknown>, hosts: string) {
  await mkdir(join(place.home, ".vscode"), { recursive: true });
  const settings = { ...selfSigned, "oneport.routes": routes };
  await writeFile(join(place.home, ".vscode", "settings.json"), JSON.stringify(settings));
  const file = join(place.home, "hosts");
  await writeFile(file, hosts);
  const script = 'mount --bind "$1" /etc/hosts && shift && exec "$@"';
  const inside = ["sh", "-c", script, "sh", file, process.execPath, cli, "doctor", place.home, "--json"];
  const environment = { ...place.environment, ONEPORT_STATE_DIR: join(place.home, "fresh") };
  const ran = await run("unshare", ["--mount", "--propagation", "private", ...inside], environment);
  assert.equal(ran.errors, "");
  const lines: readonly Line[] = ran.output
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const wrong = lines
    .filter(({ state }) => state === "wrong")
    .map(({ check, message }) => `${check}: ${message}`);
  return { status: ran.status, lines, wrong };
}

const localhost = "127.0.0.1 localhost\n::1 localhost\n";
const shop = [
  { address: "127.0.0.1", name: "shop.test" },
  { address: "::1", name: "shop.test" },
];

test("everything well is exit status 0", withMounts, async () => {
  await using place = await TrustPlace.make();
  await using web = await startHttp((_request, response) => response.end());
  const hosts = localhost + renderHostsBlock(shop);
  const { status, wrong, lines } = await diagnosed(place, { "shop.test": web.port }, hosts);
  assert.deepEqual({ status, wrong }, { status: 0, wrong: [] });
  const name = lines.find(({ check, subject }) => check === "name" && subject === "shop.test");
  assert.match(name?.message ?? "", /^It resolves to (127\.0\.0\.1|::1)/);
  const checks = [...new Set(lines.map(({ check }) => check))];
  assert.deepEqual(checks, ["port", "name", "certificate", "target", "answer", "hosts", "environment"]);
});

test(
  "a name that another line maps elsewhere is told twice: where it leads, and which line it is",
  withMounts,
  async () => {
    await using place = await TrustPlace.make();
    await using web = await startHttp((_request, response) => response.end());
    const hosts = `10.1.2.3 shop.test\n${localhost}${renderHostsBlock(shop)}`;
    const { status, wrong } = await diagnosed(place, { "shop.test": web.port }, hosts);
    assert.equal(status, 1);
    assert.match(wrong.join("\n"), /^name: It resolves to .*10\.1\.2\.3.*, not to 127\.0\.0\.1 and ::1/m);
    assert.match(
      wrong.join("\n"),
      /^hosts: Line 1 of the hosts file maps shop\.test to 10\.1\.2\.3, too\.$/m,
    );
  },
);

test("a block that is damaged, lacks names, or has surplus ones is told as such", withMounts, async () => {
  await using place = await TrustPlace.make();
  await using web = await startHttp((_request, response) => response.end());
  const routes = { "shop.test": web.port };
  const whole = renderHostsBlock(shop);
  const damaged = await diagnosed(place, routes, localhost + whole.replace(/^# END.*\n/m, ""));
  assert.equal(damaged.status, 1);
  assert.match(damaged.wrong.join("\n"), /^hosts: /m);
  const lacking = await diagnosed(place, { ...routes, "api.test": web.port }, localhost + whole);
  assert.equal(lacking.status, 1);
  assert.ok(lacking.wrong.includes("hosts: Oneport's block lacks lines for api.test."));
  const surplus = await diagnosed(place, {}, localhost + whole);
  assert.equal(surplus.status, 0);
  const note = surplus.lines.find(({ check }) => check === "hosts");
  assert.deepEqual([note?.state, /for shop\.test\.$/.test(note?.message ?? "")], ["note", true]);
});

test("problems of the settings come first, with their places, and the running mux is found by itself", async () => {
  await using web = await startHttp((_request, response) => response.end());
  await using place = await Workplace.with({
    ...selfSigned,
    "oneport.routes": { "shop.localhost": web.port, "bad..name": 1 },
  });
  await using running = place.start(["--port", "0", "--json"]);
  const listening = JSON.parse(await running.output.next());
  const { status, output } = await place.run(["doctor"]);
  assert.equal(status, 1);
  const [first, second] = output.split("\n");
  assert.match(first ?? "", /^✗ \.vscode\/settings\.json:1:\d+: The domain "bad\.\.name"/);
  assert.match(second ?? "", new RegExp(`^. port ${listening.port}: Oneport listens there`));
  assert.match(output, /^✓ shop\.localhost: Its service answers 200 through Oneport\.$/m);
  assert.match(output, /^! shop\.localhost: Its certificate is self-signed/m);
});

test("a mux that does not answer is wrong, and no port is called free beside it", async () => {
  await using place = await Workplace.with(selfSigned);
  await using running = place.start(["--port", "0", "--json"]);
  const { port } = JSON.parse(await running.output.next());
  running.signal("SIGSTOP");
  const { status, output } = await place.run(["doctor"]);
  assert.equal(status, 1);
  const about = output.split("\n").filter((line) => / port \d/.test(line));
  assert.deepEqual(about, [
    `✗ port ${port}: The mux on port ${port} does not answer. Let the process that holds the port go on, or end it.`,
  ]);
});

test("beside a mux that has not made its authority yet every certificate is well the first time", async () => {
  await using web = await startHttp((_request, response) => response.end());
  const domains = ["a.localhost", "b.localhost", "c.localhost"];
  const routes = Object.fromEntries(domains.map((domain) => [domain, web.port]));
  await using place = await Workplace.with({ "oneport.routes": routes });
  await using running = place.start(["--port", "0", "--json"]);
  await running.output.next();
  const { output } = await place.run(["doctor", "--json"]);
  const lines: readonly Line[] = output
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const certificates = lines.filter(({ check }) => check === "certificate");
  assert.deepEqual(
    certificates.map(({ subject, state }) => [subject, state]),
    domains.map((domain) => [domain, "ok"]),
  );
});

test("where no authority can be made, no certificate is promised", { skip: noOtherUser() }, async () => {
  await using place = await Workplace.with({ "oneport.routes": { "a.localhost": 3000 } });
  await chmod(place.folder, 0o755);
  const { stdout } = spawnSync(process.execPath, [cli, "doctor"], {
    cwd: place.folder,
    env: { ...environment, ONEPORT_STATE_DIR: place.state },
    encoding: "utf8",
    uid: nobody,
    gid: nobody,
  });
  const about = stdout
    .split("\n")
    .filter((line) => line.includes("cannot be written") || /certificate can/.test(line));
  assert.deepEqual(about, [
    `✗ a.localhost: ${join(place.state, "ca")} cannot be written (EACCES). Make its folder writable, or set ONEPORT_STATE_DIR to one that is.`,
  ]);
});

for (const [what, change, reason, remedy] of [
  [
    "read-only",
    'mount -o remount,ro "$1"',
    "EROFS",
    "Set ONEPORT_STATE_DIR to a folder on another file system: this one is read-only.",
  ],
  [
    "full",
    'head -c 64k /dev/zero >"$1/fill" 2>&1 || true',
    "ENOSPC",
    "Make room on its file system, or set ONEPORT_STATE_DIR to a folder on another one.",
  ],
] as const) {
  test(`on a file system that is ${what}, no certificate is promised`, withMounts, async () => {
    await using place = await Workplace.with({ "oneport.routes": { "a.localhost": 3000 } });
    await mkdir(place.state);
    const script = `mount -t tmpfs -o size=64k oneport "$1"
${change}
ONEPORT_STATE_DIR=$1 exec "$2" "$3" doctor "$4"`;
    const { output } = inNamespace(script, place.state, process.execPath, cli, place.folder);
    const promises = output.split("\n").filter((line) => /cannot be written|certificate can/.test(line));
    assert.deepEqual(promises, [
      `✗ a.localhost: ${join(place.state, "ca")} cannot be written (${reason}). ${remedy}`,
    ]);
  });
}

test("a loopback interface that is down is told, whatever the port looks like", withMounts, async () => {
  await using place = await Workplace.with({});
  const words = ["--net", process.execPath, cli, "doctor", place.folder];
  const { output, status } = await run("unshare", words, { ...environment, ONEPORT_STATE_DIR: place.state });
  assert.equal(status, 1);
  assert.match(output, /^✗ loopback: The loopback interface is down, .* ip link set lo up/);
});

test("without settings the machine is looked at all the same; settings that were named must be there", async () => {
  await using place = await Workplace.with(undefined);
  const { output } = await place.run(["doctor"]);
  assert.match(output, /^! \.vscode\/settings\.json: There is no file/);
  assert.match(output, /^✓ \S*hosts: No route needs a line in it\.$/m);
  const named = await place.run(["doctor", "--config", "nowhere.json"]);
  assert.equal(named.status, 1);
  assert.match(named.output, /^✗ nowhere\.json: There is no file/);
});
