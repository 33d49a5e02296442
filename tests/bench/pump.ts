import type { Socket } from "node:net";

const chunk = Buffer.alloc(262_144, 0x5a);

/** Writes `length` bytes as fast as the socket takes them. */
export function pump(socket: Socket, length: number): void {
	let left = length;
	const write = (): void => {
		while (left > 0) {
			const piece = left < chunk.length ? chunk.subarray(0, left) : chunk;
			left -= piece.length;
			if (!socket.write(piece)) return;
		}
	};
	socket.on("drain", write);
	write();
}
