/** Where a route's name leads by the system's own look-up, and where it should. */
import { lookup } from "node:dns/promises";
import type { Finding } from "../../core/diagnosis.ts";
import { fail, ok, type Result, shortReason } from "../../core/errors.ts";
import type { HostsEntry } from "../../core/hosts-block.ts";
import { isLocalhost, isLoopbackAddress } from "../../core/loopback.ts";
import type { Route } from "../../core/route.ts";
import { isMulticast } from "../../core/top-level-domains.ts";

/** A look-up that takes longer is as bad as none: multicast DNS and dead servers take five. */
const patience = 4000;

/** `entries` are those that all routes need in the hosts file. */
export async function checkName(
  { domain, kind }: Route,
  entries: readonly HostsEntry[],
): Promise<readonly Finding[]> {
  switch (domain.kind) {
    case "default":
      return [];
    case "wildcard":
      return isLocalhost(domain.parent) ? [] : [wildcard(domain.parent)];
    case "exact":
      return isLocalhost(domain.name)
        ? [await checkLocalhost(domain.name, kind !== "http")]
        : [await checkExact(domain.name, entries)];
  }
}

function wildcard(parent: string): Finding {
  return {
    check: "name",
    subject: `*.${parent}`,
    state: "note",
    message: "A hosts file has no wildcards, so these names resolve only if something else answers for them.",
    remedy: "Write a route for each name, or use names under .localhost.",
  };
}

async function checkExact(name: string, entries: readonly HostsEntry[]): Promise<Finding> {
  const wanted = entries.filter((entry) => entry.name === name).map(({ address }) => address);
  const found = await addressesOf(name);
  const addresses = found.ok ? found.value.join(" and ") : "";
  const isRight = found.ok && found.value.every((address) => wanted.includes(address));
  if (isRight) return { check: "name", subject: name, state: "ok", message: `It resolves to ${addresses}.` };
  const shouldBe = wanted.join(" and ");
  return {
    check: "name",
    subject: name,
    state: "wrong",
    message: found.ok
      ? `It resolves to ${addresses}, not to ${shouldBe}: another line of the hosts file, a DNS server or a VPN answers.`
      : `It does not resolve (${found.error}).`,
    remedy: isMulticast(name)
      ? "Use a name under .test: names under .local are asked for in the local network."
      : found.ok
        ? 'Run "oneport hosts apply", and remove what else maps it.'
        : 'Run "oneport hosts apply".',
  };
}

async function checkLocalhost(name: string, isStream: boolean): Promise<Finding> {
  const found = await addressesOf(name);
  if (!found.ok) {
    return {
      check: "name",
      subject: name,
      state: "note",
      message: `Browsers and curl reach it; this system does not resolve it (${found.error}), so other programs may not.`,
      remedy: "Use a name under .test for those.",
    };
  }
  const strange = found.value.filter((address) => !isLoopbackAddress(address));
  const subject = name;
  if (strange.length > 0) {
    const message = `It resolves to ${strange.join(" and ")}, which is not this machine.`;
    return { check: "name", subject, state: "wrong", message, remedy: "Remove what maps it there." };
  }
  if (isStream) {
    const message = "It can have no address of its own: only clients that send its name by TLS reach it.";
    return { check: "name", subject, state: "note", message, remedy: "Use a name under .test." };
  }
  return { check: "name", subject, state: "ok", message: `It resolves to ${found.value.join(" and ")}.` };
}

/** What `getaddrinfo` says, each address once; or why it says nothing. */
async function addressesOf(name: string): Promise<Result<readonly string[], string>> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${patience / 1000} s`)), patience);
  try {
    const found = await Promise.race([lookup(name, { all: true }), late]);
    return ok([...new Set(found.map(({ address }) => address))]);
  } catch (error) {
    return fail(shortReason(error));
  } finally {
    clearTimeout(timer);
  }
}
