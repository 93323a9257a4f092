/** What windows say to each other over a control channel: every message is checked against these shapes. */
import * as v from "valibot";
import { muxEvent, problem } from "../core/events.ts";

/** The versions of this protocol that are spoken here. `hello`, `refused` and `retire` are the same in all of them. */
export const versions = { oldest: 1, newest: 1 };

const versionRange = v.object({ oldest: v.number(), newest: v.number() });
/** In UTF-16 units, as JavaScript counts. */
const longestText = 200;
const text = v.pipe(v.string(), v.maxLength(longestText));

const window = v.object({
  id: text,
  name: text,
  kind: v.picklist(["window", "terminal"]),
  pid: v.pipe(v.number(), v.integer(), v.minValue(1)),
  /** When it came, in milliseconds since 1970. */
  since: v.number(),
});

const leases = v.array(v.object({ domain: v.string(), value: v.unknown(), since: v.number() }));

const lender = v.object({ window, leases });

const graceSeconds = v.pipe(v.number(), v.minValue(0), v.maxValue(60));

const toOwner = v.variant("type", [
  /** The first message. One that lends nothing, not even nothing, only looks, and is no member. */
  v.object({ type: v.literal("hello"), versions: versionRange, lender: v.exactOptional(lender) }),
  v.object({ type: v.literal("lend"), leases }),
  v.object({ type: v.literal("watch"), isWatching: v.boolean() }),
  v.object({ type: v.literal("refresh") }),
  /** Asks for the `tally`. */
  v.object({ type: v.literal("count") }),
  /** Ends it for all. */
  v.object({ type: v.literal("stop"), graceSeconds }),
  /** To `succeed`: listens already, where the system can do that, or is about to. */
  v.object({ type: v.literal("ready"), problem: v.exactOptional(problem) }),
  /** Of one that speaks newer versions alone: give up the port to it. */
  v.object({ type: v.literal("retire") }),
  v.object({ type: v.literal("ping") }),
]);

const toMember = v.variant("type", [
  v.object({ type: v.literal("welcome"), version: v.number() }),
  v.object({ type: v.literal("refused"), versions: versionRange }),
  v.object({ type: v.literal("event"), event: muxEvent }),
  /** All that is lent, by the owner (the first) and the others: whoever takes over serves it at once. */
  v.object({ type: v.literal("leases"), lenders: v.array(lender) }),
  /** Closed connections and their bytes since the owner began, by route. */
  v.object({
    type: v.literal("tally"),
    routes: v.array(
      v.object({ domain: v.string(), connections: v.number(), received: v.number(), sent: v.number() }),
    ),
  }),
  /** Prepare to own the mux: the owner is about to go. */
  v.object({ type: v.literal("succeed") }),
  /** The last message: the port is free for this window now, and for no other. */
  v.object({ type: v.literal("handedOver"), to: text }),
  /** The last message: it has been ended for all. */
  v.object({ type: v.literal("ended") }),
  v.object({ type: v.literal("pong") }),
]);

export type Window = v.InferOutput<typeof window>;
export type WindowLeases = v.InferOutput<typeof lender>;
export type ToOwner = v.InferOutput<typeof toOwner>;
export type ToMember = v.InferOutput<typeof toMember>;
export type Tally = Extract<ToMember, { type: "tally" }>["routes"];

/** A window's name as others can read it: those of folders and workspaces may be longer. */
export function shortened(name: string): string {
  return name.slice(0, longestText);
}

/** Throws a `ValiError` for anything else. */
export function parseToOwner(message: unknown): ToOwner {
  return v.parse(toOwner, message);
}

/** Throws a `ValiError` for anything else. */
export function parseToMember(message: unknown): ToMember {
  return v.parse(toMember, message);
}
