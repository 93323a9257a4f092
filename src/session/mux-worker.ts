/** The worker thread as its owner sees it: commands in, events out, one promise for its end. */
import { Worker } from "node:worker_threads";
import * as v from "valibot";
import { type MuxEvent, parseEvent } from "../core/events.ts";
import type { Command } from "./protocol.ts";

/** They come several at a time, as a text (outbox.ts). */
const events = v.pipe(v.string(), v.parseJson(), v.array(v.unknown()));

/**
 * What connections leave behind is short-lived or stays: a small young generation costs no more CPU than Node's own, which grows to 48 MB
 * and made half of what an idle connection took.
 */
const maxYoungGenerationSizeMb = 12;

export class MuxWorker {
  readonly #worker: Worker;
  /** Fulfilled when the thread is over; rejected with what it threw when it died of an error. */
  readonly ended: Promise<void>;

  /** `entry` is the file of the bundled or plain `worker`. */
  constructor(entry: string | URL, onEvent: (event: MuxEvent) => void) {
    this.#worker = new Worker(entry, {
      stdin: false,
      stdout: false,
      stderr: false,
      resourceLimits: { maxYoungGenerationSizeMb },
    });
    this.#worker.on("message", (message: unknown) => {
      for (const event of v.parse(events, message)) onEvent(parseEvent(event));
    });
    this.ended = new Promise((resolve, reject) => {
      this.#worker.once("error", reject);
      this.#worker.once("exit", () => resolve());
    });
  }

  send(command: Command): void {
    this.#worker.postMessage(command);
  }
}
