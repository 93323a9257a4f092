/** PostgreSQL's way into TLS: eight bytes asked in the clear, one byte in answer ("Frontend/Backend Protocol"). */

/** What a client sends before its ClientHello, and what is sent to a service that holds its own certificate. */
export const sslRequest: Uint8Array = Buffer.of(0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f);

/** SSLRequest and GSSENCRequest alike: they differ in their last byte. */
export const requestLength = sslRequest.length;

/** The answers to either request: go on with TLS (or GSSAPI), or stay in the clear. */
export const granted = 0x53; // "S"
export const declined = 0x4e; // "N"

/**
 * An ErrorResponse that ends the session, as a client shows it to its user. 08004 is "server rejected the connection"
 * (PostgreSQL, appendix "Error Codes"); V is the severity that no locale translates.
 */
export function errorResponse(message: string, hint: string): Buffer {
  const fields = [`SFATAL`, `VFATAL`, `C08004`, `M${message}`, `H${hint}`];
  const body = Buffer.from(`${fields.join("\0")}\0\0`);
  const head = Buffer.alloc(5);
  head.write("E");
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}
