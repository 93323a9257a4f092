/** The first message of a TLS client, read for the two things a route needs: the name asked for, and the ALPN list. */
import { type TlsAlert, tlsAlert } from "./tls-alert.ts";

export interface ClientHello {
  /** SNI as sent: case and trailing dot are kept; `undefined` without one, and for an IP address in its place. */
  readonly serverName: string | undefined;
  /** Protocol names in the client's order, one character a byte. */
  readonly alpn: readonly string[];
}

interface Malformed {
  readonly kind: "malformed";
  readonly alert: TlsAlert;
  readonly reason: string;
}

export type HelloRead =
  | { readonly kind: "more"; readonly atLeast: number }
  | { readonly kind: "hello"; readonly hello: ClientHello }
  | Malformed;

const recordHeader = 5;
const maxRecord = 16_384; // RFC 8446 §5.1
const messageHeader = 4;
const maxBody = 65_536;
/** Enough for the longest hello of any client in records of one byte, and little enough to walk again and again. */
const maxRecords = 4096;
const maxName = 255; // RFC 1035 §2.3.4

/** For each extension type the reading that last met it: duplicates are found without a Set for each hello. */
const metIn = new Uint8Array(0x1_0000);
let reading = 0;

/**
 * Reads a ClientHello from the first bytes a client sent. It may lie in any number of TLS records; what comes after it
 * is not looked at. Never throws.
 *
 * `more`: no hello can be whole before there are `atLeast` bytes, counted from the start. Reading again only then makes
 * few readings, however small the segments and records; a broken record among them is found no sooner.
 * `malformed`: what to answer (`alertRecord`), and why.
 */
export function readClientHello(bytes: Uint8Array): HelloRead {
  if (bytes.length < recordHeader + messageHeader) return readRecords(bytes);
  const refusal = checkRecord(bytes, 0);
  if (refusal !== undefined) return refusal;
  const record = u16(bytes, 3);
  if (record < messageHeader) return readRecords(bytes);

  // Nearly every hello lies in one record, and is read where it is.
  const unexpected = checkMessage(bytes, recordHeader);
  if (unexpected !== undefined) return unexpected;
  const message = messageLength(bytes, recordHeader);
  if (message > record) return readRecords(bytes);
  const end = recordHeader + message;
  if (bytes.length < end) return { kind: "more", atLeast: end };
  return readBody(bytes, recordHeader + messageHeader, end);
}

/** The same for a message that is cut into several records, or not known to lie in one yet. */
function readRecords(bytes: Uint8Array): HelloRead {
  const message = new Uint8Array(Math.min(bytes.length, messageHeader + maxBody));
  let filled = 0;
  let needed = messageHeader;
  let at = 0;
  for (let records = 0; records < maxRecords; records += 1) {
    if (bytes.length < at + recordHeader) return more(at, 0, needed - filled);
    const refusal = checkRecord(bytes, at);
    if (refusal !== undefined) return refusal;

    const start = at + recordHeader;
    const end = start + u16(bytes, at + 3);
    const payload = bytes.subarray(start, Math.min(end, start + message.length - filled));
    message.set(payload, filled);
    filled += payload.length;
    if (filled >= messageHeader) {
      const unexpected = checkMessage(message, 0);
      if (unexpected !== undefined) return unexpected;
      needed = messageLength(message, 0);
      if (filled >= needed) return readBody(message, messageHeader, needed);
    }
    if (bytes.length < end) return more(bytes.length, end - bytes.length, needed - filled);
    at = end;
  }
  return malformed(tlsAlert.decodeError, `the ClientHello is cut into more than ${maxRecords} records`);
}

/** What is `missing` comes first in the `room` left in the record at hand, then in records as large as they may be. */
function more(at: number, room: number, missing: number): HelloRead {
  const headers = Math.ceil(Math.max(0, missing - room) / maxRecord);
  return { kind: "more", atLeast: at + missing + headers * recordHeader };
}

/** RFC 8446 §5.1: the header of a plaintext record. The version's second byte has no meaning left. */
function checkRecord(bytes: Uint8Array, at: number): Malformed | undefined {
  if (bytes[at] !== 22)
    return malformed(tlsAlert.unexpectedMessage, "a record of another type than handshake");
  if (bytes[at + 1] !== 3) return malformed(tlsAlert.protocolVersion, "a record of another version than 3.x");
  const length = u16(bytes, at + 3);
  if (length === 0) return malformed(tlsAlert.decodeError, "an empty handshake record");
  if (length > maxRecord)
    return malformed(tlsAlert.recordOverflow, `a record of more than ${maxRecord} bytes`);
  return undefined;
}

/** RFC 8446 §4: type and length of a handshake message. */
function checkMessage(bytes: Uint8Array, at: number): Malformed | undefined {
  if (bytes[at] !== 1)
    return malformed(tlsAlert.unexpectedMessage, "a handshake message other than ClientHello");
  if (messageLength(bytes, at) <= messageHeader + maxBody) return undefined;
  return malformed(tlsAlert.illegalParameter, `a ClientHello of more than ${maxBody} bytes`);
}

function messageLength(bytes: Uint8Array, at: number): number {
  return messageHeader + ((u8(bytes, at + 1) << 16) | u16(bytes, at + 2));
}

/** RFC 8446 §4.1.2; a hello of TLS 1.2 and before may end without extensions (RFC 5246 §7.4.1.2). */
function readBody(bytes: Uint8Array, start: number, end: number): HelloRead {
  const versionAndRandom = 34;
  const sessionEnd = vectorEnd(bytes, start + versionAndRandom, end, 1, 0, 32);
  const suitesEnd = vectorEnd(bytes, sessionEnd, end, 2, 2, 0xfffe);
  const compressionEnd = vectorEnd(bytes, suitesEnd, end, 1, 1, 255);
  if (compressionEnd === broken || (suitesEnd - sessionEnd) % 2 !== 0)
    return brokenLength("before the extensions");
  if (compressionEnd === end) return { kind: "hello", hello: { serverName: undefined, alpn: [] } };
  if (vectorEnd(bytes, compressionEnd, end, 2, 0, 0xffff) !== end) return brokenLength("of the extensions");
  return readExtensions(bytes, compressionEnd + 2, end);
}

/** RFC 8446 §4.2. Extensions other than the two sought are stepped over: GREASE, and ECH, real or not, among them. */
function readExtensions(bytes: Uint8Array, start: number, end: number): HelloRead {
  beginReading();
  let serverName: string | undefined;
  let alpn: readonly string[] = [];
  let at = start;
  while (at < end) {
    const dataEnd = vectorEnd(bytes, at + 2, end, 2, 0, 0xffff);
    if (dataEnd === broken) return brokenLength("of an extension");
    const type = u16(bytes, at);
    if (metIn[type] === reading) return malformed(tlsAlert.illegalParameter, `extension ${type} comes twice`);
    metIn[type] = reading;
    if (type === 0) {
      const name = readServerName(bytes, at + 4, dataEnd);
      if (typeof name === "object") return name;
      serverName = name;
    } else if (type === 16) {
      const protocols = readAlpn(bytes, at + 4, dataEnd);
      if ("kind" in protocols) return protocols;
      alpn = protocols;
    }
    at = dataEnd;
  }
  return { kind: "hello", hello: { serverName, alpn } };
}

/** RFC 6066 §3: a list of names, of which only the type host_name (0) is defined, at most once. */
function readServerName(bytes: Uint8Array, start: number, end: number): string | undefined | Malformed {
  if (vectorEnd(bytes, start, end, 2, 1, 0xffff) !== end) return brokenLength("of the server name list");
  let hostName: string | undefined | Malformed;
  let hostNames = 0;
  let at = start + 2;
  while (at < end) {
    // "All future data structures associated with new NameTypes MUST begin with a 16-bit length field."
    const nameEnd = vectorEnd(bytes, at + 1, end, 2, 1, 0xffff);
    if (nameEnd === broken) return brokenLength("of a server name");
    if (bytes[at] === 0) {
      hostNames += 1;
      hostName = readHostName(bytes, at + 3, nameEnd);
      if (typeof hostName === "object") return hostName;
    }
    at = nameEnd;
  }
  return hostNames > 1 ? malformed(tlsAlert.illegalParameter, "more than one server name") : hostName;
}

/**
 * A host_name is ASCII (RFC 6066 §3). Only what can be no name in any spelling is refused here; labels are the business
 * of core/domain.ts. An IP address, "not permitted" there, tells no route from another: it counts as no name at all.
 */
function readHostName(bytes: Uint8Array, start: number, end: number): string | undefined | Malformed {
  if (end - start > maxName)
    return malformed(tlsAlert.unrecognizedName, "a server name of more than 255 bytes");
  let address = true;
  for (let at = start; at < end; at += 1) {
    const byte = u8(bytes, at);
    if (byte <= 0x20 || byte >= 0x7f)
      return malformed(tlsAlert.illegalParameter, "a server name that is not plain ASCII");
    if (byte === colon) return undefined;
    if ((byte < digit0 || byte > digit9) && byte !== dot) address = false;
  }
  return address ? undefined : text(bytes, start, end);
}

const dot = 0x2e;
const digit0 = 0x30;
const digit9 = 0x39;
const colon = 0x3a;

/** RFC 7301 §3.1. */
function readAlpn(bytes: Uint8Array, start: number, end: number): readonly string[] | Malformed {
  if (vectorEnd(bytes, start, end, 2, 2, 0xffff) !== end) return brokenLength("of the ALPN list");
  const protocols: string[] = [];
  let at = start + 2;
  while (at < end) {
    const nameEnd = vectorEnd(bytes, at, end, 1, 1, 255);
    if (nameEnd === broken) return brokenLength("of an ALPN name");
    protocols.push(text(bytes, at + 1, nameEnd));
    at = nameEnd;
  }
  return protocols;
}

const broken = -1;

/**
 * Where the vector (RFC 8446 §3.4) at `at` ends whose length takes `prefix` bytes and is `min` to `max`; `broken` if it
 * does not fit before `end`, or if `at` is `broken` already.
 */
function vectorEnd(
  bytes: Uint8Array,
  at: number,
  end: number,
  prefix: 1 | 2,
  min: number,
  max: number,
): number {
  if (at === broken || at + prefix > end) return broken;
  const length = prefix === 1 ? u8(bytes, at) : u16(bytes, at);
  const vector = at + prefix + length;
  return length < min || length > max || vector > end ? broken : vector;
}

/** Whoever calls `u8` or `u16` has compared lengths before: there is a byte. */
function u8(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

function u16(bytes: Uint8Array, at: number): number {
  return (u8(bytes, at) << 8) | u8(bytes, at + 1);
}

/** One character a byte. For the few bytes of a name this takes half the time of Buffer's `toString`. */
function text(bytes: Uint8Array, start: number, end: number): string {
  let characters = "";
  for (let at = start; at < end; at += 1) characters += String.fromCharCode(u8(bytes, at));
  return characters;
}

function beginReading(): void {
  reading += 1;
  if (reading <= 255) return;
  metIn.fill(0);
  reading = 1;
}

function brokenLength(where: string): Malformed {
  return malformed(tlsAlert.decodeError, `a broken length ${where}`);
}

function malformed(alert: TlsAlert, reason: string): Malformed {
  return { kind: "malformed", alert, reason };
}
