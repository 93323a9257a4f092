/** The doctor: everything between a client and the services, one finding after another. Changes nothing. */
import type { Finding } from "../../core/diagnosis.ts";
import { hostsEntries } from "../../core/hosts-block.ts";
import { listeningPorts } from "../listening-ports.ts";
import type { Machine } from "../machine.ts";
import { checkAuthority } from "./authority.ts";
import { checkBrowsers } from "./browsers.ts";
import { checkCertificateFiles } from "./certificate.ts";
import type { DoctorContext } from "./context.ts";
import { checkEnvironment } from "./environment.ts";
import { checkHosts } from "./hosts.ts";
import { checkLoopback, checkPort } from "./port.ts";
import { checkRoute } from "./route.ts";
import { checkTrust } from "./trust.ts";

/** Opens sockets and looks names up, so it belongs in a worker thread or the command line. */
export async function* diagnose(context: DoctorContext): AsyncGenerator<Finding> {
  const { settings, problems, machine } = context;
  const entries = hostsEntries(settings.routes);
  const names = settings.routes.flatMap(({ domain }) => (domain.kind === "exact" ? [domain.name] : []));
  yield* problems;
  yield* checkLoopback();
  yield* await checkPort(context);
  // Together, because each may have to wait for others; told in the order in which they are written.
  const processes = settings.routes.length > 0 ? await processesByPort(machine) : new Map<number, string>();
  const routes = settings.routes.map((route) => checkRoute(route, entries, processes, context));
  for (const findings of await Promise.all(routes)) yield* findings;
  yield* await checkHosts(entries, machine);
  yield* await checkCertificateFiles(context);
  yield* await checkAuthority(context, new Date());
  yield* await checkTrust(context);
  yield* await checkEnvironment(names, context);
  yield* await checkBrowsers(names, context);
}

/** Who listens on a port of this machine, as far as the system tells us. */
async function processesByPort(machine: Machine): Promise<ReadonlyMap<number, string>> {
  const listening = await listeningPorts(machine);
  const found = listening.ok ? listening.value : [];
  return new Map(
    found.flatMap(({ port, process }) => (process ? [[port, `${process.name} (pid ${process.pid})`]] : [])),
  );
}
