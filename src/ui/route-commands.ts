/** What one does with a route: the commands of its row, which ask for a route when they are called without one. */
import { platform } from "node:process";
import { commands, env, l10n, window } from "vscode";
import {
  type Client,
  connectCommand,
  type Endpoint,
  fittingClients,
  urlOf,
} from "../core/connect-command.ts";
import { withEnabled } from "../core/enabled-value.ts";
import type { Result } from "../core/errors.ts";
import type { MuxState } from "../core/mux-state.ts";
import type { Handlers } from "./commands.ts";
import type { RouteEdits, Written } from "./edit-settings.ts";
import { type Browser, openRoute } from "./open-route.ts";
import { chooseRoute, editable } from "./pick-route.ts";
import { revealRoute } from "./reveal-route.ts";
import type { RouteFacts } from "./route-facts.ts";
import type { WrittenRoute } from "./route-settings.ts";
import { showProblem } from "./show-problem.ts";
import { writtenAnew } from "./write-problems.ts";

export type RouteHandlers = Pick<
  Handlers,
  | "openRoute"
  | "openInSimpleBrowser"
  | "copyUrl"
  | "copyConnectCommand"
  | "copyCurl"
  | "copyPsql"
  | "copyRedisCli"
  | "copyMysql"
  | "copySsh"
  | "copyOpenssl"
  | "enableRoute"
  | "disableRoute"
  | "removeRoute"
  | "revealRoute"
>;

export interface RouteCommandOptions {
  readonly state: () => MuxState;
  /** Those to choose from. */
  readonly routes: () => readonly RouteFacts[];
  readonly edits: RouteEdits;
  /** Makes the authority if there is none: commands name its file, which the first handshake would make otherwise. */
  readonly makeAuthority: () => Promise<Result<unknown>>;
}

export function routeHandlers(options: RouteCommandOptions): RouteHandlers {
  const { state, routes, edits, makeAuthority } = options;
  const subject = <T>(argument: unknown, title: string, read: (route: RouteFacts) => T | undefined) =>
    chooseRoute(argument, title, routes(), read);

  /** What `read` finds in where clients reach a route: nowhere, unless the mux runs. */
  const reached = async <T>(
    argument: unknown,
    title: string,
    read: (endpoint: Endpoint) => T | undefined,
  ) => {
    if (routes().length > 0 && state().phase !== "running") return offerStart(title);
    return subject(argument, title, ({ endpoint }) => endpoint && read(endpoint));
  };

  const open = (title: string, browser: Browser) => async (argument?: unknown) => {
    const endpoint = await reached(argument, title, opensInBrowser);
    if (endpoint) await openRoute(endpoint, browser);
  };

  const copyCommand =
    (title: string, choose: (fitting: readonly Client[]) => Client | undefined) =>
    async (argument?: unknown) => {
      const found = await reached(argument, title, (endpoint) => {
        const client = choose(fittingClients(endpoint));
        return client && { client, endpoint };
      });
      if (!found) return;
      const { client, endpoint } = found;
      const made = endpoint.certificate.by === "authority" ? await makeAuthority() : undefined;
      if (made?.ok === false) return showProblem(made.error);
      await copyText(connectCommand(client, endpoint, platform === "win32" ? "windows" : "posix"));
    };

  const copyFor = (client: Client, title: string) =>
    copyCommand(title, (fitting) => fitting.find((each) => each === client));

  const enable = (title: string, isEnabled: boolean) => async (argument?: unknown) => {
    const canChange = (route: RouteFacts) => (route.state === "disabled") === isEnabled;
    const written = await subject(argument, title, (route) =>
      canChange(route) ? editable(route) : undefined,
    );
    if (written) await write(edits, written, withEnabled(written.value, isEnabled));
  };

  return {
    openRoute: open(l10n.t("Open in Browser"), "external"),
    openInSimpleBrowser: open(l10n.t("Open in Simple Browser"), "simple"),
    async copyUrl(argument) {
      const endpoint = await reached(argument, l10n.t("Copy URL"), (endpoint) => endpoint);
      if (endpoint) await copyText(urlOf(endpoint) ?? `${endpoint.name}:${endpoint.port}`);
    },
    copyConnectCommand: copyCommand(l10n.t("Copy Connect Command"), ([likeliest]) => likeliest),
    copyCurl: copyFor("curl", l10n.t("Copy curl Command")),
    copyPsql: copyFor("psql", l10n.t("Copy psql Command")),
    copyRedisCli: copyFor("redisCli", l10n.t("Copy redis-cli Command")),
    copyMysql: copyFor("mysql", l10n.t("Copy mysql Command")),
    copySsh: copyFor("ssh", l10n.t("Copy ssh Command")),
    copyOpenssl: copyFor("openssl", l10n.t("Copy openssl Command")),
    enableRoute: enable(l10n.t("Enable Route"), true),
    disableRoute: enable(l10n.t("Disable Route"), false),
    async removeRoute(argument) {
      const written = await subject(argument, l10n.t("Remove Route"), editable);
      if (written) await remove(options, written);
    },
    async revealRoute(argument) {
      const written = await subject(argument, l10n.t("Reveal in settings.json"), (route) => route.written);
      if (written) await revealRoute(written);
    },
  };
}

/** WebSocket services have a URL as well, but nothing to show at it. */
function opensInBrowser(endpoint: Endpoint): Endpoint | undefined {
  return urlOf(endpoint)?.startsWith("https:") ? endpoint : undefined;
}

async function offerStart(title: string): Promise<undefined> {
  const start = l10n.t("Start Mux");
  const message = l10n.t("{0}: the mux is not running, so no route can be reached.", title);
  const chosen = await window.showInformationMessage(message, start);
  if (chosen === start) await commands.executeCommand("oneport.start");
}

async function copyText(text: string): Promise<void> {
  await env.clipboard.writeText(text);
  window.setStatusBarMessage(l10n.t("Copied {0}", text), 5_000);
}

/** Shows the problem, if there is one, as well as giving it back. */
async function write(
  edits: RouteEdits,
  { place, key }: WrittenRoute,
  value: unknown,
): Promise<Result<Written>> {
  const result = await edits.writeRoute(place, key, value);
  if (!result.ok) await showProblem(result.error);
  return result;
}

/** At once, since a few words in the settings are lost at most, and these can be had back. */
async function remove({ edits, routes }: RouteCommandOptions, written: WrittenRoute): Promise<void> {
  const removed = await write(edits, written, undefined);
  if (!removed.ok) return;
  const undo = l10n.t("Undo");
  const message = l10n.t("Removed the route {0}.", written.domain);
  if ((await window.showInformationMessage(message, undo)) !== undo) return;
  const restored = await removed.value.takeBack();
  if (!restored.ok) return showProblem(restored.error);
  if (restored.value) return;
  const { place, domain, value } = written;
  const isWrittenAnew = routes().some(
    (each) => each.domain === domain && each.written?.place.id === place.id,
  );
  if (isWrittenAnew) await showProblem(writtenAnew(domain, value));
  else await write(edits, written, value);
}
