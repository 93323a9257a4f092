import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { errorResponse, requestLength, sslRequest } from "../../src/core/postgres.ts";
import { sniff } from "../../src/core/sniff.ts";

/** The fields of an ErrorResponse by their letters, as a client reads them. */
function fieldsOf(message: Buffer): Map<string, string> {
  assert.equal(message.toString("latin1", 0, 1), "E");
  assert.equal(message.readUInt32BE(1), message.length - 1, "the length counts itself and not the letter");
  assert.deepEqual([...message.subarray(-2)], [0, 0], "the last field ends, then the list");
  const fields = message.toString("utf8", 5, message.length - 2).split("\0");
  return new Map(fields.map((field) => [field.slice(0, 1), field.slice(1)]));
}

describe("PostgreSQL's words", () => {
  it("ask for TLS in 8 bytes that are sniffed as such", () => {
    assert.equal(requestLength, 8);
    assert.deepEqual(sniff(sslRequest), { kind: "postgresTls" });
  });

  it("end a session with an error that has all the fields a client asks for", () => {
    const fields = fieldsOf(errorResponse("db.test is not up.", "Start the service."));
    assert.deepEqual([...fields].sort(), [
      ["C", "08004"],
      ["H", "Start the service."],
      ["M", "db.test is not up."],
      ["S", "FATAL"],
      ["V", "FATAL"],
    ]);
  });

  it("count bytes and not characters", () => {
    const fields = fieldsOf(errorResponse("Größe 😀", ""));
    assert.equal(fields.get("M"), "Größe 😀");
    assert.equal(fields.get("H"), "");
  });
});
