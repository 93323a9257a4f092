/** Where the command line writes: lines on standard output and standard error, in colour where that is wanted. */
import { styleText } from "node:util";
import { type Problem, systemCode } from "../core/errors.ts";
import type { Style } from "../core/log-line.ts";
import { visible } from "../core/printable.ts";

export class Terminal {
  readonly style: Style;
  readonly #styleErrors: Style;
  readonly #whenBroken: Promise<void>;

  constructor() {
    this.style = styleFor(process.stdout);
    this.#styleErrors = styleFor(process.stderr);
    this.#whenBroken = new Promise((resolve, reject) => {
      process.stdout.on("error", (error) => (systemCode(error) === "EPIPE" ? resolve() : reject(error)));
    });
    // Only a command that goes on after its output looks at this; the others end by themselves.
    this.#whenBroken.catch(() => {});
  }

  /** Fulfilled when nobody reads standard output any more; rejected when writing it failed otherwise. */
  get broken(): Promise<void> {
    return this.#whenBroken;
  }

  print(line: string): void {
    process.stdout.write(`${line}\n`);
  }

  printError(line: string): void {
    process.stderr.write(`${line}\n`);
  }

  /** One line: what happened, and what to do. `place` is where: a file with a line, or the program. */
  printProblem({ message, remedy }: Problem, place = "oneport"): void {
    this.printError(
      `${this.#styleErrors("red", `${visible(place)}:`)} ${visible(message)} ${visible(remedy)}`,
    );
  }
}

/** FORCE_COLOR wins over NO_COLOR (no-color.org), as in Node; without either, colour is for terminals that have it. */
function styleFor(stream: NodeJS.WriteStream): Style {
  const { FORCE_COLOR, NO_COLOR, TERM } = process.env;
  const forced = FORCE_COLOR === undefined ? undefined : FORCE_COLOR !== "0" && FORCE_COLOR !== "false";
  const coloured = forced ?? (!NO_COLOR && stream.isTTY && TERM !== "dumb");
  return coloured ? (format, text) => styleText(format, text, { validateStream: false }) : (_, text) => text;
}
