/** What the system's own look-up makes of the names that were written into the hosts file. */
import { lookup } from "node:dns/promises";
import { type Problem, shortReason } from "../core/errors.ts";
import type { HostsEntry } from "../core/hosts-block.ts";

/** A problem for each name that resolves to another address than those of its entries, or not at all. */
export async function lookUpElsewhere(entries: readonly HostsEntry[]): Promise<ReadonlyMap<string, Problem>> {
  const byName = Map.groupBy(entries, ({ name }) => name);
  const found = await Promise.all(
    Array.from(byName, async ([name, lines]) => {
      const problem = await lookUp(name, new Set(lines.map(({ address }) => address)));
      return problem ? [[name, problem] as const] : [];
    }),
  );
  return new Map(found.flat());
}

async function lookUp(name: string, wanted: ReadonlySet<string>): Promise<Problem | undefined> {
  const written = [...wanted].join(" and ");
  try {
    const addresses = (await lookup(name, { all: true })).map(({ address }) => address);
    if (addresses.every((address) => wanted.has(address))) return undefined;
    return elsewhere(`${name} resolves to ${addresses.join(" and ")}; the hosts file was given ${written}.`);
  } catch (error) {
    const code = shortReason(error);
    return elsewhere(`${name} does not resolve (${code}); the hosts file was given ${written}.`);
  }
}

function elsewhere(message: string): Problem {
  return { code: "hosts-elsewhere", message, remedy: probableReasons[process.platform] ?? otherReason };
}

const otherReason = "Probably another line maps it, or the system does not read the hosts file first.";

const probableReasons: { readonly [Platform in NodeJS.Platform]?: string } = {
  linux:
    'Look for another line with it, whether "hosts:" in /etc/nsswitch.conf begins with "files", and restart nscd if that runs.',
  darwin:
    "Look for another line with it, or empty the cache: sudo dscacheutil -flushcache; sudo killall -HUP mDNSResponder",
  win32:
    'Look for another line with it, run "ipconfig /flushdns", and see whether a VPN answers look-ups itself.',
};
