/** What a name and a ClientHello cost to read, in nanoseconds, beside the table of so many routes. */
import { readFileSync } from "node:fs";
import { normalizeName } from "../../src/core/domain.ts";
import { RouteTable } from "../../src/core/match.ts";
import { parseRoutes } from "../../src/core/route.ts";
import { sniff } from "../../src/core/sniff.ts";

const fixture = new URL("../fixtures/clienthello/chromium156_app.test.hex", import.meta.url);
const hello = Buffer.from(readFileSync(fixture, "utf8").trim(), "hex");

const turns = 20_000;
const batches = 10;

/** `match`: a name as a client wrote it, normalised and looked up. `hello`: Chromium's, of 2 KB. */
export function lookUp(count: number): { match: number; hello: number } {
  const names = Array.from({ length: count }, (_, index) => `service-${index}.shop.test`);
  const { routes } = parseRoutes(Object.fromEntries(names.map((name) => [name, 3000])));
  const table = new RouteTable(routes);
  let found = 0;
  const match = (turn: number) => {
    const name = normalizeName(names[(turn * 7919) % count] ?? "");
    if (name !== undefined && table.match(name)) found++;
  };
  const read = () => {
    if (sniff(hello).kind === "tls") found++;
  };
  const nanoseconds = { match: nanosecondsOf(match), hello: nanosecondsOf(read) };
  if (found !== 2 * batches * turns) throw new Error("Not every name was found.");
  return nanoseconds;
}

/** Of several batches the quickest: the first ones warm up, and the system interrupts others. */
function nanosecondsOf(step: (turn: number) => void): number {
  const times = Array.from({ length: batches }, () => {
    const since = performance.now();
    for (let turn = 0; turn < turns; turn++) step(turn);
    return performance.now() - since;
  });
  return (Math.min(...times) * 1e6) / turns;
}
