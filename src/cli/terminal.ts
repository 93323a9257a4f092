/** Where the command line writes: lines on standard output and standard error, in colour where that is wanted. */
import { setTimeout as wait } from "node:timers/promises";
import { styleText } from "node:util";
import { OneportError, type Problem, shortReason, systemCode } from "../core/errors.ts";
import type { Style } from "../core/log-line.ts";
import { visible } from "../core/printable.ts";

/** In bytes: as much may wait for a reader who does not read just now. */
const mostWaiting = 16 * 1024 * 1024;

export class Terminal {
  readonly style: Style;
  readonly #styleErrors: Style;
  readonly #whenBroken: Promise<void>;
  #isLeavingOut = false;

  constructor() {
    this.style = styleFor(process.stdout);
    this.#styleErrors = styleFor(process.stderr);
    this.#whenBroken = new Promise((resolve, reject) => {
      process.stdout.on("error", (error) => (isHangUp(error) ? resolve() : reject(unwritable(error))));
    });
    // What cannot be said there any more is no reason to end, and there is nowhere else to say so.
    process.stderr.on("error", () => {});
    // Only a command that goes on after its output looks at this; the others flush.
    this.#whenBroken.catch(() => {});
  }

  /** Fulfilled when nobody reads standard output any more; rejected when writing it failed otherwise. */
  get broken(): Promise<void> {
    return this.#whenBroken;
  }

  print(line: string): void {
    process.stdout.write(`${line}\n`);
  }

  /** For what is told without end: it is left out while too much waits for somebody to read it. */
  printPassing(line: string): void {
    const isTooMuch = process.stdout.writableLength > mostWaiting;
    if (!isTooMuch) this.print(line);
    else if (!this.#isLeavingOut) this.printProblem(unread);
    this.#isLeavingOut = isTooMuch;
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

  /**
   * Fulfilled when all that was printed is out, or nobody reads it any more; rejected with `output-failed` when it could not be
   * written. With `mostMilliseconds` it waits no longer for a reader who holds the pipe and does not read.
   */
  async flush(mostMilliseconds?: number): Promise<void> {
    const written = new Promise<void>((resolve, reject) => {
      process.stdout.write("", (error) =>
        error && !isHangUp(error) ? reject(unwritable(error)) : resolve(),
      );
    });
    const tooLong = mostMilliseconds === undefined ? [] : [wait(mostMilliseconds)];
    // What broke before comes first: after an error Node takes standard output for as good as new.
    await Promise.race([this.#whenBroken, written, ...tooLong]);
  }
}

/** The reader of the pipe has closed it, or the terminal is gone. */
function isHangUp(error: Error): boolean {
  return ["EPIPE", "EIO"].includes(systemCode(error) ?? "");
}

function unwritable(cause: Error): OneportError {
  const problem = {
    code: "output-failed",
    message: `The output could not be written (${shortReason(cause)}).`,
    remedy: "Write it to a place that can take it.",
  };
  return new OneportError(problem, { cause });
}

const unread = {
  code: "output-unread",
  message: "Nobody reads the output, so what happens from now on is left out.",
  remedy: "Read it, or send it to a file.",
};

/** FORCE_COLOR wins over NO_COLOR (no-color.org), as in Node; without either, colour is for terminals that have it. */
function styleFor(stream: NodeJS.WriteStream): Style {
  const { FORCE_COLOR, NO_COLOR, TERM } = process.env;
  const forced = FORCE_COLOR === undefined ? undefined : FORCE_COLOR !== "0" && FORCE_COLOR !== "false";
  const coloured = forced ?? (!NO_COLOR && stream.isTTY && TERM !== "dumb");
  return coloured ? (format, text) => styleText(format, text, { validateStream: false }) : (_, text) => text;
}
