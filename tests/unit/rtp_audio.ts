import { AACDepacketizer, AACPacketizer } from "media/rtp/aac";
import { DAMAGED, FRAME, NOTHING, REFUSED_DAMAGED, REFUSED_PACKET } from "media/rtp/format";
import { OpusDepacketizer, OpusPacketizer } from "media/rtp/opus";
import { G711_TICK, L16_TICK, SampleDepacketizer, SamplePacketizer } from "media/rtp/samples";
import { join } from "unit/pictures";
import { bytesOf, FRAME_AT, Line, pattern, same } from "unit/rtp_line";
import type { Suite } from "unit/suite";
import { formatHex } from "wire/hex";

const ROOM = 9000;

function opus(suite: Suite): void {
	suite.test("ARC-D1 RFC 7587 Opus: a packet is a payload; the marker begins a spurt of talk", (check) => {
		const line = new Line(2000, 0);
		const packetizer = new OpusPacketizer(line.arena);
		const depacketizer = new OpusDepacketizer(line.arena);
		line.frame(bytesOf("08aabb"));
		const first = line.cut(check, packetizer, 3, 1100);
		check.equal(first.map((one) => one.hex + one.marker + one.ticks).join(), "08aabbtrue0");
		check.equal(line.cut(check, packetizer, 3, 1100)[0]?.marker, false);
		packetizer.silent = true;
		check.equal(line.cut(check, packetizer, 3, 3)[0]?.marker, true);
		check.ok(!packetizer.key && !packetizer.droppable);
		/* A packet of silence is one byte. */
		check.equal(
			line
				.cut(check, packetizer, 1, 160)
				.map((one) => one.hex)
				.join(),
			"08",
		);
		check.equal(line.push(depacketizer, "08", 1, false), FRAME);
		check.equal(line.push(depacketizer, "08aabb", 960, false), FRAME);
		check.equal(depacketizer.frameOffset, line.payload);
		check.equal(depacketizer.frameLength, 3);
		check.equal(depacketizer.timestamp, 960);
		check.equal(depacketizer.more(), NOTHING);
		for (const bad of ["", "09aabbcc", "0b", "0b00aa"]) check.equal(line.push(depacketizer, bad, 1, false), NOTHING);
		check.equal(depacketizer.counters.format, 4);
		check.equal(depacketizer.counters.frames, 2);
	});

	suite.test("ARC-D1 RFC 7587 Opus: what is no packet, or larger than a payload, is refused", (check) => {
		const line = new Line(2000, 0);
		const packetizer = new OpusPacketizer(line.arena);
		line.frame(bytesOf("0b"));
		check.ok(!packetizer.begin(FRAME_AT, 1) && packetizer.refusal === REFUSED_DAMAGED);
		check.ok(!packetizer.begin(FRAME_AT, 0));
		check.equal(packetizer.next(line.payload, 1000), 0);
		line.frame(join(bytesOf("08"), pattern(1200, 1)));
		check.ok(packetizer.begin(FRAME_AT, 1201));
		check.equal(packetizer.next(line.payload, 1200), 0);
		check.equal(packetizer.refusal, REFUSED_PACKET);
		check.ok(!packetizer.last);
		check.equal(packetizer.next(line.payload, 2000), 0);
		check.ok(packetizer.begin(FRAME_AT, 1201));
		check.equal(packetizer.next(line.payload, 1201), 1201);
	});
}

function samples(suite: Suite): void {
	suite.test("ARC-D1 RFC 3551 G.711, G.722 and L16: cut at whole ticks, each payload with its time", (check) => {
		const line = new Line(4000, 0);
		const stereo = new SamplePacketizer(line.arena, 2 * L16_TICK);
		const bytes = pattern(1004, 1);
		line.frame(bytes);
		const payloads = line.cut(check, stereo, 1004, 402);
		check.equal(
			payloads.map((one) => one.hex.length / 2 + "@" + one.ticks + one.marker).join(),
			"400@0true,400@100false,204@200false",
		);
		check.equal(payloads.map((one) => one.hex).join(""), formatHex(bytes, 0, 1004));
		check.ok(!stereo.begin(FRAME_AT, 1003) && stereo.refusal === REFUSED_DAMAGED);
		check.equal(stereo.next(line.payload, 402), 0);
		check.ok(!stereo.begin(FRAME_AT, 0));
		const plain = new SamplePacketizer(line.arena, G711_TICK);
		check.equal(
			line
				.cut(check, plain, 480, 160)
				.map((one) => one.ticks)
				.join(),
			"0,160,320",
		);
		check.equal(
			line
				.cut(check, plain, 161, 160)
				.map((one) => one.hex.length / 2)
				.join(),
			"160,1",
		);
		plain.silent = true;
		check.equal(
			line
				.cut(check, plain, 160, 160)
				.map((one) => one.marker)
				.join(),
			"true",
		);
		const depacketizer = new SampleDepacketizer(2 * L16_TICK);
		check.equal(line.push(depacketizer, "00010002", 5, false), FRAME);
		check.equal(depacketizer.frameOffset, line.payload);
		check.equal(depacketizer.frameLength, 4);
		check.equal(line.push(depacketizer, "000100", 5, false), NOTHING);
		check.equal(line.push(depacketizer, "", 5, false), NOTHING);
		check.equal(depacketizer.counters.format, 2);
	});
}

function aac(suite: Suite): void {
	suite.test("ARC-D1 RFC 3640 AAC: access units and fragments, to payloads and back", (check) => {
		const line = new Line(ROOM, ROOM);
		const packetizer = new AACPacketizer(line.arena);
		const depacketizer = new AACDepacketizer(line.arena, line.region(ROOM), ROOM);
		line.frame(bytesOf("a1a2a3"));
		check.equal(line.cut(check, packetizer, 3, 1100)[0]?.hex, "00100018a1a2a3");
		for (let length = 1; length < 8191; length += 397) {
			const unit = pattern(length, length);
			line.frame(unit);
			const payloads = line.cut(check, packetizer, length, 1138);
			check.equal(payloads[payloads.length - 1]?.marker, true);
			line.join(check, depacketizer, payloads, length);
			check.ok(same(line.joined(depacketizer), unit), "unit of " + length);
			check.equal(depacketizer.more(), NOTHING);
		}
		check.ok(packetizer.begin(FRAME_AT, 8191));
		check.ok(!packetizer.begin(FRAME_AT, 8192) && packetizer.refusal === REFUSED_DAMAGED);
		check.ok(!packetizer.begin(FRAME_AT, 0));
		check.equal(depacketizer.counters.damaged, 0);
	});

	suite.test("ARC-D1 RFC 3640 AAC: several units in a payload, losses, breaches", (check) => {
		const line = new Line(ROOM, 600);
		const depacketizer = new AACDepacketizer(line.arena, line.region(600), 600);
		check.equal(line.push(depacketizer, "0030 0010 0018 0008 a1a2 b1b2b3 c1", 0xfffffe00, true), FRAME);
		const text = (): string => formatHex(line.joined(depacketizer), 0, depacketizer.frameLength) + "@" + depacketizer.timestamp;
		check.equal(text(), "a1a2@4294966784");
		check.equal(depacketizer.more(), FRAME);
		check.equal(text(), "b1b2b3@512");
		check.equal(depacketizer.more(), FRAME);
		check.equal(text(), "c1@1536");
		check.equal(depacketizer.more(), NOTHING);
		const bad = ["", "0010", "00100018", "00000018aa", "00080018aa", "001800180018aa", "00100000aa", "0020001000"];
		for (let i = 0; i < bad.length; i++) {
			check.equal(line.push(depacketizer, bad[i] as string, 10 + i, true), NOTHING, bad[i]);
			check.equal(depacketizer.counters.format, i + 1, bad[i]);
		}
		/* The second of two units is cut off. */
		check.equal(line.push(depacketizer, "0020 0010 0020 a1a2 b1", 30, true), FRAME);
		check.equal(depacketizer.more(), NOTHING);
		check.equal(depacketizer.counters.format, bad.length + 1);
		/* Fragments: lost, of another size, too many bytes, no room. */
		check.equal(line.push(depacketizer, "0010 0020 a1a2", 40, false), NOTHING);
		check.equal(line.push(depacketizer, "0010 0020 a3a4", 40, true, true), DAMAGED);
		check.equal(line.push(depacketizer, "0010 0020 a1a2", 41, false), NOTHING);
		check.equal(line.push(depacketizer, "0010 0018 a3", 41, true), DAMAGED);
		check.equal(line.push(depacketizer, "0010 0020 a1a2", 42, false), NOTHING);
		check.equal(line.push(depacketizer, "0010 0020 a3a4a5", 42, true), DAMAGED);
		check.equal(line.push(depacketizer, "0010 ffff" + "11".repeat(500), 43, false), NOTHING);
		check.equal(line.push(depacketizer, "0010 ffff" + "11".repeat(500), 43, false), DAMAGED);
		check.equal(depacketizer.counters.oversized, 1);
		check.equal(line.push(depacketizer, "0010 0020 a1a2", 44, false), NOTHING);
		depacketizer.reset();
		check.equal(line.push(depacketizer, "0010 0008 a1", 44, true), FRAME);
	});
}

export default function rtpAudio(suite: Suite): void {
	opus(suite);
	samples(suite);
	aac(suite);
}
