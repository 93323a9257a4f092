/** What stands above the routes in the tree: what is not as it should be yet, each with the one command that helps. */
import type { Problem } from "../core/errors.ts";
import type { MuxState } from "../core/mux-state.ts";
import { problemText } from "./editors-words.ts";
import type { MachineSetup } from "./machine-setup.ts";
import type { WrittenRoute } from "./route-settings.ts";
import type { Localizer, Notice } from "./row.ts";

interface Surroundings {
  readonly state: MuxState;
  readonly setup: Pick<MachineSetup, "elsewhere" | "isDistrusted">;
  readonly routes: readonly WrittenRoute[];
  /** As `env` of vscode has it. */
  readonly remoteName: string | undefined;
}

export function notices({ state, setup, routes, remoteName }: Surroundings, l10n: Localizer): Notice[] {
  if (routes.length === 0) return [];
  return [
    ...restricted(routes, l10n),
    ...notRunning(state, l10n),
    ...notSetUp([...setup.elsewhere.values()], setup.isDistrusted, l10n),
    ...remote(remoteName, l10n),
  ];
}

function restricted(routes: readonly WrittenRoute[], l10n: Localizer): Notice[] {
  if (!routes.some(({ fate }) => fate.is === "untrusted")) return [];
  return [
    {
      id: "restricted",
      icon: { id: "shield" },
      label: l10n.t("Restricted Mode"),
      description: l10n.t("manage workspace trust"),
      tooltip: l10n.t(
        "The routes of this folder do not act until you trust it; those of your user settings do.",
      ),
      command: "workbench.trust.manage",
    },
  ];
}

function notRunning({ phase, failure }: MuxState, l10n: Localizer): Notice[] {
  if (phase !== "stopped") return [];
  return [
    {
      id: "stopped",
      icon: { id: failure ? "error" : "debug-stop" },
      label: failure ? l10n.t("Oneport could not go on") : l10n.t("Oneport is stopped"),
      description: l10n.t("start the mux"),
      tooltip: failure ? problemText(failure) : l10n.t("No port is open."),
      command: "oneport.start",
    },
  ];
}

function notSetUp(elsewhere: readonly Problem[], isDistrusted: boolean, l10n: Localizer): Notice[] {
  const missing = elsewhere.length;
  if (missing === 0 && !isDistrusted) return [];
  const names =
    missing === 1 ? l10n.t("1 name does not resolve yet") : l10n.t("{0} names do not resolve yet", missing);
  const trust = l10n.t("the certificates are not trusted yet");
  if (missing > 0 && isDistrusted) {
    return [
      {
        id: "setUp",
        icon: { id: "tools" },
        label: l10n.t("Not set up yet"),
        description: l10n.t("names and trust…"),
        tooltip: [`${names}; ${trust}.`, ...elsewhere.map(({ message }) => message)].join("\n"),
        command: "oneport.setUp",
      },
    ];
  }
  return [
    missing > 0
      ? {
          id: "hosts",
          icon: { id: "list-ordered" },
          label: names,
          description: l10n.t("update the hosts file…"),
          tooltip: elsewhere.map(({ message }) => message).join("\n"),
          command: "oneport.updateHosts",
        }
      : {
          id: "trust",
          icon: { id: "unverified" },
          label: l10n.t("Certificates are not trusted yet"),
          description: l10n.t("trust the authority…"),
          tooltip: l10n.t("Browsers and programs warn until the authority is in their trust stores."),
          command: "oneport.trustAuthority",
        },
  ];
}

/** Services, port, hosts file and stores are those of the machine the window works on; a browser may run on another. */
function remote(remoteName: string | undefined, l10n: Localizer): Notice[] {
  if (remoteName === undefined) return [];
  return [
    {
      id: "remote",
      icon: { id: "remote" },
      label: l10n.t("Remote window"),
      description: remoteName,
      tooltip: l10n.t(
        "Oneport runs where the services run. A browser on your own machine needs the names in its own hosts file, the authority in its own trust store, and the port forwarded under the same number: see the README, Remote windows.",
      ),
      command: "oneport.showStatus",
    },
  ];
}
