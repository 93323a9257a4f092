/** `oneport hosts apply` and `remove` as processes, on files of their own or where nobody else sees `/etc`. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { chmod, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { hostsMarkers, renderHostsBlock } from "../../src/core/hosts-block.ts";
import { assignAddresses } from "../../src/core/loopback.ts";
import {
  environment,
  inNamespace,
  localhost,
  nobody,
  noMounts,
  noOtherUser,
} from "../platform/hosts-support.ts";
import { cli, Workplace } from "./oneport.ts";

const { begin, end } = hostsMarkers;

const routes = (names: { readonly [domain: string]: unknown }) => ({ "oneport.routes": names });
const shop = routes({
  "shop.localhost": 1,
  "shop.test": 3000,
  "db.shop.test": "tcp://localhost:5432",
  "*.test": 2,
});
const shopEntries = [
  { address: "127.0.0.1", name: "shop.test" },
  { address: "::1", name: "shop.test" },
  { address: assignAddresses(["db.shop.test"]).get("db.shop.test") ?? "", name: "db.shop.test" },
];

/** A folder with settings, and beside them the file `hosts`. */
async function placeWith(settings: unknown, content: string | Buffer = localhost) {
  const place = await Workplace.with(settings);
  const file = join(place.folder, "hosts");
  await writeFile(file, content);
  return Object.assign(place, { file });
}

test("apply writes the block and shows each line, says when there is nothing to do, and remove takes it back", async () => {
  const before = "\ufeff127.0.0.1 localhost\r\n\r\n# no end";
  await using place = await placeWith(shop, before);
  const first = await place.run(["hosts", "apply", "--file", "hosts"]);
  const lines = [
    begin,
    "# (the line above had no line end)",
    ...shopEntries.map(({ address, name }) => `${address} ${name}`),
    end,
  ];
  const shown = (sign: string) =>
    [`${place.file} is written:`, ...lines.map((line) => `${sign} ${line}`), ""].join("\n");
  assert.deepEqual(first, { status: 0, output: shown("+"), errors: "" });
  assert.equal(
    await readFile(place.file, "utf8"),
    `${before}\r\n${lines.map((line) => `${line}\r\n`).join("")}`,
  );

  const again = await place.run(["hosts", "apply", place.folder, "--file", "hosts"]);
  assert.deepEqual(again, { status: 0, output: `${place.file} needs no change.\n`, errors: "" });

  const removed = await place.run(["hosts", "remove", "--file", "hosts"]);
  assert.deepEqual(removed, { status: 0, output: shown("-"), errors: "" });
  assert.equal(await readFile(place.file, "utf8"), before);
  const nothing = await place.run(["hosts", "remove", "--file", place.file]);
  assert.deepEqual(nothing, { status: 0, output: `${place.file} needs no change.\n`, errors: "" });
});

test("the folder's routes take the place of those that another folder had written", async () => {
  await using place = await placeWith(shop);
  await place.run(["hosts", "apply", "--file", "hosts"]);
  await place.write(routes({ "shop.test": 3000, "new.test": 1 }));
  const { status, output } = await place.run([
    "hosts",
    "apply",
    "--config",
    place.settings,
    "--file",
    "hosts",
  ]);
  assert.equal(status, 0);
  assert.deepEqual(output.trimEnd().split("\n").slice(1), [
    `- ${shopEntries[2]?.address} db.shop.test`,
    "+ 127.0.0.1 new.test",
    "+ ::1 new.test",
  ]);
  await place.write(routes({ "shop.localhost": 1 }));
  assert.equal((await place.run(["hosts", "apply", "--file", "hosts"])).status, 0);
  assert.equal(await readFile(place.file, "utf8"), localhost);
});

test("a public name is left out until somebody agrees to that very name, and then stays", async () => {
  await using place = await placeWith(
    routes({ "shop.test": 1, "shop.com": 2, "bank.com": "tcp://localhost:3" }),
  );
  const apply = (...list: string[]) => place.run(["hosts", "apply", "--file", "hosts", ...list]);
  const names = async () =>
    [...(await readFile(place.file, "utf8")).matchAll(/^\S+ (\S+\.\w+)$/gm)].map((match) => match[1]);

  const none = await apply();
  assert.equal(none.status, 1);
  assert.match(
    none.errors,
    /^oneport: shop\.com is left out .* "--allow shop\.com".*\noneport: bank\.com is left out .*\n$/,
  );
  assert.deepEqual(await names(), ["shop.test", "shop.test"]);

  const one = await apply("--allow", "SHOP.com.", "--allow", "com");
  assert.equal(one.status, 1);
  assert.match(one.errors, /^oneport: bank\.com [^\n]*\n$/);
  assert.deepEqual(await names(), ["shop.test", "shop.test", "shop.com", "shop.com"]);

  assert.equal((await apply("--allow", "bank.com")).status, 0);
  assert.deepEqual(await apply(), { status: 0, output: `${place.file} needs no change.\n`, errors: "" });
  assert.equal((await names()).length, 5);
});

/** Runs in a terminal, and types `answer` at each question. */
async function inTerminal(place: Workplace, list: readonly string[], answer: string) {
  const words = [process.execPath, cli, ...list].map((word) => `'${word}'`).join(" ");
  const child = spawn("script", ["--quiet", "--return", "--command", words, "/dev/null"], {
    cwd: place.folder,
    env: { ...environment, TERM: "dumb" },
  });
  let output = "";
  let answered = 0;
  child.stdout.on("data", (chunk) => {
    output += chunk;
    for (; answered < output.split("[y/N]").length - 1; answered++) child.stdin.write(answer);
  });
  const status = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { status, output, questions: answered };
}

const terminal = {
  skip: spawnSync("script", ["--version"]).stdout?.includes("util-linux")
    ? false
    : "there is no script(1) of util-linux",
};

test("in a terminal each public name is a question, and only a yes writes it", terminal, async () => {
  await using place = await placeWith(routes({ "shop.test": 1, "shop.com": 2, "bank.com": 3 }));
  const list = ["hosts", "apply", "--file", "hosts"];
  const local = localhost + renderHostsBlock(shopEntries.slice(0, 2));
  for (const answer of ["\n", "n\n", "yo\n"]) {
    const { status, questions } = await inTerminal(place, list, answer);
    assert.deepEqual([status, questions], [0, 2], answer);
    assert.equal(await readFile(place.file, "utf8"), local);
  }
  const stopped = await inTerminal(place, list, "\u0003");
  assert.deepEqual([stopped.status, stopped.questions], [1, 1]);
  assert.match(stopped.output, /Nothing was done/);
  const agreed = await inTerminal(place, list, "y\n");
  assert.deepEqual([agreed.status, agreed.questions], [0, 2]);
  assert.match(agreed.output, /shop\.com can be somebody's on the Internet/);
  assert.match(await readFile(place.file, "utf8"), /^::1 shop\.com\n127\.0\.0\.1 bank\.com$/m);
});

test("a line that maps a name elsewhere is told with its number", async () => {
  await using place = await placeWith(shop, `${localhost}10.0.0.9 Shop.test\n`);
  const { status, errors } = await place.run(["hosts", "apply", "--file", "hosts"]);
  assert.equal(status, 0);
  assert.match(errors, /^oneport: Line 3 of the hosts file maps shop\.test to 10\.0\.0\.9, too\. [^\n]+\n$/);
});

test("what cannot be edited stays, and is one line with status 1", async () => {
  await using place = await placeWith(shop, `${begin}\n`);
  for (const command of ["apply", "remove"]) {
    const damaged = await place.run(["hosts", command, "--file", "hosts"]);
    assert.deepEqual([damaged.status, damaged.output], [1, ""]);
    assert.match(
      damaged.errors,
      /^oneport: Oneport's markers .* line 1 begins a block\. Delete line 1 [^\n]+\n$/,
    );
    const missing = await place.run(["hosts", command, "--file", "other"]);
    assert.deepEqual([missing.status, missing.output], [1, ""]);
    assert.match(missing.errors, /^oneport: There is no [^\n]+other\. [^\n]+\n$/);
  }
  assert.equal(await readFile(place.file, "utf8"), `${begin}\n`);
  assert.deepEqual((await readdir(place.folder)).sort(), [".vscode", "hosts"]);
});

test("whoever may not write is shown the lines and the command, and the command does it", {
  skip: noOtherUser(),
}, async () => {
  await using place = await placeWith(routes({ "shop.test": 1, "shop.com": 2 }));
  await chmod(place.folder, 0o755);
  const run = (...list: string[]) =>
    spawnSync(process.execPath, [cli, "hosts", ...list, "--file", "hosts"], {
      cwd: place.folder,
      env: environment,
      encoding: "utf8",
      uid: nobody,
      gid: nobody,
    });
  const refused = run("apply", "--allow", "shop.com");
  assert.equal(refused.status, 1);
  assert.equal(refused.stdout.split("\n")[0], `To be written into ${place.file}:`);
  assert.ok(refused.stdout.includes(`\n+ ::1 shop.com\n+ ${end}\n`));
  const [, command] =
    /^oneport: \S+ cannot be written by this user \(EACCES\)\. Run: sudo (.*)\n$/.exec(refused.stderr) ?? [];
  assert.equal(
    command,
    `${process.execPath} ${cli} hosts apply ${place.folder} --file ${place.file} --allow shop.com`,
  );
  assert.equal(await readFile(place.file, "utf8"), localhost);

  assert.equal(spawnSync("sh", ["-c", command], { env: environment, cwd: "/" }).status, 0);
  assert.match(await readFile(place.file, "utf8"), /^::1 shop\.com$/m);
  assert.equal(run("apply").status, 0);

  const removal = run("remove");
  assert.match(removal.stderr, / hosts remove --file \S+\n$/);
  assert.ok(removal.stdout.includes("\n- ::1 shop.com\n"));
});

test("a folder with blanks and quotes is quoted in that command", { skip: noOtherUser() }, async () => {
  await using place = await placeWith(shop);
  await chmod(place.folder, 0o755);
  const odd = join(place.folder, "it's $HOME.json");
  await writeFile(odd, JSON.stringify(shop));
  const list = ["hosts", "apply", "--config", odd, "--file", place.file];
  const { stderr } = spawnSync(process.execPath, [cli, ...list], {
    env: environment,
    encoding: "utf8",
    uid: nobody,
  });
  const [, command = ""] = /Run: sudo (.*)\n$/.exec(stderr) ?? [];
  assert.equal(spawnSync("sh", ["-c", command], { env: environment, cwd: "/" }).status, 0);
  assert.match(await readFile(place.file, "utf8"), /^::1 shop\.test$/m);
});

test("eight folders applied at once leave one whole block of one of them", async () => {
  const names = Array.from({ length: 8 }, (_, index) => `folder${index}.test`);
  await using place = await placeWith(shop);
  await Promise.all(
    names.map((name) => writeFile(join(place.folder, `${name}.json`), JSON.stringify(routes({ [name]: 1 })))),
  );
  const runs = names.map((name) =>
    place.run(["hosts", "apply", "--config", `${name}.json`, "--file", "hosts"]),
  );
  for (const { status, errors } of await Promise.all(runs)) assert.deepEqual([status, errors], [0, ""]);
  const content = await readFile(place.file, "utf8");
  const possible = names.map((name) => {
    const lines = ["127.0.0.1", "::1"].map((address) => ({ address, name }));
    return localhost + renderHostsBlock(lines);
  });
  assert.ok(possible.includes(content), content);
});

test("on the system's own file, mounted or not, each name is then looked up", {
  skip: noMounts(),
}, async () => {
  await using place = await Workplace.with(shop);
  const real = await stat("/etc/hosts");
  const { output, errors, status } = inNamespace(
    `folder=$1; shift
    mkdir "$folder/etc"
    printf '127.0.0.1 localhost\\n' >"$folder/etc/hosts"
    echo 'hosts: files' >"$folder/etc/nsswitch.conf"
    mount --bind "$folder/etc" /etc
    "$@" apply "$folder"
    grep -c shop.test /etc/hosts
    mount --bind /etc/hosts /etc/hosts
    "$@" remove
    cat /etc/hosts
    echo '10.0.0.9 shop.test' >>/etc/hosts
    "$@" apply "$folder"
    echo 'hosts: dns' >/etc/nsswitch.conf
    "$@" apply "$folder"`,
    ...[place.folder, process.execPath, cli, "hosts"],
  );
  assert.equal(status, 0, errors);
  assert.match(
    output,
    /^\/etc\/hosts is written:\n(\+ .*\n){5}3\n\/etc\/hosts is written:\n(- .*\n){5}127\.0\.0\.1 localhost\n/,
  );
  const [line, elsewhere, again, ...unresolved] = errors.trimEnd().split("\n");
  assert.match(line ?? "", /Line 2 of the hosts file maps shop\.test to 10\.0\.0\.9/);
  assert.match(
    elsewhere ?? "",
    /shop\.test resolves to .*10\.0\.0\.9.*; the hosts file was given 127\.0\.0\.1 and ::1\./,
  );
  assert.equal(again, line);
  assert.equal(unresolved.length, 2);
  for (const each of unresolved) assert.match(each, /does not resolve \(E\w+\).*nsswitch\.conf/);
  const after = await stat("/etc/hosts");
  assert.deepEqual([after.ino, after.ctimeMs], [real.ino, real.ctimeMs]);
});
