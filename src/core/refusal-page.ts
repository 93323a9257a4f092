/** The answer to an HTTP request that no service took, in the form its client reads: a page, JSON or plain text. */
import { createHash } from "node:crypto";
import { negotiate } from "./accept.ts";
import type { RouteSummary } from "./events.ts";
import { httpsAuthority } from "./https-port.ts";
import { printable, visible } from "./printable.ts";

export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly message: string;
  readonly remedy: string;
  /** The domain that was asked for, as it came over the wire. */
  readonly domain: string | undefined;
  /** The page loads again by itself. */
  readonly retry: boolean;
}

/**
 * Renders a refusal for a client that sent this Accept header. `port` is where the listener is reached. Routes are told
 * by name alone: a web page that rebinds its own name to this address can read what is written here.
 */
export function renderRefusal(
  refusal: Refusal,
  routes: readonly RouteSummary[],
  port: number,
  accept: string | undefined,
): { readonly contentType: string; readonly body: string } {
  const entries = routes.map((route) => entryOf(route, port));
  switch (negotiate(accept, ["text/plain", "text/html", "application/json"])) {
    case "text/html":
      return { contentType: "text/html; charset=utf-8", body: renderHtml(refusal, entries) };
    case "application/json":
      return { contentType: "application/json", body: renderJson(refusal, entries) };
    case "text/plain":
      return { contentType: "text/plain; charset=utf-8", body: renderText(refusal, entries) };
  }
}

interface Entry {
  readonly domain: string;
  readonly kind: RouteSummary["kind"];
  /** What to open, where a browser can open it. */
  readonly url: string | undefined;
  /** What to open or to connect to, or the pattern when there is no single name. */
  readonly place: string;
}

function entryOf({ domain: name, kind }: RouteSummary, port: number): Entry {
  const domain = printable(name);
  if (domain.startsWith("*")) {
    return { domain, kind, url: undefined, place: domain === "*" ? "* (every other domain)" : domain };
  }
  if (kind !== "http") return { domain, kind, url: undefined, place: `${domain}:${port}` };
  const url = `https://${httpsAuthority(domain, port)}/`;
  return { domain, kind, url, place: url };
}

function renderJson({ status, code, title, message, remedy, domain }: Refusal, entries: Entry[]): string {
  const routes = entries.map(({ domain, kind, url }) => ({ domain, kind, url }));
  return `${JSON.stringify({ error: { status, code, title, message, remedy, domain }, routes }, null, 2)}\n`;
}

function renderText({ status, title, message, remedy, domain }: Refusal, entries: Entry[]): string {
  const lines = [
    `${status} ${visible(title)}`,
    "",
    ...(domain === undefined ? [] : [`Asked for: ${printable(domain)}`]),
    visible(message),
    visible(remedy),
    "",
    entries.length > 0 ? "Routes:" : "There are no routes yet.",
    ...entries.map((entry) => `  ${entry.place}${entry.kind === "http" ? "" : `  (${entry.kind})`}`),
  ];
  return `${lines.join("\n")}\n`;
}

const style = `
:root{color-scheme:light dark;--ground:#fafaf8;--card:#fff;--ink:#1d1c1a;--soft:#5b5853;--line:#e4e2dd;--link:#1a4fc4}
@media(prefers-color-scheme:dark){:root{--ground:#17181a;--card:#1f2124;--ink:#ececea;--soft:#aaa8a3;--line:#34363a;--link:#8db4ff}}
*{box-sizing:border-box}
body{margin:0;padding:12vh 1.25rem 3rem;background:var(--ground);color:var(--ink);font:16px/1.6 system-ui,sans-serif}
main{max-width:40rem;margin:0 auto}
h1{margin:.25rem 0 1rem;font-size:1.75rem;line-height:1.25;font-weight:600;text-wrap:balance}
h2{margin:2.5rem 0 .5rem;font-size:1rem;font-weight:600}
p{margin:.5rem 0;overflow-wrap:anywhere}
.soft{color:var(--soft)}
.small{font-size:.875rem}
code{font:.9375em ui-monospace,monospace;overflow-wrap:anywhere}
ul{margin:0 0 1rem;padding:0;list-style:none;border:1px solid var(--line);border-radius:10px;background:var(--card)}
li{display:flex;gap:1rem;align-items:baseline;justify-content:space-between;padding:.625rem 1rem;line-height:1.5rem}
li+li{border-top:1px solid var(--line)}
a{color:var(--link);text-underline-offset:.2em}
a:focus-visible{outline:2px solid var(--link);outline-offset:3px;border-radius:2px}
.waiting{margin-top:1.25rem}
.waiting::before{content:"";display:inline-block;width:.5rem;height:.5rem;margin-right:.625rem;border-radius:50%;background:var(--link);animation:pulse 2s ease-in-out infinite}
@keyframes pulse{50%{opacity:.25}}
@media(prefers-reduced-motion){.waiting::before{animation:none}}
`;

/**
 * Asks for the same address until the answer is the service's own, then loads the page again. The listener holds such
 * a request until the service is up, so the pause only keeps a refusal that comes at once from being asked in a rush.
 * A redirect is an answer of the service's own and is not followed.
 */
const retryScript = `
(async () => {
  for (;;) {
    try {
      const answer = await fetch(location.href, { cache: "no-store", redirect: "manual" });
      if (!answer.headers.has("oneport-refusal")) return location.reload();
    } catch {}
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
})();
`;

/** Only our own style and script run, by their hashes: a second lock should ever a name slip through unescaped. */
const policy = [
  "default-src 'none'",
  `style-src ${hashSource(style)}`,
  `script-src ${hashSource(retryScript)}`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

function hashSource(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

function renderHtml({ status, title, message, remedy, retry, ...asked }: Refusal, entries: Entry[]): string {
  const domain = asked.domain === undefined ? undefined : printable(asked.domain);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escapeHtml(domain === undefined ? title : `${title}: ${domain}`)}</title>
<style>${style}</style>
${retry ? '<noscript><meta http-equiv="refresh" content="2"></noscript>\n' : ""}</head>
<body>
<main>
<p class="soft small">${status}${domain === undefined ? "" : ` &middot; <code>${escapeHtml(domain)}</code>`}</p>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(message)}</p>
<p>${escapeHtml(remedy)}</p>
${retry ? '<p class="soft waiting" role="status">This page loads again by itself as soon as the service is up.</p>\n' : ""}<h2>Routes</h2>
${entries.length > 0 ? `<ul>\n${entries.map(renderEntry).join("\n")}\n</ul>` : '<p class="soft">There are no routes yet.</p>'}
<p class="soft small">Answered by Oneport on this machine.</p>
</main>
${retry ? `<script>${retryScript}</script>\n` : ""}</body>
</html>
`;
}

function renderEntry({ url, place, kind }: Entry): string {
  const name = url
    ? `<a href="${escapeHtml(url)}">${escapeHtml(place)}</a>`
    : `<code>${escapeHtml(place)}</code>`;
  return `<li>${name}<span class="soft small">${kind}</span></li>`;
}

const entities: ReadonlyMap<string, string> = new Map([
  ["&", "&amp;"],
  ["<", "&lt;"],
  [">", "&gt;"],
  ['"', "&quot;"],
  ["'", "&#39;"],
]);

function escapeHtml(text: string): string {
  return visible(text).replace(/[&<>"']/g, (character) => entities.get(character) ?? "");
}
