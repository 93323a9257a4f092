/** One service behind a route, as its URL or port in the settings says it. */
import { asciiName, canonicalAddress, endsInNumber, normalizeHost, splitAuthority } from "./domain.ts";
import { fail, ok, type Problem, type Result } from "./errors.ts";
import { closest, either, shown } from "./wording.ts";

/** What is spoken to the service behind, as its URL says it. */
export type Scheme = "http" | "https" | "ws" | "wss" | "tcp" | "tls" | "tcp+ws" | "tcp+wss";

/**
 * How a route's connections are carried. `http`: request by request, TLS ended here if there was any.
 * `tcp`: a stream, TLS ended here. `tls`: a stream, TLS untouched (passthrough).
 * `tunnel`: a stream, TLS ended here, carried to the service inside a WebSocket.
 */
export type RouteKind = "http" | "tcp" | "tls" | "tunnel";

/** One service behind a route. `host` is a name or an IP literal without brackets; `path` begins with "/". */
export interface Target {
  readonly scheme: Scheme;
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

interface SchemeFacts {
  readonly kind: RouteKind;
  /** `undefined`: the URL has to name the port. */
  readonly defaultPort: number | undefined;
  /** The mux opens TLS to the service itself. */
  readonly tls: boolean;
  /** The URL may have a path: where the WebSocket is opened. */
  readonly path: boolean;
}

export const schemes: { readonly [S in Scheme]: SchemeFacts } = {
  http: { kind: "http", defaultPort: 80, tls: false, path: false },
  https: { kind: "http", defaultPort: 443, tls: true, path: false },
  ws: { kind: "http", defaultPort: 80, tls: false, path: true },
  wss: { kind: "http", defaultPort: 443, tls: true, path: true },
  tcp: { kind: "tcp", defaultPort: undefined, tls: false, path: false },
  tls: { kind: "tls", defaultPort: undefined, tls: false, path: false },
  "tcp+ws": { kind: "tunnel", defaultPort: 80, tls: false, path: true },
  "tcp+wss": { kind: "tunnel", defaultPort: 443, tls: true, path: true },
};

export const schemeNames = Object.keys(schemes).filter(isScheme);

function isScheme(text: string): text is Scheme {
  return Object.hasOwn(schemes, text);
}

/** Each connection asks for them, and a text that has been made is found in a map at once. */
const texts = new WeakMap<Target, string>();

/** The URL of a target, in its shortest form; equal targets give equal texts. */
export function formatTarget(target: Target): string {
  const known = texts.get(target);
  if (known !== undefined) return known;
  const text = `${target.scheme}://${authorityOf(target)}${target.path === "/" ? "" : target.path}`;
  texts.set(target, text);
  return text;
}

/** Host and port as a URL or a Host header has them. */
export function authorityOf({ host, port }: Pick<Target, "host" | "port">): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

const examples =
  'Write a port such as 3000, or a URL such as "http://localhost:3000" or "tcp://localhost:5432".';

/** Reads a port (a number, or a text of digits: short for `http://localhost:PORT`) or a URL. */
export function parseTarget(value: unknown): Result<Target, Problem> {
  if (typeof value === "number") return parsePort(value, value);
  if (typeof value !== "string") return wrong("type", `A target cannot be ${shown(value)}.`, examples);
  return /^\d+$/.test(value) ? parsePort(Number(value), value) : parseUrl(value);
}

function parsePort(port: number, written: unknown): Result<Target, Problem> {
  if (isPort(port)) return ok({ scheme: "http", host: "localhost", port, path: "/" });
  return wrong("port", `${shown(written)} is not a port.`, "Write a whole number from 1 to 65535.");
}

interface UrlParts {
  readonly scheme: string;
  readonly userinfo: boolean;
  /** `host [":" port]` */
  readonly authority: string;
  readonly path: string;
  /** A query or a fragment, from its first character. */
  readonly rest: string;
}

/** RFC 3986, appendix B, with an authority required. */
function splitUrl(text: string): UrlParts | undefined {
  const parts = /^([a-z][a-z0-9+.-]*):\/\/([^/?#\s]*)([^?#\s]*)(\S*)$/i.exec(text);
  if (!parts) return undefined;
  const [, scheme = "", authority = "", path = "", rest = ""] = parts;
  const hostAt = authority.lastIndexOf("@") + 1;
  return {
    scheme: scheme.toLowerCase(),
    userinfo: hostAt > 0,
    authority: authority.slice(hostAt),
    path: path === "/" ? "" : path,
    rest,
  };
}

function parseUrl(text: string): Result<Target, Problem> {
  const url = splitUrl(text);
  if (!url) return wrong("url", `The target ${named(text)} is not a URL.`, urlMeant(text));
  const { scheme, authority } = url;
  if (!isScheme(scheme)) {
    return wrong("scheme", `The target ${named(text)} has an unknown scheme.`, schemeMeant(url));
  }
  const surplus = surplusIn(url, schemes[scheme], text);
  if (surplus) return fail(surplus);

  const place = splitAuthority(authority);
  const host = place && targetHost(place.host);
  if (!place || !host) {
    return wrong(
      "host",
      `The target ${named(text)} has no valid host and port.`,
      `Write ${shown(`${scheme}://localhost:3000`)} with the right host and port.`,
    );
  }
  const port = place.port === undefined ? schemes[scheme].defaultPort : Number(place.port);
  if (port === undefined || place.port === "") {
    return wrong(
      "port-missing",
      `The target ${named(text)} has no port.`,
      `Write ${shown(`${scheme}://${place.host}:PORT${url.path}`)} with the port of the service.`,
    );
  }
  if (!isPort(port)) {
    return wrong("port", `The target ${named(text)} has no valid port.`, "Write a port from 1 to 65535.");
  }
  const path = URL.parse(`http://localhost${url.path}`)?.pathname ?? "/";
  return ok({ scheme, host, port, path });
}

/** The first part of the URL that a target of this scheme does not have. */
function surplusIn(url: UrlParts, facts: SchemeFacts, text: string): Problem | undefined {
  const surplus = (what: string, remedy: string) =>
    problem(
      what,
      `The target ${named(text)} has a ${what}, which ${shown(`${url.scheme}://`)} targets cannot have.`,
      remedy,
    );
  const bare = `${url.scheme}://${url.authority}`;
  const withPath = `Write ${shown(bare + (facts.path ? url.path : ""))}.`;
  if (url.userinfo) return surplus("user name", withPath);
  if (url.rest !== "") return surplus(url.rest.startsWith("?") ? "query" : "fragment", withPath);
  if (facts.path || url.path === "") return undefined;
  const clientsPath = 'the path comes from each request, and that of the health check goes into "healthPath"';
  return surplus("path", facts.kind === "http" ? `Write ${shown(bare)}: ${clientsPath}.` : withPath);
}

/** As `normalizeHost`, IDN allowed, and no name that looks like an address without being one. */
function targetHost(written: string): string | undefined {
  const host = normalizeHost(asciiName(written) ?? "");
  return host && endsInNumber(host) && !canonicalAddress(host) ? undefined : host;
}

const looseUrl = new RegExp(`^(?:(${schemeNames.join("|").replaceAll("+", "\\+")})[:/]+)?/*:?(.*)$`, "is");

/** A remedy for what is no URL: "localhost:3000", ":3000", "http:/localhost:3000", "tcp:5432". */
function urlMeant(text: string): string {
  const [, scheme, written = ""] = looseUrl.exec(text.trim()) ?? [];
  const authority = /^\d+$/.test(written) ? `localhost:${written}` : written;
  const place = splitAuthority(authority);
  if (!place || !isPort(Number(place.port)) || !targetHost(place.host)) return examples;
  const meant = scheme === undefined ? ["http", "tcp"] : [scheme.toLowerCase()];
  return `Write ${either(meant.map((each) => shown(`${each}://${authority}`)))}.`;
}

function schemeMeant({ scheme, authority, path }: UrlParts): string {
  const near = closest(scheme, schemeNames);
  if (near) return `Write ${shown(`${near}://${authority}${path}`)}.`;
  const tcp = shown(`tcp://${authority || "localhost:5432"}`);
  return `Write ${tcp} for any protocol over TCP; the schemes are ${schemeNames.join(", ")}.`;
}

/** The text as messages show it: nothing secret that a URL can hold. */
function named(text: string): string {
  return shown(text.replace(/^([^/?#]*:\/\/)?.*@/s, "$1…@").replace(/([?#]).*$/s, "$1…"));
}

export function isPort(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 65_535;
}

function wrong(what: string, message: string, remedy: string): Result<Target, Problem> {
  return fail(problem(what, message, remedy));
}

function problem(what: string, message: string, remedy: string): Problem {
  return { code: `target-${what.replaceAll(" ", "-")}`, message, remedy };
}
