/** Reads what a page shows in one look, so that nothing changes between two parts of it. */
import type { Locator } from "playwright-core";

/** As much of the DOM as is read; the tests are compiled without it. */
interface PageElement {
  readonly textContent: string | null;
  getAttribute(name: string): string | null;
  querySelector(selector: string): PageElement | null;
}

/**
 * For each element the texts at these places, "" where there is nothing. A place is a selector under the element (none: the
 * element itself), and after "@" an attribute if it is not the text that is wanted: ".label-name", "@aria-label".
 */
export async function readTexts(elements: Locator, places: readonly string[]): Promise<string[][]> {
  return await elements.evaluateAll(
    (found: PageElement[], wanted: readonly string[]) =>
      found.map((element) =>
        wanted.map((place) => {
          const [selector = "", attribute] = place.split("@");
          const part = selector === "" ? element : element.querySelector(selector);
          const text = attribute === undefined ? part?.textContent : part?.getAttribute(attribute);
          // A code editor shows its spaces as ones that do not break.
          return (text ?? "").replaceAll("\u00a0", " ");
        }),
      ),
    places,
  );
}
