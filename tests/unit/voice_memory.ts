import type { AudioDecoder, AudioEncoder, AudioSource } from "media/audio/audio";
import { OpusDecoder, OpusEncoder } from "media/audio/opus";
import { padTo } from "media/audio/opus_packet";
import { tone } from "media/audio/samples";
import { Listener, listenerBytes } from "media/voice/listener";
import { OpusReader } from "media/voice/packet_reader";
import { Talker, talkerBytes } from "media/voice/talker";
import type { VoiceSettings } from "media/voice/voice";
import { PacketQueue } from "net/packet_queue";
import type { PacketHandler } from "net/packet_receiver";
import { PacketReceiver } from "net/packet_receiver";
import { Arena } from "storage/arena";
import { PacketPool } from "storage/pool";
import { Allocation } from "unit/allocation";
import type { Check, Suite } from "unit/suite";
import { ClockedSink, Dice, SETTINGS } from "unit/voice_line";

const PACKETS = 100_000;
const PAYLOAD = 504;
const DATAGRAM = 512;
const HEADER = 8;
const FRAME = 20;
const RATE = 8000;

/** Packets of 504 bytes that say nothing but that they are 20 ms of SILK. */
class NoCodec implements AudioDecoder, AudioEncoder {
	#count = 0;
	readonly #view: DataView;
	constructor(arena: Arena) {
		this.#view = arena.view;
	}
	decode(_buffer: ArrayBuffer, _from: number, _length: number, _to: number, limit: number): number {
		return limit < (RATE * FRAME) / 1000 ? -1 : (RATE * FRAME) / 1000;
	}
	conceal(_buffer: ArrayBuffer, _from: number, _length: number, _to: number, samples: number): number {
		return samples;
	}
	encode(_buffer: ArrayBuffer, _from: number, _samples: number, to: number): number {
		this.#view.setUint32(to, 0x08000000);
		this.#view.setUint32(to + 4, this.#count++);
		return 60;
	}
	reset(): void {}
	close(): void {}
}

class ToneSource implements AudioSource {
	lost = 0;
	#phase = 0;
	#pitch = 0.02;
	start(): void {}
	read(buffer: ArrayBuffer, offset: number, samples: number): number {
		this.#pitch = this.#pitch < 0.1 ? this.#pitch * 1.01 : 0.02;
		this.#phase = tone(buffer, offset, samples, this.#phase, this.#pitch, 8000);
		return samples;
	}
	close(): void {}
}

/** A device that hears itself: source, encoder, padding, send queue, a wire that loses one packet in twenty, receiver, jitter buffer, decoder, mixer, sink. */
class Loop implements PacketHandler {
	readonly listener: Listener;
	readonly talker: Talker;
	readonly receiver: PacketReceiver;
	readonly queue: PacketQueue;
	readonly source = 0;
	readonly #arena: Arena;
	readonly #sink = new ClockedSink(RATE, RATE / 5);
	readonly #dice = new Dice(21);
	readonly #wire: number;
	#now = 1000;
	#waiting = 0;

	constructor(codec: boolean) {
		const settings: VoiceSettings = { ...SETTINGS, packetBytes: PAYLOAD, headroom: HEADER + 3, longest: 60 };
		const heard = listenerBytes(settings);
		const pools = heard + talkerBytes(settings);
		this.#arena = new Arena(pools + DATAGRAM * 6);
		this.#wire = pools + DATAGRAM * 5;
		const arena = this.#arena;
		const none = new NoCodec(arena);
		const encoder = codec ? new OpusEncoder({ rate: RATE, frame: FRAME, bitrate: 12_000, complexity: 0 }) : none;
		this.listener = new Listener({
			settings,
			arena,
			offset: 0,
			sink: this.#sink,
			decoders: [codec ? new OpusDecoder(RATE) : none],
			reader: new OpusReader(arena.bytes),
		});
		this.talker = new Talker({ settings, arena, offset: heard, source: new ToneSource(), encoder });
		this.queue = new PacketQueue({ arena, pool: new PacketPool(arena, pools, 4, DATAGRAM), writer: this });
		this.receiver = new PacketReceiver({
			arena,
			pool: new PacketPool(arena, pools + DATAGRAM * 4, 1, DATAGRAM),
			reader: this,
			handler: this,
		});
		this.talker.start(this.#now);
	}

	step(): void {
		this.#now += FRAME;
		const now = this.#now;
		const { talker } = this;
		this.#sink.pass(now);
		talker.deadline = now;
		const length = talker.next(now);
		if (length > 0) {
			const { bytes, view } = this.#arena;
			padTo(bytes, talker.offset, length, PAYLOAD, PAYLOAD);
			view.setUint32(talker.offset - HEADER, 7, true);
			view.setUint32(talker.offset - 4, 0, true);
			this.queue.send(talker.offset - HEADER, DATAGRAM, 0, 0, now);
		}
		this.receiver.drain(now);
		this.listener.play(now);
	}

	write(_buffer: ArrayBuffer, offset: number, length: number): number {
		if (this.#dice.fraction() < 0.05) return length;
		this.#arena.bytes.copyWithin(this.#wire, offset, offset + length);
		this.#waiting = length;
		return length;
	}

	read(_buffer: ArrayBuffer, offset: number): number {
		const length = this.#waiting;
		if (length === 0) return -1;
		this.#waiting = 0;
		this.#arena.bytes.copyWithin(offset, this.#wire, this.#wire + length);
		return length;
	}

	received(block: number, offset: number, length: number, _source: number, now: number): number {
		const { view } = this.#arena;
		const speaker = this.listener.speaker(view.getUint32(offset, true), view.getUint32(offset + 4, true), now);
		this.listener.receive(speaker, offset + HEADER, length - HEADER, now, -1, -1);
		return block;
	}
}

function free(check: Check, codec: boolean): void {
	const loop = new Loop(codec);
	const allocation = new Allocation();
	for (let i = 0; i < 200; i++) loop.step();
	allocation.begin();
	for (let i = 0; i < PACKETS; i++) loop.step();
	check.equal(allocation.spent(), "");
	const { counters } = loop.listener.speakers[0].jitter;
	check.equal(loop.talker.packets, PACKETS + 200);
	check.equal(loop.listener.speakers[0].damaged, 0);
	check.ok(counters.played > PACKETS * 0.94, `${counters.played} played`);
	check.ok(counters.lost > PACKETS * 0.045 && counters.lost < PACKETS * 0.055, `${counters.lost} lost`);
}

export default function (suite: Suite): void {
	suite.longTest(
		"KV-22 voice: source to wire to sink, 100,000 packets without codec: 0 slots, 0 chunk bytes, 0 collections",
		(check) => free(check, false),
	);
	suite.longTest(
		"KV-22 voice: source to wire to sink, 100,000 packets through Opus: 0 slots, 0 chunk bytes, 0 collections",
		(check) => free(check, true),
	);
}
