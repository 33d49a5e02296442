import {
	AUTH_AEAD,
	AUTH_AEAD_HMAC80,
	PRIORITY_AUDIO,
	PRIORITY_DELTA,
	PRIORITY_KEY,
	SUITE_AES_128_GCM,
	SUITE_CHACHA20_POLY1305,
} from "arcrtc/constants";
import { DropCounters } from "arcrtc/counters";
import { EVENT_CONTEXT_ACK, EVENT_CONTEXT_NACK, EVENT_NONE } from "arcrtc/control_events";
import { CONTROL_ROOM, Feedback } from "arcrtc/feedback";
import { OPEN_UNKNOWN, Opener, openerBytes } from "arcrtc/opener";
import { CIPHER_SCRATCH } from "arcrtc/packet_cipher";
import { ReceiveKeys } from "arcrtc/receive_keys";
import { Sealer, sealerBytes } from "arcrtc/sealer";
import { SendKeys } from "arcrtc/send_keys";
import type { SendStream } from "arcrtc/send_stream";
import { UsedSources } from "arcrtc/used_sources";
import { material } from "conformance/arcrtc/material";
import type { Block, Fuzzer } from "fuzz/fuzzer";
import { Numbers } from "fuzz/numbers";
import { Arena } from "storage/arena";

const FULL = 0;
const REDUCED = 1;
const CONTROL = 2;
const ROUNDS = 1200;
const MOST_FORGED = 6;
/** Room for a packet and what damage adds to it. */
const PLACE = 512;
const MOST_PAYLOAD = 200;
/** Packets that are remembered, to be spliced and replayed. */
const REMEMBERED = 16;
const EDGES = Object.freeze([0, 1, 2, 0x0f, 0x10, 0x20, 0x7f, 0x80, 0x90, 0xa0, 0xc0, 0xc8, 0xcc, 0xce, 0xf8, 0xfe, 0xff]);

/** Where things lie in the arena. */
const MAKE = 64;
const OFFER = MAKE + PLACE;
const MEMORY = OFFER + 2 * PLACE;
const ROOM = MEMORY + REMEMBERED * PLACE;
const REST = ROOM + 2 * CONTROL_ROOM;

/**
 * Damaged, spliced and replayed packets of a session whose keys the attacker has not: media with both forms of header, and control.
 * None may be taken, whatever it is made of; genuine ones between them must be.
 */
export class ArcRTCFuzzer implements Fuzzer {
	readonly name = "arcrtc";
	readonly states = Object.freeze(["full headers", "reduced headers", "control"]);
	readonly share = 1000000;
	readonly kept: readonly number[] = Object.freeze([]);

	block(seed: number): Block {
		const run = new Run(seed);
		for (let round = 0; round < ROUNDS && run.fault === ""; round++) {
			run.round();
			if (run.fault !== "") run.fault = "round " + round + ": " + run.fault;
		}
		run.close();
		return { messages: run.messages, fault: run.fault };
	}
}

/** One session: a camera that seals and is reported to, a viewer that opens and reports. */
class Run {
	readonly messages = new Int32Array(3);
	fault = "";
	readonly #numbers: Numbers;
	readonly #arena: Arena;
	readonly #sealer: Sealer;
	readonly #opener: Opener;
	readonly #sendKeys: SendKeys;
	readonly #receiveKeys: ReceiveKeys;
	readonly #camera: Feedback;
	readonly #viewer: Feedback;
	readonly #audio: SendStream;
	readonly #video: SendStream;
	readonly #drops = new DropCounters();
	readonly #lengths = new Int32Array(REMEMBERED);
	#newest = 0;
	#now = 1000;
	#epoch = 0;
	#frame = 0;

	constructor(seed: number) {
		const arena = new Arena(REST + sealerBytes(2) + openerBytes(2) + CIPHER_SCRATCH + 64);
		const numbers = new Numbers(seed);
		const suite = seed % 3 === 0 ? SUITE_CHACHA20_POLY1305 : SUITE_AES_128_GCM;
		const auth = seed % 4 === 1 ? AUTH_AEAD_HMAC80 : AUTH_AEAD;
		const opening = REST + sealerBytes(2);
		const scratch = (opening + openerBytes(2) + 7) & ~7;
		const sources = new UsedSources(4);
		this.#numbers = numbers;
		this.#arena = arena;
		this.#sealer = new Sealer({ arena, offset: REST, streams: 2, sources });
		const drops = this.#drops;
		this.#opener = new Opener({ arena, offset: opening, streams: 2, sources: new UsedSources(4), counters: drops });
		const sendKeys = new SendKeys(arena, scratch, suite, auth);
		const receiveKeys = new ReceiveKeys(arena, scratch, suite, auth);
		this.#sendKeys = sendKeys;
		this.#receiveKeys = receiveKeys;
		sendKeys.install(material(0), 0, 0);
		this.#opener.install(receiveKeys, material(0), 0);
		const sound = { ssrc: 0x1111, clock: 48000, video: false };
		const pictures = { ssrc: 0x2222, clock: 90000, video: true };
		const sequence = numbers.below(2) * 0x7f00;
		const audio = this.#sealer.add({ keys: sendKeys, ...sound, payloadType: 111, tsu: 960, sequence });
		const video = this.#sealer.add({ keys: sendKeys, ...pictures, payloadType: 26, tsu: 90, sequence });
		this.#opener.add({ keys: receiveKeys, ...sound, payloadTypes: [111] });
		this.#opener.add({ keys: receiveKeys, ...pictures, payloadTypes: [26] });
		if (!audio || !video) throw new Error("fuzz: no stream");
		this.#audio = audio;
		this.#video = video;
		this.#camera = new Feedback({ arena, room: ROOM, ring: ROOM, ringBytes: 0, ssrc: 0xcafe, drops });
		this.#viewer = new Feedback({ arena, room: ROOM + CONTROL_ROOM, ring: ROOM, ringBytes: 0, ssrc: 0xbeef, drops });
		for (const stream of [audio, video]) {
			this.#camera.openSender(stream.index, stream.ssrc, stream.clock, sendKeys, false);
			this.#viewer.openReceiver(stream.index, stream.ssrc, stream.clock, receiveKeys, true);
		}
	}

	close(): void {
		this.#sendKeys.close();
		this.#receiveKeys.close();
	}

	round(): void {
		const numbers = this.#numbers;
		this.#now += numbers.below(30);
		if (numbers.below(100) === 0) {
			// What is later than 512 units need not be understood any more.
			this.#now += numbers.below(14000);
			this.#lengths.fill(0);
		}
		this.#opener.tick(this.#now);
		this.#rotate();
		if (numbers.below(3) === 0) this.#picture();
		else this.#media(this.#audio, PRIORITY_AUDIO, true);
		this.#control();
	}

	#picture(): void {
		const key = this.#frame++ % 20 === 0;
		const packets = 1 + this.#numbers.below(4);
		for (let i = 0; i < packets && this.fault === ""; i++)
			this.#media(this.#video, key ? PRIORITY_KEY : PRIORITY_DELTA, i === packets - 1);
	}

	/** A packet is sent. Damaged copies of it and of others come before it, and sometimes in its place. */
	#media(stream: SendStream, priority: number, marker: boolean): void {
		const numbers = this.#numbers;
		const { bytes } = this.#arena;
		const length = 1 + numbers.below(MOST_PAYLOAD);
		bytes.fill(numbers.below(256), MAKE, MAKE + length);
		const timestamp = Math.round((this.#now * stream.clock) / 1000 / stream.tsu) * stream.tsu;
		if (numbers.below(25) === 0) stream.quality = numbers.below(4);
		const made = this.#sealer.seal(stream, MAKE, length, timestamp >>> 0, marker, priority, this.#now, 1767225600000);
		if (made < 0) {
			this.fault = "not sealed";
			return;
		}
		this.#remember(this.#sealer.start, made);
		const forged = numbers.below(MOST_FORGED);
		for (let i = 0; i < forged && this.fault === ""; i++) this.#forge(false);
		// An unharmed copy has brought it, or it is lost.
		if (this.#lengths[this.#newest] < 0 || numbers.below(8) === 0 || this.fault !== "") return;
		const at = this.#place(this.#newest);
		bytes.copyWithin(OFFER, at, at + made);
		const outcome = this.#opener.open(OFFER, made, this.#now);
		const lost = outcome === OPEN_UNKNOWN && bytes[at] >= 0xc0;
		if (outcome !== stream.index && !lost) this.fault = "a genuine packet gives " + outcome;
		if (outcome >= 0) {
			this.#lengths[this.#newest] = -made;
			const opener = this.#opener;
			if (opener.payloadLength !== length) this.fault = "a payload of " + length + " bytes has " + opener.payloadLength;
			this.#viewer.received(outcome, opener.extendedSequence, opener.header.timestamp, opener.header.priority, this.#now);
		}
	}

	/** What the viewer says of what came. */
	#control(): void {
		const numbers = this.#numbers;
		const { bytes } = this.#arena;
		const viewer = this.#viewer;
		const acks = this.#opener.takeAcks(this.#now);
		const nacks = this.#opener.takeNacks(this.#now);
		if (acks !== 0) viewer.contextAck(acks);
		if (nacks !== 0) viewer.contextNack(nacks);
		if (numbers.below(3) === 0) viewer.wantKeyFrame(1, this.#now);
		for (let length = viewer.next(this.#now, -1); length > 0 && this.fault === ""; length = viewer.next(this.#now, -1)) {
			this.#remember(viewer.offset, length);
			for (let i = 0; i < MOST_FORGED && this.fault === ""; i++) this.#forge(true);
			if (this.#lengths[this.#newest] < 0 || this.fault !== "") continue;
			const at = this.#place(this.#newest);
			bytes.copyWithin(OFFER, at, at + length);
			const outcome = this.#camera.open(OFFER, length, this.#now);
			if (outcome !== 0) this.fault = "a genuine control packet gives " + outcome;
			this.#lengths[this.#newest] = -length;
			this.#hear();
		}
		while (viewer.event() !== EVENT_NONE);
	}

	#hear(): void {
		const camera = this.#camera;
		for (let event = camera.event(); event !== EVENT_NONE; event = camera.event()) {
			if (event === EVENT_CONTEXT_ACK) this.#sealer.confirmed(camera.value);
			else if (event === EVENT_CONTEXT_NACK) this.#sealer.refusedContexts(camera.value);
		}
	}

	/** A packet made of those that were seen, offered to whom it might deceive. */
	#forge(control: boolean): void {
		const numbers = this.#numbers;
		const { bytes, view } = this.#arena;
		const from = numbers.below(4) === 0 ? numbers.below(REMEMBERED) : this.#newest;
		let length = Math.abs(this.#lengths[from]);
		if (length === 0) return;
		bytes.copyWithin(OFFER, this.#place(from), this.#place(from) + length);
		const damages = numbers.below(4);
		for (let i = 0; i < damages && length > 1; i++) length = this.#damage(length);
		const genuine = this.#find(length);
		const state = bytes[OFFER] >= 0xc0 ? REDUCED : (bytes[OFFER + 1] & 0xe0) === 0xc0 ? CONTROL : FULL;
		this.messages[control ? CONTROL : state === REDUCED ? REDUCED : FULL]++;
		const first = view.getUint8(OFFER);
		const outcome = control ? this.#camera.open(OFFER, length, this.#now) : this.#opener.open(OFFER, length, this.#now);
		if (outcome < 0) return;
		// What has not arrived yet, unharmed, is no forgery: then it has arrived with this.
		if (genuine >= 0 && this.#lengths[genuine] > 0) {
			this.#lengths[genuine] = -this.#lengths[genuine];
			this.#hear();
			return;
		}
		this.fault =
			(genuine < 0 ? "a forged packet is taken: " : "a packet is taken twice: ") + first.toString(16) + ", " + length + " bytes";
	}

	#damage(length: number): number {
		const numbers = this.#numbers;
		const { bytes } = this.#arena;
		const at = OFFER + numbers.below(length);
		// Headers are damaged more often than what lies behind them.
		const early = OFFER + numbers.below(length < 24 ? length : 24);
		switch (numbers.below(8)) {
			case 0:
				bytes[at] ^= 1 << numbers.below(8);
				return length;
			case 1:
				bytes[early] ^= 1 << numbers.below(8);
				return length;
			case 2:
				bytes[early] = EDGES[numbers.below(EDGES.length)];
				return length;
			case 3:
				bytes[at] = numbers.below(256);
				return length;
			case 4:
				return 1 + numbers.below(length);
			case 5: {
				const more = numbers.below(40);
				if (length + more > PLACE) return length;
				bytes.fill(numbers.below(256), OFFER + length, OFFER + length + more);
				return length + more;
			}
			case 6: {
				// The head of one and the rest of another.
				const other = numbers.below(REMEMBERED);
				const size = Math.abs(this.#lengths[other]);
				if (size < 32) return length;
				const cut = 2 + numbers.below(24);
				if (cut >= length) return length;
				bytes.copyWithin(OFFER + cut, this.#place(other) + cut, this.#place(other) + size);
				return size;
			}
			default: {
				const size = 1 + numbers.below(24);
				if (at + size >= OFFER + length) return length;
				bytes.copyWithin(at, at + size, OFFER + length);
				return length - size;
			}
		}
	}

	/** The remembered packet that lies at OFFER; -1: it is none of them. */
	#find(length: number): number {
		const { bytes } = this.#arena;
		for (let i = 0; i < REMEMBERED; i++) {
			if (Math.abs(this.#lengths[i]) !== length) continue;
			const at = this.#place(i);
			let same = 0;
			while (same < length && bytes[at + same] === bytes[OFFER + same]) same++;
			if (same === length) return i;
		}
		return -1;
	}

	/** Keeps a packet that was made. Its length is negative once it has arrived. */
	#remember(offset: number, length: number): void {
		this.#newest = (this.#newest + 1) % REMEMBERED;
		const at = this.#place(this.#newest);
		this.#arena.bytes.copyWithin(at, offset, offset + length);
		this.#lengths[this.#newest] = length;
	}

	#place(index: number): number {
		return MEMORY + index * PLACE;
	}

	#rotate(): void {
		if (this.#numbers.below(40) !== 0 || this.#receiveKeys.olderKept) return;
		const epoch = this.#epoch + 1;
		const keys = material(epoch);
		if (!this.#sendKeys.install(keys, epoch, this.#now)) return;
		if (!this.#opener.install(this.#receiveKeys, keys, epoch)) this.fault = "keys of epoch " + epoch + " are refused";
		this.#epoch = epoch;
	}
}
