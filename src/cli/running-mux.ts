/** The mux that runs for this user, as commands beside it need to know it. */

/** Undefined when none runs. */
export async function runningMux(_stateDirectory: string): Promise<{ readonly port: number } | undefined> {
  return undefined;
}
