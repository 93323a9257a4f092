/** What clients and services may say to each other, by chance: for the comparison of two ways to serve it. */
import { mutations } from "./mutations.ts";

export interface Conversation {
  /** One request after the other, each in pieces; the answer to one is awaited before the next. */
  readonly requests: readonly (readonly string[])[];
}

export interface Script {
  readonly pieces: readonly string[];
  readonly finally: "stay" | "end" | "reset";
  /** It may be no HTTP any more. */
  readonly isMangled?: true;
}

type Pick = (limit: number) => number;

const methods = ["GET", "GET", "GET", "POST", "PUT", "HEAD", "DELETE", "PATCH", "OPTIONS"];
const headers = [
  "Accept: text/html\r\n",
  "X-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
  "cookie: a=1; b=2\r\n",
  "X-Forwarded-For: 6.6.6.6\r\n",
  "Forwarded: for=6.6.6.6\r\n",
  "Oneport-Hop: feigned\r\n",
  "Connection: keep-alive\r\n",
  "Connection: close\r\n",
  "Keep-Alive: timeout=3\r\n",
  "X-Empty:\r\n",
  "x-blank: \t a b \t\r\n",
];
/** With these a request is not ordinary. */
const unusual = [
  "TE: trailers\r\n",
  "Proxy-Connection: keep-alive\r\n",
  "Connection: X-Mine, keep-alive\r\nX-Mine: 1\r\n",
];
const insertions = [...mutations, "\r\nUpgrade: h2c\r\n", "0\r\n\r\n", "1", "HTTP/1.0"];

export function makeConversation(pick: Pick, tag: string): Conversation {
  const requests = Array.from({ length: 1 + pick(4) }, (_, at) => {
    const request = makeRequest(pick, `${tag}-${at}`);
    return splitRequest(
      pick(7) === 0 ? mangle(request.replaceAll("Connection: close\r\n", ""), pick) : request,
      pick,
    );
  });
  return { requests };
}

function makeRequest(pick: Pick, tag: string): string {
  const method = methods[pick(methods.length)] ?? "GET";
  let head = `${method} /${tag}?${pick(2 ** 31)} HTTP/1.1\r\n`;
  const fields = Array.from({ length: pick(5) }, () => headers[pick(headers.length)] ?? "");
  fields.splice(pick(fields.length + 1), 0, pick(9) === 0 ? "host: SHOP.test:80\r\n" : "Host: shop.test\r\n");
  if (pick(20) === 0) fields.push(unusual[pick(unusual.length)] ?? "");
  head += fields.join("");
  if (method === "GET" || method === "HEAD" || pick(4) === 0) return `${head}\r\n`;
  const body = "b".repeat(pick(3) === 0 ? pick(3000) : pick(30));
  if (pick(2) === 0) return `${head}Content-Length: ${body.length}\r\n\r\n${body}`;
  return `${head}Transfer-Encoding: ${pick(5) === 0 ? "Chunked" : "chunked"}\r\n\r\n${inChunks(body, pick)}`;
}

function inChunks(body: string, pick: Pick): string {
  let text = "";
  for (let at = 0; at < body.length; ) {
    const piece = body.slice(at, at + 1 + pick(pick(2) === 0 ? 5 : 1000));
    const size = `${pick(5) === 0 ? "00" : ""}${piece.length.toString(16)}${pick(8) === 0 ? ';a="b c"' : ""}`;
    text += `${pick(2) === 0 ? size.toUpperCase() : size}\r\n${piece}\r\n`;
    at += piece.length;
  }
  const trailers = pick(5) === 0 ? "X-Sum: 1\r\nHost: evil.test\r\n" : "";
  return `${text}0\r\n${trailers}\r\n`;
}

/** But for its method: the relay takes any, and Node those it knows. */
function mangle(request: string, pick: Pick): string {
  const end = request.indexOf(" ");
  return request.slice(0, end) + mutate(request.slice(end), pick);
}

function mutate(text: string, pick: Pick): string {
  const at = pick(text.length);
  const end = at + (pick(2) === 0 ? 0 : pick(8));
  return (
    text.slice(0, at) + (pick(4) === 0 ? "" : (insertions[pick(insertions.length)] ?? "")) + text.slice(end)
  );
}

/** Mostly in one piece; else anywhere, and now and then byte by byte. */
function split(text: string, pick: Pick): string[] {
  const size =
    [text.length, text.length, text.length, 1 + pick(text.length), 1 + pick(64), 1 + pick(3)][pick(6)] ?? 1;
  const pieces: string[] = [];
  const step = Math.max(size, Math.ceil(text.length / 60), 1);
  for (let at = 0; at < text.length; at += step) pieces.push(text.slice(at, at + step));
  return pieces;
}

/** A head in one piece is read by the relay, and any other one by Node. */
function splitRequest(text: string, pick: Pick): string[] {
  const end = text.indexOf("\r\n\r\n") + 4;
  if (end < 4 || end === text.length || pick(6) === 0) return pick(8) === 0 ? split(text, pick) : [text];
  const more = pick(text.length - end);
  return [text.slice(0, end + more), ...split(text.slice(end + more), pick)];
}

const answerHeaders = [
  "Content-Type: text/plain\r\n",
  "Set-Cookie: a=1\r\nset-cookie: b=2\r\n",
  "Connection: keep-alive\r\n",
  "Connection: X-Private\r\nX-Private: 1\r\n",
  "Keep-Alive: timeout=20\r\n",
  "Date: Mon, 01 Jan 2024 00:00:00 GMT\r\n",
  "Trailer: X-Sum\r\n",
  "Upgrade: h2c\r\n",
];

/** The answer to the request whose tag this was made for. */
export function makeScript(pick: Pick, method: string): Script {
  let text = "";
  for (let count = pick(6) === 0 ? 1 + pick(2) : 0; count > 0; count--) {
    text += ["HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", "HTTP/1.1 102 Processing\r\n\r\n"][pick(2)];
  }
  const status = [200, 200, 200, 201, 204, 304, 302, 404, 500, 299][pick(10)] ?? 200;
  const minor = pick(8) === 0 ? 0 : 1;
  text += `HTTP/1.${minor} ${status}${["", " ", " Fine", " Quite Fine"][pick(4)]}\r\n`;
  text += Array.from({ length: pick(4) }, () => answerHeaders[pick(answerHeaders.length)]).join("");
  const isBodiless = method === "HEAD" || status === 204 || status === 304;
  const body = "a".repeat(pick(3) === 0 ? pick(40_000) : pick(40));
  const framing = pick(5);
  if (framing === 0 && !isBodiless)
    return { pieces: split(`${text}\r\n${body}`, pick), finally: pick(3) === 0 ? "reset" : "end" };
  if (framing <= 2) text += `Content-Length: ${body.length}\r\n\r\n${isBodiless ? "" : body}`;
  else text += `Transfer-Encoding: chunked\r\n\r\n${isBodiless ? "" : inChunks(body, pick)}`;
  if (pick(16) === 0) return { pieces: split(mutate(text, pick), pick), finally: "end", isMangled: true };
  if (pick(16) === 0) {
    const half = text.slice(0, pick(text.length));
    return { pieces: split(half, pick), finally: pick(2) === 0 ? "reset" : "end" };
  }
  return { pieces: split(text, pick), finally: "stay" };
}
