/** The port of HTTPS, and names as URLs have them at the mux's port. */

/** The port that browsers leave out. */
export const httpsPort = 443;

/** The name, with the port unless it is the one that goes without saying. */
export function httpsAuthority(name: string, port: number): string {
  return port === httpsPort ? name : `${name}:${port}`;
}
