import { acknowledge, Driver } from "conformance/kv/driver";
import { system, voice } from "conformance/kv/packets";
import { RESULT_CONNECT, RESULT_TIME } from "kv/constants";
import type { Suite } from "unit/suite";

const UID = "0000000000000001";
const PEER = "0000000000000009";
const CHANNEL = { channel: "0xfffffffe00000001" };

/** What a member notices, and what it does not believe. */
export default function membership(suite: Suite): void {
	suite.test("KV-21 the list is looked at every 60 s and 15 s after the last voice; what is there stays joined", (check) => {
		const driver = new Driver().join();
		driver.asked();
		driver.wait(59999);
		check.equal(driver.asked(), "");
		driver.wait(1);
		check.equal(driver.asked(), "GET_CHANNELS");
		driver.list(true);
		check.equal(driver.asked(), "GET_PORT 7fbbf903e6c0");
		driver.say("c40e").say("c40e");
		driver.wait(5000);
		driver.asked();
		driver.give(voice(PEER, "08"));
		driver.wait(14999);
		check.equal(driver.asked(), "");
		driver.wait(1);
		check.equal(driver.asked(), "GET_CHANNELS");
		driver.list(true).say("c40e");
		driver.asked();
		driver.wait(59000);
		check.equal(driver.asked(), "", "silence is asked about once");
		check.equal(driver.state, "joined");
	});

	suite.test("KV-21 KV-C10 a channel that is gone: event within 20 s of silence, no KEEPALIVE any more", (check) => {
		const driver = new Driver().join();
		driver.give(voice(PEER, "08"));
		driver.happened();
		const since = driver.now;
		driver.wait(15000);
		driver.list(false);
		check.ok(driver.now - since <= 20000);
		check.equal(driver.happened(), "gone lost");
		driver.take();
		driver.wait(900);
		check.equal(driver.take(), "");
		driver.asked();
		driver.wait(200);
		driver.say("2");
		check.equal(driver.asked(), "REGISTER 0 0, CREATE 2", "its own is made anew");
	});

	suite.test("KV-21 a given channel that is gone is joined again when the server lists it", (check) => {
		const driver = new Driver(CHANNEL).join();
		driver.wait(60000).list(false);
		check.equal(driver.state, "absent");
		driver.asked();
		driver.take();
		driver.wait(60000);
		check.equal(driver.asked(), "GET_CHANNELS");
		driver.fail(RESULT_CONNECT).wait(60000).list(false).wait(60000);
		driver.asked();
		driver.list(true);
		check.equal(driver.asked(), "REGISTER 0 0");
		driver.say("2");
		check.equal(driver.asked(), "JOIN 2 2 fffffffe00000001");
		check.equal(driver.take(), "");
	});

	suite.test(
		"KV-9 a given channel that does not exist yet: looked for every 60 s, a refusal of a listed one is final",
		(check) => {
			const driver = new Driver(CHANNEL).start().say("1").deny(2);
			check.equal(driver.state, "absent");
			driver.asked();
			driver.wait(60000).list(true).deny(2);
			check.equal(driver.state, "refused");
			const access = new Driver(CHANNEL).start().say("1").deny(4);
			check.equal(access.state, "refused");
		},
	);

	suite.test("KV-21 looks that fail: a channel that is heard is not given up at once, a silent one is", (check) => {
		const driver = new Driver().join();
		for (let i = 0; i < 3; i++) {
			driver.give(voice(PEER, "08"));
			while (!driver.asked().includes("GET_CHANNELS")) {
				driver.give(voice(PEER, "08"));
				driver.wait(100);
			}
			check.equal(driver.state, "joined");
			driver.fail(RESULT_TIME);
		}
		check.equal(driver.state, "waiting");
		const silent = new Driver().join().wait(60000).fail(RESULT_TIME);
		check.equal(silent.state, "waiting");
	});

	suite.test("KV-19 the channel's port is another one: joined anew", (check) => {
		const driver = new Driver(CHANNEL).join().wait(60000).list(true).say("c40f");
		check.equal(driver.state, "waiting");
		check.equal(driver.session.reason, 5);
		const portless = new Driver(CHANNEL).join().wait(60000).list(true).deny(5).say("c40e");
		check.equal(portless.state, "joined");
		portless.asked();
		portless.give(voice(PEER, "08"));
		portless.wait(15000).list(true);
		check.equal(portless.asked(), "GET_CHANNELS", "a server that has no GET_PORT is asked once");
	});

	suite.test(
		"KV-13 KV-21 out of the channel without a word: acknowledgements end, the list is looked at, joined anew",
		(check) => {
			const driver = new Driver().join();
			driver.wait(500);
			acknowledge(driver);
			driver.asked();
			driver.take();
			const since = driver.now;
			while (driver.requests.length === 0) driver.wait(100);
			check.ok(driver.now - since <= 35000, "after " + (driver.now - since));
			check.equal(driver.asked(), "GET_CHANNELS");
			driver.list(true).say("c40e");
			check.equal(driver.session.reason, 4);
			driver.asked();
			driver.wait(1100);
			check.equal(driver.asked(), "REGISTER 0 0");
		},
	);

	suite.test("KV-13 a server without acknowledgements is not suspected for that", (check) => {
		const driver = new Driver().join();
		for (let i = 0; i < 20; i++) {
			while (!driver.asked().includes("GET_CHANNELS")) driver.wait(100);
			driver.list(true).say("c40e");
			check.equal(driver.asked(), "GET_PORT 7fbbf903e6c0, JOIN 1 1 7fbbf903e6c0", "asked instead");
			driver.say("c40e");
		}
		check.equal(driver.state, "joined");
		check.ok(driver.session.counters.ackTimeouts > 50);
		check.equal(driver.session.counters.joins, 1);
	});

	suite.test("KV-13 KV-21 nothing heard from one look to the next: JOIN and KEEPALIVE again, who was dropped is in", (check) => {
		const driver = new Driver({ ...CHANNEL, switches: { userJoin: true } }).join().wait(60000).list(true);
		driver.asked();
		driver.take();
		driver.say("c40e");
		check.equal(driver.asked(), "JOIN 1 1 fffffffe00000001");
		check.equal(driver.state, "joined", "and the sound goes on");
		driver.wait(50).say("c40e");
		check.equal(driver.take().replaceAll(/KEEPALIVE [0-9]+/g, "KEEPALIVE"), "KEEPALIVE@61050 JOIN 0@61050");
		driver.wait(59000);
		check.equal(driver.asked(), "", "once for each look");
		driver.wait(1000).list(true);
		driver.give(voice(PEER, "08"));
		driver.say("c40e");
		check.equal(driver.asked(), "GET_CHANNELS, GET_PORT fffffffe00000001", "not when something was heard");
		check.equal(driver.session.counters.rejoins, 1);
		check.equal(driver.session.counters.joins, 1);
		const sure = new Driver(CHANNEL).join().wait(500);
		acknowledge(sure);
		sure.session.presence.missed = -1000;
		sure.wait(60000).list(true).say("c40e");
		check.equal(sure.session.counters.rejoins, 0, "a channel that acknowledges tells it by that");
	});

	suite.test(
		"KV-13 KV-21 JOIN of a member: refused is dropped, another port is joined, no answer and SERV say nothing",
		(check) => {
			const looked = (): Driver => new Driver({ uid: "7", ...CHANNEL }).join().wait(60000).list(true).say("c40e");
			const dropped = looked().deny(4);
			check.equal(dropped.state, "waiting");
			check.equal(dropped.session.reason, 4);
			dropped.asked();
			dropped.wait(1100);
			check.equal(dropped.asked(), "JOIN 7 7 fffffffe00000001");
			check.equal(dropped.deny(4).state, "refused", "and then it is told");
			check.equal(looked().say("c40f").session.reason, 5);
			check.equal(looked().fail(RESULT_TIME).state, "joined");
			check.equal(looked().deny(1).state, "joined");
			check.equal(
				looked().stop().asked(),
				"JOIN 7 7 fffffffe00000001, GET_CHANNELS, GET_PORT fffffffe00000001, JOIN 7 7 fffffffe00000001, LEAVE 7 7 fffffffe00000001",
			);
		},
	);

	suite.test("KV-13 a server that refuses members' JOIN is asked 1, 2, 4 .. 16 min after the one before", (check) => {
		const driver = new Driver(CHANNEL).join();
		const pauses: number[] = [];
		let since = driver.now;
		while (pauses.length < 6) {
			driver.requests = [];
			driver.wait(1000);
			const asked = driver.requests[driver.requests.length - 1] ?? "";
			if (asked.startsWith("GET_CHANNELS")) driver.list(true).say("c40e");
			else if (asked.startsWith("REGISTER")) driver.say("1").say("c40e");
			if (driver.session.request.command !== 2 || driver.state !== "joined" || driver.requests.length < 3) continue;
			if (!driver.requests[driver.requests.length - 1].startsWith("JOIN") || asked.startsWith("REGISTER")) continue;
			pauses.push(Math.round((driver.now - since) / 60000));
			since = driver.now;
			driver.deny(3);
		}
		check.equal(pauses.join(" "), "1 2 4 8 16 16");
	});

	suite.test("KV-17 CLOSE raises an event and is proved by the list; a forged one changes nothing", (check) => {
		const driver = new Driver().join();
		driver.give(system(4, UID));
		driver.wait(0);
		check.ok(driver.happened().endsWith("closed"));
		check.ok(driver.asked().endsWith("GET_CHANNELS"));
		driver.list(true).say("c40e");
		driver.wait(2000);
		check.ok(driver.asked().endsWith("GET_CHANNELS"), "looked at once more: the server may be slower than its word");
		driver.list(true).say("c40e");
		check.equal(driver.happened(), "ignored");
		check.equal(driver.state, "joined");
		check.equal(driver.session.counters.forgedCloses, 1);
		driver.give(system(4, "00000000000000aa", 5));
		check.equal(driver.take().split(" ").slice(-2).join(" "), "ACK 5@" + driver.now, "one that asks is answered");
		driver.wait(2000).list(false);
		check.equal(driver.happened(), "closed gone lost");
		check.equal(driver.session.reason, 3);
	});

	suite.test(
		"KV-21 CLOSE, errors or silence while a look is under way: nothing is due before its answer but KEEPALIVE",
		(check) => {
			const driver = new Driver().join().wait(60000);
			driver.give(system(4, UID));
			driver.give(voice(PEER, "08"));
			for (let i = 0; i < 4; i++) driver.session.sent(false, driver.now);
			driver.wait(16000);
			check.ok(driver.session.deadline > driver.now, "due " + driver.session.deadline + " at " + driver.now);
			driver.list(true).say("c40e");
			check.equal(driver.state, "joined");
		},
	);

	suite.test("KV-17 a flood of forged CLOSEs makes no flood of requests", (check) => {
		const driver = new Driver().join();
		driver.asked();
		for (let i = 0; i < 1000; i++) {
			driver.give(system(4, UID));
			driver.wait(20);
			const asked = driver.requests[driver.requests.length - 1];
			if (driver.session.request.command === 7 && asked) driver.list(true);
			if (driver.session.request.command === 6 && asked) driver.say("c40e");
		}
		check.ok(driver.requests.length <= 24, driver.requests.length + " requests in 20 s");
		check.equal(driver.state, "joined");
	});

	suite.test("KV-17 KV-18 ACKs of nobody, wrong checksums and unknown operations are counted and change nothing", (check) => {
		const driver = new Driver().join();
		driver.wait(500);
		driver.take();
		const { counters } = driver.session;
		driver.give(system(3, UID, 99));
		driver.give(system(3, PEER, 1));
		driver.give(system(3, UID, 0));
		check.equal(counters.strayAcks, 3);
		driver.give(system(0, UID));
		driver.give(system(1, UID));
		driver.give(system(2, UID));
		driver.give(system(9, UID));
		check.equal(counters.unknownOperation, 4);
		driver.give("ffffffff80000004" + system(4, UID).slice(16, 40) + "00000000" + system(4, UID).slice(48));
		check.equal(counters.wrongChecksum, 1);
		check.ok(!driver.session.presence.alive);
		check.equal(counters.systemIn, 0);
		driver.give(system(3, UID, 1));
		check.ok(driver.session.presence.alive);
	});

	suite.test("KV-17 at most 8 acknowledgements are pending, each for 2 s", (check) => {
		const driver = new Driver({}, { keepalive: 100 }).join();
		driver.wait(1500);
		check.equal(driver.session.presence.acks.pending, 8);
		check.ok(driver.take().includes("KEEPALIVE 0@2000"), "the others ask for none");
		driver.wait(30000);
		check.ok(driver.session.presence.acks.pending <= 8);
		check.ok(driver.session.counters.ackTimeouts > 80);
	});
}
