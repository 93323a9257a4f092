/** The relay against Node's client behind HTTP/2: the same requests and answers have the same outcome. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import http2 from "node:http2";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { numbers } from "./random.ts";
import { makeScript } from "./relay-cases.ts";
import { startFront } from "./relay-fronts.ts";
import { startScripted } from "./relay-scripted.ts";
import { turn } from "./streams.ts";

const seed = 20_261_124;
const count = 400;
const atOnce = 8;

const methods = ["GET", "GET", "GET", "HEAD", "HEAD", "DELETE", "POST", "PUT", "OPTIONS", "LIST"];
const fields: readonly http2.OutgoingHttpHeaders[] = [
  { accept: "text/html" },
  { "x-long": "a".repeat(100) },
  { cookie: ["a=1", "b=2"] },
  { "x-two": ["1", "2"] },
  { "x-forwarded-for": "6.6.6.6" },
  { forwarded: "for=6.6.6.6" },
  { "oneport-hop": "feigned" },
  { host: "shop.test" },
  { "x-empty": "" },
  { "content-length": "0" },
  { "user-agent": "J\xfcrgen" },
];

interface Request {
  readonly headers: http2.OutgoingHttpHeaders;
  /** The body in its pieces; without any the request is its head alone. */
  readonly pieces: readonly string[];
}

/** One request after the other on one connection, or all at once. */
interface Conversation {
  readonly requests: readonly Request[];
  readonly isAtOnce: boolean;
}

function makeConversation(pick: (limit: number) => number, tag: string): Conversation {
  const requests = Array.from({ length: 1 + pick(4) }, (_, at) => {
    const headers: http2.OutgoingHttpHeaders = {
      ":method": methods[pick(methods.length)],
      ":path": `/${tag}-${at}?${pick(2 ** 31)}`,
      ":authority": pick(9) === 0 ? "SHOP.test" : "shop.test",
    };
    for (let left = pick(5); left > 0; left--) Object.assign(headers, fields[pick(fields.length)]);
    if (pick(20) === 0) headers.te = "trailers";
    const pieces = pick(3) === 0 ? Array.from({ length: 1 + pick(3) }, () => "b".repeat(pick(2000))) : [];
    if (pieces.length > 0) {
      // With a body Node's client writes bytes beyond ASCII anew, as UTF-8.
      delete headers["user-agent"];
      if (pick(2) === 0) headers["content-length"] = pieces.join("").length;
      else delete headers["content-length"];
    }
    return { headers, pieces };
  });
  return { requests, isAtOnce: pick(3) === 0 };
}

async function ask(session: http2.ClientHttp2Session, { headers, pieces }: Request): Promise<object> {
  const stream = session.request(headers, { endStream: pieces.length === 0 });
  const interim: object[] = [];
  let head: http2.IncomingHttpHeaders = {};
  let trailers: http2.IncomingHttpHeaders = {};
  const hash = createHash("sha256");
  stream.on("headers", (said) => interim.push({ ...said }));
  stream.on("response", (said) => {
    head = { ...said };
  });
  stream.on("trailers", (said) => {
    trailers = { ...said };
  });
  stream.on("data", (chunk) => hash.update(chunk));
  stream.on("error", () => undefined);
  const closed = new Promise((resolve) => stream.once("close", resolve));
  for (const piece of pieces) {
    stream.write(Buffer.from(piece));
    await turn();
  }
  if (pieces.length > 0) stream.end();
  await closed;
  const { ":status": status, date, ...others } = head;
  // How much of it came before it broke off is left to chance.
  if (stream.rstCode !== http2.constants.NGHTTP2_NO_ERROR) return { isBroken: true };
  // The words in which an answer is refused are each parser's own.
  if (others["oneport-refusal"] === "target-broke-off") return { interim, status, isRefused: true };
  return { interim, status, isDated: date !== undefined, others, trailers, body: hash.digest("hex") };
}

/** The relay refuses what could be read in two ways, and Node now and then reads it in one of them. */
function isStricter(answer: object): boolean {
  return "isBroken" in answer || "isRefused" in answer;
}

function isMangled({ headers: { ":path": path, ":method": method } }: Request): boolean {
  return makeScript(numbers(Number(String(path).split("?")[1])), String(method)).isMangled === true;
}

async function playBy(kind: "relay" | "node", { requests, isAtOnce }: Conversation) {
  await using service = await startScripted();
  await using front = await startFront(kind, { "shop.test": `http://127.0.0.1:${service.port}` }, "HTTP/2");
  const session = http2.connect(`http://127.0.0.1:${front.port}`);
  session.on("error", () => undefined);
  const answers: object[] = [];
  if (isAtOnce) {
    answers.push(...(await Promise.all(requests.map((request) => ask(session, request)))));
  } else {
    for (const request of requests) {
      answers.push(await ask(session, request));
      // A service that has ended since has been seen to.
      await wait(3);
    }
  }
  session.destroy();
  const asked = [...service.asked].sort(([one], [other]) => (one < other ? -1 : 1));
  return { answers, asked, handedOver: front.handedOver };
}

test(`${count} conversations of HTTP/2 have the same outcome, relayed and passed on by Node`, async () => {
  const pick = numbers(seed);
  const all = Array.from({ length: count }, (_, at) => makeConversation(pick, `c${at}`));
  const total = all.reduce((sum, { requests }) => sum + requests.length, 0);
  let handedOver = 0;
  let broken = 0;
  const converse = async () => {
    for (let next = all.shift(); next; next = all.shift()) {
      const [relayed, passedOn] = await Promise.all([playBy("relay", next), playBy("node", next)]);
      const said = JSON.stringify(next.requests.map(({ headers }) => headers));
      handedOver += relayed.handedOver;
      broken += relayed.answers.filter((answer) => "isBroken" in answer).length;
      for (const [at, request] of next.requests.entries()) {
        const answer = relayed.answers[at];
        if (answer && isStricter(answer) && isMangled(request)) continue;
        assert.deepEqual(answer, passedOn.answers[at], said);
      }
      assert.deepEqual(relayed.asked, passedOn.asked, said);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, converse));
  assert.ok(handedOver < total / 5, `${handedOver} of ${total} requests were not relayed`);
  assert.ok(broken > 0 && broken < total / 5, `${broken} of ${total} answers were broken`);
});
