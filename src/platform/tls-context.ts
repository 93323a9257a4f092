/** What TLS is ended with: a certificate, its key, and the key exchanges that are worth their time here. */
import { constants } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";

/**
 * No ML-KEM, which newer clients offer first and which takes a tenth of a handshake: it guards what is recorded today from the
 * machines of tomorrow, and what goes over loopback is recorded by nobody who could not read it anyhow.
 */
const keyExchanges = "X25519:P-256:P-384";

/** RFC 9113 §9.2.1 forbids it in HTTP/2, and no other client has a use for it; TLS 1.3 has none (RFC 8446 §4.1.2). */
const secureOptions = constants.SSL_OP_NO_RENEGOTIATION;

/** Both are PEM; `cert` holds the leaf and what leads to its root. Throws what OpenSSL says of them. */
export function tlsContext(cert: string, key: string): SecureContext {
  return createSecureContext({ cert, key, ecdhCurve: keyExchanges, secureOptions });
}
