import assert from "node:assert/strict";
import { test } from "node:test";
import {
  formatHead,
  pairs,
  passedThrough,
  requestHeaders,
  responseHeaders,
  trailerFields,
  valuesOf,
  without,
} from "../../src/core/http-headers.ts";

const forwarding = {
  host: "shop.test",
  authority: "shop.test",
  clientAddress: "127.0.0.1",
  secure: true,
  instance: "me",
};
const added = [
  ...["X-Forwarded-For", "127.0.0.1", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "shop.test"],
  ...["oneport-hop", "me"],
];

function request(...headers: string[]): string[] {
  return requestHeaders(headers, forwarding);
}

test("a list is read in pairs, and by names in any case", () => {
  const headers = ["A", "1", "b", "2", "a", "3"];
  assert.deepEqual(
    [...pairs(headers)],
    [
      ["A", "1"],
      ["b", "2"],
      ["a", "3"],
    ],
  );
  assert.deepEqual(valuesOf(headers, "a"), ["1", "3"]);
  assert.deepEqual(without(headers, "a"), ["b", "2"]);
  assert.deepEqual([...pairs(["A"])], []);
});

test("a request keeps its headers in order, case and repetition, behind the Host that is to be", () => {
  assert.deepEqual(request("x-B", "1", "hOsT", "client.test", "X-b", "2", "Accept", "*/*"), [
    ...["Host", "shop.test", "x-B", "1", "X-b", "2", "Accept", "*/*"],
    ...added,
  ]);
});

test("what a client says of its own way here is replaced, and Forwarded dropped", () => {
  const claims = ["X-Forwarded-For", "6.6.6.6", "x-forwarded-PROTO", "ftp", "X-Forwarded-Host", "evil"];
  assert.deepEqual(request(...claims, "Forwarded", "for=6.6.6.6"), ["Host", "shop.test", ...added]);
});

test("headers of one connection are dropped, and those that Connection names", () => {
  const hop = [
    "Connection",
    "x-mine, Close",
    "X-Mine",
    "1",
    "Close",
    "odd",
    "Keep-Alive",
    "1",
    "Upgrade",
    "a",
  ];
  const more = ["Proxy-Connection", "a", "Transfer-Encoding", "chunked", "TE", "gzip", "HTTP2-Settings", "a"];
  assert.deepEqual(request(...hop, ...more), ["Host", "shop.test", ...added]);
  assert.deepEqual(responseHeaders(200, [...hop, ...more, "X-A", "1"]), ["X-A", "1"]);
});

test("Connection cannot take away what gives a message its meaning", () => {
  const meaning = [
    ...["Content-Length", "3", "Content-Type", "text/plain", "Cookie", "a=1"],
    ...["Authorization", "Basic YTpi"],
  ];
  const headers = ["Connection", "content-length, Content-Type, cookie, authorization", ...meaning];
  assert.deepEqual(request(...headers), ["Host", "shop.test", ...meaning, ...added]);
  assert.deepEqual(responseHeaders(200, headers), meaning);
});

test("Connection cannot take away what the mux itself adds", () => {
  const headers = request("Connection", "x-forwarded-for, oneport-hop, host");
  assert.deepEqual(headers, ["Host", "shop.test", ...added]);
});

test("of TE only “trailers” goes on", () => {
  assert.deepEqual(request("te", "gzip, trailers;q=0.5").slice(2, 4), ["TE", "trailers"]);
});

test("a request without authority says so: an empty Host, and no X-Forwarded-Host", () => {
  const headers = requestHeaders([], { ...forwarding, host: "", authority: undefined, secure: false });
  assert.deepEqual(valuesOf(headers, "host"), [""]);
  assert.deepEqual(valuesOf(headers, "x-forwarded-host"), []);
  assert.deepEqual(valuesOf(headers, "x-forwarded-proto"), ["http"]);
});

test("each mux adds its name to the hops, and knows it again", () => {
  const headers = requestHeaders(["Oneport-Hop", "first"], { ...forwarding, instance: "second" });
  assert.deepEqual(valuesOf(headers, "oneport-hop"), ["first, second"]);
  for (const instance of ["first", "second"]) assert.equal(passedThrough(headers, instance), true);
  for (const instance of ["third", "sec", ""]) assert.equal(passedThrough(headers, instance), false);
  const split = requestHeaders(["oneport-hop", "a", "oneport-hop", "b"], forwarding);
  assert.equal(passedThrough(split, "a") && passedThrough(split, "b"), true);
});

test("trailers that would frame, route or vouch are dropped", () => {
  const harmful = ["Content-Length", "1", "Host", "a", "Trailer", "a", "Transfer-Encoding", "chunked"];
  const vouching = ["X-Forwarded-For", "6.6.6.6", "Forwarded", "a", "Oneport-Hop", "a"];
  assert.deepEqual(trailerFields([...harmful, ...vouching, "X-Digest", "1"]), ["X-Digest", "1"]);
});

test("a head is written line by line", () => {
  assert.equal(formatHead("GET / HTTP/1.1", ["A", "1", "b", ""]), "GET / HTTP/1.1\r\nA: 1\r\nb: \r\n\r\n");
});
