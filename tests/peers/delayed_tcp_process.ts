/** delayed_tcp.ts in a process of its own: delayed_tcp_process.ts TARGET_PORT MILLISECONDS_EACH_WAY. Tells its parent the port. */
import { serveDelayed } from "./delayed_tcp.ts";

const [target = "0", delay = "0"] = process.argv.slice(2);
process.send?.(await serveDelayed(Number(target), Number(delay)));
process.on("disconnect", () => process.exit(0));
