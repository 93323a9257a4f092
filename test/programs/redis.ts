/** Redis: a server that keeps nothing, in the clear on one port and, if asked for, with TLS on another. */
import type { Folder } from "./folder.ts";
import { Server } from "./server.ts";

interface Tls {
  readonly port: number;
  readonly cert: string;
  readonly key: string;
}

export async function startRedis(folder: Folder, port: number, tls?: Tls): Promise<Server> {
  const settings = {
    bind: "127.0.0.1",
    port,
    save: "",
    ...(tls && {
      "tls-port": tls.port,
      "tls-cert-file": tls.cert,
      "tls-key-file": tls.key,
      "tls-auth-clients": "no",
    }),
  };
  const options = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, `${value}`]);
  return Server.start("redis-server", options, folder, /Ready to accept connections/);
}
