import { AV1Depacketizer } from "media/rtp/av1";
import { DAMAGED, type Depacketizer, FRAME, NOTHING } from "media/rtp/format";
import { LONGEST_RTP_HEADER, RTPReader, writeRTP } from "media/rtp/rtp_header";
import { VP9Depacketizer } from "media/rtp/vp9";
import { Arena } from "storage/arena";
import { bytesOf, Line } from "unit/rtp_line";
import type { Suite } from "unit/suite";
import { formatHex } from "wire/hex";

const ROOM = 3000;

function text(line: Line, depacketizer: Depacketizer): string {
	return formatHex(line.joined(depacketizer), 0, depacketizer.frameLength) + (depacketizer.key ? " key" : "");
}

function vp9(suite: Suite): void {
	suite.test("ARC-D2 RFC 9628 VP9: descriptors of every form; key pictures are told", (check) => {
		const line = new Line(100, ROOM);
		const depacketizer = new VP9Depacketizer(line.arena, line.region(ROOM), ROOM);
		let timestamp = 0;
		const one = (descriptor: string, data = "82494e"): string => {
			const outcome = line.push(depacketizer, descriptor + data, ++timestamp, true);
			return outcome === FRAME ? text(line, depacketizer) : String(outcome);
		};
		check.equal(one("0c"), "82494e key");
		check.equal(one("4c"), "82494e", "P");
		check.equal(one("0c", "8649"), "8649", "an intra-only frame");
		check.equal(one("0c", "8a49"), "8a49", "an existing frame is shown");
		check.equal(one("0c", "b149"), "b149 key", "profile 3");
		check.equal(one("0c", "b349"), "b349");
		check.equal(one("0c", "4249"), "4249", "no VP9");
		check.equal(one("8c 15"), "82494e key", "picture id of 7 bits");
		check.equal(one("8c 9532"), "82494e key", "of 15 bits");
		check.equal(one("ac 9532 00 07"), "82494e key", "layers, TL0PICIDX");
		check.equal(one("bc 9532 00"), "82494e key", "flexible");
		check.equal(one("fc 9532 00 03 05 02"), "82494e", "three references");
		check.equal(one("0e 18 0780 0438 03 0400 0408 081010"), "82494e key", "a layer, groups");
		check.equal(one("0e 38 0780 0438 0280 0168 02 040c 01"), "82494e key", "two layers, groups");
		check.equal(one("0e 10 0780 0438"), "82494e key", "sizes");
		for (const bad of [
			"",
			"0c",
			"8c",
			"8c95",
			"ac950000",
			"fc9532000303",
			"fc95320003030300aa",
			"0e",
			"0e10078004",
			"0e08ff04",
			"0e0801",
		]) {
			check.equal(line.push(depacketizer, bad, ++timestamp, true), DAMAGED, bad);
		}
		check.equal(depacketizer.counters.format, 11);
	});

	suite.test("ARC-D2 RFC 9628 VP9: pictures of several payloads and layers, losses", (check) => {
		const line = new Line(100, ROOM);
		const depacketizer = new VP9Depacketizer(line.arena, line.region(ROOM), ROOM);
		check.equal(line.push(depacketizer, "28 00 00 82a1", 1, false), NOTHING);
		check.equal(line.push(depacketizer, "24 00 00 a2", 1, false), NOTHING);
		check.equal(line.push(depacketizer, "6c 02 00 86b1", 1, true), FRAME);
		check.equal(text(line, depacketizer), "82a1a286b1 key");
		check.equal(line.push(depacketizer, "48 a1", 2, false), NOTHING);
		check.equal(line.push(depacketizer, "44 a3", 2, true, true), DAMAGED);
		check.equal(line.push(depacketizer, "44 a3", 3, false), DAMAGED);
		check.equal(line.push(depacketizer, "44 a4", 3, true), NOTHING);
		check.equal(line.push(depacketizer, "68 02 00 a1", 4, true), DAMAGED);
		check.equal(line.push(depacketizer, "48 a1", 5, false), NOTHING);
		check.equal(line.push(depacketizer, "48 b1", 6, false), DAMAGED);
		check.equal(line.push(depacketizer, "44 b2", 6, true), FRAME);
		check.equal(text(line, depacketizer), "b1b2");
		for (let i = 0; i < 3; i++) check.equal(line.push(depacketizer, "48" + "a1".repeat(1000), 7, false), NOTHING);
		check.equal(line.push(depacketizer, "48a1", 7, false), DAMAGED);
		check.equal(depacketizer.counters.oversized, 1);
		check.equal(depacketizer.counters.damaged, 5);
		depacketizer.reset();
		check.equal(line.push(depacketizer, "48c1", 7, true), FRAME);
	});
}

function av1(suite: Suite): void {
	suite.test("ARC-D2 AV1: OBUs of one payload and of several become a unit with sizes", (check) => {
		const line = new Line(100, ROOM);
		const depacketizer = new AV1Depacketizer(line.arena, line.region(ROOM), ROOM);
		/* W 2, N: a sequence header with its length, a frame without. */
		check.equal(line.push(depacketizer, "28 03 08aabb 30010203", 1, true), FRAME);
		check.equal(text(line, depacketizer), "1200 0a82808000aabb 3283808000010203 key".split(" ").join("").replace("key", " key"));
		/* W 0: all with lengths; a delimiter and a tile list are left out; a size of its own is made anew; an extension is kept. */
		check.equal(line.push(depacketizer, "00 02 1200 03 320199 02 4099 03 346807 01 30", 2, true), FRAME);
		check.equal(text(line, depacketizer), "1200328180800099366881808000073280808000");
		check.ok(!depacketizer.key);
	});

	suite.test("ARC-D2 AV1: OBUs over three payloads", (check) => {
		const line = new Line(100, ROOM);
		const depacketizer = new AV1Depacketizer(line.arena, line.region(ROOM), ROOM);
		check.equal(line.push(depacketizer, "68 02 08aa 3001", 1, false), NOTHING);
		check.equal(line.push(depacketizer, "d0 02" + "55".repeat(300), 1, false), NOTHING);
		check.equal(line.push(depacketizer, "a0 01 03 2099", 1, true), FRAME);
		const middle = "55".repeat(300);
		check.equal(
			text(line, depacketizer),
			("1200 0a81808000aa 32af828000" + "0102" + middle + "03 2281808000" + "99").split(" ").join("") + " key",
		);
	});

	suite.test("ARC-D2 AV1: elements with lengths that go on with the next payload", (check) => {
		const line = new Line(100, ROOM);
		const depacketizer = new AV1Depacketizer(line.arena, line.region(ROOM), ROOM);
		check.equal(line.push(depacketizer, "48 02 08aa 02 3001", 1, false), NOTHING);
		check.equal(line.push(depacketizer, "80 01 02 02 2003", 1, true), FRAME);
		check.equal(text(line, depacketizer), "12000a81808000aa32828080000102228180800003 key");
		check.equal(depacketizer.counters.frames, 1);
	});

	suite.test("ARC-D2 AV1: losses and breaches", (check) => {
		const line = new Line(100, ROOM);
		const depacketizer = new AV1Depacketizer(line.arena, line.region(ROOM), ROOM);
		check.equal(line.push(depacketizer, "50 3001", 1, false), NOTHING);
		check.equal(line.push(depacketizer, "90 02", 1, true, true), DAMAGED);
		check.equal(line.push(depacketizer, "90 02", 2, true), DAMAGED);
		check.equal(line.push(depacketizer, "50 3001", 3, false), NOTHING);
		check.equal(line.push(depacketizer, "10 3001", 4, true), FRAME);
		check.equal(depacketizer.counters.damaged, 3);
		const bad = [
			"",
			"10",
			"5030",
			"10b0",
			"2005",
			"200630aa",
			"00ffffffffff",
			"10328001".slice(0, 6),
			"1034",
			"2001",
			"5001",
			"40",
			"4000",
			"1035",
		];
		const before = depacketizer.counters.format;
		for (let i = 0; i < bad.length; i++) {
			check.equal(line.push(depacketizer, bad[i] as string, 10 + i, true), DAMAGED, bad[i]);
			check.equal(depacketizer.counters.format, before + i + 1, bad[i]);
		}
		/* A payload that does not go on where one did. */
		check.equal(line.push(depacketizer, "50 3001", 40, false), NOTHING);
		check.equal(line.push(depacketizer, "10 3001", 40, true), DAMAGED);
		check.equal(line.push(depacketizer, "10 30" + "aa".repeat(1900), 41, false), NOTHING);
		check.equal(line.push(depacketizer, "10 30" + "aa".repeat(1900), 41, true), DAMAGED);
		check.equal(depacketizer.counters.oversized, 1);
		check.equal(line.push(depacketizer, "50 3001", 42, false), NOTHING);
		depacketizer.reset();
		check.equal(line.push(depacketizer, "10 3001", 42, true), FRAME);
		check.equal(text(line, depacketizer), "1200328180800001");
	});
}

function headers(suite: Suite): void {
	suite.test("ARC-P9 RFC 3550: plain headers are read and written", (check) => {
		const arena = new Arena(200);
		const reader = new RTPReader(arena);
		const read = (hex: string): boolean => {
			const bytes = bytesOf(hex);
			arena.bytes.set(bytes, 3);
			return reader.read(3, bytes.length);
		};
		check.ok(read("80e01234 00010000 00bc614e aabb"));
		check.equal(
			[reader.payload, reader.payloadLength, reader.payloadType, reader.marker, reader.sequence].join(),
			"15,2,96,true,4660",
		);
		check.equal([reader.timestamp, reader.ssrc, reader.csrc, reader.sendTime].join(), "65536,12345678,-1,-1");
		check.ok(read("b2600001 00000002 ffffffff 00000007 00000008 bede0002 00321122 33000000 aabb 0002".split(" ").join("")));
		check.equal(
			[reader.payloadLength, reader.csrc, reader.ssrc, reader.sendTime, reader.marker].join(),
			"2,7,4294967295,-1,false",
		);
		reader.sendTimeId = 3;
		check.ok(read("90600001 00000002 ffffffff bede0002 00321122 33000000 aabb".split(" ").join("")));
		check.equal(reader.sendTime, 0x112233);
		check.ok(read("90600001 00000002 ffffffff bede0002 f0003211 22330000 aabb".split(" ").join("")));
		check.equal(reader.sendTime, -1, "15 ends the list");
		check.ok(read("90600001 00000002 ffffffff bede0001 103f1122 aabb".split(" ").join("")));
		check.equal(reader.sendTime, -1, "an element that is cut off");
		check.ok(read("90600001 00000002 ffffffff 10000002 00321122 33000000 aabb".split(" ").join("")));
		check.equal(reader.sendTime, -1, "elements of two bytes");
		check.ok(read("80600001 00000002 ffffffff"));
		check.equal(reader.payloadLength, 0);
		check.ok(read("a0600001 00000002 ffffffff 01"));
		for (const bad of [
			"",
			"80600001 00000002 ffffff",
			"40600001 00000002 ffffffff",
			"c0600001 00000002 ffffffff",
			"80c80001 00000002 ffffffff",
			"80df0001 00000002 ffffffff",
			"81600001 00000002 ffffffff 0000",
			"90600001 00000002 ffffffff bede00",
			"90600001 00000002 ffffffff bede0001 000000",
			"a0600001 00000002 ffffffff",
			"a0600001 00000002 ffffffff 00",
			"a0600001 00000002 ffffffff aa03",
		])
			check.ok(!read(bad), bad);
		for (let i = 0; i < 8; i++) {
			const at = writeRTP(
				arena.view,
				100,
				96 + i,
				(i & 1) === 1,
				65535,
				0xfffffffe,
				0x80000000,
				i & 2 ? 0xffffffff * (i >> 2) : -1,
				i & 4 ? 3 : 0,
				0xabcdef,
			);
			check.ok(100 - at <= LONGEST_RTP_HEADER);
			check.ok(reader.read(at, 105 - at));
			check.equal(
				[reader.payload, reader.payloadLength, reader.payloadType, reader.marker].join(),
				[100, 5, 96 + i, (i & 1) === 1].join(),
			);
			check.equal([reader.sequence, reader.timestamp, reader.ssrc].join(), [65535, 0xfffffffe, 0x80000000].join());
			check.equal([reader.csrc, reader.sendTime].join(), [i & 2 ? 0xffffffff * (i >> 2) : -1, i & 4 ? 0xabcdef : -1].join());
		}
	});
}

export default function rtpVideo(suite: Suite): void {
	vp9(suite);
	av1(suite);
	headers(suite);
}
