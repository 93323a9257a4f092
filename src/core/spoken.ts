/** What a service speaks, told from the first bytes that it says. */
import { devServerName } from "./dev-server.ts";
import { type HttpAnswer, readHttpAnswer, serverOf, shortLine, titleOf } from "./http-answer.ts";
import { declined, granted } from "./postgres.ts";

/**
 * `ws`, `wss`: an HTTP server that takes nothing but WebSocket. `tls`: TLS with something else than HTTP in it. `tcp`: nothing
 * that is known.
 */
export const protocols = [
  "http",
  "https",
  "ws",
  "wss",
  "postgres",
  "redis",
  "mysql",
  "ssh",
  "smtp",
  "tls",
  "tcp",
] as const;

export type Protocol = (typeof protocols)[number];

export interface Spoken {
  readonly protocol: Protocol;
  /** Of its web page: printable, at most 80 characters, as is `server`. */
  readonly title?: string;
  /** Which product it is, as it says itself, such as `nginx/1.22.1` or `8.0.36`. */
  readonly server?: string;
  /** The development server that it looks like, such as `Vite`. */
  readonly devServer?: string;
}

/** What a server said in the clear, before or after it was asked; undefined where that tells nothing. */
export function readWords(bytes: Buffer): Spoken | undefined {
  const [, line = ""] = /^([^\r\n]*)\r?\n/.exec(bytes.toString("latin1")) ?? [];
  // RFC 4253 §4.2.
  if (line.startsWith("SSH-")) return spoken("ssh", line.replace(/^SSH-[\d.]+-/, ""));
  // RFC 5321 §4.2; FTP has the same number.
  if (/^220[ -].*\be?smtp\b/i.test(line)) return spoken("smtp", line.slice(4));
  // The error replies of RESP, by the words of Redis.
  if (/^(?:\+PONG|-(?:ERR|NOAUTH|NOPERM|DENIED|LOADING|MISCONF)\b)/.test(line)) return spoken("redis");
  return readMysql(bytes);
}

/** "Protocol::HandshakeV10", or the ERR packet of a server that takes nobody now: a length, the number 0, a type. */
function readMysql(bytes: Buffer): Spoken | undefined {
  if (bytes.length < 7 || bytes.readUIntLE(0, 3) !== bytes.length - 4 || bytes[3] !== 0) return undefined;
  if (bytes[4] === 0xff) return spoken("mysql");
  if (bytes[4] !== 10) return undefined;
  const end = bytes.indexOf(0, 5);
  // MariaDB puts this before its version, for replicas of MySQL that read one digit.
  return end < 0 ? undefined : spoken("mysql", bytes.toString("latin1", 5, end).replace(/^5\.5\.5-/, ""));
}

/** PostgreSQL's answer to an SSLRequest: one byte, or an ErrorResponse when it takes nobody now. */
export function readSslAnswer(bytes: Buffer): Spoken | undefined {
  const isAnswer = bytes.length === 1 && (bytes[0] === granted || bytes[0] === declined);
  const isError = bytes[0] === 0x45 && bytes.length >= 5 && bytes.readUInt32BE(1) === bytes.length - 1;
  return isAnswer || isError ? spoken("postgres") : undefined;
}

/** The answer to a request for "/", in the clear or not; undefined when it is no HTTP or asks for TLS in place of it. */
export function readPage(
  bytes: Buffer,
  over: "tcp" | "tls",
  program: string | undefined,
): Spoken | undefined {
  const answer = readHttpAnswer(bytes);
  if (!answer || (over === "tcp" && wantsTls(answer))) return undefined;
  const title = titleOf(answer);
  const devServer = devServerName(program, answer);
  return {
    ...spoken(protocolOf(answer, over), serverOf(answer)),
    ...(title !== undefined && { title }),
    ...(devServer !== undefined && { devServer }),
  };
}

/** nginx, Apache, Go and Tomcat answer so to a request in the clear. */
function wantsTls({ status, body }: HttpAnswer): boolean {
  return status === 400 && /\b(?:https|tls|ssl)\b/i.test(body);
}

/** RFC 9110 §15.5.22: 426, with another protocol named than WebSocket, says nothing of that one. */
function protocolOf({ status, head }: HttpAnswer, over: "tcp" | "tls"): Protocol {
  const isWebSocket = status === 426 && !/^upgrade:(?! *websocket)/im.test(head);
  if (over === "tcp") return isWebSocket ? "ws" : "http";
  return isWebSocket ? "wss" : "https";
}

function spoken(protocol: Protocol, product = ""): Spoken {
  const server = shortLine(product);
  return { protocol, ...(server !== undefined && { server }) };
}
