// Bundles the four entries with esbuild, prints what each weighs, and holds it to its limit; --production leaves the source maps out.
import { statSync } from "node:fs";
import { build } from "esbuild";

const production = process.argv.includes("--production");

const bundles = [
  { entry: "src/extension.ts", out: "dist/extension.cjs", most: 400, external: ["vscode"] },
  { entry: "src/worker.ts", out: "dist/worker.cjs", most: 1000 },
  { entry: "src/cli.ts", out: "dist/cli.cjs", most: 1000, banner: "#!/usr/bin/env node" },
  { entry: "src/elevated.ts", out: "dist/elevated.cjs", most: 400 },
];

for (const { entry, out, most, external = [], banner } of bundles) {
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
    minify: true,
    sourcemap: production ? false : "linked",
    logLevel: "warning",
    ...(banner ? { banner: { js: banner } } : {}),
  });
  const kilobytes = Math.ceil(statSync(out).size / 1024);
  console.log(`${out}  ${kilobytes} KB`);
  if (kilobytes > most) {
    console.error(`build: ${out} may weigh ${most} KB at most.`);
    process.exitCode = 1;
  }
}
