/** Opens the service's side of a stream: dials, and says what must be said before the client's first byte. */
import { fail, ok, type Problem, problemOf, type Result } from "../core/errors.ts";
import { granted, sslRequest } from "../core/postgres.ts";
import { writeProxyHeader } from "../core/proxy-protocol.ts";
import { formatTarget, type StreamKind, type StreamRoute, type Target } from "../core/route.ts";
import type { Client } from "./client.ts";
import type { Dialer, Dialled } from "./dial.ts";
import type { Upstreams } from "./http/upstreams.ts";
import type { End } from "./splice.ts";
import { openTunnel } from "./tunnel.ts";
import type { UpstreamSocket } from "./upstream-socket.ts";
import { Waiting } from "./waiting.ts";

interface Service {
  readonly end: End;
  readonly target: Target;
  /** Fulfilled when the service has said something, or has ended; what it said is kept for the client. */
  heard(): Promise<void>;
}

export interface ServiceContext {
  readonly dialer: Dialer;
  readonly upstreams: Upstreams;
}

/** How long a service may take to say whether it speaks TLS. */
const answerMilliseconds = 10_000;

/** What brings a passthrough service to the point where the client's ClientHello can follow. */
export type Opening = "none" | "postgres";

/** A service on its way. Whoever asked for it takes it or abandons it; until then it goes when the client does. */
export class Dialling {
  readonly service: Promise<Result<Service>>;
  readonly #client: Client;
  readonly #waiting = new Waiting();

  constructor(client: Client, open: (waiting: Waiting) => Promise<Result<Service>>) {
    this.#client = client;
    client.onGone = this.abandon;
    this.service = open(this.#waiting).catch(failed);
  }

  /** From here on its end is the taker's. */
  take(): void {
    this.#client.onGone = undefined;
  }

  readonly abandon = (): void => {
    this.#waiting.end();
    void this.service.then((opened) => opened.ok && opened.value.end.raw.resetAndDestroy());
  };
}

function failed(error: unknown): Result<Service> {
  return fail(problemOf(error));
}

export function dialService(
  client: Client,
  route: StreamRoute,
  context: ServiceContext,
  opening: Opening = "none",
): Dialling {
  return new Dialling(client, (waiting) => open[route.kind](client, route, context, waiting, opening));
}

type Open = (
  client: Client,
  route: StreamRoute,
  context: ServiceContext,
  waiting: Waiting,
  opening: Opening,
) => Promise<Result<Service>>;

const open: { readonly [K in StreamKind]: Open } = {
  tcp: openSocket,
  tls: openSocket,
  tunnel: openInWebSocket,
};

function openSocket(
  client: Client,
  route: StreamRoute,
  { dialer }: ServiceContext,
  waiting: Waiting,
  opening: Opening,
): Promise<Result<Service>> {
  return dialer
    .dialStream(route, { holdMilliseconds: route.holdSeconds * 1000, waiting })
    .then((dialled) => (dialled.ok ? introduce(client, route, dialled.value, waiting, opening) : dialled));
}

/** Says what comes before the client's first byte. */
function introduce(
  client: Client,
  route: StreamRoute,
  { socket, target }: Dialled<UpstreamSocket>,
  waiting: Waiting,
  opening: Opening,
): Result<Service> | Promise<Result<Service>> {
  if (route.sendProxy) socket.write(writeProxyHeader(route.sendProxy, client.addresses));
  const service = { end: { stream: socket, raw: socket }, target, heard: () => socket.heard() };
  if (opening === "none" || route.kind !== "tls") return ok(service);
  return grantsTls(socket, waiting).then((isGranted) => {
    if (isGranted) return ok(service);
    socket.destroy();
    return fail(noPostgresTls(target));
  });
}

async function openInWebSocket(
  _client: Client,
  route: StreamRoute,
  { upstreams }: ServiceContext,
  waiting: Waiting,
): Promise<Result<Service>> {
  const opened = await openTunnel(route, upstreams, { holdMilliseconds: route.holdSeconds * 1000, waiting });
  if (!opened.ok) return opened;
  const { stream, target } = opened.value;
  return ok({ end: { stream, raw: stream }, target, heard: () => stream.heard() });
}

/** One byte of answer and no more: what came with it would have been said before TLS (CVE-2021-23222). */
async function grantsTls(socket: UpstreamSocket, waiting: Waiting): Promise<boolean> {
  const giveUp = () => socket.destroy();
  const timer = setTimeout(giveUp, answerMilliseconds);
  waiting.onEnd(giveUp);
  socket.write(sslRequest);
  await socket.heard();
  clearTimeout(timer);
  waiting.offEnd(giveUp);
  const answer = socket.takeHeard();
  return answer.length === 1 && answer[0] === granted;
}

function noPostgresTls(target: Target): Problem {
  return {
    code: "target-without-tls",
    message: `${formatTarget(target)} does not speak TLS in the way of PostgreSQL.`,
    remedy: "Turn TLS on in the service, or write tcp:// in place of tls:// to have it ended by Oneport.",
  };
}
