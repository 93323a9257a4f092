/** PostgreSQL: its server, and psql as its client. */
import type { Ran } from "../e2e/program.ts";
import type { Folder } from "./folder.ts";
import { run } from "./run.ts";
import { prepare, Server } from "./server.ts";

/** Settings of libpq, such as `host`, which is the name that is asked for, and `hostaddr`, which is where. */
export type Connection = Readonly<Record<string, string | number>>;

/** The password makes a login go through SCRAM. */
const login = { user: "oneport", password: "one port for all", dbname: "postgres" } as const;

/** What a client opens its session with ("StartupMessage"). */
export const startup = startupMessage();

function startupMessage(): Buffer {
  const body = Buffer.from(`user\0${login.user}\0database\0${login.dbname}\0\0`);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(head.length + body.length);
  head.writeUInt32BE(0x0003_0000, 4);
  return Buffer.concat([head, body]);
}

/** With TLS when it has a certificate. */
export async function startPostgres(
  folder: Folder,
  { host, port }: { readonly host: string; readonly port: number },
  certificate?: { readonly cert: string; readonly key: string },
): Promise<Server> {
  const password = await folder.write("password", login.password);
  const initdb = ["--no-sync", "--locale=C", "--encoding=UTF8", "--auth=scram-sha-256"];
  await prepare("initdb", [...initdb, "-U", login.user, `--pwfile=${password}`, "-D", "data"], folder);
  const settings = {
    listen_addresses: host,
    port,
    unix_socket_directories: folder.path,
    fsync: "off",
    ...(certificate && { ssl: "on", ssl_cert_file: certificate.cert, ssl_key_file: certificate.key }),
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  return Server.start("postgres", ["-D", "data", ...options], folder, /ready to accept connections/);
}

/** psql's arguments for a connection, as it would be written in a connection string, and what is to be done there. */
export function psqlArguments(connection: Connection, ...commands: readonly string[]): readonly string[] {
  const settings = { ...login, connect_timeout: 10, ...connection };
  const conninfo = Object.entries(settings).map(([name, value]) => `${name}='${value}'`);
  const options = ["--no-psqlrc", "--no-password", "--tuples-only", "--no-align"];
  return [...options, "-d", conninfo.join(" "), ...commands.flatMap((command) => ["-c", command])];
}

/** Runs psql to its end. */
export function psql(connection: Connection, ...commands: readonly string[]): Promise<Ran> {
  return run("psql", psqlArguments(connection, ...commands));
}
