/** Follows the body of a message to its end, whatever delimits it. */
import { ChunkFollower, type Followed } from "./chunks.ts";
import type { Framing } from "./ordinary-request.ts";

export interface BodyFollower {
  /** After "end" or "broken" it is not to be called again. */
  follow(bytes: Buffer): Followed;
}

/** Undefined when there is no body. `isBare`: of a body in chunks the pieces are the data alone. */
export function followBody(framing: Framing, isBare = false): BodyFollower | undefined {
  switch (framing.kind) {
    case "none":
      return undefined;
    case "length":
      return new LengthFollower(framing.bytes);
    case "chunked":
      return new ChunkFollower(isBare);
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
    return {
      kind: "end",
      pieces: [used === bytes.length ? bytes : bytes.subarray(0, used)],
      used,
      trailers: [],
    };
  }
}
