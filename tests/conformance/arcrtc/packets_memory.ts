import { AUTH_AEAD, SUITE_AES_128_GCM } from "arcrtc/constants";
import { DropCounters } from "arcrtc/counters";
import { HeldPackets } from "arcrtc/held_packets";
import { Opener, openerBytes } from "arcrtc/opener";
import { ReceiveKeys } from "arcrtc/receive_keys";
import { Sealer, sealerBytes } from "arcrtc/sealer";
import { SendKeys } from "arcrtc/send_keys";
import { UsedSources } from "arcrtc/used_sources";
import { Counter, collectGarbage, readCounters } from "host/host";
import { Arena } from "storage/arena";
import { PacketPool } from "storage/pool";
import type { Check, Suite } from "unit/suite";

const SLOT = 16;

/** Bytes of the heap that `make` takes, with slots as on 32-bit devices. */
function heapOf(make: () => object): number {
	const before = new Int32Array(Counter.COUNT);
	const after = new Int32Array(Counter.COUNT);
	readCounters(after);
	collectGarbage();
	readCounters(before);
	const made = make();
	collectGarbage();
	readCounters(after);
	const bytes = (after[Counter.SLOTS] - before[Counter.SLOTS]) * SLOT + after[Counter.CHUNKS] - before[Counter.CHUNKS];
	return made === undefined ? 0 : bytes;
}

/** What the README says, and not much less. */
function around(check: Check, bytes: number, most: number, what: string): void {
	check.ok(bytes <= most && bytes > most / 2, what + ": " + bytes + " bytes");
}

export default function packetsMemory(suite: Suite): void {
	suite.test("what a sealer, an opener, their streams, keys and windows take", (check) => {
		const arena = new Arena(8192);
		const counters = new DropCounters();
		const sources = new UsedSources(64);
		const pool = new PacketPool(arena, 4096, 1, 64);
		around(
			check,
			heapOf(() => new UsedSources(64)),
			512,
			"SSRCs of a session",
		);
		const sealer = (streams: number): object => new Sealer({ arena, offset: 0, streams, sources });
		const one = heapOf(() => sealer(1));
		around(check, one, 1152, "sealer of one stream");
		around(check, heapOf(() => sealer(3)) - one, 2 * 512, "two more streams");
		const opener = (streams: number, replayWindow: number): object =>
			new Opener({ arena, offset: 0, streams, sources, counters, replayWindow });
		const first = heapOf(() => opener(1, 64));
		around(check, first, 2304, "opener of one stream");
		around(check, heapOf(() => opener(2, 64)) - first, 768, "one more stream");
		around(check, heapOf(() => opener(1, 1024)) - first, 256, "a window of 1024");
		around(
			check,
			heapOf(() => new HeldPackets(arena, pool)),
			544,
			"table of held packets",
		);
		around(
			check,
			heapOf(() => new SendKeys(arena, 0, SUITE_AES_128_GCM, AUTH_AEAD)),
			768,
			"keys of a stream_id that is sent",
		);
		around(
			check,
			heapOf(() => new ReceiveKeys(arena, 0, SUITE_AES_128_GCM, AUTH_AEAD)),
			1024,
			"keys of one that is received",
		);
		check.equal(sealerBytes(3) + openerBytes(1), 3 * 16 + 8 + 16 + 1200, "in the arena");
	});
}
