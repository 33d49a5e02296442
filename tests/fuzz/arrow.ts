import { STATE_CLOSED, STATE_ESTABLISHED } from "arrow/constants";
import { ACCEPT, bytesOf, Driver } from "conformance/arrow/driver";
import { Counter, collectGarbage, readCounters } from "host/host";
import type { Suite } from "unit/suite";

/** Messages that a service may send, as it would send them; the fuzzer damages sequences of them. */
const SEEDS: readonly string[] = Object.freeze([
	"0200000000000000000008 0000 0000 00000000",
	"0200000000000000000004 beef0001",
	"0200000000000000000004 123400ff",
	"020000000000000000000a 0001000d 429a 00000007",
	"020000000000000000000a 0001000d 429a 00000008",
	"020000000000000000000a 0001000d 4242 00000009",
	"02 429a 00 000007 00000003 616263",
	"02 429a 00 000008 00000010 000102030405060708090a0b0c0d0e0f",
	"02 429a 00 000007 00000000",
	"02 429a 00 000055 00000003 616263",
	"020000000000000000000c 0001000c 00000007 00000003",
	"020000000000000000000c 0001000c 00000008 ffffffff",
	"020000000000000000000c 00020005 00000007 00000000",
	"020000000000000000000c 00020005 00000008 00000003",
	"0200000000000000000004 00770008",
	"0200000000000000000004 0078000a",
	"0200000000000000000004 00790007",
	"0200000000000000000004 007a0006",
	"0200000000000000000013 00010003 6c6f63616c686f73743a3930303100",
]);

/** Octets that sit on the limits of lengths and ids. */
const EDGES = Object.freeze([0, 1, 2, 3, 4, 0x0c, 0x0d, 0x10, 0x20, 0x7f, 0x80, 0xfe, 0xff]);

const FILE_ROUNDS = 4000;
const MOST_MESSAGES = 12;
const SPACE = 2048;

/** Marsaglia's xorshift of 32 bits: the same numbers for the same seed everywhere. */
class Numbers {
	#state: number;

	constructor(seed: number) {
		this.#state = seed | 1;
	}

	/** An integer of 0 .. limit - 1. */
	below(limit: number): number {
		let state = this.#state;
		state ^= state << 13;
		state ^= state >>> 17;
		state ^= state << 5;
		this.#state = state;
		return (state >>> 0) % limit;
	}
}

/** Builds damaged sequences in memory of its own. */
class Mutator {
	readonly bytes = new Uint8Array(SPACE);
	length = 0;
	readonly #seeds: Uint8Array[] = [];
	readonly #numbers: Numbers;

	constructor(numbers: Numbers) {
		this.#numbers = numbers;
		for (let i = 0; i < SEEDS.length; i++) this.#seeds.push(bytesOf(SEEDS[i]));
	}

	/** A new sequence. @returns how many messages it was made from. */
	make(): number {
		const numbers = this.#numbers;
		const count = 1 + numbers.below(MOST_MESSAGES);
		this.length = 0;
		for (let i = 0; i < count; i++) this.#append(this.#seeds[numbers.below(this.#seeds.length)]);
		for (let damages = numbers.below(4); damages > 0 && this.length > 0; damages--) this.#damage();
		return count;
	}

	#append(seed: Uint8Array): void {
		for (let i = 0; i < seed.length && this.length < SPACE; i++) this.bytes[this.length++] = seed[i];
	}

	#damage(): void {
		const numbers = this.#numbers;
		const { bytes } = this;
		const at = numbers.below(this.length);
		switch (numbers.below(6)) {
			case 0:
				bytes[at] ^= 1 << numbers.below(8);
				break;
			case 1:
				bytes[at] = EDGES[numbers.below(EDGES.length)];
				break;
			case 2:
				bytes[at] = numbers.below(256);
				break;
			case 3:
				this.length = at;
				break;
			case 4: {
				// A part is cut out.
				const size = Math.min(numbers.below(24), this.length - at);
				bytes.copyWithin(at, at + size, this.length);
				this.length -= size;
				break;
			}
			case 5: {
				// A part comes twice.
				const size = Math.min(numbers.below(48), this.length - at, SPACE - this.length);
				bytes.copyWithin(at + size, at, this.length);
				this.length += size;
				break;
			}
		}
	}
}

/** One run of damaged sequences from `seed`, in the handshake and established. @returns messages fed, and what must hold but did not. */
function run(seed: number, rounds: number): { messages: number; fault: string } {
	const numbers = new Numbers(seed);
	const mutator = new Mutator(numbers);
	const driver = new Driver({ sessions: 2, window: 64, dataLimit: 512 });
	const { client, messages, locals } = driver;
	messages.nextId = -1;
	messages.checkData = false;
	const at = driver.arena.buffer.byteLength - SPACE;
	let count = 0;
	for (let round = 0; round < rounds; round++) {
		if (client.state === STATE_CLOSED) {
			driver.open();
			if (numbers.below(8) > 0) driver.feed(ACCEPT);
			messages.take();
		}
		count += mutator.make();
		driver.arena.bytes.set(mutator.bytes, at);
		let left = mutator.length;
		let place = at;
		while (left > 0) {
			const piece = Math.min(left, 1 + numbers.below(left < 40 ? left : 40));
			const taken = client.input(place, piece, driver.now);
			place += taken;
			left -= taken;
			if (taken < piece || numbers.below(3) === 0) driver.turn();
		}
		const local = locals[numbers.below(2)];
		const chance = numbers.below(12);
		if (local.isOpen && chance === 0) local.send(numbers.below(200), numbers.below(2) * 3);
		else if (local.isOpen && chance === 1) local.send(numbers.below(200));
		else if (chance === 2) local.prompt = !local.prompt;
		else if (chance === 3) local.appetite = local.received + numbers.below(100);
		else if (chance === 4 && local.isOpen) local.eat(1000);
		else if (chance === 5) driver.wait(numbers.below(8000));
		driver.turn();
		messages.take();
		const wrong = fault(driver);
		if (wrong !== "") return { messages: count, fault: "seed " + seed + " round " + round + ": " + wrong };
	}
	return { messages: count, fault: "" };
}

/** What is always true of the machine, between two turns. */
function fault(driver: Driver): string {
	const { client } = driver;
	if (driver.messages.fault !== "") return "sent" + driver.messages.fault;
	const { sessions, active, dues } = client.sessions.table;
	let attached = 0;
	for (let i = 0; i < sessions.length; i++) {
		const session = sessions[i];
		if (session.state >= 1 && session.state <= 3) {
			attached++;
			if (client.sessions.table.find(session.id) !== session) return "a session is not found by its id";
		}
		if (session.inbound.length + session.acknowledge > session.inbound.capacity) return "more than the window is held";
		if (session.credit < 0 || session.credit > 0xffffffff) return "credit " + session.credit;
		if (session.state === 0 && session.deadline !== Infinity) return "a free session waits";
		if (session.state === 0 && driver.locals[i].isOpen && client.state !== STATE_CLOSED)
			return "a local connection outlives its session";
	}
	if (attached !== active) return attached + " sessions attached, " + active + " counted";
	if (client.state === STATE_CLOSED && (active !== 0 || dues !== 0)) return "sessions outlive the connection";
	if (client.state === STATE_CLOSED && client.deadline !== Infinity) return "a closed connection waits";
	if (client.state === STATE_ESTABLISHED && client.sender.length > 0) return "output is left";
	return "";
}

export default function arrowFuzz(suite: Suite): void {
	suite.test("fuzz: damaged Arrow messages from 8 seeds: nothing breaks, every promise of the machine holds", (check) => {
		let messages = 0;
		for (let seed = 1; seed <= 8; seed++) {
			const result = run(seed * 0x9e3779b1, FILE_ROUNDS / 8);
			check.equal(result.fault, "");
			messages += result.messages;
		}
		check.ok(messages > FILE_ROUNDS * 4);
	});
	suite.test("fuzz: memory is flat: a longer run leaves no more than a shorter one", (check) => {
		const before = new Int32Array(Counter.COUNT);
		const after = new Int32Array(Counter.COUNT);
		run(77, 100);
		collectGarbage();
		readCounters(before);
		run(78, 1500);
		collectGarbage();
		readCounters(after);
		check.ok((after[Counter.SLOTS] - before[Counter.SLOTS]) * before[Counter.SLOT_SIZE] <= 1024, "slots");
		check.ok(after[Counter.CHUNKS] - before[Counter.CHUNKS] <= 1024, "chunk bytes");
	});
}
