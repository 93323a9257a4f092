/** IP addresses as bytes, 4 or 16 in network order, and the literals without brackets that stand for them. */

const mappedPrefix = Buffer.from("00000000000000000000ffff", "hex"); // RFC 4291 §2.5.5.2

/** The literal in its one usual spelling, IPv4-mapped IPv6 as IPv4. */
export function addressText(bytes: Buffer): string {
  const address = unmapped(bytes);
  return address.length === 4 ? address.join(".") : ipv6Text(address);
}

/** 16 bytes, whatever they map. */
export function ipv6Text(address: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, group) => address.readUInt16BE(2 * group).toString(16));
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}

/** IPv4-mapped IPv6 as IPv4; a zone (`fe80::1%eth0`) is dropped. Throws a `TypeError` for what is no IP address. */
export function addressBytes(text: string): Buffer {
  const [literal = ""] = text.split("%", 1);
  const address = parseIpv4(literal) ?? parseIpv6(literal);
  if (address === undefined) throw new TypeError(`not an IP address: ${JSON.stringify(text)}`);
  return unmapped(address);
}

export function parseIpv4(text: string): Buffer | undefined {
  const numbers = text.split(".");
  const valid =
    numbers.length === 4 && numbers.every((n) => /^(?:0|[1-9]\d{0,2})$/.test(n) && Number(n) <= 255);
  return valid ? Buffer.from(numbers.map(Number)) : undefined;
}

/** The URL parser knows every spelling of IPv6, and gives back the shortest (RFC 5952, but always hexadecimal). */
export function parseIpv6(text: string): Buffer | undefined {
  const url = `http://[${text}]`;
  if (!/^[0-9A-Fa-f:.]+$/.test(text) || !URL.canParse(url)) return undefined;
  const [left = [], right = []] = new URL(url).hostname
    .slice(1, -1)
    .split("::")
    .map((half) => half.split(":").filter((group) => group !== ""));
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => "0");
  const groups = [...left, ...zeros, ...right].map((group) => group.padStart(4, "0"));
  return Buffer.from(groups.join(""), "hex");
}

/** IPv4 as IPv4-mapped IPv6. */
export function mapped(address: Buffer): Buffer {
  return address.length === 4 ? Buffer.concat([mappedPrefix, address]) : address;
}

function unmapped(address: Buffer): Buffer {
  const isMapped = address.length === 16 && address.subarray(0, 12).equals(mappedPrefix);
  return isMapped ? address.subarray(12) : address;
}
