/** The services behind a route: whether they are up, and what they answer, through Oneport where it runs. */
import { type Finding, wrong } from "../../core/diagnosis.ts";
import { formatDomain, hostOf } from "../../core/domain.ts";
import { isLoopbackAddress } from "../../core/loopback.ts";
import { formatTarget, type Route, schemes, type Target } from "../../core/route.ts";
import { targetDown, unresolved } from "../../core/target-down.ts";
import { type Answer, connectTo, httpAnswer, type Place, webSocketAnswer } from "./ask.ts";
import type { DoctorContext } from "./context.ts";

export interface Tried {
  readonly target: Target;
  /** The host that answered, which `localhost` leaves open; absent when none did. */
  readonly host: string | undefined;
  readonly finding: Finding;
}

/** Connects once. `processes` says who listens on a port of this machine. */
export async function tryTarget(
  target: Target,
  { domain }: Route,
  { mux }: DoctorContext,
  processes: ReadonlyMap<number, string>,
): Promise<Tried> {
  const about = { check: "target", subject: formatDomain(domain) } as const;
  const isHere = target.host === "localhost" || isLoopbackAddress(target.host);
  const service = formatTarget(target);
  if (isHere && target.port === mux?.port) {
    const message = `${service} is Oneport itself: connections would go round in circles.`;
    const remedy = "Give the route the port that the service itself listens on.";
    return { target, host: undefined, finding: { ...about, state: "wrong", message, remedy } };
  }
  const connected = await connectTo(target.host, target.port);
  if (!connected.ok) {
    const problem = targetDown(target, connected.error, connected.error !== unresolved);
    return { target, host: undefined, finding: wrong(about.check, problem, about.subject) };
  }
  const process = isHere ? processes.get(target.port) : undefined;
  const who = process === undefined ? "" : `: ${process} listens there`;
  const message = `${service} is up${who}.`;
  return { target, host: connected.value, finding: { ...about, state: "ok", message } };
}

/** `atMux` is where Oneport takes the route's name, if it runs; else the service is asked straight. */
export async function checkAnswer(
  route: Route,
  target: Target,
  host: string,
  atMux: Place | undefined,
): Promise<readonly Finding[]> {
  const subject = formatDomain(route.domain);
  const isTunnel = route.kind === "tunnel";
  if (!isTunnel && route.kind !== "http") return [];
  const isWebSocket = isTunnel || target.scheme === "ws" || target.scheme === "wss";
  // What goes through a tunnel are a client's own bytes, so its WebSocket is one that only the service knows.
  const through = isTunnel ? undefined : atMux;
  const name = (route.hostHeader && hostOf(route.hostHeader)) ?? atMux?.name ?? target.host;
  const place = through ?? { host, port: target.port, name };
  const secure = through !== undefined || schemes[target.scheme].tls;
  const path = through ? "/" : target.path;
  const answer = isWebSocket
    ? await webSocketAnswer(place, secure, path)
    : await httpAnswer(place, secure, route.healthPath ?? path);
  const way = through ? " through Oneport" : "";
  if (!answer.ok) {
    const message = `Its service does not answer${way}: ${answer.error}.`;
    return [{ check: "answer", subject, state: "wrong", message, remedy: "Look at the service's own log." }];
  }
  return [{ check: "answer", subject, ...judged(answer.value, isWebSocket, way) }];
}

function judged({ status, refusal }: Answer, isWebSocket: boolean, way: string) {
  if (refusal !== undefined) {
    const message = `Oneport answers ${status} in place of the service (${refusal}).`;
    return { state: "wrong", message, remedy: "Open it in a browser: the page says why." } as const;
  }
  if (isWebSocket && status !== 101) {
    const message = `Its service answers ${status}${way} in place of opening a WebSocket.`;
    return {
      state: "wrong",
      message,
      remedy: "Correct the path or the scheme of the route's target.",
    } as const;
  }
  if (status >= 500) {
    const message = `Its service answers ${status}${way}.`;
    return { state: "note", message, remedy: "Look at the service's own log." } as const;
  }
  const what = isWebSocket ? "opens a WebSocket" : `answers ${status}`;
  return { state: "ok", message: `Its service ${what}${way}.` } as const;
}

/** The loopback address of the route's own, which Oneport listens on beside the others. */
export async function checkOwnAddress(
  { domain }: Route,
  address: string | undefined,
  { mux }: DoctorContext,
): Promise<readonly Finding[]> {
  if (address === undefined || !mux) return [];
  const about = { check: "answer", subject: formatDomain(domain) } as const;
  const connected = await connectTo(address, mux.port);
  const where = `${address}:${mux.port}`;
  if (connected.ok) return [{ ...about, state: "ok", message: `Oneport takes connections at ${where}.` }];
  const message = `Oneport takes no connection at ${where}: ${connected.error}.`;
  return [
    { ...about, state: "wrong", message, remedy: "Stop Oneport and start it again; its log says why." },
  ];
}
