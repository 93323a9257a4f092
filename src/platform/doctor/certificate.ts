/** The certificate that a client of a route is shown, or would be; and the user's own that can be shown to nobody. */
import { type Finding, wrong } from "../../core/diagnosis.ts";
import { formatDomain } from "../../core/domain.ts";
import type { Route } from "../../core/route.ts";
import { Certificates } from "../certificates.ts";
import { trustedCertificates } from "../trusted-certificates.ts";
import { handshake, type Place, type Shown, unrecognized } from "./ask.ts";
import type { DoctorContext } from "./context.ts";

const day = 86_400_000;
/** So long before it ends a certificate that nobody renews by itself is worth a word. */
const soon = 14 * day;

/** Another certificate, and a good one, is shown in the place of each: only here can it be seen. */
export async function checkCertificateFiles({
  stateDirectory,
  certificates,
}: DoctorContext): Promise<readonly Finding[]> {
  const problems = await new Certificates(stateDirectory, certificates).fileProblems();
  return problems.map((problem) => wrong("certificate", problem, "oneport.certificateFiles"));
}

export interface CertificateChecked {
  readonly findings: readonly Finding[];
  /** Nothing else can be asked for where none is shown. */
  readonly hasFailed: boolean;
}

/** `place` is where the name is asked for; without it nothing runs, and it is told what would be shown. */
export async function checkCertificate(
  route: Route,
  name: string,
  place: Place | undefined,
  context: DoctorContext,
): Promise<CertificateChecked> {
  const isServices = route.kind === "tls";
  if (!place) return { findings: isServices ? [] : await planned(route, name, context), hasFailed: false };
  const about = { check: "certificate", subject: formatDomain(route.domain) } as const;
  const shown = await shownAt(place, route, context);
  if (shown.ok) {
    return { findings: [{ ...about, ...judged(shown.value, route, context) }], hasFailed: false };
  }
  if (!isServices && shown.error === unrecognized) {
    return { findings: [{ ...about, state: "wrong", ...unrouted }], hasFailed: true };
  }
  // All that the client is told is an alert; what it was that kept Oneport from making one is seen here as well.
  const causes = isServices ? [] : await problemsOf(route, name, context);
  const message = `There is no TLS handshake for it: ${shown.error}.`;
  const remedy = isServices ? "Look at the service's own log." : "Look at Oneport's log.";
  const failed = { ...about, state: "wrong", message, remedy } as const;
  return { findings: causes.length > 0 ? causes : [failed], hasFailed: true };
}

const unrouted = {
  message: "The Oneport that runs has no route for it: it reads other settings.",
  remedy:
    'Run "oneport start" with these, or open their folder in VS Code: it takes part in the one that runs.',
};

async function shownAt(place: Place, { kind }: Route, { stateDirectory }: DoctorContext) {
  const protocol = kind === "http" ? "http/1.1" : undefined;
  const before = trustedCertificates(stateDirectory);
  const shown = await handshake(place, before, protocol);
  const after = trustedCertificates(stateDirectory);
  // The first handshake of all has the authority made, whose root nobody could know before.
  return after.at(-1) === before.at(-1) ? shown : handshake(place, after, protocol);
}

async function planned(route: Route, name: string, context: DoctorContext): Promise<readonly Finding[]> {
  const problems = await problemsOf(route, name, context);
  if (problems.length > 0) return problems;
  const subject = formatDomain(route.domain);
  return [{ check: "certificate", subject, state: "ok", message: "A certificate can be shown for it." }];
}

async function problemsOf(
  { domain }: Route,
  name: string,
  { stateDirectory, certificates }: DoctorContext,
): Promise<readonly Finding[]> {
  const problems = await new Certificates(stateDirectory, certificates).problemsFor(name);
  return problems.map((problem) => wrong("certificate", problem, formatDomain(domain)));
}

type Judgement = Pick<Finding, "state" | "message" | "remedy">;

/** Whose business the certificate is decides what is to be done about it. */
function judged(
  { issuer, validTo, fault }: Shown,
  { kind }: Route,
  { certificates }: DoctorContext,
): Judgement {
  const until = validTo.toISOString().slice(0, 10);
  const isServices = kind === "tls";
  const renew = isServices
    ? "Renew it in the service."
    : "Renew the file that oneport.certificateFiles names.";
  switch (fault) {
    case undefined: {
      const message = `Its certificate, by ${issuer}, is good until ${until}.`;
      if (validTo.getTime() - Date.now() < soon) return { state: "note", message, remedy: renew };
      return { state: "ok", message };
    }
    case "CERT_HAS_EXPIRED":
      return { state: "wrong", message: `Its certificate expired on ${until}.`, remedy: renew };
    case "CERT_NOT_YET_VALID":
      return {
        state: "wrong",
        message: "Its certificate is not valid yet.",
        remedy: "Set this machine's clock.",
      };
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return { state: "wrong", message: "Its certificate is for another name.", remedy: renew };
    case "DEPTH_ZERO_SELF_SIGNED_CERT": {
      const isWanted = isServices || certificates.mode === "selfSigned";
      return {
        state: isWanted ? "note" : "wrong",
        message: "Its certificate is self-signed, so every client warns.",
        remedy: isServices
          ? "Have the clients trust that very certificate."
          : 'Set oneport.certificates to "authority", and use a name under .test.',
      };
    }
    default:
      return {
        state: "wrong",
        message: `Its certificate, by ${issuer}, leads to no root that is trusted here (${fault}).`,
        remedy: isServices
          ? "Have the clients trust its issuer."
          : "Add the issuer's certificate to the file.",
      };
  }
}
