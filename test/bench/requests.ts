/** HTTP: small requests and large bodies over HTTP/1.1, requests over HTTP/2, and TLS handshakes. */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { names } from "./clients.ts";
import { find } from "./contender.ts";
import { largeBytes } from "./http-service.ts";
import { costOf, type Measurement, type Place, type Reading, scaled, scales } from "./measurement.ts";
import { cores } from "./pinned.ts";

const handshakes = 6_000;
const http2Requests = 20_000;
const uploads = 200;
const seconds = 3;

const execute = promisify(execFile);

export const requestMeasurements: readonly Measurement[] = [
  {
    name: "http1",
    way: "http",
    measure: (place) => small("HTTP/1.1", place, () => wrk(place, "/", 16)),
  },
  {
    name: "bodies",
    way: "http",
    measure: (place) => large("download", place, () => wrk(place, "/large", 4)),
  },
  {
    name: "bodies",
    way: "http",
    measure: (place) =>
      large("upload", place, async () => {
        const file = join(place.folder, "upload");
        await writeFile(file, Buffer.alloc(largeBytes, "x"));
        const count = scaled(uploads, place.scale);
        return h2load(place, "http", ["--h1", `-n${count}`, `-c${Math.min(4, count)}`, "-d", file]);
      }),
  },
  {
    name: "http2",
    way: "https",
    measure: (place) =>
      small("HTTP/2", place, () => {
        const count = scaled(http2Requests, place.scale);
        return h2load(place, "https", [`-n${count}`, "-c8", "-m10"]);
      }),
  },
  handshake("full"),
  handshake("resumed"),
];

/** How many were answered, and how many a second. */
interface Answered {
  readonly count: number;
  readonly rate: number;
}

async function small(title: string, place: Place, ask: () => Promise<Answered>): Promise<Reading[]> {
  const [cpu, { count, rate }] = await costOf(place.process, ask);
  return [
    { figure: `small ${title} request, CPU µs`, value: (cpu / count) * 1e6 },
    { figure: `small ${title} requests a second`, value: rate },
  ];
}

async function large(title: string, place: Place, ask: () => Promise<Answered>): Promise<Reading[]> {
  const [cpu, { count, rate }] = await costOf(place.process, ask);
  return [
    { figure: `HTTP/1.1 ${title} of 4 MB, CPU s/GB`, value: (cpu / (count * largeBytes)) * 1e9 },
    { figure: `HTTP/1.1 ${title} of 4 MB, GB a second`, value: (rate * largeBytes) / 1e9 },
  ];
}

function handshake(kind: "full" | "resumed"): Measurement {
  return {
    name: "handshakes",
    way: "https",
    async measure({ process, port, load, scale }) {
      const count = scaled(handshakes, scale);
      const isResumed = kind === "resumed";
      const [cpu, { resumed = 0 }] = await costOf(process, () =>
        load.do({ job: "handshakes", port, count, isResumed }),
      );
      if (resumed !== (isResumed ? count : 0)) throw new Error(`${resumed} of ${count} were resumed.`);
      return [{ figure: `TLS 1.3 handshake, ${kind}, CPU µs`, value: (cpu / count) * 1e6 }];
    },
  };
}

/** One thread, so many connections, as many requests as there is time for. */
async function wrk({ port, scale }: Place, path: string, connections: number): Promise<Answered> {
  const duration = Math.ceil(seconds * scales[scale]);
  const said = await onLoadCore("wrk", [
    "-t1",
    `-c${connections}`,
    `-d${duration}s`,
    "-H",
    `Host: ${names.http}`,
    `http://127.0.0.1:${port}${path}`,
  ]);
  const [, count = 0, rate = 0] =
    /(\d+) requests in [\s\S]*Requests\/sec: *([\d.]+)/.exec(said)?.map(Number) ?? [];
  if (count === 0 || /Non-2xx|Socket errors/.test(said)) throw new Error(said);
  return { count, rate };
}

async function h2load(
  { port }: Place,
  scheme: "http" | "https",
  options: readonly string[],
): Promise<Answered> {
  const said = await onLoadCore("h2load", [
    ...options,
    `--connect-to=127.0.0.1:${port}`,
    `${scheme}://${names.http}:${port}/`,
  ]);
  const [, rate = 0, total = 0, count = 0] =
    /([\d.]+) req\/s[\s\S]*requests: (\d+) total[\s\S]*status codes: (\d+) 2xx/.exec(said)?.map(Number) ?? [];
  if (count === 0 || count !== total) throw new Error(said);
  return { count, rate };
}

async function onLoadCore(program: string, arguments_: readonly string[]): Promise<string> {
  const { stdout } = await execute("taskset", ["-c", `${cores.load}`, find(program), ...arguments_]);
  return stdout;
}
