/** The relay against Node's server: the same bytes from clients and services have the same outcome. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import net from "node:net";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { numbers } from "./random.ts";
import { readRequests } from "./raw-service.ts";
import { type ReadAnswer, readAnswers } from "./read-answers.ts";
import { type Conversation, makeConversation } from "./relay-cases.ts";
import { startFront } from "./relay-fronts.ts";
import { startScripted } from "./relay-scripted.ts";
import { turn } from "./streams.ts";

const seed = 20_261_123;
const count = 300;
const atOnce = 12;
/** How long a client waits when it has said nothing that could be answered. */
const patience = 3000;

interface Outcome {
  readonly answers: readonly object[];
  /** Not every request was answered. */
  readonly isBroken: boolean;
}

/** Sends one request after the other as their answers come, and leaves. */
async function play(port: number, { requests }: Conversation): Promise<Outcome> {
  const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
  let received = "";
  let isOver = false;
  let look = () => {};
  socket.on("error", () => undefined);
  socket.on("data", (chunk) => {
    received += chunk.toString("latin1");
    look();
  });
  for (const event of ["end", "close"]) {
    socket.on(event, () => {
      isOver = true;
      look();
    });
  }
  const methods: string[] = [];
  for (const pieces of requests) {
    methods.push(/^[A-Z]+/.exec(pieces.join(""))?.[0] ?? "GET");
    for (const [at, piece] of pieces.entries()) {
      if (at > 0) await turn();
      socket.write(piece, "latin1");
    }
    const timer = setTimeout(() => socket.destroy(), isAnswerable(pieces) ? 20_000 : patience);
    await new Promise<void>((resolve) => {
      look = () => {
        if (isOver || readAnswers(received, methods).answers.length === methods.length) resolve();
      };
      look();
    });
    clearTimeout(timer);
    const last = readAnswers(received, methods).answers.at(-1);
    if (isOver || last?.headers.includes("Connection: close")) break;
    // A service that has ended since has been seen to.
    await wait(3);
  }
  socket.destroy();
  const { answers } = readAnswers(received, methods);
  return { answers: answers.map(comparable), isBroken: answers.length < methods.length };
}

/** The words in which a message is refused are each parser's own. */
function comparable(read: ReadAnswer): object {
  if (read.line === "HTTP/1.1 400 Bad Request") return { line: read.line };
  if (read.headers.includes("Oneport-Refusal: target-broke-off")) return { line: read.line, refused: true };
  return { ...read, body: createHash("sha256").update(read.body).digest("hex") };
}

/** The service of these tests knows the word in lower case alone. */
function readPieces(pieces: readonly string[]) {
  return readRequests(pieces.join("").replaceAll("Chunked", "chunked"));
}

function isAnswerable(pieces: readonly string[]): boolean {
  return readPieces(pieces).requests.length > 0;
}

function hasExcess(pieces: readonly string[]): boolean {
  const { requests, rest } = readPieces(pieces);
  return requests.length > 0 && rest !== "";
}

async function playBy(kind: "relay" | "node", conversation: Conversation) {
  await using service = await startScripted();
  await using front = await startFront(kind, { "shop.test": `http://127.0.0.1:${service.port}` });
  const outcome = await play(front.port, conversation);
  return { outcome, asked: service.asked, handedOver: front.handedOver };
}

test(`${count} conversations have the same outcome, relayed and served by Node`, async () => {
  const pick = numbers(seed);
  const all = Array.from({ length: count }, (_, at) => makeConversation(pick, `c${at}`));
  let answered = 0;
  let handedOver = 0;
  const converse = async () => {
    for (let next = all.shift(); next; next = all.shift()) {
      const [relayed, served] = await Promise.all([playBy("relay", next), playBy("node", next)]);
      const said = JSON.stringify(next.requests);
      answered += relayed.outcome.answers.length;
      handedOver += relayed.handedOver;
      if (next.requests.some(hasExcess)) {
        // Garbage behind a request breaks Node's answer to it off; the relay reads it when that answer is out.
        const sooner = served.outcome.answers;
        assert.deepEqual(relayed.outcome.answers.slice(0, sooner.length), sooner, said);
        continue;
      }
      assert.deepEqual(relayed.outcome, served.outcome, said);
      assert.deepEqual([...relayed.asked], [...served.asked], said);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, converse));
  assert.ok(answered > count, `only ${answered} answers`);
  assert.ok(handedOver < count / 2, `${handedOver} connections were handed over`);
});
