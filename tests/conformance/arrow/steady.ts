import { SESSION_OPEN } from "arrow/constants";
import { Driver } from "conformance/arrow/driver";
import { Counter, collectGarbage, readCounters } from "host/host";
import type { Suite } from "unit/suite";

const MESSAGES = 10000;
const SIZE = 512;
const CONNECT = "020000000000000000000a 0001000d 429a 00000007";
const INPUT = 4000;

/** What is measured, without anything of the test in it that would allocate. */
function carry(driver: Driver, rounds: number): number {
	const { client, arena } = driver;
	const { sender } = client;
	const { view } = arena;
	const at = arena.buffer.byteLength - INPUT;
	const now = driver.now;
	let acknowledged = 0;
	for (let i = 0; i < rounds; i++) {
		// One data message and the DATA_ACK of the last one in; they end in pieces every third time.
		view.setUint8(at, 2);
		view.setUint16(at + 1, 0x429a);
		view.setUint32(at + 3, 7);
		view.setUint32(at + 7, SIZE);
		const after = at + 11 + SIZE;
		view.setUint8(after, 2);
		view.setUint16(after + 1, 0);
		view.setUint32(after + 3, 0);
		view.setUint32(after + 7, 12);
		view.setUint16(after + 11, i & 0xffff);
		view.setUint16(after + 13, 12);
		view.setUint32(after + 15, 7);
		view.setUint32(after + 19, SIZE);
		const length = 11 + SIZE + 23;
		const cut = i % 3 === 0 ? 5 + (i % 500) : length;
		client.input(at, cut, now);
		if (cut < length) client.input(at + cut, length - cut, now);
		let event = client.poll();
		while (event !== 0) {
			const session = client.session;
			const ring = session.inbound;
			while (ring.readLength > 0) client.sessions.consumed(session, ring.readLength);
			event = client.poll();
		}
		sender.collect(now);
		const session = client.session;
		if (session.state === SESSION_OPEN && sender.reserve(session, true) >= SIZE) sender.commit(session, SIZE);
		if (client.deadline < now) client.tick(now);
		acknowledged += sender.length;
		sender.sent(sender.length);
	}
	return acknowledged;
}

export default function steady(suite: Suite): void {
	suite.test("ARROW-31 10,000 data messages in and 20,000 out: 0 slots, 0 chunk bytes, 0 collections", (check) => {
		const driver = new Driver({ dataLimit: 256, output: 2048 }).establish();
		driver.feed(CONNECT);
		driver.out();
		const before = new Int32Array(Counter.COUNT);
		const after = new Int32Array(Counter.COUNT);
		carry(driver, 100);
		collectGarbage();
		readCounters(before);
		readCounters(before);
		const sent = carry(driver, MESSAGES);
		readCounters(after);
		check.equal(sent, MESSAGES * (11 + SIZE + 11 + 23), "each round: two data messages and one DATA_ACK");
		check.equal(driver.client.counters.bytesIn, (MESSAGES + 100) * SIZE);
		check.equal(driver.client.counters.bytesOut, (MESSAGES + 100) * SIZE);
		check.equal(after[Counter.SLOTS] - before[Counter.SLOTS], 0, "slots");
		check.equal(after[Counter.CHUNKS] - before[Counter.CHUNKS], 0, "chunk bytes");
		check.equal(after[Counter.COLLECTIONS] - before[Counter.COLLECTIONS], 0, "collections");
	});
}
