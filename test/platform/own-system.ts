/** This computer as only the programs started in here change it: what they write to a system's own places stays in memory. */
import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { text } from "node:stream/consumers";
import { environment, nobody, noMounts } from "./hosts-support.ts";
import { systemPath } from "./trust-place.ts";

/** The password of `nobody` in there. */
export const password = "correct horse";

/** Of the system's own certificates only a few are left: all of them take seconds at each update. */
const prepare = `set -e
mount -t tmpfs oneport /mnt
for place in /etc /run /var/lib /var/log /usr/local/share; do
  mkdir -p "/mnt/upper$place" "/mnt/work$place"
  mount -t overlay -o "lowerdir=$place,upperdir=/mnt/upper$place,workdir=/mnt/work$place" overlay "$place"
done
printf '127.0.0.1 localhost %s\\n' "$(hostname)" >/etc/hosts
echo 'hosts: files' >/etc/nsswitch.conf
grep ^mozilla/ /etc/ca-certificates.conf | head -3 >/mnt/conf && cat /mnt/conf >/etc/ca-certificates.conf
rm -rf /etc/sudoers.d /usr/local/share/ca-certificates/*
cd /
`;

/** Where the user of `inTerminalOfUser` is at home. */
const home = "/mnt/home";

const withSudo = `mkdir -m 777 ${home}
printf 'Defaults !lecture, passwd_tries=1\\nnobody ALL=(root) ALL\\n' >/etc/sudoers
chmod 0440 /etc/sudoers
sed -i "s|^nobody:[^:]*:|nobody:$(openssl passwd -6 '${password}'):|" /etc/shadow
`;

/** A network of its own has settings of its own, too. */
const apart = ["--mount", "--net", "--propagation", "private", "sh", "-c"];

/** Runs a shell script as root. `$1` and so on are the arguments. */
export function inOwnSystem(script: string, ...list: readonly string[]) {
  const options = { env: { ...environment, PATH: systemPath }, encoding: "utf8" } as const;
  const { status, stdout, stderr } = spawnSync(
    "unshare",
    [...apart, `${prepare}${script}`, "sh", ...list],
    options,
  );
  return { status, output: stdout, errors: stderr };
}

/** What somebody sees on the terminal, and what he types when a line ends so; each once, in this order. */
export type Dialogue = readonly (readonly [prompt: string, answer: string])[];

/**
 * Runs a command in a terminal as a user who may use sudo with his password, then a script as root, whose output is `after`. The
 * words of the command have no quotes.
 */
export async function inTerminalOfUser(command: readonly string[], dialogue: Dialogue, script: string) {
  const words = command.map((word) => `'${word}'`).join(" ");
  const user = `setpriv --reuid ${nobody} --regid ${nobody} --clear-groups`;
  const body = `${user} script --quiet --return --command "${words}" /dev/null || echo "status $?"
echo ---after---
${script}`;
  const child = spawn("unshare", [...apart, `${prepare}${withSudo}${body}`], {
    env: { ...environment, PATH: systemPath, TERM: "dumb", HOME: home },
  });
  const errors = text(child.stderr);
  let output = "";
  let answered = 0;
  let seen = 0;
  child.stdout.on("data", (chunk) => {
    output += chunk;
    const [prompt, answer] = dialogue[answered] ?? [];
    const at = prompt === undefined ? -1 : output.indexOf(prompt, seen);
    if (prompt === undefined || at < 0) return;
    seen = at + prompt.length;
    answered++;
    child.stdin.write(`${answer}\n`);
  });
  await new Promise((resolve) => child.on("close", resolve));
  const [shown = "", after = ""] = output.replaceAll(/\r+\n/g, "\n").split("---after---\n");
  return { shown, after, answered, errors: await errors };
}

/** For `skip`: why there can be no such system here; false when there can. */
export function noOwnSystem(): string | false {
  const obstacle = noMounts();
  if (obstacle) return obstacle;
  const { status, errors } = inOwnSystem("true");
  return status === 0 ? false : `no system of our own can be made: ${errors}`;
}

/** For `skip`: as `noOwnSystem`, for `inTerminalOfUser`. */
export function noSudo(): string | false {
  for (const program of ["/usr/bin/sudo", "/usr/bin/script", "/usr/bin/setpriv", "/usr/bin/openssl"]) {
    try {
      accessSync(program, constants.X_OK);
    } catch {
      return `there is no ${program}`;
    }
  }
  return noOwnSystem();
}
