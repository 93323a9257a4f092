/** Carries out what is decided of an exchange. */
import { randomBytes } from "node:crypto";
import { STATUS_CODES } from "node:http";
import { hostOf } from "../../core/domain.ts";
import { problemOf } from "../../core/errors.ts";
import type { RouteSummary } from "../../core/events.ts";
import { type Decision, decide, type HttpRefusal, unreachable } from "../../core/http-decision.ts";
import { valuesOf } from "../../core/http-headers.ts";
import type { RequestHead } from "../../core/http-request.ts";
import type { RouteTable } from "../../core/match.ts";
import { renderRefusal } from "../../core/refusal-page.ts";
import type { Client } from "../client.ts";
import type { Answerable, Exchange } from "./exchange.ts";
import { type ForwardContext, forward, isPageLoad } from "./forward.ts";
import { forwardUpgrade } from "./upgrade.ts";
import type { Upstreams } from "./upstreams.ts";

/** What the mux knows when a request comes in; read anew for each, so that new routes count at once. */
export interface Site {
  readonly port: number;
  readonly table: RouteTable;
  readonly summaries: readonly RouteSummary[];
}

export class Answerer {
  readonly forwarding: ForwardContext;
  readonly #site: () => Site;

  constructor(site: () => Site, upstreams: Upstreams) {
    this.#site = site;
    this.forwarding = {
      upstreams,
      instance: randomBytes(6).toString("hex"),
      refuse: (exchange, problem) => this.#refuse(exchange, unreachable(problem)),
    };
  }

  /** Never rejects: what goes wrong beyond words ends the exchange and is told in the connection's report. */
  async answer(exchange: Exchange): Promise<void> {
    try {
      await this.#carryOut(exchange);
    } catch (error) {
      exchange.client.refusedRequest(problemOf(error));
      exchange.abort();
    }
  }

  decide(client: Client, head: RequestHead): Decision {
    const { table, port } = this.#site();
    const { instance } = this.forwarding;
    return decide(head, { table, port, instance, securedName: client.securedName });
  }

  async #carryOut(exchange: Exchange): Promise<void> {
    const { client, head, upgrade } = exchange;
    const decision = this.decide(client, head);
    const name = decision.kind === "forward" ? decision.accepted.name : decision.name;
    client.requested(name, decision.route);
    switch (decision.kind) {
      case "refuse":
        return this.#refuse(exchange, decision.refusal);
      case "redirect":
        return redirect(exchange, decision.location);
      case "forward":
        return upgrade
          ? forwardUpgrade(exchange, upgrade, decision.accepted, decision.route, this.forwarding)
          : forward(exchange, decision.accepted, decision.route, this.forwarding);
    }
  }

  #refuse(exchange: Answerable, { status, title, problem }: HttpRefusal): void {
    if (exchange.gone) return;
    const { client, head } = exchange;
    if (exchange.begun) {
      client.refusedRequest(problem);
      return exchange.abort();
    }
    const { summaries, port } = this.#site();
    const authority = head.authority ?? valuesOf(head.headers, "host")[0];
    const retry = problem.code === "target-down" && isPageLoad(exchange);
    const refusal = { status, title, ...problem, retry, domain: authority && hostOf(authority) };
    const page = renderRefusal(refusal, summaries, port, valuesOf(head.headers, "accept")[0]);
    sendWhole(exchange, status, page.body, [
      "Content-Type",
      page.contentType,
      "Oneport-Refusal",
      problem.code,
    ]);
    client.refusedRequest(problem);
  }
}

/** A passthrough service asked in the clear: its client finds it by TLS alone. */
function redirect(exchange: Answerable, location: string): void {
  sendWhole(exchange, 308, "", ["Location", location]);
}

function sendWhole(exchange: Answerable, status: number, body: string, headers: readonly string[]): void {
  const bodiless = exchange.head.method === "HEAD";
  // As bytes: under load, texts written to a stream of HTTP/2 have been seen to arrive with their beginning overwritten (Node 24.21).
  const bytes = Buffer.from(body);
  const sink = exchange.respond(
    status,
    STATUS_CODES[status] ?? "",
    [...headers, "Content-Length", String(bytes.length), "Cache-Control", "no-store"],
    // Whatever of the request was not read would be taken for the next one.
    {
      bodiless,
      trailers: false,
      close: exchange.body !== undefined || exchange.upgrade !== undefined || status === 400,
    },
  );
  if (!bodiless && bytes.length > 0) sink.write(bytes);
  exchange.finish();
}
