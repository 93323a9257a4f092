/** OpenSSH: a server with a host key and one key to log in with, both thrown away, and the client that has that key. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Ran } from "../e2e/program.ts";
import { type Folder, user } from "./folder.ts";
import { run } from "./run.ts";
import { prepare, Server } from "./server.ts";

export async function startSshd(folder: Folder, port: number): Promise<Server> {
  for (const name of ["host", "login"]) {
    await prepare("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", name], folder);
  }
  const options = asOptions({
    ListenAddress: `127.0.0.1:${port}`,
    HostKey: join(folder.path, "host"),
    AuthorizedKeysFile: join(folder.path, "login.pub"),
    // The folders above are the system's, and open to everyone.
    StrictModes: "no",
    UsePAM: "no",
    PidFile: "none",
  });
  return Server.start("sshd", ["-D", "-e", "-f", "/dev/null", ...options], folder, /Server listening on/);
}

/** The server's public key, as clients list it. */
export async function hostKey(folder: Folder): Promise<string> {
  const [algorithm, key] = (await readFile(join(folder.path, "host.pub"), "utf8")).split(" ");
  return `${algorithm} ${key}`;
}

/** Runs a command over there; the server must have the host key that is known under `domain`. */
export async function ssh(
  folder: Folder,
  { address, port, domain }: { readonly address: string; readonly port: number; readonly domain: string },
  command: string,
  input?: string,
): Promise<Ran> {
  const known = await folder.write("known_hosts", `${domain} ${await hostKey(folder)}\n`);
  const options = asOptions({
    HostKeyAlias: domain,
    UserKnownHostsFile: known,
    GlobalKnownHostsFile: "none",
    StrictHostKeyChecking: "yes",
    IdentitiesOnly: "yes",
    BatchMode: "yes",
  });
  const login = ["-F", "none", "-i", join(folder.path, "login"), "-l", user.name];
  return run("ssh", [...login, ...options, "-p", String(port), address, command], input);
}

function asOptions(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
}
