/** Where this user's Oneport keeps its files, and where its muxes are to be found. */
import { userHome } from "../platform/machine.ts";
import { stateDirectory } from "../platform/state.ts";
import { type ControlFolder, controlFolder } from "../session/control-folder.ts";

export function ownStateDirectory(): string {
  return stateDirectory(process.env, process.platform, userHome());
}

export function ownControlFolder(): ControlFolder {
  const { env, platform } = process;
  return controlFolder(ownStateDirectory(), { platform, environment: env });
}
