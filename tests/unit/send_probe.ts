import { SendQueue } from "arcrtc/send_queue";
import { exit, print } from "host/host";
import { Datagram } from "net/datagram";
import { Arena } from "storage/arena";
import { PacketPool } from "storage/pool";
import { monotonic } from "time/clock";

const PACKETS = 8;
const SIZE = 200;
const ROUNDS = 20_000;
/** Priorities of the packets that are sent, alone and then as a frame. */
const ORDER = Object.freeze([0, 1, 2, 3]);

/** One packet of each priority, alone, then the same as a frame, to a port of this machine. Each holds its priority. */
function marked(arena: Arena, address: string, port: number): void {
	const socket = new Datagram({ address: address === "127.0.0.1" ? address : "::" });
	const queue = new SendQueue({ arena, pool: new PacketPool(arena, 0, 2, SIZE), writer: socket });
	const peer = socket.peer(address, port);
	for (let frame = 0; frame < 2; frame++) {
		if (frame === 1) queue.begin();
		for (let i = 0; i < ORDER.length; i++) {
			const offset = (2 + i) * SIZE;
			arena.bytes[offset] = ORDER[i] as number;
			queue.give(offset, 10, peer, ORDER[i] as number, 0, true, 0);
		}
		if (frame === 1) queue.end(0);
	}
	socket.close();
}

/** Microseconds of a packet of 200 bytes: as ever, with class 0, with a class, eight at a time, eight with a class. */
function cost(arena: Arena, port: number): void {
	const { buffer } = arena;
	const socket = new Datagram({ address: "127.0.0.1" });
	const peer = socket.peer("127.0.0.1", port);
	const table = new Int32Array(PACKETS * 4);
	for (let i = 0; i < PACKETS; i++) table.set([i * SIZE, SIZE, peer, 0], i * 4);
	let line = "";
	for (let kind = 0; kind < 5; kind++) {
		if (kind === 4) for (let i = 0; i < PACKETS; i++) table[i * 4 + 3] = 184;
		const began = monotonic();
		for (let i = 0; i < ROUNDS; i++) {
			if (kind >= 3) socket.writeMany(buffer, table.buffer as ArrayBuffer, PACKETS);
			else
				for (let j = 0; j < PACKETS; j++) {
					if (kind === 0) socket.write(buffer, j * SIZE, SIZE, peer);
					else socket.write(buffer, j * SIZE, SIZE, peer, kind === 1 ? 0 : 184);
				}
		}
		line += `${(((monotonic() - began) * 1000) / (ROUNDS * PACKETS)).toFixed(3)} `;
	}
	print(line);
	socket.close();
}

/** Programs that send datagrams: `send-marked` and `send-cost`, to a port. @returns false when there is no such program. */
export function runSendProbe(name: string | undefined, port: number): boolean {
	const arena = new Arena(PACKETS * SIZE);
	if (name === "send-marked") {
		marked(arena, "127.0.0.1", port);
		marked(arena, "::1", port);
	} else if (name === "send-cost") cost(arena, port);
	else return false;
	exit(0);
	return true;
}
