/** `npm run bench`: measures Oneport beside what people would use in its place, and prints the table. */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import type { Contender } from "./contender.ts";
import { haproxies } from "./haproxy.ts";
import { nginxes } from "./nginx.ts";
import { nodeProxies } from "./node-proxies.ts";
import { measurementNames, runBench } from "./rounds.ts";
import { servers } from "./servers.ts";
import { render, summarize, toJson } from "./table.ts";

const peers: readonly Contender[] = [...haproxies, ...nginxes, ...servers, ...nodeProxies];

const usage = `npm run bench -- [--only NAME] [--rounds N] [--quick] [--json FILE]
  --only    one of: ${measurementNames.join(", ")}
  --rounds  how often each is measured, each time after as much again that does not count; 5 unless said
  --quick   a quarter of the work, in which programs that compile as they run do not come to their own
  --json    also writes every value that was measured to a file`;

for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      rounds: { type: "string", default: "5" },
      quick: { type: "boolean", default: false },
      json: { type: "string" },
    },
  });
  const { only, json } = values;
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(usage);
  if (only !== undefined && !measurementNames.includes(only)) throw new Error(usage);
  const results = await runBench({
    peers,
    rounds,
    scale: values.quick ? "quick" : "whole",
    only,
    onProgress: (words) => console.error(words),
  });
  const date = new Date();
  for (const line of [...render(results, date), "", ...summarize(results)]) console.log(line);
  if (json !== undefined) await writeFile(json, `${JSON.stringify(toJson(results, date), undefined, 2)}\n`);
}
