import { AUTH_AEAD, HEADROOM, SUITE_AES_128_GCM } from "arcrtc/constants";
import type { JitterBuffer } from "arcrtc/jitter_buffer";
import type { MediaPacket } from "arcrtc/media_packet";
import { type MediaOwner, MediaSession } from "arcrtc/media_session";
import { type MediaShape, planMedia } from "arcrtc/media_shape";
import { CIPHER_SCRATCH, NONCE_BYTES, PacketCipher } from "arcrtc/packet_cipher";
import { material } from "conformance/arcrtc/material";
import type { Block, Fuzzer } from "fuzz/fuzzer";
import { Numbers } from "fuzz/numbers";
import type { DatagramWriter } from "net/packet_queue";
import type { Arena } from "storage/arena";
import { MemoryPlan } from "storage/plan";

const FULL = 0;
const REDUCED = 1;
const CONTROL = 2;
const ROUNDS = 800;
const MOST_PACKETS = 8;
/** After so many turns at one time nothing may be due any more. */
const MOST_TURNS = 64;
const REORDER = 32;
const WAITING = 8;
const SSRCS = Object.freeze([11, 12, 13]);
const OWN = Object.freeze([1, 2, 3]);
const TYPES = Object.freeze([111, 96, 127]);
const SHAPE: MediaShape = Object.freeze({
	sendsAudio: true,
	sendsVideo: true,
	receivesAudio: true,
	receivesVideo: true,
	nack: true,
	fec: true,
	videoRate: 1000,
	burst: 4,
	reorder: REORDER,
	waiting: WAITING,
	replayWindow: 128,
});

/**
 * A peer that has the keys and keeps no rule: packets that authenticate, with headers, payloads, parity and control of any content. Nothing
 * is thrown, nothing grows, everything has an end.
 */
export class ArcRTCPeerFuzzer implements Fuzzer {
	readonly name = "arcrtc-peer";
	readonly states = Object.freeze(["full headers", "reduced headers", "control"]);
	readonly share = 200000;
	readonly kept: readonly number[] = Object.freeze([]);

	block(seed: number): Block {
		const run = new Run(seed);
		for (let round = 0; round < ROUNDS && run.fault === ""; round++) {
			run.round();
			if (run.fault !== "") run.fault = "round " + round + ": " + run.fault;
		}
		if (run.fault === "" && run.opened < ROUNDS / 2)
			run.fault = run.opened + " packets were handed out, too few to show anything";
		run.close();
		return { messages: run.messages, fault: run.fault };
	}
}

/** A session and the numbers that decide what its peer does. */
class Run implements MediaOwner, DatagramWriter {
	readonly messages = new Int32Array(3);
	fault = "";
	readonly #numbers: Numbers;
	readonly #arena: Arena;
	readonly #session: MediaSession;
	readonly #cipher: PacketCipher;
	readonly #nonce: number;
	readonly #at: number;
	readonly #sound: number;
	readonly #sequences = new Int32Array(3);
	readonly #timestamps = new Uint32Array(3);
	readonly #rocs = new Int32Array(3);
	#index = 0;
	#ticks = 0;
	#now = 1000;
	/** The host takes nothing. */
	#stuck = false;
	/** Packets that were handed out. */
	opened = 0;

	constructor(seed: number) {
		const plan = new MemoryPlan();
		planMedia(plan, SHAPE);
		plan.reserve("packet", 2048, "");
		plan.reserve("sound", 512, "");
		plan.reserve("cipher", CIPHER_SCRATCH, "");
		plan.reserve("nonce", NONCE_BYTES, "");
		const arena = plan.allocate();
		this.#arena = arena;
		this.#numbers = new Numbers(seed);
		this.#session = new MediaSession({
			shape: SHAPE,
			plan,
			suite: SUITE_AES_128_GCM,
			auth: AUTH_AEAD,
			writer: this,
			owner: this,
			ssrc: 0xcafe,
		});
		this.#cipher = new PacketCipher(arena, plan.offset("cipher"), SUITE_AES_128_GCM, AUTH_AEAD);
		this.#cipher.setKeys(material(1), 0);
		this.#nonce = plan.offset("nonce");
		this.#at = plan.offset("packet") + 64;
		this.#sound = plan.offset("sound") + HEADROOM;
		const sound = { payloadType: TYPES[0], clock: 48000 };
		const sent = this.#session.send(
			{
				audio: { ssrc: OWN[0], ...sound, unit: 960 },
				video: { ssrc: OWN[1], payloadType: TYPES[1] },
				fec: { ssrc: OWN[2], payloadType: TYPES[2] },
				reduced: true,
				reducedVideo: true,
				nack: true,
			},
			material(2),
			0,
			this.#now,
		);
		const received = this.#session.receive(
			{
				audio: { ssrc: SSRCS[0], ...sound },
				video: { ssrc: SSRCS[1], payloadType: TYPES[1] },
				fec: { ssrc: SSRCS[2], payloadType: TYPES[2] },
				nack: true,
			},
			material(1),
			0,
		);
		if (!sent || received === undefined) throw new Error("fuzz: no session");
	}

	close(): void {
		this.#cipher.close();
		this.#session.close();
	}

	write(_buffer: ArrayBuffer, offset: number, length: number): number {
		if (offset < 0 || length < 1 || length > 1200 || offset + length > this.#arena.buffer.byteLength)
			this.fault = "sends " + length + " bytes at " + offset;
		return this.#stuck ? -2 : length;
	}

	heard(packet: MediaPacket): void {
		this.#look(packet.payload, packet.payloadLength);
	}

	seen(jitter: JitterBuffer): void {
		this.#look(jitter.offset, jitter.length);
		if (jitter.lost < 0) this.fault = jitter.lost + " lost";
	}

	keyFrameWanted(): void {}

	qualityWanted(level: number): void {
		if (level < 0 || level > 4) this.fault = "level " + level;
	}

	round(): void {
		const numbers = this.#numbers;
		const step = numbers.below(40);
		this.#now += step === 0 ? numbers.below(5000) : step === 1 ? 1000000 * numbers.below(5000) : step;
		this.#stuck = numbers.below(6) === 0;
		const count = numbers.below(MOST_PACKETS);
		for (let i = 0; i < count && this.fault === ""; i++) this.#packet();
		this.#ticks += 960;
		if (numbers.below(2) === 0) this.#session.outgoing.sendAudio(this.#sound, 60, this.#ticks >>> 0, this.#now, this.#now);
		this.#rest();
	}

	#look(offset: number, length: number): void {
		this.opened++;
		if (offset < 0 || length < 0 || offset + length > this.#arena.buffer.byteLength) this.fault = length + " bytes at " + offset;
	}

	/** Until nothing is due. */
	#rest(): void {
		const session = this.#session;
		let turns = 0;
		do session.turn(this.#now, 1767225600000 + this.#now);
		while (++turns < MOST_TURNS && session.deadline(this.#now) <= this.#now);
		if (turns === MOST_TURNS) this.fault = "something is due for ever, at " + session.deadline(this.#now) + " of " + this.#now;
		const { jitter } = session.incoming;
		if (jitter !== undefined && jitter.held > REORDER) this.fault = jitter.held + " packets held";
		if (session.queue.waiting > WAITING) this.fault = session.queue.waiting + " packets wait";
	}

	#packet(): void {
		const kind = this.#numbers.below(8);
		if (kind < 4) this.#full();
		else if (kind < 6) this.#reduced();
		else this.#control();
	}

	/** Mostly the next sequence number of a stream, or any other. */
	#step(stream: number): number {
		const numbers = this.#numbers;
		const chance = numbers.below(20);
		let step = 1;
		if (chance === 0) step = numbers.below(30000);
		else if (chance < 4) step = 1 + numbers.below(12);
		else if (chance < 6) return (this.#sequences[stream] - numbers.below(40)) & 0xffff;
		const next = this.#sequences[stream] + step;
		if (next > 0xffff) this.#rocs[stream]++;
		this.#sequences[stream] = next & 0xffff;
		const time = numbers.below(12);
		this.#timestamps[stream] += time === 0 ? numbers.below(0x7fffffff) : time < 5 ? 0 : 90 * numbers.below(100);
		return next & 0xffff;
	}

	/** Seals what lies between the header's start and `end`, and offers it. */
	#offer(start: number, payload: number, length: number, aad: number, stream: number, sequence: number): void {
		const roc = this.#rocs[stream];
		const cipher = this.#cipher;
		cipher.prepareNonce(this.#nonce, SSRCS[stream], roc);
		this.#arena.view.setUint16(this.#nonce + 10, sequence ^ cipher.saltTail);
		const sealed = cipher.seal(this.#nonce, aad, payload, length, roc);
		this.#session.received(start, payload - start + sealed, this.#now);
	}

	#fill(at: number, length: number): void {
		const { view } = this.#arena;
		const numbers = this.#numbers;
		for (let i = 0; i < length; i += 4) view.setInt32(at + i, numbers.below(0x100000000));
	}

	/** A payload: anything, or parity with any fields. */
	#payload(at: number, stream: number): number {
		const numbers = this.#numbers;
		const { view } = this.#arena;
		const length = numbers.below(numbers.below(4) === 0 ? 1100 : 80);
		this.#fill(at, length);
		if (stream !== 2) return length;
		view.setUint8(at, numbers.below(8) === 0 ? numbers.below(256) : 0x40);
		view.setUint16(at + 2, numbers.below(numbers.below(3) === 0 ? 65536 : 200));
		view.setUint16(at + 8, (this.#sequences[1] - numbers.below(12)) & 0xffff);
		view.setUint8(at + 10, numbers.below(8) === 0 ? numbers.below(256) : 1 + numbers.below(10));
		view.setUint8(at + 11, numbers.below(10) === 0 ? numbers.below(256) : 0);
		return length;
	}

	#full(): void {
		const numbers = this.#numbers;
		const { view } = this.#arena;
		const start = this.#at;
		const stream = numbers.below(3);
		const sequence = this.#step(stream);
		const csrcs = numbers.below(6) === 0 ? numbers.below(16) : stream === 2 ? 1 : 0;
		view.setUint8(start, 0x90 | csrcs | (numbers.below(10) === 0 ? 0x20 : 0));
		view.setUint8(start + 1, TYPES[stream] | (numbers.below(3) === 0 ? 0x80 : 0));
		view.setUint16(start + 2, sequence);
		view.setUint32(start + 4, this.#timestamps[stream]);
		view.setUint32(start + 8, SSRCS[stream]);
		let at = start + 12;
		for (let i = 0; i < csrcs; i++, at += 4) view.setUint32(at, SSRCS[1]);
		const word = 0xa000 | numbers.below(0x1000);
		const words = numbers.below(12) === 0 ? numbers.below(20) : (word & 0x40 ? 2 : 0) + (word & 0x20 ? 1 : 0);
		view.setUint16(at, word & ~0x80);
		view.setUint16(at + 2, words);
		at += 4;
		this.#fill(at, 4 * words);
		if (word & 0x20 && words > 0) {
			// Mostly the right rollover bits, so that it opens.
			const context = at + 4 * words - 4;
			view.setUint8(context, (numbers.below(8) << 5) | ((this.#rocs[stream] & 15) << 1) | numbers.below(2));
			if (numbers.below(2) === 0) view.setUint16(context + 2, stream === 0 ? 960 : 90);
		}
		at += 4 * words;
		this.messages[FULL]++;
		this.#offer(start, at, this.#payload(at, stream), start, stream, sequence);
	}

	/** Authentic only when the context is what it would have to be: the timestamp is that of the count. */
	#reduced(): void {
		const numbers = this.#numbers;
		const { view } = this.#arena;
		const stream = numbers.below(2);
		const sequence = this.#step(stream);
		const start = this.#at + 12;
		view.setUint16(this.#at, 0x8000 | TYPES[stream]);
		view.setUint16(this.#at + 2, sequence);
		view.setUint32(this.#at + 4, this.#timestamps[stream]);
		view.setUint32(this.#at + 8, SSRCS[stream]);
		view.setUint16(start, 0xc000 | (numbers.below(8) << 11) | (this.#session.opener.streams[stream].tsl & 511));
		view.setUint16(start + 2, sequence);
		this.messages[REDUCED]++;
		this.#offer(start, start + 4, this.#payload(start + 4, stream), this.#at, stream, sequence);
	}

	/** Packets of RTCP of any fields, signed: about our streams, the peer's, nobody's. */
	#control(): void {
		const numbers = this.#numbers;
		const { view, buffer } = this.#arena;
		const start = this.#at;
		let at = start;
		const packets = 1 + numbers.below(3);
		const cipher = this.#cipher;
		for (let i = 0; i < packets; i++) {
			const words = 1 + numbers.below(numbers.below(5) === 0 ? 60 : 8);
			this.#fill(at, 4 + 4 * words);
			view.setUint8(at, 0x80 | (numbers.below(3) === 0 ? numbers.below(64) : 1 + numbers.below(2)));
			view.setUint8(at + 1, numbers.below(6) === 0 ? 192 + numbers.below(32) : 200 + numbers.below(7));
			view.setUint16(at + 2, numbers.below(15) === 0 ? numbers.below(100) : words);
			view.setUint32(at + 4, SSRCS[numbers.below(3)]);
			if (words > 1)
				view.setUint32(at + 8, numbers.below(4) === 0 ? 0x41524358 : numbers.below(2) === 0 ? OWN[numbers.below(3)] : SSRCS[0]);
			at += 4 + 4 * words;
		}
		this.#index += 1 + (numbers.below(10) === 0 ? numbers.below(100) : 0);
		view.setUint32(at, this.#index);
		// Signed by the keys of the peer's streams, or of ours, which it knows too.
		const auth = numbers.below(3) === 0 ? cipher.auth : this.#session.sendKeys.auth;
		auth.sign(buffer, start, at + 4 - start, buffer, at + 4);
		this.messages[CONTROL]++;
		this.#session.received(start, at + 14 - start, this.#now);
	}
}
