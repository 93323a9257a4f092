/** Domains that are offered before anybody has typed one. */
import { normalKey } from "../core/domain.ts";
import { parseTarget, type Scheme } from "../core/parse-target.ts";
import { folderOf, leadsTo, type Service } from "../core/service.ts";
import { type SuggestedRoute, suggestRoute } from "../core/service-name.ts";
import type { Protocol } from "../core/spoken.ts";
import type { TargetValue } from "./typed-target.ts";

export interface NameContext {
  readonly services: readonly Service[];
  /** The open ones, by absolute paths. */
  readonly folders: readonly string[];
  readonly taken: readonly string[];
}

/** The domain and the target for a service. */
export function suggestFor(service: Service, { folders, taken }: NameContext): SuggestedRoute {
  // A service that nobody could ask is most likely one for the web.
  const spoken = service.spoken ?? { protocol: "http" };
  return suggestRoute(service, spoken, folderOf(service, folders) ?? folders[0], taken);
}

const protocols: { readonly [S in Scheme]: Protocol } = {
  http: "http",
  https: "https",
  ws: "ws",
  wss: "wss",
  tcp: "tcp",
  tls: "tls",
  "tcp+ws": "tcp",
  "tcp+wss": "tcp",
};

/** The domain for targets that were typed: by the service that the first one leads to, or by its scheme alone. */
export function domainForTyped(targets: TargetValue, context: NameContext): string {
  const target = parseTarget(typeof targets === "object" ? targets[0] : targets);
  if (!target.ok) return "";
  const { port, scheme } = target.value;
  const known = context.services.find((service) => leadsTo(target.value, service));
  const said = known?.spoken?.protocol ?? "tcp";
  // "tcp://" says less than the service itself.
  const protocol = protocols[scheme] === "tcp" ? said : protocols[scheme];
  const service = known ?? { port, addresses: ["127.0.0.1"] };
  return suggestFor({ ...service, spoken: { protocol } }, context).domain;
}

/** A free name beside another route's: `shop-2.test` beside `shop.test`. */
export function domainForCopy(domain: string, taken: readonly string[]): string {
  const used = new Set(taken.map(normalKey));
  for (let number = 2; ; number++) {
    const numbered = domain.replace(/^((?:\*\.)?[^.*]+)/, `$1-${number}`);
    if (numbered === domain || !used.has(normalKey(numbered))) return numbered;
  }
}
