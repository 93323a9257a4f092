/** How the mux says no to a client that opened with TLS: a fatal alert in clear, in place of a ServerHello. */

/** The alerts the mux sends itself, by the number each has on the wire (RFC 8446 §6.2, RFC 6066 §9, RFC 7301 §3.2). */
export const tlsAlert = {
  unexpectedMessage: 10,
  recordOverflow: 22,
  illegalParameter: 47,
  decodeError: 50,
  protocolVersion: 70,
  internalError: 80,
  unrecognizedName: 112,
  noApplicationProtocol: 120,
} as const;

export type TlsAlert = (typeof tlsAlert)[keyof typeof tlsAlert];

/**
 * A fatal alert record that a TLS client of any version understands in answer to its ClientHello.
 *
 * The record's version is 3.1: none is agreed on yet, so clients up to TLS 1.2 take any 3.x there (RFC 5246 App. E.1),
 * clients of TLS 1.3 ignore the field (RFC 8446 §5.1), and the lowest still in use shocks nobody in between.
 */
export function alertRecord(alert: TlsAlert): Buffer {
  const fatal = 2;
  return Buffer.of(0x15, 3, 1, 0, 2, fatal, alert);
}
