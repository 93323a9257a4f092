/** A look at a mux that runs, without taking part in it, and the means to end it. */
import { setTimeout as wait } from "node:timers/promises";
import { type Finding, wrong } from "../core/diagnosis.ts";
import { type Problem, problemOf } from "../core/errors.ts";
import type { SessionWindow } from "../core/events.ts";
import { healthMilliseconds, type MuxState, nextState, stopped } from "../core/mux-state.ts";
import { Backoff } from "./backoff.ts";
import { overlong } from "./channel.ts";
import { type ControlFolder, controlledPorts } from "./control-folder.ts";
import { type Joined, Member, type MemberHandlers } from "./member.ts";
import type { Tally } from "./messages.ts";

/**
 * `silent`: its owner is stopped or hangs. `strange`: what it says is another version's, and nothing is known of it. `overlong`: it has
 * more to say than is listened to.
 */
export type Observed =
  | { readonly is: "silent" | "strange" | "overlong"; readonly port: number }
  | {
      readonly is: "running";
      readonly port: number;
      readonly state: MuxState;
      readonly windows: readonly SessionWindow[];
      readonly tally: Tally;
    };

/** Within this a window that takes part has followed an owner who went; later there is none. */
const successorMilliseconds = 1000;

/** Every mux that runs; one that was killed leaves its socket to the next. May throw `control-folder-unsafe` or `control-folder-unusable`. */
export async function observeAll(folder: ControlFolder): Promise<Observed[]> {
  const ports = await controlledPorts(folder);
  const all = await Promise.all(ports.map((port) => answerOf(() => observe(folder, port))));
  return all.filter((observed) => observed !== undefined);
}

/** The ports of the muxes that answer, and what keeps the others from it; of those whose port is wanted. Never rejects. */
export async function findMuxes(
  folder: ControlFolder,
  isWanted: (port: number) => boolean = () => true,
): Promise<{ readonly ports: readonly number[]; readonly problems: readonly Finding[] }> {
  const ports: number[] = [];
  const problems: Finding[] = [];
  try {
    for (const observed of await observeAll(folder)) {
      if (!isWanted(observed.port)) continue;
      if (observed.is === "running") ports.push(observed.port);
      else problems.push(wrong("port", problemWith(observed), `port ${observed.port}`));
    }
  } catch (error) {
    problems.push(wrong("port", problemOf(error)));
  }
  return { ports, problems };
}

/** Why nothing can be told of a mux that is there. */
export function problemWith({ is, port }: Exclude<Observed, { is: "running" }>): Problem {
  const mux = `The mux on port ${port}`;
  switch (is) {
    case "silent":
      return {
        code: "mux-silent",
        message: `${mux} does not answer.`,
        remedy: "Let the process that holds the port go on, or end it.",
      };
    case "strange":
      return {
        code: "mux-strange",
        message: `${mux} is another version's, and does not talk to this one.`,
        remedy: "Use that version's oneport.",
      };
    case "overlong":
      return {
        code: "mux-overlong",
        message: `${mux} has more routes than can be told.`,
        remedy: overlong.remedy,
      };
  }
}

/**
 * Ends every mux that runs, for all its windows, and gives their ports and what could not be ended. Connections that are open
 * may go on for so long.
 */
export async function endAll(
  folder: ControlFolder,
  graceSeconds: number,
): Promise<{ readonly ended: number[]; readonly silent: number[] }> {
  const ended: number[] = [];
  const silent: number[] = [];
  const end = async (port: number) => {
    const outcome = await answerOf(() => endOne(folder, port, graceSeconds));
    if (outcome) (outcome === "ended" ? ended : silent).push(port);
  };
  await Promise.all((await controlledPorts(folder)).map(end));
  return { ended, silent };
}

/** `absent`: nobody is there; `gone`: somebody was, and went without an answer. */
type Unanswered = "absent" | "gone";

/** Where an owner goes while it is asked, the window that follows it is asked again. Nothing where nobody answers. */
async function answerOf<T>(ask: () => Promise<T | Unanswered>): Promise<T | undefined> {
  const backoff = new Backoff();
  let deadline: number | undefined;
  for (;;) {
    const answer = await ask();
    if (answer !== "absent" && answer !== "gone") return answer;
    if (answer === "gone") deadline ??= performance.now() + successorMilliseconds;
    if (deadline === undefined || performance.now() > deadline) return undefined;
    await backoff.pause();
  }
}

async function endOne(
  folder: ControlFolder,
  port: number,
  graceSeconds: number,
): Promise<"ended" | "silent" | Unanswered> {
  const joined = await look(folder, port, () => {});
  if (joined.is === "absent" || joined.is === "gone") return joined.is;
  if (joined.is !== "joined") return "silent";
  joined.member.send({ type: "stop", graceSeconds });
  const problem = await joined.member.closed;
  return problem ? "silent" : "ended";
}

async function observe(folder: ControlFolder, port: number): Promise<Observed | Unanswered> {
  let state = stopped;
  let windows: readonly SessionWindow[] = [];
  const tally = Promise.withResolvers<Tally>();
  const joined = await look(folder, port, (message) => {
    if (message.type === "tally") tally.resolve(message.routes);
    if (message.type !== "event") return;
    state = nextState(state, message.event);
    if (message.event.type === "session") windows = message.event.windows;
  });
  switch (joined.is) {
    case "absent":
    case "gone":
      return joined.is;
    case "silent":
      return { is: "silent", port };
    case "broken":
      return unheard(joined.problem, port);
    case "refused":
      return { is: "strange", port };
    case "joined": {
      const { member } = joined;
      member.send({ type: "watch", isWatching: true });
      await wait(healthMilliseconds);
      member.send({ type: "count" });
      const counted = await Promise.race([tally.promise, member.closed]);
      member.leave();
      if (!counted) return "gone";
      if ("code" in counted) return unheard(counted, port);
      return { is: "running", port, state, windows, tally: counted };
    }
  }
}

function unheard({ code }: Problem, port: number): Observed {
  return { is: code === overlong.code ? "overlong" : "strange", port };
}

async function look(
  folder: ControlFolder,
  port: number,
  onMessage: MemberHandlers["onMessage"],
): Promise<Joined> {
  let joined: Joined | undefined;
  joined = await Member.join(folder, port, undefined, {
    onMessage,
    onClose: () => {},
    onSilence: () => joined?.is === "joined" && joined.member.leave(),
  });
  if (joined.is === "refused") joined.member.leave();
  return joined;
}
