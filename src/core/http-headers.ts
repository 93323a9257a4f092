/** Header lists on their way through: what belongs to one hop only, and what a proxy adds. */

/** Names and values in turn, as they came: order, case and repetition matter to somebody. */
export type Headers = readonly string[];

/** RFC 9110 §7.6.1 and its forebears: these speak of one connection, never of the message. */
const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
]);

/** What the client cannot be believed about: set anew for every request. */
const forwarding: ReadonlySet<string> = new Set([
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
]);

/** Names the muxes a request has been through, so that a circle is seen (as CDN-Loop does, RFC 8586). */
const hopHeader = "oneport-hop";

const notInTrailers: ReadonlySet<string> = new Set(["host", "content-length", "trailer", hopHeader]);

/** What a "Connection" header may not take away: the message would change its meaning. */
const protectedNames: ReadonlySet<string> = new Set([
  "host",
  "content-length",
  "content-type",
  "cookie",
  "authorization",
]);

/** Each value of a header, in order; `name` in lower case. */
export function valuesOf(headers: Headers, name: string): string[] {
  const values: string[] = [];
  for (let at = 0; at < headers.length; at += 2) {
    if (isNamed(headers[at], name)) values.push(headers[at + 1] ?? "");
  }
  return values;
}

function isNamed(key: string | undefined, name: string): boolean {
  return key !== undefined && key.length === name.length && key.toLowerCase() === name;
}

export function* pairs(headers: Headers): Generator<[name: string, value: string]> {
  for (let at = 0; at + 1 < headers.length; at += 2) yield [headers[at] ?? "", headers[at + 1] ?? ""];
}

export interface Forwarding {
  /** What the service sees as Host; empty if nothing was asked for (RFC 9112 §3.2). */
  readonly host: string;
  /** What the client asked for. */
  readonly authority: string | undefined;
  readonly clientAddress: string;
  readonly secure: boolean;
  /** This mux, for `passedThrough`. */
  readonly instance: string;
}

/** The headers of a request as the service gets them. Its framing is added by whoever sends it. */
export function requestHeaders(headers: Headers, forward: Forwarding): string[] {
  const out = ["Host", forward.host];
  const dropped = connectionNames(headers);
  let hops = forward.instance;
  for (const [name, value] of pairs(headers)) {
    const key = name.toLowerCase();
    if (key === "te") {
      // RFC 9110 §10.1.4: "trailers" is all that may go on, and it is of the next hop again.
      if (/\btrailers\b/i.test(value)) out.push("TE", "trailers");
    } else if (key === hopHeader) {
      hops = `${value}, ${hops}`;
    } else if (key !== "host" && !hopByHop.has(key) && !forwarding.has(key) && !dropped.has(key)) {
      out.push(name, value);
    }
  }
  out.push("X-Forwarded-For", forward.clientAddress);
  out.push("X-Forwarded-Proto", forward.secure ? "https" : "http");
  if (forward.authority !== undefined) out.push("X-Forwarded-Host", forward.authority);
  out.push(hopHeader, hops);
  return out;
}

/** The headers of a response or informational response as the client gets them. */
export function responseHeaders(status: number, headers: Headers): string[] {
  const kept = endToEnd(headers);
  // RFC 9110 §8.6 forbids it there, and clients of HTTP/2 refuse such an answer.
  return status < 200 || status === 204 ? without(kept, "content-length") : kept;
}

function endToEnd(headers: Headers): string[] {
  const out: string[] = [];
  const dropped = connectionNames(headers);
  for (const [name, value] of pairs(headers)) {
    const key = name.toLowerCase();
    if (!hopByHop.has(key) && !dropped.has(key)) out.push(name, value);
  }
  return out;
}

/** The fields of a trailer section as the other side gets them: none that frames or routes (RFC 9110 §6.5.1). */
export function trailerFields(headers: Headers): string[] {
  const out: string[] = [];
  for (const [name, value] of pairs(endToEnd(headers))) {
    const key = name.toLowerCase();
    if (!forwarding.has(key) && !notInTrailers.has(key)) out.push(name, value);
  }
  return out;
}

/** The list without one header; `name` in lower case. */
export function without(headers: Headers, name: string): string[] {
  const out: string[] = [];
  for (let at = 0; at < headers.length; at += 2) {
    if (!isNamed(headers[at], name)) out.push(headers[at] ?? "", headers[at + 1] ?? "");
  }
  return out;
}

/** The head of a message as it stands on the wire (latin1); `line` is its first line. */
export function formatHead(line: string, headers: Headers): string {
  let text = `${line}\r\n`;
  for (let at = 0; at < headers.length; at += 2) text += `${headers[at]}: ${headers[at + 1]}\r\n`;
  return `${text}\r\n`;
}

/** Whether this request has been here before. */
export function passedThrough(headers: Headers, instance: string): boolean {
  return valuesOf(headers, hopHeader).some((value) =>
    value.split(",").some((hop) => hop.trim() === instance),
  );
}

/** The names a "Connection" header adds to those of one hop. */
function connectionNames(headers: Headers): ReadonlySet<string> {
  const names = new Set<string>();
  for (const value of valuesOf(headers, "connection")) {
    for (const token of value.split(",")) {
      const name = token.trim().toLowerCase();
      if (!protectedNames.has(name)) names.add(name);
    }
  }
  return names;
}
