import {
	AUTH_AEAD,
	DATAGRAM_LIMIT,
	HEADROOM,
	MATERIAL_BYTES,
	PRIORITY_DELTA,
	SUITE_AES_128_GCM,
	TAILROOM,
} from "arcrtc/constants";
import { DropCounters } from "arcrtc/counters";
import { OPEN_HEADROOM } from "arcrtc/held_packets";
import { Opener, openerBytes } from "arcrtc/opener";
import { CIPHER_SCRATCH } from "arcrtc/packet_cipher";
import { ReceiveKeys } from "arcrtc/receive_keys";
import { Sealer, sealerBytes } from "arcrtc/sealer";
import { SendKeys } from "arcrtc/send_keys";
import type { SendStream } from "arcrtc/send_stream";
import { UsedSources } from "arcrtc/used_sources";
import { args, exit, print } from "host/host";
import { Datagram } from "net/datagram";
import type { PacketHandler } from "net/packet_receiver";
import { PacketReceiver } from "net/packet_receiver";
import { Arena } from "storage/arena";
import { PacketPool } from "storage/pool";
import { monotonic } from "time/clock";
import Timer from "time/timer";
import { Allocation } from "unit/allocation";

/**
 * Programs of `npm run bench -- arcrtp`, one process each, packets of so many bytes of payload under AES-128-GCM; the form is `full`
 * or `reduced`.
 *
 *   arcrtp-send BYTES SECONDS PORT FORM    seals packets and sends them to a port of this machine
 *   arcrtp-load BYTES PORT FORM            the same until it is killed
 *   arcrtp-receive BYTES SECONDS FORM      reads and opens what `arcrtp-load` sends; prints "port N"
 *   arcrtp-work BYTES COUNT FORM           no network: prints nanoseconds of one packet sealed, and opened
 *
 * `arcrtp-send` and `arcrtp-receive` print "begin", "count N" (packets), "garbage ..", "end".
 */

const BURST = 32;
const BLOCK = 1280;
const SSRC = 12345678;
const TYPE = 96;
/** Payload goes here. */
const AT = 64;
const STATE = AT + DATAGRAM_LIMIT + TAILROOM + 8;
/** Packets before the measurement. */
const WARM = 1000;

function material(): ArrayBuffer {
	const keys = new Uint8Array(MATERIAL_BYTES);
	for (let i = 0; i < MATERIAL_BYTES; i++) keys[i] = i + 1;
	return keys.buffer;
}

/** Makes packets of one stream, a millisecond apart. */
class Maker {
	readonly arena: Arena;
	readonly sealer: Sealer;
	readonly #stream: SendStream;
	readonly #bytes: number;
	#timestamp = 0;
	#now = 0;

	constructor(bytes: number, form: string) {
		this.arena = new Arena(STATE + CIPHER_SCRATCH + sealerBytes(1));
		this.#bytes = bytes;
		this.sealer = new Sealer({
			arena: this.arena,
			offset: STATE + CIPHER_SCRATCH,
			streams: 1,
			sources: new UsedSources(1),
		});
		const keys = new SendKeys(this.arena, STATE, SUITE_AES_128_GCM, AUTH_AEAD);
		keys.install(material(), 0, 0);
		const tsu = form === "reduced" ? 90 : 0;
		this.#stream = this.sealer.add({
			keys,
			ssrc: SSRC,
			payloadType: TYPE,
			clock: 90000,
			video: true,
			tsu,
			sendTime: 0,
		}) as SendStream;
	}

	/** @returns bytes of the next packet, at `sealer.start`. */
	next(): number {
		this.#now++;
		this.#timestamp = (this.#timestamp + 90) >>> 0;
		return this.sealer.seal(this.#stream, AT, this.#bytes, this.#timestamp, false, PRIORITY_DELTA, this.#now, -1);
	}
}

/** Opens packets of it as they come. */
class Taker implements PacketHandler {
	readonly opener: Opener;
	packets = 0;
	refused = 0;
	#now = 0;

	constructor(arena: Arena, offset: number) {
		this.opener = new Opener({
			arena,
			offset: offset + CIPHER_SCRATCH,
			streams: 1,
			sources: new UsedSources(1),
			counters: new DropCounters(),
			replayWindow: 128,
		});
		const keys = new ReceiveKeys(arena, offset, SUITE_AES_128_GCM, AUTH_AEAD);
		this.opener.install(keys, material(), 0);
		this.opener.add({ keys, ssrc: SSRC, payloadTypes: [TYPE], clock: 90000, video: true });
	}

	received(block: number, offset: number, length: number, _source: number, _now: number): number {
		this.#now++;
		if (this.opener.open(offset, length, this.#now) < 0) this.refused++;
		else this.packets++;
		return block;
	}
}

/** Prints figures of `seconds` once `count` grew past the first packets. */
function measure(seconds: number, count: () => number): void {
	const allocation = new Allocation();
	let begun = 0;
	let ended = false;
	const timer = new Timer({
		onTimer(): void {
			if (ended) {
				exit(0);
				return;
			}
			if (begun === 0 && count() < WARM) timer.schedule(50);
			else if (begun === 0) {
				begun = count();
				allocation.begin();
				print("begin");
				timer.schedule(seconds * 1000);
			} else {
				const garbage = allocation.spent();
				ended = true;
				print(`count ${count() - begun}`);
				print(`garbage ${garbage === "" ? "none" : garbage}`);
				print("end");
				// Whoever measures the process looks now.
				timer.schedule(100);
			}
		},
	});
	timer.schedule(50);
}

/** Sends bursts, one in each turn of the loop. @returns packets sent so far. */
function send(bytes: number, port: number, form: string): () => number {
	const maker = new Maker(bytes, form);
	const { arena, sealer } = maker;
	const { buffer } = arena;
	const socket = new Datagram({ address: "127.0.0.1" });
	const peer = socket.peer("127.0.0.1", port);
	let sent = 0;
	socket.want(0);
	const timer = new Timer({
		onTimer(): void {
			for (let i = 0; i < BURST; i++) {
				const length = maker.next();
				socket.write(buffer, sealer.start, length, peer);
			}
			sent += BURST;
			timer.schedule(0);
		},
	});
	timer.schedule(0);
	return () => sent;
}

function receive(seconds: number): void {
	const pools = BURST * BLOCK;
	const arena = new Arena(pools + CIPHER_SCRATCH + openerBytes(1));
	const taker = new Taker(arena, pools);
	const pool = new PacketPool(arena, 0, BURST, BLOCK);
	const socket = new Datagram({
		address: "127.0.0.1",
		peers: BURST + 2,
		receiveBuffer: 1 << 20,
		onReadable: () => {
			receiver.drain(monotonic());
		},
	});
	const receiver = new PacketReceiver({ arena, pool, headroom: OPEN_HEADROOM, reader: socket, handler: taker, ahead: BURST });
	print(`port ${socket.port}`);
	measure(seconds, () => taker.packets);
}

function work(bytes: number, count: number, form: string): void {
	const allocation = new Allocation();
	const maker = new Maker(bytes, form);
	for (let i = 0; i < WARM; i++) maker.next();
	allocation.begin();
	const from = monotonic();
	for (let i = 0; i < count; i++) maker.next();
	const sealed = monotonic();
	const garbage = allocation.spent();
	const both = new Maker(bytes, form);
	const { bytes: source } = both.arena;
	// Packets of a burst are kept, then opened: only the opening is measured.
	let opening = 0;
	const room = new Arena(BURST * BLOCK + CIPHER_SCRATCH + openerBytes(1));
	const reader = new Taker(room, BURST * BLOCK);
	const lengths = new Int32Array(BURST);
	for (let done = 0; done < count; done += BURST) {
		for (let i = 0; i < BURST; i++) {
			const length = both.next();
			lengths[i] = length;
			room.bytes.set(source.subarray(both.sealer.start, both.sealer.start + length), i * BLOCK + HEADROOM);
		}
		const begin = monotonic();
		for (let i = 0; i < BURST; i++) reader.received(0, i * BLOCK + HEADROOM, lengths[i], 0, 0);
		opening += monotonic() - begin;
	}
	print(`seal ${(((sealed - from) * 1e6) / count).toFixed(0)}`);
	print(`open ${((opening * 1e6) / count).toFixed(0)}`);
	print(`refused ${reader.refused}`);
	print(`garbage ${garbage === "" ? "none" : garbage}`);
	exit(0);
}

/** @returns false when there is no such program. */
export function runArcrtpBench(name: string): boolean {
	const words = args();
	const bytes = Number(words[2]);
	if (name === "arcrtp-send") {
		const count = send(bytes, Number(words[4]), words[5] ?? "full");
		measure(Number(words[3]), count);
	} else if (name === "arcrtp-load") send(bytes, Number(words[3]), words[4] ?? "full");
	else if (name === "arcrtp-receive") receive(Number(words[3]));
	else if (name === "arcrtp-work") work(bytes, Number(words[3]), words[4] ?? "full");
	else return false;
	return true;
}
