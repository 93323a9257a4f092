/** Results as people read them: medians, and how Oneport compares round by round. */
import { readFileSync } from "node:fs";
import { cpus, release } from "node:os";
import { type Results, self } from "./rounds.ts";

/** As lines of text: what was measured where and when, and a table for each figure. */
export function render(results: Results, date: Date): string[] {
  return [
    `${date.toISOString().slice(0, 10)}, ${machine()}`,
    ...[...results.versions].map(([name, version]) => `${name} ${version}`),
    ...renderFigures(results),
  ];
}

/** What costs what, as a table in Markdown: the medians of those who run with their defaults, as far as any of them took part. */
export function summarize({ versions, figures }: Results): string[] {
  const names = [...versions.keys()].filter((name) => !name.includes(","));
  const rows = [...figures].flatMap(([figure, byContender]) => {
    if (figure.endsWith(" a second") || byContender.size < 2) return [];
    const cells = names.map((name) => {
      const values = byContender.get(name);
      return values ? shown(median(values)) : "";
    });
    return [`| ${[figure, ...cells].join(" | ")} |`];
  });
  return [`| | ${names.join(" | ")} |`, `|---|${"---:|".repeat(names.length)}`, ...rows];
}

/** The values of each round, as they were measured, for programs. */
export function toJson({ versions, figures }: Results, date: Date): object {
  const plain = [...figures].map(([figure, byContender]) => [figure, Object.fromEntries(byContender)]);
  return {
    date,
    machine: machine(),
    versions: Object.fromEntries(versions),
    figures: Object.fromEntries(plain),
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low = 0, high = 0] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return (low + high) / 2;
}

function renderFigures({ versions, figures }: Results): string[] {
  return [...figures].flatMap(([figure, byContender]) => {
    const ours = byContender.get(self) ?? [];
    const rows = [...versions.keys()].flatMap((name) => {
      const values = byContender.get(name);
      if (!values) return [];
      const spread = `${shown(Math.min(...values))} to ${shown(Math.max(...values))}`;
      const ratios = values.flatMap((value, round) => (value > 0 ? [(ours[round] ?? 0) / value] : []));
      const ratio = name === self || ratios.length === 0 ? "" : `×${median(ratios).toFixed(2)}`;
      return `  ${name.padEnd(38)} ${shown(median(values)).padStart(9)}   ${spread.padEnd(22)} ${ratio}`.trimEnd();
    });
    return ["", figure, ...rows];
  });
}

/** Three digits that count. */
function shown(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function machine(): string {
  const [first, ...others] = cpus();
  const system = `Linux ${release()}, TCP congestion control ${congestionControl()}`;
  return `${1 + others.length} × ${first?.model.trim() ?? "unknown"}, ${system}`;
}

/** It moves every figure of bulk data: "bbr" paces what a socket sends, on the loopback interface too, and "cubic" does not. */
function congestionControl(): string {
  return readFileSync("/proc/sys/net/ipv4/tcp_congestion_control", "utf8").trim();
}
