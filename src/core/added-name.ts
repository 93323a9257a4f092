/** Which names of the Internet an authority on this machine may be made good for: a domain of somebody, not a part of the Internet. */
import { canonicalAddress } from "./domain.ts";
import { fail, ok, type Problem, type Result } from "./errors.ts";

/** Under a country's top-level domain, everybody's domains begin below these: `co.uk`, `com.au`, `ac.jp`, `or.at`. */
const sharedSecondLevels = new Set(
  "ac asso co com edu firm gen go gob gouv gov gv id ind info ltd me mil muni name ne net nic nom or org plc pro sch school web".split(
    " ",
  ),
);

/** Where companies give a name to each of their customers: whoever certifies all of it certifies strangers. */
const sharedDomains = new Set(
  (
    "amazonaws.com appspot.com azurewebsites.net blogspot.com cloudfront.net fly.dev github.io gitlab.io herokuapp.com " +
    "netlify.app ngrok.app ngrok.io onrender.com pages.dev vercel.app web.app workers.dev"
  ).split(" "),
);

/**
 * RFC 5280 §4.2.1.10: a name in the constraints stands for every name under it, too. So one that many share is
 * refused. `name` is a lower-case DNS name. Fails with `name-not-addable`.
 */
export function checkAddedName(name: string): Result<void> {
  if (canonicalAddress(name)) return fail(notAddable(name, "it is an address"));
  if (!name.includes(".")) return fail(notAddable(name, "it would certify everything under it"));
  if (isShared(name))
    return fail(notAddable(name, "many share it, and it would certify all of their domains"));
  return ok(undefined);
}

function isShared(name: string): boolean {
  const [first = "", last = "", ...others] = name.split(".");
  const isCountrysSecond = others.length === 0 && last.length === 2 && sharedSecondLevels.has(first);
  return isCountrysSecond || sharedDomains.has(name);
}

function notAddable(name: string, why: string): Problem {
  return {
    code: "name-not-addable",
    message: `No authority is made for ${name}: ${why}.`,
    remedy: "Give the whole name of the route, such as shop.example.com.",
  };
}
