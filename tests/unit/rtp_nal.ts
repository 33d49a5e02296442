import { DAMAGED, type Depacketizer, FRAME, NOTHING, type Packetizer, REFUSED_DAMAGED } from "media/rtp/format";
import { H264Depacketizer, H264Packetizer } from "media/rtp/h264";
import { H265Depacketizer, H265Packetizer } from "media/rtp/h265";
import { PREFIX_LENGTHS, PREFIX_START_CODES } from "media/rtp/nal_depacketizer";
import { Allocation } from "unit/allocation";
import { join } from "unit/pictures";
import { bytesOf, FRAME_AT, Line, type Payload, pattern, same } from "unit/rtp_line";
import type { Check, Suite } from "unit/suite";
import { formatHex } from "wire/hex";

const ROOM = 20000;
const LIMIT = 1200;

/** A unit of a header, and bytes behind it: the first begins the picture. */
function unit(header: string, length: number, seed: number): Uint8Array {
	const body = pattern(length, seed);
	body[0] = 0x80 | (seed & 0x7f);
	return join(bytesOf(header), body);
}

/** A frame of units: each behind its length, or behind a start code of `zeros` zeros. */
function frame(units: readonly Uint8Array[], zeros = -1): Uint8Array {
	const parts: Uint8Array[] = [];
	for (const one of units) {
		const code = zeros < 0 ? (0x100000000 + one.length).toString(16).slice(1) : "00".repeat(zeros) + "01";
		parts.push(bytesOf(code), one);
	}
	return join(...parts);
}

class Both {
	readonly line = new Line(ROOM + 2000, 2 * ROOM);
	readonly #region = this.line.region(ROOM);

	h264(prefix: number = PREFIX_LENGTHS): Depacketizer {
		return new H264Depacketizer(this.line.arena, this.#region, ROOM, prefix);
	}

	h265(): Depacketizer {
		return new H265Depacketizer(this.line.arena, this.#region, ROOM, PREFIX_LENGTHS);
	}

	cut(check: Check, packetizer: Packetizer, bytes: Uint8Array, limit = LIMIT): Payload[] {
		this.line.frame(bytes);
		return this.line.cut(check, packetizer, bytes.length, limit);
	}
}

function hexes(payloads: readonly Payload[]): string {
	return payloads.map((payload) => payload.hex + (payload.marker ? "!" : "")).join(" ");
}

const SPS = bytesOf("6764001facd9");
const PPS = bytesOf("68ebe3cb22c0");

function h264(suite: Suite): void {
	suite.test("ARC-D2 RFC 6184 H.264: units and fragments byte by byte", (check) => {
		const both = new Both();
		const packetizer = new H264Packetizer(both.line.arena, PREFIX_LENGTHS);
		const idr = unit("65", 400, 3);
		const body = formatHex(idr, 1, 400);
		const payloads = both.cut(check, packetizer, frame([SPS, PPS, idr]), 200);
		check.equal(
			hexes(payloads),
			`6764001facd9 68ebe3cb22c0 7c85${body.slice(0, 396)} 7c05${body.slice(396, 792)} 7c45${body.slice(792)}!`,
		);
		check.ok(packetizer.key && !packetizer.droppable);
		/* Exactly what fits, and one byte more. */
		check.equal(hexes(both.cut(check, packetizer, frame([unit("41", 199, 1)]), 200)).length, 401);
		check.equal(both.cut(check, packetizer, frame([unit("41", 200, 1)]), 200).length, 2);
		check.ok(!packetizer.key && !packetizer.droppable);
		both.cut(check, packetizer, frame([bytesOf("0910"), unit("01", 20, 1)]));
		check.ok(!packetizer.key && packetizer.droppable);
		both.cut(check, packetizer, frame([SPS, PPS]));
		check.ok(!packetizer.key && !packetizer.droppable);
	});

	suite.test("ARC-D2 RFC 6184 H.264: an IDR of 100 to 5,000 bytes at every limit comes out as it went in", (check) => {
		for (const prefix of [PREFIX_LENGTHS, PREFIX_START_CODES]) {
			const both = new Both();
			const packetizer = new H264Packetizer(both.line.arena, prefix);
			const depacketizer = both.h264(prefix);
			for (let i = 0; i < 80; i++) {
				const units = [SPS, PPS, unit("65", 100 + i * 61, i), unit("65", 30 + i * 17, i + 1)];
				const bytes = frame(i % 2 ? units.slice(2) : units, prefix === PREFIX_LENGTHS ? -1 : 3);
				const payloads = both.cut(check, packetizer, bytes, 160 + i * 13);
				both.line.join(check, depacketizer, payloads, 3000 * i);
				check.ok(same(both.line.joined(depacketizer), bytes), "frame " + i);
				check.ok(depacketizer.key && !depacketizer.droppable);
			}
			check.equal(depacketizer.counters.frames, 80);
		}
	});

	suite.test("RFC 6184 H.264: start codes of 2 and 3 zeros, more zeros, 00 00 03 and 01 inside", (check) => {
		const both = new Both();
		const packetizer = new H264Packetizer(both.line.arena, PREFIX_START_CODES);
		const stream = bytesOf("00000001 67aa0100000301 000001 68bb 0000000001 65800001ff 000001 41810101 0000");
		check.equal(hexes(both.cut(check, packetizer, stream)), "67aa0100000301 68bb 65800001ff 41810101!");
		check.ok(packetizer.key);
		check.equal(hexes(both.cut(check, packetizer, bytesOf("ffff000001 4181"))), "4181!");
		for (const bad of ["", "00", "000001", "00000100", "4181", "0000014100000001".slice(0, 4)]) {
			both.line.frame(bytesOf(bad));
			check.ok(!packetizer.begin(FRAME_AT, bad.length / 2), bad);
			check.equal(packetizer.refusal, REFUSED_DAMAGED);
			check.equal(packetizer.next(both.line.payload, LIMIT), 0);
		}
		const lengths = new H264Packetizer(both.line.arena, PREFIX_LENGTHS);
		for (const bad of ["", "000000", "00000000", "0000000241", "ffffffff4181", "0000000041"]) {
			both.line.frame(bytesOf(bad));
			check.ok(!lengths.begin(FRAME_AT, bad.length / 2), bad);
			check.equal(lengths.next(both.line.payload, LIMIT), 0);
		}
		/* A frame that is right at first ends where it is not. */
		check.equal(hexes(both.cut(check, lengths, bytesOf("00000002 4181 00000009 41"))), "4181!");
	});

	suite.test("RFC 6184 H.264: parameter sets of a description go before key frames that bring none", (check) => {
		for (const [prefix, zeros] of [
			[PREFIX_LENGTHS, -1],
			[PREFIX_START_CODES, 3],
		]) {
			const both = new Both();
			const packetizer = new H264Packetizer(both.line.arena, prefix as number);
			const sets = join(bytesOf("0006"), SPS, bytesOf("0006"), PPS);
			const at = both.line.region(100);
			both.line.arena.bytes.set(sets, at);
			packetizer.parameterSets(at, sets.length);
			const cut = (...units: Uint8Array[]): string => hexes(both.cut(check, packetizer, frame(units, zeros)));
			check.equal(cut(bytesOf("658812"), bytesOf("650812")), "6764001facd9 68ebe3cb22c0 658812 650812!");
			check.ok(packetizer.key);
			check.equal(cut(bytesOf("0605"), bytesOf("658812")), "6764001facd9 68ebe3cb22c0 0605 658812!");
			check.equal(cut(bytesOf("6742"), bytesOf("68ce"), bytesOf("658812")), "6742 68ce 658812!");
			check.equal(cut(bytesOf("418812")), "418812!");
			check.equal(cut(SPS, PPS), "6764001facd9 68ebe3cb22c0!");
			/* Cut off, or empty: as far as they are sets. */
			packetizer.parameterSets(at, sets.length - 1);
			check.equal(cut(bytesOf("658812")), "6764001facd9 658812!");
			packetizer.parameterSets(at, 1);
			check.equal(cut(bytesOf("658812")), "658812!");
			packetizer.parameterSets(at, 0);
			check.equal(cut(bytesOf("658812")), "658812!");
		}
		const both = new Both();
		const packetizer = new H265Packetizer(both.line.arena, PREFIX_LENGTHS);
		const at = both.line.region(100);
		both.line.arena.bytes.set(bytesOf("000340010c0003420101"), at);
		packetizer.parameterSets(at, 10);
		check.equal(hexes(both.cut(check, packetizer, frame([bytesOf("260188")]))), "40010c 420101 260188!");
		check.equal(hexes(both.cut(check, packetizer, frame([bytesOf("4401c1"), bytesOf("260188")]))), "4401c1 260188!");
	});

	suite.test("ARC-D2 RFC 6184 H.264: STAP-A, fragments with both ends, units in any order", (check) => {
		const both = new Both();
		const { line } = both;
		const depacketizer = both.h264();
		check.equal(line.push(depacketizer, "78 0006 6764001facd9 0006 68ebe3cb22c0 0003 658812", 1, false), NOTHING);
		check.equal(line.push(depacketizer, "7cc5 0102", 1, false), NOTHING);
		check.equal(line.push(depacketizer, "0600", 1, true), FRAME);
		check.equal(
			formatHex(line.joined(depacketizer), 0, depacketizer.frameLength),
			"000000066764001facd9 0000000668ebe3cb22c0 00000003658812 00000003650102 000000020600".split(" ").join(""),
		);
		check.ok(depacketizer.key);
		/* The payload is as it was. */
		check.equal(line.push(depacketizer, "7c81 aabb", 2, false), NOTHING);
		check.hex(line.arena.buffer, line.payload, "7c81aabb");
		check.equal(line.push(depacketizer, "7c41 cc", 2, true), FRAME);
		check.equal(formatHex(line.joined(depacketizer), 0, depacketizer.frameLength), "0000000461aabbcc");
		check.ok(!depacketizer.key && !depacketizer.droppable);
		check.equal(line.push(depacketizer, "0181", 3, true), FRAME);
		check.ok(depacketizer.droppable);
		/* The end of a stream is a unit of its header alone. */
		check.equal(line.push(depacketizer, "4181", 4, false), NOTHING);
		check.equal(line.push(depacketizer, "0b", 4, true), FRAME);
		check.equal(formatHex(line.joined(depacketizer), 0, depacketizer.frameLength), "000000024181000000010b");
		check.equal(line.push(depacketizer, "4181 aa", 5, true), FRAME);
		check.equal(line.push(depacketizer, "7cd7 aa", 6, false), NOTHING);
		check.equal(depacketizer.counters.format, 0);
	});

	suite.test("RFC 6184 H.264: senders without a marker, parameter sets sent as frames, two frames by one payload", (check) => {
		const both = new Both();
		const { line } = both;
		const depacketizer = both.h264();
		const text = (): string => formatHex(line.joined(depacketizer), 0, depacketizer.frameLength);
		check.equal(line.push(depacketizer, "6764", 1, true), NOTHING);
		check.equal(line.push(depacketizer, "68eb", 2, true), NOTHING);
		check.equal(line.push(depacketizer, "6581", 3, false), NOTHING);
		check.equal(line.push(depacketizer, "6501", 3, false), NOTHING);
		check.equal(line.push(depacketizer, "7c81 82", 4, false), FRAME);
		check.equal(text(), "000000026764 0000000268eb 000000026581 000000026501".split(" ").join(""));
		check.equal(depacketizer.timestamp, 3);
		check.equal(depacketizer.more(), NOTHING);
		check.equal(line.push(depacketizer, "7c41 83", 4, false), NOTHING);
		check.equal(line.push(depacketizer, "4185", 5, true), FRAME);
		check.equal(text(), "00000003618283");
		check.equal(depacketizer.timestamp, 4);
		check.equal(depacketizer.more(), FRAME);
		check.equal(text(), "000000024185");
		check.equal(depacketizer.timestamp, 5);
		check.equal(depacketizer.more(), NOTHING);
		/* A second one that nobody asks for is counted, and does no harm. */
		check.equal(line.push(depacketizer, "4186", 6, false), NOTHING);
		check.equal(line.push(depacketizer, "4187", 7, true), FRAME);
		check.equal(line.push(depacketizer, "4188", 7, true), FRAME);
		check.equal(text(), "000000024188");
		check.equal(depacketizer.counters.damaged, 1);
		check.equal(depacketizer.counters.frames, 5);
	});

	suite.test(
		"RFC 6184 H.264: a frame with a lost payload is given up, once; a lost beginning is seen by the first slice",
		(check) => {
			const both = new Both();
			const packetizer = new H264Packetizer(both.line.arena, PREFIX_LENGTHS);
			const depacketizer = both.h264();
			const { line } = both;
			const slices = [unit("41", 150, 1), unit("41", 150, 2), unit("41", 500, 3)];
			for (const one of slices.slice(1)) one[1] = 0x22;
			const payloads = both.cut(check, packetizer, frame(slices), 200);
			check.equal(payloads.length, 5);
			const whole = (timestamp: number, lost: boolean): void => {
				for (let i = 0; i < payloads.length; i++) {
					const { hex, marker } = payloads[i] as Payload;
					const outcome = line.push(depacketizer, hex, timestamp, marker, lost && i === 0);
					check.equal(outcome === FRAME, marker, "payload " + i);
				}
			};
			let timestamp = 0;
			for (let missing = 0; missing < payloads.length; missing++) {
				const before = depacketizer.counters.damaged;
				timestamp++;
				for (let i = 0; i < payloads.length; i++) {
					if (i === missing) continue;
					const { hex, marker } = payloads[i] as Payload;
					if (line.push(depacketizer, hex, timestamp, marker, i === missing + 1) === FRAME)
						check.fail("frame without " + missing);
				}
				whole(++timestamp, missing + 1 === payloads.length);
				check.equal(depacketizer.counters.damaged, before + 1, "missing " + missing);
			}
			check.equal(depacketizer.counters.frames, payloads.length);
			/* A whole frame was lost: the next one is good. */
			whole(++timestamp, true);
			check.equal(depacketizer.counters.frames, payloads.length + 1);
			/* Behind it there is no doubt any more. */
			check.equal(line.push(depacketizer, "4122", ++timestamp, true), FRAME);
			/* The end of one and the beginning of the next were lost. */
			line.push(depacketizer, payloads[0]?.hex as string, ++timestamp, false);
			check.equal(line.push(depacketizer, payloads[1]?.hex as string, ++timestamp, false, true), DAMAGED);
			check.equal(line.push(depacketizer, payloads[4]?.hex as string, timestamp, true), NOTHING);
			whole(++timestamp, false);
		},
	);

	suite.test("RFC 6184 H.264: payloads that break the rules are counted and cost their frame", (check) => {
		const both = new Both();
		const { line } = both;
		const depacketizer = both.h264();
		const bad = [
			"",
			"00",
			"1f",
			"1e81",
			"19000081",
			"1a00",
			"1b00",
			"1d8181",
			"7c",
			"7c81",
			"7c80aa",
			"7c98aa",
			"7c9caa",
			"78",
			"7800",
		];
		const more = ["780000", "78000341", "7800014100", "780001410002", "7800024181000341"];
		const all = [...bad, ...more];
		for (let i = 0; i < all.length; i++) {
			line.push(depacketizer, "4181", i, false);
			check.equal(line.push(depacketizer, all[i] as string, i, true), DAMAGED, "payload " + all[i]);
			check.equal(depacketizer.counters.format, i + 1, "payload " + all[i]);
		}
		check.equal(depacketizer.counters.damaged, all.length);
		/* Fragments without their beginning or their end: right by themselves. */
		check.equal(line.push(depacketizer, "7c01aa", 100, false), DAMAGED);
		check.equal(line.push(depacketizer, "7c8181", 101, false), NOTHING);
		check.equal(line.push(depacketizer, "7c8181", 101, false), DAMAGED);
		check.equal(line.push(depacketizer, "7c8181", 102, true), DAMAGED);
		check.equal(line.push(depacketizer, "7c8181", 103, false), NOTHING);
		check.equal(line.push(depacketizer, "4181", 104, true), FRAME);
		check.equal(depacketizer.counters.format, all.length);
		/* No room. */
		let count = 0;
		for (let outcome = NOTHING; outcome === NOTHING; count++)
			outcome = line.push(depacketizer, "41" + "82".repeat(999), 105, false);
		check.equal(count, Math.floor(ROOM / 1004) + 1);
		check.equal(depacketizer.counters.oversized, 1);
		check.equal(line.push(depacketizer, "4181", 105, true), NOTHING);
		check.equal(line.push(depacketizer, "4181", 106, true), FRAME);
		line.push(depacketizer, "4181", 107, false);
		depacketizer.reset();
		check.equal(line.push(depacketizer, "4182", 107, true), FRAME);
		check.equal(depacketizer.frameLength, 6);
	});
}

function h265(suite: Suite): void {
	suite.test("ARC-D2 RFC 7798 H.265: units and fragments byte by byte", (check) => {
		const both = new Both();
		const packetizer = new H265Packetizer(both.line.arena, PREFIX_LENGTHS);
		const idr = unit("2601", 400, 3);
		const body = formatHex(idr, 2, 400);
		const payloads = both.cut(check, packetizer, frame([bytesOf("40010c"), bytesOf("420101"), bytesOf("4401c1"), idr]), 200);
		check.equal(
			hexes(payloads),
			`40010c 420101 4401c1 620193${body.slice(0, 394)} 620113${body.slice(394, 788)} 620153${body.slice(788)}!`,
		);
		check.ok(packetizer.key && !packetizer.droppable);
		both.cut(check, packetizer, frame([unit("0201", 500, 1)]), 200);
		check.ok(!packetizer.key && !packetizer.droppable);
		both.cut(check, packetizer, frame([unit("0002", 20, 1)]));
		check.ok(!packetizer.key && packetizer.droppable);
		both.cut(check, packetizer, frame([unit("2a01", 20, 1)]));
		check.ok(packetizer.key, "CRA");
	});

	suite.test("ARC-D2 RFC 7798 H.265: an IDR of 100 to 5,000 bytes at every limit comes out as it went in", (check) => {
		const both = new Both();
		const packetizer = new H265Packetizer(both.line.arena, PREFIX_LENGTHS);
		const depacketizer = both.h265();
		for (let i = 0; i < 80; i++) {
			const units = [
				bytesOf("40010c"),
				bytesOf("420101"),
				bytesOf("4401c1"),
				unit("2601", 100 + i * 61, i),
				unit("2801", 30 + i * 17, i),
			];
			const bytes = frame(i % 2 ? units.slice(3) : units);
			const payloads = both.cut(check, packetizer, bytes, 160 + i * 13);
			both.line.join(check, depacketizer, payloads, 3000 * i);
			check.ok(same(both.line.joined(depacketizer), bytes), "frame " + i);
			check.ok(depacketizer.key && !depacketizer.droppable);
		}
		check.equal(depacketizer.counters.damaged, 0);
	});

	suite.test("ARC-D2 RFC 7798 H.265: AP, layers and identifiers are kept, breaches are counted", (check) => {
		const both = new Both();
		const { line } = both;
		const depacketizer = both.h265();
		check.equal(line.push(depacketizer, "6001 0003 40010c 0004 02010081", 1, false), NOTHING);
		check.equal(line.push(depacketizer, "631a 91 aa", 1, false), NOTHING);
		check.hex(line.arena.buffer, line.payload, "631a91aa");
		check.equal(line.push(depacketizer, "631a 51 bb", 1, true), FRAME);
		check.equal(
			formatHex(line.joined(depacketizer), 0, depacketizer.frameLength),
			"0000000340010c 0000000402010081 00000004231aaabb".split(" ").join(""),
		);
		check.ok(depacketizer.key);
		const bad = [
			"",
			"02",
			"6401aa",
			"7e01aa",
			"6201",
			"620181",
			"6201b0aa",
			"6001",
			"600100",
			"60010000",
			"6001000140",
			"600100050201",
		];
		for (let i = 0; i < bad.length; i++) {
			line.push(depacketizer, "020181", 10 + i, false);
			check.equal(line.push(depacketizer, bad[i] as string, 10 + i, true), DAMAGED, "payload " + bad[i]);
			check.equal(depacketizer.counters.format, i + 1, "payload " + bad[i]);
		}
		check.equal(line.push(depacketizer, "020122", 50, true, true), DAMAGED);
		check.equal(line.push(depacketizer, "020181", 51, true), FRAME);
		check.equal(line.push(depacketizer, "000181", 52, true), FRAME);
		check.ok(depacketizer.droppable);
		check.equal(line.push(depacketizer, "020181", 53, false), NOTHING);
		check.equal(line.push(depacketizer, "4a01", 53, true), FRAME);
		check.equal(formatHex(line.joined(depacketizer), 0, depacketizer.frameLength), "00000003020181000000024a01");
	});
}

function steady(suite: Suite): void {
	suite.test("RFC 6184 H.264: 5,000 frames cost the engine nothing", (check) => {
		const both = new Both();
		const packetizer = new H264Packetizer(both.line.arena, PREFIX_LENGTHS);
		const depacketizer = both.h264();
		const bytes = frame([SPS, PPS, unit("65", 5000, 1)]);
		both.line.frame(bytes);
		const { payload } = both.line;
		const allocation = new Allocation();
		let frames = 0;
		for (let i = -2; i < 5000; i++) {
			if (i === 0) allocation.begin();
			packetizer.begin(FRAME_AT, bytes.length);
			for (let size = packetizer.next(payload, LIMIT); size > 0; size = packetizer.next(payload, LIMIT))
				if (depacketizer.push(payload, size, i, packetizer.marker, false) === FRAME) frames++;
		}
		allocation.expectNone(check);
		check.equal(frames, 5002);
	});
}

export default function rtpNAL(suite: Suite): void {
	h264(suite);
	h265(suite);
	steady(suite);
}
