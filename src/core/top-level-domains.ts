/** What browsers do with names by their last label alone. */

/** On the list of names that browsers ask by HTTPS only, from the first request on, as whole top-level domains. */
const httpsOnly = new Set(
  (
    "android app bank boo channel chrome dad day dclk dev docs drive eat esq fly foo gle gmail goog google hangout " +
    "hotmail ing insurance meet meme mov new nexus page phd play prof rsvp search youtube zip"
  ).split(" "),
);

/** Do browsers refuse plain HTTP, and any way round a certificate warning, for this name? */
export function isHttpsOnly(name: string): boolean {
  return httpsOnly.has(lastLabel(name));
}

/** RFC 6762 §3: names under `local` are asked for by multicast DNS. */
export function isMulticast(name: string): boolean {
  return lastLabel(name) === "local";
}

function lastLabel(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}
