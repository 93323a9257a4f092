/** What systems say of low ports, read from their own words. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  earlierStart,
  formatPortFile,
  mayBindAnyPort,
  parseExcludedRanges,
  parsePortStart,
} from "../../src/core/low-port.ts";

test("the first free port is a number of a port, or nothing", () => {
  assert.equal(parsePortStart("1024\n"), 1024);
  assert.equal(parsePortStart("0\n"), 0);
  for (const text of ["", "\n", "-1\n", "1e3", "70000", "99999999999", "1024 443", "0x400"]) {
    assert.equal(parsePortStart(text), undefined, text);
  }
});

test("the capability to bind any port is one bit of the effective ones", () => {
  const status = (effective: string) =>
    `Name:\tnode\nCapPrm:\tffffffffffffffff\nCapEff:\t${effective}\nCapBnd:\tff\n`;
  assert.equal(mayBindAnyPort(status("0000000000000400")), true);
  assert.equal(mayBindAnyPort(status("000001ffffffffff")), true);
  assert.equal(mayBindAnyPort(status("000001fffffffbff")), false);
  assert.equal(mayBindAnyPort(status("0000000000000000")), false);
  assert.equal(mayBindAnyPort(""), false);
  assert.equal(mayBindAnyPort(status("no number")), false);
});

test("the file keeps the earlier value, and a damaged one gives the usual", () => {
  const file = formatPortFile(1000);
  assert.match(file, /^net\.ipv4\.ip_unprivileged_port_start = 443\n$/m);
  assert.equal(earlierStart(file), 1000);
  for (const damaged of [
    "",
    file.replace("1000", "443"),
    file.replace("1000", "0"),
    file.replace("1000", "1000000"),
    file.replace("1000", "x"),
  ]) {
    assert.equal(earlierStart(damaged), 1024, damaged);
  }
});

/** As Microsoft's documentation of `netsh interface ipv4 show excludedportrange` has it; not run here. */
const netsh = `
Protocol tcp Port Exclusion Ranges

Start Port    End Port      \r
----------    --------      \r
        80          80      \r
       400         499      \r
      5357        5357      \r
     50000       50059     *\r

* - Administered port exclusions.
`;

test("Windows' ranges are read in any language, without those that an administrator set aside", () => {
  const ranges = [
    { first: 80, last: 80 },
    { first: 400, last: 499 },
    { first: 5357, last: 5357 },
  ];
  assert.deepEqual(parseExcludedRanges(netsh), ranges);
  assert.deepEqual(
    parseExcludedRanges(netsh.replace("Start Port    End Port", "Startport     Endport")),
    ranges,
  );
  assert.deepEqual(parseExcludedRanges(""), []);
  assert.deepEqual(parseExcludedRanges("1 2 3\n443\n 12345678 9\n"), []);
});
