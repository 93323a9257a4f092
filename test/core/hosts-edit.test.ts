/** The edit of a hosts file, byte by byte. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Result } from "../../src/core/errors.ts";
import { type HostsEntry, hostsMarkers, renderHostsBlock } from "../../src/core/hosts-block.ts";
import { editHosts, type HostsEdit, readHostsBlock } from "../../src/core/hosts-edit.ts";

const shop: readonly HostsEntry[] = [
  { address: "127.0.0.1", name: "shop.test" },
  { address: "::1", name: "shop.test" },
  { address: "127.77.3.4", name: "db.test" },
];
const other: readonly HostsEntry[] = [{ address: "127.77.9.9", name: "db.test" }];
const { begin, end } = hostsMarkers;

/** Each character is one byte. */
const bytes = (text: string) => Buffer.from(text, "latin1");

function edited(file: string | Buffer, entries: readonly HostsEntry[]): HostsEdit {
  const edit = editHosts(typeof file === "string" ? bytes(file) : file, entries);
  assert.ok(edit.ok, edit.ok ? "" : edit.error.message);
  return edit.value;
}

const apply = (file: string, entries = shop) => edited(file, entries).bytes.toString("latin1");
const remove = (file: string) => apply(file, []);

function problemOf(result: Result<unknown>): {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
} {
  assert.ok(!result.ok);
  return result.error;
}

const files: { readonly [what: string]: string } = {
  "an empty file": "",
  "a file with nothing but a byte order mark": "\xef\xbb\xbf",
  "a usual file": "127.0.0.1 localhost\n::1 localhost\n",
  "a file whose last line has no end": "127.0.0.1 localhost\n::1 localhost",
  "a CRLF file": "127.0.0.1 localhost\r\n::1 localhost\r\n",
  "a CRLF file whose last line has no end": "127.0.0.1 localhost\r\n::1 localhost",
  "a file with both line ends": "a\r\nb\nc\nd\r\n",
  "a file that ends in a lone CR": "127.0.0.1 localhost\r",
  "a CRLF file that ends in a lone CR": "a\r\nb\r\nc\r",
  "a file of old Mac line ends": "127.0.0.1 localhost\r::1 localhost\r",
  "blank lines at the end": "127.0.0.1 localhost\n\n\n",
  "blank lines and blanks": "\n \t\n127.0.0.1\t\tlocalhost  \n\n",
  "a byte order mark": "\xef\xbb\xbf127.0.0.1 localhost\n",
  "comments and order": "# z\n10.0.0.2 b # why\n10.0.0.1 a\n#10.0.0.3 c\n",
  "bytes that are no UTF-8": "127.0.0.1 localhost # caf\xe9 \xff\x80\xfe\n",
  "UTF-8": Buffer.from("127.0.0.1 localhost # 北京 🙂\n").toString("latin1"),
  "a form feed, line separators and control characters": "a\f\x85\x0b\x1b[1m\n\x07",
  "another tool's block": "# BEGIN hosts\n1.2.3.4 x\n# END hosts\n# BEGINNING Oneport\n",
};

for (const [what, file] of Object.entries(files)) {
  test(`applying and removing leaves ${what} as it was, and applying twice changes nothing`, () => {
    const once = apply(file);
    assert.ok(once.startsWith(file));
    assert.ok(once.includes(begin));
    assert.equal(apply(once), once);
    assert.deepEqual([edited(once, shop).added, edited(once, shop).removed], [[], []]);
    assert.equal(remove(once), file);
    assert.equal(remove(apply(once, other)), file);
    assert.equal(remove(file), file);
  });
}

test("the block comes last, in the line ends that most lines of the file have", () => {
  assert.equal(apply("a\nb\n"), `a\nb\n${renderHostsBlock(shop)}`);
  assert.equal(apply("a\r\nb\r\n"), `a\r\nb\r\n${renderHostsBlock(shop, "\r\n")}`);
  assert.equal(apply("a\r\nb\nc\n"), `a\r\nb\nc\n${renderHostsBlock(shop)}`);
  assert.equal(apply(""), renderHostsBlock(shop));
  assert.equal(apply("\xef\xbb\xbf"), `\xef\xbb\xbf${renderHostsBlock(shop)}`);
});

test("a block is rewritten where it stands: first, in the middle or last", () => {
  for (const newline of ["\n", "\r\n"]) {
    const lines = (...texts: string[]) => texts.map((text) => text + newline).join("");
    const [one, two] = [lines("127.0.0.1 localhost", "", "# mine"), lines("", "10.0.0.1\tnas # NAS", "")];
    const [old, now] = [renderHostsBlock(other, newline), renderHostsBlock(shop, newline)];
    for (const [before, after] of [
      ["", one],
      [one, two],
      [one, ""],
      ["\xef\xbb\xbf", one],
    ] as const) {
      assert.equal(apply(before + old + after), before + now + after);
      assert.equal(remove(before + old + after), before + after);
    }
  }
});

test("whatever stands between the markers is ours, and the way the last line ends is not", () => {
  const file = `a\n${begin}\n6.6.6.6 bank.com\n\n# mine\n${end}`;
  assert.equal(apply(file), `a\n${renderHostsBlock(shop).trimEnd()}`);
  assert.equal(remove(file), "a\n");
});

test("what others append to a file whose last line had no end stays a line of its own", () => {
  const appended = `${apply("127.0.0.1 localhost")}10.0.0.1 nas\n`;
  assert.equal(apply(apply(appended, other)), appended);
  assert.equal(remove(appended), "127.0.0.1 localhost\n10.0.0.1 nas\n");
});

test("lines that were written before the block since stay, blank ones too", () => {
  const before = "127.0.0.1 localhost\n10.0.0.1 nas\n\n";
  const file = apply("127.0.0.1 localhost").replace(/^.*\n/, before);
  assert.equal(apply(apply(file, other)), file);
  assert.ok(file.startsWith(before + begin));
  assert.equal(remove(file), before.slice(0, -1));
});

test("a file that an editor has given other line ends since gets the block in those", () => {
  for (const file of ["a\nb\n", "a\nb"]) {
    const converted = apply(file).replaceAll("\n", "\r\n");
    assert.equal(apply(converted), converted);
    assert.equal(remove(converted), file.replaceAll("\n", "\r\n"));
  }
});

test("the difference is the lines that go and come", () => {
  const first = edited("a", shop);
  assert.deepEqual(first.removed, []);
  assert.deepEqual(first.added, [
    begin,
    "# (the line above had no line end)",
    "127.0.0.1 shop.test",
    "::1 shop.test",
    "127.77.3.4 db.test",
    end,
  ]);
  const second = edited(first.bytes, [...shop.slice(0, 2), ...other]);
  assert.deepEqual([second.removed, second.added], [["127.77.3.4 db.test"], ["127.77.9.9 db.test"]]);
  const last = edited(first.bytes, []);
  assert.deepEqual([last.removed, last.added], [first.added, []]);
});

test("lines in another order are all told", () => {
  const [a, b] = [
    { address: "::1", name: "a.test" },
    { address: "::1", name: "b.test" },
  ];
  const turned = edited(edited("", [a, b]).bytes, [b, a]);
  assert.deepEqual(turned.removed, [begin, "::1 a.test", "::1 b.test", end]);
  assert.deepEqual(turned.added, [begin, "::1 b.test", "::1 a.test", end]);
});

test("the difference shows UTF-8 as text", () => {
  const file = Buffer.from(`${begin}\n# Bücher\n${end}\n`);
  assert.deepEqual(edited(file, []).removed, [begin, "# Bücher", end]);
});

test("what the block holds can be read", () => {
  const file = `1.2.3.4 x\n${renderHostsBlock(shop, "\r\n")}1.2.3.4 y\n`;
  assert.deepEqual(readHostsBlock(bytes(file)), { ok: true, value: shop });
  assert.deepEqual(readHostsBlock(bytes("1.2.3.4 x\n")), { ok: true, value: [] });
});

const broken: readonly (readonly [what: string, file: string, said: RegExp])[] = [
  ["no end", `a\n${begin}\n::1 x\n`, /: line 2 begins a block\. Delete line 2 /],
  ["no begin", `a\n::1 x\n${end}\nb\n`, /: line 3 ends a block\. Delete line 3 /],
  [
    "the wrong order",
    `${end}\na\n${begin}\n`,
    /: line 1 ends a block, line 3 begins a block\. Delete the lines 1, 3 /,
  ],
  [
    "two blocks",
    `${begin}\n${end}\n${begin}\n${end}`,
    /line 1 begins .*, line 2 ends .*, line 3 begins .*, line 4 ends/,
  ],
  [
    "a block within a block",
    `${begin}\n${begin}\n${end}\n${end}`,
    /line 1 begins .*, line 2 begins .*, line 3 ends/,
  ],
  ["two ends", `\xef\xbb\xbf${begin}\n${end}\n${end}\n`, /line 1 begins .*, line 2 ends .*, line 3 ends/],
  [
    "a changed begin",
    `# BEGIN Oneport\n::1 x\n${end}\n`,
    /: line 1 is no longer the marker that it was, line 3 ends/,
  ],
  ["an indented end", `${begin}\n ${end}\n`, /line 2 is no longer the marker/],
  ["an end with text behind it", `${begin}\n${end}10.0.0.1 nas\n`, /line 2 is no longer the marker/],
  ["an entry before a marker", `::1 x ${begin}\n${end}\n`, /line 1 is no longer the marker/],
];

for (const [what, file, said] of broken) {
  test(`markers with ${what} are refused with their lines, and so is removing`, () => {
    for (const entries of [shop, []]) {
      const { code, message, remedy } = problemOf(editHosts(bytes(file), entries));
      assert.equal(code, "hosts-markers");
      assert.match(`${message} ${remedy}`, said);
    }
    assert.equal(problemOf(readHostsBlock(bytes(file))).code, "hosts-markers");
  });
}

test("UTF-16 is refused, with a byte order mark and without", () => {
  const text = "127.0.0.1 localhost\r\n";
  const little = Buffer.from(text, "utf16le");
  const big = Buffer.from(little).swap16();
  const marked = [Buffer.from("\xff\xfe", "latin1"), Buffer.from("\xfe\xff", "latin1")] as const;
  for (const file of [
    little,
    big,
    Buffer.concat([marked[0], little]),
    Buffer.concat([marked[1], big]),
    marked[0],
  ]) {
    assert.equal(problemOf(editHosts(file, shop)).code, "hosts-utf16");
  }
});

test("a NUL byte is refused with its line", () => {
  const { code, message } = problemOf(editHosts(bytes("127.0.0.1 localhost\na\nb\0c\nlast\n"), shop));
  assert.equal(code, "hosts-nul");
  assert.match(message, /line 3/);
});

test("entries are validated again: loopback addresses and plain names only", () => {
  const refused: readonly HostsEntry[] = [
    ...[
      "10.0.0.1",
      "128.0.0.1",
      "0.0.0.0",
      "::",
      "::2",
      "::ffff:127.0.0.1",
      "127.1",
      "127.0.0.01",
      "127.0.0.256",
    ],
    ...["", "localhost", "127.0.0.1\n6.6.6.6", "127.0.0.1 6.6.6.6", "127.0.0.1#", "fe80::1%lo0"],
  ].map((address) => ({ address, name: "shop.test" }));
  const names = [
    "localhost",
    "a.localhost",
    "",
    ".",
    "shop.test.",
    "Shop.test",
    "*.test",
    "a b",
    "a\tb",
    "a\nb",
    "a\r",
  ];
  const strange = [
    "a#b",
    "-a.test",
    "a-.test",
    "a..test",
    "bücher.test",
    "1.2.3.4",
    "a.1",
    "::1",
    `${"a".repeat(64)}.test`,
  ];
  for (const name of [...names, ...strange]) {
    assert.equal(
      problemOf(editHosts(bytes(""), [...shop, { address: "::1", name }])).code,
      "hosts-entry",
      name,
    );
  }
  for (const entry of refused) {
    assert.equal(problemOf(editHosts(bytes(""), [entry])).code, "hosts-entry", entry.address);
  }
  for (const name of ["a", "xn--bcher-kva.test", "a_b.test", "0.test", "a".repeat(63)]) {
    assert.ok(editHosts(bytes(""), [{ address: "127.255.0.1", name }]).ok, name);
  }
});

test("another line that maps a name of ours elsewhere is a warning with the line", () => {
  const before =
    "\xef\xbb\xbf10.0.0.1 nas shop.test\r\n127.0.0.1 shop.test # shop.test\n#10.0.0.2 shop.test\nnas shop.test 10.0.0.3\n";
  const after = " \t::1 \tx  DB.test. db.test.org\n10.0.0.4 # db.test\n";
  const { warnings } = edited(before + renderHostsBlock(other) + after, shop);
  assert.deepEqual(
    warnings.map(({ code, message }) => [code, message]),
    [
      ["hosts-conflict", "Line 1 of the hosts file maps shop.test to 10.0.0.1, too."],
      // Four lines, the block of five, and the first after it.
      ["hosts-conflict", "Line 10 of the hosts file maps db.test to ::1, too."],
    ],
  );
  assert.deepEqual(edited(before + after, []).warnings, []);
});

test("2,000 names go in and out", () => {
  const many = Array.from({ length: 2000 }, (_, index) => ({ address: "127.0.0.1", name: `n${index}.test` }));
  const file = Array.from({ length: 2000 }, (_, index) => `10.0.0.1 h${index}\n`).join("");
  const once = apply(file, many);
  assert.equal(once, file + renderHostsBlock(many));
  assert.equal(apply(once, many), once);
  assert.equal(remove(once), file);
});

/** Numbers from 0 to 1, the same at every run (Mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A file without what is between the markers. */
const around = (file: string) => file.slice(0, file.indexOf(begin)) + file.slice(file.indexOf(end));

test("whatever a file holds, removing undoes applying and applying again changes nothing", () => {
  const random = randomFrom(20261);
  const pick = <T>(choices: readonly T[]) => choices[Math.floor(random() * choices.length)];
  const pieces = [
    "\n",
    "\r\n",
    "\r",
    "127.0.0.1 localhost",
    "\t",
    " ",
    "#",
    "\xef\xbb\xbf",
    "# BEGIN x",
    "Oneport",
    "\xe9",
  ];
  const piece = () =>
    random() < 0.8 ? (pick(pieces) ?? "") : String.fromCharCode(1 + Math.floor(random() * 255));
  for (let run = 0; run < 5000; run++) {
    const file = Array.from({ length: Math.floor(random() * 12) }, piece).join("");
    // UTF-16 by its first two bytes is refused, which is tested above.
    if (file.startsWith("\xff\xfe") || file.startsWith("\xfe\xff")) continue;
    const once = apply(file, pick([shop, other]));
    const what = JSON.stringify(file);
    assert.equal(remove(once), file, what);
    const twice = apply(once);
    assert.equal(apply(twice), twice, what);
    assert.equal(remove(twice), file, what);
    const appended = twice + piece() + piece();
    if (!editHosts(bytes(appended), shop).ok) continue;
    const rewritten = apply(appended);
    assert.equal(around(rewritten), around(appended), what);
    assert.equal(apply(rewritten), rewritten, what);
    assert.equal(remove(rewritten), remove(appended), what);
  }
});
