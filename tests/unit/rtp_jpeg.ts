import {
	DAMAGED,
	FRAME,
	NOTHING,
	REFUSED_CODING,
	REFUSED_DAMAGED,
	REFUSED_HUFFMAN,
	REFUSED_NOT,
	REFUSED_QUANTISATION,
	REFUSED_SAMPLING,
	REFUSED_SIZE,
	refusalWords,
} from "media/rtp/format";
import { JPEGDepacketizer, jpegDepacketizerBytes } from "media/rtp/jpeg_depacketizer";
import { JPEG_PACKETIZER_BYTES, JPEGPacketizer } from "media/rtp/jpeg_packetizer";
import { Allocation } from "unit/allocation";
import { join } from "unit/pictures";
import { bytesOf, FRAME_AT, Line, type Payload, pattern, same } from "unit/rtp_line";
import { jpeg, type PictureOptions, quantisers } from "unit/rtp_pictures";
import type { Check, Suite } from "unit/suite";
import { formatHex } from "wire/hex";

const ROOM = 20000;
const LIMIT = 1138;

/** Both ends. */
class Both {
	readonly line = new Line(ROOM + 2000, JPEG_PACKETIZER_BYTES + jpegDepacketizerBytes(ROOM));
	readonly packetizer = new JPEGPacketizer(this.line.arena, this.line.region(JPEG_PACKETIZER_BYTES));
	readonly depacketizer = new JPEGDepacketizer(this.line.arena, this.line.region(jpegDepacketizerBytes(ROOM)), ROOM);

	cut(check: Check, picture: Uint8Array, limit = LIMIT): Payload[] {
		this.line.frame(picture);
		return this.line.cut(check, this.packetizer, picture.length, limit);
	}

	refusal(options: PictureOptions): number {
		const picture = jpeg(options);
		this.line.frame(picture);
		const good = this.packetizer.begin(FRAME_AT, picture.length);
		if (good === (this.packetizer.refusal !== REFUSED_NOT)) throw new Error("refusal and answer differ");
		if (!good && this.packetizer.next(this.line.payload, LIMIT) !== 0) throw new Error("payload of a refused picture");
		return this.packetizer.refusal;
	}
}

/** A scan with markers of restart, stuffed bytes and zeros. */
function scan(length: number, seed: number): Uint8Array {
	const bytes = pattern(length, seed);
	for (let i = 50; i + 3 < length; i += 200) bytes.set([0xff, i % 400 < 200 ? 0 : 0xd0 + (i & 7)], i);
	return bytes;
}

function golden(suite: Suite): void {
	suite.test("ARC-D3 RFC 2435 JPEG: headers byte by byte: quality, size, offsets, tables once", (check) => {
		const both = new Both();
		/* Tables of quality 75: none are sent. */
		const plain = both.cut(check, jpeg({ scan: bytesOf("0102030405") }));
		check.equal(plain.length, 1);
		check.equal(plain[0]?.hex, "00000000 014b0806 0102030405".split(" ").join(""));
		check.equal(both.packetizer.quality, 75);
		/* Tables of its own: with the first payload. */
		const tables = quantisers(75);
		tables[5] = 3;
		const own = both.cut(check, jpeg({ tables, sampling: 0x21, width: 2040, height: 17, scan: pattern(300, 1) }), 200);
		check.equal(own.length, 3);
		const first = "00000000 00ffff03 00000080".split(" ").join("") + formatHex(tables, 0, 128);
		const data = formatHex(pattern(300, 1), 0, 300);
		check.equal(own[0]?.hex, first + data.slice(0, 120));
		check.equal(own[1]?.hex, "0000003c00ffff03" + data.slice(120, 504));
		check.equal(own[2]?.hex, "000000fc00ffff03" + data.slice(504));
		check.equal(own.map((payload) => payload.marker).join(), "false,false,true");
		/* A restart interval: in every payload. */
		const restart = both.cut(check, jpeg({ restart: 4, scan: pattern(160, 2) }), 160);
		check.equal(restart.length, 2);
		check.equal(restart[0]?.hex.slice(0, 24), "00000000414b08060004ffff");
		check.equal(restart[1]?.hex.slice(0, 24), "00000094414b08060004ffff");
		check.equal(both.cut(check, jpeg({ restart: 1 }))[0]?.hex, "00000000414b08060001ffff112233445566");
		check.equal(both.line.push(both.depacketizer, "00000000414b08060001ffff1122", 1, true), FRAME);
		check.equal(formatHex(both.line.joined(both.depacketizer), 0, 8), "ffd8ffdd00040001");
	});

	suite.test("ARC-D3 RFC 2435 JPEG: a picture comes out with the head that other viewers need", (check) => {
		const both = new Both();
		const payload = "00000000 01ff0806 00000080".split(" ").join("") + "01".repeat(64) + "02".repeat(64) + "a1a2a3";
		check.equal(both.line.push(both.depacketizer, payload, 9, true), FRAME);
		const hex = formatHex(both.line.joined(both.depacketizer), 0, both.depacketizer.frameLength);
		check.equal(hex.slice(0, 14), "ffd8ffdb004300");
		check.equal(hex.slice(14, 142), "01".repeat(64));
		check.equal(hex.slice(142, 152), "ffdb004301");
		check.equal(hex.slice(152, 280), "02".repeat(64));
		check.equal(hex.slice(280, 318), "ffc0001108003000400301220002110103110" + "1");
		check.equal(hex.slice(318, 326), "ffc4001f");
		check.equal(hex.slice(-38), "ffda000c03010002110311003f00a1a2a3ffd9");
		check.equal(hex.length, 2 * (605 + 3 + 2));
		check.equal(both.depacketizer.width + "x" + both.depacketizer.height, "64x48");
	});
}

function roundTrips(suite: Suite): void {
	suite.test("ARC-D3 RFC 2435 JPEG: every size of payload gives the same picture again", (check) => {
		const both = new Both();
		for (let limit = 160; limit <= 1200; limit += limit < 180 ? 1 : 93)
			for (let kind = 0; kind < 8; kind++) {
				const tables = quantisers(40);
				if (kind & 1) tables[127] = 7;
				const options = {
					width: 16 + 8 * limit,
					height: 8 * (limit % 255) + 1,
					sampling: kind & 2 ? 0x21 : 0x22,
					tables,
					scan: scan(limit * 3 + kind, kind),
				};
				const size = { width: Math.min(options.width, 2040), height: Math.min(options.height, 2040) };
				const picture = jpeg(kind & 4 ? { ...options, ...size, restart: 9 } : { ...options, ...size });
				const payloads = both.cut(check, picture, limit);
				both.line.join(check, both.depacketizer, payloads, limit + kind);
				/* Sides in whole units of 8, no JFIF segment: else it is the same. */
				const again = { ...options, width: (size.width + 7) & ~7, height: (size.height + 7) & ~7 };
				const expected = jpeg(kind & 4 ? { ...again, restart: 9 } : again);
				const short = join(expected.slice(0, 2), kind & 4 ? bytesOf("ffdd00040009") : new Uint8Array(0), expected.slice(20, 158));
				const rest = expected.slice(kind & 4 ? 164 : 158);
				check.ok(same(both.line.joined(both.depacketizer), join(short, rest)), "limit " + limit + " kind " + kind);
			}
		check.equal(both.depacketizer.counters.damaged, 0);
		check.equal(both.depacketizer.counters.format, 0);
	});

	suite.test("ARC-D3 RFC 2435 JPEG: with standard tables of every quality, none are on the wire", (check) => {
		const both = new Both();
		for (let quality = 1; quality <= 99; quality++) {
			const tables = quantisers(quality);
			const payloads = both.cut(check, jpeg({ tables, scan: pattern(20, quality) }));
			const sent = Number.parseInt(payloads[0]?.hex.slice(10, 12) as string, 16);
			/* The lowest qualities give the same tables. */
			check.ok(sent >= 1 && sent <= 99 && same(quantisers(sent), tables), quality + " was sent as " + sent);
			check.equal(payloads[0]?.hex.length, 2 * 28);
			both.line.join(check, both.depacketizer, payloads, quality);
			const out = both.line.joined(both.depacketizer);
			check.ok(same(out.slice(7, 71), tables.slice(0, 64)) && same(out.slice(76, 140), tables.slice(64)), "tables of " + quality);
		}
	});

	suite.test(
		"ARC-D3 RFC 2435 JPEG: no Huffman segment, other orders, padding behind the end and a missing end are taken",
		(check) => {
			const both = new Both();
			check.equal(both.cut(check, jpeg({ huffman: false }))[0]?.hex, "00000000014b0806112233445566");
			check.equal(both.cut(check, jpeg({ end: "" }))[0]?.hex, "00000000014b0806112233445566");
			check.equal(both.cut(check, jpeg({ end: "ffd9" + "00".repeat(500) }))[0]?.hex, "00000000014b0806112233445566");
			check.equal(both.cut(check, jpeg({ end: "00ffd8ffd9" }))[0]?.hex, "00000000014b080611223344556600ffd8");
			check.equal(
				both.cut(check, jpeg({ extra: "fffe0004ffd8 fffffe0002 ffe10006ffdaffd9" }))[0]?.hex,
				"00000000014b0806112233445566",
			);
		},
	);
}

function refusals(suite: Suite): void {
	suite.test("ARC-D3 RFC 2435 JPEG: what it cannot carry is refused, with the reason", (check) => {
		const both = new Both();
		check.equal(both.refusal({ width: 2040, height: 2040 }), REFUSED_NOT);
		check.equal(both.refusal({ width: 2041 }), REFUSED_SIZE);
		check.equal(both.refusal({ height: 2048 }), REFUSED_SIZE);
		check.equal(both.refusal({ width: 0 }), REFUSED_DAMAGED);
		check.equal(both.refusal({ sampling: 0x11 }), REFUSED_SAMPLING);
		check.equal(both.refusal({ sampling: 0x12 }), REFUSED_SAMPLING);
		check.equal(both.refusal({ chroma: 0x21 }), REFUSED_SAMPLING);
		check.equal(both.refusal({ frame: "ffc0000b080030004001011100" }), REFUSED_SAMPLING);
		check.equal(both.refusal({ frame: "ffc2001108003000400301220002110103110" + "1" }), REFUSED_CODING);
		check.equal(both.refusal({ frame: "ffc000110c003000400301220002110103110" + "1" }), REFUSED_CODING);
		check.equal(both.refusal({ frame: "ffc0001108003000400301220002110103110" + "2" }), REFUSED_QUANTISATION);
		check.equal(both.refusal({ frame: "ffc0001108003000400301220002110303110" + "3" }), REFUSED_QUANTISATION);
		check.equal(both.refusal({ frame: "ffc0001108003000400301220402110103110" + "1" }), REFUSED_DAMAGED);
		check.equal(both.refusal({ frame: "ffc0001008003000400301220002110103110" + "1" }), REFUSED_DAMAGED);
		check.equal(both.refusal({ frame: "" }), REFUSED_DAMAGED);
		check.equal(both.refusal({ extra: "ffdb008310" + "0001".repeat(64) }), REFUSED_QUANTISATION);
		check.equal(both.refusal({ extra: "ffdb004304" + "01".repeat(64) }), REFUSED_DAMAGED);
		check.equal(both.refusal({ extra: "ffdb004203" + "01".repeat(63) }), REFUSED_DAMAGED);
		check.equal(both.refusal({ extra: "ffc4001f0000010501010101010100000000000000000102030405060708090b0a" }), REFUSED_HUFFMAN);
		check.equal(both.refusal({ extra: "ffc4001f0200010501010101010100000000000000000102030405060708090a0b" }), REFUSED_HUFFMAN);
		check.equal(both.refusal({ extra: "ffc400150000010000000000000000000000000000000100" }), REFUSED_HUFFMAN);
		check.equal(both.refusal({ extra: "ffdd00050001" + "00" }), REFUSED_DAMAGED);
		check.equal(both.refusal({ height: 0 }), REFUSED_DAMAGED);
		check.equal(both.refusal({ extra: "ffc0001108003000400301220002110103110" + "1" }), REFUSED_DAMAGED);
		check.equal(both.refusal({ extra: "ffcf000400" + "00" }), REFUSED_CODING);
		check.equal(both.refusal({ extra: "ffcc000400" + "00" }), REFUSED_CODING);
		check.equal(both.refusal({ extra: "ff02000400" + "00" }), REFUSED_DAMAGED);
		check.equal(both.refusal({ extra: "ffd0" }), REFUSED_DAMAGED);
		check.equal(both.refusal({ extra: "00" }), REFUSED_DAMAGED);
		check.equal(both.refusal({ extra: "ffe00001" }), REFUSED_DAMAGED);
		check.equal(both.refusal({ extra: "ffe0ffff" }), REFUSED_DAMAGED);
		check.equal(both.refusal({ scan: new Uint8Array(0) }), REFUSED_DAMAGED);
		check.equal(both.refusal({}), REFUSED_NOT);
		check.equal(both.refusal({ start: "ffda000c03011002110311003f00" }), REFUSED_HUFFMAN);
		check.equal(both.refusal({ start: "ffda000c03010002000311003f00" }), REFUSED_HUFFMAN);
		check.equal(both.refusal({ start: "ffda000c03010002110300003f00" }), REFUSED_HUFFMAN);
		check.equal(both.refusal({ start: "ffda00080101003f00" }), REFUSED_CODING);
		check.equal(both.refusal({ start: "ffda000d03010002110311003f0000" }), REFUSED_DAMAGED);
		for (let refusal = 1; refusal <= REFUSED_QUANTISATION; refusal++) check.ok(refusalWords(refusal).length > 20);
		check.equal(refusalWords(REFUSED_NOT), "");
	});

	suite.test("ARC-D3 RFC 2435 JPEG: a picture cut off anywhere in its head is refused", (check) => {
		const both = new Both();
		const picture = jpeg({ restart: 3 });
		both.line.frame(picture);
		for (let length = 0; length < picture.length - 8; length++)
			if (both.packetizer.begin(FRAME_AT, length)) check.fail("taken at " + length);
		check.ok(both.packetizer.begin(FRAME_AT, picture.length));
	});
}

function losses(suite: Suite): void {
	suite.test("ARC-D3 RFC 2435 JPEG: a picture with a lost payload is given up, once, and the next one is whole", (check) => {
		const both = new Both();
		const tables = quantisers(50);
		tables[0] = 77;
		const picture = jpeg({ tables, scan: scan(2000, 3) });
		const payloads = both.cut(check, picture, 300);
		check.ok(payloads.length > 6);
		const { depacketizer, line } = both;
		for (let missing = 0; missing < payloads.length; missing++) {
			let damaged = 0;
			for (let i = 0; i < payloads.length; i++) {
				if (i === missing) continue;
				const { hex, marker } = payloads[i] as Payload;
				const outcome = line.push(depacketizer, hex, 2 * missing, marker, i === missing + 1);
				if (outcome === DAMAGED) damaged++;
				else check.equal(outcome, NOTHING);
			}
			/* Of a lost end the next frame tells. */
			check.equal(damaged, missing + 1 < payloads.length ? 1 : 0, "missing " + missing);
			for (let i = 0; i < payloads.length; i++) {
				const { hex, marker } = payloads[i] as Payload;
				const outcome = line.push(depacketizer, hex, 2 * missing + 1, marker, false);
				const end = missing + 1 === payloads.length && i === 0 ? DAMAGED : NOTHING;
				check.equal(outcome, i + 1 < payloads.length ? end : FRAME, "after " + missing);
			}
		}
		check.equal(depacketizer.counters.damaged, payloads.length);
		check.equal(depacketizer.counters.frames, payloads.length);
	});

	suite.test("ARC-D3 RFC 2435 JPEG: payloads that break the rules are counted, and bounded by the room", (check) => {
		const { line, depacketizer } = new Both();
		const bad = [
			"",
			"0000000001ff08",
			"01000000014b080611",
			"00000000024b080611",
			"00000000804b080611",
			"00000000014b000611",
			"00000000014b080011",
			"00000000010008061111",
			"00000000016408061111",
			"00000000414b0806000aff",
			"00000000414b08060004ffff",
			"00000000014b0806",
			"0000000001ff0806",
			"0000000001ff080600000000aa",
			"0000000001ff080600010080" + "01".repeat(129),
			"0000000001ff080600000080" + "01".repeat(127),
			"0000000001ff080600000080" + "01".repeat(128),
			"0000000001ff0806000000c0" + "01".repeat(193),
			"0000000001800806000000" + "00aa",
		];
		for (let i = 0; i < bad.length; i++) {
			const outcome = line.push(depacketizer, bad[i] as string, i, true);
			if (outcome === FRAME) check.fail("a frame of " + bad[i]);
			/* A frame was begun, or its rest came. */
			if (bad[i] === "00000000014b0806") check.equal(outcome, DAMAGED);
			check.equal(depacketizer.counters.format, i + 1, "payload " + bad[i]);
		}
		/* Scans that do not end: as much as there is room for, then nothing. */
		let offset = 0;
		let outcome = NOTHING;
		for (let i = 0; i < 30 && outcome === NOTHING; i++) {
			outcome = line.push(depacketizer, (0x100000000 + offset).toString(16).slice(1) + "014b0806" + "55".repeat(1000), 99, false);
			offset += 1000;
		}
		check.equal(outcome, DAMAGED);
		check.equal(offset, ROOM + 1000);
		check.equal(depacketizer.counters.oversized, 1);
	});

	suite.test("ARC-D3 RFC 2435 JPEG: one table for all, tables told once, another description in between", (check) => {
		const { line, depacketizer } = new Both();
		check.equal(line.push(depacketizer, "0000000001800806000000" + "40" + "05".repeat(64) + "aabb", 1, true), FRAME);
		let out = line.joined(depacketizer);
		check.ok(out[7] === 5 && out[76] === 5);
		check.equal(line.push(depacketizer, "000000000180080600000000ccdd", 2, true), FRAME);
		out = line.joined(depacketizer);
		check.ok(out[7] === 5 && out[76] === 5);
		check.equal(line.push(depacketizer, "00000000014b0806ccdd", 3, true), FRAME);
		out = line.joined(depacketizer);
		check.ok(same(out.slice(7, 71), quantisers(75).slice(0, 64)));
		/* They were replaced. */
		check.equal(line.push(depacketizer, "000000000180080600000000ccdd", 4, true), NOTHING);
		check.equal(line.push(depacketizer, "00000000014b0806ccdd", 5, false), NOTHING);
		check.equal(line.push(depacketizer, "00000002014b0906ccdd", 5, true), DAMAGED);
		check.equal(line.push(depacketizer, "00000000014b0806ccdd", 6, false), NOTHING);
		check.equal(line.push(depacketizer, "00000002414b08060004ffffccdd", 6, true), DAMAGED);
		check.equal(line.push(depacketizer, "00000000014b0806ccdd", 7, false), NOTHING);
		depacketizer.reset();
		check.equal(line.push(depacketizer, "00000002014b0806ccdd", 7, true), DAMAGED);
	});
}

function steady(suite: Suite): void {
	suite.test("RFC 2435 JPEG: 2,000 pictures cost the engine nothing", (check) => {
		const both = new Both();
		const tables = quantisers(50);
		tables[0] = 77;
		const picture = jpeg({ tables, restart: 4, scan: scan(6000, 1) });
		both.line.frame(picture);
		const { packetizer, depacketizer } = both;
		const { payload } = both.line;
		const allocation = new Allocation();
		let frames = 0;
		for (let i = -2; i < 2000; i++) {
			if (i === 0) allocation.begin();
			packetizer.begin(FRAME_AT, picture.length);
			for (let size = packetizer.next(payload, LIMIT); size > 0; size = packetizer.next(payload, LIMIT))
				if (depacketizer.push(payload, size, i, packetizer.marker, false) === FRAME) frames++;
		}
		allocation.expectNone(check);
		check.equal(frames, 2002);
	});
}

export default function rtpJPEG(suite: Suite): void {
	golden(suite);
	roundTrips(suite);
	refusals(suite);
	losses(suite);
	steady(suite);
}
