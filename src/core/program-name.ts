/** What a person would call a running program, told from its command line. */
import { visible } from "./printable.ts";

/** Programs that run other programs: the words before the one that is meant. */
interface Interpreter {
  readonly program: RegExp;
  /** Options whose value is a word of its own. */
  readonly valued: readonly string[];
  /** Options whose value is the program. */
  readonly naming?: readonly string[];
  /** Options whose value is code: there is no program then. */
  readonly code?: readonly string[];
  readonly verbs?: readonly string[];
}

const interpreters: readonly Interpreter[] = [
  {
    program: /^(node|nodejs|bun|deno)$/i,
    valued: ["-r", "--require", "--import", "--loader", "--experimental-loader", "-C", "--conditions"],
    code: ["-e", "--eval", "-p", "--print", "-pe"],
    verbs: ["run"],
  },
  { program: /^(python|pypy)[\d.]*w?$/i, valued: ["-W", "-X"], naming: ["-m"], code: ["-c"] },
  { program: /^ruby[\d.]*$/i, valued: ["-I", "-r", "-C", "-E"], code: ["-e"] },
  { program: /^perl[\d.]*$/i, valued: ["-I", "-M"], code: ["-e", "-E"] },
  { program: /^php[\d.]*$/i, valued: ["-d", "-c", "-t", "-S"], naming: ["-f"], code: ["-r"] },
  {
    program: /^javaw?$/i,
    valued: [
      ...["-cp", "-classpath", "--class-path", "-p", "--module-path"],
      ...["--add-modules", "--add-opens", "--add-exports", "--add-reads"],
    ],
    naming: ["-jar", "-m", "--module"],
  },
  { program: /^dotnet$/i, valued: ["--project"], verbs: ["run", "exec", "watch"] },
];

const longestName = 40;

/**
 * The name for a command line, its first word being the program: `postgres` for /usr/lib/postgresql/15/bin/postgres, `vite`
 * for node /x/node_modules/vite/bin/vite.js, `server.js` for node server.js. Printable, at most 40 characters.
 */
export function programName(commandLine: readonly string[]): string {
  const [first = "", ...rest] = commandLine;
  const program = programOf(first);
  const interpreter = interpreters.find((each) => each.program.test(program));
  const script = interpreter && scriptIn(rest, interpreter);
  const name = (script === undefined ? undefined : scriptName(script)) || program;
  return Array.from(visible(name)).slice(0, longestName).join("");
}

/**
 * Some write about themselves over their command line: `nginx: master process /usr/sbin/nginx`, `next-server (v15.1.0)`,
 * `/usr/bin/redis-server 127.0.0.1:6379`.
 */
function programOf(word: string): string {
  const untitled = word.replace(/(?::\s|\s[-(]).*$/s, "");
  return baseName(untitled)
    .replace(/\s.*$/s, "")
    .replace(/\.exe$/i, "");
}

function scriptIn(
  words: readonly string[],
  { valued, naming = [], code = [], verbs = [] }: Interpreter,
): string | undefined {
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    if (code.includes(word)) return undefined;
    if (naming.includes(word)) return words[index + 1];
    if (valued.includes(word)) index++;
    else if (!/^[-@]/.test(word) && !verbs.includes(word)) return word;
  }
  return undefined;
}

/** The package's name for what lies in node_modules, for its scripts are all called `cli.js` or `start.js`. */
function scriptName(path: string): string {
  const [, name] = /.*[\\/]node_modules[\\/](?!\.)((?:@[^\\/]+[\\/])?[^\\/]+)/s.exec(path) ?? [];
  return name?.replace("\\", "/") ?? baseName(path);
}

/** Of a path of any system. */
export function baseName(path: string): string {
  return path.split(/[\\/]/).findLast((part) => part !== "") ?? "";
}
