import { nameOf } from "conformance/kv/packets";
import { Scene } from "conformance/kv/scene";
import { SENT, SENT_NOWHERE } from "kv/endpoint";
import type { Suite } from "unit/suite";

function names(packets: string[]): string {
	return packets.map(nameOf).join(", ");
}

/** An endpoint whose host or network does not take what it sends. */
export default function hardNetwork(suite: Suite): void {
	suite.test("KV-14 a network that takes nothing costs voice, is counted, and is asked about", (check) => {
		const scene = new Scene().join();
		scene.world.run(100);
		scene.server.take();
		scene.socket.fault = -3;
		for (let i = 0; i < 5; i++) check.equal(scene.say("08aabb"), SENT_NOWHERE);
		scene.endpoint.turn();
		scene.world.run(100);
		check.equal(scene.server.take(), "GET_CHANNELS GET_PORT");
		const { counters } = scene.endpoint.channels[0].session;
		check.equal(counters.unsent, 5);
		check.ok(counters.sendErrors >= 5);
		scene.socket.fault = 0;
		scene.socket.take();
		check.equal(scene.say("08aabb"), SENT);
		scene.endpoint.turn();
		check.ok(names(scene.socket.take()).startsWith("voice, KEEPALIVE"));
	});

	suite.test("KV-14 KV-21 three packets in a row that the network reports as refused: the list is looked at at once", (check) => {
		const scene = new Scene().join();
		scene.world.run(100);
		scene.server.take();
		const { counters } = scene.endpoint.channels[0].session;
		for (const refused of [1, 1, 0, 1, 1]) {
			scene.socket.errors += refused;
			check.equal(scene.say("08aabb"), SENT, "the host took it");
		}
		scene.endpoint.turn();
		scene.world.run(100);
		check.equal(scene.server.take(), "", "not in a row");
		check.equal(counters.sendErrors, 4);
		scene.socket.errors++;
		scene.say("08aabb");
		scene.endpoint.turn();
		scene.world.run(100);
		check.equal(scene.server.take(), "GET_CHANNELS GET_PORT");
	});

	suite.test(
		"KV-14 a host that is full: the newest voice waits behind system packets, the oldest is dropped, all is counted",
		(check) => {
			const scene = new Scene().join();
			const { socket, endpoint, world } = scene;
			const { counters } = endpoint.channels[0].session;
			const [ofSystem, ofVoice] = endpoint.queue.counters;
			socket.take();
			for (const fault of [-1, -2]) {
				socket.fault = fault;
				const { packetsOut, sendErrors } = counters;
				for (const frame of ["0801", "0802", "0803"]) check.equal(scene.say(frame), SENT);
				world.run(1);
				check.equal(socket.wanted, fault === -1 ? 3 : 1, "asked when it takes packets again");
				check.equal(endpoint.queue.waiting, 2);
				socket.fault = 0;
				world.run(10);
				check.equal(socket.wanted, 1);
				check.equal(
					socket
						.take()
						.map((packet) => packet.slice(24, 26))
						.join(" "),
					"02 03",
					"fault " + fault,
				);
				check.equal(counters.packetsOut - packetsOut, 3);
				check.equal(counters.sendErrors - sendErrors, 0, "no failure");
			}
			check.equal(ofVoice.dropped, 2);
			check.equal(ofVoice.queued, 6);
			check.equal(endpoint.queue.shortages > 0, true);
			socket.fault = -1;
			const before = ofSystem.queued;
			scene.say("0804");
			scene.say("0805");
			endpoint.channels[0].session.presence.refresh(world.now);
			endpoint.turn();
			check.equal(ofSystem.queued - before, 1);
			world.run(50);
			socket.fault = 0;
			world.run(1);
			check.equal(names(socket.take()).replaceAll(/KEEPALIVE [0-9]+/g, "KEEPALIVE"), "KEEPALIVE, voice");
			socket.fault = -1;
			scene.say("0806");
			world.run(200);
			socket.fault = 0;
			world.run(1);
			check.equal(ofVoice.stale, 1, "late voice is of no use");
			check.equal(endpoint.queue.waiting, 0);
		},
	);
}
