/** The services of this machine as a list to choose from: what is worked on first, what has a route already last. */
import { whereToDial } from "../core/listening-ports.ts";
import { visible } from "../core/printable.ts";
import { authorityOf } from "../core/route.ts";
import { devServerOf, folderOf, isDeveloped, isWeb, leadsTo, type Service } from "../core/service.ts";
import type { Protocol } from "../core/spoken.ts";
import type { WrittenRoute } from "./route-settings.ts";
import type { Localizer } from "./row.ts";

export interface ServiceRow {
  readonly service: Service;
  readonly group: "developed" | "other" | "routed";
  readonly label: string;
  readonly description: string;
  /** A codicon. */
  readonly icon: string;
}

interface Look {
  readonly icon: string;
  readonly word: string;
}

const looks: { readonly [P in Protocol]: Look } = {
  http: { icon: "globe", word: "HTTP" },
  https: { icon: "globe", word: "HTTPS" },
  ws: { icon: "plug", word: "WebSocket" },
  wss: { icon: "plug", word: "WebSocket" },
  postgres: { icon: "database", word: "PostgreSQL" },
  redis: { icon: "database", word: "Redis" },
  mysql: { icon: "database", word: "MySQL" },
  ssh: { icon: "terminal", word: "SSH" },
  smtp: { icon: "mail", word: "SMTP" },
  tls: { icon: "lock", word: "TLS" },
  tcp: { icon: "server", word: "TCP" },
};

/** `folders` are those that are open, by absolute paths. */
export function serviceRows(
  services: readonly Service[],
  routes: readonly WrittenRoute[],
  folders: readonly string[],
  l10n: Localizer,
): readonly ServiceRow[] {
  const rows = services.map((service): ServiceRow => {
    const domain = routeTo(service, routes);
    const group = domain !== undefined ? "routed" : isDeveloped(service, folders) ? "developed" : "other";
    const routed = domain === undefined ? [] : [l10n.t("has the route {0}", visible(domain))];
    return {
      service,
      group,
      label: placeOf(service),
      description: [...describeService(service), ...routed].join(" · "),
      icon: service.spoken ? looks[service.spoken.protocol].icon : "circle-large-outline",
    };
  });
  const rank = ({ service, group }: ServiceRow) =>
    4 * ["developed", "other", "routed"].indexOf(group) +
    2 * Number(folderOf(service, folders) === undefined) +
    Number(!isWeb(service));
  return rows.toSorted((a, b) => rank(a) - rank(b) || a.service.port - b.service.port);
}

/** The domain of the first route that leads to it. */
export function routeTo(service: Service, routes: readonly WrittenRoute[]): string | undefined {
  const leading = routes.filter(({ route, fate }) => route && fate.is !== "untrusted");
  return leading.find(({ route }) => route?.targets.some((target) => leadsTo(target, service)))?.domain;
}

/** Host and port, as a browser's address bar has them. */
export function placeOf(service: Service): string {
  const { address, isLocalhost } = whereToDial(service);
  return authorityOf({ host: isLocalhost ? "localhost" : address, port: service.port });
}

/** Its program, what it speaks and what its page is called, as far as that is known. */
export function describeService(service: Service): readonly string[] {
  const { process, spoken } = service;
  const devServer = devServerOf(service);
  const kind = devServer ?? (spoken && looks[spoken.protocol].word);
  const isSaidTwice = kind?.toLowerCase() === process?.name.toLowerCase();
  return [
    ...(process && !isSaidTwice ? [visible(process.name)] : []),
    ...(kind === undefined ? [] : [visible(kind)]),
    ...(spoken?.title === undefined ? [] : [`“${visible(spoken.title)}”`]),
  ];
}
