import { settingsOf } from "arrow/options";
import { planEndpoint } from "arrow/plan";
import { ACCEPT, Driver, RTSP_LIVE } from "conformance/arrow/driver";
import { OPTIONS, Scene } from "conformance/arrow/scene";
import { World } from "conformance/arrow/world";
import { Counter, collectGarbage, readCounters } from "host/host";
import { MemoryPlan } from "storage/plan";
import type { Check, Suite } from "unit/suite";

const PING = "02 0000 00000000 00000004 beef 0001";
const PONG = "0200000000000000000008beef000000000000";
const CONNECT = "020000000000000000000a 0001000d 429a 00000007";
const REGISTER_START = "02000000000000000000";
function registered(check: Check, scene: Scene): void {
	check.equal(scene.world.service.take().slice(0, 20), REGISTER_START);
}

export default function endpoint(suite: Suite): void {
	suite.test(
		"ARROW-1 endpoint: resolves, connects, TLS by the service's name, REGISTER at once; state and log tell of ACK 0",
		(check) => {
			const scene = new Scene().start();
			check.equal(scene.world.connects.join(), "192.0.2.1:8900@0");
			check.equal(scene.world.tls?.names, "arrow.example ");
			registered(check, scene);
			check.equal(scene.endpoint.state, "connecting");
			scene.world.service.give(ACCEPT);
			scene.world.run();
			check.equal(scene.states, "connected ");
			check.equal(scene.events[scene.events.length - 2], "arrow.registered");
			check.equal(scene.endpoint.client.counters.established, 1);
		},
	);
	suite.test("ARROW-1 endpoint: a failed handshake says why, sends no REGISTER, and is tried again by the 60 s rule", (check) => {
		const scene = new Scene();
		scene.world.handshakeFails = "certificate has expired";
		scene.start();
		check.equal(scene.world.service.take(), "");
		check.equal(scene.fields["reason"], "TLS: certificate has expired");
		check.equal(scene.fields["retry"], 63);
		scene.world.handshakeFails = "";
		scene.world.run(62999);
		check.equal(scene.world.connects.length, 1);
		scene.world.run(1);
		check.equal(scene.world.connects[1], "192.0.2.1:8900@63000");
	});
	suite.test(
		"ARROW-37 endpoint: no name, no connection, no answer in 20 s: each is tried again by the 60 s rule, with its reason",
		(check) => {
			const lost = new Scene();
			lost.world.nameFails = true;
			lost.start();
			check.equal(lost.fields["reason"], "arrow.example: host not found");
			const refused = new Scene();
			refused.world.refused = true;
			refused.start();
			check.equal(refused.fields["reason"], "ECONNREFUSED");
			const silent = new Scene();
			silent.world.silent = true;
			silent.start();
			silent.world.run(19999);
			check.equal(silent.events.length, 1);
			silent.world.run(1);
			check.equal(silent.fields["reason"], "no connection in time");
			check.equal(silent.world.service.opened, false);
			for (const scene of [lost, refused, silent]) {
				scene.world.run(120000);
				check.ok(scene.endpoint.attempts >= 2);
			}
		},
	);
	suite.test("ARROW-37 ARROW-C2 endpoint: a refused REGISTER is tried again 60..66 s after the start of the attempt", (check) => {
		const scene = new Scene().start();
		scene.tell("0200000000000000000008 0000 0000 ffffffff");
		check.equal(scene.world.service.opened, false);
		scene.world.run(70000);
		check.equal(scene.world.connects[1], "192.0.2.1:8900@63000");
	});
	suite.test(
		"ARROW-40 endpoint: an unpaired device reports its state once, however often it tries, and slow after 20 minutes",
		(check) => {
			const scene = new Scene().start();
			for (let i = 0; i < 200; i++) {
				if (scene.world.service.opened) scene.tell("0200000000000000000008 0000 0000 00000002");
				scene.world.run(10600);
			}
			check.equal(scene.states, "unauthorized slow ");
			check.ok(scene.endpoint.attempts > 70 && scene.endpoint.attempts < 85, String(scene.endpoint.attempts));
			const before = scene.endpoint.attempts;
			scene.endpoint.pair();
			scene.world.run();
			check.equal(scene.endpoint.attempts, before + 1);
			scene.tell(ACCEPT);
			check.equal(scene.states, "unauthorized slow connected ");
		},
	);
	suite.test(
		"ARROW-13 ARROW-C14 endpoint: REDIRECT is followed at once, then the configured address 60 s after that attempt began",
		(check) => {
			const scene = new Scene().establish();
			scene.tell(CONNECT);
			scene.world.run(5000);
			scene.world.service.give("02 0000 00000000 00000013 0001 0003 6c6f63616c686f73743a3930303100");
			scene.world.run(500);
			check.equal(scene.local().opened, false);
			check.equal(scene.world.connects[2], "192.0.2.1:9001@5000");
			check.equal(scene.world.tls?.names, "arrow.example localhost ");
			registered(check, scene);
			scene.world.service.finish("FIN");
			scene.world.run(70000);
			check.equal(scene.world.connects[3], "192.0.2.1:8900@68000");
		},
	);
	suite.test("ARROW-13 endpoint: a redirect loop makes at most 5 connections in 60 s", (check) => {
		const scene = new Scene().start();
		for (let i = 0; i < 200; i++) {
			if (scene.world.service.opened) scene.tell(ACCEPT + "02 0000 00000000 00000013 0001 0003 6c6f63616c686f73743a3930303100");
			scene.world.run(250);
		}
		check.equal(scene.endpoint.attempts, 6);
	});
	suite.test(
		"ARROW-11 ARROW-C16 endpoint: a silent service gets PING at 60 s and is left at 80 s; the next attempt is at once",
		(check) => {
			const scene = new Scene().establish();
			scene.world.run(60000);
			check.equal(scene.world.service.take(), "020000000000000000000400010001");
			scene.world.run(19999);
			check.equal(scene.endpoint.attempts, 1);
			scene.world.run(1);
			check.equal(scene.world.connects[1], "192.0.2.1:8900@80000");
		},
	);
	suite.test("ARROW-10 endpoint: PING is answered while the local side floods and the way out is narrow", (check) => {
		const scene = new Scene({ window: 65536 }).establish();
		scene.tell(CONNECT);
		const before = scene.world.service.bytesWritten;
		scene.local().give(1000000);
		scene.world.service.room = 5000;
		scene.world.run();
		scene.world.service.give(PING);
		scene.world.run();
		scene.world.service.room = Infinity;
		scene.world.run();
		check.equal(scene.endpoint.client.counters.pingsIn, 1);
		check.equal(scene.world.service.bytesWritten - before, 9 * 11 + 65536 + 19);
		check.equal(scene.local().bytesRead, 65536);
	});
	suite.test(
		"ARROW-28 endpoint: while the way out is shut the local side is read no further than the output, and the loop rests",
		(check) => {
			const scene = new Scene({ window: 65536 }).establish();
			scene.tell(CONNECT);
			scene.world.service.room = 0;
			scene.local().give(1000000);
			scene.world.run();
			check.ok(scene.local().bytesRead <= 65536);
			check.ok(scene.local().wants < 10);
			scene.world.service.room = Infinity;
			scene.world.run();
			check.equal(scene.local().bytesRead, 65536);
		},
	);
	suite.test("ARROW-26 endpoint: busy sessions share the way out within 20 %", (check) => {
		const scene = new Scene({ window: 65536, sessions: 3 }).establish();
		scene.tell(CONNECT + CONNECT.slice(0, -1) + "8" + CONNECT.slice(0, -1) + "9");
		for (let id = 7; id < 10; id++) scene.tell("020000000000000000000c 0001000c 0000000" + id + "00ffffff");
		scene.world.service.room = 0;
		for (let i = 0; i < 3; i++) scene.local(i).give(1000000);
		scene.world.run();
		// What was read before all of them were busy does not count.
		const shares = [-scene.local(0).bytesRead, -scene.local(1).bytesRead, -scene.local(2).bytesRead];
		for (let i = 0; i < 40; i++) {
			scene.world.service.room = 10000;
			scene.world.run();
		}
		for (let i = 0; i < 3; i++) shares[i] += scene.local(i).bytesRead;
		check.ok(shares[0] > 100000, String(shares));
		check.ok(Math.max(...shares) <= 1.2 * Math.min(...shares), String(shares));
	});
	suite.test("ARROW-39 endpoint: DATA_ACK and data of one turn are one write", (check) => {
		const scene = new Scene().establish();
		scene.tell(CONNECT);
		scene.local().give("aabb");
		scene.world.service.give("02 429a 00000007 00000003 616263" + PING);
		const writes = scene.world.service.writes;
		scene.world.run();
		// The service's stream is served first: answer and DATA_ACK together; the local bytes came in the same turn of the loop.
		check.equal(scene.world.service.writes - writes, 2);
		check.equal(
			scene.world.service.take(),
			PONG + "020000000000000000000c0001000c0000000700000003" + "02429a0000000700000002aabb",
		);
		check.equal(scene.local().take(), "616263");
	});
	suite.test(
		"ARROW-28 endpoint: a session that used up its window goes on after DATA_ACK, and the loop rests in between",
		(check) => {
			const scene = new Scene().establish();
			scene.tell(CONNECT);
			scene.local().give(20000);
			scene.world.run();
			check.equal(scene.local().bytesRead, 8192);
			scene.tell("020000000000000000000c 0001000c 00000007 00001000");
			check.equal(scene.local().bytesRead, 8192 + 4096);
			scene.tell("020000000000000000000c 0001000c 00000007 00001000");
			check.equal(scene.local().bytesRead, 8192 + 8192);
			scene.tell("020000000000000000000c 0001000c 00000007 00001000");
			scene.local().give("616263");
			check.equal(
				scene.local().wants,
				3,
				"asked once when it was up, not any more while it was full, and again when it was empty",
			);
			scene.world.run();
			check.equal(scene.local().bytesRead, 20003);
		},
	);
	suite.test("ARROW-3 endpoint: bytes that stay in the TLS engine at the end of a turn are served in the next one", (check) => {
		const scene = new Scene({ message: 512, buffer: 1024 }).establish();
		if (scene.world.tls) scene.world.tls.record = 300;
		// One read of the network, five of the engine: more than a turn does.
		for (let i = 0; i < 85; i++) scene.world.service.give(PING);
		scene.world.service.give("02 0000 0000");
		scene.world.run();
		check.equal(scene.endpoint.client.counters.pingsIn, 85);
	});
	suite.test("ARROW-16 endpoint: local bytes and FIN, or a reset: data, then HUP 0, or HUP 3", (check) => {
		for (const how of ["FIN", "RST"]) {
			const scene = new Scene().establish();
			scene.tell(CONNECT);
			scene.local().give("616263");
			scene.local().finish(how);
			scene.world.run();
			check.equal(
				scene.world.service.take(),
				"02429a0000000700000003616263" +
					"020000000000000000000c000100050000000700000000".slice(0, -1) +
					(how === "FIN" ? "0" : "3"),
			);
			check.equal(scene.local().opened, false);
			check.equal(scene.endpoint.client.sessions.table.active, 0);
		}
	});
	suite.test("ARROW-22 endpoint: a local connect that is refused at once: HUP 3", (check) => {
		const scene = new Scene().establish();
		scene.world.refused = true;
		check.equal(scene.tell(CONNECT), "020000000000000000000c000100050000000700000003");
	});
	suite.test("ARROW-29 endpoint: DATA_ACK tells what the local socket took, piece by piece", (check) => {
		const scene = new Scene().establish();
		scene.tell(CONNECT);
		scene.local().room = 2;
		check.equal(scene.tell("02 429a 00000007 00000003 616263"), "020000000000000000000c0001000c0000000700000002");
		scene.local().room = 10;
		scene.world.run();
		check.equal(scene.world.service.take(), "020000000000000000000c0002000c0000000700000001");
		check.equal(scene.local().take(), "616263");
	});
	suite.test(
		"ARROW-5 endpoint: a service that asks without end and reads nothing is read no further than answers fit",
		(check) => {
			const scene = new Scene({ message: 512, buffer: 1024 }).establish();
			const before = scene.world.service.bytesWritten;
			scene.world.service.room = 0;
			for (let i = 0; i < 1000; i++) scene.world.service.give(PING);
			scene.world.run();
			check.ok(scene.world.service.bytesRead < 5000);
			scene.world.service.room = Infinity;
			scene.world.run();
			check.equal(scene.endpoint.client.counters.pingsIn, 1000);
			check.equal(scene.world.service.bytesWritten - before, 1000 * 19);
		},
	);
	suite.test(
		"ARROW-38 endpoint: when the service is lost the local side gets what had come, then its end; the next attempt follows",
		(check) => {
			const scene = new Scene().establish();
			scene.tell(CONNECT);
			scene.world.service.give("02 429a 00000007 00000003 616263");
			scene.world.service.finish("RST");
			scene.world.run();
			check.equal(scene.local().take(), "616263");
			check.equal(scene.local().opened, false);
			check.equal(scene.fields["reason"], "ECONNRESET");
			scene.world.run(63000);
			check.equal(scene.endpoint.attempts, 2);
		},
	);
	suite.test("ARROW-38 endpoint: 1,000 reconnects in mid traffic leave memory and streams as they were", (check) => {
		const scene = new Scene({}, { retry: 10, registerSpan: 1 }).establish();
		const before = new Int32Array(Counter.COUNT);
		const after = new Int32Array(Counter.COUNT);
		for (let i = 0; i < 1010; i++) {
			if (i === 10) {
				scene.events = [];
				scene.states = "";
				scene.world.connects = [];
				scene.world.asked = [];
				if (scene.world.tls) scene.world.tls.names = "";
				collectGarbage();
				readCounters(before);
			}
			scene.world.service.give(CONNECT + "02 429a 00000007 00000010 6162");
			scene.world.run();
			scene.world.service.finish(i % 2 ? "FIN" : "RST");
			scene.world.run(100);
			scene.world.service.give(ACCEPT);
			scene.world.run();
			scene.world.service.take();
			scene.local().take();
			scene.events.length = 0;
			scene.states = "";
			scene.world.connects.length = 0;
			scene.world.asked.length = 0;
			if (scene.world.tls) scene.world.tls.names = "";
		}
		collectGarbage();
		readCounters(after);
		check.equal(scene.endpoint.client.counters.established, 1011);
		check.ok(Math.abs(after[Counter.SLOTS] - before[Counter.SLOTS]) * before[Counter.SLOT_SIZE] <= 1024, "slots");
		check.ok(Math.abs(after[Counter.CHUNKS] - before[Counter.CHUNKS]) <= 1024, "chunk bytes");
	});
	suite.test("endpoint: stop gives the local sides what waits, ends TLS, and is done within 2 s", (check) => {
		const scene = new Scene().establish();
		scene.tell(CONNECT);
		scene.local().room = 1;
		scene.tell("02 429a 00000007 00000003 616263");
		let done = -1;
		scene.endpoint.stop(() => {
			done = scene.world.now;
		});
		scene.world.run(100);
		check.equal(done, -1);
		scene.local().room = 10;
		scene.world.run(100);
		check.equal(done, 100);
		check.equal(scene.world.tls?.ends, 1);
		check.equal(scene.local().take(), "616263");
		check.equal(scene.local().opened, false);
		check.equal(scene.world.service.opened, false);
		scene.world.run(1000000);
		check.equal(scene.endpoint.attempts, 1);
		const stuck = new Scene().establish();
		stuck.tell(CONNECT);
		stuck.local().room = 0;
		stuck.tell("02 429a 00000007 00000003 616263");
		stuck.endpoint.stop(() => {
			done = stuck.world.now;
		});
		stuck.world.run(10000);
		check.equal(done, 1500);
		const waiting = new Scene();
		waiting.endpoint.stop(() => {
			done = -2;
		});
		check.equal(done, -2);
		waiting.endpoint.close();
		check.ok(waiting.world.closed >= 4);
	});
	suite.test("ARROW-41 endpoint: options out of range are refused by their key", (check) => {
		check.throws(() => settingsOf({ ...OPTIONS, window: 0 }), "arrow.window: 1..65536");
		check.throws(() => settingsOf({ ...OPTIONS, window: 65537 }), "arrow.window");
		check.throws(() => settingsOf({ ...OPTIONS, sessions: 0 }), "arrow.sessions");
		check.throws(() => settingsOf({ ...OPTIONS, message: 100 }), "arrow.message");
		check.throws(() => settingsOf({ ...OPTIONS, buffer: 16383 }), "arrow.buffer: 16384..65536");
		check.throws(() => settingsOf({ ...OPTIONS, mac: "1" }), "arrow.mac");
		check.throws(() => settingsOf({ ...OPTIONS, service: "a b" }), "arrow.service");
		check.throws(() => settingsOf({ ...OPTIONS, services: [RTSP_LIVE, RTSP_LIVE] }), "arrow.services[1]");
		check.equal(settingsOf(OPTIONS).address.port, 8900);
		check.equal(settingsOf({ ...OPTIONS, service: "[::1]:9" }).address.host, "::1");
	});
	suite.test("ARROW-41 endpoint: ids from the configuration alone must be given; no id is given twice", (check) => {
		const tcp = { type: "tcp", url: "tcp://127.0.0.1:22", id: 7 };
		const config = { serviceIds: "config" } as const;
		check.throws(
			() => settingsOf({ ...OPTIONS, services: [tcp, RTSP_LIVE], switches: config }),
			"arrow.services[1].id: expected",
		);
		check.equal(settingsOf({ ...OPTIONS, services: [tcp], switches: config }).services[0].id, 7);
		const other = { type: "tcp", url: "tcp://127.0.0.1:23", id: 7 };
		check.throws(
			() => settingsOf({ ...OPTIONS, services: [tcp, other] }),
			"arrow.services[1].id: 7 is the id of arrow.services[0]",
		);
		// An id that the configuration gives is given to it, also when another one's fingerprint comes first.
		const taken = { type: "tcp", url: "tcp://127.0.0.1:22", id: 17050 };
		const driver = new Driver({ services: [RTSP_LIVE, taken] });
		check.equal(driver.table.port(driver.table.find(17050)), 22);
		check.equal(driver.table.port(driver.table.find(17051)), 554);
	});
	suite.test("ARROW-31 endpoint: what it needs is in the plan, each with the key that decides it", (check) => {
		const settings = settingsOf({ ...OPTIONS, sessions: 4, window: 8192, message: 2048, buffer: 4096 });
		const plan = new MemoryPlan();
		planEndpoint(plan, settings, { uuid: new ArrayBuffer(16), key: new ArrayBuffer(16) }, new World().io());
		check.equal(plan.size("arrow session rings"), 32768);
		check.ok(plan.check(10000).indexOf("change arrow.window (arrow session rings: 32768 bytes)") > 0);
		check.ok(plan.total < 32768 + 5 * 4096 + 3000);
	});
}
