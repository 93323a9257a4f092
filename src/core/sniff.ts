/** What a client speaks, told from the first bytes it sent, and the name it asks for if its protocol carries one. */
import { type ClientHello, readClientHello } from "./client-hello.ts";
import { type HeadRead, readHttpHead } from "./http-head.ts";
import { requestLength, sslRequest } from "./postgres.ts";
import type { TlsAlert } from "./tls-alert.ts";

/**
 * `http2` is HTTP/2 with prior knowledge. `postgresTls` and `postgresGss` are PostgreSQL's requests to encrypt, 8 bytes
 * each, after which the client waits for one byte; `postgresStartup` opens a session in the clear. `other` carries no name that we know of.
 */
export type Sniff =
  | HeadRead
  | { readonly kind: "tls"; readonly hello: ClientHello }
  | { readonly kind: "malformedTls"; readonly alert: TlsAlert; readonly reason: string }
  | { readonly kind: PostgresKind };

type PostgresKind = "postgresTls" | "postgresGss" | "postgresStartup";

const handshakeRecord = 22;
/**
 * What PostgreSQL's clients open with: a length and a code, four bytes each ("Message Formats"). Any byte will do where there is
 * none here: a start-up message is as long as it is, and has a minor version.
 */
const postgresMessages: readonly (readonly [PostgresKind, readonly (number | undefined)[]])[] = [
  ["postgresTls", [...sslRequest]],
  ["postgresGss", [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x30]],
  ["postgresStartup", [0, 0, undefined, undefined, 0, 3, 0, undefined]],
];

/**
 * Sniffs the first bytes of a client; later ones may follow and change nothing. Never throws. An SSLv2 hello, which
 * TLS 1.3 forbids (RFC 8446 App. D.5) and which has no room for a name, is `other`.
 *
 * `more`: sniff again once there are `atLeast` bytes, counted from the start; no more than about 86 KB are ever asked
 * for. `seen`: how many of these bytes were there when the last answer was `more` (see `readHttpHead`).
 */
export function sniff(bytes: Uint8Array, seen = 0): Sniff {
  const inText = bytes[0] !== undefined && bytes[0] !== handshakeRecord && bytes[0] !== 0;
  return inText ? readHttpHead(bytes, seen) : sniffEncryption(bytes);
}

/**
 * The same where only encryption matters: TLS, or PostgreSQL's way to it. All else is `other` at its first byte, for it may be
 * short, and its client may be waiting.
 */
export function sniffEncryption(bytes: Uint8Array): Sniff {
  switch (bytes[0]) {
    case undefined:
      return { kind: "more", atLeast: 1 };
    case handshakeRecord:
      return sniffTls(bytes);
    case 0:
      return sniffPostgres(bytes);
    default:
      return { kind: "other" };
  }
}

function sniffTls(bytes: Uint8Array): Sniff {
  if (bytes.length === 1) return { kind: "more", atLeast: 2 };
  if (bytes[1] !== 3) return { kind: "other" };
  const read = readClientHello(bytes);
  switch (read.kind) {
    case "more":
      return read;
    case "hello":
      return { kind: "tls", hello: read.hello };
    case "malformed":
      return { kind: "malformedTls", alert: read.alert, reason: read.reason };
  }
}

function sniffPostgres(bytes: Uint8Array): Sniff {
  const length = Math.min(bytes.length, requestLength);
  const [first] = postgresMessages.filter(([, message]) => {
    for (let at = 0; at < length; at += 1)
      if (message[at] !== undefined && message[at] !== bytes[at]) return false;
    return true;
  });
  if (!first) return { kind: "other" };
  return length < requestLength ? { kind: "more", atLeast: bytes.length + 1 } : { kind: first[0] };
}
