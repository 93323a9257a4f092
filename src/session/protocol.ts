/** What the thread of the command line or the extension asks of the worker; events come back (core/events.ts). */
import * as v from "valibot";
import { shortened } from "./messages.ts";

/** `settings` is what the user wrote, key by key (`oneport.…`), unchecked: the worker reads it with `parseSettings`. */
const settings = v.record(v.string(), v.unknown());

const command = v.variant("type", [
  /** `port` is decided by who starts it: 0 means any free one. */
  v.object({
    type: v.literal("start"),
    stateDirectory: v.string(),
    port: v.union([v.literal("auto"), v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535))]),
    settings,
    /** How others see the one who starts; a terminal unless said. */
    window: v.exactOptional(
      v.object({
        id: v.exactOptional(v.string()),
        name: v.pipe(v.string(), v.transform(shortened)),
        kind: v.picklist(["window", "terminal"]),
      }),
    ),
  }),
  v.object({ type: v.literal("configure"), settings }),
  /** While someone looks, targets are asked now and then whether they are up, and `open` events tell what is open. */
  v.object({ type: v.literal("watch"), isWatching: v.boolean() }),
  /** Whether somebody reads the log, as is so unless said: if not, only connections that are news are told of (core/news.ts). */
  v.object({ type: v.literal("log"), isLogged: v.boolean() }),
  /** Asks every target now whether it is up. */
  v.object({ type: v.literal("refresh") }),
  /**
   * Leaves, ending what is open here after `graceSeconds` at the latest; another window goes on with the mux, unless it is to
   * end for all. `stopped` is the last event.
   */
  v.object({
    type: v.literal("stop"),
    graceSeconds: v.number(),
    forAll: v.exactOptional(v.literal(true)),
  }),
]);

export type Command = v.InferOutput<typeof command>;

/** The command in a message; throws a `ValiError` for anything else. */
export function parseCommand(message: unknown): Command {
  return v.parse(command, message);
}
