/** `oneport clean` as a process: what it asks, what it takes back, and what it leaves to an administrator. */
import assert from "node:assert/strict";
import { chown, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import manifest from "../../package.json" with { type: "json" };
import { renderHostsBlock } from "../../src/core/hosts-block.ts";
import { run } from "../e2e/program.ts";
import { localhost, nobody, shop } from "../platform/hosts-support.ts";
import { MountNamespace } from "../platform/mount-namespace.ts";
import { inOwnSystem, noOwnSystem } from "../platform/own-system.ts";
import { TrustPlace } from "../platform/trust-place.ts";
import { cli, Workplace } from "./oneport.ts";
import { onLinux, userHome } from "./user-home.ts";

const ownSystem = { skip: noOwnSystem() };
const obstacle = await MountNamespace.obstacle();

test(
  "where nobody can be asked nothing is removed; with --yes all of it goes, and a second run finds nothing",
  onLinux,
  async () => {
    await using place = await TrustPlace.make();
    const { oneport, profile, chromium } = await userHome(place);
    await oneport("ca", "trust");
    const asked = await oneport("clean");
    assert.equal(asked.status, 2);
    assert.match(asked.output, /^ {2}The authority and the certificates, with their keys {2,}\S/m);
    assert.match(asked.output, /^ {2}Trust in Oneport's authority: Firefox \(my profile\) /m);
    assert.match(asked.errors, /^oneport: Nothing was removed, .* "oneport clean --yes"/);
    assert.ok((await readdir(join(place.home, "my state", "ca"))).includes("issuer.key"));

    const cleaned = await oneport("clean", "--yes");
    assert.deepEqual({ status: cleaned.status, errors: cleaned.errors }, { status: 0, errors: "" });
    const lines = cleaned.output.trimEnd().split("\n");
    assert.ok(lines.every((line) => line.startsWith("✓ Removed: ")));
    const keys = lines.findIndex((line) => line.includes("with their keys"));
    assert.ok(keys < lines.findIndex((line) => line.includes("Trust in")), "the keys go before the trust");
    for (const folder of [profile, chromium]) {
      const { output } = await run("certutil", ["-L", "-d", `sql:${folder}`], place.environment);
      assert.doesNotMatch(output, /Oneport/);
    }
    assert.ok(!(await readdir(place.home)).includes("my state"));
    const second = await oneport("clean", "--yes");
    assert.deepEqual(second, { status: 0, output: "Nothing of Oneport is left.\n", errors: "" });
  },
);

test("what only an administrator may do is left with commands that need no Oneport, and do it", {
  skip: obstacle,
}, async () => {
  await using place = await TrustPlace.make();
  await using namespace = await MountNamespace.enter();
  const state = join(place.home, "my state");
  const environment = { ...place.environment, ONEPORT_STATE_DIR: state };
  const hosts = join(place.home, "hosts");
  await writeFile(hosts, `${localhost}${renderHostsBlock(shop)}10.0.0.1 printer\n`);
  assert.equal((await namespace.run("mount", ["--bind", hosts, "/etc/hosts"], environment)).status, 0);
  assert.equal((await namespace.run(process.execPath, [cli, "ca", "trust"], environment)).status, 0);
  for (const path of ["", ...(await readdir(place.home, { recursive: true }))]) {
    if (path !== "hosts") await chown(join(place.home, path), nobody, nobody);
  }
  const clean = () =>
    namespace.run(
      "setpriv",
      [
        "--reuid",
        String(nobody),
        "--regid",
        String(nobody),
        "--clear-groups",
        process.execPath,
        cli,
        "clean",
        "--yes",
      ],
      environment,
    );

  const first = await clean();
  assert.equal(first.status, 1, first.errors);
  assert.match(first.output, /^! Left for you to do: Oneport's lines in the hosts file \(\/etc\/hosts\)$/m);
  assert.match(first.output, /^! Left for you to do: Trust in Oneport's authority: System/m);
  assert.match(first.output, /^✓ Removed: The authority and the certificates, with their keys/m);
  assert.deepEqual(await readdir(state), ["trusted"]);
  const commands = first.output.match(/(?<=^ {4}sudo ).*/gm) ?? [];
  assert.ok(commands.length >= 2);
  for (const command of commands) {
    assert.doesNotMatch(command, /node|cli/);
    const done = await namespace.run("sh", ["-ec", command.replaceAll("sudo ", "")], environment);
    assert.equal(done.status, 0, command + done.errors);
  }
  assert.equal(await readFile(hosts, "utf8"), `${localhost}10.0.0.1 printer\n`);

  const second = await clean();
  assert.deepEqual([second.status, second.output.split("\n").length], [0, 2], second.output);
  assert.match(second.output, /^✓ Removed: Oneport's own records/);
  assert.equal((await clean()).output, "Nothing of Oneport is left.\n");
});

test("as root everything is taken back at once", { skip: obstacle }, async () => {
  await using place = await TrustPlace.make();
  await using namespace = await MountNamespace.enter();
  const environment = { ...place.environment, ONEPORT_STATE_DIR: join(place.home, "my state") };
  const hosts = join(place.home, "hosts");
  await writeFile(hosts, localhost + renderHostsBlock(shop));
  await namespace.run("mount", ["--bind", hosts, "/etc/hosts"], environment);
  const oneport = (...words: readonly string[]) =>
    namespace.run(process.execPath, [cli, ...words], environment);
  assert.equal((await oneport("ca", "trust")).status, 0);
  const cleaned = await oneport("clean", "--yes");
  assert.equal(cleaned.status, 0, cleaned.output + cleaned.errors);
  assert.equal(await readFile(hosts, "utf8"), localhost);
  const left = await namespace.run("ls", ["/etc/ssl/certs", "/usr/local/share/ca-certificates"], environment);
  assert.doesNotMatch(left.output, /oneport/);
  assert.equal((await oneport("clean")).output, "Nothing of Oneport is left.\n");
});

test("roots whose records are lost go from the system's store, and from Java's beside it", {
  skip: obstacle,
}, async () => {
  await using place = await TrustPlace.make();
  await using namespace = await MountNamespace.enter();
  const state = join(place.home, "my state");
  const environment = { ...place.environment, ONEPORT_STATE_DIR: state };
  const oneport = (...words: readonly string[]) =>
    namespace.run(process.execPath, [cli, ...words], environment);
  const trusted = await oneport("ca", "trust");
  assert.equal(trusted.status, 0, trusted.output);
  await rm(state, { recursive: true });
  const cleaned = await oneport("clean", "--yes");
  assert.equal(cleaned.status, 0, cleaned.output + cleaned.errors);
  // Java's store has certificates as they are, each with its name in plain text.
  const places = ["/etc/ssl/certs", "/usr/local/share/ca-certificates"];
  const left = await namespace.run("grep", ["-rlE", "Oneport root|oneport-", ...places], environment);
  assert.equal(left.output, "");
  assert.equal((await oneport("clean")).output, "Nothing of Oneport is left.\n");
});

test(
  "what a killed writer left beside the hosts file goes, or is left to an administrator",
  ownSystem,
  async () => {
    const script = `export HOME=/mnt/home ONEPORT_STATE_DIR=/mnt/home/state
      touch /etc/.hosts.oneport-lock /etc/.hosts.oneport-new-0a1b2c3d
      setpriv --reuid ${nobody} --clear-groups "$1" "$2" clean --yes; echo $?
      "$1" "$2" clean --yes; ls -A /etc | grep oneport; "$1" "$2" clean`;
    const { output, errors } = inOwnSystem(`set +e\n${script}`, process.execPath, cli);
    assert.equal(errors, "");
    const what = "What a write to the hosts file that was cut short left beside it (/etc)";
    const why = "It cannot be deleted (EACCES). As an administrator, delete";
    assert.equal(
      output,
      `✗ Not removed: ${what}. ${why} /etc/.hosts.oneport-lock and /etc/.hosts.oneport-new-0a1b2c3d.\n1\n` +
        `✓ Removed: ${what}\nNothing of Oneport is left.\n`,
    );
  },
);

test("a mux that runs is ended first, so that it does not make another authority", async () => {
  await using place = await Workplace.with({ "oneport.routes": { "shop.localhost": 3000 } });
  const home = { HOME: place.folder };
  await using running = place.start(["--port", "0", "--json"], home);
  const { port } = JSON.parse(await running.output.next());
  await place.run(["ca", "path"], home);
  const { output } = await place.run(["clean", "--yes"], home);
  assert.match(output, new RegExp(`^Ended the mux on port ${port}, for all its windows\\.$`, "m"));
  await running.ended();
  assert.ok(!(await readdir(place.folder)).includes("state"), output);
});

test(
  "what VS Code runs when the extension is uninstalled removes everything, and asks nobody",
  onLinux,
  async () => {
    await using place = await TrustPlace.make();
    const { oneport } = await userHome(place);
    await oneport("ca", "trust");
    const [program, bundle, ...words] = manifest.scripts["vscode:uninstall"].split(" ");
    assert.deepEqual([program, bundle], ["node", "./dist/cli.cjs"]);
    const uninstalled = await oneport("--type=extension-post-uninstall", ...words);
    assert.equal(uninstalled.errors, "");
    assert.match(uninstalled.output, /^✓ Removed: The authority and the certificates, with their keys/m);
    assert.equal((await oneport("clean")).output, "Nothing of Oneport is left.\n");
  },
);
