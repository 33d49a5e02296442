import { Scene } from "conformance/arrow/scene";
import type { Suite } from "unit/suite";

const W = 8192;
const CONNECT = "020000000000000000000a 0001000d 429a 00000007";

function dataAck(count: number): string {
	return "020000000000000000000c 0001000c 00000007" + (0x100000000 + count).toString(16).slice(-8);
}

/** A session whose local side has sent `bytes` and ended; all that may be sent was sent. */
function ended(bytes: number, how: string): Scene {
	const scene = new Scene({}, { ping: 1e9 }).establish();
	scene.tell(CONNECT);
	scene.local().give(bytes);
	scene.world.run();
	scene.local().finish(how);
	scene.world.run();
	scene.world.service.take();
	return scene;
}

export default function tails(suite: Suite): void {
	suite.test("ARROW-30 local bytes and FIN behind a shut window: after DATA_ACK the rest, then HUP 0", (check) => {
		const scene = ended(W + 4464, "FIN");
		scene.world.run(59000);
		check.equal(scene.local().bytesRead, W);
		check.ok(scene.tell(dataAck(W)).endsWith("00050000000700000000"));
		check.equal(scene.endpoint.client.counters.bytesOut, W + 4464);
	});
	suite.test("ARROW-30 without any credit the tail of an ended local side is given up after 60 s: HUP 3", (check) => {
		for (const how of ["FIN", "RST"]) {
			const scene = ended(W + 10, how);
			scene.world.run(59999);
			check.equal(scene.world.service.take(), "", how);
			scene.world.run(1);
			check.equal(scene.world.service.take(), "020000000000000000000c000100050000000700000003", how);
			check.equal(scene.local().opened, false);
		}
	});
	suite.test("ARROW-30 the 60 s begin with the end of the local side, and again with each credit", (check) => {
		const scene = new Scene({}, { ping: 1e9 }).establish();
		scene.tell(CONNECT);
		scene.local().give(W + 3000);
		scene.world.run(600000);
		check.equal(scene.endpoint.client.sessions.table.active, 1, "not ended: it may wait for ever");
		scene.local().finish("FIN");
		for (let i = 0; i < 2; i++) {
			scene.world.run(59000);
			scene.tell(dataAck(1000));
		}
		scene.world.run(59000);
		check.equal(scene.endpoint.client.sessions.table.active, 1);
		check.equal(scene.local().bytesRead, W + 2000);
		check.ok(scene.tell(dataAck(1000)).endsWith("00050000000700000000"));
	});
	suite.test("ARROW-16 ARROW-30 an end with nothing behind a shut window needs no credit", (check) => {
		const scene = new Scene({}, { ping: 1e9 }).establish();
		scene.tell(CONNECT);
		scene.local().give(W);
		scene.world.run(1000);
		scene.world.service.take();
		scene.local().finish("FIN");
		scene.world.run();
		check.equal(scene.world.service.take(), "020000000000000000000c000100050000000700000000");
		const reset = new Scene({}, { ping: 1e9 }).establish();
		reset.tell(CONNECT);
		reset.local().give(W);
		reset.world.run(1000);
		reset.world.service.take();
		reset.local().finish("RST");
		reset.world.run();
		check.equal(reset.world.service.take(), "020000000000000000000c000100050000000700000003");
	});
	suite.test("ARROW-15 ARROW-16 while bytes wait for a local side that still sends, or has ended, the loop rests", (check) => {
		for (const how of ["", "FIN"]) {
			const scene = new Scene({}, { ping: 1e9 }).establish();
			scene.tell(CONNECT);
			scene.local().room = 1;
			scene.tell("02 429a 00000007 00000003 616263");
			if (how === "") scene.tell("020000000000000000000c 00020005 00000007 00000000");
			scene.local().give(how === "" ? 5000 : 10);
			scene.local().finish(how);
			scene.world.run(1000);
			check.equal(
				scene.endpoint.client.sessions.table.active,
				0,
				how + scene.endpoint.client.sessions.table.sessions[0].state + " read " + scene.local().bytesRead,
			);
			check.equal(scene.local().opened, true, "flushing");
			check.ok(scene.local().calls < 8, String(scene.local().calls));
			scene.local().room = 10;
			scene.world.run(10);
			check.equal(scene.local().take(), "616263");
			check.equal(scene.local().opened, false);
		}
	});
	suite.test("ARROW-30 while a tail waits the loop rests", (check) => {
		const scene = ended(W + 10, "FIN");
		const { calls } = scene.local();
		scene.world.run(30000);
		check.equal(scene.local().calls, calls);
		check.ok(calls < 6, String(calls));
	});
}
