/** nginx, with its stream module, and with all that it writes in a throw-away folder. */
import type { Folder } from "./folder.ts";
import { find } from "./run.ts";
import { Server } from "./server.ts";

/** By default these lie in folders that only root may write to. */
const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];

/** What it serves, in the words of its own configuration. */
export async function startNginx(folder: Folder, http: string, stream: string): Promise<Server> {
  const configuration = `
load_module ${find("ngx_stream_module.so")};
daemon off;
pid nginx.pid;
error_log stderr notice;
events {}
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${name};`).join("\n  ")}
  ${http}
}
stream {
  ${stream}
}
`;
  const file = await folder.write("nginx.conf", configuration);
  const options = ["-e", "stderr", "-p", folder.path, "-c", file];
  return Server.start("nginx", options, folder, /start worker process \d/);
}
