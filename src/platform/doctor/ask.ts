/** What the doctor asks of others: a connection, a TLS handshake, an HTTP answer, a WebSocket. Each within a time, and closed again. */
import http from "node:http";
import https from "node:https";
import net from "node:net";
import tls from "node:tls";
import { WebSocket } from "ws";
import { fail, ok, type Result, systemCode } from "../../core/errors.ts";
import { unreachedBecause } from "../../core/target-down.ts";

/** For each question. A service on this machine that takes longer is not well. */
const patience = 4000;

/** Connects and hangs up: the host that answered, `localhost` being 127.0.0.1 or ::1; or why none did, in words. */
export async function connectTo(host: string, port: number): Promise<Result<string, string>> {
  const reasons: string[] = [];
  for (const address of host === "localhost" ? ["127.0.0.1", "::1"] : [host]) {
    const reason = await new Promise<string | undefined>((resolve) => {
      const socket = net.connect({ host: address, port, timeout: patience });
      socket.once("connect", () => settle(undefined));
      socket.once("timeout", () => settle("no answer"));
      socket.on("error", (error) => settle(reasonOf(error)));
      const settle = (why: string | undefined) => {
        socket.destroy();
        resolve(why);
      };
    });
    if (reason === undefined) return ok(address);
    reasons.push(reason);
  }
  return fail(reasons[0] ?? "no address");
}

/** Where a connection goes, and the name that is asked for there, by SNI and Host. */
export interface Place {
  readonly host: string;
  readonly port: number;
  readonly name: string;
}

export interface Shown {
  readonly issuer: string;
  readonly validTo: Date;
  /** OpenSSL's or Node's code of what is wrong with the chain for that name. */
  readonly fault: string | undefined;
}

/** The certificate that a server shows, which one of those in PEM may have signed. `protocol` is offered by ALPN. */
export function handshake(
  place: Place,
  trusted: readonly string[],
  protocol?: string,
): Promise<Result<Shown, string>> {
  return new Promise((resolve) => {
    const socket = tls.connect({
      ...unverified(place),
      ca: [...trusted],
      ...(protocol !== undefined && { ALPNProtocols: [protocol] }),
    });
    const settle = (result: Result<Shown, string>) => {
      clearTimeout(timer);
      resolve(result);
      socket.destroy();
    };
    const timer = setTimeout(() => settle(fail("no answer")), patience);
    socket.once("secureConnect", () => settle(shownBy(socket)));
    socket.on("error", (error) => settle(fail(reasonOf(error))));
    socket.once("close", () => settle(fail("the connection was closed")));
  });
}

function shownBy(socket: tls.TLSSocket): Result<Shown, string> {
  const certificate = socket.getPeerX509Certificate();
  if (!certificate) return fail("no certificate was shown");
  const fault = socket.authorized ? undefined : String(socket.authorizationError);
  const [, commonName = certificate.issuer] = /^CN=(.*)$/m.exec(certificate.issuer) ?? [];
  return ok({ issuer: commonName, validTo: new Date(certificate.validTo), fault });
}

export interface Answer {
  readonly status: number;
  /** The code of the problem, where Oneport itself answered in place of a service. */
  readonly refusal: string | undefined;
}

/** The answer to a GET, by HTTPS where `secure`. */
export function httpAnswer(place: Place, secure: boolean, path: string): Promise<Result<Answer, string>> {
  return new Promise((resolve) => {
    const request = (secure ? https : http).get({
      ...unverified(place),
      agent: false,
      path,
      headers: { host: hostHeader(place, secure), accept: "*/*", connection: "close" },
      signal: AbortSignal.timeout(patience),
    });
    request.once("response", (response) => {
      resolve(ok(answerOf(response)));
      response.destroy();
    });
    request.on("error", (error) => resolve(fail(reasonOf(error))));
  });
}

/** Whether a WebSocket opens (status 101); the status of the answer that came in its place. */
export function webSocketAnswer(
  place: Place,
  secure: boolean,
  path: string,
): Promise<Result<Answer, string>> {
  return new Promise((resolve) => {
    const authority = `${place.name}:${place.port}`;
    const webSocket = new WebSocket(`${secure ? "wss" : "ws"}://${authority}${path}`, {
      createConnection: () => (secure ? tls.connect(unverified(place)) : net.connect(unverified(place))),
      handshakeTimeout: patience,
      perMessageDeflate: false,
    });
    webSocket.once("open", () => {
      resolve(ok({ status: 101, refusal: undefined }));
      webSocket.close(1000);
    });
    webSocket.once("unexpected-response", (request, response) => {
      resolve(ok(answerOf(response)));
      request.destroy();
    });
    webSocket.on("error", (error) => resolve(fail(reasonOf(error))));
  });
}

function answerOf({ statusCode = 0, headers }: http.IncomingMessage): Answer {
  return { status: statusCode, refusal: headers["oneport-refusal"]?.toString() };
}

/** The certificate is another question's business. */
function unverified({ host, port, name }: Place) {
  return { host, port, servername: name, rejectUnauthorized: false };
}

function hostHeader({ name, port }: Place, secure: boolean): string {
  return port === (secure ? 443 : 80) ? name : `${name}:${port}`;
}

/** What `handshake` fails with where nobody goes by that name (RFC 6066 §3). */
export const unrecognized = "that name is not known there";

function reasonOf(error: unknown): string {
  switch (systemCode(error)) {
    case "ERR_SSL_TLSV1_UNRECOGNIZED_NAME":
      return unrecognized;
    case "ECONNRESET":
      return "the connection was reset";
    case "ABORT_ERR":
      return "no answer";
    default:
      return unreachedBecause(error);
  }
}
