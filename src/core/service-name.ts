/** Suggests a domain and a target for a service that somebody may want a route to. */
import { normalKey, parseDomain } from "./domain.ts";
import { type Listening, whereToDial } from "./listening-ports.ts";
import { authorityOf } from "./parse-target.ts";
import { baseName } from "./program-name.ts";
import type { Protocol, Spoken } from "./spoken.ts";

/** One property of `oneport.routes`, as it may be written there. */
export interface SuggestedRoute {
  readonly domain: string;
  readonly target: number | string;
}

interface Habit {
  readonly scheme: "http" | "https" | "ws" | "wss" | "tcp" | "tls";
  /** The label before the project's name. A page in a browser has none, and is under `localhost`, which needs no hosts line. */
  readonly label?: string;
}

const habits: { readonly [P in Protocol]: Habit } = {
  http: { scheme: "http" },
  https: { scheme: "https" },
  ws: { scheme: "ws" },
  wss: { scheme: "wss" },
  postgres: { scheme: "tcp", label: "db" },
  mysql: { scheme: "tcp", label: "db" },
  redis: { scheme: "tcp", label: "cache" },
  ssh: { scheme: "tcp", label: "ssh" },
  smtp: { scheme: "tcp", label: "mail" },
  tls: { scheme: "tls", label: "secure" },
  tcp: { scheme: "tcp", label: "tcp" },
};

/**
 * `folder`: the absolute path of the workspace folder, if there is one. `taken`: the domains that have routes, as
 * `oneport.routes` has them. What is suggested is valid, and not taken.
 */
export function suggestRoute(
  service: Listening,
  { protocol }: Spoken,
  folder: string | undefined,
  taken: readonly string[],
): SuggestedRoute {
  const { scheme, label } = habits[protocol];
  const program = labelOf(service.process?.name.replace(/\.[a-z]{1,4}$/, ""));
  const candidates =
    label === undefined
      ? webDomains(service, folder, program)
      : [join([label === "tcp" || label === "secure" ? (program ?? label) : label, labelOf(folder), "test"])];
  return { domain: firstFree(candidates, taken), target: targetOf(service, scheme) };
}

/** By the project that the service was started in, then by its program as well. */
function webDomains(
  { process }: Listening,
  folder: string | undefined,
  program: string | undefined,
): readonly string[] {
  const own = labelOf(process?.folder);
  const workspace = labelOf(folder);
  const isBelow = folder !== undefined && process?.folder?.startsWith(`${folder}/`);
  const isElsewhere = own !== undefined && process?.folder !== folder && !isBelow;
  const project = isElsewhere ? own : (workspace ?? program ?? "app");
  const part = isBelow && own !== project ? own : undefined;
  return [join([part, project, "localhost"]), join([program, project, "localhost"])];
}

function join(labels: readonly (string | undefined)[]): string {
  return labels.filter((label) => label !== undefined).join(".");
}

/** The first candidate that is no route yet; else the first one with a number behind its first label. */
function firstFree(candidates: readonly string[], taken: readonly string[]): string {
  const used = new Set(taken.map(normalKey));
  const free = candidates.find((domain) => !used.has(normalKey(domain)));
  if (free !== undefined) return free;
  const [first = "app.localhost"] = candidates;
  for (let number = 2; ; number++) {
    const numbered = first.replace(".", `-${number}.`);
    if (!used.has(normalKey(numbered))) return numbered;
  }
}

/** Short enough for a number behind it, and for punycode. */
const longestLabel = 40;

/** The last part of a path, or a name, as one label; undefined when nothing of it can be in one. */
function labelOf(path: string | undefined): string | undefined {
  // Latin letters lose their accents; of other scripts, what NFKD parted is put together again.
  const plain = baseName(path ?? "")
    .normalize("NFKD")
    .replace(/([a-z])\p{M}+/giu, "$1")
    .normalize("NFC")
    .toLowerCase();
  for (const strange of [/[^\p{L}\p{N}]+/gu, /[^a-z0-9]+/g]) {
    const words = plain.replace(strange, "-").replace(/^-/, "");
    const label = words.slice(0, longestLabel).replace(/-$/, "");
    if (label !== "" && parseDomain(`${label}.test`).ok) return label;
  }
  return undefined;
}

function targetOf(service: Listening, scheme: Habit["scheme"]): number | string {
  const { address, isLocalhost } = whereToDial(service);
  if (isLocalhost) return scheme === "http" ? service.port : `${scheme}://localhost:${service.port}`;
  return `${scheme}://${authorityOf({ host: address, port: service.port })}`;
}
