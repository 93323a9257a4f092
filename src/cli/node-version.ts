/** Whether this Node can run the rest: asked before anything else is loaded, so it uses nothing new itself. */

/** Why this version of Node (`22.15.0`) is too old, as one line; undefined when it is not. */
export function tooOld(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 15)) return undefined;
  return `oneport: Node ${version} is too old. Run it with Node 22.15 or newer.`;
}
