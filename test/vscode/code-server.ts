/** A real VS Code for tests: code-server with a home of its own and the packaged extension. Each window is a browser page. */
import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../e2e/program.ts";
import { freePort } from "../mux/support.ts";
import { packagedExtension, packageFolder } from "./package.ts";
import { ProcessGroup } from "./process-group.ts";

const root = new URL("../../", import.meta.url);
const entry = fileURLToPath(new URL(".cache/code-server/node_modules/code-server/out/node/entry.js", root));
/** The Node that code-server wants, whichever runs the tests. */
const node = fileURLToPath(new URL("node_modules/.bin/node", root));

type Settings = Readonly<Record<string, unknown>>;

/** So that all that moves in a window is the extension's doing. */
const quietSettings: Settings = {
  "workbench.startupEditor": "none",
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "chat.disableAIFeatures": true,
  "remote.autoForwardPorts": false,
  "telemetry.telemetryLevel": "off",
  "security.workspace.trust.enabled": false,
};

/** Settings with which a folder is opened in Restricted Mode, and nobody is asked, until it is trusted. */
export const restrictedMode: Settings = {
  "security.workspace.trust.enabled": true,
  "security.workspace.trust.startupPrompt": "never",
};

export interface CodeServerOptions {
  /** The user's settings, over those that keep windows quiet. */
  readonly settings?: Settings;
  /** This machine's settings, over `oneport.port`, which is `muxPort`. */
  readonly machineSettings?: Settings;
  /** A free port, unless it is said. */
  readonly muxPort?: number;
  /** Oneport's own; two servers that have the same are two windows of one machine. */
  readonly stateDirectory?: string;
  /** Folders of further extensions, such as one that calls what only extensions can call. */
  readonly extensions?: readonly string[];
  /** What is written to the system's own places, such as the hosts file, stays in memory and is seen by nobody else. Root only. */
  readonly isApart?: boolean;
  /** What its processes are told beside PATH, HOME and the like. */
  readonly environment?: Readonly<Record<string, string>>;
}

export class CodeServer implements AsyncDisposable {
  /** Where a browser finds it, without a slash at the end. */
  readonly url: string;
  /** The port that `oneport.port` says. */
  readonly muxPort: number;
  readonly stateDirectory: string;
  /** A temporary folder with room for a test's own files; removed at the end. */
  readonly scratch: string;
  readonly userSettingsFile: string;
  readonly machineSettingsFile: string;
  readonly #logs: string;
  readonly #isApart: boolean;
  readonly #processes: ProcessGroup;
  /** The processes, and then the folder. */
  readonly #owned: AsyncDisposableStack;

  private constructor(
    place: Place,
    url: string,
    muxPort: number,
    processes: ProcessGroup,
    owned: AsyncDisposableStack,
  ) {
    this.url = url;
    this.muxPort = muxPort;
    this.stateDirectory = place.stateDirectory;
    this.scratch = place.scratch;
    this.userSettingsFile = place.userSettingsFile;
    this.machineSettingsFile = place.machineSettingsFile;
    this.#logs = place.logs;
    this.#isApart = place.isApart;
    this.#processes = processes;
    this.#owned = owned;
  }

  /** Rejects with what to do when code-server is not installed. */
  static async start(options: CodeServerOptions = {}): Promise<CodeServer> {
    await access(entry).catch(() => {
      throw new Error('code-server is not installed. Run "node .ci/code-server.mjs" and try again.');
    });
    await using owned = new AsyncDisposableStack();
    const scratch = await mkdtemp(join(tmpdir(), "oneport-code-"));
    owned.defer(() => rm(scratch, { recursive: true, maxRetries: 10 }));

    const place = placeIn(scratch, options);
    const muxPort = options.muxPort ?? (await freePort());
    await writeSettings(place.userSettingsFile, { ...quietSettings, ...options.settings });
    await writeSettings(place.machineSettingsFile, { "oneport.port": muxPort, ...options.machineSettings });
    await mkdir(place.environment.TMPDIR);
    const vsixes = [await packagedExtension()];
    for (const folder of options.extensions ?? []) {
      const vsix = join(scratch, `${vsixes.length}.vsix`);
      await packageFolder(folder, vsix);
      vsixes.push(vsix);
    }
    const installing = vsixes.flatMap((vsix) => ["--install-extension", vsix]);
    const installed = await run(node, [...place.command, ...installing, "--force"], place.environment);
    if (installed.status !== 0) throw new Error(installed.output + installed.errors);

    const [program, ...list] = options.isApart ? apart([node, ...place.command]) : [node, ...place.command];
    const processes = owned.use(new ProcessGroup(program, list, place.environment));
    const [, url = ""] = await processes.heard(/HTTP server listening on (\S+)\//);
    return new CodeServer(place, url, muxPort, processes, owned.move());
  }

  /** Makes a folder with these settings in its `.vscode/settings.json`, to open a window on; returns its path. */
  async makeFolder(name: string, settings: Settings = {}): Promise<string> {
    const folder = join(this.scratch, name);
    await writeSettings(join(folder, ".vscode", "settings.json"), settings);
    return folder;
  }

  /**
   * Replaces the user's settings, but for those that keep windows quiet. A window that is open sees it when it is reloaded;
   * only the files of the machine's and of the folders' settings are watched.
   */
  async setUserSettings(settings: Settings): Promise<void> {
    await writeSettings(this.userSettingsFile, { ...quietSettings, ...settings });
  }

  /** The process ids of the extension hosts, one a window, the oldest first. */
  async extensionHosts(): Promise<number[]> {
    return await this.#processes.processes("--type=extensionHost");
  }

  /**
   * What the extension has logged in all windows, for whoever wonders what went wrong in one; or another log, such as
   * `remoteexthost`, in which VS Code says what extensions do wrong.
   */
  async log(name = "Oneport"): Promise<string> {
    const files = await readdir(this.#logs, { recursive: true }).catch(() => []);
    const ours = files.filter((file) => basename(file) === `${name}.log`).sort();
    const texts = await Promise.all(ours.map((file) => readFile(join(this.#logs, file), "utf8")));
    return ours.map((file, at) => `${file}:\n${texts[at]}`).join("\n");
  }

  /** A file of the system as the server sees it. */
  async systemFile(path: string): Promise<string> {
    return await readFile(await this.#seen(path), "utf8");
  }

  /** Writes one that nobody else sees: of a server that is apart. */
  async writeSystemFile(path: string, text: string): Promise<void> {
    if (!this.#isApart) throw new Error(`${path} would be written for the whole system.`);
    await writeFile(await this.#seen(path), text);
  }

  async #seen(path: string): Promise<string> {
    const [host] = await this.extensionHosts();
    return `/proc/${host}/root${path}`;
  }

  /** Ends the server with all that it began. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }
}

type Place = ReturnType<typeof placeIn>;

/** The command in a mount namespace of its own. */
function apart(command: readonly string[]): [string, ...string[]] {
  return ["unshare", "--mount", "--propagation", "private", "sh", "-c", ownSystem, "sh", ...command];
}

/** Of the system's own certificates only a few are left: all of them take seconds at each update. */
const ownSystem = `set -e
mount -t tmpfs oneport /mnt
for place in /etc /var/lib /var/log /usr/local/share; do
  mkdir -p "/mnt/upper$place" "/mnt/work$place"
  mount -t overlay -o "lowerdir=$place,upperdir=/mnt/upper$place,workdir=/mnt/work$place" overlay "$place"
done
printf '127.0.0.1 localhost\\n' >/etc/hosts
grep ^mozilla/ /etc/ca-certificates.conf | head -3 >/mnt/conf && cat /mnt/conf >/etc/ca-certificates.conf
exec "$@"`;

/** Where a server keeps everything, and how it is begun there: nothing of the real home is read or written. */
function placeIn(scratch: string, options: CodeServerOptions) {
  const data = join(scratch, "data");
  const stateDirectory = options.stateDirectory ?? join(scratch, "state");
  return {
    scratch,
    stateDirectory,
    userSettingsFile: join(data, "User", "settings.json"),
    machineSettingsFile: join(data, "Machine", "settings.json"),
    logs: join(data, "logs"),
    isApart: options.isApart ?? false,
    command: [
      entry,
      ...["--user-data-dir", data, "--extensions-dir", join(scratch, "extensions")],
      ...["--config", join(scratch, "code-server.yaml"), "--auth", "none", "--bind-addr", "127.0.0.1:0"],
      ...["--disable-telemetry", "--disable-update-check", "--disable-getting-started-override"],
      "--ignore-last-opened",
    ],
    environment: {
      PATH: process.env.PATH ?? "",
      HOME: scratch,
      // Its sockets, which are left behind by what is killed; the path of a socket must be short.
      TMPDIR: join(scratch, "tmp"),
      LANG: "C.UTF-8",
      SHELL: "/bin/sh",
      // No gallery of extensions is asked for anything.
      EXTENSIONS_GALLERY: '{"serviceUrl":""}',
      ONEPORT_STATE_DIR: stateDirectory,
      ...options.environment,
    },
  };
}

async function writeSettings(file: string, settings: Settings): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(settings, undefined, 2)}\n`);
}
