/**
 * What Linux, macOS and Windows say about listening sockets, as their tools have been recorded: of these only Linux's and
 * lsof's were seen here, those of Windows are as Microsoft's documentation and its users show them.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  joinByPort,
  parseLsofFolders,
  parseLsofSockets,
  parseNetstat,
  parseProcNetTcp,
  parsePs,
  parseTasklist,
  whereToDial,
} from "../../src/core/listening-ports.ts";

const procNetTcp = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 3500007F:0035 00000000:0000 0A 00000000:00000000 00:00000000 00000000   101        0 20144 1 0000000000000000 100 0 0 10 5
   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 21307 1 0000000000000000 100 0 0 10 0
   2: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 8881234 1 0000000000000000 100 0 0 10 0
   3: 0100007F:0BB8 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  1000        0 8881299 1 0000000000000000 20 4 30 10 -1
   4: 0100007F:9C41 0100007F:0BB8 06 00000000:00000000 03:000014B3 00000000     0        0 0 3 0000000000000000
`;

test("LISTEN lines of /proc/net/tcp are read, other states are not", () => {
  assert.deepEqual(parseProcNetTcp(procNetTcp), [
    { address: "127.0.0.53", port: 53, inode: "20144", uid: 101 },
    { address: "0.0.0.0", port: 22, inode: "21307", uid: 0 },
    { address: "127.0.0.1", port: 3000, inode: "8881234", uid: 1000 },
  ]);
});

const tcp6Line = (address: string) =>
  `   0: ${address}:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 77 1 0000000000000000 100 0 0 10 0\n`;

for (const [words, address] of [
  ["00000000000000000000000000000000", "::"],
  ["00000000000000000000000001000000", "::1"],
  ["0000000000000000FFFF00000100007F", "127.0.0.1"],
  ["B80D0120000000000000000001000000", "2001:db8::1"],
] as const) {
  test(`the words ${words} of /proc/net/tcp6 are ${address}`, () => {
    assert.deepEqual(parseProcNetTcp(tcp6Line(words)), [{ address, port: 8080, inode: "77", uid: 1000 }]);
  });
}

const lsofSockets = `p501
ccode\\x20helper
f23
tIPv4
n127.0.0.1:6277
p734
cnode
f21
tIPv6
n*:3000
f22
tIPv6
n[::1]:5173
p811
cpostgres
f7
tIPv4
n*:5432
f8
tIPv4
n127.0.0.1:5432->127.0.0.1:52011
`;

test("lsof's fields are read process by process, a wildcard by the type of its socket", () => {
  assert.deepEqual(parseLsofSockets(lsofSockets), [
    { address: "127.0.0.1", port: 6277, pid: 501, name: "code helper" },
    { address: "::", port: 3000, pid: 734, name: "node" },
    { address: "::1", port: 5173, pid: 734, name: "node" },
    { address: "0.0.0.0", port: 5432, pid: 811, name: "postgres" },
  ]);
});

test("lsof's working directories keep their spaces and letters", () => {
  const folders = parseLsofFolders(
    "p501\nfcwd\nn/Users/ada/Shop App\np734\nfcwd\nn/Users/ada/b\\xc3\\xbccher\n",
  );
  assert.deepEqual(
    [...folders],
    [
      [501, "/Users/ada/Shop App"],
      [734, "/Users/ada/bücher"],
    ],
  );
});

test("ps gives the command line of each process", () => {
  const lines = parsePs("  501 /Applications/Code Helper --type=utility\n12734 node server.js\n");
  assert.deepEqual(
    [...lines],
    [
      [501, "/Applications/Code Helper --type=utility"],
      [12734, "node server.js"],
    ],
  );
});

const netstat = `
Active Connections

  Proto  Local Address          Foreign Address        State           PID
  TCP    0.0.0.0:135            0.0.0.0:0              LISTENING       1012
  TCP    127.0.0.1:3000         0.0.0.0:0              LISTENING       18244
  TCP    127.0.0.1:3000         127.0.0.1:51022        ESTABLISHED     18244
  TCP    192.168.1.20:139       0.0.0.0:0              LISTENING       4
  TCP    [::]:135               [::]:0                 LISTENING       1012
  TCP    [::1]:5173             [::]:0                 LISTENING       20112
  UDP    0.0.0.0:5353           *:*                                    3320
`;

const netstatSockets = [
  { address: "0.0.0.0", port: 135, pid: 1012 },
  { address: "127.0.0.1", port: 3000, pid: 18244 },
  { address: "192.168.1.20", port: 139, pid: 4 },
  { address: "::", port: 135, pid: 1012 },
  { address: "::1", port: 5173, pid: 20112 },
];

test("netstat's listeners are read, in whichever language it tells their state", () => {
  assert.deepEqual(parseNetstat(netstat.replaceAll("\n", "\r\n")), netstatSockets);
  assert.deepEqual(parseNetstat(netstat.replaceAll("LISTENING", "ABHÖREN")), netstatSockets);
  assert.deepEqual(parseNetstat(netstat.replaceAll("LISTENING", "À L'ÉCOUTE")), netstatSockets);
});

test("tasklist's quoted names are read, with the commas in them", () => {
  const tasks = `"System","4","Services","0","144 K"\r\n"node.exe","18244","Console","1","64,120 K"\r\n"a, b.exe","20112","Console","1","9 K"\r\n`;
  assert.deepEqual(
    [...parseTasklist(tasks)],
    [
      [4, "System"],
      [18244, "node.exe"],
      [20112, "a, b.exe"],
    ],
  );
});

const parsers = { parseProcNetTcp, parseLsofSockets, parseLsofFolders, parsePs, parseNetstat, parseTasklist };
const samples = [procNetTcp, tcp6Line("0".repeat(32)), lsofSockets, netstat, '"x","1"\n'];

for (const [name, parse] of Object.entries(parsers)) {
  test(`${name} reads any text without an error`, () => {
    for (const sample of samples) {
      for (let at = 0; at < sample.length; at++) {
        parse(sample.slice(at));
        parse(`${sample.slice(0, at)}\0\uffff${sample.slice(at + 1)}`);
      }
    }
    parse("p\nc\nn\nn:\np-1\nn*:0\np1e99\nn*:99999\nn[::::]:1\nn999.1.1.1:80\n");
  });
}

test("numbers that cannot be ports or processes are passed over", () => {
  assert.deepEqual(parseLsofSockets("p0\ntIPv4\nn*:80\np7\nn*:0\nn*:65536\nn999.1.1.1:80\nn[::::]:80\n"), []);
  assert.deepEqual(
    parseNetstat("TCP 0.0.0.0:65536 0.0.0.0:0 LISTENING 7\nTCP 0.0.0.0:80 0.0.0.0:0 X 0\n"),
    [],
  );
  assert.deepEqual(parseProcNetTcp(procNetTcp.replaceAll(/:\w{4} 0{8}:0000/g, ":0000 00000000:0000")), []);
});

test("addresses are joined by port, those that localhost tries first come first, others stay outside", () => {
  const [first, second] = [
    { pid: 7, name: "vite" },
    { pid: 8, name: "nginx" },
  ];
  const joined = joinByPort([
    { address: "::1", port: 5173, process: first },
    { address: "192.168.1.20", port: 139 },
    { address: "127.0.0.53", port: 53 },
    { address: "127.0.0.1", port: 5173, process: second },
    { address: "0.0.0.0", port: 22 },
    { address: "::", port: 22 },
    { address: "::", port: 22 },
  ]);
  assert.deepEqual(joined, [
    { port: 22, addresses: ["0.0.0.0", "::"] },
    { port: 53, addresses: ["127.0.0.53"] },
    { port: 5173, addresses: ["127.0.0.1", "::1"], process: second },
  ]);
});

for (const [addresses, address, isLocalhost] of [
  [["127.0.0.1"], "127.0.0.1", true],
  [["0.0.0.0"], "127.0.0.1", true],
  [["::"], "::1", true],
  [["::1"], "::1", true],
  [["::", "127.0.0.53"], "::1", true],
  [["0.0.0.0", "::"], "127.0.0.1", true],
  [["127.0.0.53"], "127.0.0.53", false],
] as const) {
  test(`what listens on ${addresses.join(" and ")} is dialled at ${address}`, () => {
    assert.deepEqual(whereToDial({ port: 80, addresses }), { address, isLocalhost });
  });
}
