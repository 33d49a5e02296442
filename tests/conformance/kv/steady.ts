import { bytesOf, system, voice } from "conformance/kv/packets";
import { Counter, collectGarbage, readCounters } from "host/host";
import type { KVIO } from "kv/io";
import { Endpoint, planEndpoint } from "kv/endpoint";
import { settingsOf } from "kv/options";
import type { Voice } from "media/voice/voice";
import type { Datagram, DatagramOptions } from "net/datagram";
import type { Stream, StreamOptions } from "net/stream";
import { MemoryPlan } from "storage/plan";
import type { Suite } from "unit/suite";

const PACKETS = 100000;
const BATCH = 25;
const SIZE = 512;
const FRAME = 60;

/** A socket that brings the same datagrams again and again, without a cost of its own. */
class LoopDatagram implements Datagram {
	source = 0;
	port = 1;
	truncated = 0;
	errors = 0;
	left = 0;
	sent = 0;
	readonly onReadable: () => void;
	readonly #from = new Uint8Array(4 * SIZE);
	#view: Uint8Array | undefined;
	#turn = 0;

	constructor(options: DatagramOptions) {
		const call = options.onReadable as (this: Datagram) => void;
		this.onReadable = () => call.call(this);
		const packets = [
			voice("8000000000000009", "0b41fff4aabb"),
			voice("000000000000000a", "08aabb"),
			voice("8000000000000001", "08"),
			system(4, "8000000000000001").slice(0, 40) + "00".repeat(492),
		];
		for (let i = 0; i < packets.length; i++) {
			const bytes = bytesOf(packets[i]);
			for (let j = 0; j < SIZE; j++) this.#from[i * SIZE + j] = bytes[j];
		}
	}

	/** The buffer that is read into, known beforehand: a view costs. */
	prepare(buffer: ArrayBuffer): void {
		this.#view = new Uint8Array(buffer);
	}

	/** KV reads one by one. */
	readMany(): number {
		return -1;
	}

	read(_buffer: ArrayBuffer, offset: number, _length: number): number {
		if (this.left === 0) return -1;
		this.left--;
		const start = SIZE * (this.#turn++ & 3);
		const view = this.#view as Uint8Array;
		const from = this.#from;
		for (let i = 0; i < 24; i++) view[offset + i] = from[start + i];
		return SIZE;
	}

	/** KV sends one by one. */
	writeMany(): number {
		return -1;
	}

	write(_buffer: ArrayBuffer, _offset: number, length: number, _peer: number): number {
		this.sent++;
		return length;
	}

	peer(): number {
		return 0;
	}

	forget(): void {}

	peerAddress(): string {
		return "";
	}

	peerPort(): number {
		return 0;
	}

	want(): void {}

	close(): void {}
}

/** Counts what it hears. */
class CountingVoice implements Voice {
	talking = true;
	listening = false;
	packets = 0;

	attach(): void {}

	speaker(low: number, _high: number, _now: number): number {
		return low & 1;
	}

	receive(_speaker: number, _offset: number, _length: number, _now: number, _sequence: number, _timestamp: number): void {
		this.packets++;
	}

	forget(): void {}

	forgetAll(): void {}

	writeFigures(): void {}
}

/** What is measured, without anything of the test in it that would allocate. */
function carry(
	endpoint: Endpoint,
	socket: LoopDatagram,
	bytes: Uint8Array,
	at: number,
	clock: { now: number },
	packets: number,
): void {
	const { session } = endpoint.channels[0];
	for (let i = 0; i < packets; i += BATCH) {
		clock.now += 50;
		socket.left = BATCH;
		socket.onReadable();
		// Framing has made another packet of it, where it lies.
		bytes[at] = 8;
		endpoint.sendVoice(at, FRAME, i & 0xffff, i, clock.now);
		if (clock.now >= session.deadline) session.tick(clock.now);
	}
}

export default function steady(suite: Suite): void {
	suite.longTest("KV-22 100,000 datagrams in, voice out, KEEPALIVEs: 0 slots, 0 chunk bytes, 0 collections", (check) => {
		const clock = { now: 1000 };
		let socket: LoopDatagram | undefined;
		const noStream = class {
			opened = false;
			connect(): number {
				return 0;
			}
			close(): void {}
		} as unknown as new (
			options: StreamOptions,
		) => Stream;
		const io: KVIO = {
			Stream: noStream,
			Datagram: class extends LoopDatagram {
				constructor(options: DatagramOptions) {
					super(options);
					socket = this;
				}
			},
			Resolver: class {
				error = "";
				readonly addresses = "";
				resolve(): void {}
				cancel(): void {}
				close(): void {}
			},
			Timer: class {
				schedule(): void {}
				cancel(): void {}
				close(): void {}
			},
			monotonic: () => clock.now,
		};
		// A day between looks at the list: they are another test's.
		const day = 86400000;
		const settings = settingsOf(
			{ server: "192.0.2.1", channel: "7", uid: "0x8000000000000001", switches: { padding: "sequence" } },
			{ check: day, silence: day },
		);
		const plan = new MemoryPlan();
		planEndpoint(plan, settings);
		plan.reserve("test", 600, "");
		const heard = new CountingVoice();
		const endpoint = new Endpoint({ settings, io, plan, voice: heard, log: { log() {} }, random: { fraction: () => 0.5 } });
		const { session } = endpoint.channels[0];
		const loop = socket as unknown as LoopDatagram;
		loop.prepare(plan.allocate().buffer);
		session.start(clock.now);
		session.poll(clock.now);
		session.request.result = 1;
		session.request.port = 50190;
		session.answered(clock.now);
		check.ok(session.joined, "joined");
		const at = plan.offset("test") + 16;
		const { bytes } = plan.allocate();
		const before = new Int32Array(Counter.COUNT);
		const after = new Int32Array(Counter.COUNT);
		carry(endpoint, loop, bytes, at, clock, 2000);
		collectGarbage();
		readCounters(before);
		readCounters(before);
		const start = heard.packets;
		carry(endpoint, loop, bytes, at, clock, PACKETS);
		readCounters(after);
		check.equal(heard.packets - start, PACKETS / 2, "half of them are voice of others");
		check.ok(session.counters.systemOut > 2, "KEEPALIVEs are in it: " + session.counters.systemOut);
		check.ok(
			session.counters.ownPackets > PACKETS / 5 && session.counters.wrongChecksum > PACKETS / 5,
			"bad ones are in it: " + session.counters.ownPackets + " " + session.counters.wrongChecksum,
		);
		check.ok(loop.sent > PACKETS / BATCH);
		check.equal(after[Counter.SLOTS] - before[Counter.SLOTS], 0, "slots");
		check.equal(after[Counter.CHUNKS] - before[Counter.CHUNKS], 0, "chunk bytes");
		check.equal(after[Counter.COLLECTIONS] - before[Counter.COLLECTIONS], 0, "collections");
	});
}
