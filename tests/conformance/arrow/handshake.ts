import {
	CLOSE_NO_ACK,
	CLOSE_REFUSED,
	CLOSE_SHORT,
	CLOSE_UNAUTHORIZED,
	CLOSE_UNEXPECTED,
	CLOSE_UNSUPPORTED_VERSION,
	CLOSE_VERSION,
	CLOSE_WRONG_ACK,
	EVENT_CLOSED,
	EVENT_ESTABLISHED,
	STATE_CLOSED,
	STATE_ESTABLISHED,
	STATE_HANDSHAKE,
} from "arrow/constants";
import { ACCEPT, Driver } from "conformance/arrow/driver";
import type { Check, Suite } from "unit/suite";

function opened(): Driver {
	const driver = new Driver().open();
	driver.out();
	return driver;
}

/** In the handshake `hex` ends the connection for `reason`, and nothing is answered. */
function refuses(check: Check, hex: string, reason: number): void {
	const driver = opened();
	driver.feed(hex);
	check.equal(driver.client.state, STATE_CLOSED, hex);
	check.equal(driver.client.reason, reason, hex);
	check.equal(driver.out(), "", hex);
	check.equal(driver.events, String(EVENT_CLOSED), hex);
}

export default function handshake(suite: Suite): void {
	suite.test("ARROW-8 ACK 0 establishes", (check) => {
		const driver = opened();
		check.equal(driver.client.state, STATE_HANDSHAKE);
		driver.feed(ACCEPT);
		check.equal(driver.client.state, STATE_ESTABLISHED);
		check.equal(driver.events, String(EVENT_ESTABLISHED));
		check.equal(driver.out(), "");
	});
	suite.test("ARROW-8 ARROW-C2 every other code closes, for its reason", (check) => {
		const codes = ["00000001", "00000002", "00000003", "00000004", "00000005", "ffffffff"];
		const reasons = [CLOSE_UNSUPPORTED_VERSION, CLOSE_UNAUTHORIZED, CLOSE_REFUSED, CLOSE_REFUSED, CLOSE_REFUSED, CLOSE_REFUSED];
		for (let i = 0; i < codes.length; i++) refuses(check, "0200000000000000000008 0000 0000" + codes[i], reasons[i]);
	});
	suite.test("ARROW-7 ARROW-C3 anything but ACK in the handshake closes without a reply", (check) => {
		refuses(check, "02 0000 00000000 00000004 beef 0001", CLOSE_UNEXPECTED);
		refuses(check, "02 0000 00000000 00000013 0001 0003 6c6f63616c686f73743a3930303100", CLOSE_UNEXPECTED);
		refuses(check, "02 429a 00000007 00000003 616263", CLOSE_UNEXPECTED);
		refuses(check, "02 0000 00000000 00000004 1234 00ff", CLOSE_UNEXPECTED);
	});
	suite.test("ARROW-7 ACK with another id closes", (check) => {
		refuses(check, "0200000000000000000008 0001 0000 00000000", CLOSE_WRONG_ACK);
	});
	suite.test("ARROW-7 ACK before REGISTER went out closes", (check) => {
		const driver = new Driver();
		driver.client.open(driver.now);
		driver.client.input(0, 0, driver.now);
		driver.feed(ACCEPT);
		check.equal(driver.client.reason, CLOSE_WRONG_ACK);
	});
	suite.test("ARROW-7 ACK without a code closes, a tail behind it does not", (check) => {
		refuses(check, "0200000000000000000007 0000 0000 000000", CLOSE_SHORT);
		const driver = opened();
		driver.feed("020000000000000000000a 0000 0000 00000000 ffff");
		check.equal(driver.client.state, STATE_ESTABLISHED);
	});
	suite.test("ARROW-4 ARROW-C15 another version in a header closes as soon as the header is there", (check) => {
		refuses(check, "01 0000 00000000 00000008", CLOSE_VERSION);
		const driver = new Driver().establish();
		driver.feed("03 429a 00000007 00100000");
		check.equal(driver.client.reason, CLOSE_VERSION);
		check.equal(driver.client.counters.badVersion, 1);
		check.equal(driver.out(), "");
	});
	suite.test("ARROW-4 ten bytes of a header of another version are not looked at", (check) => {
		const driver = opened();
		driver.feed("01 0000 00000000 000000");
		check.equal(driver.client.state, STATE_HANDSHAKE);
		driver.feed("08");
		check.equal(driver.client.reason, CLOSE_VERSION);
	});
	suite.test("ARROW-11 no ACK to REGISTER in 20 s closes", (check) => {
		const driver = opened();
		driver.wait(19999);
		check.equal(driver.client.state, STATE_HANDSHAKE);
		driver.wait(1);
		check.equal(driver.client.reason, CLOSE_NO_ACK);
	});
	suite.test("ARROW-7 after a close nothing further is taken", (check) => {
		const driver = opened();
		driver.feed("01 0000 00000000 00000008" + ACCEPT);
		check.equal(driver.client.state, STATE_CLOSED);
		check.equal(driver.client.deadline, Infinity);
		check.equal(driver.out(), "");
	});
}
