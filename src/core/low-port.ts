/** Port 443 for ordinary users: what systems say of it, and the setting of Linux that gives it to them. */
import { httpsPort } from "./https-port.ts";

/** Where Linux keeps the first port that needs no rights; it holds for one network namespace. */
export const portSetting = "net.ipv4.ip_unprivileged_port_start";

/** What Linux starts with. */
const usualStart = 1024;

/** The number in a file of /proc/sys; undefined for anything else. */
export function parsePortStart(text: string): number | undefined {
  const digits = text.trim();
  return /^\d{1,5}$/.test(digits) && Number(digits) <= 65_535 ? Number(digits) : undefined;
}

/** Linux's CAP_NET_BIND_SERVICE, which gives all ports, among the effective capabilities in /proc/self/status. */
export function mayBindAnyPort(processStatus: string): boolean {
  const [, capabilities] = /^CapEff:\s*([\da-f]{1,16})$/m.exec(processStatus) ?? [];
  return capabilities !== undefined && ((BigInt(`0x${capabilities}`) >> 10n) & 1n) === 1n;
}

/** A file for sysctl.d(5). The earlier value stands in it, for whoever takes the change back. */
export function formatPortFile(earlier: number): string {
  return `# Written by Oneport: every user of this machine may listen on port ${httpsPort} and above.
# Earlier value: ${earlier}
${portSetting} = ${httpsPort}
`;
}

/** The earlier value in such a file; the usual one when somebody has removed it. */
export function earlierStart(file: string): number {
  const [, digits = ""] = /^# Earlier value: (\d+)$/m.exec(file) ?? [];
  const earlier = parsePortStart(digits);
  return earlier !== undefined && earlier > httpsPort ? earlier : usualStart;
}

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/**
 * The ranges in the answer of `netsh int ipv4 show excludedportrange protocol=tcp`, whose words depend on the system's language.
 * Those with a star were set aside by an administrator to be bound by name, and so keep nobody away.
 */
export function parseExcludedRanges(answer: string): readonly PortRange[] {
  const lines = answer.matchAll(/^[ \t]*(\d{1,5})[ \t]+(\d{1,5})[ \t]*(\*?)[ \t]*\r?$/gm);
  return [...lines].flatMap(([, first, last, star]) =>
    star === "*" ? [] : [{ first: Number(first), last: Number(last) }],
  );
}
