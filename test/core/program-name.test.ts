/** Command lines as they are found on machines of developers, and what the programs are called. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { programName } from "../../src/core/program-name.ts";

const named: readonly (readonly [name: string, ...commandLine: string[]])[] = [
  ["postgres", "/usr/lib/postgresql/15/bin/postgres", "-D", "/var/lib/postgresql/15/main"],
  ["redis-server", "/usr/bin/redis-server 127.0.0.1:6379"],
  ["redis-server", "redis-server *:6379"],
  ["nginx", "nginx: master process /usr/sbin/nginx -g daemon on;"],
  ["sshd", "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups"],
  ["next-server", "next-server (v15.1.0)"],
  ["chrome", "/opt/google/chrome/chrome --type=utility --field-trial-handle=1,/2"],
  ["server", "/opt/My Shop/server"],
  ["node", "node"],
  ["node", "/usr/bin/node", "-e", "require('http')"],
  ["server.js", "node", "--inspect", "-r", "dotenv/config", "src/server.js", "--port", "3000"],
  ["server.js", "node.exe", "C:\\shop\\server.js"],
  ["node", "C:\\Program Files\\nodejs\\node.exe"],
  ["vite", "node", "/work/shop/node_modules/.bin/vite"],
  ["vite", "node", "/work/shop/node_modules/vite/bin/vite.js", "--port", "5173"],
  ["vite", "node", "C:\\shop\\node_modules\\vite\\bin\\vite.js"],
  ["vite", "node", "/work/shop/node_modules/.pnpm/vite@6.0.1/node_modules/vite/bin/vite.js"],
  ["@angular/cli", "node", "/work/shop/node_modules/@angular/cli/bin/ng.js", "serve"],
  ["next", "node", "/work/node_modules/next/dist/server/lib/start-server.js"],
  ["main.js", "node", "--import", "tsx", "--conditions", "development", "main.js"],
  ["node", "node", "--eval", "require('http')"],
  ["main.ts", "deno", "run", "-A", "main.ts"],
  ["http.server", "python3", "-m", "http.server", "8000"],
  ["http.server", "/usr/bin/python3.11", "-u", "-X", "dev", "-m", "http.server"],
  ["uvicorn", "/venv/bin/python", "/venv/bin/uvicorn", "main:app", "--reload"],
  ["manage.py", "python", "manage.py", "runserver"],
  ["python3", "python3", "-c", "import http.server"],
  ["app.py", "python", "-W", "ignore", "app.py"],
  ["ruby", "ruby", "-e", "require 'webrick'"],
  ["app.rb", "ruby", "-r", "bundler/setup", "-C", "/shop", "app.rb"],
  ["perl", "perl", "-e", "print"],
  ["app.pl", "perl5.36", "-I", "lib", "-M", "strict", "app.pl"],
  ["rails", "ruby", "-I", "lib", "bin/rails", "server"],
  ["php", "php", "-S", "localhost:8000", "-t", "public"],
  ["php", "php", "-r", "echo 1;"],
  ["index.php", "php", "-d", "display_errors=1", "-f", "index.php"],
  ["artisan", "php8.2", "artisan", "serve"],
  ["shop.jar", "java", "-Xmx1g", "-Dx=y", "-jar", "/opt/shop.jar", "--server.port=8080"],
  ["com.acme.Shop", "java", "-cp", "a.jar:b.jar", "@args", "com.acme.Shop"],
  ["com.acme.Shop", "java", "--module-path", "lib", "--add-modules", "x", "-classpath", "a", "com.acme.Shop"],
  ["com.acme.Main", "java", "-p", "lib", "-m", "shop/com.acme.Main"],
  ["dotnet", "dotnet", "run", "--project", "Shop"],
  ["shop.dll", "dotnet", "exec", "bin/shop.dll"],
  ["", ""],
  [""],
];

for (const [name, ...commandLine] of named) {
  test(`${commandLine.join(" ") || "an empty command line"} is ${name || "nothing"}`, () => {
    assert.equal(programName(commandLine), name);
  });
}

test("a name is short and printable", () => {
  assert.equal(programName(["/bin/a\u001b[31mb"]), "a\\x1b[31mb");
  assert.equal(programName([`/bin/${"x".repeat(500)}`]), "x".repeat(40));
});
