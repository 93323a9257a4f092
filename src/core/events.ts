/** What the mux tells everyone who watches it; the schema is also the check for events that cross a process. */
import * as v from "valibot";

export const problem = v.object({ code: v.string(), message: v.string(), remedy: v.string() });

/** What the client showed of itself, by which its route was chosen. */
const seen = v.variant("by", [
  v.object({ by: v.literal("sni"), name: v.string() }),
  v.object({ by: v.literal("host"), name: v.string() }),
  v.object({ by: v.literal("address"), name: v.string() }),
  v.object({ by: v.literal("nothing") }),
]);

const ending = v.variant("how", [
  v.object({ how: v.literal("closed") }),
  v.object({ how: v.literal("reset"), by: v.picklist(["client", "target"]) }),
  v.object({ how: v.literal("refused"), problem }),
  v.object({ how: v.literal("stopped") }),
]);

/** One connection, told when it is over. Bytes are counted on the client's socket, TLS included. */
const connection = v.object({
  id: v.number(),
  client: v.string(),
  seen,
  /** The domain of the route that took it, as the user wrote it in normal form; absent when none did. */
  route: v.exactOptional(v.string()),
  rule: v.exactOptional(v.picklist(["exact", "wildcard", "default"])),
  target: v.exactOptional(v.string()),
  /** HTTP requests served; 0 for a stream. */
  requests: v.number(),
  received: v.number(),
  sent: v.number(),
  milliseconds: v.number(),
  ending,
});

const routeSummary = v.object({
  domain: v.string(),
  kind: v.picklist(["http", "tcp", "tls", "tunnel"]),
  targets: v.array(v.string()),
  /** The loopback address of the route's own, where it has one. */
  address: v.exactOptional(v.string()),
  /** The ids of the windows that lend it, the one that keeps it first. */
  windows: v.exactOptional(v.array(v.string())),
});

/** A window, or a terminal, that takes part in the mux. */
const sessionWindow = v.object({
  id: v.string(),
  name: v.string(),
  kind: v.picklist(["window", "terminal"]),
  pid: v.number(),
  role: v.picklist(["owner", "member"]),
  /** The domains that it lends. */
  routes: v.array(v.string()),
  /** Domains that it would lend with another target than the window that keeps them. */
  conflicts: v.array(v.object({ domain: v.string(), heldBy: v.string() })),
});

/** What is open for one route: how many connections, and the oldest of them. */
const openConnections = v.object({
  domain: v.string(),
  count: v.number(),
  oldest: v.array(
    v.object({
      id: v.number(),
      client: v.string(),
      target: v.exactOptional(v.string()),
      /** Milliseconds since 1970. */
      since: v.number(),
    }),
  ),
});

export const muxEvent = v.variant("type", [
  // First, because they are tried one after another, and nearly every event is one of these.
  v.object({ type: v.literal("connection"), connection }),
  v.object({ type: v.literal("listening"), port: v.number(), addresses: v.array(v.string()) }),
  v.object({ type: v.literal("routes"), routes: v.array(routeSummary) }),
  /** While someone watches: every route that has open connections; the others have none. */
  v.object({ type: v.literal("open"), routes: v.array(openConnections) }),
  v.object({
    type: v.literal("target"),
    target: v.string(),
    state: v.picklist(["up", "down"]),
    reason: v.exactOptional(v.string()),
  }),
  /** Connections are turned away at the limit (`isOver`), or no longer; `turnedAway` counts them since the start. */
  v.object({ type: v.literal("overload"), isOver: v.boolean(), limit: v.number(), turnedAway: v.number() }),
  v.object({ type: v.literal("problem"), problem }),
  /** Who takes part, told at every change; `own` is the window that this is told to. */
  v.object({
    type: v.literal("session"),
    role: v.picklist(["owner", "member"]),
    own: v.string(),
    windows: v.array(sessionWindow),
  }),
  /** The last event. `forAll`: somebody else has ended it, for every window. `problem`, told before: why it could not go on. */
  v.object({
    type: v.literal("stopped"),
    forAll: v.exactOptional(v.literal(true)),
    problem: v.exactOptional(problem),
  }),
]);

export type Seen = v.InferOutput<typeof seen>;
export type Ending = v.InferOutput<typeof ending>;
export type ConnectionReport = v.InferOutput<typeof connection>;
export type OpenConnections = v.InferOutput<typeof openConnections>;
export type RouteSummary = v.InferOutput<typeof routeSummary>;
export type SessionWindow = v.InferOutput<typeof sessionWindow>;
export type MuxEvent = v.InferOutput<typeof muxEvent>;

/** The event in a message from another thread or process; throws a `ValiError` for anything else. */
export function parseEvent(message: unknown): MuxEvent {
  return v.parse(muxEvent, message);
}
