/** curl as a client that goes to one address and port, whatever domain its URL names. */
import assert from "node:assert/strict";
import { run } from "./run.ts";

/** It reads no configuration of its user's, and shows no progress. */
const always = ["--disable", "--silent", "--show-error", "--fail", "--noproxy", "*", "--max-time", "20"];

/** The body of what is answered; curl must be content with it. */
export async function curl(
  { host = "127.0.0.1", port }: { readonly host?: string; readonly port: number },
  ...options: readonly string[]
): Promise<string> {
  const there = ["--connect-to", `::${host}:${port}`];
  const { status, output, errors } = await run("curl", [...always, ...there, ...options]);
  assert.equal(status, 0, errors);
  return output;
}
