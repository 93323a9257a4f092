/** The bench itself: everybody is started once, and then measured in turns, so that a busy moment hits all alike. */
import { problemOf } from "../../src/core/errors.ts";
import type { Contender, RunningProxy } from "./contender.ts";
import { prepare } from "./ground.ts";
import type { Measurement, Reading, Scale } from "./measurement.ts";
import { startOneport } from "./oneport.ts";
import { ownMeasurements } from "./own.ts";
import { requestMeasurements } from "./requests.ts";
import { streamMeasurements } from "./streams.ts";

export interface BenchOptions {
  readonly peers: readonly Contender[];
  readonly rounds: number;
  readonly scale: Scale;
  /** The measurements of this name alone. */
  readonly only?: string | undefined;
  /** Hears what is going on, and who cannot take part. */
  readonly onProgress: (words: string) => void;
}

/** Of each figure, by contender: one value a round. */
type Figures = ReadonlyMap<string, ReadonlyMap<string, readonly number[]>>;

export interface Results {
  /** Of those who took part, Oneport first. */
  readonly versions: ReadonlyMap<string, string>;
  readonly figures: Figures;
}

export const self = "Oneport";

const measurements: readonly Measurement[] = [...streamMeasurements, ...requestMeasurements];

/** What `only` can choose. */
export const measurementNames: readonly string[] = [
  ...new Set([...measurements, ...ownMeasurements].map(({ name }) => name)),
];

export async function runBench(options: BenchOptions): Promise<Results> {
  const { rounds, scale, onProgress } = options;
  await using stack = new AsyncDisposableStack();
  const ground = stack.use(await prepare());
  const { folder, load } = ground;
  const startSelf = async (name: string) => startOneport(folder, await ground.of(name));
  const oneport = stack.use(await startSelf(self));
  const proxies = new Map<string, RunningProxy>([[self, oneport]]);
  const starts = new Map<string, () => Promise<RunningProxy>>([[self, () => startSelf("another")]]);
  for (const peer of options.peers) {
    try {
      proxies.set(peer.name, stack.use(await peer.start(await ground.of(peer.name))));
      starts.set(peer.name, async () => peer.start(await ground.of(`another ${peer.name}`)));
    } catch (error) {
      onProgress(`${peer.name} is left out: ${problemOf(error).message}`);
    }
  }

  const figures = new Map<string, Map<string, number[]>>();
  const chosen = <M extends { readonly name: string }>(all: readonly M[]) =>
    all.filter(({ name }) => options.only === undefined || name === options.only);
  for (let round = 0; round < rounds; round++) {
    for (const measurement of chosen(measurements)) {
      onProgress(`round ${round + 1} of ${rounds}: ${measurement.name}`);
      for (const [name, { process, ports }] of rotated([...proxies], round)) {
        const port = ports[measurement.way];
        const startAnother = starts.get(name);
        if (port === undefined || !startAnother) continue;
        try {
          const place = { process, port, startAnother, load, folder, scale };
          // Programs that compile what runs often forget it while something else runs: what counts is the second time.
          if (!measurement.isFresh && scale !== "tiny") await measurement.measure(place);
          note(name, await measurement.measure(place), figures);
        } catch (error) {
          if (name === self) throw error;
          onProgress(`${name} fails: ${problemOf(error).message}`);
        }
      }
    }
    const port = oneport.ports.passthrough ?? 0;
    const place = { oneport, startAnother: () => startSelf("another"), port, load, scale };
    for (const measurement of chosen(ownMeasurements)) {
      try {
        note(self, await measurement.measure(place), figures);
      } catch (error) {
        onProgress(`${measurement.name} is left out: ${problemOf(error).message}`);
      }
    }
  }
  return { versions: new Map([...proxies].map(([name, { version }]) => [name, version])), figures };
}

function note(
  contender: string,
  readings: readonly Reading[],
  figures: Map<string, Map<string, number[]>>,
): void {
  for (const { figure, value } of readings) {
    const byContender = figures.get(figure) ?? new Map<string, number[]>();
    byContender.set(contender, [...(byContender.get(contender) ?? []), value]);
    figures.set(figure, byContender);
  }
}

/** The one who comes first finds the machine as nobody else does: it is another one each round. */
function rotated<T>(items: readonly T[], by: number): T[] {
  const first = by % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}
