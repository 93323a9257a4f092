// Bundles the three entries with esbuild and prints what each weighs; --production minifies.
import { statSync } from "node:fs";
import { build } from "esbuild";

const production = process.argv.includes("--production");

const bundles = [
  { entry: "src/extension.ts", out: "dist/extension.cjs", external: ["vscode"] },
  { entry: "src/worker.ts", out: "dist/worker.cjs", external: [] },
  { entry: "src/cli.ts", out: "dist/cli.cjs", external: [], banner: "#!/usr/bin/env node" },
];

for (const { entry, out, external, banner } of bundles) {
  await build({
    entryPoints: [entry],
    outfile: out,
    external,
    bundle: true,
    platform: "node",
    // jsonc-parser's other build loads its parts in a way no bundler can follow.
    mainFields: ["module", "main"],
    format: "cjs",
    target: "node22",
    minify: production,
    sourcemap: production ? false : "linked",
    logLevel: "warning",
    ...(banner ? { banner: { js: banner } } : {}),
  });
  console.log(`${out}  ${(statSync(out).size / 1024).toFixed(0)} KB`);
}
