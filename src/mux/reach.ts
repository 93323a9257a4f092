/** A connection to one target: which of its addresses answers. */
import { lookup } from "node:dns/promises";
import net from "node:net";
import { fail, ok, outOfDescriptors, type Problem, type Result } from "../core/errors.ts";
import type { Target } from "../core/route.ts";
import { callsFromNowhere, connect, notListening, ownAddress, unreachable } from "./connect.ts";
import type { Waiting } from "./waiting.ts";

const localhost = ["127.0.0.1", "::1"];

export interface ReachHooks {
  /** Whether the mux itself is on the other side. */
  readonly isOwn: (socket: net.Socket, port: number) => boolean;
  /** Whether there is room for one more connection; it counts from here until it closes. */
  readonly admits: (socket: net.Socket) => boolean;
}

/** No system gives a port below this to who connects: Linux begins here by default, others higher (RFC 6335 §6). */
const firstEphemeralPort = 32_768;

export class Reach {
  readonly #hooks: ReachHooks;
  /** The address of "localhost" that answered last, by port: most services listen on one family only. */
  readonly #answered = new Map<string, string>();

  constructor(hooks: ReachHooks) {
    this.#hooks = hooks;
  }

  /** Fails with `target-down`, `target-is-mux` or `out-of-descriptors`; never rejects. */
  connect<S extends net.Socket>(target: Target, create: () => S, waiting: Waiting): Promise<Result<S>> {
    const literals = this.#literalsOf(target);
    const [only] = literals?.length === 1 ? literals : [];
    if (only === undefined) return this.#tryEach(literals, target, create, waiting);
    return this.#try(only, target, create(), waiting);
  }

  async #tryEach<S extends net.Socket>(
    literals: readonly string[] | undefined,
    target: Target,
    create: () => S,
    waiting: Waiting,
  ): Promise<Result<S>> {
    const addresses = literals ? ok(literals) : await this.#lookUp(target);
    if (!addresses.ok) return addresses;
    let failure: Problem | undefined;
    for (const address of addresses.value) {
      const reached = await this.#try(address, target, create(), waiting, failure);
      if (reached.ok || reached.error.code !== "target-down") return reached;
      failure = reached.error;
    }
    return fail(failure ?? unreachable(target, undefined));
  }

  /** `before` is what became of the address before this one. */
  #try<S extends net.Socket>(
    address: string,
    target: Target,
    socket: S,
    waiting: Waiting,
    before?: Problem,
  ): Promise<Result<S>> {
    if (!this.#hooks.admits(socket)) return Promise.resolve(fail(outOfDescriptors));
    const connected = () => {
      if (this.#hooks.isOwn(socket, target.port)) {
        socket.destroy();
        return fail(ownAddress(target));
      }
      if (isItself(socket, target.port)) {
        socket.destroy();
        return fail(notListening(target));
      }
      if (address !== target.host) this.#answered.set(`${target.host}:${target.port}`, address);
      return ok(socket);
    };
    const refused = (refusal: unknown) =>
      fail(before && callsFromNowhere(refusal) ? before : unreachable(target, refusal));
    return connect(socket, address, target.port, waiting).then(connected, refused);
  }

  /** Nothing when a look-up must tell. "localhost" means both families, whatever the hosts file says. */
  #literalsOf(target: Target): readonly string[] | undefined {
    const { host } = target;
    if (host === "localhost") return this.#answeredFirst(target, localhost);
    return net.isIP(host) === 0 ? undefined : [host];
  }

  async #lookUp(target: Target): Promise<Result<readonly string[]>> {
    try {
      const found = await lookup(target.host, { all: true });
      const addresses = found.map(({ address }) => address);
      return ok(this.#answeredFirst(target, addresses));
    } catch (error) {
      return fail(unreachable(target, error));
    }
  }

  #answeredFirst({ host, port }: Target, addresses: readonly string[]): readonly string[] {
    const first = this.#answered.get(`${host}:${port}`);
    if (first === undefined || first === addresses[0] || !addresses.includes(first)) return addresses;
    return [first, ...addresses.filter((address) => address !== first)];
  }
}

/**
 * Whether a socket is connected to itself: TCP allows that where nobody listens (RFC 9293 §3.5, simultaneous open), and one of many
 * tries may be given the very port that it calls.
 */
function isItself(socket: net.Socket, port: number): boolean {
  if (port < firstEphemeralPort || socket.localPort !== port) return false;
  return socket.localAddress === socket.remoteAddress;
}
