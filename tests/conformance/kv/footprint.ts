import { Counter, collectGarbage, readCounters } from "host/host";
import { PRIORITY_COUNT } from "kv/channel";
import { DATAGRAM_SIZE } from "kv/constants";
import { Endpoint, planEndpoint, QUEUE_BLOCKS } from "kv/endpoint";
import { settingsOf } from "kv/options";
import { Datagram } from "net/datagram";
import { PacketQueue } from "net/packet_queue";
import Resolver from "net/resolver";
import { Stream } from "net/stream";
import { Arena } from "storage/arena";
import { MemoryPlan } from "storage/plan";
import { PacketPool } from "storage/pool";
import { monotonic } from "time/clock";
import Timer from "time/timer";
import type { Suite } from "unit/suite";

/** What an endpoint takes of memory. */
export default function footprintTests(suite: Suite): void {
	suite.test(
		"KV-22 an endpoint with one channel takes less than 8 kB besides its queue of packets that wait, each further one less than 4.5",
		(check) => {
			const queue = queueFootprint();
			check.equal(queueFootprint(), queue, "measured again");
			check.ok(queue < 2560, queue + " bytes of the queue");
			const one = footprint(["create"]);
			check.ok(one - queue < 8192, one - queue + " bytes");
			const two = footprint(["create", "7"]);
			check.ok(two - one < 4608, two - one + " bytes more");
		},
	);
}
/** Bytes that `make` takes of the heap, with slots of 16 bytes as on 32-bit devices. */
function heapOf(make: () => object): number {
	const before = new Int32Array(Counter.COUNT);
	const after = new Int32Array(Counter.COUNT);
	// The very first collection of a process leaves some slots that the next one gives back: these are not the garbage of `make`.
	collectGarbage();
	collectGarbage();
	readCounters(before);
	const made = make();
	collectGarbage();
	readCounters(after);
	if (made instanceof Endpoint) made.close();
	return (after[Counter.SLOTS] - before[Counter.SLOTS]) * 16 + after[Counter.CHUNKS] - before[Counter.CHUNKS];
}

/** Bytes of heap, pools and native records that an endpoint of the device takes. */
function footprint(channels: string[]): number {
	const settings = settingsOf({ server: "192.0.2.1", channels });
	const plan = new MemoryPlan();
	planEndpoint(plan, settings);
	plan.allocate();
	const io = { Stream, Datagram, Resolver, Timer, monotonic };
	const log = { log() {} };
	const random = { fraction: () => 0.5 };
	return heapOf(() => new Endpoint({ settings, io, plan, log, random })) + plan.total;
}

/** Bytes of the queue alone, its blocks included. */
function queueFootprint(): number {
	const arena = new Arena(QUEUE_BLOCKS * DATAGRAM_SIZE);
	const writer = { write: () => 0 };
	const make = (): PacketQueue => {
		const pool = new PacketPool(arena, 0, QUEUE_BLOCKS, DATAGRAM_SIZE);
		return new PacketQueue({ arena, pool, writer, priorities: PRIORITY_COUNT });
	};
	return heapOf(make) + QUEUE_BLOCKS * DATAGRAM_SIZE;
}
