/** Follows a body in chunks to its end (RFC 9112 §7.1): passes it on as it is, less its extensions and odd trailers. */
import { beginsFieldLines, readFieldLines } from "./field-lines.ts";
import { type Headers, pairs, trailerFields, valuesOf } from "./http-headers.ts";

export type Followed =
  /** Every byte belonged to the body, which goes on. */
  | { readonly kind: "more"; readonly pieces: readonly Buffer[] }
  /** The body is over, and `used` of the bytes were its own. */
  | {
      readonly kind: "end";
      readonly pieces: readonly Buffer[];
      readonly used: number;
      readonly trailers: Headers;
    }
  | { readonly kind: "broken"; readonly reason: string };

/** What is there of a trailer section. */
type Trailers =
  | { readonly kind: "more" }
  | { readonly kind: "end"; readonly used: number; readonly trailers: Headers }
  | { readonly kind: "broken"; readonly reason: string };

type State = "size" | "extension" | "sizeEnd" | "data" | "dataEnd" | "dataEnded" | "trailers";

const lf = 0x0a;
const cr = 0x0d;
const semicolon = 0x3b;
/** As many hexadecimal digits as a number holds exactly. */
const mostDigits = 13;
const mostExtension = 4096;
const mostTrailers = 16 * 1024;
/** RFC 9110 §6.5.1: it would be too late for these. */
const framing = ["content-length", "transfer-encoding"];

export class ChunkFollower {
  #state: State = "size";
  #size = 0;
  #digits = 0;
  #extension = 0;
  #trailers = "";
  readonly #isBare: boolean;

  /** `isBare`: the pieces are the data alone, without sizes and trailers. */
  constructor(isBare = false) {
    this.#isBare = isBare;
  }

  /** After "end" or "broken" it is not to be called again. */
  follow(bytes: Buffer): Followed {
    return this.#isBare ? this.#strip(bytes) : this.#pass(bytes);
  }

  #strip(bytes: Buffer): Followed {
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length; ) {
      if (this.#isInData) {
        const step = this.#skip(bytes.length - at);
        pieces.push(bytes.subarray(at, at + step));
        at += step;
      } else if (this.#state === "trailers") {
        const read = this.#readTrailers(bytes, at);
        return read.kind === "broken" ? read : { ...read, pieces };
      } else {
        const problem = this.#step(bytes[at++] ?? 0);
        if (problem !== undefined) return { kind: "broken", reason: problem };
      }
    }
    return { kind: "more", pieces };
  }

  #pass(bytes: Buffer): Followed {
    const pieces: Buffer[] = [];
    /** What lies before has been passed on or is left out. */
    let from = 0;
    /** Where the line of a size begins; in the bytes before these, if it is negative. */
    let line = this.#isInLine ? -1 : 0;
    let at = 0;
    while (at < bytes.length) {
      if (this.#isInData) {
        at += this.#skip(bytes.length - at);
        continue;
      }
      if (this.#state === "trailers") {
        if (line > from) pieces.push(bytes.subarray(from, line));
        const read = this.#readTrailers(bytes, at);
        if (read.kind === "broken") return read;
        // The last chunk and the trailer section go on together, when they are whole.
        if (read.kind === "end") pieces.push(formatEnd(read.trailers));
        return { ...read, pieces };
      }
      const hadExtension = this.#extension > 0;
      const problem = this.#step(bytes[at] ?? 0);
      if (problem !== undefined) return { kind: "broken", reason: problem };
      at++;
      if (this.#isAtStart) line = at;
      else if (this.#isInData && (hadExtension || line < 0)) {
        // The line is said anew: it was not whole in these bytes, or said more than the size.
        if (line > from) pieces.push(bytes.subarray(from, line));
        pieces.push(Buffer.from(`${this.#size.toString(16)}\r\n`, "latin1"));
        from = at;
      }
    }
    const to = this.#isInLine || this.#isAtStart || this.#state === "trailers" ? line : at;
    if (to > from) pieces.push(bytes.subarray(from, to));
    return { kind: "more", pieces };
  }

  get #isInData(): boolean {
    return this.#state === "data";
  }

  get #isInLine(): boolean {
    return (
      (this.#state === "size" && this.#digits > 0) || this.#state === "extension" || this.#state === "sizeEnd"
    );
  }

  get #isAtStart(): boolean {
    return this.#state === "size" && this.#digits === 0;
  }

  /** As many of `available` bytes as are this chunk's data. */
  #skip(available: number): number {
    const step = Math.min(this.#size, available);
    this.#size -= step;
    if (this.#size === 0) this.#state = "dataEnd";
    return step;
  }

  /** One byte outside of the data; what is wrong with it, if anything. */
  #step(byte: number): string | undefined {
    switch (this.#state) {
      case "size":
        return this.#readDigit(byte);
      case "extension":
        if (byte === cr) {
          if (this.#extension === 1) return "an extension without a name";
          this.#state = "sizeEnd";
        } else if (byte !== 0x09 && (byte < 0x20 || byte === 0x7f))
          return "a control character in an extension";
        else if (++this.#extension > mostExtension) return "an extension without end";
        return undefined;
      case "sizeEnd":
        if (byte !== lf) return "no line feed behind a chunk's size";
        this.#digits = 0;
        this.#extension = 0;
        this.#state = this.#size === 0 ? "trailers" : "data";
        return undefined;
      case "dataEnd":
        this.#state = "dataEnded";
        return byte === cr ? undefined : "a chunk is longer than its size";
      default:
        this.#state = "size";
        return byte === lf ? undefined : "no line feed behind a chunk";
    }
  }

  #readDigit(byte: number): string | undefined {
    const digit = hexadecimal(byte);
    if (digit !== undefined) {
      this.#size = this.#size * 16 + digit;
      return ++this.#digits > mostDigits ? "a chunk's size is beyond all bounds" : undefined;
    }
    if (this.#digits === 0) return "a chunk without a size";
    if (byte === semicolon) {
      this.#extension = 1;
      this.#state = "extension";
    } else if (byte === cr) this.#state = "sizeEnd";
    else return "a chunk's size is not a number";
    return undefined;
  }

  #readTrailers(bytes: Buffer, at: number): Trailers {
    const before = this.#trailers.length;
    this.#trailers += bytes.toString("latin1", at, at + mostTrailers);
    const end = endOfFields(this.#trailers);
    if (end === undefined) {
      if (this.#trailers.length >= mostTrailers) return { kind: "broken", reason: "trailers without end" };
      if (!beginsFieldLines(this.#trailers)) return { kind: "broken", reason: "a malformed trailer" };
      return { kind: "more" };
    }
    const fields = readFieldLines(this.#trailers.slice(0, end));
    if (!fields) return { kind: "broken", reason: "a malformed trailer" };
    if (framing.some((name) => valuesOf(fields, name).length > 0)) {
      return { kind: "broken", reason: "a trailer that frames" };
    }
    return { kind: "end", used: at + end + 2 - before, trailers: trailerFields(fields) };
  }
}

/** Where the empty line behind field lines begins. */
function endOfFields(text: string): number | undefined {
  if (text.startsWith("\r\n")) return 0;
  const last = text.indexOf("\r\n\r\n");
  return last === -1 ? undefined : last + 2;
}

const lineEnd = Buffer.from("\r\n", "latin1");

/** Bytes as one chunk, in pieces. */
export function chunk(bytes: Buffer): Buffer[] {
  return [Buffer.from(`${bytes.length.toString(16)}\r\n`, "latin1"), bytes, lineEnd];
}

/** The last chunk and the trailer section. */
export function formatEnd(trailers: Headers = []): Buffer {
  let text = "0\r\n";
  for (const [name, value] of pairs(trailers)) text += `${name}: ${value}\r\n`;
  return Buffer.from(`${text}\r\n`, "latin1");
}

function hexadecimal(byte: number): number | undefined {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : undefined;
}
