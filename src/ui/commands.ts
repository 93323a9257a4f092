/** The commands that package.json declares, each with what it does: the compiler and a test name a forgotten one. */
import { commands, Disposable } from "vscode";
import { type CommandName, commandNames } from "./command-names.ts";

/** What a command is called with: from a menu of the tree its row, from the palette nothing. */
type Handler = (row?: unknown) => unknown;

export type Handlers = { readonly [Name in CommandName]: Handler };

/** `onError` is told of what a command throws. */
export function registerCommands(handlers: Handlers, onError: (error: unknown) => void): Disposable {
  const registered = commandNames.map((name) =>
    commands.registerCommand(`oneport.${name}`, async (row?: unknown): Promise<unknown> => {
      try {
        return await handlers[name](row);
      } catch (error) {
        return onError(error);
      }
    }),
  );
  return Disposable.from(...registered);
}
