/**
 * An Arrow service in a process of its own, to be killed in mid-stream: service_process.ts PORT CHAIN KEY.
 * Opens a session to the device's TCP service and reads without end. Sends the parent "up" when the device is established,
 * "flowing" once a megabyte came, and each violation.
 */
import { ArrowService } from "../peers/arrow_service.ts";
import { ServiceType } from "../peers/arrow_table.ts";

const FLOWING_BYTES = 1_000_000;
const [port = "0", chain = "", key = ""] = process.argv.slice(2);
const service = new ArrowService({ certificate: { chain, key } });
service.on("violation", (violation: { text: string }) => process.send?.(violation.text));
await service.listen(Number(port));
const device = await service.waitForDevice(undefined, 30_000);
process.send?.("up");
const session = device.openSession(device.service(ServiceType.TCP).id);
session.on("data", () => {
	if (session.bytesIn >= FLOWING_BYTES) process.send?.("flowing");
});
process.on("disconnect", () => process.exit(0));
