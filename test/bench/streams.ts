/** Streams: bulk both ways, pings, new connections and idle ones. */
import type { StreamWay } from "./clients.ts";
import type { RunningProxy } from "./contender.ts";
import { costOf, type Load, type Measurement, type Reading, scaled } from "./measurement.ts";

const gigabyte = 1e9;
const pings = 20_000;
const connections = 20_000;
const connectionsAtOnce = 8;
const idle = 4_000;

export const streamMeasurements: readonly Measurement[] = [
  ...(["passthrough", "terminated"] as const).flatMap((way) =>
    (["down", "up"] as const).flatMap((direction) =>
      ([1, 8] as const).map((streams) => bulk(way, direction, streams)),
    ),
  ),
  ping("passthrough"),
  ping("terminated"),
  ping("websocket"),
  {
    name: "connect",
    way: "passthrough",
    async measure({ process, port, load, scale }) {
      const count = scaled(connections, scale);
      const [cpu, { seconds = 0 }] = await costOf(process, () =>
        load.do({ job: "connect", port, count, atOnce: connectionsAtOnce }),
      );
      return [
        { figure: "new passthrough connection, CPU µs", value: (cpu / count) * 1e6 },
        { figure: "new passthrough connections a second", value: count / seconds },
      ];
    },
  },
  {
    name: "idle",
    way: "passthrough",
    isFresh: true,
    async measure({ startAnother, load, scale }) {
      // What a process has once held it keeps for later: only the first time tells what a connection takes.
      await using fresh = await startAnother();
      const value = await kilobytesEach(fresh, load, scaled(idle, scale));
      return [{ figure: "idle passthrough connection, KB", value }];
    },
  },
];

function bulk(way: "passthrough" | "terminated", direction: "down" | "up", streams: 1 | 8): Measurement {
  const title = `${way} ${direction}load, ${streams} stream${streams === 1 ? "" : "s"}`;
  return {
    name: "bulk",
    way,
    async measure({ process, port, load, scale }) {
      const bytes = scaled((way === "passthrough" ? 2 : 1) * gigabyte, scale);
      const [cpu, { seconds = 0 }] = await costOf(process, () =>
        load.do({ job: "bulk", way, port, direction, streams, bytes }),
      );
      return [
        { figure: `${title}, CPU s/GB`, value: cpu / (bytes / gigabyte) },
        { figure: `${title}, GB a second`, value: bytes / gigabyte / seconds },
      ];
    },
  };
}

function ping(way: StreamWay): Measurement {
  return {
    name: "ping",
    way: way === "websocket" ? "http" : way,
    async measure({ port, load, scale }): Promise<Reading[]> {
      const { p50 = 0, p99 = 0 } = await load.do({ job: "ping", way, port, count: scaled(pings, scale) });
      return [
        { figure: `${way} ping, p50 µs`, value: p50 },
        { figure: `${way} ping, p99 µs`, value: p99 },
      ];
    },
  };
}

/** `settle` is called before each look at the memory. */
export async function kilobytesEach(
  { process, ports }: RunningProxy,
  load: Load,
  count: number,
  settle: () => Promise<void> = async () => undefined,
): Promise<number> {
  const port = ports.passthrough ?? 0;
  // What is got ready for the very first connections is not theirs.
  await load.do({ job: "hold", port, count: Math.ceil(count / 10) });
  await load.do({ job: "release" });
  await settle();
  const before = process.kilobytes;
  await load.do({ job: "hold", port, count });
  await settle();
  const after = process.kilobytes;
  await load.do({ job: "release" });
  return (after - before) / count;
}
