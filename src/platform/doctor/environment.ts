/** What variables of the environment tell programs: to ask a proxy in place of Oneport, or to trust other certificates than the system's. */
import { readFile } from "node:fs/promises";
import type { Finding } from "../../core/diagnosis.ts";
import { bypassesProxy } from "../../core/no-proxy.ts";
import { certificatesIn, type Root } from "../../core/trust.ts";
import { todaysRoot } from "../trusted-roots.ts";
import type { DoctorContext } from "./context.ts";

/** Programs differ in the case that they read; where both are set, most take the lower. */
const proxyVariables = ["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];

/** Each names one file of certificates that stands in for all others, for these programs. */
const bundleVariables: Readonly<Record<string, string>> = {
  SSL_CERT_FILE: "OpenSSL, Python, Go and Ruby",
  CURL_CA_BUNDLE: "curl",
  REQUESTS_CA_BUNDLE: "Python's requests",
};

/** `names` are those of the routes. */
export async function checkEnvironment(
  names: readonly string[],
  { machine, stateDirectory, certificates }: DoctorContext,
): Promise<readonly Finding[]> {
  const { environment } = machine;
  const today = certificates.mode === "authority" ? await todaysRoot(stateDirectory) : undefined;
  const bundles = today
    ? await Promise.all(Object.keys(bundleVariables).map(checkBundle(environment, today)))
    : [];
  const extra = today ? await checkExtra(environment, today) : [];
  const findings = [...checkProxy(environment, names), ...bundles.flat(), ...extra];
  if (findings.length > 0) return findings;
  const message = "No variable leads programs elsewhere, or has them trust others.";
  return [{ check: "environment", subject: "environment", state: "ok", message }];
}

function checkProxy(environment: NodeJS.ProcessEnv, names: readonly string[]): readonly Finding[] {
  const variable = proxyVariables.find((each) => environment[each]);
  if (variable === undefined) return [];
  const noProxy = environment.no_proxy ?? environment.NO_PROXY ?? "";
  const caught = names.filter((name) => !bypassesProxy(noProxy, name));
  if (caught.length === 0) return [];
  const wanted = [noProxy, ...caught].filter((entry) => entry !== "").join(",");
  return [
    {
      check: "environment",
      subject: variable,
      state: "wrong",
      message: `It has programs ask a proxy for ${caught.join(", ")}, which cannot know them.`,
      remedy: `Set NO_PROXY and no_proxy to ${wanted}.`,
    },
  ];
}

function checkBundle(environment: NodeJS.ProcessEnv, today: Root) {
  return async (variable: string): Promise<readonly Finding[]> => {
    const file = environment[variable];
    if (!file || (await holds(file, today))) return [];
    const message = `It has ${bundleVariables[variable]} trust ${file} alone, which lacks the authority.`;
    const remedy = `Unset it, or add the certificate that "oneport ca path" names to that file.`;
    return [{ check: "environment", subject: variable, state: "wrong", message, remedy }];
  };
}

/** Node's is read beside what Node brings along: without ours nothing is lost that was there. */
async function checkExtra(environment: NodeJS.ProcessEnv, today: Root): Promise<readonly Finding[]> {
  const subject = "NODE_EXTRA_CA_CERTS";
  const file = environment[subject];
  if (!file || (await holds(file, today))) return [];
  const message = `It has Node trust ${file} too, which lacks the authority.`;
  const remedy = `Add the certificate that "oneport ca path" names to that file.`;
  return [{ check: "environment", subject, state: "note", message, remedy }];
}

/** A file that cannot be read holds nothing for the program that is told to read it, either. */
async function holds(file: string, root: Root): Promise<boolean> {
  const text = await readFile(file, "utf8").catch(() => "");
  return certificatesIn(text).some((der) => der.equals(root.der));
}
