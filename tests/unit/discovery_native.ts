import { addressOf } from "discovery/addresses";
import Echo, { EchoStatus } from "discovery/echo";
import {
	INTERFACE_BYTES,
	InterfaceField,
	InterfaceFlag,
	interfaces,
	NEIGHBOUR_BYTES,
	NeighbourField,
	Neighbours,
	SolicitStatus,
} from "discovery/network";
import { Allocation } from "unit/allocation";
import { after } from "unit/peers";
import type { Suite } from "unit/suite";

const LOCALHOST = addressOf("127.0.0.1");

export default function (suite: Suite): void {
	suite.test("ARROW-42 interfaces: loopback is there with address, prefix, flags and index; a small room is kept to", (check) => {
		const buffer = new ArrayBuffer(8 + 32 * INTERFACE_BYTES);
		const view = new DataView(buffer);
		const allocation = new Allocation();
		allocation.begin();
		const count = interfaces(buffer, 8, 32 * INTERFACE_BYTES);
		allocation.expectNone(check);
		let found = -1;
		for (let i = 0; i < count; i++) if (view.getUint32(8 + i * INTERFACE_BYTES + InterfaceField.ADDRESS) === LOCALHOST) found = i;
		check.ok(found >= 0, "loopback");
		const at = 8 + found * INTERFACE_BYTES;
		check.equal(view.getUint8(at + InterfaceField.NAME), 0x6c, "lo");
		check.equal(view.getUint8(at + InterfaceField.PREFIX), 8);
		check.equal(view.getUint8(at + InterfaceField.FLAGS), InterfaceFlag.UP | InterfaceFlag.LOOPBACK);
		check.ok(view.getUint32(at + InterfaceField.INDEX) > 0);
		check.equal(interfaces(buffer, 0, INTERFACE_BYTES - 1), 0);
		check.equal(interfaces(buffer, 0, INTERFACE_BYTES), 1);
		check.throws(() => interfaces(buffer, 8, 33 * INTERFACE_BYTES), "outside a buffer");
	});

	/* Left out where tests are short: emulators do not know these messages of the kernel. */
	suite.longTest("ARROW-42 neighbours: the table is read to its end, again and again, without allocating", (check) => {
		const neighbours = new Neighbours();
		const buffer = new ArrayBuffer(NEIGHBOUR_BYTES);
		const bytes = new Uint8Array(buffer);
		const allocation = new Allocation();
		neighbours.open();
		neighbours.close();
		allocation.begin();
		for (let round = 0; round < 20; round++) {
			check.ok(neighbours.open());
			let count = 0;
			while (neighbours.next(buffer, 0)) {
				check.ok(bytes[NeighbourField.STATE] <= 2);
				check.ok(!neighbours.whole, "before the end");
				check.ok(++count < 100_000);
			}
			check.ok(neighbours.whole, "whole");
			check.ok(!neighbours.next(buffer, 0), "behind the end");
		}
		/* A table that is not read to its end does not get into the next one. */
		neighbours.open();
		check.ok(!neighbours.whole, "not read yet");
		neighbours.open();
		neighbours.close();
		check.ok(!neighbours.next(buffer, 0), "closed");
		neighbours.close();
		allocation.expectNone(check);
		check.throws(() => neighbours.next(buffer, 1), "no room");
	});

	suite.test("ARROW-42 neighbours: an ARP request for no interface is denied, and costs nothing", (check) => {
		const neighbours = new Neighbours();
		check.equal(neighbours.solicit(0, LOCALHOST), SolicitStatus.DENIED);
		check.equal(neighbours.solicit(0x7ffffff0, LOCALHOST), SolicitStatus.DENIED);
		check.equal(neighbours.solicit(1, -1), SolicitStatus.DENIED);
		neighbours.close();
	});

	suite.asyncTest("ARROW-42 echo: loopback answers, or this process may not ask", 2000, (check, done) => {
		const answers: number[] = [];
		const echo = new Echo({
			onReadable(): void {
				for (let address = echo.read(); address >= 0; address = echo.read()) answers.push(address);
			},
		});
		check.equal(echo.send(LOCALHOST), EchoStatus.FAILED, "before open");
		check.equal(echo.read(), -1);
		if (!echo.open()) {
			echo.close();
			done();
			return;
		}
		check.ok(echo.open(), "again");
		check.equal(echo.send(LOCALHOST), EchoStatus.SENT);
		check.equal(echo.send(addressOf("127.0.0.2")), EchoStatus.SENT);
		check.equal(echo.send(addressOf("255.255.255.255")), EchoStatus.FAILED, "broadcast");
		after(200, () => {
			check.equal(answers.join(), LOCALHOST + "," + addressOf("127.0.0.2"));
			echo.close();
			echo.close();
			check.equal(echo.read(), -1, "closed");
			done();
		});
	});
}
