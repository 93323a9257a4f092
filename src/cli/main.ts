/** From the arguments to an exit status: 0 done, 1 it failed, 2 wrong use. */
import manifest from "../../package.json" with { type: "json" };
import { problemOf, systemCode } from "../core/errors.ts";
import { type CommandName, type CommandOptions, type Invocation, parseArguments } from "./arguments.ts";
import { caPath } from "./ca-path.ts";
import { caTrust } from "./ca-trust.ts";
import { caUntrust } from "./ca-untrust.ts";
import { clean } from "./clean.ts";
import { doctor } from "./doctor.ts";
import { helpFor } from "./help.ts";
import { hostsApply } from "./hosts-apply.ts";
import { hostsPrint } from "./hosts-print.ts";
import { hostsRemove } from "./hosts-remove.ts";
import { routes } from "./routes.ts";
import { start } from "./start.ts";
import { status } from "./status.ts";
import { stop } from "./stop.ts";
import { Terminal } from "./terminal.ts";

type Command = (options: CommandOptions, terminal: Terminal) => Promise<number>;

/** What a mux that has ended still has to say: nobody may read it, and its port is free already. */
const lastWordsMilliseconds = 1000;

const commands: { readonly [C in CommandName]: Command } = {
  start,
  status,
  stop,
  routes,
  "hosts print": hostsPrint,
  "hosts apply": hostsApply,
  "hosts remove": hostsRemove,
  "ca path": caPath,
  "ca trust": caTrust,
  "ca untrust": caUntrust,
  doctor,
  clean,
};

/** `argv` is what follows the program's name. */
export async function main(argv: readonly string[]): Promise<number> {
  const terminal = new Terminal();
  const parsed = parseArguments(argv);
  if (!parsed.ok) {
    terminal.printProblem(parsed.error);
    return 2;
  }
  const run = async (invocation: Invocation): Promise<number> => {
    switch (invocation.kind) {
      case "help":
        terminal.print(helpFor(invocation.command));
        return 0;
      case "version":
        terminal.print(manifest.version);
        return 0;
      case "run":
        return await commands[invocation.command](invocation.options, terminal);
    }
  };
  try {
    const status = await run(parsed.value);
    const isEndless = parsed.value.kind === "run" && parsed.value.command === "start";
    await terminal.flush(isEndless ? lastWordsMilliseconds : undefined);
    return status;
  } catch (error) {
    terminal.printProblem(lacksFolder(error) ? folderGone : problemOf(error));
    return 1;
  }
}

/** The error of every question for the current folder when that was deleted. */
function lacksFolder(error: unknown): boolean {
  return (
    systemCode(error) === "ENOENT" &&
    error instanceof Error &&
    "syscall" in error &&
    error.syscall === "uv_cwd"
  );
}

const folderGone = {
  code: "folder-gone",
  message: "The current folder does not exist any more.",
  remedy: "Go to another one, or name what is meant by its absolute path.",
};
