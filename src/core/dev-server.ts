/** Which development server a service looks like: one that people restart all day, and want a name for. */
import type { HttpAnswer } from "./http-answer.ts";

/** By the name of the program. */
const byProgram: ReadonlyMap<string, string> = new Map([
  ["vite", "Vite"],
  ["next", "Next.js"],
  ["next-server", "Next.js"],
  ["nuxt", "Nuxt"],
  ["nuxi", "Nuxt"],
  ["astro", "Astro"],
  ["@angular/cli", "Angular"],
  ["ng", "Angular"],
  ["react-scripts", "Create React App"],
  ["webpack", "webpack"],
  ["webpack-cli", "webpack"],
  ["webpack-dev-server", "webpack"],
  ["@vue/cli-service", "Vue CLI"],
  ["parcel", "Parcel"],
  ["gatsby", "Gatsby"],
  ["@remix-run/dev", "Remix"],
  ["storybook", "Storybook"],
  ["browser-sync", "Browsersync"],
  ["live-server", "Live Server"],
  ["hugo", "Hugo"],
  ["jekyll", "Jekyll"],
  ["@11ty/eleventy", "Eleventy"],
  ["flask", "Flask"],
  ["manage.py", "Django"],
  ["artisan", "Laravel"],
]);

/** By what it answers: header fields first, then what it puts into its pages. */
const byAnswer: readonly (readonly [string, RegExp])[] = [
  ["Next.js", /^x-powered-by: *next\.js/im],
  ["Flask", /^server: *werkzeug/im],
  ["Django", /^server: *wsgiserver/im],
  ["Vite", /\/@vite\/client/],
  ["webpack", /webpack-dev-server|\bwebpackHotUpdate/],
  ["Browsersync", /__bs_script__/],
  ["Live Server", /code injected by live-server/i],
];

/** Its name, such as `Vite`. The program is believed first: several are built upon another one. */
export function devServerName(
  program: string | undefined,
  answer: HttpAnswer | undefined,
): string | undefined {
  const known = byProgram.get(program ?? "");
  if (known !== undefined || !answer) return known;
  return byAnswer.find(([, sign]) => sign.test(answer.head + answer.body))?.[0];
}
