/** The elevated program as root runs it, where nobody else sees `/etc`, the trust store or the network's settings. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { makeAuthority } from "../src/core/authority.ts";
import { type ElevatedStep, encodeStep, sha256Of } from "../src/core/elevated-step.ts";
import { renderHostsBlock } from "../src/core/hosts-block.ts";
import { fileNameOf, readRoot } from "../src/core/trust.ts";
import { shop } from "./platform/hosts-support.ts";
import { inOwnSystem, noOwnSystem } from "./platform/own-system.ts";

const program = fileURLToPath(new URL("../src/elevated.ts", import.meta.url));
const inside = { skip: noOwnSystem() };
const done = '{"ok":true}\n';

/** A script in which `$elevated` is the program's command line without its argument. */
async function runSteps(script: string, ...steps: readonly ElevatedStep[]) {
  const list = await Promise.all(
    steps.map(async (step) => {
      const argument = await encodeStep(step);
      assert.ok(argument.ok);
      return argument.value;
    }),
  );
  return runScript(script, ...list);
}

function runScript(script: string, ...list: readonly string[]) {
  const untouched = machine();
  const ran = inOwnSystem(`elevated="${process.execPath} ${program}"\nset +e\n${script}`, ...list);
  assert.deepEqual(machine(), untouched);
  return ran;
}

/** This computer's own, which must stay as it is. */
function machine() {
  const { ino, ctimeMs } = statSync("/etc/hosts");
  return {
    hosts: [ino, ctimeMs],
    roots: readdirSync("/usr/local/share/ca-certificates"),
    bundle: sha256Of(readFileSync("/etc/ssl/certs/ca-certificates.crt")),
    port: readFileSync("/proc/sys/net/ipv4/ip_unprivileged_port_start", "utf8"),
  };
}

const before = "127.0.0.1 localhost\n";
const withShop = before + renderHostsBlock(shop);

function hosts(file: string, entries = shop): ElevatedStep {
  return { do: "hosts", entries: [...entries], consented: [], sha256: sha256Of(Buffer.from(file)) };
}

test("writes the block into the system's hosts file, and removes it", inside, async () => {
  const { output, errors } = await runSteps(
    `printf '127.0.0.1 localhost\\n' >/etc/hosts
    $elevated "$1"; cat /etc/hosts; $elevated "$2"; cat /etc/hosts`,
    hosts(before),
    hosts(withShop, []),
  );
  assert.equal(errors, "");
  assert.equal(output, done + withShop + done + before);
});

test("a hosts file that changed since its difference was shown stays as it is", inside, async () => {
  const { output, errors } = await runSteps(
    `printf '127.0.0.1 localhost\\n10.0.0.1 other.test\\n' >/etc/hosts
    $elevated "$1"; echo $?; cat /etc/hosts`,
    hosts(before),
  );
  assert.equal(errors, "");
  const [outcome = "", status, ...file] = output.split("\n");
  assert.equal(JSON.parse(outcome).error.code, "hosts-changed");
  assert.deepEqual([status, ...file], ["1", "127.0.0.1 localhost", "10.0.0.1 other.test", ""]);
});

test("what is in the environment changes neither the file nor the programs that run", inside, async () => {
  const { output, errors } = await runSteps(
    `mkdir /mnt/evil
    for name in cp install openssl update-ca-certificates run-parts; do
      printf '#!/bin/sh\\ntouch /mnt/evil/ran\\n' >/mnt/evil/$name; chmod +x /mnt/evil/$name
    done
    printf '127.0.0.1 localhost\\n' >/etc/hosts
    cp /etc/hosts /mnt/evil/hosts
    export PATH="/mnt/evil:$PATH" SystemRoot=/mnt/evil HOSTALIASES=/mnt/evil/hosts TMPDIR=/mnt/none HOME=/mnt/evil
    export BASH_ENV=/mnt/evil/cp ENV=/mnt/evil/cp ONEPORT_STATE_DIR=/mnt/evil
    $elevated "$1"; $elevated "$2"; ls -x /mnt/evil; grep -c shop.test /etc/hosts /mnt/evil/hosts`,
    hosts(before),
    { do: "trust", certificate: (await makeAuthority(new Date())).rootCertificate, consented: [] },
  );
  assert.equal(errors, "");
  assert.match(output, /^\{"ok":true\}\n\{"ok":true\}\n/);
  assert.doesNotMatch(output, /\bran\b/);
  assert.match(output, /\/etc\/hosts:1\n\/mnt\/evil\/hosts:0\n$/);
});

test("hostile arguments are refused with one line, and nothing is written", inside, () => {
  const encoded = (step: unknown) => Buffer.from(JSON.stringify({ version: 1, step })).toString("base64url");
  const step = hosts(before);
  const hostile = {
    "no-step": ["e30", "step-invalid"],
    "another-file": [encoded({ ...step, file: "/etc/shadow" }), "step-invalid"],
    "another-network": [
      encoded({ ...step, entries: [{ address: "10.0.0.1", name: "a.test" }] }),
      "step-invalid",
    ],
    "two-lines": [encoded({ ...step, entries: [{ address: "::1", name: "a.test\n::1 b" }] }), "hosts-entry"],
    "a-bank": [encoded({ ...step, entries: [{ address: "::1", name: "bank.com" }] }), "hosts-consent"],
    "not-ours": [encoded({ do: "trust", certificate: "", consented: [] }), "root-not-ours"],
  } as const;
  const arguments_ = Object.values(hostile).map(([argument]) => argument);
  const { output, errors } = runScript(
    `printf '127.0.0.1 localhost\\n' >/etc/hosts
    for argument; do $elevated "$argument"; done
    $elevated; $elevated "$1" "$1"
    cat /etc/hosts; ls /usr/local/share/ca-certificates`,
    ...arguments_,
  );
  assert.equal(errors, "");
  const lines = output.split("\n");
  const codes = lines.slice(0, arguments_.length + 2).map((line) => JSON.parse(line).error.code);
  assert.deepEqual(codes, [...Object.values(hostile).map(([, code]) => code), "usage", "usage"]);
  assert.deepEqual(lines.slice(codes.length), ["127.0.0.1 localhost", ""]);
});

test("trusts a root of Oneport's for the whole system, and removes that one alone", inside, async () => {
  const { rootCertificate: mine } = await makeAuthority(new Date());
  const { rootCertificate: colleagues } = await makeAuthority(new Date());
  const [root, other] = [readRoot(mine), readRoot(colleagues)];
  assert.ok(root && other);
  const known = `openssl crl2pkcs7 -nocrl -certfile /etc/ssl/certs/ca-certificates.crt | openssl pkcs7 -print_certs -noout | sed -n 's/^subject=.*\\(Oneport root [0-9a-f]*\\).*/\\1/p'`;
  const { output, errors } = await runSteps(
    `folder=/usr/local/share/ca-certificates
    $elevated "$1"; $elevated "$2"; $elevated "$1"; ls -l $folder | cut -d' ' -f1,3,4; ${known} | sort
    $elevated "$3"; ls $folder; ${known}
    $elevated "$3"; ls /tmp | grep oneport-roots`,
    // What stands around a certificate does not come along.
    { do: "trust", certificate: `${mine}-----BEGIN TRUSTED CERTIFICATE-----`, consented: [] },
    { do: "trust", certificate: colleagues, consented: [] },
    { do: "untrust", certificates: [mine] },
  );
  assert.equal(errors, "");
  const row = "-rw-r--r-- root root";
  assert.deepEqual(output.replaceAll(/total.*\n/g, "").split("\n"), [
    ...[done, done, done].map((line) => line.trim()),
    ...[row, row],
    ...[root.commonName, other.commonName].sort(),
    done.trim(),
    fileNameOf(other),
    other.commonName,
    done.trim(),
    "",
  ]);
});

test(
  "gives port 443 to every user until the next start, or for good, and takes it back",
  inside,
  async () => {
    const { output, errors } = await runSteps(
      `setting=/proc/sys/net/ipv4/ip_unprivileged_port_start
    look() { cat $setting; for file in /etc/sysctl.d/50-oneport.conf /run/sysctl.d/50-oneport.conf; do
      [ -e $file ] && stat -c '%n %a' $file && tail -2 $file; done; echo; }
    echo 1000 >$setting
    $elevated "$1"; look; $elevated "$2"; look; $elevated "$3"; look; $elevated "$3"
    $elevated "$1"; echo 500 >$setting; $elevated "$3"; look
    echo 0 >$setting; $elevated "$2"; look`,
      { do: "allow-443", persist: false },
      { do: "allow-443", persist: true },
      { do: "restore-443" },
    );
    assert.equal(errors, "");
    const line = "net.ipv4.ip_unprivileged_port_start = 443";
    assert.deepEqual(
      output.split("\n\n").map((each) => each.split("\n")),
      [
        ['{"ok":true}', "443", "/run/sysctl.d/50-oneport.conf 644", "# Earlier value: 1000", line],
        ['{"ok":true}', "443", "/etc/sysctl.d/50-oneport.conf 644", "# Earlier value: 1000", line],
        ['{"ok":true}', "1000"],
        // What somebody else has set since stays.
        ['{"ok":true}', '{"ok":true}', '{"ok":true}', "500"],
        ['{"ok":true}', "0"],
        [""],
      ],
    );
  },
);

test("where the setting cannot be written, nothing is left behind", inside, async () => {
  const { output } = await runSteps(
    `mount --bind -o ro /proc/sys /proc/sys; mount -o remount,bind,ro /proc/sys
    $elevated "$1"; ls /etc/sysctl.d | grep oneport`,
    { do: "allow-443", persist: true },
  );
  const [outcome = "", ...rest] = output.split("\n");
  assert.equal(JSON.parse(outcome).error.code, "port-not-changed");
  assert.deepEqual(rest, [""]);
});
