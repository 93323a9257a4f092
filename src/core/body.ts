/** Follows the body of a message to its end, whatever delimits it. */
import { ChunkFollower, type Followed } from "./chunks.ts";
import type { Framing } from "./ordinary-request.ts";

export interface BodyFollower {
  /** After "end" or "broken" it is not to be called again. */
  follow(bytes: Buffer): Followed;
}

/** Undefined when there is no body. */
export function followBody(framing: Framing): BodyFollower | undefined {
  switch (framing.kind) {
    case "none":
      return undefined;
    case "length":
      return new LengthFollower(framing.bytes);
    case "chunked":
      return new ChunkFollower();
  }
}

class LengthFollower implements BodyFollower {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  follow(bytes: Buffer): Followed {
    if (bytes.length < this.#left) {
      this.#left -= bytes.length;
      return { kind: "more", pieces: [bytes] };
    }
    const used = this.#left;
    return { kind: "end", pieces: [used === bytes.length ? bytes : bytes.subarray(0, used)], used };
  }
}
