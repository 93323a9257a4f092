/** Domain names as written by users and as seen on the wire, both brought to one form. */
import { domainToASCII } from "node:url";
import { fail, ok, type Problem, type Result } from "./errors.ts";
import { shown } from "./wording.ts";

/** The key of a route: a name, every name one label under a parent, or everything else. */
export type Domain =
  | { readonly kind: "exact"; readonly name: string }
  | { readonly kind: "wildcard"; readonly parent: string }
  | { readonly kind: "default" };

/** What is wrong with a key, by its code; the message goes on from `The domain "…" `. */
const mistakes = {
  "domain-empty": "is empty",
  "domain-scheme": "has a scheme in it",
  "domain-path": "has a path in it",
  "domain-port": "has a port in it",
  "domain-address": "is an IP address, and routes are told apart by name",
  "domain-number": "ends in a number, so clients take it for an IPv4 address",
  "domain-wildcard": 'has a "*" elsewhere than in one leading "*."',
  "domain-character": "contains a character that no domain can have",
  "domain-idn": "cannot be written in ASCII (punycode)",
  "domain-label-empty": "has an empty label",
  "domain-label-long": "has a label longer than 63 characters",
  "domain-label-hyphen": "has a label that begins or ends with a hyphen",
  "domain-long": "is longer than 253 characters",
} as const;

type Mistake = keyof typeof mistakes;

/** Reads the key of a route, such as `shop.test`, `*.preview.shop.test`, `bücher.test` or `*`. */
export function parseDomain(text: string): Result<Domain, Problem<Mistake>> {
  const domain = readDomain(text);
  if (domain.ok) return domain;
  const repaired = readDomain(repair(text));
  return fail({
    code: domain.error,
    message: `The domain ${shown(text)} ${mistakes[domain.error]}.`,
    remedy: repaired.ok
      ? `Write ${shown(formatDomain(repaired.value))}.`
      : 'Write a domain alone, such as "shop.localhost", "*.shop.test", or "*" for everything else.',
  });
}

function readDomain(text: string): Result<Domain, Mistake> {
  if (text === "*") return ok({ kind: "default" });
  if (text === "") return fail("domain-empty");
  const strange = strangeTo(text);
  if (strange) return fail(strange);

  const isWildcard = text.startsWith("*.");
  const written = isWildcard ? text.slice(2) : text;
  if (written.includes("*")) return fail("domain-wildcard");
  const ascii = asciiName(written);
  if (ascii === undefined) return fail("domain-idn");
  const name = canonical(ascii);
  const wrong = mistakeIn(name);
  if (wrong) return fail(wrong);
  if (!isWildcard) return ok({ kind: "exact", name });
  return name.length + 2 > longestName ? fail("domain-long") : ok({ kind: "wildcard", parent: name });
}

/** What shows that something else than a domain was written. */
function strangeTo(text: string): Mistake | undefined {
  if (text.includes("://")) return "domain-scheme";
  if (/[/?#]/.test(text)) return "domain-path";
  const authority = splitAuthority(text);
  const host = authority ? normalizeHost(authority.host) : text;
  if (host !== undefined && canonicalAddress(host)) return "domain-address";
  if (authority?.port !== undefined) return "domain-port";
  return /[^a-z0-9_.*\u0080-\uffff-]/i.test(text) ? "domain-character" : undefined;
}

function mistakeIn(name: string): Mistake | undefined {
  if (canonicalAddress(name)) return "domain-address";
  const labels = name.split(".");
  if (labels.includes("")) return "domain-label-empty";
  if (labels.some((label) => label.length > longestLabel)) return "domain-label-long";
  if (labels.some((label) => label.startsWith("-") || label.endsWith("-"))) return "domain-label-hyphen";
  if (name.length > longestName) return "domain-long";
  if (endsInNumber(name)) return "domain-number";
  return isName(name) ? undefined : "domain-character";
}

/** The domain that was probably meant by a URL, an authority, or a slip of a dot or a space. */
function repair(text: string): string {
  return text
    .trim()
    .replace(/^[a-z][a-z0-9+.-]*:\/\//i, "")
    .replace(/[/?#].*$/s, "")
    .replace(/:\d*$/, "")
    .replace(/\.{2,}/g, ".")
    .replace(/^\.(?=.)/, "");
}

export function formatDomain(domain: Domain): string {
  switch (domain.kind) {
    case "exact":
      return domain.name;
    case "wildcard":
      return `*.${domain.parent}`;
    case "default":
      return "*";
  }
}

/** The one spelling of a route's key, by which two of one domain are known; as written where it is no domain at all. */
export function normalKey(key: string): string {
  const domain = parseDomain(key);
  return domain.ok ? formatDomain(domain.value) : key;
}

/** RFC 1035 §2.3.4, counted in the text form without its last dot. */
const longestName = 253;
const longestLabel = 63;

/** A name as seen on the wire (SNI), in the form in which routes are looked up; undefined if it is no name. */
export function normalizeName(text: string): string | undefined {
  if (isName(text)) return text;
  const name = canonical(text);
  return isName(name) ? name : undefined;
}

/** Lower-cases ASCII only: `toLowerCase` makes an ASCII "k" of the Kelvin sign, and so one name of another. */
function canonical(text: string): string {
  const undotted = text.endsWith(".") ? text.slice(0, -1) : text;
  return undotted.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Is this a name in its canonical form: lower-case letters, digits, hyphens and underscores, no last dot? */
function isName(text: string): boolean {
  if (text.length > longestName) return false;
  let labelStart = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === dot) {
      if (!isLabel(text, labelStart, index)) return false;
      labelStart = index + 1;
    } else if (!isNameCharacter(code)) return false;
  }
  return isLabel(text, labelStart, text.length);
}

const dot = 0x2e;
const hyphen = 0x2d;
const underscore = 0x5f;

function isNameCharacter(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || code === hyphen || code === underscore
  );
}

function isLabel(text: string, start: number, end: number): boolean {
  const length = end - start;
  if (length < 1 || length > longestLabel) return false;
  return text.charCodeAt(start) !== hyphen && text.charCodeAt(end - 1) !== hyphen;
}

/** The name in ASCII: IDN becomes punycode (UTS 46 as browsers apply it); undefined where that is impossible. */
export function asciiName(text: string): string | undefined {
  return /[\u0080-\uffff]/.test(text) ? domainToASCII(text) || undefined : text;
}

/** The WHATWG URL standard's "ends in a number": clients read such a host as an IPv4 address or not at all. */
export function endsInNumber(name: string): boolean {
  return /(?:^|\.)(?:\d+|0x[\da-f]*)$/.test(name);
}

/** `host [":" port]` of RFC 3986 §3.2, the host with its brackets, if any; undefined if it is not that. */
export function splitAuthority(
  text: string,
): { readonly host: string; readonly port: string | undefined } | undefined {
  const [whole, host, port] = /^(\[[^[\]]*\]|[^:[\]@]+)(?::(\d{0,5}))?$/.exec(text) ?? [];
  if (whole === undefined || host === undefined || Number(port ?? 0) > 65_535) return undefined;
  return { host, port };
}

/**
 * The value of `Host` (RFC 9110 §7.2) or `:authority` as a name or an IP literal, without port and brackets,
 * normalised; undefined if malformed.
 */
export function hostOf(authority: string): string | undefined {
  const parts = splitAuthority(authority);
  return parts && normalizeHost(parts.host);
}

/** A host, with brackets if it is IPv6, as a normalised name or as an IP literal without brackets. */
export function normalizeHost(host: string): string | undefined {
  if (!host.startsWith("[")) return normalizeName(host);
  return host.includes(":") ? canonicalAddress(host.slice(1, -1)) : undefined;
}

const ipv4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/** An IP literal in its one usual spelling (`127.0.0.1`, `::1`), IPv4-mapped ones as IPv4; undefined for anything else. */
export function canonicalAddress(text: string): string | undefined {
  const unmapped = text.replace(/^::ffff:(?=\d+\.)/i, "");
  if (ipv4.test(unmapped)) return unmapped;
  const couldBeIpv6 = text.includes(":") && /^[\da-f:.]+$/i.test(text);
  return couldBeIpv6 ? URL.parse(`http://[${text}]`)?.hostname.slice(1, -1) : undefined;
}
