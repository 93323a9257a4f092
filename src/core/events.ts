/** What the mux tells everyone who watches it; the schema is also the check for events that cross a process. */
import * as v from "valibot";

const problem = v.object({ code: v.string(), message: v.string(), remedy: v.string() });

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
});

const muxEvent = v.variant("type", [
  v.object({ type: v.literal("listening"), port: v.number(), addresses: v.array(v.string()) }),
  v.object({ type: v.literal("routes"), routes: v.array(routeSummary) }),
  v.object({ type: v.literal("connection"), connection }),
  v.object({
    type: v.literal("target"),
    target: v.string(),
    state: v.picklist(["up", "down"]),
    reason: v.exactOptional(v.string()),
  }),
  /** Connections are turned away at the limit (`isOver`), or no longer; `turnedAway` counts them since the start. */
  v.object({ type: v.literal("overload"), isOver: v.boolean(), limit: v.number(), turnedAway: v.number() }),
  v.object({ type: v.literal("problem"), problem }),
  v.object({ type: v.literal("stopped") }),
]);

export type Seen = v.InferOutput<typeof seen>;
export type Ending = v.InferOutput<typeof ending>;
export type ConnectionReport = v.InferOutput<typeof connection>;
export type RouteSummary = v.InferOutput<typeof routeSummary>;
export type MuxEvent = v.InferOutput<typeof muxEvent>;

/** The event in a message from another thread or process; throws a `ValiError` for anything else. */
export function parseEvent(message: unknown): MuxEvent {
  return v.parse(muxEvent, message);
}
