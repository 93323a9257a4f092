/** Where clients reach a route, and the command lines of well-known clients that do. */
import { httpsAuthority } from "./https-port.ts";
import { isLocalhost } from "./loopback.ts";
import { schemes, type Target } from "./route.ts";

/** Who vouches for what a client sees: our authority, the certificate itself, the user's own files, or the service. */
export type Certificate =
  | { readonly by: "authority"; readonly rootFile: string; readonly isTrusted: boolean }
  | { readonly by: "itself" }
  | { readonly by: "files" }
  | { readonly by: "service" };

export interface Endpoint {
  /** The route's domain, which is a whole name and no wildcard. */
  readonly name: string;
  /** The first target: what it is tells what clients fit. */
  readonly target: Target;
  /** The mux's. */
  readonly port: number;
  /** The loopback address of the route's own, where it has one. */
  readonly address?: string;
  /** Does the name lead there on this machine? If not, commands say where themselves. */
  readonly resolves: boolean;
  readonly certificate: Certificate;
}

export type Client = "curl" | "psql" | "redisCli" | "mysql" | "ssh" | "openssl";

/** Whose quoting: `windows` stands for PowerShell, and for cmd as far as the two agree. */
export type Shell = "posix" | "windows";

/** The command line, ready for a shell. A client that needs an address of the route's own may only be asked for where it fits. */
export function connectCommand(client: Client, endpoint: Endpoint, shell: Shell): string {
  return words[client](endpoint, shell).map(quote[shell]).join(" ");
}

/** The usual ports of the services, the second ones of those who run two. */
const clientsByPort: ReadonlyMap<number, Client> = new Map([
  [22, "ssh"],
  [2222, "ssh"],
  [3306, "mysql"],
  [3307, "mysql"],
  [5432, "psql"],
  [5433, "psql"],
  [6379, "redisCli"],
  [6380, "redisCli"],
]);

/** Their servers speak first or their TLS begins later, so no name is ever seen. */
const needsAddress: ReadonlySet<Client> = new Set<Client>(["mysql", "ssh"]);

/** The clients that a route is likely made for, the likeliest first. */
export function fittingClients({ target, address }: Endpoint): readonly Client[] {
  const { kind } = schemes[target.scheme];
  if (kind === "http") return ["curl"];
  // The port of a tunnel is that of a web server, and tells nothing about what comes out of it.
  const known = kind === "tunnel" ? undefined : clientsByPort.get(target.port);
  if (known && (address !== undefined || !needsAddress.has(known))) return [known];
  return kind === "tls" ? ["curl", "openssl"] : ["openssl"];
}

export function isWebSocket({ scheme }: Target): boolean {
  return scheme === "ws" || scheme === "wss";
}

/** What a browser or a WebSocket client is given; undefined for a stream of some other protocol. */
export function urlOf(endpoint: Endpoint): string | undefined {
  if (fittingClients(endpoint)[0] !== "curl") return undefined;
  return isWebSocket(endpoint.target) ? `wss://${locationOf(endpoint)}` : `https://${locationOf(endpoint)}`;
}

/** `name[:port]/path` */
function locationOf({ name, port, target }: Endpoint): string {
  return `${httpsAuthority(name, port)}${target.path}`;
}

type Words = (endpoint: Endpoint, shell: Shell) => readonly string[];

const words: { readonly [C in Client]: Words } = {
  curl: (endpoint, shell) => [
    // Plain `curl` is another command in Windows PowerShell.
    shell === "windows" ? "curl.exe" : "curl",
    ...(isWebSocket(endpoint.target) ? webSocketHandshake : []),
    ...curlTrust(endpoint, shell),
    ...curlLookup(endpoint),
    `https://${locationOf(endpoint)}`,
  ],
  psql: (endpoint) => ["psql", conninfo(endpoint)],
  redisCli: (endpoint) => [
    "redis-cli",
    "-h",
    hostOf(endpoint),
    "-p",
    `${endpoint.port}`,
    ...redisTls(endpoint),
  ],
  mysql: (endpoint) => ["mysql", "-h", hostOf(endpoint), "-P", `${endpoint.port}`],
  ssh: (endpoint) => [
    "ssh",
    // The server's key is remembered by the name, not by an address that another name may have had.
    ...(endpoint.resolves ? [] : ["-o", `HostKeyAlias=${endpoint.name}`]),
    ...["-p", `${endpoint.port}`, hostOf(endpoint)],
  ],
  openssl: (endpoint) => [
    // Without -quiet a line that begins with Q or R is an order to openssl itself.
    ...["openssl", "s_client", "-quiet", "-connect", `${hostOf(endpoint)}:${endpoint.port}`],
    ...["-servername", endpoint.name],
    ...(endpoint.certificate.by === "authority" ? ["-CAfile", endpoint.certificate.rootFile] : []),
  ],
};

function hostOf({ name, address, resolves }: Endpoint): string {
  return resolves ? name : (address ?? "127.0.0.1");
}

/** RFC 6455 §4.1; the key may be any 16 bytes. */
const webSocketHandshake = [
  ...["--http1.1", "--include", "--no-buffer"],
  ...["--header", "Connection: Upgrade", "--header", "Upgrade: websocket"],
  ...["--header", "Sec-WebSocket-Version: 13", "--header", "Sec-WebSocket-Key: T25lcG9ydCBzYXlzIGhpIQ=="],
];

/** The other clients are always told of the authority: which of them reads the system's store differs by platform. */
function curlTrust({ certificate }: Endpoint, shell: Shell): readonly string[] {
  if (certificate.by === "itself") return ["--insecure"];
  if (certificate.by !== "authority") return [];
  const file = certificate.isTrusted ? [] : ["--cacert", certificate.rootFile];
  // Windows would ask the authority what it has revoked, and there is nobody to ask.
  return shell === "windows" ? [...file, "--ssl-no-revoke"] : file;
}

/** curl itself knows where `*.localhost` is. */
function curlLookup({ name, port, resolves }: Endpoint): readonly string[] {
  return resolves || isLocalhost(name) ? [] : ["--resolve", `${name}:${port}:127.0.0.1`];
}

/**
 * A connection string of libpq. The name is always the host, for it is the SNI; at an own address even a request to
 * cancel, which carries no name, finds its way.
 */
function conninfo({ name, address, resolves, port, certificate }: Endpoint): string {
  return [
    `host=${name}`,
    ...(resolves ? [] : [`hostaddr=${address ?? "127.0.0.1"}`]),
    `port=${port}`,
    ...(certificate.by === "authority"
      ? ["sslmode=verify-full", `sslrootcert=${conninfoValue(certificate.rootFile)}`]
      : ["sslmode=require"]),
  ].join(" ");
}

/** PostgreSQL's documentation, "Keyword/Value Connection Strings". */
function conninfoValue(text: string): string {
  return /[\s'\\]/.test(text) ? `'${text.replace(/['\\]/g, "\\$&")}'` : text;
}

/** At an own address Redis is spoken to as it is; elsewhere TLS carries the name. */
function redisTls({ name, address, target, certificate }: Endpoint): readonly string[] {
  if (address !== undefined && target.scheme !== "tls") return [];
  return ["--tls", ...redisTrust(certificate), "--sni", name];
}

function redisTrust(certificate: Certificate): readonly string[] {
  if (certificate.by === "authority") return ["--cacert", certificate.rootFile];
  return certificate.by === "itself" ? ["--insecure"] : [];
}

const quote: { readonly [S in Shell]: (word: string) => string } = {
  posix(word) {
    if (/^[\w@%+=:,./-]+$/.test(word)) return word;
    return /["$`\\!]/.test(word) ? `'${word.replaceAll("'", "'\\''")}'` : `"${word}"`;
  },
  windows(word) {
    if (/^[\w:./\\=-]+$/.test(word)) return word;
    return `"${word.replace(/[`$"]/g, "`$&")}"`;
  },
};
