import { Counter, collectGarbage, readCounters } from "host/host";
import { AACDepacketizer, AACPacketizer } from "media/rtp/aac";
import { AV1Depacketizer } from "media/rtp/av1";
import { H264Depacketizer, H264Packetizer } from "media/rtp/h264";
import { H265Depacketizer, H265Packetizer } from "media/rtp/h265";
import { JPEGDepacketizer, jpegDepacketizerBytes } from "media/rtp/jpeg_depacketizer";
import { JPEG_PACKETIZER_BYTES, JPEGPacketizer } from "media/rtp/jpeg_packetizer";
import { PREFIX_LENGTHS } from "media/rtp/nal_depacketizer";
import { OpusDepacketizer, OpusPacketizer } from "media/rtp/opus";
import { SampleDepacketizer, SamplePacketizer } from "media/rtp/samples";
import { VP9Depacketizer } from "media/rtp/vp9";
import { Arena } from "storage/arena";
import type { Suite } from "unit/suite";

const ROOM = 1000;

/** The README's table: name, slots of the engine at most, and what is made. */
type Row = readonly [string, number, (arena: Arena) => object];
const MADE: readonly Row[] = Object.freeze<Row[]>([
	["JPEG packetizer", 35, (arena) => new JPEGPacketizer(arena, 0)],
	["JPEG depacketizer", 25, (arena) => new JPEGDepacketizer(arena, 0, ROOM)],
	["H.264 packetizer", 20, (arena) => new H264Packetizer(arena, PREFIX_LENGTHS)],
	["H.264 depacketizer", 28, (arena) => new H264Depacketizer(arena, 0, ROOM, PREFIX_LENGTHS)],
	["H.265 packetizer", 20, (arena) => new H265Packetizer(arena, PREFIX_LENGTHS)],
	["H.265 depacketizer", 28, (arena) => new H265Depacketizer(arena, 0, ROOM, PREFIX_LENGTHS)],
	["AAC packetizer", 11, (arena) => new AACPacketizer(arena)],
	["AAC depacketizer", 22, (arena) => new AACDepacketizer(arena, 0, ROOM)],
	["AV1 depacketizer", 23, (arena) => new AV1Depacketizer(arena, 0, ROOM)],
	["VP9 depacketizer", 27, (arena) => new VP9Depacketizer(arena, 0, ROOM)],
	["Opus packetizer", 12, (arena) => new OpusPacketizer(arena)],
	["Opus depacketizer", 14, (arena) => new OpusDepacketizer(arena)],
	["sample packetizer", 14, (arena) => new SamplePacketizer(arena, 2)],
	["sample depacketizer", 14, () => new SampleDepacketizer(2)],
]);

export default function rtpMemory(suite: Suite): void {
	suite.test("payload formats: slots of the engine that each takes", (check) => {
		const arena = new Arena(JPEG_PACKETIZER_BYTES + jpegDepacketizerBytes(ROOM));
		const before = new Int32Array(Counter.COUNT);
		const after = new Int32Array(Counter.COUNT);
		const kept: object[] = [];
		for (const [name, slots, make] of MADE) {
			/* Places in the list are not what is counted. */
			kept.push(arena);
			/* What the first one of a kind makes once, and what the first collection of a process leaves, is not its own. */
			make(arena);
			collectGarbage();
			collectGarbage();
			readCounters(before);
			kept[kept.length - 1] = make(arena);
			collectGarbage();
			readCounters(after);
			const taken = (after[Counter.SLOTS] as number) - (before[Counter.SLOTS] as number);
			check.ok(taken <= slots, name + ": " + taken + " slots");
		}
		check.equal(kept.length, MADE.length);
	});
}
