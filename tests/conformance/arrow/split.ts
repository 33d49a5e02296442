import { ACCEPT, Driver } from "conformance/arrow/driver";
import type { Suite } from "unit/suite";

const SCRIPT =
	"02 0000 00000000 00000004 beef 0001" +
	"02 0000 00000000 00000004 1234 00ff" +
	"020000000000000000000a 0001000d 429a 00000007" +
	"02 429a 00000007 00000003 616263" +
	"02 0000 00000000 00000004 0077 0008" +
	"02 5353 00000055 00000003 616263" +
	"02 0000 00000000 00000104 0005 7777" +
	"ab".repeat(256) +
	"02 429a 00000007 0000000a 30313233343536373839" +
	"020000000000000000000c 0001000c 00000007 00000003" +
	"02 429a 00000007 00000000" +
	"020000000000000000000c 00020005 00000007 00000000" +
	"02 0000 00000000 00000004 beef 0001";

/** What the script makes of a device when it comes `step` bytes at a time. */
function outcome(step: number): string {
	const driver = new Driver();
	driver.open();
	driver.out();
	driver.step = step;
	driver.feed(ACCEPT);
	driver.feed(SCRIPT);
	const { locals, client } = driver;
	const lines = driver.out().split(", ");
	// Pieces make more turns, so one DATA_ACK may become several: their sum counts.
	const others = [];
	for (const line of lines) if (line.indexOf("DATA_ACK") < 0) others.push(line);
	return (
		others.join(", ") +
		" | " +
		driver.messages.acknowledged[7] +
		" | " +
		locals[0].text +
		" " +
		locals[0].closes +
		" " +
		client.counters.messagesIn +
		driver.messages.fault
	);
}

const EXPECTED = "ACK beef 0, ACK 1234 4, STATUS 0077 0 1, HUP 55 3, ACK 0005 4, ACK beef 0 | 13 | abc0123456789 1 13";

export default function split(suite: Suite): void {
	suite.test("ARROW-3 ARROW-C17 messages split anywhere give the same results: one byte at a time", (check) => {
		check.equal(outcome(1), EXPECTED);
	});
	for (const step of [2, 3, 5, 7, 11, 12, 15, 26, 100]) {
		suite.test("ARROW-3 messages split anywhere give the same results: " + step + " bytes at a time", (check) => {
			check.equal(outcome(step), EXPECTED);
		});
	}
}
