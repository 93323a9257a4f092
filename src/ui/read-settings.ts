/** The user's settings as VS Code merges them over its scopes, in the shape that `parseSettings` reads. */
import { workspace } from "vscode";
import { settingKeys } from "../core/settings.ts";

/**
 * Each key that is set anywhere, by its full name; in an untrusted workspace VS Code leaves out what that one says. The values
 * are plain copies: VS Code gives objects as proxies, which cannot be sent to another thread.
 */
export function readSettings(): Record<string, unknown> {
  const configuration = workspace.getConfiguration();
  return Object.fromEntries(
    settingKeys.flatMap((key) => {
      const value: unknown = configuration.get(key);
      return value === undefined ? [] : [[key, JSON.parse(JSON.stringify(value))]];
    }),
  );
}
