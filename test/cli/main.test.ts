/** The commands that start nothing, as processes: their outputs and their exit statuses. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { access, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import manifest from "../../package.json" with { type: "json" };
import { commandNames } from "../../src/cli/arguments.ts";
import { helpFor, sampleSettings } from "../../src/cli/help.ts";
import { parseSettings } from "../../src/core/settings.ts";
import { inNamespace, noMounts } from "../platform/hosts-support.ts";
import { cli, Workplace } from "./oneport.ts";

const shop = {
  "editor.tabSize": 2,
  "oneport.routes": {
    "shop.localhost": 3000,
    "api.shop.test": "http://localhost:4000",
    "db.shop.test": "tcp://localhost:5432",
    "*.preview.shop.test": ["http://localhost:3001", "http://localhost:3002"],
  },
};

/** One good route, and problems whose places can be counted. */
const faulty = `{
  // a comment
  "oneport.port": "many",
  "oneport.routes": {
    "shop.localhost": 3000,
    "bad..name": 3000,
    "api.shop.test": "htp://localhost:1",
  },
}
`;

const isColoured = (text: string) => text.includes("\u001b[");

test("--help teaches on standard output and is done", async () => {
  await using place = await Workplace.with(undefined);
  const { status, output, errors } = await place.run(["--help"]);
  assert.deepEqual({ status, errors }, { status: 0, errors: "" });
  for (const name of commandNames)
    assert.ok(output.includes(`oneport ${name}`), `${name} is not in the help`);
  assert.match(output, /"shop\.localhost": 3000/);
  assert.match(output, /curl --cacert/);
});

test("every command has help of its own with an example, and no line is wider than a terminal", () => {
  for (const name of commandNames) {
    assert.match(helpFor(name), new RegExp(`^oneport ${name}[\\s\\S]*Examples:\n  \\S`));
  }
  for (const name of [undefined, ...commandNames]) {
    for (const line of helpFor(name).split("\n")) assert.ok(line.length <= 100, line);
  }
});

test("the help speaks of no command that does not exist", () => {
  const known = new Set(commandNames.flatMap((name) => [name, name.split(" ")[0]]));
  for (const name of [undefined, ...commandNames]) {
    for (const [, word] of helpFor(name).matchAll(/\boneport ([a-z]+)/g))
      assert.ok(known.has(word ?? ""), word);
  }
});

test("the settings in the help are good ones", () => {
  const { settings, problems } = parseSettings(JSON.parse(sampleSettings));
  assert.deepEqual(problems, []);
  assert.equal(settings.routes.length, 3);
});

test("--version is that of the package", async () => {
  await using place = await Workplace.with(undefined);
  const { status, output } = await place.run(["--version"]);
  assert.deepEqual({ status, output }, { status: 0, output: `${manifest.version}\n` });
});

test("wrong use is status 2 and one line on standard error", async () => {
  await using place = await Workplace.with(shop);
  for (const wrong of [[], ["clean", "all"], ["start", "--port", "x"], ["routes", "--nope"]]) {
    const { status, output, errors } = await place.run(wrong);
    assert.deepEqual({ status, output }, { status: 2, output: "" }, wrong.join(" "));
    assert.match(errors, /^oneport: [^\n]+\n$/);
  }
});

test("routes shows each route, how it is carried and its own address, plainly into a pipe", async () => {
  await using place = await Workplace.with(shop);
  const { status, output, errors } = await place.run(["routes"]);
  assert.deepEqual({ status, errors }, { status: 0, errors: "" });
  const [head, ...lines] = output.trimEnd().split("\n");
  assert.match(head ?? "", /^DOMAIN +TARGET +CARRIED +OWN ADDRESS$/);
  assert.match(lines[0] ?? "", /^shop\.localhost +→ http:\/\/localhost:3000 +HTTP and WebSocket$/);
  assert.match(
    lines[2] ?? "",
    /^db\.shop\.test +→ tcp:\/\/localhost:5432 +TCP, TLS ended here +127\.77\.\d+\.\d+$/,
  );
  assert.match(lines[3] ?? "", /→ http:\/\/localhost:3001, http:\/\/localhost:3002 /);
  assert.equal(lines.length, 4);
  assert.ok(!isColoured(output));
});

test("FORCE_COLOR colours a pipe, and NO_COLOR does not stop it", async () => {
  await using place = await Workplace.with(shop);
  assert.ok(isColoured((await place.run(["routes"], { FORCE_COLOR: "1" })).output));
  assert.ok(isColoured((await place.run(["routes"], { FORCE_COLOR: "1", NO_COLOR: "1" })).output));
  assert.ok(!isColoured((await place.run(["routes"], { FORCE_COLOR: "0" })).output));
});

test("routes tells every problem with its place, shows the good ones and has status 1", async () => {
  await using place = await Workplace.with(faulty);
  const { status, output, errors } = await place.run(["routes"]);
  assert.equal(status, 1);
  assert.match(output, /^shop\.localhost /m);
  assert.doesNotMatch(output, /api\.shop/);
  const file = join(".vscode", "settings.json");
  const places = errors
    .trimEnd()
    .split("\n")
    .map((line) => line.split(": ", 1)[0]);
  assert.deepEqual(places, [`${file}:3:19`, `${file}:6:5`, `${file}:7:22`]);
});

test("routes lists what is disabled as such", async () => {
  await using place = await Workplace.with({
    "oneport.routes": {
      "a.localhost": 1,
      "b.localhost": { to: 2, enabled: false },
      "c.test": { enabled: false },
    },
  });
  const people = await place.run(["routes"]);
  assert.match(
    people.output,
    /\na\.localhost .*\nDisabled: b\.localhost → http:\/\/localhost:2\nDisabled: c\.test → nothing yet\n$/,
  );
  const programs = await place.run(["routes", "--json"]);
  const [, ...disabled] = programs.output
    .trimEnd()
    .split("\n")
    .map((line): unknown => JSON.parse(line));
  assert.deepEqual(disabled, [
    { type: "route", domain: "b.localhost", targets: ["http://localhost:2"], enabled: false },
    { type: "route", domain: "c.test", targets: [], enabled: false },
  ]);
});

test("output that cannot be written is status 1 and one line", async () => {
  await using place = await Workplace.with({ "oneport.routes": { "a.localhost": 1 } });
  for (const command of [["routes", "--json"], ["--help"], ["ca", "path"], ["start", "--port", "0"]]) {
    const { status, errors } = await place.runInto("/dev/full", command);
    assert.equal(status, 1);
    assert.match(errors, /^oneport: The output could not be written \(ENOSPC\)[^\n]*\n$/);
  }
});

test("routes --json is one object a line", async () => {
  await using place = await Workplace.with(faulty);
  const { status, output, errors } = await place.run(["routes", "--json"]);
  assert.deepEqual({ status, errors }, { status: 1, errors: "" });
  const [route, ...problems] = output
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const targets = ["http://localhost:3000"];
  assert.deepEqual(route, { type: "route", domain: "shop.localhost", kind: "http", targets });
  assert.deepEqual(
    problems.map(({ type, file, line, column }) => ({ type, file, line, column })),
    [
      { type: "problem", file: place.settings, line: 3, column: 19 },
      { type: "problem", file: place.settings, line: 6, column: 5 },
      { type: "problem", file: place.settings, line: 7, column: 22 },
    ],
  );
});

test("a folder without a settings file is told in one line which file to write, and what into it", async () => {
  await using place = await Workplace.with(undefined);
  for (const command of [["start"], ["routes"], ["hosts", "print"]]) {
    const { status, output, errors } = await place.run([...command, place.folder]);
    assert.deepEqual({ status, output }, { status: 1, output: "" });
    assert.match(errors, /^oneport: There is no file [^\n]+\n$/);
    assert.ok(errors.includes(place.settings));
    const [sample = ""] = /\{ .* \}/.exec(errors) ?? [];
    assert.equal(parseSettings(JSON.parse(sample)).settings.routes.length, 1);
  }
});

test("in a folder that was deleted what is named absolutely works, and the rest says what is missing", {
  skip: process.platform === "win32" ? "Windows deletes no folder that somebody is in" : false,
}, async () => {
  await using place = await Workplace.with({ "oneport.routes": { "shop.localhost": 3000, "bad..name": 1 } });
  const named = await place.runNowhere(["routes", place.folder]);
  assert.match(named.output, /^shop\.localhost /m);
  assert.ok(named.errors.startsWith(`${place.settings}:1:`), named.errors);
  await using mux = place.startNowhere(["--port", "0"]);
  await mux.output.until(/listens on port/);
  mux.signal("SIGINT");
  assert.equal(await mux.ended(), 0);
  assert.deepEqual(await place.runNowhere(["routes"]), {
    status: 1,
    output: "",
    errors:
      "oneport: The current folder does not exist any more. Go to another one, or name what is meant by its absolute path.\n",
  });
});

test("a broken settings file is status 1 and one line with the place", async () => {
  await using place = await Workplace.with('{\n  "oneport.routes": {\n    "a": 1,,\n  }\n}');
  for (const command of [["start", "--port", "0"], ["routes"], ["hosts", "print"]]) {
    const { status, output, errors } = await place.run(command);
    assert.deepEqual({ status, output }, { status: 1, output: "" });
    assert.match(errors, /^[^\n]*settings\.json:3:12: [^\n]+\n$/);
  }
});

test("--config names another file in the same form", async () => {
  await using place = await Workplace.with(shop);
  const { status, output } = await place.run(["routes", "/nowhere", "--config", place.settings]);
  assert.equal(status, 0);
  assert.match(output, /^shop\.localhost /m);
});

test("a .code-workspace file is read below its key for settings, and problems have their places there", async () => {
  await using place = await Workplace.with(undefined);
  const file = join(place.folder, "shop.code-workspace");
  const settings = { "oneport.routes": { "shop.localhost": 3000, "bad..name": 1 } };
  await writeFile(file, `{ "folders": [],\n"settings":\n${JSON.stringify(settings)} }`);
  const { status, output, errors } = await place.run(["routes", "--config", file]);
  assert.equal(status, 1);
  assert.match(output, /^shop\.localhost /m);
  assert.match(errors, /^shop\.code-workspace:3:42: .*bad\.\.name/);
});

test("settings that are nested below one key are told where they are, and how to write them", async () => {
  await using place = await Workplace.with('{\n  "oneport": { "routes": { "shop.localhost": 3000 } } }');
  const { status, errors } = await place.run(["routes"]);
  assert.equal(status, 1);
  assert.match(
    errors,
    /^\.vscode.settings\.json:2:3: .*an object.* Write "oneport\.routes" in its place\.\n$/,
  );
});

test("hosts print prints the marked block, and nothing under localhost", async () => {
  await using place = await Workplace.with(shop);
  const { status, output, errors } = await place.run(["hosts", "print"]);
  assert.deepEqual({ status, errors }, { status: 0, errors: "" });
  const [begin, ...lines] = output.trimEnd().split("\n");
  assert.match(begin ?? "", /^# BEGIN Oneport/);
  assert.match(lines.pop() ?? "", /^# END Oneport$/);
  assert.deepEqual(lines.slice(0, 2), ["127.0.0.1 api.shop.test", "::1 api.shop.test"]);
  assert.match(lines[2] ?? "", /^127\.77\.\d+\.\d+ db\.shop\.test$/);
  assert.equal(lines.length, 3);
});

test("hosts print with nothing to print says so, but not into the pipe", async () => {
  await using place = await Workplace.with({ "oneport.routes": { "shop.localhost": 3000 } });
  const { status, output, errors } = await place.run(["hosts", "print"]);
  assert.deepEqual({ status, output }, { status: 0, output: "" });
  assert.equal(errors, "No route needs a line in the hosts file.\n");
});

test("ca path prints the certificate's path, making the authority the first time only", async () => {
  await using place = await Workplace.with(undefined);
  await assert.rejects(access(place.state));
  const first = await place.run(["ca", "path"]);
  assert.deepEqual(first, { status: 0, output: `${join(place.state, "ca", "root.crt")}\n`, errors: "" });
  const certificate = await readFile(first.output.trim(), "utf8");
  assert.equal(new X509Certificate(certificate).ca, true);
  assert.deepEqual(await place.run(["ca", "path"]), first);
  assert.equal(await readFile(first.output.trim(), "utf8"), certificate);
});

test("a state directory that cannot be had is status 1 and one line that names it", async () => {
  await using place = await Workplace.with(shop);
  const impossible = join(place.settings, "below-a-file");
  const { status, output, errors } = await place.run(["ca", "path"], { ONEPORT_STATE_DIR: impossible });
  assert.deepEqual({ status, output }, { status: 1, output: "" });
  assert.match(errors, /^oneport: [^\n]+\n$/);
  assert.ok(errors.includes(impossible));
});

test("an old Node is refused in one line, before anything else", async () => {
  await using place = await Workplace.with(shop);
  const pretend = `Object.defineProperty(process, "versions", { value: { node: "20.20.2" } })`;
  const { status, output, errors } = await place.run(["--nonsense"], {
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(pretend)}`,
  });
  assert.deepEqual({ status, output }, { status: 1, output: "" });
  assert.equal(errors, "oneport: Node 20.20.2 is too old. Run it with Node 22.15 or newer.\n");
});

test("a state folder on a read-only file system is told as that", { skip: noMounts() }, async () => {
  await using place = await Workplace.with({ "oneport.routes": { "a.localhost": 3000 } });
  await mkdir(place.state);
  const script = `mount -t tmpfs -o ro oneport "$1"
export ONEPORT_STATE_DIR=$1/deep/down
shift && exec "$@"`;
  for (const words of [
    ["start", place.folder, "--port", "0"],
    ["ca", "path"],
  ]) {
    const { status, errors } = inNamespace(script, place.state, process.execPath, cli, ...words);
    assert.equal(status, 1);
    assert.match(errors, /^oneport: \S+deep\/down\S*[^\n]* \(EROFS\)[^\n]+\n$/, words.join(" "));
  }
});
