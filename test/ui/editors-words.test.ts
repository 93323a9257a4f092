/** What problems say to do, in the words of VS Code. */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { inEditorsWords, problemText } from "../../src/ui/editors-words.ts";

const source = fileURLToPath(new URL("../../src/", import.meta.url));

/** The commands of the command line that problems outside it name, between their quotes. */
async function namedCommands(): Promise<readonly string[]> {
  const files = (await readdir(source, { recursive: true })).filter((file) => file.endsWith(".ts"));
  const shared = files.filter((file) => !/^(cli|ui)\b/.test(file));
  const texts = await Promise.all(shared.map((file) => readFile(join(source, file), "utf8")));
  const code = texts.join("\n").replaceAll(/^\s*(\/\/|\/?\*).*$/gm, "");
  return [...new Set(code.match(/"oneport [a-z][^"\n]*"|`oneport [a-z][^`\n]*`/g))];
}

test("every command of the command line that a problem names is one of the palette in VS Code", async () => {
  const named = await namedCommands();
  assert.ok(named.includes('"oneport hosts apply"'), named.join());
  for (const command of [...named, '"oneport ca trust --allow shop.example.com"']) {
    assert.match(inEditorsWords(command), /^"Oneport: [A-Z][^"]*"$/, command);
  }
});

test("a problem is what happened and what to do, and no more where there is nothing to do", () => {
  const problem = { code: "any", message: "It is not trusted.", remedy: 'Run "oneport ca trust".' };
  assert.equal(problemText(problem), `It is not trusted. Run "Oneport: Trust Oneport's Authority…".`);
  assert.equal(problemText({ ...problem, remedy: "" }), "It is not trusted.");
});
