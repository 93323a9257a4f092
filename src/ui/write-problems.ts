/** What can stand in the way of writing a route. */
import { l10n } from "vscode";
import type { Problem } from "../core/errors.ts";
import { visible } from "../core/printable.ts";

export function placeGone(): Problem {
  return {
    code: "settings-gone",
    message: l10n.t("The folder of this route is no longer open."),
    remedy: l10n.t("Open it again, or add the route elsewhere."),
  };
}

export function unreadable(file: string, reason: string): Problem {
  return {
    code: "settings-unreadable",
    message: l10n.t("{0} cannot be opened ({1}).", file, reason),
    remedy: l10n.t("Check that it is a file that you may read."),
  };
}

export function refused(file: string): Problem {
  return {
    code: "settings-refused",
    message: l10n.t("VS Code did not change {0}.", file),
    remedy: l10n.t("Check that nothing else is changing it, and try again."),
  };
}

export function unsaved(file: string): Problem {
  return {
    code: "settings-unsaved",
    message: l10n.t("{0} has changes that are not saved, and the route is one of them now.", file),
    remedy: l10n.t("Save the file, and the route acts."),
  };
}

export function unwritable(file: string): Problem {
  return {
    code: "settings-unwritable",
    message: l10n.t("{0} cannot be written, so nothing has changed.", file),
    remedy: l10n.t(
      "Check that you may write it, and that files.readonlyInclude does not name it, and try again.",
    ),
  };
}

export function notAnObject(): Problem {
  return {
    code: "routes-type",
    message: l10n.t('"oneport.routes" is no object there, so no route can be written into it.'),
    remedy: l10n.t("Correct it in settings.json first."),
  };
}

/** Of the user's settings in a remote window. */
export function outOfReach(key: string): Problem {
  return {
    code: "settings-out-of-reach",
    message: l10n.t(
      "The route {0} is in the user settings of your own machine, and here VS Code writes those of the remote one.",
      visible(key),
    ),
    remedy: l10n.t("Open the user settings as JSON, and change it there."),
  };
}

export function notInForce(key: string): Problem {
  return {
    code: "settings-not-in-force",
    message: l10n.t("VS Code wrote the route {0}, but its settings still say something else.", visible(key)),
    remedy: l10n.t("Look whether another settings file has that route, such as the one of a remote machine."),
  };
}

/** `reason` is VS Code's own sentence. */
export function notTaken(reason: string): Problem {
  return {
    code: "settings-refused",
    message: l10n.t("VS Code did not take the setting: {0}", reason),
    remedy: l10n.t("Put that right, and try again."),
  };
}

/** `value` is what the route said that was to be put back. */
export function writtenAnew(domain: string, value: unknown): Problem {
  return {
    code: "route-exists",
    message: l10n.t("{0} has been given another route meanwhile, which stays as it is.", visible(domain)),
    remedy: l10n.t("The one that was removed said {0}.", visible(JSON.stringify(value))),
  };
}
