/** What the thread of the command line or the extension asks of the worker; events come back (core/events.ts). */
import * as v from "valibot";

/** `settings` is what the user wrote, key by key (`oneport.…`), unchecked: the worker reads it with `parseSettings`. */
const settings = v.record(v.string(), v.unknown());

const command = v.variant("type", [
  /** `port` is decided by who starts it: 0 means any free one. */
  v.object({
    type: v.literal("start"),
    stateDirectory: v.string(),
    port: v.union([v.literal("auto"), v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535))]),
    settings,
  }),
  v.object({ type: v.literal("configure"), settings }),
  /** Ends what is open after `graceSeconds` at the latest; `stopped` is the last event. */
  v.object({ type: v.literal("stop"), graceSeconds: v.number() }),
]);

export type Command = v.InferOutput<typeof command>;

/** The command in a message; throws a `ValiError` for anything else. */
export function parseCommand(message: unknown): Command {
  return v.parse(command, message);
}
