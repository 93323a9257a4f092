/** The options of a route that is written as an object, and the targets for which each has a meaning. */
import { hostOf } from "./domain.ts";
import { fail, ok, type Problem, type Result } from "./errors.ts";
import { formatTarget, type Scheme, schemeNames, type Target } from "./parse-target.ts";
import { closest, either, otherTypes, shown } from "./wording.ts";

interface Options {
  readonly enabled: boolean;
  readonly hostHeader: string;
  readonly insecureUpstream: boolean;
  readonly hold: number;
  readonly closeUpstream: boolean;
  readonly sendProxy: 1 | 2;
  readonly tls: boolean;
  readonly webSocketBridge: boolean;
  readonly healthPath: string;
}

type OptionName = keyof Options;

interface OptionRule<T> {
  readonly read: (value: unknown) => T | undefined;
  /** Completes the sentence `"hold" must be …`. */
  readonly expects: string;
  /** A good value, as JSON. */
  readonly example: string;
  readonly schemes: readonly Scheme[];
}

const trueOrFalse = { read: readBoolean, expects: "true or false" };

const rules: { readonly [Name in OptionName]: OptionRule<Options[Name]> } = {
  enabled: { ...trueOrFalse, example: "false", schemes: schemeNames },
  hostHeader: {
    read: readHostHeader,
    expects: "a host with or without a port",
    example: '"localhost:3000"',
    schemes: ["http", "https", "ws", "wss"],
  },
  insecureUpstream: { ...trueOrFalse, example: "true", schemes: ["https", "wss", "tcp+wss"] },
  hold: {
    read: (value) => (typeof value === "number" && value >= 0 && value <= 600 ? value : undefined),
    expects: "a number of seconds from 0 to 600",
    example: "10",
    schemes: schemeNames,
  },
  closeUpstream: { ...trueOrFalse, example: "true", schemes: ["http", "https"] },
  // Not for HTTP: its services learn the client's address from X-Forwarded-For.
  sendProxy: {
    read: (value) => (value === 1 || value === 2 ? value : undefined),
    expects: "1 or 2, the version of the PROXY protocol",
    example: "2",
    schemes: ["tcp", "tls"],
  },
  tls: { ...trueOrFalse, example: "false", schemes: ["tcp", "tcp+ws", "tcp+wss"] },
  webSocketBridge: { ...trueOrFalse, example: "true", schemes: ["tcp"] },
  healthPath: {
    read: (value) => (typeof value === "string" && /^\/[!-"$-~]*$/.test(value) ? value : undefined),
    expects: 'a path of ASCII characters that begins with "/" and has no "#"',
    example: '"/health"',
    schemes: ["http", "https"],
  },
};

const optionNames = Object.keys(rules).filter(isOptionName);

function isOptionName(text: string): text is OptionName {
  return Object.hasOwn(rules, text);
}

/** Takes what is wrong at `path` below the route's key, with the property's name or with its value. */
export type Report = (problem: Problem, path: readonly (string | number)[], part: "key" | "value") => void;

/** All options with their defaults; what is wrong with them, or unknown among the properties, is reported. */
export function readOptions(
  properties: Readonly<Record<string, unknown>>,
  targets: readonly Target[],
  report: Report,
) {
  for (const name of Object.keys(properties)) {
    if (!propertyNames.includes(name)) report(unknownOption(name), [name], "key");
  }
  const option = <Name extends OptionName>(name: Name) => {
    const value = properties[name];
    if (value === undefined) return undefined;
    const read = readOption(name, value, targets);
    if (read.ok) return read.value;
    report(read.error, [name], read.error.code === "option-misplaced" ? "key" : "value");
    return undefined;
  };
  const hostHeader = option("hostHeader");
  const sendProxy = option("sendProxy");
  const healthPath = option("healthPath");
  return {
    enabled: option("enabled") ?? true,
    insecureUpstream: option("insecureUpstream") ?? false,
    holdSeconds: option("hold") ?? 10,
    closeUpstream: option("closeUpstream") ?? false,
    tls: option("tls") ?? true,
    webSocketBridge: option("webSocketBridge") ?? false,
    ...(hostHeader !== undefined && { hostHeader }),
    ...(sendProxy !== undefined && { sendProxy }),
    ...(healthPath !== undefined && { healthPath }),
  };
}

const propertyNames: readonly string[] = ["to", ...optionNames];

function unknownOption(name: string): Problem {
  const meant = closest(name, propertyNames);
  return {
    code: "option-unknown",
    message: `A route has no option ${shown(name)}.`,
    remedy: meant ? `Write "${meant}".` : `Write one of ${either(propertyNames)}, or remove it.`,
  };
}

/** Reads one option of a route that has these targets; none are known when they could not be read themselves. */
function readOption<Name extends OptionName>(
  name: Name,
  value: unknown,
  targets: readonly Target[],
): Result<Options[Name], Problem<"option-value" | "option-misplaced">> {
  const rule: OptionRule<Options[Name]> = rules[name];
  const read = rule.read(value);
  if (read === undefined) {
    const meant = otherTypes(value).find((other) => rule.read(other) !== undefined);
    return fail({
      code: "option-value",
      message: `"${name}" is ${shown(value)}, but must be ${rule.expects}.`,
      remedy: `Write "${name}": ${meant === undefined ? rule.example : JSON.stringify(meant)}.`,
    });
  }
  const [first] = targets;
  if (first && !targets.some((target) => rule.schemes.includes(target.scheme))) {
    return fail({
      code: "option-misplaced",
      message: `"${name}" has no meaning for ${formatTarget(first)}.`,
      remedy: `Remove it, or write a target that begins with ${either(rule.schemes.map((scheme) => `${scheme}://`))}.`,
    });
  }
  return ok(read);
}

function readBoolean(value: unknown): boolean | undefined {
  return typeof value === "boolean" ? value : undefined;
}

function readHostHeader(value: unknown): string | undefined {
  return typeof value === "string" && hostOf(value) !== undefined ? value : undefined;
}
