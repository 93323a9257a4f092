/** A new authority that is good for names which the present one may not certify: planned, shown, and then made. */
import { checkAddedName } from "../core/added-name.ts";
import { fail, ok, problemOf, type Result } from "../core/errors.ts";
import { isWithinAuthority } from "../core/local-names.ts";
import { AuthorityFolder } from "./authority-folder.ts";
import { rememberRoot } from "./trusted-roots.ts";

/** DNS names, each of which stands for everything under it, too. */
export interface Widening {
  readonly before: readonly string[];
  /** Those that are not covered yet; where there are none, there is nothing to do. */
  readonly added: readonly string[];
  readonly after: readonly string[];
}

/** What would come of it; changes nothing. `names` are lower-case DNS names. Fails also when the authority is unusable. */
export async function planWidening(
  stateDirectory: string,
  names: readonly string[],
): Promise<Result<Widening>> {
  try {
    const before = await new AuthorityFolder(stateDirectory, () => new Date()).names();
    const added = [...new Set(names)].filter((name) => !isWithinAuthority(name, before));
    for (const name of added) {
      const checked = checkAddedName(name);
      if (!checked.ok) return checked;
    }
    return ok({ before, added, after: [...before, ...added] });
  } catch (error) {
    return fail(problemOf(error));
  }
}

/**
 * Makes the authority that `planWidening` told of. It is to be trusted anew; the root before it stays in the trust stores, and
 * known, until `untrust` takes it out, but nothing can be signed with it any more. A running mux takes the new one within a second.
 */
export async function widenAuthority(
  stateDirectory: string,
  names: readonly string[],
): Promise<Result<Widening>> {
  const planned = await planWidening(stateDirectory, names);
  if (!planned.ok || planned.value.added.length === 0) return planned;
  try {
    const folder = new AuthorityFolder(stateDirectory, () => new Date());
    await folder.widen(planned.value.added, (root) => rememberRoot(stateDirectory, root));
    return planned;
  } catch (error) {
    return fail(problemOf(error));
  }
}
