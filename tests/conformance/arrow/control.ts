import {
	CLOSE_BAD_REDIRECT,
	CLOSE_BODY_SIZE,
	CLOSE_DEAD,
	CLOSE_REDIRECT,
	CLOSE_SHORT,
	CLOSE_STRAY_ACK,
	CLOSE_TAIL,
	CLOSE_UNKNOWN_TYPE,
	EVENT_RESET,
	EVENT_SCAN,
	STATE_CLOSED,
	STATE_ESTABLISHED,
} from "arrow/constants";
import { Driver, RTSP_LIVE } from "conformance/arrow/driver";
import { FakeDiscovery, found } from "conformance/arrow/scans";
import { foundService, type Service } from "arrow/service";
import type { Check, Suite } from "unit/suite";

const PING = "02 0000 00000000 00000004 beef 0001";
const CONNECT = "020000000000000000000a 0001000d 429a 00000007";
const TERMINATOR = "00".repeat(10) + "04" + "00".repeat(19);

function redirect(text: string): string {
	let hex = "";
	for (let i = 0; i < text.length; i++) hex += (256 + text.charCodeAt(i)).toString(16).slice(1);
	return "02 0000 00000000 " + (0x100000000 + 4 + text.length).toString(16).slice(1) + "0001 0003" + hex;
}

function closes(check: Check, hex: string, reason: number): void {
	const driver = new Driver().establish();
	driver.feed(hex);
	check.equal(driver.client.state, STATE_CLOSED, hex);
	check.equal(driver.client.reason, reason, hex);
	check.equal(driver.out(), "", hex);
}

export default function control(suite: Suite): void {
	suite.test("ARROW-10 ARROW-C4 PING is answered, whatever the header's session", (check) => {
		const driver = new Driver().establish();
		check.equal(driver.feed(PING).raw(), "0200000000000000000008beef000000000000");
		check.equal(driver.feed("02 0000 ff123456 00000004 beef 0001").raw(), "0200000000000000000008beef000000000000");
	});
	suite.test("ARROW-12 ARROW-C5 an unknown type is answered with code 4, and the PING behind it too", (check) => {
		const driver = new Driver().establish();
		check.equal(
			driver.feed("02 0000 00000000 00000004 1234 00ff" + PING).raw(),
			"0200000000000000000008123400000000000402000000000000000000 08beef000000000000".split(" ").join(""),
		);
		check.equal(driver.client.counters.unknownTypes, 1);
	});
	suite.test("ARROW-12 types that only a client sends, and unknown types with any body, are answered with code 4", (check) => {
		const driver = new Driver().establish();
		check.equal(driver.feed("02 0000 00000000 00000004 0001 0002").out(), "ACK 0001 4");
		check.equal(driver.feed("02 0000 00000000 00000004 0002 0004").out(), "ACK 0002 4");
		check.equal(driver.feed("02 0000 00000000 0000000e 0003 0009 00010000000000000000").out(), "ACK 0003 4");
		check.equal(driver.feed("02 0000 00000000 00000004 0004 000b").out(), "ACK 0004 4");
		check.equal(driver.feed("02 0000 00000000 00001000 0005 7777" + "ab".repeat(4092) + PING).out(), "ACK 0005 4, ACK beef 0");
		check.equal(driver.client.state, STATE_ESTABLISHED);
	});
	suite.test("ARROW-12 switch unknownMethod: close", (check) => {
		const driver = new Driver({ switches: { unknownMethod: "close" } }).establish();
		driver.feed("02 0000 00000000 00000004 1234 00ff");
		check.equal(driver.client.reason, CLOSE_UNKNOWN_TYPE);
	});
	suite.test("ARROW-11 ARROW-C16 PING every 60 s; 20 s without its ACK close", (check) => {
		const driver = new Driver().establish();
		driver.wait(59999);
		check.equal(driver.out(), "");
		driver.wait(1);
		check.equal(driver.out(), "PING");
		driver.wait(19999);
		check.equal(driver.client.state, STATE_ESTABLISHED);
		driver.wait(1);
		check.equal(driver.client.reason, CLOSE_DEAD);
	});
	suite.test("ARROW-11 an answered PING is followed by the next 60 s after it; traffic does not postpone it", (check) => {
		const driver = new Driver().establish();
		driver.wait(60000);
		check.equal(driver.raw().slice(-8), "00010001");
		driver.wait(123);
		driver.feed("0200000000000000000008 0001 0000 00000000");
		check.equal(driver.client.pings.roundTrip, 123);
		for (let i = 0; i < 59; i++) driver.wait(1000).feed(PING);
		driver.out();
		driver.wait(876);
		check.equal(driver.out(), "");
		driver.wait(1);
		check.equal(driver.out(), "PING");
		check.equal(driver.client.counters.pingsOut, 1);
	});
	suite.test("ARROW-12 an ACK that nothing asked for is counted and ignored", (check) => {
		const driver = new Driver().establish();
		driver.feed("0200000000000000000008 0001 0000 00000000" + "0200000000000000000008 0000 0000 00000002" + PING);
		check.equal(driver.out(), "ACK beef 0");
		check.equal(driver.client.counters.strayAcks, 2);
		const strict = new Driver({ switches: { strayAck: "close" } }).establish();
		strict.feed("0200000000000000000008 0001 0000 00000000");
		check.equal(strict.client.reason, CLOSE_STRAY_ACK);
	});
	suite.test("ARROW-19 ARROW-C6 GET_STATUS counts sessions from CONNECT on, also while the local connect is pending", (check) => {
		const driver = new Driver().establish();
		driver.locals[0].prompt = false;
		check.equal(driver.feed("02 0000 00000000 00000004 0077 0008").out(), "STATUS 0077 0 0");
		check.equal(driver.feed(CONNECT + "02 0000 00000000 00000004 0078 0008").out(), "STATUS 0078 0 1");
		check.equal(driver.messages.fault, "");
	});
	suite.test("ARROW-18 ARROW-19 GET_STATUS behind SCAN_NETWORK in one burst says that a scan runs", (check) => {
		const scan = "02 0000 00000000 00000004 0078 0007";
		const status = "02 0000 00000000 00000004 0079 0008";
		const driver = new Driver({ discovery: new FakeDiscovery() }).establish();
		check.equal(driver.feed(status + scan + status).out(), "STATUS 0079 0 0, STATUS 0079 1 0");
		check.equal(driver.events, String(EVENT_SCAN));
		check.equal(driver.feed(status).out(), "STATUS 0079 0 0", "no scan was begun after all");
		const without = new Driver().establish();
		check.equal(without.feed(scan + status).out(), "STATUS 0079 0 0");
	});
	suite.test("ARROW-19 STATUS has the bytes of the vector", (check) => {
		const driver = new Driver().establish();
		driver.feed(PING.repeat(0) + CONNECT + "02 0000 00000000 00000004 0001 0008" + "02 0000 00000000 00000004 0002 0008");
		driver.out();
		check.equal(
			driver.feed("02 0000 00000000 00000004 0077 0008").raw(),
			"020000000000000000000e00030009007700000000 00000001".split(" ").join(""),
		);
	});
	suite.test("ARROW-20 GET_SCAN_REPORT before any scan: the empty report of the vector", (check) => {
		const driver = new Driver().establish();
		driver.feed("02 0000 00000000 00000004 0001 0008".repeat(3));
		driver.out();
		check.equal(
			driver.feed("02 0000 00000000 00000004 0078 000a").raw(),
			"02000000000000000000280004000b007800000000" + TERMINATOR,
		);
		const without = new Driver({ switches: { scanReport: "ack4" } }).establish();
		check.equal(without.feed("02 0000 00000000 00000004 0078 000a").out(), "ACK 0078 4");
	});
	suite.test("ARROW-18 SCAN_NETWORK: an event where scans can be run, else silence; no ACK in either case", (check) => {
		const without = new Driver().establish();
		check.equal(without.feed("02 0000 00000000 00000004 0078 0007").out(), "");
		check.equal(without.events, "");
		const able = new Driver({ discovery: new FakeDiscovery() }).establish();
		check.equal(able.feed("02 0000 00000000 00000004 0078 0007").out(), "");
		check.equal(able.events, String(EVENT_SCAN));
	});
	suite.test("ARROW-17 RESET_SVC_TABLE: discovered services go, static ones stay, UPDATE follows once, no ACK", (check) => {
		const driver = new Driver({ discovery: new FakeDiscovery(), gateway: true });
		driver.table.found(foundService(found("tcp", "127.0.0.1", 22)) as Service, 0);
		driver.table.found(foundService(found("http", "127.0.0.1", 80)) as Service, 0);
		const hidden = driver.table.find(0xd696);
		driver.table.show(hidden, false);
		driver.establish();
		driver.feed(CONNECT + "020000000000000000000a 0001000d 9185 00000008");
		check.equal(driver.client.sessions.table.active, 2);
		driver.feed("02 0000 00000000 00000004 0001 0006");
		check.equal(driver.events, String(EVENT_RESET));
		check.equal(driver.table.count, 1);
		driver.wait(5000);
		check.equal(driver.out(), "UPDATE 429a0001ffff7f000001047f000001000000000000000000000000022a2f6c69766500" + TERMINATOR);
		check.equal(driver.client.sessions.table.active, 2, "open sessions live on");
		driver.locals[1].send("x");
		check.equal(driver.out(), "DATA 9185 8 78");
		driver.feed("02 0000 00000000 00000004 0002 0006").wait(5000);
		check.equal(driver.out(), "", "nothing visible changed");
	});
	suite.test("ARROW-14 UPDATE: the whole visible table, once, within 5 s of several changes", (check) => {
		const driver = new Driver({ services: [RTSP_LIVE, { type: "tcp", url: "tcp://127.0.0.1:22" }] }).establish();
		const tcp = driver.table.find(37253);
		const rtsp = driver.table.find(17050);
		driver.table.show(tcp, false);
		driver.client.tableChanged(driver.now);
		driver.wait(100);
		driver.table.show(rtsp, false);
		driver.client.tableChanged(driver.now);
		driver.table.show(rtsp, true);
		driver.client.tableChanged(driver.now);
		driver.wait(5000);
		check.equal(driver.out(), "UPDATE 429a0001ffff7f000001047f000001000000000000000000000000022a2f6c69766500" + TERMINATOR);
		driver.wait(30000);
		check.equal(driver.out(), "");
		check.equal(driver.messages.fault, "");
	});
	suite.test("ARROW-14 no UPDATE when what changed is as it was", (check) => {
		const driver = new Driver().establish();
		const rtsp = driver.table.find(17050);
		driver.table.show(rtsp, false);
		driver.client.tableChanged(driver.now);
		driver.table.show(rtsp, true);
		driver.client.tableChanged(driver.now);
		driver.wait(10000);
		check.equal(driver.out(), "");
	});
	suite.test("ARROW-14 a change during the handshake is told after it", (check) => {
		const driver = new Driver().open();
		driver.out();
		driver.table.show(driver.table.find(17050), false);
		driver.client.tableChanged(driver.now);
		driver.feed("0200000000000000000008 0000 0000 00000000");
		driver.wait(5000);
		check.equal(driver.out(), "UPDATE " + TERMINATOR);
	});
	suite.test("ARROW-13 REDIRECT closes; names, IPv4 and bracketed IPv6 are targets", (check) => {
		for (const good of ["localhost:9001", "10.0.0.1:1", "[::1]:65535", "a.b-c_d.example:443"]) {
			const driver = new Driver().establish();
			driver.feed(CONNECT).feed(redirect(good + "\0"));
			check.equal(driver.client.reason, CLOSE_REDIRECT, good);
			const target = driver.client.target;
			const colon = good.lastIndexOf(":");
			check.equal(target?.host, good.slice(0, colon).split("[").join("").split("]").join(""), good);
			check.equal(target?.port, Number(good.slice(colon + 1)), good);
			check.equal(driver.out(), "", "no HUP for the session");
			check.equal(driver.locals[0].closes, 1);
			check.equal(driver.client.sessions.table.active, 0);
		}
	});
	suite.test("ARROW-13 a malformed REDIRECT closes, too", (check) => {
		for (const bad of [
			"",
			"\0",
			"localhost:9001",
			"localhost\0",
			"localhost:\0",
			"localhost:0\0",
			"localhost:65536\0",
			":80\0",
			"a:b:80\0",
			"[::1]\0",
			"[::1:80\0",
			"[name]:80\0",
			"a:80\0\0",
			"a\0:80\0",
			"a b:80\0",
			"a:+80\0",
			"\xff\xfe:80\0",
			"x".repeat(254) + ":80\0",
			"x".repeat(3000) + ":80\0",
		]) {
			closes(check, redirect(bad), CLOSE_BAD_REDIRECT);
		}
	});
	suite.test("ARROW-5 control bodies below 4 and above 4,096 bytes close at the header", (check) => {
		closes(check, "02 0000 00000000 00000000", CLOSE_SHORT);
		closes(check, "02 0000 00000000 00000003", CLOSE_SHORT);
		closes(check, "02 0000 00000000 00001001", CLOSE_BODY_SIZE);
		closes(check, "02 0000 00000000 ffffffff", CLOSE_BODY_SIZE);
		const driver = new Driver().establish();
		driver.feed("02 0000 00000000 00001000");
		check.equal(driver.client.state, STATE_ESTABLISHED);
	});
	suite.test("ARROW-5 fixed data that is too short closes; tails are ignored, or close by the switch", (check) => {
		const types = ["0000 0000", "000c 00000007000000", "0005 00000007000000", "000d 429a000000"];
		for (const type of types) {
			const body = ("0009" + type).split(" ").join("");
			closes(check, "02 0000 00000000 " + (0x100000000 + body.length / 2).toString(16).slice(1) + body, CLOSE_SHORT);
		}
		const driver = new Driver().establish();
		check.equal(
			driver.feed("02 0000 00000000 00000006 beef 0001 aaaa" + "020000000000000000000c 0001000d 429a 00000007 aaaa").out(),
			"ACK beef 0",
		);
		check.equal(driver.client.sessions.table.active, 1);
		check.equal(driver.client.counters.longMessages, 2);
		const strict = new Driver({ switches: { shortTail: "close" } }).establish();
		strict.feed("02 0000 00000000 00000006 beef 0001 aaaa");
		check.equal(strict.client.reason, CLOSE_TAIL);
	});
	suite.test("ARROW-5 answers that cannot be sent stop the input instead of growing", (check) => {
		const driver = new Driver().establish();
		const many = 200;
		const { client } = driver;
		driver.arena.bytes.set(new Uint8Array(0));
		driver.step = 0;
		// Fed by hand, so that nothing is sent in between.
		const at = driver.arena.buffer.byteLength - 70000;
		for (let i = 0; i < many; i++)
			for (let j = 0; j < 15; j++) driver.arena.bytes[at + i * 15 + j] = [2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, i, 0, 1][j];
		let taken = client.input(at, many * 15, driver.now);
		check.ok(taken < many * 15 && taken > 0 && taken % 15 === 0);
		check.equal(client.input(at + taken, many * 15 - taken, driver.now), 0);
		while (taken < many * 15) {
			driver.turn();
			taken += client.input(at + taken, many * 15 - taken, driver.now);
		}
		const acks = driver.out().split(", ");
		check.equal(acks.length, many);
		check.equal(acks[many - 1], "ACK 00c7 0");
	});
}
