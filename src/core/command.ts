/** A program that is to be run, or that somebody is shown how to run. */

/** A program, by its whole path where it may need elevation, and what it is given; never text for a shell. */
export interface Command {
  readonly program: string;
  readonly arguments: readonly string[];
}

/** The commands as one line for a POSIX shell. */
export function shellLine(commands: readonly Command[], prefix = ""): string {
  return commands
    .map(({ program, arguments: list }) => prefix + [program, ...list].map(quoted).join(" "))
    .join(" && ");
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
