import type { Block, Fuzzer } from "fuzz/fuzzer";
import { Numbers } from "fuzz/numbers";
import { AACDepacketizer, AACPacketizer } from "media/rtp/aac";
import { AV1Depacketizer } from "media/rtp/av1";
import { CODECS, Codec } from "media/rtp/codecs";
import { DAMAGED, type Depacketizer, FRAME, NOTHING, type Packetizer } from "media/rtp/format";
import { H264Depacketizer, H264Packetizer } from "media/rtp/h264";
import { H265Depacketizer, H265Packetizer } from "media/rtp/h265";
import { JPEGDepacketizer, jpegDepacketizerBytes } from "media/rtp/jpeg_depacketizer";
import { JPEGHeader } from "media/rtp/jpeg_header";
import { JPEG_PACKETIZER_BYTES, JPEGPacketizer } from "media/rtp/jpeg_packetizer";
import { HUFFMAN_BYTES, writeHuffman } from "media/rtp/jpeg_tables";
import { PREFIX_LENGTHS } from "media/rtp/nal_depacketizer";
import { OpusDepacketizer } from "media/rtp/opus";
import { PayloadKind } from "media/rtp/payload_kind";
import { RTPReader } from "media/rtp/rtp_header";
import { SampleDepacketizer } from "media/rtp/samples";
import { VP9Depacketizer } from "media/rtp/vp9";
import { Arena } from "storage/arena";
import { join } from "unit/pictures";
import { bytesOf, pattern } from "unit/rtp_line";
import { jpeg, quantisers } from "unit/rtp_pictures";

/** Payloads that one block gives. */
const ROUNDS = 1500;
const ROOM = 3000;
/** Room for a payload, and what lies around every region. */
const PAYLOAD = 1300;
const GUARD = 16;
const GUARDED = 0xa5c3a5c3;
/** Payloads are cut small, so that frames have several. */
const LIMIT = 160;
const EDGES = Object.freeze([0, 1, 2, 3, 4, 0x1c, 0x3f, 0x40, 0x41, 0x7c, 0x7f, 0x80, 0x81, 0xc0, 0xfe, 0xff]);

/** A payload and its marker. */
interface Sample {
	readonly bytes: Uint8Array;
	readonly marker: boolean;
}

const JPEG = 0;
const H264 = 1;
const H265 = 2;
const AAC = 3;
const AV1 = 4;
const VP9 = 5;
const SOUND = 6;
const HEADERS = 7;
const STATES = 8;

/** All payloads of some frames. */
function cut(frames: readonly Uint8Array[], make: (arena: Arena) => Packetizer): Sample[] {
	const samples: Sample[] = [];
	for (const frame of frames) {
		const arena = new Arena(JPEG_PACKETIZER_BYTES + frame.length + 2 + PAYLOAD);
		const packetizer = make(arena);
		const to = JPEG_PACKETIZER_BYTES + frame.length + 2;
		arena.bytes.set(frame, JPEG_PACKETIZER_BYTES);
		if (!packetizer.begin(JPEG_PACKETIZER_BYTES, frame.length)) throw new Error("fuzz: a frame is refused");
		for (let size = packetizer.next(to, LIMIT); size > 0; size = packetizer.next(to, LIMIT))
			samples.push({ bytes: arena.bytes.slice(to, to + size), marker: packetizer.marker });
	}
	return samples;
}

function units(...hex: string[]): Uint8Array {
	return join(...hex.map((one) => bytesOf((0x100000000 + one.length / 2).toString(16).slice(1) + one)));
}

/** Payloads of hex, "!": with the marker. */
function texts(...hex: string[]): Sample[] {
	return hex.map((one) => ({ bytes: bytesOf(one.split("!").join("")), marker: one.endsWith("!") }));
}

/** Payloads as a sender makes them, by state. */
function samples(): Sample[][] {
	const own = quantisers(60);
	own[9] = 99;
	const long = "81" + "6b".repeat(400);
	const all: Sample[][] = [];
	all[JPEG] = cut(
		[
			jpeg({ scan: pattern(500, 1) }),
			jpeg({ tables: own, scan: pattern(300, 2) }),
			jpeg({ restart: 7, scan: pattern(200, 3), sampling: 0x21 }),
		],
		(arena) => new JPEGPacketizer(arena, 0),
	);
	all[H264] = [
		...cut(
			[units("6764001facd9", "68ebe3cb22c0", "65" + long), units("4181aabb", "4122cc"), units("01" + long)],
			(arena) => new H264Packetizer(arena, PREFIX_LENGTHS),
		),
		...texts("7800066764001facd9000668ebe3cb22c00003658812!", "78000241810003412201!"),
	];
	all[H265] = [
		...cut(
			[units("40010c", "420101", "4401c1", "2601" + long), units("0201" + long), units("000181aa")],
			(arena) => new H265Packetizer(arena, PREFIX_LENGTHS),
		),
		...texts("6001000340010c000402010081!"),
	];
	all[AAC] = [
		...cut([pattern(100, 1), pattern(400, 2)], (arena) => new AACPacketizer(arena)),
		...texts("0030001000180008a1a2b1b2b3c1!"),
	];
	all[AV1] = texts(
		"280308aabb30010203!",
		"000212000332019902400003346807!",
		"680208aa3001",
		"d0025555555555",
		"a001032099!",
		"103001!",
	);
	all[VP9] = texts(
		"0c82494e!",
		"fc953200030502" + "82494e11!",
		"0e380780043802800168" + "02040c0182494e!",
		"280000" + "82a1",
		"6c0200a1!",
		"48a1",
		"44a3!",
	);
	all[SOUND] = texts("08aabb", "0b41fff4aabb", "09aabb", "0a0101", "0b8301fb00");
	all[HEADERS] = texts(
		"80e012340001000000bc614eaabb",
		"b26000010000000200bc614e0000000700000008bede00020032112233000000aabb0002",
		"906012340001000000bc614ea6400002ed0037801f7ced9182494e11!",
	);
	return all;
}

/** Damaged payloads to every depacketizer, in order, lost, repeated; headers and the kinds of payloads besides. */
export class RTPFuzzer implements Fuzzer {
	readonly name = "rtp";
	readonly share = 1000000;
	readonly states = Object.freeze(["JPEG", "H.264", "H.265", "AAC", "AV1", "VP9", "sound", "headers"]);
	readonly kept: readonly number[] = Object.freeze([]);
	readonly #samples = samples();

	block(seed: number): Block {
		const run = new Run(seed, this.#samples);
		for (let round = 0; round < ROUNDS && run.fault === ""; round++) {
			run.round();
			if (run.fault !== "") run.fault = "round " + round + ": " + run.fault;
		}
		return { messages: run.messages, fault: run.fault };
	}
}

class Run {
	readonly messages = new Int32Array(STATES);
	/** What must hold but did not. */
	fault = "";
	readonly #numbers: Numbers;
	readonly #samples: readonly Sample[][];
	readonly #arena: Arena;
	readonly #guards: number[] = [];
	#free = 0;
	readonly #payload: number;
	/** By state, with the begin of its region; where each is in its samples. */
	readonly #depacketizers: Depacketizer[] = [];
	readonly #regions: number[] = [];
	readonly #next = new Int32Array(STATES);
	readonly #times = new Int32Array(STATES);
	readonly #jpeg: JPEGHeader;
	readonly #h264: H264Packetizer;
	readonly #h265: H265Packetizer;
	readonly #opus: OpusDepacketizer;
	readonly #plain = new SampleDepacketizer(2);
	readonly #reader: RTPReader;
	readonly #kinds: PayloadKind[] = [];

	constructor(seed: number, all: readonly Sample[][]) {
		this.#numbers = new Numbers(seed);
		this.#samples = all;
		const jpegBytes = jpegDepacketizerBytes(ROOM);
		const arena = new Arena(PAYLOAD + jpegBytes + 5 * ROOM + HUFFMAN_BYTES + 10 * GUARD);
		this.#arena = arena;
		this.#payload = this.#region(PAYLOAD);
		const depacketizers = this.#depacketizers;
		depacketizers[JPEG] = new JPEGDepacketizer(arena, this.#take(JPEG, jpegBytes), ROOM);
		depacketizers[H264] = new H264Depacketizer(arena, this.#take(H264, ROOM), ROOM, PREFIX_LENGTHS);
		depacketizers[H265] = new H265Depacketizer(arena, this.#take(H265, ROOM), ROOM, PREFIX_LENGTHS);
		depacketizers[AAC] = new AACDepacketizer(arena, this.#take(AAC, ROOM), ROOM);
		depacketizers[AV1] = new AV1Depacketizer(arena, this.#take(AV1, ROOM), ROOM);
		depacketizers[VP9] = new VP9Depacketizer(arena, this.#take(VP9, ROOM), ROOM);
		this.#opus = new OpusDepacketizer(arena);
		const huffman = this.#region(HUFFMAN_BYTES);
		writeHuffman(arena.bytes, huffman);
		this.#jpeg = new JPEGHeader(arena, huffman);
		this.#h264 = new H264Packetizer(arena, PREFIX_LENGTHS);
		this.#h265 = new H265Packetizer(arena, PREFIX_LENGTHS);
		this.#reader = new RTPReader(arena);
		this.#reader.sendTimeId = 3;
		for (let codec = 0; codec < CODECS; codec++) this.#kinds.push(new PayloadKind(arena, codec));
		this.#region(0);
	}

	round(): void {
		const numbers = this.#numbers;
		const state = numbers.below(STATES);
		this.messages[state]++;
		const all = this.#samples[state];
		/* Mostly one after the other. */
		if (numbers.below(10) === 0) this.#next[state] = numbers.below(all.length);
		const sample = all[this.#next[state]];
		this.#next[state] = (this.#next[state] + 1) % all.length;
		const length = this.#damaged(sample.bytes);
		const marker = numbers.below(12) === 0 ? !sample.marker : sample.marker;
		const lost = numbers.below(20) === 0;
		const time = this.#times[state];
		if (marker || numbers.below(30) === 0) this.#times[state] = numbers.below(50) === 0 ? numbers.below(0x7fffffff) : time + 1;
		if (state === HEADERS) this.#headers(length);
		else if (state === SOUND) this.#sound(length);
		else this.#video(state, length, time >>> 0, marker, lost);
		for (let i = 0; i < this.#guards.length; i++)
			if (this.#arena.view.getUint32(this.#guards[i]) !== GUARDED) this.fault = "written outside, at region " + i;
	}

	/** Puts a sample at the place of payloads, most of the time damaged. @returns its length. */
	#damaged(sample: Uint8Array): number {
		const numbers = this.#numbers;
		const { bytes } = this.#arena;
		const at = this.#payload;
		bytes.set(sample, at);
		let { length } = sample;
		if (numbers.below(40) === 0) {
			length = numbers.below(64);
			for (let i = 0; i < length; i++) bytes[at + i] = numbers.below(256);
		}
		for (let damages = numbers.below(4); damages > 0; damages--) {
			/* Heads more than what follows them. */
			const place = at + numbers.below(numbers.below(3) === 0 ? length + 1 : 12);
			switch (numbers.below(5)) {
				case 0:
					bytes[place] ^= 1 << numbers.below(8);
					break;
				case 1:
					bytes[place] = EDGES[numbers.below(EDGES.length)];
					break;
				case 2:
					bytes[place] = numbers.below(256);
					break;
				case 3:
					length = numbers.below(length + 1);
					break;
				default:
					length = Math.min(length + numbers.below(900), PAYLOAD - 1);
			}
		}
		return length;
	}

	#video(state: number, length: number, time: number, marker: boolean, lost: boolean): void {
		const depacketizer = this.#depacketizers[state];
		const { counters } = depacketizer;
		const { frames, damaged } = counters;
		let outcome = depacketizer.push(this.#payload, length, time, marker, lost);
		if (outcome !== NOTHING && outcome !== FRAME && outcome !== DAMAGED) this.fault = "outcome " + outcome;
		if (outcome === DAMAGED && counters.damaged === damaged) this.fault = "damage that is not counted";
		if (outcome !== FRAME) {
			if (counters.frames !== frames) this.fault = "a frame that is not given";
			return;
		}
		let given = 0;
		for (; outcome === FRAME && given < PAYLOAD; given++) {
			this.#frame(state, depacketizer);
			outcome = depacketizer.more();
		}
		if (counters.frames !== frames + given) this.fault = given + " frames given, others counted";
	}

	#frame(state: number, depacketizer: Depacketizer): void {
		const { frameOffset, frameLength } = depacketizer;
		const start = this.#regions[state];
		const end = start + (state === JPEG ? jpegDepacketizerBytes(ROOM) : ROOM);
		const inside = frameOffset >= start && frameOffset + frameLength <= end;
		const inPayload = frameOffset >= this.#payload && frameOffset + frameLength <= this.#payload + PAYLOAD;
		if (frameLength < 1 || !(inside || (state === AAC && inPayload)))
			this.fault = "a frame at " + frameOffset + " of " + frameLength;
		else if (state === JPEG) {
			/* Nothing but a scan that is empty or all padding may be wrong with it. */
			if (!this.#jpeg.read(frameOffset, frameLength) && frameLength > 700)
				this.fault = "a picture that is none: " + this.#jpeg.refusal;
		} else if (state === H264 || state === H265) this.#units(frameOffset, frameOffset + frameLength, state === H264 ? 1 : 2);
		else if (state === AV1) this.#obus(frameOffset, frameOffset + frameLength);
		if (state === H264 && !this.#h264.begin(frameOffset, frameLength)) this.fault = "a frame that cannot be sent on";
		if (state === H265 && !this.#h265.begin(frameOffset, frameLength)) this.fault = "a frame that cannot be sent on";
	}

	/** Units follow each other up to the end. */
	#units(from: number, end: number, least: number): void {
		let at = from;
		while (at + 4 <= end) {
			const size = this.#arena.view.getUint32(at);
			if (size < least) break;
			at += 4 + size;
		}
		if (at !== end) this.fault = "units that do not fill their frame";
	}

	/** OBUs with sizes, behind a delimiter. */
	#obus(from: number, end: number): void {
		const { bytes, view } = this.#arena;
		if (view.getUint16(from) !== 0x1200) this.fault = "no delimiter";
		let at = from + 2;
		while (at < end && this.fault === "") {
			if ((bytes[at] & 0x82) !== 0x02) this.fault = "an OBU without a size";
			at += (bytes[at] & 4) !== 0 ? 2 : 1;
			let size = 0;
			for (let i = 0; i < 4; i++) size |= (bytes[at + i] & 0x7f) << (7 * i);
			at += 4 + size;
		}
		if (at !== end) this.fault = "OBUs that do not fill their unit";
	}

	#sound(length: number): void {
		const at = this.#payload;
		for (const depacketizer of [this.#opus, this.#plain]) {
			const outcome = depacketizer.push(at, length, 7);
			if (outcome !== NOTHING && outcome !== FRAME) this.fault = "outcome " + outcome;
			if (outcome === FRAME && (depacketizer.frameOffset !== at || depacketizer.frameLength !== length))
				this.fault = "another packet";
		}
	}

	#headers(length: number): void {
		const at = this.#payload;
		const reader = this.#reader;
		let from = at;
		let size = length;
		if (reader.read(at, length)) {
			from = reader.payload;
			size = reader.payloadLength;
			if (from < at + 12 || size < 0 || from + size > at + length) this.fault = "a payload outside of its packet";
			if (reader.sendTime < -1 || reader.sendTime > 0xffffff) this.fault = "send time " + reader.sendTime;
		}
		const codec = this.#numbers.below(CODECS);
		const kind = (this.#kinds[codec] as PayloadKind).read(from, size, this.#numbers.below(4));
		if (kind < 0 || kind > 3 || (codec < Codec.JPEG && kind !== 0)) this.fault = "kind " + kind;
	}

	#take(state: number, bytes: number): number {
		const at = this.#region(bytes);
		this.#regions[state] = at;
		return at;
	}

	/** A region behind a guard. */
	#region(bytes: number): number {
		this.#guards.push(this.#free);
		this.#arena.view.setUint32(this.#free, GUARDED);
		const at = this.#free + 4;
		this.#free = (at + bytes + 3) & ~3;
		return at;
	}
}
