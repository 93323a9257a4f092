/** Reads answers of HTTP/1.1 with eyes of its own. */

export interface ReadAnswer {
  readonly interim: readonly string[];
  readonly line: string;
  /** Without the date. */
  readonly headers: readonly string[];
  readonly body: string;
  readonly trailers: string;
}

const headPattern = /^(HTTP\/1\.1 (\d{3})[^\r\n]*)\r\n((?:[^\r\n]+\r\n)*)\r\n/;

/** The whole answers in `bytes` (latin1) to requests of these methods, and what is left behind them. */
export function readAnswers(bytes: string, methods: readonly string[]) {
  const answers: ReadAnswer[] = [];
  let rest = bytes;
  for (;;) {
    const answer = readAnswer(rest, methods[answers.length] ?? "GET");
    if (!answer) return { answers, rest };
    answers.push(answer.read);
    rest = rest.slice(answer.length);
  }
}

function readAnswer(bytes: string, method: string): { read: ReadAnswer; length: number } | undefined {
  const interim: string[] = [];
  let at = 0;
  for (;;) {
    const [whole, line, status = "", fields = ""] = headPattern.exec(bytes.slice(at)) ?? [];
    if (whole === undefined || line === undefined) return undefined;
    at += whole.length;
    if (status.startsWith("1")) {
      interim.push(whole);
      continue;
    }
    const headers = fields.split("\r\n").filter((field) => field !== "" && !field.startsWith("Date: "));
    const hasBody = method !== "HEAD" && status !== "204" && status !== "304";
    const body = hasBody ? readBody(bytes.slice(at), headers) : { text: "", trailers: "", length: 0 };
    if (!body) return undefined;
    const read = { interim, line, headers, body: body.text, trailers: body.trailers };
    return { read, length: at + body.length };
  }
}

function readBody(bytes: string, headers: readonly string[]) {
  const lengths = headers.filter((header) => /^content-length:/i.test(header));
  const isChunked = headers.some((header) => /^transfer-encoding: chunked$/i.test(header));
  if (!isChunked) {
    const length = Number(lengths[0]?.split(":")[1]);
    // What only the end of the connection delimits is for HTTP/1.0, and not read here.
    return lengths.length !== 1 || Number.isNaN(length) || bytes.length < length
      ? undefined
      : { text: bytes.slice(0, length), trailers: "", length };
  }
  let text = "";
  let at = 0;
  for (;;) {
    const [line, digits = ""] = /^([\da-f]+)\r\n/i.exec(bytes.slice(at, at + 20)) ?? [];
    if (line === undefined) return undefined;
    const size = Number.parseInt(digits, 16);
    at += line.length;
    if (size === 0) break;
    if (bytes.length < at + size + 2) return undefined;
    if (bytes.slice(at + size, at + size + 2) !== "\r\n") throw new Error("A chunk does not end.");
    text += bytes.slice(at, at + size);
    at += size + 2;
  }
  const [whole, trailers = ""] = /^((?:[^\r\n]+\r\n)*)\r\n/.exec(bytes.slice(at)) ?? [];
  return whole === undefined ? undefined : { text, trailers, length: at + whole.length };
}
