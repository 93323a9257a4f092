/** The question where a route is kept. */
import { l10n, type QuickPickItem, ThemeIcon, window, workspace } from "vscode";
import { type Answer, type Frame, showStep } from "./multi-step.ts";
import { type SettingsPlace, settingsPlaces } from "./route-places.ts";

interface Item extends QuickPickItem {
  readonly place: SettingsPlace;
}

/** Where a route may be kept, the nearest to the work first; `folder` is the URI of the folder that it is about. */
export function placesFor(folder: string | undefined): readonly SettingsPlace[] {
  const places = settingsPlaces();
  const user = places.filter(({ kind }) => kind === "user");
  // What is written into a folder that is not trusted would not act.
  if (!workspace.isTrusted) return user;
  const own = places.filter(({ id }) => id === folder);
  const others = places.filter(({ kind, id }) => kind === "folder" && id !== folder);
  return [...own, ...places.filter(({ kind }) => kind === "workspace"), ...others, ...user];
}

export async function askPlace<Draft>(
  frame: Frame,
  places: readonly SettingsPlace[],
  chosen: SettingsPlace | undefined,
  /** Undefined stands for the first one, whichever that is. */
  take: (place: SettingsPlace | undefined) => Draft,
): Promise<Answer<Draft>> {
  const pick = window.createQuickPick<Item>();
  pick.placeholder = l10n.t("Where is the route kept?");
  pick.items = places.map(itemOf);
  if (chosen) pick.activeItems = pick.items.filter(({ place }) => place.id === chosen.id);
  const takeItem = (item: Item) => take(item === pick.items[0] ? undefined : item.place);
  return showStep(pick, frame, {
    keep() {
      const [item] = pick.activeItems;
      return item ? takeItem(item) : take(chosen);
    },
    listen: (next) => [
      pick.onDidAccept(() => {
        const [item] = pick.activeItems;
        // There is none when what was typed matches no place.
        if (item) next(takeItem(item));
      }),
    ],
  });
}

function itemOf(place: SettingsPlace): Item {
  switch (place.kind) {
    case "user":
      return {
        label: place.name,
        description: l10n.t("your own settings, for every window"),
        iconPath: new ThemeIcon("account"),
        place,
      };
    case "workspace": {
      const file = workspace.workspaceFile;
      return {
        label: place.name,
        description: file ? l10n.t("the settings of this workspace") : l10n.t("in .vscode/settings.json"),
        iconPath: new ThemeIcon("root-folder"),
        place,
      };
    }
    case "folder":
      return {
        label: place.name,
        description: l10n.t("in the folder's .vscode/settings.json"),
        iconPath: new ThemeIcon("folder"),
        place,
      };
  }
}
