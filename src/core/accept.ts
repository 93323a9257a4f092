/** Proactive negotiation (RFC 9110 §12.5.1) between the few media types an answer of ours can have. */

interface MediaRange {
  readonly type: string;
  readonly weight: number;
  readonly position: number;
}

/**
 * The offer that an Accept header likes best. Between equal weights the more exactly named offer wins, then the one
 * named earlier, then the earlier offer. Without a header, or when nothing fits, it is the first offer.
 */
export function negotiate<Offer extends string>(
  accept: string | undefined,
  offers: readonly [Offer, ...Offer[]],
): Offer {
  const ranges = (accept ?? "").split(",").flatMap(readRange);
  const liked = offers.flatMap((offer) => {
    const range = closestRange(ranges, offer);
    return range && range.weight > 0 ? [{ offer, range }] : [];
  });
  liked.sort(
    (a, b) =>
      b.range.weight - a.range.weight ||
      exactness(b.range) - exactness(a.range) ||
      a.range.position - b.range.position,
  );
  return liked[0]?.offer ?? offers[0];
}

/** Section 12.4.2: a weight is 0 to 1 with at most three digits; a range with another weight counts for nothing. */
function readRange(text: string, position: number): MediaRange[] {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? "1";
  if (!/^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(weight)) return [];
  return [{ type, weight: Number(weight), position }];
}

/** The most exact range that covers the offer decides its weight, wherever it stands. */
function closestRange(ranges: readonly MediaRange[], offer: string): MediaRange | undefined {
  const group = `${offer.slice(0, offer.indexOf("/"))}/*`;
  for (const type of [offer, group, "*/*"]) {
    const range = ranges.find((candidate) => candidate.type === type);
    if (range) return range;
  }
  return undefined;
}

function exactness(range: MediaRange): number {
  if (range.type === "*/*") return 0;
  return range.type.endsWith("/*") ? 1 : 2;
}
