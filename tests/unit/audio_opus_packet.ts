import { OpusDecoder, OpusEncoder } from "media/audio/opus";
import {
	opusDuration,
	opusFrames,
	opusFrameTicks,
	OpusMode,
	opusMode,
	paddingLength,
	paddingOffset,
	padTo,
	unpad,
} from "media/audio/opus_packet";
import { tone } from "media/audio/samples";
import { Allocation } from "unit/allocation";
import type { Check, Suite } from "unit/suite";
import { parseHex } from "wire/hex";

const SIZE = 504;
/** Where a packet lies in a test's buffer, so that a forgotten offset shows. */
const AT = 7;

/** A packet at `AT`, 0xee around it. */
class Packet {
	readonly bytes = new Uint8Array(3000);
	length = 0;

	/** `hex`, then `frame` bytes of a pattern. */
	constructor(hex: string, frame = 0) {
		this.bytes.fill(0xee);
		const head = parseHex(hex, hex.length / 2) as Uint8Array;
		this.bytes.set(head, AT);
		for (let i = 0; i < frame; i++) this.bytes[AT + head.length + i] = 1 + (i % 200);
		this.length = head.length + frame;
	}

	pad(size = SIZE, limit = size): number {
		return padTo(this.bytes, AT, this.length, size, limit);
	}

	/** The bytes behind `size` are as they were. */
	untouched(check: Check, size: number): void {
		for (let i = 0; i < AT; i++) check.equal(this.bytes[i], 0xee);
		for (let i = AT + size; i < AT + size + 300; i++) if (this.bytes[i] !== 0xee) check.fail("written at " + i);
	}
}

/** Whether `length` bytes are those that the pattern of a frame has. */
function patterned(bytes: Uint8Array, from: number, length: number): boolean {
	for (let i = 0; i < length; i++) if (bytes[from + i] !== 1 + (i % 200)) return false;
	return true;
}

/** Well-formed packets of every code: first bytes, bytes of the frames after them, frames, ticks. */
const GOOD: readonly (readonly [string, number, number, number])[] = Object.freeze([
	["08", 0, 1, 960], // an empty frame
	["08", 1275, 1, 960],
	["09", 0, 2, 1920],
	["09", 2550, 2, 1920],
	["0a00", 1275, 2, 1920],
	["0afb", 251 + 10, 2, 1920],
	["0afcff", 1272 + 5, 2, 1920],
	["0affff", 1275, 2, 1920],
	["0b01", 100, 1, 960],
	["0b06", 600, 6, 5760],
	["e330", 96, 48, 5760],
	["0b8301fb", 1 + 251 + 7, 3, 2880],
	["0b8300fc00", 252, 3, 2880],
	["0b4100", 5, 1, 960],
	["0b4103", 5 + 3, 1, 960],
	["0b41ff00", 5 + 254, 1, 960],
	["0bc20205", 3 + 5 + 2, 2, 1920],
]);

/** Malformed ones, each with the rule of section 3.4 that it breaks. */
const BAD: readonly (readonly [string, number, string])[] = Object.freeze([
	["", 0, "R1"],
	["08", 1276, "R2"],
	["09", 2552, "R2"],
	["0a00", 1276, "R2"],
	["0b01", 1276, "R2"],
	["0b8100", 1277, "R2"],
	["09", 1, "R3"],
	["09", 99, "R3"],
	["0a", 0, "R4"],
	["0afc", 0, "R4"],
	["0a05", 4, "R4"],
	["0afc01", 255, "R4"],
	["0b", 0, "R6"],
	["0b00", 10, "R5"],
	["0b80", 10, "R5"],
	["0b07", 70, "R5"],
	["e331", 98, "R5"],
	["1b03", 9, "R5"],
	["0b03", 10, "R6"],
	["0b41", 0, "R6"],
	["0b41ff", 0, "R6"],
	["0b4105", 4, "R6"],
	["0b41ff01", 254, "R6"],
	["0b830505", 9, "R7"],
	["0b83", 0, "R7"],
	["0b83fc", 0, "R7"],
	["0b820b", 10, "R7"],
	["0bc20703", 7, "R7"],
]);

function parsing(suite: Suite): void {
	suite.test("audio opus packet: mode and duration of a frame, of all 32 configurations", (check) => {
		/* RFC 6716 table 2, in ms. */
		const table = [10, 20, 40, 60, 10, 20, 40, 60, 10, 20, 40, 60, 10, 20, 10, 20];
		for (let i = 0; i < 16; i++) table.push([2.5, 5, 10, 20][i % 4] as number);
		for (let config = 0; config < 32; config++) {
			for (let low = 0; low < 8; low++) check.equal(opusFrameTicks((config << 3) | low), (table[config] as number) * 48);
			const mode = config < 12 ? OpusMode.SILK : config < 16 ? OpusMode.HYBRID : OpusMode.CELT;
			check.equal(opusMode((config << 3) | 5), mode);
		}
	});

	suite.test("audio opus packet: well-formed packets of codes 0 to 3 are counted", (check) => {
		for (const [hex, frame, frames, ticks] of GOOD) {
			const packet = new Packet(hex, frame);
			check.equal(opusFrames(packet.bytes, AT, packet.length), frames, hex + " + " + frame);
			check.equal(opusDuration(packet.bytes, AT, packet.length), ticks, hex + " + " + frame);
		}
	});

	suite.test("audio opus packet: RFC 6716 3.4: packets that break R1 to R7 are refused, and left alone", (check) => {
		for (const [hex, frame, rule] of BAD) {
			const packet = new Packet(hex, frame);
			const what = rule + " " + hex + " + " + frame;
			check.equal(opusFrames(packet.bytes, AT, packet.length), -1, what);
			check.equal(opusDuration(packet.bytes, AT, packet.length), -1, what);
			check.equal(unpad(packet.bytes, AT, packet.length), -1, what);
			check.equal(packet.pad(2900), -1, what);
			const again = new Packet(hex, frame);
			for (let i = 0; i < packet.bytes.length; i++) if (packet.bytes[i] !== again.bytes[i]) check.fail(what + ": changed");
		}
	});

	suite.test("audio opus packet: the decoder agrees about random heads", (check) => {
		const buffer = new ArrayBuffer(16384);
		const bytes = new Uint8Array(buffer);
		const decoder = new OpusDecoder(8000);
		let seed = 7;
		let good = 0;
		for (let i = 0; i < 4000; i++) {
			const length = 1 + (i % 40);
			for (let k = 0; k < length; k++) {
				seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
				bytes[k] = seed >> 16;
			}
			/* Code 3 with a small count is what random bytes seldom have. */
			if (i % 3 === 0) bytes[0] |= 3;
			if (i % 3 === 0 && length > 1) bytes[1] &= 0xc7;
			const ticks = opusDuration(bytes, 0, length);
			const samples = decoder.decode(buffer, 0, length, 1024, 960);
			if (ticks >= 0) good++;
			if (samples !== (ticks < 0 ? -1 : ticks / 6)) check.fail(i + ": " + ticks + " ticks, " + samples + " samples");
		}
		decoder.close();
		check.ok(good > 500 && good < 3500, "good: " + good);
	});
}

function padding(suite: Suite): void {
	suite.test("KV-16 audio opus packet: the vectors of the reference", (check) => {
		const short = new Packet("08aabb");
		check.equal(short.pad(), SIZE);
		check.hex(short.bytes.buffer, AT, "0b41fff4aabb" + "00".repeat(498));
		short.untouched(check, SIZE);
		const long = new Packet("08", 501);
		check.equal(long.pad(), SIZE);
		check.hex(long.bytes.buffer, AT, "0b4100");
		check.ok(patterned(long.bytes, AT + 3, 501));
		long.untouched(check, SIZE);
		const near = new Packet("08", 502);
		check.equal(near.pad(), SIZE);
		check.hex(near.bytes.buffer, AT, "0b01");
		check.ok(patterned(near.bytes, AT + 2, 502));
		const whole = new Packet("08", 503);
		check.equal(whole.pad(), SIZE);
		check.hex(whole.bytes.buffer, AT, "08");
		check.ok(patterned(whole.bytes, AT + 1, 503));
		check.equal(new Packet("08", 504).pad(), -1, "too large");
	});

	suite.test("KV-16 audio opus packet: every size of every code is padded exactly, and comes back", (check) => {
		for (const size of [SIZE, 255, 256, 257, 258, 509, 510, 511, 512, 764, 1100])
			for (const [hex, frame, frames] of GOOD) {
				const packet = new Packet(hex, frame);
				const short = unpad(packet.bytes, AT, packet.length);
				const plain = packet.bytes.slice(AT, AT + short);
				packet.length = short;
				const what = hex + " + " + frame + " to " + size;
				if (short > size) {
					check.equal(packet.pad(size), -1, what);
					continue;
				}
				check.equal(packet.pad(size), size, what);
				packet.untouched(check, Math.max(size, new Packet(hex, frame).length));
				check.equal(opusFrames(packet.bytes, AT, size), frames, what);
				const from = paddingOffset(packet.bytes, AT, size);
				check.equal(from + paddingLength(packet.bytes, AT, size), AT + size, what);
				for (let i = from; i < AT + size; i++) if (packet.bytes[i] !== 0) check.fail(what + ": padding is not zero");
				check.equal(unpad(packet.bytes, AT, size), short, what);
				for (let i = 0; i < short; i++) if (packet.bytes[AT + i] !== plain[i]) check.fail(what + ": byte " + i);
			}
	});

	suite.test("audio opus packet: padding that was there is made anew, also for a smaller size", (check) => {
		const packet = new Packet("08aabb");
		packet.length = packet.pad(1000);
		check.equal(packet.length, 1000);
		check.equal(packet.pad(300, 1000), 300);
		check.hex(packet.bytes.buffer, AT, "0b41ff28aabb" + "00".repeat(294));
		packet.length = 300;
		check.equal(packet.pad(SIZE), SIZE);
		check.hex(packet.bytes.buffer, AT, "0b41fff4aabb" + "00".repeat(498));
	});

	suite.test("audio opus packet: padTo never writes behind its limit or the buffer", (check) => {
		const packet = new Packet("08aabb");
		check.equal(packet.pad(SIZE, SIZE - 1), -1);
		check.equal(padTo(packet.bytes, 2900, 3, 101, 101), -1);
		check.equal(padTo(packet.bytes, AT, 3, 2, 2), -1);
		check.hex(packet.bytes.buffer, AT, "08aabbee");
	});

	suite.test("audio opus packet: the place of the padding takes a number that decoders do not see", (check) => {
		const packet = new Packet("08aabb");
		packet.pad();
		const at = paddingOffset(packet.bytes, AT, SIZE);
		check.equal(at, AT + 6);
		packet.bytes[at] = 0x12;
		packet.bytes[at + 1] = 0x34;
		check.equal(opusFrames(packet.bytes, AT, SIZE), 1);
		packet.length = SIZE;
		check.equal(packet.pad(), SIZE);
		check.hex(packet.bytes.buffer, at, "1234", "a packet of the size is left as it is");
		check.equal(unpad(packet.bytes, AT, SIZE), 3);
		check.hex(packet.bytes.buffer, AT, "08aabb");
		check.equal(paddingOffset(packet.bytes, AT, 3), AT + 3, "none");
		check.equal(paddingLength(packet.bytes, AT, 3), 0);
		check.equal(paddingOffset(new Packet("0b41ff").bytes, AT, 3), -1);
	});

	suite.test("KV-16 audio opus packet: padded packets of the encoder sound as the plain ones, of any frame", (check) => {
		for (const frame of [10, 20, 40, 60]) {
			const buffer = new ArrayBuffer(65536);
			const bytes = new Uint8Array(buffer);
			const plain = new Int16Array(buffer, 16384, 2880);
			const padded = new Int16Array(buffer, 32768, 2880);
			/* At 48 kHz and a high rate long frames are several in a packet: code 1 and 3. */
			const encoder = new OpusEncoder({ rate: 48000, frame, bitrate: 50000, complexity: 0 });
			const one = new OpusDecoder(48000);
			const other = new OpusDecoder(48000);
			const samples = frame * 48;
			let phase = 0;
			for (let i = 0; i < 20; i++) {
				phase = tone(buffer, 0, samples, phase, 700 / 48000, 9000);
				const length = encoder.encode(buffer, 0, samples, 8192, SIZE);
				check.equal(opusDuration(bytes, 8192, length), samples);
				check.equal(one.decode(buffer, 8192, length, 16384, 2880), samples);
				check.equal(padTo(bytes, 8192, length, SIZE, SIZE), SIZE);
				check.equal(other.decode(buffer, 8192, SIZE, 32768, 2880), samples);
				for (let k = 0; k < samples; k++) if (plain[k] !== padded[k]) check.fail("frame " + i + " sample " + k);
			}
			encoder.close();
			one.close();
			other.close();
		}
	});

	suite.test("audio opus packet: 10,000 packets padded, looked at and un-padded allocate nothing", (check) => {
		const packet = new Packet("08", 60);
		const allocation = new Allocation();
		for (let turn = 0; turn < 2; turn++) {
			allocation.begin();
			for (let i = 0; i < 10_000; i++) {
				padTo(packet.bytes, AT, 61, SIZE, SIZE);
				if (opusDuration(packet.bytes, AT, SIZE) !== 960) check.fail("duration");
				if (paddingOffset(packet.bytes, AT, SIZE) < 0) check.fail("padding");
				if (unpad(packet.bytes, AT, SIZE) !== 61) check.fail("unpad");
			}
		}
		allocation.expectNone(check);
	});
}

export default function opusPacket(suite: Suite): void {
	parsing(suite);
	padding(suite);
}
