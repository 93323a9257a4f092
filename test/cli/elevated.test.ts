/** The command line of a user who is no administrator but may use sudo, in a terminal, where nobody else sees what it changes. */
import assert from "node:assert/strict";
import { chmod } from "node:fs/promises";
import { test } from "node:test";
import { renderHostsBlock } from "../../src/core/hosts-block.ts";
import { inTerminalOfUser, noSudo, password } from "../platform/own-system.ts";
import { cli, Workplace } from "./oneport.ts";

const inside = { skip: noSudo() };

const routes = { "oneport.routes": { "shop.test": 3000, "shop.com": 3001 } };
const entries = ["shop.test", "shop.com"].flatMap((name) => [
  { address: "127.0.0.1", name },
  { address: "::1", name },
]);

const yes = ["[y/N] ", "y"] as const;
const right = ["password for nobody: ", password] as const;
const readHosts = "cat /etc/hosts | tail -n +2";

/** What the user types at which question, and what the file has below its first line afterwards. */
async function apply(dialogue: readonly (readonly [string, string])[], script = readHosts) {
  await using place = await Workplace.with(routes);
  await chmod(place.folder, 0o755);
  return await inTerminalOfUser([process.execPath, cli, "hosts", "apply", place.folder], dialogue, script);
}

test("hosts apply shows the lines, asks once, and sudo asks for the password", inside, async () => {
  const { shown, after, answered, errors } = await apply([yes, yes, right]);
  assert.equal(errors, "");
  assert.equal(answered, 3, shown);
  assert.match(shown, /shop\.com can be somebody's.*Write that line\? \[y\/N\] y\n/s);
  assert.match(shown, /To be written into \/etc\/hosts:\n\+ # BEGIN.*\+ ::1 shop\.com\n\+ # END Oneport\n/s);
  assert.match(shown, /Write it as an administrator\? \[y\/N\] y\n.*password for nobody: \n/s);
  assert.match(shown, /\n\/etc\/hosts is written\.\n/);
  assert.doesNotMatch(shown, /status/);
  assert.equal(after, renderHostsBlock(entries));
});

test("a no, or a wrong password, changes nothing and leaves the command to paste", inside, async () => {
  const no = ["[y/N] ", "n"] as const;
  const wrong = ["password for nobody: ", "wrong"] as const;
  const declined = await apply([no, no]);
  assert.match(declined.shown, /cannot be written by this user \(EACCES\)\. Run: sudo \S+ \S+ hosts apply /);
  const refused = await apply([no, yes, wrong]);
  assert.match(refused.shown, /1 incorrect password attempt/);
  assert.match(
    refused.shown,
    /oneport: The system did not give the rights[^\n]*\. Run: sudo \S+ \S+ hosts apply /,
  );
  for (const { shown, after, answered } of [declined, refused]) {
    assert.match(shown, /\nstatus 1\n$/);
    assert.equal(after, "", `${answered} answers`);
  }
});

test(
  "ca trust and ca untrust have the system's store changed, and say so store by store",
  inside,
  async () => {
    const look = "ls /usr/local/share/ca-certificates; grep -c BEGIN /etc/ssl/certs/ca-certificates.crt";
    const both = ["sh", "-c", `${process.execPath} ${cli} ca trust; ${process.execPath} ${cli} ca untrust`];
    const trusted = await inTerminalOfUser([process.execPath, cli, "ca", "trust"], [yes, right], look);
    assert.equal(trusted.errors, "");
    assert.match(trusted.shown, /^It is good for test, /m);
    assert.match(
      trusted.shown,
      /System \(\/usr\/local\/share\/ca-certificates\)[^\n]* needs an administrator\. Do it now\?/,
    );
    assert.match(trusted.shown, /^System +\/usr\/local\/share\/ca-certificates +trusted now$/m);
    assert.doesNotMatch(trusted.shown, /An administrator has to run|status/);
    assert.match(trusted.after, /^oneport-[\da-f]{16}\.crt\n4\n$/);
    const undone = await inTerminalOfUser(both, [yes, right, yes], look);
    assert.match(undone.shown, /^System +\/usr\/local\/share\/ca-certificates +removed$/m);
    assert.equal(undone.after, "3\n");
  },
);

test(
  "allowing a name has the system's store give up an authority before it whose records are lost",
  inside,
  async () => {
    const [trust, allow] = ["ca trust", "ca trust --allow shop.example.com"].map(
      (words) => `${process.execPath} ${cli} ${words}`,
    );
    const command = ["sh", "-c", `${trust}; rm -r $HOME/.local/state; ${allow}`];
    const look = "ls /usr/local/share/ca-certificates; grep -c BEGIN /etc/ssl/certs/ca-certificates.crt";
    const { shown, after } = await inTerminalOfUser(command, [yes, right, yes, yes], look);
    assert.match(shown, /^System +\/usr\/local\/share\/ca-certificates +earlier one removed$/m);
    assert.match(after, /^oneport-[\da-f]{16}\.crt\n4\n$/);
  },
);
