/** What "Diagnose" tells of this window's settings, which the diagnosis itself is given without their files: why they do not act. */
import type { Finding } from "../core/diagnosis.ts";
import type { RouteFacts } from "./route-facts.ts";

/** `brokenFiles` are the paths of those that are no JSON just now. */
export function settingsFindings(
  brokenFiles: readonly string[],
  routes: readonly RouteFacts[],
): readonly Finding[] {
  return [...brokenFiles.map(brokenFile), ...routes.flatMap(idleRoute)];
}

function brokenFile(file: string): Finding {
  return {
    check: "settings",
    subject: file,
    state: "wrong",
    message: "It is no JSON just now, so the routes that it had before are in use.",
    remedy: "Open it, and correct what is underlined.",
  };
}

/** Of routes that are good and do nothing; those that are replaced or disabled are so on purpose. */
function idleRoute({ domain, state, rival = "another window" }: RouteFacts): readonly Finding[] {
  const about = { check: "settings", subject: domain, state: "wrong" } as const;
  switch (state) {
    case "untrusted":
      return [
        {
          ...about,
          message: "Its route does not act, because this window is in Restricted Mode.",
          remedy: "Trust the workspace.",
        },
      ];
    case "conflict":
      return [
        {
          ...about,
          message: `A route of this window does not act, because ${rival} has another target for it.`,
          remedy: "Remove one of the two.",
        },
      ];
    default:
      return [];
  }
}
