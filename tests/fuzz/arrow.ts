import { STATE_CLOSED, STATE_ESTABLISHED } from "arrow/constants";
import { ACCEPT, bytesOf, Driver } from "conformance/arrow/driver";
import type { Block, Fuzzer } from "fuzz/fuzzer";
import { Mutator } from "fuzz/mutator";
import { Numbers } from "fuzz/numbers";

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

/** The answer to REGISTER among them. */
const SEED_ACK = 0;

const HANDSHAKE = 0;
const ESTABLISHED = 1;
const ROUNDS = 1500;
const MOST_MESSAGES = 12;
const MOST_DAMAGES = 3;
const SPACE = 2048;

/** Damaged messages of an Arrow service, before and after the ACK of REGISTER, while local services come, go, talk and stall. */
export class ArrowFuzzer implements Fuzzer {
	readonly name = "arrow";
	readonly states = Object.freeze(["in the handshake", "established"]);
	readonly share = 1000000;
	readonly kept: readonly number[] = Object.freeze([]);
	readonly #valid: readonly Uint8Array[];

	constructor() {
		this.#valid = SEEDS.map(bytesOf);
	}

	block(seed: number): Block {
		const run = new Run(seed, this.#valid);
		let fault = "";
		for (let round = 0; round < ROUNDS && fault === ""; round++) {
			run.round();
			const wrong = faultOf(run.driver);
			if (wrong !== "") fault = "round " + round + ": " + wrong;
		}
		return { messages: run.messages, fault };
	}
}

/** One machine, its local sides and the numbers that decide what happens. */
class Run {
	readonly driver = new Driver({ sessions: 2, window: 64, dataLimit: 512 });
	/** Messages taken in, by state. */
	readonly messages = new Int32Array(2);
	readonly #numbers: Numbers;
	readonly #mutator: Mutator;
	readonly #at: number;

	constructor(seed: number, valid: readonly Uint8Array[]) {
		this.#numbers = new Numbers(seed);
		this.#mutator = new Mutator(this.#numbers, valid, SPACE);
		this.#at = this.driver.arena.buffer.byteLength - SPACE;
		this.driver.messages.nextId = -1;
		this.driver.messages.checkData = false;
	}

	round(): void {
		const { driver } = this;
		this.#connect();
		this.#feed();
		driver.turn();
		this.#stir();
		driver.turn();
		driver.messages.take();
	}

	/** A new connection when there is none, two of five times with REGISTER accepted. */
	#connect(): void {
		const { driver } = this;
		if (driver.client.state !== STATE_CLOSED) return;
		driver.open();
		if (this.#numbers.below(5) < 2) driver.feed(ACCEPT);
		driver.messages.take();
	}

	/** A damaged sequence in pieces of any size. */
	#feed(): void {
		const { client, arena } = this.driver;
		const numbers = this.#numbers;
		const mutator = this.#mutator;
		const state = client.state === STATE_ESTABLISHED ? ESTABLISHED : HANDSHAKE;
		/* The handshake goes on when the right ACK comes first: half of the time. */
		const first = state === HANDSHAKE && numbers.below(2) === 0 ? SEED_ACK : -1;
		mutator.begin(first, 1 + numbers.below(MOST_MESSAGES));
		mutator.damage(1 + numbers.below(MOST_DAMAGES));
		arena.bytes.set(mutator.bytes, this.#at);
		let place = this.#at;
		const end = place + mutator.length;
		while (place < end && client.state !== STATE_CLOSED) {
			const piece = Math.min(end - place, 1 + numbers.below(40));
			const taken = client.input(place, piece, this.driver.now);
			place += taken;
			if (taken < piece || numbers.below(3) === 0) this.driver.turn();
		}
		const taken = place - this.#at;
		if (taken > 0) this.messages[state] += Math.ceil((mutator.messages * taken) / mutator.length);
	}

	/** Something happens on the local side, or time passes. */
	#stir(): void {
		const numbers = this.#numbers;
		const local = this.driver.locals[numbers.below(2)];
		const chance = numbers.below(12);
		if (local.isOpen && chance === 0) local.send(numbers.below(200), numbers.below(2) * 3);
		else if (local.isOpen && chance === 1) local.send(numbers.below(200));
		else if (chance === 2) local.prompt = !local.prompt;
		else if (chance === 3) local.appetite = local.received + numbers.below(100);
		else if (chance === 4 && local.isOpen) local.eat(1000);
		else if (chance === 5) this.driver.wait(numbers.below(8000));
	}
}

/** What is always true of the machine, between two turns. */
function faultOf(driver: Driver): string {
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
