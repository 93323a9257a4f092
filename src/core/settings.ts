/** What the user set under `oneport.`, read key by key: a bad value is a problem, and the default stands in for it. */
import { canonicalAddress } from "./domain.ts";
import type { Problem } from "./errors.ts";
import { httpsPort } from "./https-port.ts";
import { isPort } from "./parse-target.ts";
import { type DisabledRoute, parseRoutes, type Route } from "./route.ts";
import { closest, either, otherTypes, shown } from "./wording.ts";

export interface Settings {
  readonly routes: readonly Route[];
  readonly disabledRoutes: readonly DisabledRoute[];
  /** `auto`: the first of `portsToTry` that the system lets us have. */
  readonly port: "auto" | number;
  /** IP addresses, as `canonicalAddress` writes them, whose PROXY protocol header is believed. */
  readonly acceptProxy: readonly string[];
  readonly certificates: "authority" | "selfSigned";
  /** PEM files of the user's own, and folders of such files, as written. */
  readonly certificateFiles: readonly string[];
  readonly autoStart: boolean;
  /** How long a connection may take over its ClientHello or its HTTP request's head, in seconds. */
  readonly helloTimeout: number;
  /** Programs in VS Code's terminals are told to trust the authority. */
  readonly terminalTrustAuthority: boolean;
}

export interface SettingsProblem extends Problem {
  /** JSON path from the root of a settings file, such as `["oneport.routes", "shop.test", "to", 1]`. */
  readonly path: readonly (string | number)[];
  /** Which part of the property at that path is wrong. */
  readonly part: "key" | "value";
}

/** What "auto" stands for: the port browsers leave out, else the usual one beside it. */
const automaticPorts: readonly number[] = [httpsPort, 8443];

/** The ports to try, in this order. */
export function portsToTry(port: Settings["port"]): readonly number[] {
  return port === "auto" ? automaticPorts : [port];
}

interface Rule<T> {
  readonly key: `oneport.${string}`;
  readonly fallback: T;
  readonly read: (value: unknown) => T | undefined;
  /** Completes the sentence `"oneport.port" must be …`. */
  readonly expects: string;
  /** A good value, as JSON. */
  readonly example: string;
  /** For lists: finds the items that make the list a bad one. */
  readonly isItem?: (item: unknown) => boolean;
}

type PlainSettings = Omit<Settings, "routes" | "disabledRoutes">;

const rules: { readonly [Name in keyof PlainSettings]: Rule<PlainSettings[Name]> } = {
  port: {
    key: "oneport.port",
    fallback: "auto",
    read: (value) => (value === "auto" || isPort(value) ? value : undefined),
    expects: '"auto" or a whole number from 1 to 65535',
    example: '"auto"',
  },
  acceptProxy: {
    key: "oneport.acceptProxy",
    ...listOf((item) => canonicalAddress(item)),
    expects: "a list of IP addresses",
    example: '["127.0.0.1"]',
  },
  certificates: {
    key: "oneport.certificates",
    fallback: "authority",
    read: (value) => (value === "authority" || value === "selfSigned" ? value : undefined),
    expects: '"authority" or "selfSigned"',
    example: '"authority"',
  },
  certificateFiles: {
    key: "oneport.certificateFiles",
    ...listOf((item) => item || undefined),
    expects: "a list of files and folders",
    example: '["/home/me/certificates"]',
  },
  autoStart: { key: "oneport.autoStart", fallback: true, ...trueOrFalse("true") },
  helloTimeout: {
    key: "oneport.helloTimeout",
    fallback: 10,
    read: (value) => (typeof value === "number" && value >= 1 && value <= 60 ? value : undefined),
    expects: "a number of seconds from 1 to 60",
    example: "10",
  },
  terminalTrustAuthority: {
    key: "oneport.terminal.trustAuthority",
    fallback: false,
    ...trueOrFalse("false"),
  },
};

function trueOrFalse(example: string): Pick<Rule<boolean>, "read" | "expects" | "example"> {
  const read = (value: unknown) => (typeof value === "boolean" ? value : undefined);
  return { read, expects: "true or false", example };
}

function listOf(readText: (text: string) => string | undefined) {
  const readItem = (item: unknown) => (typeof item === "string" ? readText(item) : undefined);
  return {
    fallback: [],
    isItem: (item: unknown) => readItem(item) !== undefined,
    read: (value: unknown) => {
      if (!Array.isArray(value)) return undefined;
      const items = value.flatMap((item: unknown) => readItem(item) ?? []);
      return items.length === value.length ? items : undefined;
    },
  };
}

const prefix = "oneport.";
const routesKey = "oneport.routes";

/** Every key that is read, in full. */
export const settingKeys: readonly string[] = [routesKey, ...Object.values(rules).map((rule) => rule.key)];

/** Reads settings by their full keys, such as `oneport.port`; keys outside `oneport.` are none of ours. */
export function parseSettings(values: Readonly<Record<string, unknown>>): {
  readonly settings: Settings;
  readonly problems: readonly SettingsProblem[];
} {
  const problems: SettingsProblem[] = [];
  const { routes, disabled, problems: inRoutes } = parseRoutes(values[routesKey]);
  const read = <T>(rule: Rule<T>): T => {
    const value = values[rule.key];
    if (value === undefined) return rule.fallback;
    const good = rule.read(value);
    if (good === undefined) problems.push(badValue(rule, value));
    return good ?? rule.fallback;
  };
  const settings: Settings = {
    routes,
    disabledRoutes: disabled,
    port: read(rules.port),
    acceptProxy: read(rules.acceptProxy),
    certificates: read(rules.certificates),
    certificateFiles: read(rules.certificateFiles),
    autoStart: read(rules.autoStart),
    helloTimeout: read(rules.helloTimeout),
    terminalTrustAuthority: read(rules.terminalTrustAuthority),
  };
  const unknown = Object.keys(values).filter((key) => key.startsWith(prefix) && !settingKeys.includes(key));
  const routeProblems = inRoutes.map((problem) => ({ ...problem, path: [routesKey, ...problem.path] }));
  return { settings, problems: [...problems, ...unknown.map(unknownKey), ...routeProblems] };
}

/** Of a list the problem is its first bad item. */
function badValue<T>({ key, expects, example, isItem, read }: Rule<T>, value: unknown): SettingsProblem {
  const meant = otherTypes(value).find((other) => read(other) !== undefined);
  const items: readonly unknown[] = isItem && Array.isArray(value) ? value : [];
  const index = items.findIndex((item) => isItem && !isItem(item));
  const isAt = index < 0 ? `is ${shown(value)}` : `contains ${shown(items[index])}`;
  return {
    code: "setting-value",
    message: `"${key}" ${isAt}, but must be ${expects}.`,
    remedy: `Write "${key}": ${meant === undefined ? example : JSON.stringify(meant)}.`,
    path: index < 0 ? [key] : [key, index],
    part: "value",
  };
}

function unknownKey(key: string): SettingsProblem {
  const names = settingKeys.map((each) => each.slice(prefix.length));
  const meant = closest(key.slice(prefix.length), names);
  return {
    code: "setting-unknown",
    message: `Oneport has no setting ${shown(key)}.`,
    remedy: meant ? `Write "${prefix}${meant}".` : `Write one of ${either(settingKeys)}, or remove it.`,
    path: [key],
    part: "key",
  };
}
