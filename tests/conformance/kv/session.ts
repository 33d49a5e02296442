import { acknowledge, Driver } from "conformance/kv/driver";
import { system, voice } from "conformance/kv/packets";
import {
	RESULT_CONNECT,
	RESULT_ILLEGAL_PORT,
	RESULT_ILLEGAL_UID,
	RESULT_NO_REASON,
	RESULT_RESET,
	RESULT_TIME,
} from "kv/constants";
import type { Suite } from "unit/suite";

const UID = "0000000000000001";
const PEER = "0000000000000009";
const CHANNEL = { channel: "0xfffffffe00000001" };

export default function session(suite: Suite): void {
	suite.test("KV-6 KV-12 registers, creates, joins; with a given user or channel only what is left", (check) => {
		const driver = new Driver().start();
		check.equal(driver.asked(), "REGISTER 0 0");
		check.equal(driver.say("8000000000000001").asked(), "CREATE 8000000000000001");
		check.equal(driver.say("fffffffe00000001").asked(), "JOIN 8000000000000001 8000000000000001 fffffffe00000001");
		check.equal(driver.state, "joining");
		driver.say("c40e");
		check.equal(driver.happened(), "registered created port joined");
		check.equal(driver.session.presence.port, 50190);
		const given = new Driver({ uid: "0x8000000000000001", ...CHANNEL }).start();
		check.equal(given.asked(), "JOIN 8000000000000001 8000000000000001 fffffffe00000001");
		const rights = new Driver({ register: { administrator: "2", permissions: ["admin"] } }).start();
		check.equal(rights.asked(), "REGISTER 2 7fffffff");
	});

	suite.test("KV-C5 KV-12 KV-11 JOIN is followed at once by KEEPALIVE as in section 7, 512 bytes, zero from 24 on", (check) => {
		const driver = new Driver().join();
		check.equal(driver.take(), "KEEPALIVE 0@1000");
		check.equal(driver.packet, system(0, UID));
		const user = new Driver({ switches: { userJoin: true } }).join();
		check.equal(user.take(), "KEEPALIVE 0@1000 JOIN 0@1000");
		check.equal(user.packet, system(1, UID));
	});

	suite.test("KV-12 joining is repeated at 0.5, 1 and 2 s, then 10 s apart, until the first packet", (check) => {
		const driver = new Driver(CHANNEL).join();
		driver.wait(2500);
		check.equal(driver.take(), "KEEPALIVE 0@1000 KEEPALIVE 1@1500 KEEPALIVE 2@2000 KEEPALIVE 3@3000");
		driver.wait(20000);
		check.equal(driver.take(), "KEEPALIVE 4@13000 KEEPALIVE 5@23000");
		driver.give(voice(PEER, "08"));
		check.equal(driver.happened(), "registered port joined port alive");
		driver.wait(19000);
		check.equal(driver.take(), "", "no more repeats");
	});

	suite.test("KV-12 KV-17 an acknowledgement ends the repeats too and tells the round trip", (check) => {
		const driver = new Driver({ ...CHANNEL, switches: { userJoin: true } }).join();
		driver.wait(500);
		check.equal(driver.take(), "KEEPALIVE 0@1000 JOIN 0@1000 KEEPALIVE 1@1500 JOIN 0@1500");
		driver.wait(70);
		check.ok(!driver.give(system(3, UID, 1)));
		check.equal(driver.session.presence.acks.roundTrip, 70);
		check.equal(driver.session.counters.acks, 1);
		driver.wait(15000);
		check.equal(driver.take(), "");
	});

	suite.longTest("KV-13 KEEPALIVE every 20 s, also while talking and heard; never more than 30 s without one", (check) => {
		const driver = new Driver(CHANNEL).join();
		driver.wait(500);
		acknowledge(driver);
		driver.take();
		let last = driver.now;
		let longest = 0;
		for (let i = 0; i < 600000; i += 20) {
			driver.give(voice(PEER, "08"));
			driver.session.sent(true, driver.now);
			driver.wait(20);
			if (driver.sent.length > 0) {
				acknowledge(driver);
				longest = Math.max(longest, driver.now - last);
				last = driver.now;
				driver.take();
			}
			if (driver.requests.length === 0) continue;
			if (driver.asked().startsWith("GET_CHANNELS")) driver.list(true);
			else driver.say("c40e");
		}
		check.ok(longest >= 19000 && longest <= 21000, "longest pause " + longest);
		check.equal(driver.state, "joined");
	});

	suite.test("KV-13 a server that evicts after 2 s keeps a device that is set to 0.5 s", (check) => {
		const driver = new Driver(CHANNEL, { keepalive: 500 }).join();
		driver.give(voice(PEER, "08"));
		driver.take();
		driver.wait(10000);
		check.equal(driver.take().split(" ").length, 40, "20 of them");
	});

	suite.test(
		"KV-9 after ACCESS, PARAM, INVAL and NOIMPL no request is repeated; what follows is a new attempt after ten minutes",
		(check) => {
			for (const code of [4, 2, 3, 5]) {
				const driver = new Driver().start().say("1");
				driver.asked();
				driver.deny(code);
				check.equal(driver.state, "refused");
				driver.wait(599999);
				check.equal(driver.asked(), "", "code " + code);
				driver.wait(1);
				check.equal(driver.asked(), "REGISTER 0 0");
			}
			const never = new Driver({ switches: { refused: "never" } }).start().deny(4);
			check.equal(never.session.retryAt, Infinity);
			check.equal(never.happened(), "refused");
			never.asked();
			never.wait(86400000);
			check.equal(never.asked(), "");
		},
	);

	suite.test(
		"KV-4 KV-9 no reason counts as PARAM; SERV, internal and unknown codes are tried again with the same ids",
		(check) => {
			const silent = new Driver().start().fail(RESULT_NO_REASON);
			check.equal(silent.state, "refused");
			for (const code of [1, 6, 42]) {
				const driver = new Driver().start().say("5");
				driver.asked();
				driver.deny(code);
				check.equal(driver.state, "waiting");
				driver.wait(1100);
				check.equal(driver.asked(), "CREATE 5", "code " + code);
			}
		},
	);

	suite.test("KV-10 KV-8 an illegal user id or port is refused and nothing goes out", (check) => {
		const uid = new Driver().start().fail(RESULT_ILLEGAL_UID);
		check.equal(uid.state, "refused");
		check.equal(uid.wait(10000).take(), "");
		const port = new Driver(CHANNEL).start().say("1").fail(RESULT_ILLEGAL_PORT);
		check.equal(port.state, "refused");
		check.equal(port.wait(10000).take(), "");
	});

	suite.test("KV-19 back-off 1, 2, 4 .. 60 s, with 20 % more or less, and the first again after 60 s of life", (check) => {
		const driver = new Driver(CHANNEL).start();
		const delays: number[] = [];
		for (let i = 0; i < 8; i++) {
			driver.fail(RESULT_CONNECT);
			const from = driver.now;
			driver.asked();
			while (driver.requests.length === 0) driver.wait(100);
			delays.push(Math.round((driver.now - from) / 100) / 10);
		}
		check.equal(String(delays), "1,2,4,8,16,32,60,60");
		driver.say("2").say("c40e");
		driver.wait(59000);
		driver.fail(RESULT_CONNECT);
		check.equal(driver.state, "joined", "nothing was asked yet");
		driver.wait(1500);
		driver.fail(RESULT_RESET);
		check.equal(driver.state, "waiting");
		driver.asked();
		driver.wait(1000);
		check.equal(driver.asked(), "REGISTER 0 0", "one second again");
	});

	suite.test("KV-19 a lost server is met with new ids: the new user, channel and port, and no old one", (check) => {
		const driver = new Driver().join("8000000000000001", "7fbb00000001");
		driver.give(voice(PEER, "08"));
		driver.happened();
		driver.asked();
		driver.wait(15000);
		check.equal(driver.asked(), "GET_CHANNELS");
		driver.fail(RESULT_CONNECT);
		check.equal(driver.happened(), "lost");
		driver.take();
		driver.wait(1000);
		check.equal(driver.asked(), "REGISTER 0 0");
		driver.say("8000000000000002");
		check.equal(driver.asked(), "GET_CHANNELS", "is the old channel still there?");
		driver.list(false);
		check.equal(driver.asked(), "CREATE 8000000000000002");
		driver.say("7fbb00000002");
		check.equal(driver.asked(), "JOIN 8000000000000002 8000000000000002 7fbb00000002");
		driver.say("1234");
		check.equal(driver.session.presence.port, 0x1234);
		check.equal(driver.take(), "KEEPALIVE 0@" + driver.now);
		check.equal(driver.packet, system(0, "8000000000000002"));
	});

	suite.test("KV-19 a request without a word from the server, on the way to a channel: registered anew", (check) => {
		for (const result of [RESULT_CONNECT, RESULT_TIME, RESULT_RESET]) {
			const driver = new Driver().start().say("5").say("7fbb00000001").fail(result);
			driver.asked();
			driver.wait(1000);
			check.equal(driver.asked(), "REGISTER 0 0");
		}
	});

	suite.test("KV-19 a channel of its own that has outlived the outage is joined again, not made twice", (check) => {
		const driver = new Driver().join();
		driver.wait(60000);
		driver.fail(RESULT_TIME);
		driver.wait(1500);
		driver.say("2");
		driver.asked();
		driver.list(true);
		check.equal(driver.asked(), "JOIN 2 2 7fbbf903e6c0");
		driver.deny(4);
		check.equal(driver.asked(), "CREATE 2", "when it may not come back it makes another one");
	});

	suite.test("KV-19 a given user and a given channel are joined again as they are", (check) => {
		const driver = new Driver({ uid: "7", ...CHANNEL }).join();
		driver.wait(60000);
		driver.fail(RESULT_CONNECT);
		driver.asked();
		driver.wait(1500);
		check.equal(driver.asked(), "JOIN 7 7 fffffffe00000001");
	});

	suite.test("KV-8 portOrder auto: the port as written, 1 s later the swapped one; the one that answers wins", (check) => {
		const auto = { switches: { portOrder: "auto" } } as const;
		const swappedOne = new Driver({ ...auto, ...CHANNEL }).start().say("1").say("ec4");
		check.equal(swappedOne.session.presence.port, 0x0ec4);
		check.equal(swappedOne.session.presence.otherPort, 50190);
		swappedOne.wait(1100);
		check.equal(swappedOne.take(), "KEEPALIVE 1@1000 KEEPALIVE 2@2000*");
		swappedOne.give(system(3, UID, 2), 1);
		check.equal(swappedOne.session.presence.port, 50190);
		check.equal(swappedOne.session.presence.otherPort, 0);
		while (!swappedOne.asked().includes("GET_CHANNELS")) {
			swappedOne.give(voice(PEER, "08"));
			swappedOne.wait(1000);
		}
		swappedOne.list(true).say("ec4");
		check.equal(swappedOne.state, "joined", "the port as the server writes it has not changed");
		const first = new Driver({ ...auto, ...CHANNEL }).start().say("1").say("c40e");
		first.wait(300);
		first.give(system(3, UID, 1), 0);
		check.equal(first.session.presence.port, 50190);
		check.equal(first.wait(5000).take(), "KEEPALIVE 1@1000");
		const neither = new Driver({ ...auto, ...CHANNEL }).start().say("1").say("c40e");
		neither.wait(2000);
		check.equal(neither.session.presence.port, 50190);
		check.equal(neither.session.presence.otherPort, 0);
		check.equal(neither.take(), "KEEPALIVE 1@1000 KEEPALIVE 2@2000* KEEPALIVE 3@3000");
		const late = new Driver({ ...auto, ...CHANNEL }).start().say("1").say("c40e");
		late.wait(1200);
		late.give(system(3, UID, 1), 0);
		check.equal(late.session.presence.port, 50190, "a slow answer of the first");
		check.equal(late.session.presence.target, 0);
	});

	suite.test("KV-20 leaving: SYS_LEAVE with userJoin, TCP LEAVE, then nothing", (check) => {
		const driver = new Driver({ switches: { userJoin: true } }).join();
		driver.asked();
		driver.take();
		driver.stop();
		check.equal(driver.take(), "LEAVE 0@1000");
		check.equal(driver.packet, system(2, UID));
		check.equal(driver.asked(), "LEAVE 1 1 7fbbf903e6c0");
		check.ok(!driver.give(voice(PEER, "08")), "not heard any more");
		driver.say("1");
		check.equal(driver.happened().split(" ").pop(), "stopped");
		driver.wait(600000);
		check.equal(driver.take() + driver.asked(), "");
		const plainOne = new Driver().join().stop();
		check.equal(plainOne.take(), "KEEPALIVE 0@1000");
		plainOne.deny(1);
		check.equal(plainOne.state, "stopped", "whatever the server says to it");
	});

	suite.test("KV-20 a stop while it looks at the list, joins, waits, or hears no answer", (check) => {
		const looking = new Driver().join().wait(60000);
		looking.asked();
		looking.happened();
		looking.stop();
		check.equal(looking.happened(), "cancel");
		check.equal(looking.asked(), "LEAVE 1 1 7fbbf903e6c0");
		const joining = new Driver(CHANNEL).start().say("1").stop();
		check.equal(joining.state, "joining");
		joining.asked();
		joining.say("c40e");
		check.equal(joining.asked(), "LEAVE 1 1 fffffffe00000001", "joined by then: left");
		check.equal(joining.say("1").state, "stopped");
		check.equal(joining.take(), "");
		const silent = new Driver(CHANNEL).join().stop().wait(1500);
		check.equal(silent.state, "stopped");
		const register = new Driver().start().stop();
		check.equal(register.happened(), "cancel stopped");
		const waiting = new Driver().start().fail(RESULT_CONNECT).stop();
		check.equal(waiting.state, "stopped");
		waiting.asked();
		waiting.start();
		check.equal(waiting.asked(), "REGISTER 0 0", "it may be started again");
	});

	suite.test("KV-20 cleanUp: the channel and the user that it had made are deleted behind LEAVE", (check) => {
		const driver = new Driver({ cleanUp: true }).join();
		driver.asked();
		driver.stop().say("1");
		driver.say("7fbbf903e6c0").say("1");
		check.equal(driver.asked(), "LEAVE 1 1 7fbbf903e6c0, DELETE 1 7fbbf903e6c0, UNREGISTER 1 1");
		check.equal(driver.state, "stopped");
		const given = new Driver({ cleanUp: true, uid: "7", ...CHANNEL }).join();
		given.asked();
		given.stop().say("1");
		check.equal(given.asked(), "LEAVE 7 7 fffffffe00000001");
		check.equal(given.state, "stopped");
	});

	suite.test(
		"KV-20 cleanUp: a stop on the way to being joined, or between two attempts, deletes what is there by then",
		(check) => {
			const registering = new Driver({ cleanUp: true }).start().stop();
			check.equal(registering.state, "registering", "its answer is waited for");
			registering.say("1").say("1");
			check.equal(registering.asked(), "REGISTER 0 0, UNREGISTER 1 1");
			check.equal(registering.state, "stopped");
			const silent = new Driver({ cleanUp: true }).start().stop().wait(1500);
			check.equal(silent.state, "stopped", "but not for ever");
			const creating = new Driver({ cleanUp: true }).start().say("1").stop();
			creating.say("7fbbf903e6c0").say("1").say("1");
			check.equal(creating.asked(), "REGISTER 0 0, CREATE 1, DELETE 1 7fbbf903e6c0, UNREGISTER 1 1");
			check.equal(creating.state, "stopped");
			const joining = new Driver({ cleanUp: true }).start().say("1").say("7fbbf903e6c0").stop();
			joining.asked();
			joining.deny(1);
			check.equal(joining.say("1").say("1").asked(), "DELETE 1 7fbbf903e6c0, UNREGISTER 1 1");
			check.equal(joining.state, "stopped");
			const waiting = new Driver({ cleanUp: true }).start().say("1").say("7fbbf903e6c0").deny(1);
			check.equal(waiting.state, "waiting");
			waiting.asked();
			check.equal(waiting.stop().say("1").say("1").asked(), "DELETE 1 7fbbf903e6c0, UNREGISTER 1 1");
			check.equal(waiting.state, "stopped");
			const refused = new Driver({ cleanUp: true }).start().say("1").deny(4);
			check.equal(refused.state, "refused");
			refused.asked();
			check.equal(refused.stop().say("1").asked(), "UNREGISTER 1 1");
			check.equal(refused.state, "stopped");
		},
	);

	suite.test("KV-20 cleanUp: nothing is deleted at a server that may be another one by now", (check) => {
		const unheard = new Driver({ cleanUp: true }).start().say("1").fail(RESULT_CONNECT);
		unheard.asked();
		check.equal(unheard.stop().asked(), "");
		check.equal(unheard.state, "stopped");
		const given = new Driver({ cleanUp: true, uid: "7", ...CHANNEL }).start().deny(1);
		given.asked();
		check.equal(given.stop().asked(), "");
		check.equal(given.state, "stopped");
	});

	suite.test("KV-15 voice: foreign and legal users of the channel only; the rest is counted by reason", (check) => {
		const driver = new Driver().join();
		const { counters } = driver.session;
		check.ok(driver.give(voice("8000000000000002", "08")));
		check.equal(driver.session.presence.speaker.toString(), "0x8000000000000002");
		check.ok(!driver.give(voice(UID, "08")));
		check.equal(counters.ownPackets, 1);
		check.ok(!driver.give(voice("ffffffff00000001", "08")));
		check.ok(!driver.give(voice("00000001ffffffff", "08")));
		check.equal(counters.illegalUid, 2);
		for (const size of [0, 1, 8, 511, 513]) check.ok(!driver.give("08".repeat(size)), size + " bytes");
		check.equal(counters.wrongSize, 5);
		check.ok(!driver.give(voice(PEER, "08"), -1));
		check.equal(counters.wrongSource, 1);
		check.equal(counters.packetsIn, 1);
		const early = new Driver().start();
		check.ok(!early.give(voice(PEER, "08")));
		check.equal(early.session.counters.notJoined, 1);
	});

	suite.test(
		"KV-21 three sends that fail in a row: a look at the list at once, and KEEPALIVE when sending works again",
		(check) => {
			const driver = new Driver().join();
			driver.wait(500);
			acknowledge(driver);
			driver.wait(3000);
			driver.asked();
			driver.take();
			driver.takes = false;
			driver.session.sent(false, driver.now);
			driver.session.sent(false, driver.now);
			driver.wait(0);
			check.equal(driver.asked(), "");
			driver.session.sent(false, driver.now);
			driver.wait(0);
			check.equal(driver.asked(), "GET_CHANNELS");
			driver.list(true).say("c40e");
			driver.wait(2500);
			check.equal(driver.take(), "");
			driver.takes = true;
			driver.session.sent(true, driver.now);
			driver.turn();
			check.ok(driver.take().startsWith("KEEPALIVE"), "the channel learns our address anew");
			check.equal(driver.state, "joined");
		},
	);
}
