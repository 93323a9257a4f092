/** One accepted connection while it lives: who it is, what became of it, and the one report when it is over. */
import type net from "node:net";
import { formatDomain } from "../core/domain.ts";
import { type Problem, systemCode } from "../core/errors.ts";
import type { ConnectionReport, Ending, OpenConnections, Seen } from "../core/events.ts";
import type { ProxiedAddresses } from "../core/proxy-protocol.ts";
import { authorityOf, formatTarget, type Route, type Target } from "../core/route.ts";
import { letGo } from "./let-go.ts";

export interface ClientHooks {
  /** Hears of each of its reports, at the latest when it closes. */
  readonly report: (report: ConnectionReport) => void;
  /** It is over, and has been reported. */
  readonly onClosed: (client: Client) => void;
}

let lastId = 0;

export class Client {
  readonly id: number;
  readonly socket: net.Socket;
  /** Where it comes from: what a believed PROXY header says, else its socket. */
  address: string;
  port: number;
  /** The address of ours that was dialled. */
  readonly localAddress: string;
  /** The name TLS was ended for: every HTTP request on this connection must be for it (RFC 9110 §7.4). */
  securedName: string | undefined;
  secure = false;
  /** Whom to tell when it closes. */
  onGone: (() => void) | undefined;

  readonly #hooks: ClientHooks;
  #since = performance.now();
  #receivedBefore = 0;
  #sentBefore = 0;
  #seen: Seen = { by: "nothing" };
  #route: Route | undefined;
  #target: Target | undefined;
  #requests = 0;
  #ending: Ending | undefined;
  #reported = false;
  #kept: Buffer | undefined;

  /** From here on the socket has an error handler. `localAddress` would cost a system call to find out. */
  constructor(socket: net.Socket, localAddress: string, hooks: ClientHooks) {
    this.id = ++lastId;
    this.socket = socket;
    this.#hooks = hooks;
    this.address = socket.remoteAddress ?? "";
    this.localAddress = localAddress;
    this.port = socket.remotePort ?? 0;
    socket.on("error", (error) => {
      // The only error a client makes on its own; anything else shows as the ending of whoever broke it.
      if (systemCode(error) === "ECONNRESET") this.end({ how: "reset", by: "client" });
    });
    // It comes once, and `once` would keep a wrapper as long as the connection is open.
    socket.on("close", () => this.#close());
  }

  /** A proxy in front says where it really comes from. */
  comesFrom({ address, port }: ProxiedAddresses["source"]): void {
    this.address = address;
    this.port = port;
  }

  /** As a PROXY header tells them. */
  get addresses(): ProxiedAddresses {
    return {
      source: { address: this.address, port: this.port },
      destination: { address: this.localAddress, port: this.socket.localPort ?? 0 },
    };
  }

  /** `bytes` have been taken off the socket: whoever takes that over passes them on, or has them put back before. */
  keep(bytes: Buffer): void {
    this.#kept = bytes;
  }

  /** What is kept, for whoever passes it on. */
  takeKept(): Buffer | undefined {
    const kept = this.#kept;
    this.#kept = undefined;
    return kept;
  }

  /** The socket can be read as if nothing had been taken. */
  putBack(): void {
    const kept = this.takeKept();
    if (kept && kept.length > 0) this.socket.unshift(kept);
  }

  /** Says by what, and to which route, the connection goes. */
  matched(seen: Seen, route: Route | undefined): void {
    this.#seen = seen;
    this.#route = route;
  }

  /** Counts an HTTP request for `name`. A kept-alive connection that changes its route is told in as many reports. */
  requested(name: string | undefined, route: Route | undefined): void {
    if (this.#requests > 0 && route !== this.#route) this.#finish({ how: "closed" });
    this.#requests++;
    this.#route = route;
    if (this.securedName === undefined && name !== undefined) this.#seen = { by: "host", name };
  }

  /** A request that was answered in the mux's own name is told at once; the connection may go on. */
  refusedRequest(problem: Problem): void {
    this.#finish({ how: "refused", problem });
  }

  reached(target: Target): void {
    this.#target = target;
  }

  /** Why it ends. The first reason given is the one reported: what follows is its consequence. */
  end(ending: Ending): void {
    this.#ending ??= ending;
  }

  /** The service broke off before its answer was whole: so does this. */
  passResetOn(): void {
    this.end({ how: "reset", by: "target" });
    this.socket.resetAndDestroy();
  }

  /** The domain of the route that has it now, if one has. */
  get route(): string | undefined {
    return this.#route && formatDomain(this.#route.domain);
  }

  /** For those who watch what is open. */
  get summary(): OpenConnections["oldest"][number] {
    return {
      id: this.id,
      client: this.#from,
      ...(this.#target && { target: formatTarget(this.#target) }),
      since: Math.round(performance.timeOrigin + this.#since),
    };
  }

  get #from(): string {
    return authorityOf({ host: this.address, port: this.port });
  }

  #close(): void {
    // After a report nothing may have happened any more: that silence is not worth another.
    if (!this.#reported || this.#requests > 0) this.#finish(this.#ending ?? { how: "closed" });
    this.onGone?.();
    this.#hooks.onClosed(this);
    letGo(this.socket);
  }

  #finish(ending: Ending): void {
    this.#reported = true;
    const { bytesRead, bytesWritten } = this.socket;
    const now = performance.now();
    const report: ConnectionReport = {
      id: this.id,
      client: this.#from,
      seen: this.#seen,
      requests: this.#requests,
      received: bytesRead - this.#receivedBefore,
      sent: bytesWritten - this.#sentBefore,
      milliseconds: Math.round(now - this.#since),
      ending,
    };
    if (this.#route) {
      report.route = formatDomain(this.#route.domain);
      report.rule = this.#route.domain.kind;
    }
    if (this.#target) report.target = formatTarget(this.#target);
    this.#hooks.report(report);
    this.#since = now;
    this.#receivedBefore = bytesRead;
    this.#sentBefore = bytesWritten;
    this.#requests = 0;
    this.#target = undefined;
  }
}
