/** What only Oneport is asked: its start, its memory, what a busy main thread does to it, and how its look-up grows. */
import { Browser } from "../e2e/browser.ts";
import { CodeServer } from "../vscode/code-server.ts";
import { eventually } from "../vscode/eventually.ts";
import { Window } from "../vscode/window.ts";
import { type Load, type Reading, type Scale, scaled } from "./measurement.ts";
import type { OneportProxy } from "./oneport.ts";
import { kilobytesEach } from "./streams.ts";

const pings = 8_000;
const idle = 4_000;
const tableSizes = [10, 100, 1_000, 10_000] as const;

interface OwnPlace {
  readonly oneport: OneportProxy;
  /** Starts a second one, beside it. */
  readonly startAnother: () => Promise<OneportProxy>;
  /** Where it listens, whatever the way. */
  readonly port: number;
  readonly load: Load;
  readonly scale: Scale;
}

interface OwnMeasurement {
  readonly name: string;
  measure(place: OwnPlace): Promise<readonly Reading[]>;
}

export const ownMeasurements: readonly OwnMeasurement[] = [
  {
    name: "start",
    async measure({ startAnother }) {
      await using another = await startAnother();
      return [
        { figure: "from the thread's start to listening, ms", value: another.milliseconds },
        { figure: "memory that it adds to its process, MB", value: another.kilobytes / 1024 },
        { figure: "memory of a process with nothing else, MB", value: another.process.kilobytes / 1024 },
      ];
    },
  },
  {
    name: "activation",
    async measure() {
      await using server = await CodeServer.start();
      await using browser = await Browser.open([]);
      const folder = await server.makeFolder("shop", { "oneport.routes": { "shop.localhost": 3000 } });
      await using _window = await Window.open(browser, server, { folder });
      return [{ figure: "activation in VS Code, ms", value: await eventually(() => activation(server)) }];
    },
  },
  {
    name: "blocked",
    async measure({ oneport, port, load, scale }) {
      await oneport.block(true);
      const job = { job: "ping", way: "passthrough", port, count: scaled(pings, scale) } as const;
      const { p50 = 0, p99 = 0 } = await load.do(job);
      await oneport.block(false);
      return [
        { figure: "passthrough ping, main thread busy for half of the time, p50 µs", value: p50 },
        { figure: "passthrough ping, main thread busy for half of the time, p99 µs", value: p99 },
      ];
    },
  },
  {
    name: "idle",
    async measure({ startAnother, load, scale }) {
      await using fresh = await startAnother();
      const value = await kilobytesEach(fresh, load, scaled(idle, scale), () => fresh.collect());
      return [{ figure: "idle passthrough connection, garbage collected before and after, KB", value }];
    },
  },
  ...tableSizes.map((routes) => ({
    name: "look-up",
    async measure({ load }: OwnPlace) {
      const { match = 0, hello = 0 } = await load.do({ job: "lookUp", routes });
      return [
        { figure: `look-up among ${routes} routes, ns`, value: match },
        { figure: `ClientHello of 2 KB beside ${routes} routes, ns`, value: hello },
      ];
    },
  })),
];

/** As the extension itself tells it; VS Code's own time for reading the bundle is not in it. */
async function activation(server: CodeServer): Promise<number> {
  const [, milliseconds] = /Activated in (\d+) ms/.exec(await server.log()) ?? [];
  if (milliseconds === undefined) throw new Error("The extension has not told of its activation.");
  return Number(milliseconds);
}
