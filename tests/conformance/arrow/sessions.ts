import { STATE_ESTABLISHED } from "arrow/constants";
import type { ServiceOptions } from "arrow/service";
import { bytesOf, Driver, RTSP_LIVE } from "conformance/arrow/driver";
import type { Suite } from "unit/suite";

const PING = "02 0000 00000000 00000004 beef 0001";
const ABC = "02 429a 00000007 00000003 616263";

function connect(session: string, service = "429a"): string {
	return "020000000000000000000a 0001000d" + service + session;
}

function hup(session: string, code = "00000000"): string {
	return "020000000000000000000c 00020005" + session + code;
}

export default function sessions(suite: Suite): void {
	suite.test("ARROW-21 CONNECT opens one local connection per session and says nothing", (check) => {
		const driver = new Driver().establish();
		check.equal(driver.feed(connect("00000007") + connect("00000008")).out(), "");
		check.equal(driver.locals[0].opens, 1);
		check.equal(driver.locals[1].opens, 1);
		driver.feed(ABC + "02 429a 00000008 00000002 7879");
		check.equal(driver.locals[0].text, "abc");
		check.equal(driver.locals[1].text, "xy");
		driver.locals[1].send("out");
		check.equal(driver.out(), "DATA_ACK 7 3, DATA_ACK 8 2, DATA 429a 8 6f7574");
	});
	suite.test("ARROW-22 ARROW-C7 CONNECT to an unknown id or to id 0 is refused, without a local connection", (check) => {
		const driver = new Driver().establish();
		check.equal(driver.feed(connect("00000007", "4242")).out(), "HUP 7 3");
		check.equal(driver.feed(connect("00000007", "0000")).out(), "HUP 7 3");
		check.equal(driver.locals[0].opens, 0);
		check.equal(driver.client.counters.refused, 2);
	});
	suite.test("ARROW-22 CONNECT to a service that is not visible is refused", (check) => {
		const driver = new Driver().establish();
		driver.table.show(driver.table.find(0x429a), false);
		check.equal(driver.feed(connect("00000007")).out(), "HUP 7 3");
	});
	suite.test("ARROW-22 a refused local connect: one HUP, other messages are served meanwhile", (check) => {
		const driver = new Driver().establish();
		driver.locals[0].prompt = false;
		check.equal(driver.feed(connect("00000007") + ABC + PING).out(), "ACK beef 0");
		driver.locals[0].refused();
		check.equal(driver.out(), "HUP 7 3");
		check.equal(driver.client.sessions.table.active, 0);
		check.equal(driver.locals[0].closes, 1);
	});
	suite.test("ARROW-22 a local connect that takes more than 20 s is given up", (check) => {
		const driver = new Driver().establish();
		driver.locals[0].prompt = false;
		driver.feed(connect("00000007"));
		driver.wait(19999);
		check.equal(driver.out(), "");
		driver.wait(1);
		check.equal(driver.out(), "HUP 7 3");
		check.equal(driver.locals[0].closes, 1);
	});
	suite.test("ARROW-23 a second CONNECT of a session: HUP, and the first one goes on", (check) => {
		const driver = new Driver().establish();
		driver.feed(connect("00000007"));
		check.equal(driver.feed(connect("00000007")).out(), "HUP 7 3");
		check.equal(driver.feed(ABC).out(), "DATA_ACK 7 3");
		check.equal(driver.locals[0].opens, 1);
		check.equal(driver.locals[0].text, "abc");
	});
	suite.test("ARROW-24 ARROW-C8 CONNECT and data in one burst wait for the local connect and arrive in order", (check) => {
		const driver = new Driver().establish();
		driver.locals[0].prompt = false;
		driver.feed(connect("00000007"));
		driver.feedData("429a", "00000007", 0, 1000);
		driver.feedData("429a", "00000007", 1000, 1000);
		check.equal(driver.out(), "");
		driver.locals[0].connected();
		driver.out();
		check.equal(driver.locals[0].received, 2000);
		check.ok(driver.locals[0].intact);
		check.equal(driver.messages.acknowledged[7], 2000);
	});
	suite.test("ARROW-24 data goes by the session id alone, another service id in the header changes nothing", (check) => {
		const driver = new Driver().establish();
		driver.feed(connect("00000007") + "02 1111 00000007 00000003 616263");
		check.equal(driver.locals[0].text, "abc");
		driver.locals[0].send("x");
		check.equal(driver.out(), "DATA_ACK 7 3, DATA 429a 7 78");
	});
	suite.test("ARROW-25 ARROW-C9 data for an unknown session, also of length 0: HUP for each", (check) => {
		const driver = new Driver().establish();
		check.equal(driver.feed("02 5353 00000055 00000003 616263").out(), "HUP 55 3");
		check.equal(driver.feed("02 5353 00000055 00000000").out(), "HUP 55 3");
		check.equal(driver.client.counters.strayData, 2);
	});
	suite.test("ARROW-25 a HUP that is still unsent is not queued twice", (check) => {
		const driver = new Driver().establish();
		const stray = "02 5353 00000055 00000001 61";
		check.equal(
			driver.feed(stray + stray + "02 5353 00000056 00000001 61" + stray + PING).out(),
			"HUP 55 3, HUP 56 3, ACK beef 0",
		);
	});
	suite.test("ARROW-25 DATA_ACK and HUP for an unknown session are ignored", (check) => {
		const driver = new Driver().establish();
		check.equal(driver.feed("020000000000000000000c 0001000c 00000055 00000003" + hup("00000055") + PING).out(), "ACK beef 0");
	});
	suite.test("ARROW-16 ARROW-C10 the local service closes: remaining data, then HUP 0; the id is unknown then", (check) => {
		const driver = new Driver().establish();
		driver.feed(connect("00000007"));
		driver.locals[0].send("abc", 0);
		check.equal(driver.out(), "DATA 429a 7 616263, HUP 7 0");
		check.equal(driver.client.sessions.table.active, 0);
		check.equal(driver.locals[0].closes, 1);
		check.equal(driver.feed(ABC).out(), "HUP 7 3");
	});
	suite.test("ARROW-16 ARROW-C10 the local connection breaks: remaining data, then HUP 3", (check) => {
		const driver = new Driver().establish();
		driver.feed(connect("00000007"));
		driver.locals[0].send("abc", 3);
		check.equal(driver.out(), "DATA 429a 7 616263, HUP 7 3");
		check.equal(driver.feed(ABC).out(), "HUP 7 3");
	});
	suite.test("ARROW-16 bytes that wait for a local side which only ended its own direction are still given to it", (check) => {
		const driver = new Driver().establish();
		driver.feed(connect("00000007"));
		driver.locals[0].appetite = 1;
		driver.feed(ABC);
		driver.locals[0].send("", 0);
		check.equal(driver.out(), "DATA_ACK 7 1, HUP 7 0");
		check.equal(driver.locals[0].closes, 0);
		driver.locals[0].eat(10);
		check.equal(driver.out(), "");
		check.equal(driver.locals[0].text, "abc");
		check.equal(driver.locals[0].closes, 1);
	});
	suite.test(
		"ARROW-15 DATA and HUP in one burst: the local side gets all bytes, then its connection is closed; nothing is sent back",
		(check) => {
			const driver = new Driver().establish();
			driver.locals[0].prompt = false;
			driver.feed(connect("00000007"));
			driver.feedData("429a", "00000007", 0, 5000, hup("00000007"));
			check.equal(driver.client.sessions.table.active, 0);
			check.equal(driver.locals[0].closes, 0);
			driver.locals[0].connected();
			check.equal(driver.out(), "");
			check.equal(driver.locals[0].received, 5000);
			check.ok(driver.locals[0].intact);
			check.equal(driver.locals[0].closes, 1);
		},
	);
	suite.test("ARROW-15 a local side that does not take its bytes within 5 s after HUP is closed", (check) => {
		const driver = new Driver().establish();
		driver.locals[0].appetite = 2;
		driver.feed(connect("00000007") + ABC + hup("00000007"));
		driver.wait(4999);
		check.equal(driver.locals[0].closes, 0);
		driver.wait(1);
		check.equal(driver.locals[0].closes, 1);
	});
	suite.test("ARROW-15 HUP while the local connect is pending and nothing is queued cancels it", (check) => {
		const driver = new Driver().establish();
		driver.locals[0].prompt = false;
		driver.feed(connect("00000007") + hup("00000007"));
		check.equal(driver.out(), "");
		check.equal(driver.locals[0].isOpen, false);
		driver.feed(connect("00000008"));
		driver.feed(hup("00000008"));
		check.equal(driver.locals[0].opens - driver.locals[0].closes, 0);
	});
	suite.test("ARROW-15 switch hupFlush: drop", (check) => {
		const driver = new Driver({ switches: { hupFlush: "drop" } }).establish();
		driver.locals[0].appetite = 0;
		driver.feed(connect("00000007") + ABC).feed(hup("00000007"));
		check.equal(driver.locals[0].closes, 1);
		check.equal(driver.locals[0].received, 0);
	});
	suite.test("ARROW-15 bytes that the local side sends after HUP go nowhere", (check) => {
		const driver = new Driver().establish();
		driver.locals[0].appetite = 0;
		driver.feed(connect("00000007") + ABC + hup("00000007"));
		driver.locals[0].send("late", 0);
		check.equal(driver.out(), "");
	});
	suite.test("ARROW-33 a session id may be used again right after HUP, in the same burst", (check) => {
		const driver = new Driver({ sessions: 1 }).establish();
		driver.feed(connect("00000007") + ABC);
		check.equal(driver.out(), "DATA_ACK 7 3");
		driver.feed(hup("00000007") + connect("00000007") + ABC);
		check.equal(driver.out(), "DATA_ACK 7 3");
		check.equal(driver.locals[0].opens, 2);
		check.equal(driver.locals[0].closes, 1);
		check.equal(driver.locals[0].text, "abc");
	});
	suite.test("ARROW-33 a message that its session's end cuts in two does not leak into the next session of that id", (check) => {
		const driver = new Driver({ sessions: 1 }).establish();
		driver.feed(connect("00000007") + "02 429a 00000007 00000006 616263");
		driver.out();
		driver.locals[0].send("", 0);
		check.equal(driver.out(), "HUP 7 0");
		driver.feed("646566" + connect("00000007") + "02 429a 00000007 00000001 78");
		check.equal(driver.locals[0].opens, 2);
		check.equal(driver.locals[0].text, "x");
	});
	suite.test(
		"ARROW-33 a DATA_ACK that was still unsent at HUP is not sent any more, nor for the next session in its place",
		(check) => {
			const driver = new Driver({ sessions: 1 }).establish();
			driver.locals[0].appetite = 0;
			driver.feed(connect("00000007") + ABC);
			const { client } = driver;
			const session = client.sessions.table.sessions[0];
			const at = driver.arena.buffer.byteLength - 1000;
			const bytes = bytesOf(hup("00000007"));
			driver.arena.bytes.set(bytes, at);
			client.sessions.consumed(session, 3);
			client.input(at, bytes.length, driver.now);
			check.equal(driver.out(), "");
			driver.feed(connect("00000007") + ABC);
			client.sessions.consumed(session, 3);
			client.input(at, bytes.length, driver.now);
			check.equal(driver.feed(connect("00000007")).out(), "");
			check.equal(driver.feed(ABC).out(), "");
			client.sessions.consumed(session, 1);
			client.fail(1);
			check.equal(client.sessions.table.dues, 0);
		},
	);
	suite.test("ARROW-31 the session too many is refused, the others go on; a free place is used again", (check) => {
		const driver = new Driver({ sessions: 2 }).establish();
		check.equal(driver.feed(connect("00000007") + connect("00000008") + connect("00000009")).out(), "HUP 9 3");
		driver.feed(ABC);
		check.equal(driver.locals[0].text, "abc");
		driver.feed(hup("00000008"));
		driver.out();
		check.equal(driver.feed(connect("00000009")).out(), "");
		check.equal(driver.locals[1].opens, 2);
	});
	suite.test("ARROW-31 10,000 sessions opened and closed: every place is free again, ids are found and forgotten", (check) => {
		const driver = new Driver({ sessions: 5 }).establish();
		let wrong = 0;
		for (let i = 0; i < 10000; i++) {
			const session = (0x1000000 + ((i * 37) & 0xffffff)).toString(16).slice(1);
			driver.feed(connect("00" + session));
			if (driver.client.sessions.table.active > 5) wrong++;
			if (i >= 4) driver.feed(hup("00" + (0x1000000 + (((i - 4) * 37) & 0xffffff)).toString(16).slice(1)));
		}
		check.equal(wrong, 0);
		check.equal(driver.client.sessions.table.active, 4);
		check.equal(driver.client.counters.refused, 0);
		check.equal(driver.out(), "");
	});
	suite.test("ARROW-32 ARROW-C13 the reserved octet is ignored everywhere and sent as 0", (check) => {
		const driver = new Driver().establish();
		driver.feed(connect("aa000007") + "02 429a ff000007 00000003 616263");
		check.equal(driver.locals[0].text, "abc");
		check.equal(driver.client.sessions.table.active, 1);
		driver.locals[0].send("xyz");
		check.equal(driver.out(), "DATA_ACK 7 3, DATA 429a 7 78797a");
		const session = driver.client.sessions.table.find(7);
		check.equal(session?.credit, 8192 - 3);
		driver.feed("020000000000000000000c 0001000c ff000007 00000003");
		check.equal(session?.credit, 8192);
		check.equal(driver.feed(hup("ff000007")).out(), "");
		check.equal(driver.client.sessions.table.active, 0);
		check.equal(driver.locals[0].closes, 1);
		check.equal(driver.messages.fault, "");
	});
	suite.test("ARROW-36 ARROW-C18 without gateway mode only this host's services are opened", (check) => {
		const services: ServiceOptions[] = [
			RTSP_LIVE,
			{ type: "tcp", url: "tcp://192.168.1.23:22", id: 2 },
			{ type: "tcp", url: "tcp://192.168.1.24:22", id: 3 },
		];
		const driver = new Driver({ services }).establish();
		driver.table.setOwnAddress("192.168.1.24");
		check.equal(driver.feed(connect("00000007", "0002")).out(), "HUP 7 3");
		check.equal(driver.feed(connect("00000008", "0003")).out(), "");
		const gateway = new Driver({ services, gateway: true }).establish();
		check.equal(gateway.feed(connect("00000007", "0002")).out(), "");
	});
	suite.test(
		"ARROW-38 when the connection is lost, local connections are closed, no HUPs, and every session is free",
		(check) => {
			const driver = new Driver().establish();
			driver.locals[1].prompt = false;
			driver.locals[0].appetite = 0;
			driver.feed(connect("00000007") + connect("00000008") + ABC);
			driver.client.fail(1);
			check.equal(driver.out(), "");
			check.equal(driver.locals[0].closes, 1);
			check.equal(driver.locals[1].closes, 1);
			check.equal(driver.client.sessions.table.active, 0);
			check.ok(driver.client.sessions.table.free());
			driver.messages.nextId = 0;
			driver.establish();
			check.equal(driver.client.state, STATE_ESTABLISHED);
			driver.locals[0].appetite = Infinity;
			driver.feed(connect("00000007") + "02 429a 00000007 00000001 78");
			check.equal(driver.locals[0].text, "x");
			check.equal(driver.out(), "DATA_ACK 7 1");
		},
	);
	suite.test("ARROW-38 1,000 reconnects in the middle of traffic leave nothing behind", (check) => {
		const driver = new Driver({ sessions: 3 });
		let wrong = 0;
		for (let i = 0; i < 1000; i++) {
			driver.messages.nextId = 0;
			driver.establish();
			driver.feed(connect("00000007") + connect("00000008") + ABC + "02 429a 00000008 00000010 6162");
			driver.locals[0].send("tail");
			if (driver.client.sessions.table.active !== 2 || driver.client.sessions.table.dues > 0) wrong++;
			driver.client.fail(1);
			driver.turn();
			if (driver.client.sessions.table.active !== 0) wrong++;
		}
		check.equal(wrong, 0);
		check.equal(driver.messages.fault, "");
		check.equal(driver.locals[0].opens, 1000);
		check.equal(driver.locals[0].closes, 1000);
	});
}
