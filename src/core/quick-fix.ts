/** What can be written in place of a mistake in the settings, where there is little doubt about what was meant. */
import { parseDomain } from "./domain.ts";
import { parseTarget } from "./parse-target.ts";
import { parseSettings, type SettingsProblem } from "./settings.ts";
import { closest, otherTypes } from "./wording.ts";

export type QuickFix =
  /** `json` takes the place of the key or the value that the problem is about. */
  | { readonly do: "write"; readonly json: string }
  /** The property that the problem is about goes. */
  | { readonly do: "remove" };

/** The likeliest first. `written` is the JSON text of the key or the value that the problem is about. */
export function quickFixes(problem: SettingsProblem, written: string): readonly QuickFix[] {
  const { code, remedy } = problem;
  if (code === "route-duplicate" || code === "option-misplaced") return [{ do: "remove" }];
  if (code === "setting-value" || code === "option-value") return write(meantValue(problem, written));
  const isRight = checkOf(code);
  return isRight ? write(meantTexts(remedy).filter(isRight)) : [];
}

/** For problems whose remedy may say what to write: is that good? */
function checkOf(code: string): ((text: string) => boolean) | undefined {
  const [about] = code.split("-");
  if (code === "setting-unknown" || code === "option-unknown") return () => true;
  if (about === "domain" || about === "note") return (text) => parseDomain(text).ok;
  return about === "target" ? (text) => parseTarget(text).ok : undefined;
}

function write(values: readonly unknown[]): readonly QuickFix[] {
  return values.map((value) => ({ do: "write", json: JSON.stringify(value) }));
}

const jsonText = String.raw`"(?:[^"\\]|\\.)*"`;
const writeThis = new RegExp(`^Write (${jsonText})(?: or (${jsonText}))?(?:[.:]| for )`);

/** A remedy that knows what was meant begins with `Write "…"`. One that was cut is of no use. */
function meantTexts(remedy: string): readonly string[] {
  const [, ...texts] = writeThis.exec(remedy) ?? [];
  const read = texts.filter((text) => text !== undefined).map((text): unknown => JSON.parse(text));
  return read.filter((text) => typeof text === "string").filter((text) => !text.includes("…"));
}

/** A value of the right type that the written text stands for: `"3000"`, `"true"`, `"AUTO"`, `"health"`. */
function meantValue(problem: SettingsProblem, written: string): readonly unknown[] {
  const text: unknown = written.startsWith('"') ? JSON.parse(written) : undefined;
  if (typeof text !== "string" || text.trim() === "") return [];
  const candidates: readonly unknown[] = [
    ...otherTypes(text),
    closest(text, ["auto", "authority", "selfSigned"]),
    `/${text}`,
    /^[a-z][a-z0-9+.-]*:\/\/([^/?#]+)/i.exec(text)?.[1],
  ];
  const good = candidates.find((candidate) => candidate !== undefined && isGood(problem, candidate));
  return good === undefined ? [] : [good];
}

/** Is the value, at the problem's place, without this problem? */
function isGood({ path, code }: SettingsProblem, value: unknown): boolean {
  const [key = "", ...below] = path;
  const inKey = below.reduceRight<unknown>(
    (inner, step) => (typeof step === "number" ? [inner] : { [step]: inner }),
    value,
  );
  return !parseSettings({ [key]: inKey }).problems.some((each) => each.code === code);
}
