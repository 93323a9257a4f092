/** How many connections may be open at once, so that there are always descriptors left to serve those that are. */
import type { MuxEvent } from "../core/events.ts";

/** For listeners, files, name look-ups and everything else that shares the process. */
const reserve = 64;
const mostReservedShare = 0.25;
/** Beyond this the limit would only say how much memory there is. */
const mostClients = 65_536;

interface Report {
  readonly userLimits?: { readonly open_files?: { readonly soft?: unknown } };
}

/** It is over only when so much is free again: not with each connection that comes and goes. */
const relief = 0.9;

export class Limit {
  readonly #most: number;
  readonly #emit: (event: MuxEvent) => void;
  #turnedAway = 0;
  #isOver = false;

  /** `most` defaults to what the system's limit on open files leaves. */
  constructor(most: number | undefined, emit: (event: MuxEvent) => void) {
    this.#most = most ?? connectionLimit(openFileLimit());
    this.#emit = emit;
  }

  /** Whether another connection may join so many; one that may not is counted. */
  admits(open: number): boolean {
    if (open < this.#most) return true;
    this.#turnedAway++;
    if (!this.#isOver) this.#tell(true);
    return false;
  }

  /** So many are open after one has closed. */
  left(open: number): void {
    if (this.#isOver && open < this.#most * relief) this.#tell(false);
  }

  #tell(isOver: boolean): void {
    this.#isOver = isOver;
    this.#emit({ type: "overload", isOver, limit: this.#most, turnedAway: this.#turnedAway });
  }
}

/** A connection takes two descriptors: the client's and the service's. */
export function connectionLimit(openFiles: number): number {
  const reserved = Math.min(reserve, Math.floor(openFiles * mostReservedShare));
  return Math.max(1, Math.min(mostClients, Math.floor((openFiles - reserved) / 2)));
}

/** The system's limit for this process; where it tells none there is none. */
function openFileLimit(): number {
  const report: Report = process.report.getReport();
  const soft = report.userLimits?.open_files?.soft;
  const limit = typeof soft === "string" ? Number(soft) : soft;
  return typeof limit === "number" && limit > 0 ? limit : Number.POSITIVE_INFINITY;
}
