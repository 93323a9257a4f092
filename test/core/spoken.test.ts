/** First words of servers, as they were recorded, and what is read from them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isToldEnough, readHttpAnswer } from "../../src/core/http-answer.ts";
import { readPage, readSslAnswer, readWords } from "../../src/core/spoken.ts";

const mysql = (version: string) => packet(`\x0a${version}\0\x08\0\0\0salt-and-all-the-rest`);
const packet = (body: string) =>
  Buffer.concat([Buffer.of(body.length, 0, 0, 0), Buffer.from(body, "latin1")]);
const bytes = (text: string) => Buffer.from(text, "utf8");

for (const [what, words, spoken] of [
  [
    "OpenSSH",
    bytes("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"),
    { protocol: "ssh", server: "OpenSSH_9.2p1 Debian-2" },
  ],
  [
    "Postfix",
    bytes("220 mail.test ESMTP Postfix\r\n"),
    { protocol: "smtp", server: "mail.test ESMTP Postfix" },
  ],
  ["Redis", bytes("-ERR wrong number of arguments for 'get' command\r\n"), { protocol: "redis" }],
  ["Redis with a password", bytes("-NOAUTH Authentication required.\r\n"), { protocol: "redis" }],
  ["Redis, asked for a sign of life", bytes("+PONG\r\n"), { protocol: "redis" }],
  ["MySQL", mysql("8.0.36"), { protocol: "mysql", server: "8.0.36" }],
  ["MariaDB", mysql("5.5.5-10.11.6-MariaDB"), { protocol: "mysql", server: "10.11.6-MariaDB" }],
  ["MySQL with too many clients", packet("\xff\x10\x04Too many connections"), { protocol: "mysql" }],
  [
    "SMTP without extensions",
    bytes("220 mail.test SMTP\r\n"),
    { protocol: "smtp", server: "mail.test SMTP" },
  ],
  ["a packet of MySQL's with more behind it", Buffer.concat([mysql("8.0.36"), bytes("x")]), undefined],
  ["a packet of another protocol", packet("\x098.0.36\0salt"), undefined],
  ["a packet without a version's end", packet("\x0a8.0.36"), undefined],
  ["FTP", bytes("220 (vsFTPd 3.0.5)\r\n"), undefined],
  ["POP3", bytes("+OK ready\r\n"), undefined],
  ["half a greeting of MySQL", mysql("8.0.36").subarray(0, 6), undefined],
  ["nothing", Buffer.alloc(0), undefined],
] as const) {
  test(`${what} is ${spoken?.protocol ?? "not known"} by its first words`, () => {
    assert.deepEqual(readWords(words), spoken);
  });
}

test("PostgreSQL's answers to an SSLRequest are one byte, or an error", () => {
  const error = Buffer.concat([Buffer.of(0x45, 0, 0, 0, 9), bytes("SFAT\0")]);
  for (const answer of [bytes("S"), bytes("N"), error]) {
    assert.deepEqual(readSslAnswer(answer), { protocol: "postgres" });
  }
  for (const answer of [
    bytes(""),
    bytes("SSH-2.0-x"),
    bytes("HTTP/1.1 400"),
    bytes("ERROR\r\n"),
    bytes("E"),
  ]) {
    assert.equal(readSslAnswer(answer), undefined, String(answer));
  }
});

const answer = (head: string, body = "") => bytes(`HTTP/1.1 ${head.replaceAll("\n", "\r\n")}\r\n\r\n${body}`);
const html = "200 OK\nContent-Type: text/html";

test("a page tells its title, one line without entities, and the product that served it", () => {
  const page = answer(
    `${html}\nServer: nginx/1.22.1`,
    "<!doctype html><title lang=en>Caf\u00e9 &amp;\n  Shop&#39;s</title>",
  );
  assert.deepEqual(readPage(page, "tcp", undefined), {
    protocol: "http",
    server: "nginx/1.22.1",
    title: "Café & Shop's",
  });
});

test("a title is read with its entities, in whatever case, and the product from X-Powered-By where no Server is", () => {
  const page = answer(`${html}\nX-Powered-By: Express`, "<TITLE>&lt;b&gt; &QUOT;a&quot;&nbsp;&#x27;</TITLE>");
  assert.deepEqual(readPage(page, "tcp", undefined), {
    protocol: "http",
    server: "Express",
    title: `<b> "a" '`,
  });
});

test("a page has told enough with its title, its head or the beginning of its body, anything else with its fields", () => {
  const isEnough = (head: string, body = "") => {
    const read = readHttpAnswer(answer(head, body));
    return read && isToldEnough(read);
  };
  assert.equal(isEnough("200 OK\nContent-Type: application/json"), true);
  assert.equal(isEnough("200 OK\ncontent-type:Text/HTML; charset=utf-8", "<html><head><title>Shop"), false);
  for (const body of ["<title>Shop</title>", "<head></HEAD>", "<body class=a>"]) {
    assert.equal(isEnough(html, body), true, body);
  }
});

test("a title is cut at 80 characters, and harmless to show", () => {
  const page = answer(html, `<title>\u001b[31m\u202e${"😀".repeat(100)}</title>`);
  const { title = "" } = readPage(page, "tcp", undefined) ?? {};
  assert.ok(title.startsWith("\\x1b[31m\\xe2\\x80\\xae😀"), title);
  assert.equal(Array.from(title).length, 80);
});

test("the sizes of chunks do not come into the title", () => {
  const page = answer(
    `${html}\nTransfer-Encoding: chunked`,
    "a\r\n<title>Sho\r\n9;x=1\r\np of the \r\n1F\r\nyear</title>\r\n0\r\n\r\n",
  );
  assert.equal(readPage(page, "tcp", undefined)?.title, "Shop of the year");
});

test("what takes nothing but WebSocket is told by its status", () => {
  const refusal = answer("426 Upgrade Required\nUpgrade: websocket");
  assert.equal(readPage(refusal, "tcp", undefined)?.protocol, "ws");
  assert.equal(readPage(refusal, "tls", undefined)?.protocol, "wss");
  assert.equal(readPage(answer("426 Upgrade Required"), "tcp", undefined)?.protocol, "ws");
  assert.equal(
    readPage(answer("426 Upgrade Required\nUpgrade: TLS/1.2"), "tcp", undefined)?.protocol,
    "http",
  );
});

for (const words of [
  "Client sent an HTTP request to an HTTPS server.",
  "<title>400 The plain HTTP request was sent to HTTPS port</title>",
  "This combination of host and port requires TLS.",
]) {
  test(`"${words}" sends us on to TLS`, () => {
    assert.equal(readPage(answer("400 Bad Request", words), "tcp", undefined), undefined);
    assert.equal(readPage(answer("400 Bad Request", words), "tls", undefined)?.protocol, "https");
  });
}

test("an answer without its whole head, or that is no HTTP, is none", () => {
  for (const text of ["", "HTTP/1.1 200 OK\r\nServer: x", "HTTP/2 200\r\n\r\n", "ICY 200 OK\r\n\r\n"]) {
    assert.equal(readPage(bytes(text), "tcp", undefined), undefined, text);
  }
});

for (const [devServer, program, page] of [
  ["Vite", undefined, answer(html, '<script type="module" src="/@vite/client"></script>')],
  ["Astro", "astro", answer(html, '<script type="module" src="/@vite/client"></script>')],
  ["Next.js", undefined, answer(`${html}\nX-Powered-By: Next.js`)],
  ["Flask", "app.py", answer(`${html}\nServer: Werkzeug/3.0.1 Python/3.11.2`)],
  ["Django", undefined, answer(`${html}\nServer: WSGIServer/0.2 CPython/3.11.2`)],
  ["webpack", undefined, answer(html, '<script src="/webpack-dev-server.js"></script>')],
  ["Browsersync", undefined, answer(html, '<script id="__bs_script__">//<![CDATA[')],
  ["Live Server", undefined, answer(html, "<!-- Code injected by live-server -->")],
  [undefined, undefined, answer(`${html}\nX-Note: Server: Werkzeug`, "<p>Server: WSGIServer</p>")],
  [undefined, "nginx", answer(`${html}\nServer: nginx`)],
  [undefined, "__proto__", answer(html)],
] as const) {
  test(`${program ?? "a program without a name"} that answers so is ${devServer ?? "no development server"}`, () => {
    assert.equal(readPage(page, "tcp", program)?.devServer, devServer);
  });
}

test("pages made to be slow to read are read as quickly as others", () => {
  const slow = [
    "<title ".repeat(9_000),
    "<title>".repeat(9_000),
    "\r\nf;".repeat(16_000),
    `<title>${" ".repeat(60_000)}`,
  ];
  const started = process.cpuUsage();
  for (const body of slow) readPage(answer(`${html}\nTransfer-Encoding: chunked`, body), "tcp", undefined);
  const { user } = process.cpuUsage(started);
  assert.ok(user < 1_000_000, `${user} µs`);
});
