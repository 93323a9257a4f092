/** The commands that change this machine outside VS Code, or look at the whole of it: nothing happens before a click agrees to it. */
import { l10n, window } from "vscode";
import type { Finding } from "../core/diagnosis.ts";
import { ok, type Result } from "../core/errors.ts";
import { namesToConsentTo, needsConsent } from "../core/hosts-block.ts";
import type { Route } from "../core/route.ts";
import { elevate, hostsStep } from "../platform/elevate.ts";
import { diagnose, widenAuthority } from "../session/task.ts";
import { type CleanContext, clean } from "./clean.ts";
import type { Handlers } from "./commands.ts";
import type { FindingsPage } from "./findings.ts";
import { planHostsRemoval, planHostsUpdate, type WriteHosts } from "./hosts-change.ts";
import { type MachineChange, offer } from "./machine-change.ts";
import type { MuxHost } from "./mux-host.ts";
import { usePort443 } from "./port-change.ts";
import { showProblem } from "./show-problem.ts";
import { planTrust, planUntrust } from "./trust-change.ts";

export interface MachineContext extends CleanContext {
  readonly host: MuxHost;
  readonly findings: FindingsPage;
  readonly workerEntry: string;
  readonly readSettings: () => Record<string, unknown>;
  /** What is known of the settings without looking at the machine. */
  readonly findInSettings: () => readonly Finding[];
  /** The routes in use, of every window where that is known. */
  readonly routes: () => readonly Route[];
}

type MachineCommand =
  | "setUp"
  | "updateHosts"
  | "removeHosts"
  | "trustAuthority"
  | "untrustAuthority"
  | "usePort443"
  | "allowName"
  | "diagnose"
  | "clean";

export function machineCommands(context: MachineContext): Pick<Handlers, MachineCommand> {
  const write: WriteHosts = (entries, seen) => {
    // Those that were not agreed to have been left out.
    const consented = namesToConsentTo(entries);
    return elevate(hostsStep(seen, entries, consented), context.elevation);
  };
  return {
    setUp: () => setUp(context, write),
    updateHosts: () => planAndOffer(planHostsUpdate(context.routes(), write), hostsAreRight(), context),
    removeHosts: () =>
      planAndOffer(planHostsRemoval(write), l10n.t("The hosts file has no lines of Oneport."), context),
    trustAuthority: () =>
      planAndOffer(planTrust(context), l10n.t("Every store trusts Oneport's authority."), context),
    untrustAuthority: () =>
      planAndOffer(planUntrust(context), l10n.t("No store trusts Oneport's authority."), context),
    usePort443: () => takePort443(context),
    allowName: () => allowName(context),
    diagnose: () => context.findings.show(() => lookAtEverything(context)),
    clean: () => clean(context),
  };
}

export async function lookAtEverything(context: MachineContext): Promise<Result<readonly Finding[]>> {
  const { workerEntry, stateDirectory, readSettings, findInSettings, host } = context;
  const { port } = host.state;
  const inSettings = findInSettings();
  const settings = readSettings();
  const found = await diagnose(workerEntry, {
    stateDirectory,
    settings,
    ...(port !== undefined && { port }),
  });
  return found.ok ? ok([...inSettings, ...found.value]) : found;
}

/** Offers what there is to do, or says that nothing is. */
async function planAndOffer(
  planning: Promise<Result<MachineChange | undefined>>,
  nothingToDo: string,
  { checkAgain }: MachineContext,
): Promise<void> {
  const plan = await planning;
  if (!plan.ok) return showProblem(plan.error);
  if (plan.value) await offer([plan.value]);
  else void window.showInformationMessage(nothingToDo);
  await checkAgain();
}

/** Names and trust by one click. */
async function setUp(context: MachineContext, write: WriteHosts): Promise<void> {
  const plans = [await planHostsUpdate(context.routes(), write), await planTrust(context)];
  // The other change is offered whether or not somebody answers this.
  for (const plan of plans) if (!plan.ok) void showProblem(plan.error);
  const changes = plans.flatMap((plan) => (plan.ok ? (plan.value ?? []) : []));
  if (changes.length > 0) await offer(changes, changes.length > 1 ? l10n.t("Set Up Both") : undefined);
  else if (plans.every(({ ok }) => ok)) {
    void window.showInformationMessage(l10n.t("This machine is set up for all routes."));
  }
  await context.checkAgain();
}

function hostsAreRight(): string {
  return l10n.t("The hosts file has every line that the routes need.");
}

/** A mux that runs follows the setting by itself. */
async function takePort443({ elevation, host }: MachineContext): Promise<void> {
  const isAllowed = await usePort443(elevation);
  if (!isAllowed || host.state.phase !== "stopped") return;
  const problem = await host.start();
  if (problem) await showProblem(problem);
}

/** A new authority that is good for one more name, and for nothing else that the old one was not. */
async function allowName(context: MachineContext): Promise<void> {
  const { workerEntry, stateDirectory } = context;
  const outside = new Set(
    context
      .routes()
      .flatMap(({ domain }) => (domain.kind === "exact" && needsConsent(domain.name) ? [domain.name] : [])),
  );
  if (outside.size === 0) {
    void window.showInformationMessage(l10n.t("The authority is good for the names of all routes."));
    return;
  }
  const name = await window.showQuickPick([...outside], {
    title: l10n.t("An authority for another name"),
    placeHolder: l10n.t("Which name, with every name under it, should it be good for as well?"),
  });
  if (name === undefined) return;
  const plan = await widenAuthority(workerEntry, { stateDirectory, names: [name], isPlan: true });
  if (!plan.ok) return showProblem(plan.error);
  const make = l10n.t("Make and Trust");
  const chosen = await window.showWarningMessage(
    l10n.t("Replace Oneport's authority by one that is also good for {0}?", plan.value.added.join(", ")),
    {
      modal: true,
      detail: l10n.t(
        "It could certify names under {0}, and no others. Today's authority is good for {1}. You are asked next to trust the new one.",
        plan.value.after.join(", "),
        plan.value.before.join(", "),
      ),
    },
    make,
  );
  if (chosen !== make) return;
  const made = await widenAuthority(workerEntry, { stateDirectory, names: [name], isPlan: false });
  if (!made.ok) return showProblem(made.error);
  await planAndOffer(planTrust(context), l10n.t("Every store trusts Oneport's authority."), context);
}
