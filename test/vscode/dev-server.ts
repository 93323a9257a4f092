/** A web service that runs in a folder, as a project's development server does. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { begin } from "../e2e/program.ts";

export interface DevServer extends AsyncDisposable {
  readonly port: number;
}

/** Serves a page with this title out of `server.js` in the folder. */
export async function startDevServer(folder: string, title: string): Promise<DevServer> {
  await writeFile(
    join(folder, "server.js"),
    `const server = require("node:http").createServer((request, response) => {
      response.setHeader("Content-Type", "text/html").end("<title>${title}</title>");
    });
    server.listen(0, "127.0.0.1", () => console.log(server.address().port));\n`,
  );
  const child = await begin(process.execPath, ["server.js"], process.env, folder);
  const [said]: unknown[] = await once(child.stdout, "data");
  const port = Number(said);
  assert.ok(port > 0);
  return { port, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}
