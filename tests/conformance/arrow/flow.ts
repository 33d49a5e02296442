import { STATE_ESTABLISHED } from "arrow/constants";
import { Driver } from "conformance/arrow/driver";
import type { Suite } from "unit/suite";

const PING = "02 0000 00000000 00000004 beef 0001";
const W = 8192;

function connect(session: string): string {
	return "020000000000000000000a 0001000d 429a" + session;
}

function dataAck(session: string, count: number): string {
	return "020000000000000000000c 0001000c" + session + (0x100000000 + count).toString(16).slice(-8);
}

export default function flow(suite: Suite): void {
	suite.test("ARROW-27 ARROW-C12 exactly the window in one message is taken", (check) => {
		const driver = new Driver().establish();
		driver.feed(connect("00000007"));
		driver.locals[0].appetite = 0;
		check.equal(driver.feedData("429a", "00000007", 0, W).out(), "");
		driver.locals[0].eat(W);
		driver.out();
		check.equal(driver.locals[0].received, W);
		check.ok(driver.locals[0].intact);
		check.equal(driver.messages.acknowledged[7], W);
	});
	suite.test(
		"ARROW-27 ARROW-C12 one byte more than the window: HUP 3, nothing of that message, other sessions and the connection stay",
		(check) => {
			const driver = new Driver().establish();
			driver.feed(connect("00000007") + connect("00000008"));
			driver.locals[0].appetite = 0;
			check.equal(driver.feedData("429a", "00000007", 0, W + 1, PING).out(), "HUP 7 3, ACK beef 0");
			check.equal(driver.locals[0].closes, 1);
			check.equal(driver.locals[0].received, 0);
			driver.feedData("429a", "00000008", 0, 100);
			check.equal(driver.out(), "DATA_ACK 8 100");
			check.equal(driver.locals[1].received, 100);
			check.equal(driver.client.state, STATE_ESTABLISHED);
			check.equal(driver.client.counters.overruns, 1);
		},
	);
	suite.test("ARROW-27 ARROW-C12 the window, then one byte: HUP 3; what came before is still delivered", (check) => {
		const driver = new Driver().establish();
		driver.feed(connect("00000007"));
		driver.locals[0].appetite = 0;
		check.equal(driver.feedData("429a", "00000007", 0, W, "02 429a 00000007 00000001 ff").out(), "HUP 7 3");
		driver.locals[0].eat(W + 10);
		driver.out();
		check.equal(driver.locals[0].received, W);
		check.ok(driver.locals[0].intact);
		check.equal(driver.locals[0].closes, 1);
	});
	suite.test("ARROW-27 the window opens by what DATA_ACK told, not by what the local side took", (check) => {
		const driver = new Driver().establish();
		driver.feed(connect("00000007"));
		driver.locals[0].appetite = 100;
		driver.feedData("429a", "00000007", 0, W);
		check.equal(driver.messages.acknowledged[7], 100);
		check.equal(driver.feedData("429a", "00000007", W, 100).out(), "DATA_ACK 7 100");
		check.equal(driver.feedData("429a", "00000007", W + 100, 1).out(), "HUP 7 3");
		// Taken, but not told: the same bytes again overrun.
		const other = new Driver().establish();
		other.feed(connect("00000007"));
		const { client } = other;
		const session = client.sessions.table.find(7);
		other.locals[0].appetite = 0;
		other.feedData("429a", "00000007", 0, W);
		if (session) client.sessions.consumed(session, 100);
		const at = other.arena.buffer.byteLength - 1000;
		other.arena.bytes.set([2, 0x42, 0x9a, 0, 0, 0, 7, 0, 0, 0, 1], at);
		client.input(at, 11, other.now);
		check.equal(client.counters.overruns, 1);
	});
	suite.test(
		"ARROW-27 a body of more than 1 MiB closes, one of 1 MiB for an unknown session is skipped as it arrives",
		(check) => {
			const driver = new Driver().establish();
			driver.feed("02 5353 00000055 00100000");
			check.equal(driver.out(), "HUP 55 3");
			for (let i = 0; i < 16; i++) driver.feedData("429a", "00000007", 0, 65536 - 11);
			check.equal(driver.feed(PING).out(), "ACK beef 0");
			driver.feed("02 5353 00000055 00100001");
			check.equal(driver.client.counters.badSize, 1);
		},
	);
	suite.test(
		"ARROW-28 ARROW-C11 without DATA_ACK exactly the window is sent; each DATA_ACK allows exactly that much more",
		(check) => {
			const driver = new Driver().establish();
			driver.feed(connect("00000007"));
			driver.locals[0].send(300000);
			driver.out();
			check.equal(driver.messages.data[7], W);
			driver.wait(2000);
			check.equal(driver.out(), "");
			check.equal(driver.feed(PING).out(), "ACK beef 0");
			check.equal(driver.feed(dataAck("00000007", 1000)).out(), "DATA 429a 7 #1000");
			check.equal(driver.locals[0].resumed, 1);
			check.equal(driver.feed(dataAck("00000007", 0)).out(), "");
			check.equal(driver.feed(PING).out(), "ACK beef 0");
		},
	);
	suite.test("ARROW-28 credit does not overflow", (check) => {
		const driver = new Driver().establish();
		driver.feed(connect("00000007") + dataAck("00000007", 0xffffffff) + dataAck("00000007", 0xffffffff));
		const session = driver.client.sessions.table.find(7);
		check.equal(session?.credit, 0xffffffff);
		driver.locals[0].send(100000);
		driver.out();
		check.equal(driver.messages.data[7], 100000);
		check.equal(session?.credit, 0xffffffff - 100000);
	});
	suite.test(
		"ARROW-29 one DATA_ACK per session and turn, before the data of that turn; a stalled local side gets none",
		(check) => {
			const driver = new Driver().establish();
			driver.feed(connect("00000007") + connect("00000008"));
			driver.locals[1].appetite = 0;
			driver.locals[0].send("answer");
			const burst = "02 429a 00000007 00000003 616263" + "02 429a 00000008 00000003 616263" + "02 429a 00000007 00000002 6465";
			check.equal(driver.feed(burst).out(), "DATA_ACK 7 5, DATA 429a 7 616e73776572");
			driver.wait(10000);
			check.equal(driver.out(), "");
			check.equal(driver.messages.acknowledged[8], undefined);
		},
	);
	suite.test("ARROW-26 messages carry at most 8,192 bytes, or what is configured", (check) => {
		const driver = new Driver({ window: 65536 }).establish();
		driver.feed(connect("00000007"));
		driver.locals[0].send(65536);
		driver.out();
		check.equal(driver.messages.longest, 8192);
		check.equal(driver.messages.data[7], 65536);
		const small = new Driver({ window: 65536, dataLimit: 2048 }).establish();
		small.feed(connect("00000007"));
		small.locals[0].send(65536);
		small.out();
		check.equal(small.messages.longest, 2048);
	});
	suite.test("ARROW-26 one read of a lone busy session becomes several messages, every byte in its place", (check) => {
		for (let length = 500; length < 12000; length += 487) {
			const driver = new Driver({ window: 16384, sessions: 1, dataLimit: 512, output: 8192 }).establish();
			driver.feed(connect("00000007"));
			driver.locals[0].send(length, 0);
			const lines = driver.out().split(", ");
			check.equal(driver.messages.fault, "");
			check.equal(driver.messages.data[7], length);
			check.equal(driver.messages.longest, Math.min(length, 512));
			check.equal(lines.length, lines.indexOf("HUP 7 0") + 1);
			check.ok(lines.length <= 2 + Math.ceil(length / 512) + Math.ceil(length / 8000));
			check.equal(driver.client.counters.messagesOut, lines.length + 1);
		}
	});
	suite.test("ARROW-26 control messages go out before data that waits", (check) => {
		const driver = new Driver().establish();
		driver.feed(connect("00000007"));
		driver.locals[0].send("data");
		check.equal(driver.feed(PING).out(), "ACK beef 0, DATA 429a 7 64617461");
	});
	suite.test("ARROW-30 the local side ends while the window is shut: the tail arrives after DATA_ACK, then HUP 0", (check) => {
		const driver = new Driver().establish();
		driver.feed(connect("00000007"));
		driver.locals[0].send(W + 4464, 0);
		driver.out();
		check.equal(driver.messages.data[7], W);
		driver.wait(30000);
		check.equal(driver.out(), "");
		check.equal(driver.feed(dataAck("00000007", W)).out(), "DATA 429a 7 #4464, HUP 7 0");
	});
	suite.test("ARROW-30 a tail of a broken local side waits for credit 60 s at most", (check) => {
		const driver = new Driver().establish();
		driver.feed(connect("00000007"));
		driver.locals[0].send(W + 10, 3);
		driver.out();
		const session = driver.client.sessions.table.find(7);
		if (session) driver.client.sessions.tail(session, driver.now);
		driver.wait(30000);
		if (session) driver.client.sessions.tail(session, driver.now);
		driver.feed("");
		driver.wait(29999);
		driver.client.sessions.tick(driver.now);
		check.equal(driver.messages.take(), "PING".repeat(0));
		check.equal(driver.client.sessions.table.active, 1);
		driver.now += 1;
		driver.client.sessions.tick(driver.now);
		check.equal(driver.out().slice(-7), "HUP 7 3");
		check.equal(driver.client.sessions.table.active, 0);
	});
}
