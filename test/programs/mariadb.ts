/** MariaDB: its server, with TLS inside its own protocol, and its client. */
import type { Ran } from "../e2e/program.ts";
import type { Folder } from "./folder.ts";
import { run } from "./run.ts";
import { prepare, Server } from "./server.ts";

const login = { user: "oneport", password: "one port for all" } as const;

export async function startMariadb(
  folder: Folder,
  port: number,
  certificate: { readonly cert: string; readonly key: string },
): Promise<Server> {
  const data = `${folder.path}/data`;
  // A server that starts deletes the temporary tables that it finds, in /tmp those of one beside it as well.
  const temporary = folder.path;
  const places = [`--datadir=${data}`, `--tmpdir=${temporary}`];
  await prepare("mariadb-install-db", ["--no-defaults", ...places, "--skip-test-db"], folder);
  const { user, password } = login;
  const statements = [
    "CREATE DATABASE shop",
    `CREATE USER '${user}'@'%' IDENTIFIED BY '${password}'`,
    `GRANT SELECT ON shop.* TO '${user}'@'%'`,
  ];
  const start = await folder.write("start.sql", statements.map((line) => `${line};\n`).join(""));
  const settings = {
    datadir: data,
    tmpdir: temporary,
    "bind-address": "127.0.0.1",
    port,
    socket: `${folder.path}/socket`,
    "pid-file": `${folder.path}/pid`,
    "init-file": start,
    "ssl-cert": certificate.cert,
    "ssl-key": certificate.key,
  };
  const options = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
  return Server.start("mariadbd", ["--no-defaults", ...options], folder, /ready for connections/);
}

/** Runs one statement, without column names in its output. */
export function mariadb(
  { host, port }: { readonly host: string; readonly port: number },
  options: readonly string[],
  statement: string,
): Promise<Ran> {
  const where = ["-h", host, "-P", String(port), `-u${login.user}`, `-p${login.password}`];
  return run("mariadb", ["--no-defaults", ...where, "-BN", "-e", statement, ...options]);
}
