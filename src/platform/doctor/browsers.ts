/** What browsers are set to that keeps routes from them: names looked up over HTTPS, and names that they ask by HTTPS only. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Finding } from "../../core/diagnosis.ts";
import { isLocalhost } from "../../core/loopback.ts";
import { isHttpsOnly } from "../../core/top-level-domains.ts";
import type { Machine } from "../machine.ts";
import { firefoxDatabases } from "../nss-databases.ts";
import type { DoctorContext } from "./context.ts";

/** `names` are those of the routes. Browsers know by themselves where names under localhost lead. */
export async function checkBrowsers(
  names: readonly string[],
  { machine, mux }: DoctorContext,
): Promise<readonly Finding[]> {
  const looked = names.filter((name) => !isLocalhost(name));
  if (looked.length === 0) return [];
  return [
    ...(await checkFirefox(machine)),
    ...(await checkChromium(machine)),
    ...looked.filter(isHttpsOnly).map((name) => httpsOnly(name, mux?.port)),
  ];
}

function httpsOnly(subject: string, port: number | undefined): Finding {
  const elsewhere =
    port === undefined || port === 443 ? "" : ` Without a port in the address they ask at 443, not ${port}.`;
  const message = `Browsers ask for it by HTTPS only, and let nobody past a certificate warning.${elsewhere}`;
  return { check: "browser", subject, state: "note", message, remedy: "Use a name under .test." };
}

/** `network.trr.mode`: 2 asks over HTTPS first, 3 over HTTPS alone. Names in the hosts file are kept out of that unless it is said. */
async function checkFirefox(machine: Machine): Promise<readonly Finding[]> {
  const findings = (await firefoxDatabases(machine)).map(async ({ folder, name }): Promise<Finding[]> => {
    const prefs = await preferencesIn(folder);
    const mode = prefs.get("network.trr.mode");
    if (mode !== "2" && mode !== "3") return [];
    const about = { check: "browser", subject: name } as const;
    if (prefs.get("network.trr.exclude-etc-hosts") === "false") {
      const message = "It looks names up over HTTPS and passes over the hosts file.";
      const remedy = 'Set "network.trr.exclude-etc-hosts" to true in about:config.';
      return [{ ...about, state: "wrong", message, remedy }];
    }
    const message =
      "It looks names up over HTTPS, but for those that the hosts file had when it was started.";
    const remedy = "Start it again after a change of the hosts file.";
    return [{ ...about, state: "note", message, remedy }];
  });
  return (await Promise.all(findings)).flat();
}

/** What the profile keeps, and over that what its user wrote by hand. */
async function preferencesIn(profile: string): Promise<ReadonlyMap<string, string>> {
  const files = ["prefs.js", "user.js"].map((file) => readFile(join(profile, file), "utf8").catch(() => ""));
  const lines = (await Promise.all(files)).join("\n");
  const found = lines.matchAll(/^\s*user_pref\("([^"]+)",\s*"?([^")]*)"?\);/gm);
  return new Map(Array.from(found, ([, name = "", value = ""]) => [name, value]));
}

const policyFolders = [
  "/etc/chromium/policies/managed",
  "/etc/chromium-browser/policies/managed",
  "/etc/opt/chrome/policies/managed",
  "/etc/opt/edge/policies/managed",
  "/etc/brave/policies/managed",
];

const userFolders = ["chromium", "google-chrome", "microsoft-edge", "BraveSoftware/Brave-Browser"];

/** "Secure" leaves Chromium no other way than HTTPS; the other modes come back to the system's. Linux's places. */
async function checkChromium({ home, platform }: Machine): Promise<readonly Finding[]> {
  if (platform !== "linux") return [];
  const chosen = userFolders.map((folder) => join(home, ".config", folder, "Local State"));
  const findings: Finding[] = [];
  for (const file of [...(await Promise.all(policyFolders.map(filesIn))).flat(), ...chosen]) {
    const text = await readFile(file, "utf8").catch(() => "");
    // Both in JSON: a policy, and the user's choice within "dns_over_https".
    if (!/"DnsOverHttpsMode"\s*:\s*"secure"|"dns_over_https"\s*:\s*\{[^}]*"mode"\s*:\s*"secure"/.test(text))
      continue;
    const message = `It looks names up over HTTPS alone, as ${file} says.`;
    const remedy = "If a name does not load there, turn secure DNS off or start the browser again.";
    findings.push({ check: "browser", subject: "Chromium, Chrome", state: "note", message, remedy });
  }
  return findings;
}

async function filesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.map((name) => join(folder, name));
}
