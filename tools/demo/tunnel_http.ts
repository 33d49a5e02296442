/** HTTP requests to a device's services, each over a tunnel session of its own. */
import { request } from "node:http";
import type { IncomingMessage } from "node:http";
import type { ArrowDevice } from "../../tests/peers/arrow_device.ts";

const TIMEOUT_MS = 5_000;
const BODY_LIMIT = 4 * 1024 * 1024;

/** The answer's head; its body is read by the caller, who ends the session by `response.destroy()`. */
export function tunnelRequest(device: ArrowDevice, service: number, path: string): Promise<IncomingMessage> {
	return new Promise((resolve, reject) => {
		const session = device.openSession(service);
		const outgoing = request(
			{ path, headers: { host: "camera", connection: "close" }, createConnection: () => session },
			(response) => {
				clearTimeout(timer);
				response.once("close", () => session.hangUp());
				response.on("error", () => undefined);
				resolve(response);
			},
		);
		const timer = setTimeout(() => session.destroy(new Error(`no answer to ${path} within ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
		outgoing.once("error", (error) => {
			clearTimeout(timer);
			session.destroy();
			reject(error);
		});
		outgoing.end();
	});
}

/** The whole body of a small answer. */
export async function tunnelFetch(device: ArrowDevice, service: number, path: string): Promise<Buffer> {
	const response = await tunnelRequest(device, service, path);
	if (response.statusCode !== 200) {
		response.destroy();
		throw new Error(`${path}: status ${response.statusCode}`);
	}
	const parts: Buffer[] = [];
	let length = 0;
	for await (const part of response) {
		length += (part as Buffer).length;
		if (length > BODY_LIMIT) throw new Error(`${path}: more than ${BODY_LIMIT} bytes`);
		parts.push(part as Buffer);
	}
	return Buffer.concat(parts);
}
