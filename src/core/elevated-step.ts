/** What the elevated program can be asked to do, as one word on its command line: checked by whoever asks and again by it. */
import { createHash } from "node:crypto";
import * as v from "valibot";
import { readConstrainedRoot } from "./constrained-root.ts";
import { canonicalAddress } from "./domain.ts";
import { fail, ok, type Problem, type Result } from "./errors.ts";
import { type HostsEntry, needsConsent } from "./hosts-block.ts";
import { editHosts } from "./hosts-edit.ts";
import { readRoot } from "./trust.ts";
import { shown } from "./wording.ts";

const names = v.array(v.string());

const elevatedStep = v.variant("do", [
  /**
   * The entries become the block of the system's hosts file, none remove it. `sha256`, in hex, is that of the file whose
   * difference the user saw; `consented` are the names that can be somebody's on the Internet and were agreed to.
   */
  v.strictObject({
    do: v.literal("hosts"),
    entries: v.array(v.strictObject({ address: v.string(), name: v.string() })),
    consented: names,
    sha256: v.pipe(v.string(), v.regex(/^[\da-f]{64}$/)),
  }),
  /** The system's store. `certificate` is PEM; `consented` are what it is good for beside the usual local names. */
  v.strictObject({ do: v.literal("trust"), certificate: v.string(), consented: names }),
  /** As `trust`, for roots of Oneport's to be gone. */
  v.strictObject({ do: v.literal("untrust"), certificates: v.pipe(names, v.minLength(1)) }),
  /** Linux: every user may listen on 443; until the next start of the system, or for good. */
  v.strictObject({ do: v.literal("allow-443"), persist: v.boolean() }),
  v.strictObject({ do: v.literal("restore-443") }),
]);

const request = v.strictObject({ version: v.literal(1), step: elevatedStep });

export type ElevatedStep = v.InferOutput<typeof elevatedStep>;

/** Lower-case hex. */
export function sha256Of(file: Buffer): string {
  return createHash("sha256").update(file).digest("hex");
}

/** Characters. Linux gives a single argument 128 KiB. */
const mostCharacters = 96 * 1024;

/** The step as one argument, base64url; it fails as `decodeStep` would, before anybody is asked for a password. */
export async function encodeStep(step: ElevatedStep): Promise<Result<string>> {
  const argument = Buffer.from(JSON.stringify({ version: 1, step })).toString("base64url");
  const decoded = await decodeStep(argument);
  return decoded.ok ? ok(argument) : decoded;
}

/** The step in an argument from anybody. Fails with `step-invalid`, `step-too-large`, or what is wrong with its content. */
export async function decodeStep(argument: string): Promise<Result<ElevatedStep>> {
  if (argument.length > mostCharacters) return fail(tooLarge(argument.length));
  const value = parseJson(argument);
  const parsed = v.safeParse(request, value);
  if (!parsed.success) return fail(invalid(parsed.issues[0].message));
  const { step } = parsed.output;
  const problem = await problemWith(step);
  return problem ? fail(problem) : ok(step);
}

/** Undefined is no JSON, and so no request. */
function parseJson(argument: string): unknown {
  if (!/^[\w-]+$/.test(argument)) return undefined;
  try {
    return JSON.parse(Buffer.from(argument, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}

async function problemWith(step: ElevatedStep): Promise<Problem | undefined> {
  switch (step.do) {
    case "hosts":
      return problemWithEntries(step.entries, step.consented);
    case "trust": {
      const root = await readConstrainedRoot(step.certificate, step.consented);
      return root.ok ? undefined : root.error;
    }
    case "untrust":
      return step.certificates.every(readRoot) ? undefined : invalid("one is no root of Oneport's");
    case "allow-443":
    case "restore-443":
      return undefined;
  }
}

function problemWithEntries(
  entries: readonly HostsEntry[],
  consented: readonly string[],
): Problem | undefined {
  const strange = entries.find(({ address }) => !isOurAddress(address));
  if (strange) return invalid(`${shown(strange.address)} is no address that Oneport gives to names`);
  // The edit itself has the last word on names; here it has no file yet.
  const edited = editHosts(Buffer.alloc(0), entries);
  if (!edited.ok) return edited.error;
  const unasked = entries.find(({ name }) => needsConsent(name) && !consented.includes(name));
  return unasked && withoutConsent(unasked.name);
}

/** Those of the mux, and what `assignAddresses` gives out. */
function isOurAddress(address: string): boolean {
  if (address === "127.0.0.1" || address === "::1") return true;
  const [, last] = /^127\.77\.\d+\.(\d+)$/.exec(address) ?? [];
  return last !== undefined && canonicalAddress(address) === address && last !== "0" && last !== "255";
}

function invalid(why: string): Problem {
  return {
    code: "step-invalid",
    message: `That is nothing to be done with elevated rights: ${why}.`,
    remedy: "Please report this; nothing was changed.",
  };
}

function tooLarge(length: number): Problem {
  return {
    code: "step-too-large",
    message: `That is too much for one command line (${length} characters).`,
    remedy: 'Run "oneport hosts apply" as an administrator: it reads the routes itself.',
  };
}

function withoutConsent(name: string): Problem {
  return {
    code: "hosts-consent",
    message: `${name} can be somebody's on the Internet, and nobody agreed to that name.`,
    remedy: "Agree to it and try again.",
  };
}
