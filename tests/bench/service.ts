/** The Arrow service in a process of its own: says its port, then the port that leads to the device's only service. */
import { ArrowService } from "../peers/arrow_service.ts";

const [chain = "", key = ""] = process.argv.slice(2);
const service = new ArrowService({ certificate: { chain, key } });
process.send?.(await service.listen());
const device = await service.waitForDevice(undefined, 20_000);
const [record] = device.services;
if (record === undefined) throw new Error("the device shows no service");
const exposed = await service.expose(device, record.id);
process.send?.(exposed.port);
process.on("disconnect", () => process.exit(0));
