/** The command lines that are copied for a route, word by word; test/programs runs them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Certificate,
  type Client,
  connectCommand,
  type Endpoint,
  fittingClients,
  type Shell,
  urlOf,
} from "../../src/core/connect-command.ts";
import { parseTarget } from "../../src/core/parse-target.ts";

const rootFile = "/home/me/.local/state/oneport/ca/root.crt";
const untrusted: Certificate = { by: "authority", rootFile, isTrusted: false };
const trusted: Certificate = { by: "authority", rootFile, isTrusted: true };

function endpoint(name: string, to: string, rest: Partial<Endpoint> = {}): Endpoint {
  const target = parseTarget(to);
  assert.ok(target.ok);
  return { name, target: target.value, port: 8443, resolves: true, certificate: trusted, ...rest };
}

const own = { address: "127.77.3.4" };
const web = (rest?: Partial<Endpoint>) => endpoint("shop.test", "http://localhost:3000", rest);
const postgres = (rest?: Partial<Endpoint>) =>
  endpoint("db.test", "tcp://localhost:5432", { ...own, ...rest });
const redis = (rest?: Partial<Endpoint>) =>
  endpoint("cache.test", "tcp://localhost:6379", { ...own, ...rest });
const mysql = (rest?: Partial<Endpoint>) => endpoint("sql.test", "tcp://localhost:3306", { ...own, ...rest });
const sshd = (rest?: Partial<Endpoint>) => endpoint("ssh.test", "tcp://localhost:22", { ...own, ...rest });

const lines: readonly [what: string, Client, Endpoint, line: string][] = [
  ["curl, all set up", "curl", web(), "curl https://shop.test:8443/"],
  ["curl on port 443", "curl", web({ port: 443 }), "curl https://shop.test/"],
  [
    "curl with neither trust nor a name that resolves",
    "curl",
    web({ certificate: untrusted, resolves: false }),
    `curl --cacert ${rootFile} --resolve shop.test:8443:127.0.0.1 https://shop.test:8443/`,
  ],
  [
    "curl under .localhost, which it knows",
    "curl",
    endpoint("shop.localhost", "http://localhost:3000", { resolves: false }),
    "curl https://shop.localhost:8443/",
  ],
  [
    "curl with a self-signed certificate",
    "curl",
    web({ certificate: { by: "itself" } }),
    "curl --insecure https://shop.test:8443/",
  ],
  [
    "curl with a certificate of the user's own",
    "curl",
    web({ certificate: { by: "files" } }),
    "curl https://shop.test:8443/",
  ],
  [
    "curl with the service's own certificate",
    "curl",
    endpoint("auth.test", "tls://localhost:8444", { certificate: { by: "service" } }),
    "curl https://auth.test:8443/",
  ],
  [
    "curl to a WebSocket service, at the path of its target",
    "curl",
    endpoint("live.test", "ws://localhost:5000/live"),
    'curl --http1.1 --include --no-buffer --header "Connection: Upgrade" --header "Upgrade: websocket" ' +
      '--header "Sec-WebSocket-Version: 13" --header "Sec-WebSocket-Key: T25lcG9ydCBzYXlzIGhpIQ==" ' +
      "https://live.test:8443/live",
  ],
  [
    "psql, told of the authority though the system trusts it",
    "psql",
    postgres(),
    `psql "host=db.test port=8443 sslmode=verify-full sslrootcert=${rootFile}"`,
  ],
  [
    "psql with a name that does not resolve",
    "psql",
    postgres({ resolves: false }),
    `psql "host=db.test hostaddr=127.77.3.4 port=8443 sslmode=verify-full sslrootcert=${rootFile}"`,
  ],
  [
    "psql with a passthrough under .localhost",
    "psql",
    endpoint("db.localhost", "tls://localhost:5432", { resolves: false, certificate: { by: "service" } }),
    'psql "host=db.localhost hostaddr=127.0.0.1 port=8443 sslmode=require"',
  ],
  ["redis-cli in the clear at the own address", "redisCli", redis(), "redis-cli -h cache.test -p 8443"],
  [
    "redis-cli at an own address that has no name yet",
    "redisCli",
    redis({ resolves: false }),
    "redis-cli -h 127.77.3.4 -p 8443",
  ],
  [
    "redis-cli without an own address",
    "redisCli",
    endpoint("cache.localhost", "tcp://localhost:6379", { resolves: false }),
    `redis-cli -h 127.0.0.1 -p 8443 --tls --cacert ${rootFile} --sni cache.localhost`,
  ],
  [
    "redis-cli to a passthrough",
    "redisCli",
    endpoint("cache.test", "tls://localhost:6380", { ...own, certificate: { by: "service" } }),
    "redis-cli -h cache.test -p 8443 --tls --sni cache.test",
  ],
  [
    "redis-cli with a self-signed certificate",
    "redisCli",
    endpoint("cache.localhost", "tcp://localhost:6379", { resolves: false, certificate: { by: "itself" } }),
    "redis-cli -h 127.0.0.1 -p 8443 --tls --insecure --sni cache.localhost",
  ],
  ["mysql", "mysql", mysql(), "mysql -h sql.test -P 8443"],
  ["mysql by address", "mysql", mysql({ resolves: false }), "mysql -h 127.77.3.4 -P 8443"],
  ["ssh", "ssh", sshd(), "ssh -p 8443 ssh.test"],
  ["ssh by address", "ssh", sshd({ resolves: false }), "ssh -o HostKeyAlias=ssh.test -p 8443 127.77.3.4"],
  [
    "openssl",
    "openssl",
    postgres(),
    `openssl s_client -quiet -connect db.test:8443 -servername db.test -CAfile ${rootFile}`,
  ],
  [
    "openssl to a passthrough whose name does not resolve",
    "openssl",
    endpoint("auth.test", "tls://localhost:8444", { resolves: false, certificate: { by: "service" } }),
    "openssl s_client -quiet -connect 127.0.0.1:8443 -servername auth.test",
  ],
];

for (const [what, client, place, line] of lines) {
  test(what, () => assert.equal(connectCommand(client, place, "posix"), line));
}

const quoted: readonly [shell: Shell, file: string, words: string][] = [
  [
    "posix",
    "/Users/me/Library/Application Support/root.crt",
    '"/Users/me/Library/Application Support/root.crt"',
  ],
  ["posix", "/home/it's mine/root.crt", `"/home/it's mine/root.crt"`],
  ["posix", "/home/$me'`!/root.crt", "'/home/$me'\\''`!/root.crt'"],
  ["windows", "C:\\Users\\me\\root.crt", "C:\\Users\\me\\root.crt"],
  ["windows", "C:\\Users\\Jane Doe\\root.crt", '"C:\\Users\\Jane Doe\\root.crt"'],
  ["windows", "C:\\Users\\$me`\\root.crt", '"C:\\Users\\`$me``\\root.crt"'],
];

for (const [shell, file, words] of quoted) {
  test(`the file ${file} is one word to a ${shell} shell`, () => {
    const place = web({ certificate: { by: "authority", rootFile: file, isTrusted: false } });
    const line = connectCommand("curl", place, shell);
    assert.equal(line.match(/--cacert (.*?)(?: --ssl-no-revoke)? https:/)?.[1], words);
  });
}

test("a path with spaces is one value to libpq, and a backslash in it is one", () => {
  const at = (file: string, shell: Shell) =>
    connectCommand(
      "psql",
      postgres({ certificate: { by: "authority", rootFile: file, isTrusted: true } }),
      shell,
    );
  assert.match(at("/a b/root.crt", "posix"), /^psql "host=.* sslrootcert='\/a b\/root\.crt'"$/);
  assert.match(at("C:\\a b\\root.crt", "windows"), /^psql "host=.* sslrootcert='C:\\\\a b\\\\root\.crt'"$/);
});

test("on Windows curl is the program, and does not ask what the authority has revoked", () => {
  assert.equal(connectCommand("curl", web(), "windows"), "curl.exe --ssl-no-revoke https://shop.test:8443/");
});

test("nothing that a target's path says reaches the shell", () => {
  const place = endpoint("live.test", "ws://localhost:5000/$(touch$x)`y`;'z'");
  assert.match(
    connectCommand("curl", place, "posix"),
    / 'https:\/\/live\.test:8443\/\$\(touch.*;'\\''z'\\'''$/,
  );
});

const fitting: readonly [Endpoint, Client[], url: string | undefined][] = [
  [web(), ["curl"], "https://shop.test:8443/"],
  [endpoint("live.test", "wss://localhost:5000/live", { port: 443 }), ["curl"], "wss://live.test/live"],
  [postgres(), ["psql"], undefined],
  [endpoint("db.localhost", "tcp://localhost:5433"), ["psql"], undefined],
  [redis(), ["redisCli"], undefined],
  [mysql(), ["mysql"], undefined],
  [sshd(), ["ssh"], undefined],
  [endpoint("ssh2.test", "tcp://localhost:2222", own), ["ssh"], undefined],
  [endpoint("sql2.test", "tcp://localhost:3307", own), ["mysql"], undefined],
  [endpoint("cache.localhost", "tcp://localhost:6380"), ["redisCli"], undefined],
  [endpoint("sql.localhost", "tcp://localhost:3306"), ["openssl"], undefined],
  [endpoint("ssh.localhost", "tcp://localhost:22"), ["openssl"], undefined],
  [endpoint("x.test", "tcp://localhost:9999", own), ["openssl"], undefined],
  [endpoint("auth.test", "tls://localhost:8444", own), ["curl", "openssl"], "https://auth.test:8443/"],
  [endpoint("db.test", "tls://localhost:5432", own), ["psql"], undefined],
  [endpoint("old.test", "tcp+ws://localhost:5432/tunnel", own), ["openssl"], undefined],
];

for (const [place, clients, url] of fitting) {
  const { name, target } = place;
  test(`${target.scheme}://…:${target.port} as ${name} is for ${clients.join(" and ")}`, () => {
    assert.deepEqual(fittingClients(place), clients);
    assert.equal(urlOf(place), url);
  });
}
