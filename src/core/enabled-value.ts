/** The value of a route in the settings, switched off or on. */
import { isRecord } from "./record.ts";

/** A bare target becomes `{ "to": … }` to be switched off, and is bare again when it is switched on with no other option left. */
export function withEnabled(value: unknown, isEnabled: boolean): unknown {
  const { enabled: _, ...options } = isRecord(value) ? value : { to: value };
  if (!isEnabled) return { ...options, enabled: false };
  const [only, ...others] = Object.keys(options);
  return only === "to" && others.length === 0 ? options.to : options;
}
