/** The owner's listener on the control socket, which listens anew where somebody has removed the socket or its folder. */
import { once } from "node:events";
import { lstat, rm } from "node:fs/promises";
import net from "node:net";
import { type Problem, problemOf, systemCode } from "../core/errors.ts";
import { type ControlFolder, isSafeFolder, unusable } from "./control-folder.ts";

/** Shorter than a window that has just come looks for an owner. */
const lookMilliseconds = 500;

export interface ControlListenerHandlers {
  readonly onSocket: (socket: net.Socket) => void;
  /** It cannot listen anew; told once, and tried again and again. */
  readonly onProblem: (problem: Problem) => void;
}

export class ControlListener {
  readonly #server: net.Server;
  readonly #onProblem: ControlListenerHandlers["onProblem"];
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  #isProblemTold = false;

  constructor({ onSocket, onProblem }: ControlListenerHandlers) {
    this.#onProblem = onProblem;
    this.#server = net.createServer(onSocket);
    this.#server.on("error", () => {
      // Whoever could not be accepted tries again; that it cannot listen is thrown below.
    });
  }

  /** For who has the port, and may therefore remove what an owner before left behind. Throws as `isSafeFolder` does. */
  async open(folder: ControlFolder, port: number): Promise<void> {
    await isSafeFolder(folder, "make");
    const path = folder.socket(port);
    try {
      if (folder.path !== undefined) await rm(path, { force: true });
      await this.#listen(path);
    } catch (error) {
      throw unusable(path, error);
    }
    if (folder.path !== undefined) this.#lookLater(folder, path);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#server.close();
  }

  async #listen(path: string): Promise<void> {
    await once(this.#server.listen(path), "listening");
  }

  /** It is not watched: that would miss where a folder above it is moved away, and a system may have no watches left. */
  #lookLater(folder: ControlFolder, path: string): void {
    this.#timer = setTimeout(async () => {
      try {
        if (await isMissing(path)) await this.#openAnew(folder, path);
        this.#isProblemTold = false;
      } catch (error) {
        if (!this.#isProblemTold) this.#onProblem(problemOf(error));
        this.#isProblemTold = true;
      }
      if (!this.#isClosed) this.#lookLater(folder, path);
    }, lookMilliseconds);
  }

  /** Connections go on. Nothing is removed: once this is closed, the next owner's socket lies there. */
  async #openAnew(folder: ControlFolder, path: string): Promise<void> {
    await isSafeFolder(folder, "make");
    if (this.#isClosed) return;
    this.#server.close();
    try {
      await this.#listen(path);
    } catch (error) {
      throw unusable(path, error);
    }
  }
}

async function isMissing(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return false;
  } catch (error) {
    return ["ENOENT", "ENOTDIR"].includes(systemCode(error) ?? "");
  }
}
