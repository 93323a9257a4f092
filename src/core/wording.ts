/** Words that messages about the user's own text have in common. */

const longestShown = 80;

/** Characters that a terminal or an editor would act on instead of showing. JSON has escaped those below U+0020. */
const invisible = /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** A setting's value as its writer knows it: JSON, cut when long; objects and lists by their kind alone. */
export function shown(value: unknown): string {
  if (typeof value === "string") {
    const cut = value.length > longestShown ? `${value.slice(0, longestShown)}…` : value;
    return JSON.stringify(cut).replace(
      invisible,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
  }
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}

/** `["a", "b", "c"]` becomes `a, b or c`. */
export function either(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} or ${last}`;
}

/** The candidate that was probably meant: one slip away, or one for every three characters of a longer word. */
export function closest<Word extends string>(text: string, candidates: readonly Word[]): Word | undefined {
  const slips = Math.max(1, Math.floor(text.length / 3));
  const near = candidates
    .filter((candidate) => Math.abs(candidate.length - text.length) <= slips)
    .map((candidate) => ({ candidate, distance: distance(text.toLowerCase(), candidate.toLowerCase()) }))
    .filter((each) => each.distance <= slips);
  near.sort((a, b) => a.distance - b.distance);
  return near[0]?.candidate;
}

/** Optimal string alignment: characters inserted, dropped, replaced, or swapped with their neighbour. */
function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  const cell = (row: number, column: number) => rows[row]?.[column] ?? 0;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const replaced = cell(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(
        Math.min(
          replaced,
          cell(i - 1, j) + 1,
          cell(i, j - 1) + 1,
          swapped ? cell(i - 2, j - 2) + 1 : replaced,
        ),
      );
    }
  }
  return cell(a.length, b.length);
}

/** What a text may have been meant as that belongs without its quotes, or into a list. */
export function otherTypes(value: unknown): readonly unknown[] {
  if (typeof value !== "string" || value.trim() === "") return [];
  return [value === "true" || value === "false" ? value === "true" : Number(value), [value]];
}
