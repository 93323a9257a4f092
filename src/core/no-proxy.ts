/** Whether a program that goes by the variable NO_PROXY asks a name directly. */

/**
 * Is the name among the entries of NO_PROXY (`localhost,.test`; `*` is every name)? As curl, Python, Go and Node's clients agree on
 * it: an entry stands for itself and everything under it, with or without a dot before it.
 */
export function bypassesProxy(noProxy: string, name: string): boolean {
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .map((entry) => entry.replace(/^\*?\./, "").replace(/:\d+$/, ""))
    .some((entry) => entry === "*" || (entry !== "" && (name === entry || name.endsWith(`.${entry}`))));
}
