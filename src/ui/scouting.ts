/** A look at the services of this machine: at once which ports there are, and about a second later what they speak. */
import { realpath } from "node:fs/promises";
import { type Disposable, EventEmitter, workspace } from "vscode";
import { fail, ok, type Problem, problemOf, type Result } from "../core/errors.ts";
import type { Listening } from "../core/listening-ports.ts";
import type { MuxState } from "../core/mux-state.ts";
import type { Service } from "../core/service.ts";
import { listeningPorts } from "../platform/listening-ports.ts";
import { thisMachine } from "../platform/machine.ts";
import { askServices } from "../session/task.ts";

/** Only reads files and, on some systems, asks programs: no connection is made. The mux's own port is left out. */
export function listServices({ port }: MuxState): Promise<Result<readonly Listening[]>> {
  return listeningPorts(thisMachine(), port);
}

/** In their order, with what they speak. */
export async function askWhatTheySpeak(
  services: readonly Service[],
  workerEntry: string,
): Promise<Result<readonly Service[]>> {
  const plain = services.map(({ spoken: _, ...listening }) => listening);
  const answers = await askServices(workerEntry, { services: plain });
  if (!answers.ok) return answers;
  return ok(
    plain.map((service, index) => {
      const spoken = answers.value[index];
      return { ...service, ...(spoken && { spoken }) };
    }),
  );
}

/** The URIs of the open folders by their paths as processes know them: without symbolic links. */
export async function openFolders(): Promise<ReadonlyMap<string, string>> {
  const local = (workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === "file");
  const found = local.map(async ({ uri }) => {
    // A folder that is gone is still open.
    const path = await realpath(uri.fsPath).catch(() => uri.fsPath);
    return [path, uri.toString()] as const;
  });
  return new Map(await Promise.all(found));
}

export class Scouting implements Disposable {
  readonly #changed = new EventEmitter<void>();
  /** After every change of what is known. */
  readonly onDidChange = this.#changed.event;
  #services: readonly Service[] = [];
  #problem: Problem | undefined;
  #finished: Promise<void> | undefined;
  #isLooking = false;

  get services(): readonly Service[] {
    return this.#services;
  }

  /** What kept it from finding out more. */
  get problem(): Problem | undefined {
    return this.#problem;
  }

  get isLooking(): boolean {
    return this.#isLooking;
  }

  /** Fulfilled when there is no more to be known. */
  async finished(): Promise<void> {
    await this.#finished;
  }

  look(state: MuxState, workerEntry: string): void {
    this.#isLooking = true;
    this.#finished = this.#find(state, workerEntry)
      .catch((error: unknown) => this.#take(fail(problemOf(error))))
      .finally(() => {
        this.#isLooking = false;
        this.#changed.fire();
      });
  }

  dispose(): void {
    this.#changed.dispose();
  }

  async #find(state: MuxState, workerEntry: string): Promise<void> {
    const listed = await listServices(state);
    this.#take(listed);
    if (listed.ok && listed.value.length > 0) this.#take(await askWhatTheySpeak(listed.value, workerEntry));
  }

  #take(found: Result<readonly Service[]>): void {
    if (found.ok) this.#services = found.value;
    else this.#problem = found.error;
    this.#changed.fire();
  }
}
