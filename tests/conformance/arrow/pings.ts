import { CLOSE_DEAD, STATE_CLOSED, STATE_ESTABLISHED } from "arrow/constants";
import { Driver } from "conformance/arrow/driver";
import type { Suite } from "unit/suite";

function ack(id: number): string {
	return "0200000000000000000008" + (0x10000 + id).toString(16).slice(1) + "0000 00000000";
}

export default function pings(suite: Suite): void {
	suite.test("ARROW-11 a wait for ACK longer than the period: PING goes out each period, the first deadline holds", (check) => {
		const driver = new Driver({ times: { ping: 1000, ack: 2500 } }).establish();
		driver.wait(1000);
		check.equal(driver.out(), "PING");
		driver.wait(1000);
		check.equal(driver.out(), "PING");
		driver.wait(1000);
		check.equal(driver.out(), "PING");
		driver.wait(499);
		check.equal(driver.client.state, STATE_ESTABLISHED);
		driver.wait(1);
		check.equal(driver.client.state, STATE_CLOSED);
		check.equal(driver.client.reason, CLOSE_DEAD);
	});
	suite.test("ARROW-11 an ACK ends the deadline of its own PING only", (check) => {
		const driver = new Driver({ times: { ping: 1000, ack: 2500 } }).establish();
		driver.wait(2400);
		driver.out();
		driver.feed(ack(1));
		check.equal(driver.client.pings.roundTrip, 1400);
		driver.wait(2099);
		check.equal(driver.client.state, STATE_ESTABLISHED);
		driver.wait(1);
		check.equal(driver.client.reason, CLOSE_DEAD);
		const late = new Driver({ times: { ping: 1000, ack: 2500 } }).establish();
		late.wait(2400).feed(ack(2));
		late.wait(1100);
		check.equal(late.client.reason, CLOSE_DEAD, "the first one was never answered");
	});
	suite.test("ARROW-11 answers in any order, each once; more PINGs than are kept wait", (check) => {
		const driver = new Driver({ times: { ping: 100, ack: 100000 } }).establish();
		driver.wait(3000);
		check.equal(driver.out(), "PING, ".repeat(7) + "PING");
		driver.feed(ack(3) + ack(3) + ack(2));
		check.equal(driver.client.counters.strayAcks, 1);
		check.equal(driver.client.counters.pingsOut, 2);
		driver.wait(200);
		check.equal(driver.out(), "", "the oldest keeps its place");
		driver.feed(ack(1)).wait(500);
		check.equal(driver.out(), "PING, PING, PING");
		for (let id = 4; id <= 11; id++) driver.feed(ack(id));
		check.equal(driver.client.counters.strayAcks, 1);
		check.equal(driver.client.pings.deadline, Infinity);
	});
}
