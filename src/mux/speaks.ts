/** Finds out what a service speaks, by asking as little and as politely as that can be asked. */
import net from "node:net";
import tls from "node:tls";
import { devServerName } from "../core/dev-server.ts";
import { isToldEnough, readHttpAnswer } from "../core/http-answer.ts";
import { type Listening, whereToDial } from "../core/listening-ports.ts";
import { granted, sslRequest } from "../core/postgres.ts";
import { readPage, readSslAnswer, readWords, type Spoken } from "../core/spoken.ts";
import { Talk } from "./talk.ts";

/** After this, and after the farewells, nothing is asked any more. */
const longestMilliseconds = 900;
/** Servers that speak first do so within this. */
const greetingMilliseconds = 150;
/** Answers to questions that the right server answers without a thought; on a busy machine PostgreSQL's process for it may be late. */
const shortMilliseconds = 300;
/** How long the first line of a request stands alone: Redis answers it within a few milliseconds, a web server never. */
const lineMilliseconds = 60;

interface Asked {
  readonly address: string;
  readonly port: number;
  readonly program: string | undefined;
  readonly signal: AbortSignal;
}

/** Debuggers serve one connection, and take its end for the end of the session. */
const untouchable = /^(gdbserver|lldb-server|dlv|debugpy|adapter)$/;

/**
 * Never rejects, takes a second at most, and leaves no socket behind. What does not answer, or is not there, speaks
 * `tcp`; or `http`, if its program is a development server's, which may be busy building the page.
 */
export async function speaks(service: Listening): Promise<Spoken> {
  const program = service.process?.name;
  if (untouchable.test(program ?? "")) return { protocol: "tcp" };
  const { address } = whereToDial(service);
  const asked = {
    address,
    port: service.port,
    program,
    signal: AbortSignal.timeout(longestMilliseconds),
  };
  for (const question of inOrder(service)) {
    if (asked.signal.aborted) break;
    const answer = await questions[question](asked);
    if (answer) return answer;
  }
  const devServer = devServerName(program, undefined);
  return devServer === undefined ? { protocol: "tcp" } : { protocol: "http", devServer };
}

type Question = "http" | "postgres" | "tls" | "redis";

/** Each on a connection of its own. Undefined: ask the next. */
const questions: { readonly [Q in Question]: (asked: Asked) => Promise<Spoken | undefined> } = {
  http: askHttp,
  postgres: askPostgres,
  tls: askTls,
  redis: askRedis,
};

/** What looks like one of them is asked that first, so that no other question comes into its log. */
const likely: readonly (readonly [Question, program: RegExp, ports: readonly number[]])[] = [
  ["postgres", /^(postgres|postmaster)$/, [5432]],
  ["redis", /^(redis|valkey|keydb)-server$/, [6379]],
  ["tls", /^stunnel/, [443, 465, 636, 853, 990, 993, 995, 8443]],
];

function inOrder({ port, process }: Listening): readonly Question[] {
  const [first] =
    likely.find(([, program]) => program.test(process?.name ?? "")) ??
    likely.find(([, , ports]) => ports.includes(port)) ??
    [];
  const usual = ["http", "postgres", "tls"] as const;
  return first ? [first, ...usual.filter((question) => question !== first)] : usual;
}

/** Waits for a greeting first. The request line comes alone: Redis takes a `Host` that follows it for an attack. */
async function askHttp({ address, port, program, signal }: Asked): Promise<Spoken | undefined> {
  const opened = await Talk.open(net.connect({ host: address, port }), "connect", signal);
  if (!opened.ok) return undefined;
  await using talk = opened.value;
  const greeting = await talk.hear(greetingMilliseconds, (heard) => readWords(heard) !== undefined);
  if (greeting.length > 0) return readWords(greeting) ?? { protocol: "tcp" };
  talk.say(requestLine);
  const early = await talk.hear(lineMilliseconds, (heard) => heard.length > 0);
  if (early.length === 0) talk.say(requestFields(port));
  const heard = await talk.hear(longestMilliseconds, isEnough);
  const spoken = readPage(heard, "tcp", program) ?? readWords(heard);
  return spoken ?? (mayBeTls(heard) ? undefined : { protocol: "tcp" });
}

const requestLine = "GET / HTTP/1.1\r\n";

function requestFields(port: number): string {
  const fields = {
    Host: `localhost:${port}`,
    "User-Agent": "Oneport",
    Accept: "text/html, */*;q=0.5",
    "Accept-Encoding": "identity",
    Connection: "close",
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${lines.join("")}\r\n`;
}

function isEnough(heard: Buffer): boolean {
  if (heard.length === 0) return false;
  const answer = readHttpAnswer(heard);
  return answer ? isToldEnough(answer) : !startsLikeHttp(heard);
}

function startsLikeHttp(heard: Buffer): boolean {
  return "HTTP/1.".startsWith(heard.toString("latin1", 0, 7));
}

/** Silence, a TLS alert (RFC 8446 §5.1), or a page about TLS. PostgreSQL is silent too. */
function mayBeTls(heard: Buffer): boolean {
  return heard.length === 0 || heard[0] === 21 || startsLikeHttp(heard);
}

/** PostgreSQL writes nothing into its log when a client leaves after this question, or after the handshake that it granted. */
async function askPostgres({ address, port, signal }: Asked): Promise<Spoken | undefined> {
  const opened = await Talk.open(net.connect({ host: address, port }), "connect", signal);
  if (!opened.ok) return undefined;
  await using talk = opened.value;
  talk.say(sslRequest);
  const heard = await talk.hear(shortMilliseconds, (bytes) => bytes.length > 0);
  const spoken = readSslAnswer(heard) ?? readWords(heard);
  if (spoken?.protocol === "postgres" && heard[0] === granted) await talk.shakeHands(shortMilliseconds);
  return spoken;
}

async function askRedis({ address, port, signal }: Asked): Promise<Spoken | undefined> {
  const opened = await Talk.open(net.connect({ host: address, port }), "connect", signal);
  if (!opened.ok) return undefined;
  await using talk = opened.value;
  talk.say("PING\r\n");
  return readWords(await talk.hear(shortMilliseconds, (heard) => heard.length > 0));
}

/** A server that answers a ClientHello with an alert speaks TLS as well. */
async function askTls({ address, port, program, signal }: Asked): Promise<Spoken | undefined> {
  const options = {
    host: address,
    port,
    servername: "localhost",
    rejectUnauthorized: false,
    ALPNProtocols: ["http/1.1"],
  };
  const opened = await Talk.open(tls.connect(options), "secureConnect", signal);
  if (!opened.ok) return /ALERT|UNRECOGNIZED_NAME/.test(opened.error) ? { protocol: "tls" } : undefined;
  await using talk = opened.value;
  talk.say(requestLine + requestFields(port));
  const heard = await talk.hear(longestMilliseconds, isEnough);
  return readPage(heard, "tls", program) ?? { protocol: "tls" };
}
