/** What can be typed, and what is answered to anything else. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseArguments } from "../../src/cli/arguments.ts";

const defaults = {
  folder: ".",
  config: undefined,
  port: undefined,
  json: false,
  file: undefined,
  allow: [],
  yes: false,
};

const accepted: readonly (readonly [line: string, invocation: object])[] = [
  ["start", { kind: "run", command: "start", options: defaults }],
  [
    "start shop --port 8443",
    { kind: "run", command: "start", options: { ...defaults, folder: "shop", port: 8443 } },
  ],
  ["start --port=0 --json", { kind: "run", command: "start", options: { ...defaults, port: 0, json: true } }],
  ["start --port auto", { kind: "run", command: "start", options: { ...defaults, port: "auto" } }],
  ["start --port 65535", { kind: "run", command: "start", options: { ...defaults, port: 65_535 } }],
  ["--json start", { kind: "run", command: "start", options: { ...defaults, json: true } }],
  ["routes --config a.json", { kind: "run", command: "routes", options: { ...defaults, config: "a.json" } }],
  ["status --json", { kind: "run", command: "status", options: { ...defaults, json: true } }],
  [
    "routes shop --json",
    { kind: "run", command: "routes", options: { ...defaults, folder: "shop", json: true } },
  ],
  ["hosts print shop", { kind: "run", command: "hosts print", options: { ...defaults, folder: "shop" } }],
  [
    "hosts print --config a.json --file h",
    { kind: "run", command: "hosts print", options: { ...defaults, config: "a.json", file: "h" } },
  ],
  [
    "hosts apply --config a.json",
    { kind: "run", command: "hosts apply", options: { ...defaults, config: "a.json" } },
  ],
  ["hosts apply", { kind: "run", command: "hosts apply", options: defaults }],
  [
    "hosts apply shop --file h --allow shop.com --allow=B\u00fccher.DE.",
    {
      kind: "run",
      command: "hosts apply",
      options: { ...defaults, folder: "shop", file: "h", allow: ["shop.com", "xn--bcher-kva.de"] },
    },
  ],
  [
    "hosts remove shop --config a.json --file h",
    {
      kind: "run",
      command: "hosts remove",
      options: { ...defaults, folder: "shop", config: "a.json", file: "h" },
    },
  ],
  ["ca path", { kind: "run", command: "ca path", options: defaults }],
  ["ca trust --json", { kind: "run", command: "ca trust", options: { ...defaults, json: true } }],
  ["ca untrust --json", { kind: "run", command: "ca untrust", options: { ...defaults, json: true } }],
  ["ca untrust", { kind: "run", command: "ca untrust", options: defaults }],
  [
    "ca trust --allow shop.com",
    { kind: "run", command: "ca trust", options: { ...defaults, allow: ["shop.com"] } },
  ],
  [
    "doctor shop --json",
    { kind: "run", command: "doctor", options: { ...defaults, folder: "shop", json: true } },
  ],
  ["doctor --config a.json", { kind: "run", command: "doctor", options: { ...defaults, config: "a.json" } }],
  ["clean --yes", { kind: "run", command: "clean", options: { ...defaults, yes: true } }],
  ["--help", { kind: "help", command: undefined }],
  ["-h", { kind: "help", command: undefined }],
  ["start --help", { kind: "help", command: "start" }],
  ["hosts --help", { kind: "help", command: undefined }],
  ["hosts print -h", { kind: "help", command: "hosts print" }],
  ["--version", { kind: "version" }],
];

for (const [line, invocation] of accepted) {
  test(`"oneport ${line}" is understood`, () => {
    assert.deepEqual(parseArguments(line.split(" ")), { ok: true, value: invocation });
  });
}

const refused: readonly (readonly [line: string, said: string])[] = [
  ["", 'No command given. See "oneport --help".'],
  ["--json", '--json needs a command before it. See "oneport --help".'],
  ["frobnicate --yes", 'Unknown command "frobnicate". See "oneport --help".'],
  ["clean all", '"oneport clean" does not know what to do with "all". See "oneport clean --help".'],
  ["status shop", '"oneport status" does not know what to do with "shop". See "oneport status --help".'],
  ["stop shop", '"oneport stop" does not know what to do with "shop". See "oneport stop --help".'],
  [
    "ca trust shop",
    '"oneport ca trust" does not know what to do with "shop". See "oneport ca trust --help".',
  ],
  [
    "ca untrust shop",
    '"oneport ca untrust" does not know what to do with "shop". See "oneport ca untrust --help".',
  ],
  ["doctor --yes", '"oneport doctor" has no option "--yes". See "oneport doctor --help".'],
  ["frobnicate --help", 'Unknown command "frobnicate". See "oneport --help".'],
  ["rotues", 'Unknown command "rotues". Did you mean "oneport routes"?'],
  ["constructor", 'Unknown command "constructor". See "oneport --help".'],
  ["hosts", '"oneport hosts" needs another word: print, apply or remove. See "oneport --help".'],
  ["hosts pint", 'Unknown command "hosts pint". Did you mean "oneport hosts print"?'],
  ["start --prot 1", '"oneport start" has no option "--prot". Did you mean --port?'],
  ["start -x", '"oneport start" has no option "-x". See "oneport start --help".'],
  ["routes --port 1", '"oneport routes" has no option "--port". See "oneport routes --help".'],
  ["start --version", '"oneport start" has no option "--version". See "oneport start --help".'],
  [
    "hosts remove --allow a.com",
    '"oneport hosts remove" has no option "--allow". See "oneport hosts remove --help".',
  ],
  ["hosts apply --file", '--file needs a value after it. See "oneport hosts apply --help".'],
  ["hosts apply --allow", '--allow needs a value after it. See "oneport hosts apply --help".'],
  ["hosts apply --allow *.a.com", '"*.a.com" is not one name. See "oneport --help".'],
  ["hosts apply --allow http://a.com", 'The domain "http://a.com" has a scheme in it. Write "a.com".'],
  ["start --port", '--port needs a value after it. See "oneport start --help".'],
  ["start --config=", '--config needs a value after it. See "oneport start --help".'],
  ["start --json=1", '--json takes no value. See "oneport start --help".'],
  ["start a b", '"oneport start" does not know what to do with "b". See "oneport start --help".'],
  ["ca path a", '"oneport ca path" does not know what to do with "a". See "oneport ca path --help".'],
  ["start --port 65536", '"65536" is not a port. Give a number from 0 (any free port) to 65535, or "auto".'],
  ["start --port 8e3", '"8e3" is not a port. Give a number from 0 (any free port) to 65535, or "auto".'],
  ["start --port -1", '"-1" is not a port. Give a number from 0 (any free port) to 65535, or "auto".'],
];

for (const [line, said] of refused) {
  test(`"oneport ${line}" is answered: ${said}`, () => {
    const parsed = parseArguments(line === "" ? [] : line.split(" "));
    assert.ok(!parsed.ok);
    assert.equal(parsed.error.code, "usage");
    assert.equal(`${parsed.error.message} ${parsed.error.remedy}`, said);
  });
}
