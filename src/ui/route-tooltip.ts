/** The whole story of a route, as the Markdown of its tooltip. */
import type { Certificate } from "../core/connect-command.ts";
import { urlOf } from "../core/connect-command.ts";
import { isLocalhost } from "../core/loopback.ts";
import { problemText } from "./editors-words.ts";
import { plainMarkdown } from "./plain-text.ts";
import type { RouteFacts, TargetFacts } from "./route-facts.ts";
import { kindWord, stateWord } from "./route-words.ts";
import type { Localizer } from "./row.ts";

/** Nothing in it is a link, an image, an icon or a command, whatever a workspace's settings say. */
export function routeTooltip(facts: RouteFacts, l10n: Localizer): string {
  const { domain, kind, written, endpoint, address, refusal, problems, targets } = facts;
  const head = [...(kind ? [kindWord(kind, l10n)] : []), stateWord(facts, l10n)].join(", ");
  const connect = endpoint && (urlOf(endpoint) ?? `${endpoint.name}:${endpoint.port}`);
  const lines = [
    ...labelled(l10n.t("Connect to"), connect),
    ...targets.flatMap((target) => labelled(l10n.t("Goes to"), healthOf(target))),
    ...labelled(l10n.t("Certificate"), endpoint && certificateWords(endpoint.certificate, l10n)),
    ...labelled(l10n.t("Own address"), address),
    ...labelled(l10n.t("Written in"), written ? placeOf(written.place, l10n) : l10n.t("another window")),
    ...problems.flatMap((problem) => labelled(l10n.t("Problem"), problemText(problem))),
    ...labelled(l10n.t("Last failure"), refusal && problemText(refusal)),
  ];
  const notes = notesOn(facts, l10n).map(plainMarkdown);
  return [`**${plainMarkdown(domain)}** · ${plainMarkdown(head)}`, lines.join("  \n"), ...notes].join("\n\n");
}

function labelled(label: string, text: string | undefined): readonly string[] {
  return text === undefined ? [] : [`${plainMarkdown(label)}: ${plainMarkdown(text)}`];
}

/** A reason is a sentence that names the target. */
function healthOf({ url, health }: TargetFacts): string {
  return health ? (health.reason ?? `${url} (${health.state})`) : url;
}

function placeOf({ kind, name }: { readonly kind: string; readonly name: string }, l10n: Localizer): string {
  if (kind === "folder") return l10n.t("the settings of the folder {0}", name);
  return kind === "user" ? l10n.t("the user settings") : l10n.t("the workspace settings");
}

function certificateWords(certificate: Certificate, l10n: Localizer): string {
  switch (certificate.by) {
    case "authority":
      return certificate.isTrusted
        ? l10n.t("from Oneport's authority, which this machine trusts")
        : l10n.t("from Oneport's authority, which this machine does not trust yet");
    case "itself":
      return l10n.t("self-signed: clients warn of it");
    case "files":
      return l10n.t("your own");
    case "service":
      return l10n.t("the service's own");
  }
}

/** What surprises people, each where it applies. */
function notesOn({ domain, state, kind, resolves, written }: RouteFacts, l10n: Localizer): readonly string[] {
  const isStream = kind === "tcp" || kind === "passthrough" || kind === "tunnel";
  return [
    ...(state === "untrusted" ? [l10n.t("Nothing from a folder in Restricted Mode acts.")] : []),
    ...(state === "conflict"
      ? [
          l10n.t(
            "Of two folders or windows that say different things about one domain, the first one is heard.",
          ),
        ]
      : []),
    ...(resolves === false
      ? [l10n.t("The name does not lead to Oneport on this machine. Update the hosts file.")]
      : []),
    ...(isStream && isLocalhost(domain) && written
      ? [
          l10n.t(
            "Under .localhost a name has no address of its own, so only clients that use TLS and say the name are told apart. Under .test it has one.",
          ),
        ]
      : []),
    ...(domain.includes("*") && state !== "untrusted"
      ? [
          domain === "*"
            ? l10n.t("Takes every name that no other route takes.")
            : l10n.t("Takes every name one label under {0}.", domain.slice(2)),
        ]
      : []),
  ];
}
