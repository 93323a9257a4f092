/**
 * HAProxy's PROXY protocol: the header by which a proxy in front tells a connection's real addresses, read and written.
 * Sections are those of the specification, doc/proxy-protocol.txt in HAProxy's repository.
 */
import { addressBytes, addressText, ipv6Text, mapped, parseIpv4, parseIpv6 } from "./address-bytes.ts";

/** `address` is an IP literal without brackets, IPv6 in its shortest form and IPv4-mapped IPv6 as IPv4. */
interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export interface ProxiedAddresses {
  readonly source: Endpoint;
  readonly destination: Endpoint;
}

/** `length`: the header's bytes, to be dropped before anything else is read. `addresses`: absent when it tells none. */
interface Header {
  readonly kind: "header";
  readonly length: number;
  readonly addresses: ProxiedAddresses | undefined;
}

export type ProxyRead =
  | { readonly kind: "more"; readonly atLeast: number }
  | Header
  | { readonly kind: "malformed"; readonly reason: string }
  | { readonly kind: "none" };

const textSignature = Buffer.from("PROXY ", "latin1");
const maxLine = 107; // §2.1, CRLF included
const signature = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1"); // §2.2
const binaryHeader = 16;

/**
 * Reads the header that a trusted proxy puts before a connection's first bytes; `none` if it is not there. Never throws.
 * `more`: read again once there are `atLeast` bytes, counted from the start.
 */
export function readProxyHeader(bytes: Uint8Array): ProxyRead {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length === 0) return more(1);
  if (agrees(buffer, textSignature)) return readText(buffer);
  if (agrees(buffer, signature)) return readBinary(buffer);
  return { kind: "none" };
}

/** §2.1: "The receiver must not tolerate a single CR or LF character to end the line." */
function readText(bytes: Buffer): ProxyRead {
  if (bytes.length < textSignature.length) return more(bytes.length + 1);
  const lineFeed = bytes.subarray(0, maxLine).indexOf(0x0a);
  if (lineFeed === -1) {
    if (bytes.length < maxLine) return more(bytes.length + 1);
    return malformed(`no CRLF in the first ${maxLine} bytes`);
  }
  if (bytes[lineFeed - 1] !== 0x0d) return malformed("a line that does not end in CRLF");
  const length = lineFeed + 1;
  const fields = bytes.toString("latin1", textSignature.length, lineFeed - 1).split(" ");
  const [protocol, source, destination, sourcePort, destinationPort] = fields;
  // "The receiver must ignore anything presented before the CRLF" after UNKNOWN.
  if (protocol === "UNKNOWN") return { kind: "header", length, addresses: undefined };
  if (protocol !== "TCP4" && protocol !== "TCP6") return malformed("none of TCP4, TCP6 and UNKNOWN");
  if (fields.length !== 5) return malformed("a line of another number of fields than six");
  const from = parseEndpoint(protocol, source, sourcePort);
  const to = parseEndpoint(protocol, destination, destinationPort);
  if (from === undefined || to === undefined) return malformed(`no address and port of ${protocol}`);
  return { kind: "header", length, addresses: { source: from, destination: to } };
}

/** §2.1: decimal numbers without leading zeros, and addresses of the family that the line announces. */
function parseEndpoint(protocol: "TCP4" | "TCP6", text = "", port = ""): Endpoint | undefined {
  if (!/^(?:0|[1-9]\d{0,4})$/.test(port) || Number(port) > 0xffff) return undefined;
  const address = protocol === "TCP4" ? parseIpv4(text) : parseIpv6(text);
  return address === undefined ? undefined : { address: addressText(address), port: Number(port) };
}

/** §2.2: the 13th byte is version and command, the 14th family and transport, then the length of what follows. */
function readBinary(bytes: Buffer): ProxyRead {
  if (bytes.length < signature.length) return more(bytes.length + 1);
  if (bytes.length < binaryHeader) return more(binaryHeader);
  const command = bytes.readUInt8(12);
  if (command !== 0x20 && command !== 0x21) return malformed("another version than 2, or an unknown command");
  const family = bytes.readUInt8(13) >> 4;
  const transport = bytes.readUInt8(13) & 0x0f;
  const size = bytes.readUInt16BE(14);
  const length = binaryHeader + size;
  if (command === 0x21) {
    const least = [0, 12, 36, 216][family];
    if (least === undefined || transport > 2) return malformed("an unknown address family or transport");
    if (size < least) return malformed("an address block that is too short for its family");
  }
  if (bytes.length < length) return more(length);

  // LOCAL has no addresses. Of the others only TCP is what this connection can be: "falls back to the UNSPEC mode".
  const tcp = command === 0x21 && transport === 1 && (family === 1 || family === 2);
  const addresses = tcp ? addressesIn(bytes.subarray(binaryHeader), family === 1 ? 4 : 16) : undefined;
  return { kind: "header", length, addresses };
}

/** Both addresses, then both ports; TLVs after them are skipped. */
function addressesIn(block: Buffer, width: number): ProxiedAddresses {
  const source = addressText(block.subarray(0, width));
  const destination = addressText(block.subarray(width, 2 * width));
  return {
    source: { address: source, port: block.readUInt16BE(2 * width) },
    destination: { address: destination, port: block.readUInt16BE(2 * width + 2) },
  };
}

/**
 * The header that tells of a TCP connection with these addresses; a zone (`fe80::1%eth0`) is dropped.
 * Throws a `TypeError` for what is no IP address, a `RangeError` for what is no port.
 */
export function writeProxyHeader(version: 1 | 2, { source, destination }: ProxiedAddresses): Buffer {
  let from = addressBytes(source.address);
  let to = addressBytes(destination.address);
  const ipv4 = from.length === 4 && to.length === 4;
  if (!ipv4) {
    // A header has one family: beside IPv6 an IPv4 address goes as IPv4-mapped IPv6.
    from = mapped(from);
    to = mapped(to);
  }
  const ports = [portBytes(source.port), portBytes(destination.port)];
  if (version === 2) {
    const block = Buffer.concat([from, to, ...ports]);
    return Buffer.concat([signature, Buffer.of(0x21, ipv4 ? 0x11 : 0x21, 0, block.length), block]);
  }
  const family = ipv4 ? `TCP4 ${from.join(".")} ${to.join(".")}` : `TCP6 ${ipv6Text(from)} ${ipv6Text(to)}`;
  return Buffer.from(`PROXY ${family} ${source.port} ${destination.port}\r\n`, "latin1");
}

function portBytes(port: number): Buffer {
  if (!Number.isInteger(port) || port < 0 || port > 0xffff) throw new RangeError(`not a port: ${port}`);
  return Buffer.of(port >> 8, port & 0xff);
}

function agrees(bytes: Buffer, wanted: Buffer): boolean {
  const length = Math.min(bytes.length, wanted.length);
  return bytes.subarray(0, length).equals(wanted.subarray(0, length));
}

function more(atLeast: number): ProxyRead {
  return { kind: "more", atLeast };
}

function malformed(reason: string): ProxyRead {
  return { kind: "malformed", reason };
}
