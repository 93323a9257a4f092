/** A window with another version of Oneport, which owns the mux on a port, played by a socket: it refuses whoever wants to join. */
import { once } from "node:events";
import net from "node:net";
import { join } from "node:path";
import { versions } from "../../src/session/messages.ts";

const ranges = {
  older: { oldest: versions.oldest - 1, newest: versions.oldest - 1 },
  newer: { oldest: versions.newest + 1, newest: versions.newest + 1 },
};

export class OtherVersion implements AsyncDisposable {
  readonly #server: net.Server;
  readonly #members = new Set<net.Socket>();

  private constructor(server: net.Server, age: keyof typeof ranges) {
    this.#server = server;
    server.on("connection", (member) => {
      this.#members.add(member);
      member.on("error", () => member.destroy()).resume();
      member.write(`${JSON.stringify({ type: "refused", versions: ranges[age] })}\n`);
    });
  }

  /** Nobody else may own it. */
  static async own(stateDirectory: string, port: number, age: keyof typeof ranges): Promise<OtherVersion> {
    const server = net.createServer();
    const other = new OtherVersion(server, age);
    server.listen(socketOf(stateDirectory, port));
    await once(server, "listening");
    return other;
  }

  /** Comes to a mux that is older, has it make room, and owns it. */
  static async takeOver(stateDirectory: string, port: number): Promise<OtherVersion> {
    const older = net.connect(socketOf(stateDirectory, port));
    older.write(`${JSON.stringify({ type: "retire" })}\n`);
    await once(older.resume(), "close");
    return await OtherVersion.own(stateDirectory, port, "newer");
  }

  /** Fulfilled when somebody has come, who waits from then on for an older one to go. */
  async asked(): Promise<void> {
    if (this.#members.size === 0) await once(this.#server, "connection");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const member of this.#members) member.destroy();
    await closed;
  }
}

function socketOf(stateDirectory: string, port: number): string {
  return join(stateDirectory, "run", `${port}.sock`);
}
