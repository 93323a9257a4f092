/** One end of a splice that is a WebSocket: bytes in binary frames, and close codes for endings. */
import { createWebSocketStream, type WebSocket } from "ws";
import type { End } from "./splice.ts";

/** RFC 6455 §7.4.1. */
const closeCode = {
  normal: 1000,
  goingAway: 1001,
  unsupportedData: 1003,
  none: 1005,
  internalError: 1011,
} as const;

const properEndings: ReadonlySet<number> = new Set([closeCode.normal, closeCode.goingAway, closeCode.none]);

/** The most that one message may hold: it is gathered whole before it goes on. */
export const maxPayload = 16 * 1024 * 1024;

/**
 * A close with 1000, 1001 or no code is an end; any other, or a connection that broke off, is a reset, and a reset of the
 * other side closes with 1011. A WebSocket cannot be half closed: its end is both its ends.
 */
export function webSocketEnd(webSocket: WebSocket): End {
  const stream = createWebSocketStream(webSocket);
  webSocket.prependListener("close", (code) => {
    if (!properEndings.has(code)) stream.destroy();
  });
  webSocket.on("message", (_data, isBinary) => {
    // Text would have to be valid UTF-8 on its way back: bytes cannot promise that.
    if (!isBinary) webSocket.close(closeCode.unsupportedData, "Send binary frames.");
  });
  return {
    stream,
    raw: {
      resetAndDestroy() {
        webSocket.close(closeCode.internalError);
        stream.destroy();
      },
    },
  };
}
