/** What the user typed, read into one of the things that can be done, or into what is wrong with it. */
import { parseArgs } from "node:util";
import { parseDomain } from "../core/domain.ts";
import { fail, ok, type Problem, type Result } from "../core/errors.ts";
import { closest, either, shown } from "../core/wording.ts";

export type CommandName =
  | "start"
  | "status"
  | "stop"
  | "routes"
  | "hosts print"
  | "hosts apply"
  | "hosts remove"
  | "ca path"
  | "ca trust"
  | "ca untrust"
  | "doctor"
  | "clean";

export interface CommandOptions {
  readonly folder: string;
  /** The settings file, in place of the folder's. */
  readonly config: string | undefined;
  /** In place of `oneport.port`; 0 is any free port. */
  readonly port: "auto" | number | undefined;
  readonly json: boolean;
  /** The hosts file, in place of the system's. */
  readonly file: string | undefined;
  /** Names outside the local ones that may be written into the hosts file, or certified. */
  readonly allow: readonly string[];
  /** Nothing is asked. */
  readonly yes: boolean;
}

export type Invocation =
  | { readonly kind: "run"; readonly command: CommandName; readonly options: CommandOptions }
  | { readonly kind: "help"; readonly command: CommandName | undefined }
  | { readonly kind: "version" };

/** What each command takes besides `--help`. */
const syntaxes: {
  readonly [C in CommandName]: { readonly folder: boolean; readonly options: readonly string[] };
} = {
  start: { folder: true, options: ["config", "port", "json"] },
  status: { folder: false, options: ["json"] },
  stop: { folder: false, options: [] },
  routes: { folder: true, options: ["config", "json"] },
  "hosts print": { folder: true, options: ["config", "file"] },
  "hosts apply": { folder: true, options: ["config", "file", "allow"] },
  "hosts remove": { folder: true, options: ["config", "file"] },
  "ca path": { folder: false, options: [] },
  "ca trust": { folder: false, options: ["json", "allow"] },
  "ca untrust": { folder: false, options: ["json"] },
  doctor: { folder: true, options: ["config", "json"] },
  clean: { folder: false, options: ["yes"] },
};

export const commandNames = Object.keys(syntaxes).filter(isCommand);

function isCommand(text: string): text is CommandName {
  return Object.hasOwn(syntaxes, text);
}

const options = {
  config: { type: "string" },
  port: { type: "string" },
  json: { type: "boolean" },
  file: { type: "string" },
  allow: { type: "string", multiple: true },
  yes: { type: "boolean" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean" },
} as const;

/** VS Code puts this before the arguments of `vscode:uninstall` in package.json. */
const uninstallMark = "--type=extension-post-uninstall";

/** Reads the arguments after the program's name. Every failure is wrong use: exit status 2. */
export function parseArguments(argv: readonly string[]): Result<Invocation> {
  const args = argv[0] === uninstallMark ? argv.slice(1) : [...argv];
  // Not strict: which command was meant comes first, and the messages are ours.
  const parsed = parseArgs({ args, options, allowPositionals: true, strict: false, tokens: true });
  const { values, positionals, tokens } = parsed;
  const given = tokens.filter((token) => token.kind === "option");

  if (positionals.length === 0) {
    const strange = given.find(({ name }) => name !== "help" && name !== "version");
    if (values.help === true) return ok({ kind: "help", command: undefined });
    if (values.version === true && !strange) return ok({ kind: "version" });
    return strange
      ? wrongUse(`${strange.rawName} needs a command before it.`)
      : wrongUse("No command given.");
  }
  const found = findCommand(positionals);
  if (!found.ok) {
    const isGroup = positionals.length === 1 && groupsOf(positionals[0] ?? "").length > 0;
    return isGroup && values.help === true ? ok({ kind: "help", command: undefined }) : found;
  }
  const { command, rest } = found.value;
  const syntax = syntaxes[command];

  for (const { name, rawName, value } of given) {
    if (name !== "help" && !syntax.options.includes(name)) {
      const meant = closest(name, syntax.options);
      const hint = meant ? `Did you mean --${meant}?` : seeHelp(command);
      return wrongUse(`"oneport ${command}" has no option ${shown(rawName)}.`, hint);
    }
    const takesValue = name === "config" || name === "port" || name === "file" || name === "allow";
    if (takesValue && !value) return wrongUse(`${rawName} needs a value after it.`, seeHelp(command));
    if (!takesValue && value !== undefined) return wrongUse(`${rawName} takes no value.`, seeHelp(command));
  }
  if (values.help === true) return ok({ kind: "help", command });

  const [folder = ".", surplus] = rest;
  const tooMuch = syntax.folder ? surplus : rest[0];
  if (tooMuch !== undefined) {
    return wrongUse(
      `"oneport ${command}" does not know what to do with ${shown(tooMuch)}.`,
      seeHelp(command),
    );
  }
  const port = readPort(values.port);
  if (!port.ok) return port;
  const allow = readNames(values.allow);
  if (!allow.ok) return allow;
  const config = typeof values.config === "string" ? values.config : undefined;
  const file = typeof values.file === "string" ? values.file : undefined;
  return ok({
    kind: "run",
    command,
    options: {
      folder,
      config,
      port: port.value,
      json: values.json === true,
      file,
      allow: allow.value,
      yes: values.yes === true,
    },
  });
}

/** A command is one word or two; what follows it is its own. */
function findCommand(
  words: readonly string[],
): Result<{ readonly command: CommandName; readonly rest: readonly string[] }> {
  const [first = "", second] = words;
  const pair = `${first} ${second ?? ""}`;
  if (isCommand(first)) return ok({ command: first, rest: words.slice(1) });
  if (isCommand(pair)) return ok({ command: pair, rest: words.slice(2) });

  const inGroup = groupsOf(first);
  if (inGroup.length > 0 && second === undefined) {
    const seconds = either(inGroup.map((name) => name.slice(first.length + 1)));
    return wrongUse(`"oneport ${first}" needs another word: ${seconds}.`);
  }
  const typed = inGroup.length > 0 ? pair : first;
  const meant = closest(typed, commandNames);
  return wrongUse(
    `Unknown command ${shown(typed)}.`,
    meant ? `Did you mean "oneport ${meant}"?` : seeHelp(undefined),
  );
}

/** The commands that begin with this word and another one. */
function groupsOf(word: string): readonly CommandName[] {
  return commandNames.filter((name) => name.startsWith(`${word} `));
}

function readPort(value: unknown): Result<"auto" | number | undefined> {
  if (value === undefined || value === "auto") return ok(value);
  const port = typeof value === "string" && /^\d{1,5}$/.test(value) ? Number(value) : Number.NaN;
  if (port <= 65_535) return ok(port);
  return wrongUse(
    `${shown(value)} is not a port.`,
    'Give a number from 0 (any free port) to 65535, or "auto".',
  );
}

function readNames(values: unknown): Result<readonly string[]> {
  const names: string[] = [];
  for (const value of Array.isArray(values) ? values : []) {
    const domain = parseDomain(String(value));
    if (!domain.ok) return wrongUse(domain.error.message, domain.error.remedy);
    if (domain.value.kind !== "exact") return wrongUse(`${shown(value)} is not one name.`);
    names.push(domain.value.name);
  }
  return ok(names);
}

function wrongUse(message: string, remedy = seeHelp(undefined)): { ok: false; error: Problem } {
  return fail({ code: "usage", message, remedy });
}

function seeHelp(command: CommandName | undefined): string {
  return command ? `See "oneport ${command} --help".` : 'See "oneport --help".';
}
