/** Whether there is something at a path. */
import { access } from "node:fs/promises";

/** No for what this user cannot get at, too. */
export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
