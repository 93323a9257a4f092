/** One route, from its name to what its service answers: each step as a client takes it. */
import type { Finding } from "../../core/diagnosis.ts";
import type { Domain } from "../../core/domain.ts";
import type { HostsEntry } from "../../core/hosts-block.ts";
import { needsAddress } from "../../core/loopback.ts";
import type { Route } from "../../core/route.ts";
import type { Place } from "./ask.ts";
import { checkCertificate } from "./certificate.ts";
import type { DoctorContext } from "./context.ts";
import { checkName } from "./name.ts";
import { checkAnswer, checkOwnAddress, tryTarget } from "./service.ts";

/** `entries` are those that all routes need in the hosts file; `processes` says who listens on a port of this machine. */
export async function checkRoute(
  route: Route,
  entries: readonly HostsEntry[],
  processes: ReadonlyMap<number, string>,
  context: DoctorContext,
): Promise<readonly Finding[]> {
  const names = checkName(route, entries);
  const tries = route.targets.map((target) => tryTarget(target, route, context, processes));
  const tried = await Promise.all(tries);
  const up = tried.find(({ host }) => host !== undefined);

  const name = nameToAskFor(route.domain);
  const atMux = context.mux && name && { host: "127.0.0.1", port: context.mux.port, name };
  const certificate = name ? await checkCertificate(route, name, shower(), context) : undefined;
  // The service is well, for all that is known, where only the certificate is not.
  const through = certificate?.hasFailed ? undefined : atMux || undefined;
  const answer = up?.host ? await checkAnswer(route, up.target, up.host, through) : [];
  const own = needsAddress(route) ? entries.find((entry) => entry.name === name)?.address : undefined;
  const atOwn = await checkOwnAddress(route, own, context);
  const targets = tried.map(({ finding }) => finding);
  return [...(await names), ...(certificate?.findings ?? []), ...targets, ...answer, ...atOwn];

  /**
   * Who shows the certificate: behind passthrough it is the service. A handshake for a stream waits for its service, so nobody
   * shows one while that is down.
   */
  function shower(): Place | undefined {
    if (route.kind === "http") return atMux || undefined;
    if (!up?.host || !name) return undefined;
    return atMux || (route.kind === "tls" ? { host: up.host, port: up.target.port, name } : undefined);
  }
}

/** A name that the route takes; none for the default route, which takes every other. */
function nameToAskFor(domain: Domain): string | undefined {
  switch (domain.kind) {
    case "exact":
      return domain.name;
    case "wildcard":
      return `oneport-doctor.${domain.parent}`;
    case "default":
      return undefined;
  }
}
