import { bytesOf, digits, hexOf, plain, zeros } from "conformance/kv/packets";
import { Control, planControl, QUEUE_LIMIT } from "kv/control";
import { ControlCounters } from "kv/counters";
import { Id, parseId } from "kv/id";
import { IDS_LENGTH, Request } from "kv/request";
import { type KVSwitches, withSwitches } from "kv/switches";
import { TIMES } from "kv/times";
import { MemoryPlan } from "storage/plan";
import { Counter, collectGarbage, readCounters } from "host/host";
import type { Suite } from "unit/suite";

const INPUT = 16384;

function id(text: string): Id {
	return parseId(text) as Id;
}

/** A control side whose connection is the test. */
class Desk {
	readonly control: Control;
	readonly request = new Request(() => {});
	readonly #buffer: ArrayBuffer;
	readonly #bytes: Uint8Array;
	readonly #at: number;

	constructor(switches?: Partial<KVSwitches>) {
		const plan = new MemoryPlan();
		planControl(plan);
		plan.reserve("input", INPUT, "");
		this.control = new Control(plan, withSwitches(switches), TIMES, new ControlCounters());
		this.#buffer = plan.allocate().buffer;
		this.#bytes = plan.allocate().bytes;
		this.#at = plan.offset("input");
	}

	/** Opens a connection for the next request. @returns what is sent. */
	open(now = 0): string {
		this.control.begin(now);
		this.control.opened(now);
		return hexOf(this.#buffer, this.control.offset, this.control.length);
	}

	/** The server's bytes, in pieces of `sizes` (the last one for all that is left), and its end. */
	give(hex: string, end = "", sizes: number[] = []): void {
		const bytes = bytesOf(hex);
		let done = 0;
		for (let i = 0; done < bytes.length; i++) {
			const size = Math.min(sizes[i] ?? sizes[sizes.length - 1] ?? bytes.length, bytes.length - done);
			for (let j = 0; j < size; j++) this.#bytes[this.#at + j] = bytes[done + j];
			this.control.input(this.#at, size);
			done += size;
		}
		if (end === "FIN") this.control.ended();
		if (end === "RST") this.control.reset("ECONNRESET");
	}

	/** Ends the request. @returns what came of it, in words. */
	end(): string {
		if (this.control.state !== 3) return "open";
		return this.control.finish().text;
	}

	/** One command from asking to its end. */
	ask(submit: (control: Control, request: Request) => boolean, hex: string, end = "", sizes: number[] = []): string {
		submit(this.control, this.request);
		this.open();
		this.give(hex, end, sizes);
		return this.end();
	}
}

const getChannels = (control: Control, request: Request): boolean => control.getChannels(request);
const seek = (text: string) => (control: Control, request: Request) => control.getChannels(request, id(text));
const getPort = (control: Control, request: Request): boolean => control.getPort(request, id("0x1234"));
const create = (control: Control, request: Request): boolean => control.create(request, id("1"));
const register = (control: Control, request: Request): boolean => control.register(request, new Id(), new Id());

export default function control(suite: Suite): void {
	suite.test("KV-C1 KV-1 REGISTER(0,0) is 20 bytes (36 when padded), and its answer is the user's id", (check) => {
		for (const [shape, length] of [
			["exact", 20],
			["padded36", 36],
		] as const) {
			const desk = new Desk({ requestShape: shape });
			register(desk.control, desk.request);
			check.equal(desk.open(), "00000004" + zeros(length - 4));
			desk.give("0000000000000001");
			check.equal(desk.end(), "REGISTER: done");
			check.equal(digits(desk.request.status), "0000000000000001");
		}
	});

	suite.test("KV-6 every command with its fields, ids bit-exact there and back", (check) => {
		const desk = new Desk();
		const uid = id("0x8000000000000001");
		const other = id("0x123456789abcdef0");
		const channel = id("0xfffffffe00000001");
		const u = "8000000000000001";
		const o = "123456789abcdef0";
		const c = "fffffffe00000001";
		const { control, request } = desk;
		const cases: [() => boolean, string, string][] = [
			[() => control.create(request, uid), "00000000" + u, c],
			[() => control.delete(request, uid, channel), "00000001" + u + c, c],
			[() => control.join(request, uid, other, channel), "00000002" + u + o + c, "000000000000c40e"],
			[() => control.leave(request, uid, other, channel), "00000003" + u + o + c, "0000000000000001"],
			[() => control.register(request, uid, id("0x7fffffff")), "00000004" + u + "000000007fffffff", u],
			[() => control.unregister(request, uid, other), "00000005" + u + o, o],
			[() => control.getPort(request, channel), "00000006" + c, "000000000000c40e"],
		];
		for (const [submit, sent, answer] of cases) {
			check.ok(submit());
			check.equal(desk.open(), sent);
			desk.give(answer);
			check.ok(desk.end().endsWith(": done"), sent);
			check.equal(digits(request.status), answer);
		}
		check.equal(request.port, 50190);
	});

	suite.test("KV-3 an answer split anywhere, with the error word split too", (check) => {
		const desk = new Desk();
		check.equal(desk.ask(create, "00007fbbf903e6c0", "", [1, 3, 4]), "CREATE: done");
		check.equal(digits(desk.request.status), "00007fbbf903e6c0");
		for (let cut = 1; cut < 12; cut++)
			check.equal(desk.ask(create, zeros(8) + "00000004", "", [cut, 12]), "CREATE: ACCESS", "cut at " + cut);
		check.equal(desk.ask(create, zeros(8) + "00000004", "", [1]), "CREATE: ACCESS");
		const list = "0000000000000002" + "0000000000000045" + "8000000000000046" + zeros(8);
		for (let cut = 1; cut < 32; cut++) {
			check.equal(desk.ask(getChannels, list, "", [cut, 32]), "GET_CHANNELS: done");
			check.equal(desk.request.count, 2);
		}
	});

	suite.test("KV-4 KV-C2 KV-C3 failures: with a code, an unknown code, and without a reason", (check) => {
		const desk = new Desk();
		check.equal(desk.ask(getPort, zeros(8), "FIN"), "GET_PORT: refused, no reason given (PARAM)");
		check.equal(desk.request.port, 0);
		check.ok(desk.request.refused);
		check.equal(desk.ask(create, zeros(8) + "00000004"), "CREATE: ACCESS");
		check.ok(desk.request.refused);
		check.equal(desk.ask(create, zeros(8) + "0000002a"), "CREATE: code 42");
		check.ok(!desk.request.refused);
		check.equal(desk.ask(create, zeros(8) + "ffffffff"), "CREATE: code 4294967295");
		const names = ["SUCCESS", "SERV", "PARAM", "INVAL", "ACCESS", "NOIMPL", "internal"];
		for (let code = 0; code < names.length; code++)
			check.equal(desk.ask(create, zeros(8) + "0000000" + code), "CREATE: " + names[code]);
		check.equal(desk.ask(create, zeros(8)), "open", "waits for the code");
		desk.control.tick(TIMES.answer);
		check.equal(desk.end(), "CREATE: no answer in time");
	});

	suite.test("KV-5 no connection, no answer, a reset and a truncated answer are told apart", (check) => {
		const desk = new Desk();
		const { control, request } = desk;
		create(control, request);
		control.begin(100);
		check.equal(control.deadline, 5100);
		control.failed("ECONNREFUSED");
		check.equal(desk.end(), "CREATE: no connection (ECONNREFUSED)");
		create(control, request);
		control.begin(0);
		control.tick(4999);
		check.equal(desk.end(), "open");
		control.tick(5000);
		check.equal(desk.end(), "CREATE: no answer in time (connecting)");
		create(control, request);
		desk.open(4000);
		check.equal(control.deadline, 9000);
		control.tick(9000);
		check.equal(desk.end(), "CREATE: no answer in time");
		check.equal(desk.ask(create, "00000000", "RST"), "CREATE: connection reset (ECONNRESET)");
		for (const part of ["", "00", zeros(7), zeros(9), zeros(11), "00007fbbf903e6"])
			check.equal(desk.ask(create, part, "FIN"), "CREATE: truncated answer", part);
		const { counters } = control;
		check.equal(counters.connectFailures, 1);
		check.equal(counters.timeouts, 2);
		check.equal(counters.resets, 1);
		check.equal(counters.truncated, 6);
		check.equal(counters.requests, 10);
	});

	suite.test("KV-7 KV-C4 lists: empty, five ids, without an end, too long, with a wrong end, an error", (check) => {
		const desk = new Desk();
		const { request } = desk;
		request.ids = new Uint32Array(IDS_LENGTH);
		check.equal(desk.ask(getChannels, zeros(16)), "GET_CHANNELS: done");
		check.equal(request.count, 0);
		check.equal(desk.ask(getChannels, zeros(12), "FIN"), "GET_CHANNELS: done");
		const five = "0000000000000005 0000000000000045 0000000000000046 0000000000000047 0000000000000048 000000000000002a";
		check.equal(desk.ask(seek("72"), five + zeros(8)), "GET_CHANNELS: done");
		check.equal(request.count, 5);
		check.equal(String(request.ids.slice(0, 10)), "0,69,0,70,0,71,0,72,0,42");
		check.ok(request.listed);
		check.equal(desk.ask(getChannels, five, "FIN"), "GET_CHANNELS: truncated answer");
		check.equal(request.count, 0, "nothing is kept");
		check.ok(!request.listed);
		check.equal(desk.ask(getChannels, five + "0000000000000001"), "GET_CHANNELS: malformed list");
		check.equal(request.count, 0);
		check.equal(desk.ask(getChannels, "00000000ffffffff"), "GET_CHANNELS: malformed list");
		check.equal(desk.ask(getChannels, "0000000100000001"), "GET_CHANNELS: malformed list");
		check.equal(desk.ask(getChannels, zeros(8) + "00000001"), "GET_CHANNELS: SERV");
		check.equal(desk.ask(getChannels, zeros(8), "FIN"), "GET_CHANNELS: refused, no reason given (PARAM)");
	});

	suite.test("KV-7 1,024 ids are a list, 1,025 are none; a list costs nothing", (check) => {
		const desk = new Desk();
		const { request } = desk;
		const before = new Int32Array(Counter.COUNT);
		const after = new Int32Array(Counter.COUNT);
		request.ids = new Uint32Array(8);
		const list = "0000000000000400" + "00000000000000aa".repeat(1023) + "fffffffe00000001" + zeros(8);
		desk.ask(seek("0xfffffffe00000001"), list, "", [256]);
		check.equal(request.count, 1024);
		check.ok(request.listed);
		check.equal(request.ids[7], 0xaa);
		check.equal(desk.ask(getChannels, "0000000000000401"), "GET_CHANNELS: malformed list");
		getChannels(desk.control, request);
		desk.open();
		collectGarbage();
		readCounters(before);
		readCounters(before);
		desk.control.input(desk.control.offset, 36);
		readCounters(after);
		check.equal(after[Counter.SLOTS] - before[Counter.SLOTS], 0, "slots");
		check.equal(after[Counter.CHUNKS] - before[Counter.CHUNKS], 0, "chunk bytes");
	});

	suite.test("KV-8 a port by the switch portOrder; what is none is refused", (check) => {
		const join = (control: Control, request: Request): boolean => control.join(request, id("4"), id("4"), id("0x7fbbf903e6c0"));
		check.equal(new Desk().ask(join, "000000000000c40e"), "JOIN: done");
		const quirk = new Desk({ portOrder: "le-quirk" });
		check.equal(quirk.ask(getPort, "0000000000000ec4"), "GET_PORT: done");
		check.equal(quirk.request.port, 50190);
		const profile = new Desk({ profile: "27eb5b6" });
		profile.ask(join, "0000000000000ec4");
		check.equal(profile.request.port, 50190);
		for (const answer of ["0000000000010000", "c40e000000000000", "000000010000c40e"]) {
			const desk = new Desk();
			check.equal(desk.ask(join, answer), "JOIN: illegal port");
			check.equal(desk.request.port, 0);
			check.equal(desk.control.counters.malformed, 1);
		}
	});

	suite.test("KV-10 a user id with a half of all ones is refused", (check) => {
		for (const answer of ["ffffffff00000001", "00000001ffffffff", "ffffffffffffffff"])
			check.equal(new Desk().ask(register, answer), "REGISTER: illegal user id");
		check.equal(new Desk().ask(register, "fffffffefffffffe"), "REGISTER: done");
		check.equal(new Desk().ask(create, "ffffffffffffffff"), "CREATE: done", "a channel may have any id");
	});

	suite.test("KV-9 the queue: in order, bounded, each request once, and taken back", (check) => {
		const desk = new Desk();
		const { control } = desk;
		const requests: Request[] = [];
		for (let i = 0; i < QUEUE_LIMIT; i++) {
			const request = new Request(() => {});
			requests.push(request);
			check.ok(control.create(request, new Id().set(0, i + 1)));
		}
		check.ok(!control.create(desk.request, id("99")), "one too many");
		check.ok(!control.create(requests[3], id("99")), "one that waits");
		check.equal(desk.open(), plain("00000000 0000000000000001"));
		check.ok(!control.begin(0), "one at a time");
		check.ok(!control.cancel(requests[1]), "one that waits needs no connection closed");
		check.ok(!control.cancel(requests[QUEUE_LIMIT - 1]));
		check.ok(control.cancel(requests[0]), "the one under way does");
		desk.give("0000000000000001");
		check.equal(desk.end(), "open", "what comes for it is not looked at");
		check.equal(control.waiting, QUEUE_LIMIT - 3);
		for (let i = 2; i < QUEUE_LIMIT - 1; i++) {
			check.equal(desk.open(), "00000000" + digits(new Id().set(0, i + 1)));
			desk.give("0000000000000001");
			check.equal(desk.end(), "CREATE: done");
		}
		check.ok(!control.begin(0));
		check.equal(control.waiting, 0);
		check.ok(control.create(requests[1], id("7")));
		check.equal(desk.open(), plain("00000000 0000000000000007"));
	});

	suite.test("KV-4 bytes behind an answer are not looked at", (check) => {
		const desk = new Desk();
		check.equal(desk.ask(create, "0000000000000009" + "ff".repeat(600)), "CREATE: done");
		check.equal(desk.ask(create, zeros(8) + "00000004" + "ff".repeat(600)), "CREATE: ACCESS");
	});
}
