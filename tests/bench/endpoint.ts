/**
 * What stands behind the tunnels, in a process of its own: says its port to the parent. A connection sends one letter and, for D and U,
 * a length of 8 bytes: D gets that many bytes, U sends that many and gets one byte when all came, E gets back what it sends.
 * Each message of the parent is answered by the number of bytes that came by U in all.
 */
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { pump } from "./pump.ts";

let uploaded = 0;

function upload(socket: Socket, length: number, first: number): void {
	let left = length - first;
	const take = (count: number): void => {
		uploaded += count;
		left -= count;
		if (left === 0) socket.write("k");
	};
	socket.on("data", (data: Buffer) => take(data.length));
	uploaded += first;
	take(0);
}

const server = createServer({ noDelay: true }, (socket) => {
	socket.on("error", () => undefined);
	let head = Buffer.alloc(0);
	const read = (data: Buffer): void => {
		head = Buffer.concat([head, data]);
		const letter = head.toString("latin1", 0, 1);
		if (letter !== "E" && head.length < 9) return;
		socket.off("data", read);
		if (letter === "E") {
			socket.write(head.subarray(1));
			socket.pipe(socket);
			return;
		}
		const length = Number(head.readBigUInt64BE(1));
		if (letter === "D") pump(socket.resume(), length);
		else upload(socket, length, head.length - 9);
	};
	socket.on("data", read);
});
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
process.on("message", () => process.send?.(uploaded));
process.on("disconnect", () => process.exit(0));
