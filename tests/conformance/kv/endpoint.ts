import { nameOf, system, voice, zeros } from "conformance/kv/packets";
import { Scene } from "conformance/kv/scene";
import { SENT, SENT_NOWHERE, TOO_LONG } from "kv/endpoint";
import { parseId } from "kv/id";
import { Request } from "kv/request";
import type { Suite } from "unit/suite";

const FIRST = "8000000000000001";
const PEER = "0000000000000009";
const FROM = "192.0.2.1:50190";

function names(packets: string[]): string {
	return packets.map(nameOf).join(", ");
}

export default function endpoint(suite: Suite): void {
	suite.test(
		"KV-C1 KV-C8 KV-1 each command is one write over a connection of its own, closed when the answer is there",
		(check) => {
			const scene = new Scene({ channel: "create" }).join();
			check.equal(scene.server.take(), "REGISTER CREATE JOIN");
			check.equal(scene.world.connects.length, 3);
			check.equal(scene.world.closes.length, 3);
			check.equal(scene.world.stream?.writes, 1);
			check.equal(scene.world.requests[0], "00000004" + zeros(16));
			check.equal(scene.world.requests[1], "00000000" + FIRST);
			check.ok(scene.world.closes.every((at) => at <= 100));
			check.equal(scene.world.resolver?.names, 1, "one look-up for all of them");
			check.equal(scene.events.join(" "), "kv.registered kv.created kv.joined");
			check.equal(String(scene.fields["joined"].uid), "0x" + FIRST);
			check.equal(String(scene.fields["joined"].channel), "0xfffffffe00000002");
		},
	);

	suite.test("KV-1 the connection is closed at the end of the answer though the server leaves it open", (check) => {
		const scene = new Scene();
		scene.server.instead["REGISTER"] = "00000000|00000001";
		scene.join().world.run(1000);
		check.equal(scene.world.closes[0], 50);
		check.equal(scene.events.join(" "), "kv.registered kv.joined");
	});

	suite.test("KV-3 an answer in pieces of 1, 3 and 4 bytes, 50 ms apart", (check) => {
		const scene = new Scene();
		scene.server.instead["REGISTER"] = "80|000000|00000001 FIN";
		scene.server.instead["JOIN"] = "00|000000|00000000|00|0000|04 FIN";
		scene.join().world.run(1000);
		check.equal(String(scene.fields["registered"].uid), "0x" + FIRST);
		check.equal(String(scene.fields["refused"].reason), "JOIN: ACCESS");
	});

	suite.test("KV-5 refused, silent, reset, truncated: four distinct errors, no connection left open", (check) => {
		const outcome = (prepare: (scene: Scene) => void): string => {
			const scene = new Scene();
			prepare(scene);
			scene.join().world.run(5000);
			check.ok(!scene.world.stream?.opened);
			scene.endpoint.stop(() => {});
			return String(scene.fields["lost"].reason);
		};
		const answers = (answer: string) => (scene: Scene) => {
			scene.server.instead["REGISTER"] = answer;
		};
		check.equal(
			outcome((scene) => {
				scene.world.refused = true;
			}),
			"REGISTER: no connection (ECONNREFUSED)",
		);
		check.equal(
			outcome((scene) => {
				scene.world.address = undefined;
			}),
			"REGISTER: no connection (kv.example: host not found)",
		);
		check.equal(
			outcome((scene) => {
				scene.world.silent = true;
			}),
			"REGISTER: no answer in time (connecting)",
		);
		check.equal(outcome(answers("")), "REGISTER: no answer in time");
		check.equal(outcome(answers("00000000 RST")), "REGISTER: connection reset (ECONNRESET)");
		check.equal(outcome(answers("00000000 FIN")), "REGISTER: truncated answer");
		check.equal(outcome(answers("FIN")), "REGISTER: truncated answer");
	});

	suite.test("KV-C5 KV-12 the first datagram goes to the channel's port at once behind JOIN", (check) => {
		const scene = new Scene({ switches: { userJoin: true } }).join();
		check.equal(scene.socket.to.join(" "), FROM + "@0 " + FROM + "@0");
		const packets = scene.socket.take();
		check.equal(packets[0], system(0, FIRST));
		check.equal(packets[1], system(1, FIRST));
	});

	suite.test("KV-C6 KV-14 KV-11 frames of 60, 504 and 505 bytes: padded, as it is, an error and nothing sent", (check) => {
		const scene = new Scene().join();
		scene.socket.take();
		check.equal(scene.say("08" + "f1".repeat(59)), SENT);
		check.equal(scene.socket.take()[0], voice(FIRST, "0b41ffbb" + "f1".repeat(59)));
		check.equal(scene.say("08" + "f1".repeat(503)), SENT);
		check.equal(scene.socket.take()[0], voice(FIRST, "08" + "f1".repeat(503)));
		check.equal(scene.say("08" + "f1".repeat(504)), TOO_LONG);
		check.equal(scene.socket.take().length, 0);
		const { counters } = scene.endpoint.channels[0].session;
		check.equal(counters.tooLong, 1);
		check.equal(counters.packetsOut, 2);
	});

	suite.test("KV-11 every datagram that leaves has 512 bytes, all of them defined", (check) => {
		const scene = new Scene({ switches: { userJoin: true } }).join();
		for (let size = 1; size <= 504; size += 7) scene.say("08" + "f1".repeat(size - 1));
		scene.world.run(60000);
		scene.endpoint.stop(() => {});
		const packets = scene.socket.take();
		check.ok(packets.length > 75);
		for (const packet of packets) {
			const name = nameOf(packet);
			check.ok(name === "voice" || /^(KEEPALIVE|JOIN|LEAVE) \d+$/.test(name), name);
			if (name === "voice") check.ok(packet.startsWith("0100000000000080"));
		}
	});

	suite.test("KV-15 voice of others reaches the listener, each speaker for itself; what is dropped is counted", (check) => {
		const scene = new Scene().join();
		scene.hear(voice(PEER, "08aabb")).hear(voice("8000000000000002", "0b41fff4cc"));
		scene.hear(voice(PEER, "08ccdd"));
		check.equal(
			scene.voice.heard.join(", "),
			"0000000000000009: 08aabb00 of 504 #-1 @-1, 8000000000000002: 0b41fff4 of 504 #-1 @-1, 0000000000000009: 08ccdd00 of 504 #-1 @-1",
		);
		scene.hear(voice(PEER, "08"), "192.0.2.1:50191").hear(voice(PEER, "08"), "192.0.2.2:50190");
		scene.hear(voice(FIRST, "08")).hear("00".repeat(511)).hear("00".repeat(513)).hear("00".repeat(2000)).hear("");
		const { counters } = scene.endpoint.channels[0].session;
		check.equal(counters.wrongSource, 2);
		check.equal(counters.ownPackets, 1);
		check.equal(counters.wrongSize, 4);
		check.equal(counters.packetsIn, 3);
		check.equal(scene.voice.heard.length, 3);
	});

	suite.test("KV-15 a speaker too many is heard by nobody and hurts nobody", (check) => {
		const scene = new Scene().join();
		for (let i = 2; i < 20; i++) scene.hear(voice("00000000000000" + (i < 16 ? "0" : "") + i.toString(16), "08"));
		check.equal(scene.voice.heard.length, 4);
		check.equal(scene.endpoint.channels[0].session.counters.packetsIn, 18);
	});

	suite.test("KV-16 number and time in the padding: two Fletchers see losses exactly", (check) => {
		const scene = new Scene({ switches: { padding: "sequence" } }).join();
		scene.socket.take();
		scene.say("08aabb", 7);
		const packet = scene.socket.take()[0];
		check.equal(packet.slice(-20), "464b56510007" + "000008c0");
		scene.hear("0900000000000000" + packet.slice(16));
		check.equal(scene.voice.heard[0], PEER + ": 0b41fff4 of 504 #7 @2240");
	});

	suite.test("KV-15 at most 32 datagrams are read in one turn", (check) => {
		const scene = new Scene().join();
		for (let i = 0; i < 100; i++) scene.socket.give(voice(PEER, "08"));
		scene.world.run();
		check.equal(scene.voice.heard.length, 100);
		check.equal(scene.socket.most, 32);
	});

	suite.test("KV-14 nothing is said before the channel is joined and after it is lost; sound is taken only then", (check) => {
		const scene = new Scene();
		check.equal(scene.say("08"), SENT_NOWHERE);
		check.equal(scene.voice.transport, undefined);
		scene.join();
		check.equal(scene.voice.transport, scene.endpoint);
		scene.server.channels = [];
		scene.world.run(60000);
		check.ok(scene.events.includes("kv.channel-gone"));
		check.equal(scene.voice.transport, undefined);
		check.equal(scene.voice.forgotten, 1);
		scene.socket.take();
		check.equal(scene.say("08"), SENT_NOWHERE);
		check.equal(scene.socket.take().length, 0);
		const listener = new Scene({}, undefined, { talks: false }).join();
		check.equal(listener.voice.transport, undefined);
	});

	suite.test(
		"KV-19 the server dies and comes back: voice flows again with the new user and port, after a look-up of its name",
		(check) => {
			const scene = new Scene().join();
			scene.hear(voice(PEER, "08"));
			scene.world.refused = true;
			scene.world.run(20000);
			check.ok(scene.events.includes("kv.lost"));
			scene.world.address = "198.51.100.7";
			scene.server.port = "0000000000001234";
			scene.world.refused = false;
			scene.server.take();
			scene.socket.take();
			scene.world.run(20000);
			check.equal(scene.server.take(), "REGISTER JOIN");
			check.ok(scene.socket.to.every((to) => to.startsWith("198.51.100.7:4660")));
			const sent = scene.socket.take();
			check.ok(sent.length > 0 && sent.every((packet) => packet.slice(16, 32) === "0200000000000080"), "the new user only");
			check.equal(scene.say("08aa"), SENT);
			scene.hear(voice(PEER, "08"), "198.51.100.7:4660");
			check.equal(scene.voice.heard.length, 2);
			scene.hear(voice(PEER, "08"), FROM);
			check.equal(scene.voice.heard.length, 2, "the old port is a stranger's");
		},
	);

	suite.test(
		"KV-C9 50 numbered frames each way at 20 ms, in order, none echoed; also after the peer has moved to another port",
		(check) => {
			const scene = new Scene().join();
			scene.socket.take();
			const order: string[] = [];
			for (let i = 0; i < 100; i++) {
				// The channel is where voice comes from, wherever the peer has moved to.
				scene.say("08aa" + (i + 16).toString(16).padStart(4, "0"));
				for (const packet of scene.socket.take()) {
					if (nameOf(packet) !== "voice") continue;
					order.push(packet.slice(26, 30));
					scene.hear(packet);
				}
				scene.hear(voice(PEER, "08" + (i + 16).toString(16).padStart(4, "0")));
				scene.world.run(20);
			}
			check.equal(order.length, 100);
			check.ok(order.every((number, i) => parseInt(number, 16) === i + 16));
			check.equal(scene.voice.heard.length, 100, "not its own");
			check.ok(scene.voice.heard.every((text, i) => parseInt(text.slice(20, 24), 16) === i + 16));
			check.equal(scene.endpoint.channels[0].session.counters.ownPackets, 100, "a server that echoes");
			check.ok(scene.socket.to.every((to) => to.startsWith(FROM)));
		},
	);

	suite.test("KV-9 after a refusal one request was on the wire, no more", (check) => {
		const scene = new Scene();
		scene.server.instead["REGISTER"] = zeros(8) + "00000004 FIN";
		scene.join().world.run(500000);
		check.equal(scene.server.take(), "REGISTER");
		check.equal(Number(scene.fields["refused"].retry), 600);
	});

	suite.test("KV-20 KV-13 a stop: LEAVE within 2 s, then nothing on the wire and no timer", (check) => {
		const scene = new Scene().join();
		scene.server.take();
		scene.socket.take();
		let stopped = 0;
		scene.endpoint.stop(() => stopped++);
		scene.world.run();
		check.equal(stopped, 1);
		check.equal(scene.server.take(), "LEAVE");
		check.equal(scene.events[scene.events.length - 1], "kv.stopped");
		scene.world.run(3600000);
		check.equal(names(scene.socket.take()), "");
		check.equal(scene.server.take(), "");
		check.ok(scene.world.timers.every((timer) => timer.due === Infinity));
		const silent = new Scene().join();
		silent.world.silent = true;
		let at = -1;
		silent.endpoint.stop(() => {
			at = silent.world.now;
		});
		silent.world.run(3000);
		check.ok(at > 0 && at <= 2000, "given up after " + at);
		check.ok(!silent.world.stream?.opened);
		silent.endpoint.close();
		check.equal(silent.world.closed, 3, "timer, resolver and socket are freed");
		let never = 0;
		new Scene().endpoint.stop(() => never++);
		check.equal(never, 1, "one that was not started");
	});

	suite.test("KV-24 two channels, one socket each, no cross-talk; the same user in both is two speakers", (check) => {
		const channels = ["0xfffffffe00000001", "0xfffffffe00000002"];
		const scene = new Scene({ channel: undefined, channels });
		scene.server.channels.push("fffffffe00000002");
		let joins = 0;
		const { answer } = scene.world;
		scene.world.answer = (request) => {
			if (request.startsWith("00000002")) scene.server.port = joins++ === 0 ? "000000000000c40e" : "000000000000c40f";
			return answer(request);
		};
		scene.join();
		const [one, two] = scene.world.sockets;
		check.equal(one.to[0], "192.0.2.1:50190@0");
		check.equal(two.to[0], "192.0.2.1:50191@0");
		one.take();
		two.take();
		scene.say("08aabb");
		check.equal(one.take()[0], voice("8000000000000001", "0b41fff4aabb"));
		check.equal(two.take()[0], voice("8000000000000002", "0b41fff4aabb"));
		one.give(voice(PEER, "0801"), "192.0.2.1:50190");
		two.give(voice(PEER, "0802"), "192.0.2.1:50191");
		one.give(voice(PEER, "0803"), "192.0.2.1:50191");
		two.give(voice(PEER, "0804"), "192.0.2.1:50190");
		scene.world.run();
		check.equal(
			scene.voice.heard.map((text) => text.slice(0, text.indexOf(":") + 10)).join(", "),
			"0000000000000009: 08010000, 10000000000000009: 08020000",
		);
		// Whoever has the bits of a channel's number in its id is not taken for somebody else there.
		one.give(voice("1000000000000009", "0805"), "192.0.2.1:50190");
		scene.world.run();
		check.equal(scene.voice.heard.pop()?.slice(0, 26), "1000000000000009: 08050000");
		scene.server.channels = ["fffffffe00000002"];
		scene.server.port = "000000000000c40f";
		scene.world.run(62000);
		check.equal(scene.endpoint.joined, 1);
		check.equal(scene.voice.transport, scene.endpoint, "it still talks into the other one");
		let stopped = 0;
		scene.server.take();
		scene.endpoint.stop(() => stopped++);
		scene.world.run();
		check.equal(stopped, 1);
		check.equal(scene.server.take(), "LEAVE");
	});

	suite.test("KV-6 an application's own commands wait their turn between those of the session", (check) => {
		const scene = new Scene().join();
		scene.server.take();
		const said: string[] = [];
		const request = new Request((done) => {
			said.push(done.text);
			if (said.length === 1) {
				scene.endpoint.control.getPort(request, parseId("0xfffffffe00000001") ?? done.first);
				scene.endpoint.turn();
			}
		});
		const other = new Request((done) => said.push(done.text + " " + done.count));
		scene.endpoint.control.register(request, parseId("2") ?? request.first, parseId("8") ?? request.first);
		scene.endpoint.control.getChannels(other);
		scene.endpoint.turn();
		scene.world.run();
		check.equal(scene.server.take(), "REGISTER GET_CHANNELS GET_PORT");
		check.equal(said.join(", "), "REGISTER: done, GET_CHANNELS: done 1, GET_PORT: done");
		check.equal(request.port, 50190);
	});

	suite.test("KV-19 the server's name is looked up again behind a request that found nobody", (check) => {
		const scene = new Scene().join();
		const names = scene.world.resolver?.names ?? 0;
		const request = new Request(() => {});
		const ask = (): void => {
			scene.endpoint.control.getChannels(request);
			scene.endpoint.turn();
			scene.world.run();
		};
		ask();
		check.equal(scene.world.resolver?.names, names, "known as long as the server answers");
		scene.world.refused = true;
		ask();
		check.equal(request.text, "GET_CHANNELS: no connection (ECONNREFUSED)");
		scene.world.refused = false;
		scene.world.address = "198.51.100.7";
		ask();
		check.equal(scene.world.resolver?.names, names + 1);
		check.ok(request.ok);
		check.ok(scene.world.connects[scene.world.connects.length - 1].startsWith("198.51.100.7:"));
	});

	suite.test("KV-12 a socket for both families where the host has both, for IPv4 where it has not", (check) => {
		check.equal(new Scene().socket.address, "::");
		check.equal(new Scene({}, undefined, { only4: true }).socket.address, "0.0.0.0");
		check.equal(new Scene({ server: "192.0.2.1" }).socket.address, "0.0.0.0");
		check.equal(new Scene({ server: "[2001:db8::1]:1" }).socket.address, "::");
	});

	suite.test(
		"KV-13 ten minutes of silence: joined all the time, KEEPALIVE every 20 s, a look at the list every minute",
		(check) => {
			const scene = new Scene().join();
			scene.socket.take();
			scene.server.take();
			for (let i = 0; i < 600; i++) {
				scene.world.run(1000);
				for (const packet of scene.socket.take()) {
					const ack = Number(nameOf(packet).split(" ")[1]);
					if (ack > 0) scene.socket.give(system(3, FIRST, ack));
				}
			}
			check.equal(scene.server.take().split(" ").length, 20, "ten looks at the list and the port");
			check.equal(scene.endpoint.joined, 1);
			const { counters } = scene.endpoint.channels[0].session;
			check.ok(counters.acks >= 29 && counters.acks <= 32, counters.acks + " acknowledged");
			check.equal(counters.ackTimeouts, 0);
			const fired = scene.world.timers[0].fired;
			check.ok(fired < 180, fired + " wake-ups in ten minutes");
		},
	);
}
