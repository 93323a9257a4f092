/** The help: what Oneport is, what can be typed, and examples that work when pasted. */
import type { CommandName } from "./arguments.ts";

/** A first settings file. */
export const sampleSettings = `{
  "oneport.routes": {
    "shop.localhost": 3000,
    "api.shop.localhost": "http://localhost:4000",
    "db.shop.localhost": "tcp://localhost:5432"
  }
}`;

interface CommandHelp {
  readonly usage: string;
  readonly summary: string;
  readonly text: string;
}

const commands: { readonly [C in CommandName]: CommandHelp } = {
  start: {
    usage: "oneport start [FOLDER] [--config FILE] [--port N|auto] [--json]",
    summary: "listen, route, and log each connection until Ctrl-C",
    text: `Reads the routes of FOLDER (default: this one), listens on one port of this machine's
loopback addresses and carries each connection to the service of its domain. Then it
shows one line for each connection that ended. Settings that change take effect at once;
connections that are open go on.

  --config FILE    read FILE in place of FOLDER/.vscode/settings.json
  --port N|auto    listen there, whatever oneport.port says; 0 is any free port,
                   auto is 443 where the system lets you, else 8443
  --json           print events only, one JSON object a line; the first is
                   {"type":"listening","port":...,"addresses":[...]}, which comes again when
                   the addresses change

If a mux runs on the port already, in VS Code or in another terminal, this one joins it: it lends
its routes, and takes over when the other ends.

Ctrl-C (or SIGTERM) lets open connections finish for up to 5 seconds; a second one does not.
A mux that is suspended (Ctrl-Z) answers nobody: another one that wants its port ends it.

Examples:
  oneport start
  oneport start ~/work/shop --port 8443
  oneport start --port 0 --json | head -1`,
  },
  status: {
    usage: "oneport status [--json]",
    summary: "show the running mux: its port, windows, routes and traffic",
    text: `A window is one of VS Code's, or a terminal with "oneport start". One of them owns the mux,
the others lend it their routes and take over when it ends. The bytes are those of closed
connections. The exit status is 1 when nothing runs.

  --json           one JSON object a line: {"type":"mux",...}, {"type":"window",...},
                   {"type":"route",...}

Examples:
  oneport status
  oneport status --json | jq -r 'select(.type == "mux").port'`,
  },
  stop: {
    usage: "oneport stop",
    summary: "end the running mux, for all its windows",
    text: `No window takes over. To end one's own part alone, press Ctrl-C in its terminal, or close its
window. Connections that are open may go on for up to 5 seconds. The exit status is 1 when
nothing runs.

Examples:
  oneport stop`,
  },
  routes: {
    usage: "oneport routes [FOLDER] [--config FILE] [--json]",
    summary: "show the routes as they are understood, and what is wrong",
    text: `Starts nothing. Every problem is told with its place in the file; the exit status is 1
if there is any. Routes that are disabled are listed as such.

  --config FILE    read FILE in place of FOLDER/.vscode/settings.json
  --json           one JSON object a line: {"type":"route",...} or {"type":"problem",...}

Examples:
  oneport routes
  oneport routes --json | jq -r .domain`,
  },
  "hosts print": {
    usage: "oneport hosts print [FOLDER] [--config FILE] [--file HOSTS]",
    summary: "print the lines that the routes need in the hosts file",
    text: `Changes nothing. Names under "localhost" need no line; wildcards cannot have one.

  --config FILE    read FILE in place of FOLDER/.vscode/settings.json
  --file HOSTS     taken as by "apply"; the lines are the same for every file

Examples:
  oneport hosts print
  oneport hosts print ~/work/shop`,
  },
  "hosts apply": {
    usage: "oneport hosts apply [FOLDER] [--config FILE] [--file HOSTS] [--allow NAME]...",
    summary: "write the lines that the routes need into the hosts file",
    text: `Writes one block between two marker lines, in place of the one that was there, and shows
the lines that went and came. Nothing outside the markers changes. Where you may not write,
it shows the command that may.

A name that can be somebody's on the Internet is written only after you agreed to that very
name: in a terminal you are asked, elsewhere it is left out and the exit status is 1.

  --config FILE    read FILE in place of FOLDER/.vscode/settings.json
  --file HOSTS     write HOSTS in place of the system's hosts file
  --allow NAME     agree to NAME; for several names, several times

Examples:
  oneport hosts apply
  oneport hosts apply ~/work/shop --allow shop.example.com
  oneport hosts apply --file ./hosts`,
  },
  "hosts remove": {
    usage: "oneport hosts remove [FOLDER] [--config FILE] [--file HOSTS]",
    summary: "take Oneport's lines out of the hosts file again",
    text: `The file is then what it was before the first "oneport hosts apply", but for what others
have written since. There is one block for all folders: FOLDER and --config change nothing.

  --file HOSTS     write HOSTS in place of the system's hosts file

Examples:
  oneport hosts remove
  oneport hosts remove --file ./hosts`,
  },
  "ca path": {
    usage: "oneport ca path",
    summary: "print the path of the local authority's certificate",
    text: `The authority signs the certificates of your domains, on this machine and for local names
only. It is made now if there is none yet. It lies in ONEPORT_STATE_DIR, or else in the
usual place for such files.

Examples:
  curl --cacert "$(oneport ca path)" https://shop.localhost:8443/
  NODE_EXTRA_CA_CERTS="$(oneport ca path)" node client.mjs`,
  },
  "ca trust": {
    usage: "oneport ca trust [--allow NAME]... [--json]",
    summary: "have this machine's programs and browsers trust the local authority",
    text: `Says first which certificate it is and which names it is good for. Then it puts the
certificate into the system's trust store and those of the browsers, and looks whether it
is in use there. What only an administrator may do is not done: the command to run is
printed. The exit status is 1 as long as there is a store that does not trust it.

  --allow NAME     have NAME, and every name under it, certified as well: a new authority takes
                   the place of the present one and is trusted, that one no longer
  --json           one JSON object a line: {"type":"authority",...}, {"type":"store",...}

Examples:
  oneport ca trust
  oneport ca trust --allow shop.example.com
  oneport ca trust --json | jq -r 'select(.command).command'`,
  },
  "ca untrust": {
    usage: "oneport ca untrust [--json]",
    summary: "take the local authority out of all trust stores",
    text: `Those of earlier authorities that Oneport made go as well; no other certificate is touched.
The authority itself stays, for "oneport ca trust" to bring it back.

  --json           one JSON object a line: {"type":"store",...}

Examples:
  oneport ca untrust`,
  },
  doctor: {
    usage: "oneport doctor [FOLDER] [--config FILE] [--json]",
    summary: "look at everything between a client and your services, and say what is wrong",
    text: `One line for each thing looked at: ✓ is well, ! may be a trap, ✗ is wrong, with what to do.
The port; for each route its name, certificate, service and answer; the hosts file, the
authority, the clock, the trust stores, and what the environment and the browsers are set to.
Changes nothing. The exit status is 1 if anything is wrong.

  --config FILE    read FILE in place of FOLDER/.vscode/settings.json
  --json           one JSON object a line: {"check":"name","subject":"shop.test","state":"ok",...}

Examples:
  oneport doctor
  oneport doctor ~/work/shop --json | jq -r 'select(.state == "wrong").message'`,
  },
  clean: {
    usage: "oneport clean [--yes]",
    summary: "remove everything that Oneport put on this machine",
    text: `Oneport's lines in the hosts file, the authority with its keys, its certificate in the trust
stores, and Oneport's own files. It is listed first and asked once, then said line by line
what became of it. What only an administrator may do is left, with the command for it; the
exit status is then 1. Settings and files of others stay.

  --yes            do not ask; without a terminal nothing is done unless this is given

Examples:
  oneport clean`,
  },
};

const summaries = Object.values(commands)
  .map(({ usage, summary }) => `  ${usage}\n      ${summary}`)
  .join("\n");

const overview = `Oneport listens on one local port and carries each connection to the right service
by the domain it asked for: HTTPS, WebSocket, TLS or any other protocol.

Commands:
${summaries}
  oneport COMMAND --help
  oneport --version

Routes are settings in FOLDER/.vscode/settings.json, or in the file of --config
(JSON with comments; of a .code-workspace file what it has under "settings").
A number is short for http://localhost:NUMBER:

${sampleSettings.replace(/^/gm, "  ")}

Examples:
  oneport start --port 8443
  curl --cacert "$(oneport ca path)" https://shop.localhost:8443/
  openssl s_client -connect localhost:8443 -servername db.shop.localhost

Exit status: 0 done, 1 it failed, 2 wrong use. NO_COLOR and FORCE_COLOR are honoured.`;

/** The text for one command, or for all of them. */
export function helpFor(command: CommandName | undefined): string {
  if (command === undefined) return overview;
  const { usage, summary, text } = commands[command];
  return `${usage}\n    ${summary}\n\n${text}`;
}
