/** A loopback port whose connections each run through a tunnel session, so that any program can use a device's service. */
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import type { ArrowDevice } from "./arrow_device.ts";
import type { ArrowSession } from "./arrow_session.ts";
import { Code } from "./arrow_wire.ts";

/** Bytes a local connection buffers before its session is held up. */
const BUFFER_BYTES = 262_144;

export interface ExposedService {
	readonly port: number;
	/** Connections open now. */
	readonly connections: ReadonlySet<Socket>;
	/** Stops listening and resets what is open. */
	close(): Promise<void>;
}

/** Joins a local connection and a session until both are over: FIN becomes HUP 0, a reset HUP 3, and the other way round. */
export function join(socket: Socket, session: ArrowSession): void {
	socket.setNoDelay(true);
	let reset = false;
	socket.on("error", () => {
		reset = true;
	});
	socket.on("close", () => session.hangUp(reset ? Code.CONNECTION_ERROR : Code.NO_ERROR));
	session.on("close", () => {
		// Code 0 ends the socket through the pipe, with all its bytes; everything else is an abort.
		if (session.hup !== Code.NO_ERROR && !socket.destroyed && !session.readableEnded) socket.resetAndDestroy();
	});
	forward(session, socket);
	socket.pipe(session);
}

/** As `pipe`, but what one turn of the loop brings goes out in one write. */
function forward(session: ArrowSession, socket: Socket): void {
	let gathering = false;
	session.on("data", (data: Buffer) => {
		if (!gathering) {
			gathering = true;
			socket.cork();
			setImmediate(() => {
				gathering = false;
				socket.uncork();
			});
		}
		if (!socket.write(data)) session.pause();
	});
	session.on("end", () => socket.end());
	socket.on("drain", () => session.resume());
}

/** `find` gives the device at the moment of each connection; without one the connection is reset. */
export async function expose(find: () => ArrowDevice | undefined, service: number, port = 0): Promise<ExposedService> {
	const connections = new Set<Socket>();
	const server = createServer({ allowHalfOpen: true, noDelay: true, highWaterMark: BUFFER_BYTES }, (socket) => {
		connections.add(socket);
		socket.on("close", () => connections.delete(socket));
		const device = find();
		if (device === undefined) {
			socket.on("error", () => undefined);
			socket.resetAndDestroy();
			return;
		}
		join(socket, device.openSession(service));
	});
	await new Promise<void>((resolve, reject) => {
		server.once("error", reject);
		server.listen(port, "127.0.0.1", resolve);
	});
	return {
		port: (server.address() as AddressInfo).port,
		connections,
		close: () =>
			new Promise((resolve) => {
				server.close(() => resolve());
				for (const socket of connections) socket.destroy();
			}),
	};
}
