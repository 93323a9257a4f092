/** A row's icon as VS Code's. */
import { ThemeColor, ThemeIcon } from "vscode";
import type { Icon } from "./row.ts";

export function themeIcon({ id, color }: Icon): ThemeIcon {
  return color === undefined ? new ThemeIcon(id) : new ThemeIcon(id, new ThemeColor(color));
}
