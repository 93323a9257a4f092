/** What language models may do: read the routes, have everything looked at, and, once a person agrees, add a route. */
import { setTimeout as pause } from "node:timers/promises";
import {
  Disposable,
  LanguageModelTextPart,
  type LanguageModelTool,
  LanguageModelToolResult,
  l10n,
  lm,
  MarkdownString,
  type PreparedToolInvocation,
  workspace,
} from "vscode";
import type { Finding } from "../core/diagnosis.ts";
import { fail, type Problem, type Result } from "../core/errors.ts";
import { healthMilliseconds, type MuxState } from "../core/mux-state.ts";
import type { RouteEdits } from "./edit-settings.ts";
import { inEditorsWords, problemText } from "./editors-words.ts";
import { plainMarkdown } from "./plain-text.ts";
import type { RouteFacts } from "./route-facts.ts";
import { settingsPlaces } from "./route-places.ts";
import { reportRoutes } from "./route-report.ts";
import { type PlannedRoute, planRoute } from "./route-request.ts";
import { documentOf } from "./settings-documents.ts";

export interface ToolContext {
  readonly routes: () => readonly RouteFacts[];
  readonly state: () => MuxState;
  readonly edits: RouteEdits;
  readonly diagnose: () => Promise<Result<readonly Finding[]>>;
  /** Has every service asked whether it is up. */
  readonly refresh: () => void;
}

export function registerTools(context: ToolContext): Disposable {
  return Disposable.from(
    lm.registerTool("oneport_list_routes", listRoutes(context)),
    lm.registerTool("oneport_diagnose", diagnose(context)),
    lm.registerTool("oneport_add_route", addRoute(context)),
  );
}

function listRoutes({ routes, state, refresh }: ToolContext): LanguageModelTool<unknown> {
  return {
    prepareInvocation: () => ({ invocationMessage: l10n.t("Reading Oneport's routes") }),
    invoke: async () => {
      if (state().phase === "running") {
        // Nobody asks the services while nobody sees the tree.
        refresh();
        await pause(healthMilliseconds);
      }
      return answer(reportRoutes(state(), routes()));
    },
  };
}

function diagnose(context: ToolContext): LanguageModelTool<unknown> {
  return {
    prepareInvocation: () => ({ invocationMessage: l10n.t("Looking at Oneport's routes and this machine") }),
    invoke: async () => answer(unwrap(await context.diagnose()).map(inPalette)),
  };
}

function addRoute(context: ToolContext): LanguageModelTool<unknown> {
  return {
    prepareInvocation: ({ input }) => confirmation(unwrap(plan(input, context))),
    // What was agreed to is planned again, for the settings may have changed since.
    invoke: async ({ input }) => {
      const planned = unwrap(plan(input, context));
      const { place, key, value, notes } = planned;
      unwrap(await context.edits.writeRoute(place, key, value));
      return answer({
        written: { [key]: value },
        in: fileOf(planned),
        mux: context.state().phase,
        notes: notes.map(problemText),
      });
    },
  };
}

function plan(input: unknown, { routes }: ToolContext): Result<PlannedRoute> {
  if (!workspace.isTrusted) return fail(untrusted);
  return planRoute(
    input,
    settingsPlaces(),
    routes().flatMap(({ written }) => written ?? []),
  );
}

const untrusted: Problem = {
  code: "workspace-untrusted",
  message: "This workspace is in Restricted Mode.",
  remedy: "Ask the user to trust it first.",
};

/** All of it stands in the question: the domain, the target, the file, and what it takes the place of. */
function confirmation(planned: PlannedRoute): PreparedToolInvocation {
  const { key, value, replaces, elsewhere } = planned;
  const property = (name: string, content: unknown) => `${JSON.stringify(name)}: ${JSON.stringify(content)}`;
  const lines = [
    l10n.t("Into {0}:", fileOf(planned)),
    property(key, value),
    ...(replaces ? [l10n.t("in place of"), property(replaces.key, replaces.value)] : []),
    ...elsewhere.flatMap((other) => [
      l10n.t("{0} settings have this domain too, and the nearer settings act:", other.place.name),
      property(other.key, other.value),
    ]),
  ];
  // Line by line even where VS Code makes plain text of it.
  const message = new MarkdownString(lines.map(plainMarkdown).join("  \n"));
  const title = replaces ? l10n.t("Replace a route of Oneport?") : l10n.t("Add a route to Oneport?");
  return { invocationMessage: l10n.t("Adding a route to Oneport"), confirmationMessages: { title, message } };
}

function fileOf({ place }: PlannedRoute): string {
  return documentOf(place)?.uri.fsPath ?? l10n.t("your user settings, for all windows");
}

/** As it is done in VS Code: there may be no command line of ours. */
function inPalette({ remedy, ...finding }: Finding): Finding {
  return remedy === undefined ? finding : { ...finding, remedy: inEditorsWords(remedy) };
}

/** A tool says what went wrong by throwing it. */
function unwrap<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new Error(problemText(result.error));
}

/** Compact, for models count every character. */
function answer(value: unknown): LanguageModelToolResult {
  return new LanguageModelToolResult([new LanguageModelTextPart(JSON.stringify(value))]);
}
