import { MESSAGE_FINE, MessageReader } from "arcrtc/message_reader";
import { TYPE_NAMES } from "arcrtc/words";
import { streamStart } from "conformance/arcrtc/session";
import { type Message, Peer, SESSION_ID, settings } from "conformance/arcrtc/session_scene";
import type { Block, Fuzzer } from "fuzz/fuzzer";
import { Mutator } from "fuzz/mutator";
import { Numbers } from "fuzz/numbers";

/** Messages that one block feeds, and bytes of one. */
const ROUNDS = 150;
const SPACE = 3000;
const OFFERED = 1;
const OPEN = 2;
const PIECES = Object.freeze([
	'"',
	"\\",
	"\\u0000",
	"{",
	"}",
	"[[[[[[[[[",
	"]",
	",",
	":",
	"null",
	"true",
	"-1",
	"1e999",
	"0.5",
	"4294967296",
	"9007199254740993",
	'""',
	"{}",
	"[]",
	'"id":0,',
	'"re":1,',
	'"accepted":true,',
	'"session_id":"x",',
	'"type":"DISCONNECT",',
	"\xff",
	"\x00",
]);

/** Damaged and random messages of a peer, in each state of a session. */
export class SignallingFuzzer implements Fuzzer {
	readonly name = "signalling";
	readonly share = 10_000;
	readonly states = Object.freeze(["waiting", "offered", "open"]);
	readonly kept: readonly number[] = Object.freeze([]);

	block(seed: number): Block {
		const messages = new Int32Array(3);
		const state = (seed >>> 0) % 3;
		const run = new Run(seed, state);
		for (let round = 0; round < ROUNDS && run.fault === ""; round++) {
			run.round();
			messages[state]++;
			if (run.fault !== "") run.fault = "round " + round + ": " + run.fault;
		}
		run.end();
		return { messages, fault: run.fault };
	}
}

/** One session, the messages that a peer would send it, and the numbers that decide what becomes of them. */
class Run {
	fault = "";
	readonly #numbers: Numbers;
	readonly #mutator: Mutator;
	readonly #peer: Peer;
	readonly #other: Peer;
	readonly #state: number;
	readonly #bytes = new Uint8Array(SPACE);
	readonly #reader = new MessageReader(this.#bytes, SESSION_ID);
	#fresh = true;

	constructor(seed: number, state: number) {
		this.#numbers = new Numbers(seed);
		this.#state = state;
		this.#peer = new Peer(settings("beta", state === OFFERED), 1);
		this.#other = new Peer(settings("alpha", state !== OFFERED), 2);
		const texts = this.#bring();
		this.#mutator = new Mutator(this.#numbers, texts, SPACE);
		this.#peer.take();
	}

	round(): void {
		const numbers = this.#numbers;
		const peer = this.#peer;
		if (!this.#fresh) this.#bring();
		const before = this.#snapshot();
		const mutator = this.#mutator;
		mutator.begin(-1, 1);
		const random = numbers.below(20) === 0;
		if (random) for (let i = 0; i < mutator.length; i++) mutator.bytes[i] = numbers.below(256);
		else if (numbers.below(3) === 0) this.#insert(mutator);
		else mutator.damage(1 + numbers.below(3));
		peer.now += numbers.below(4000);
		peer.take();
		peer.told();
		peer.giveBytes(mutator.bytes, mutator.length);
		const sent = peer.take();
		const told = peer.told();
		const type = this.#typeOf(mutator);
		this.#judge(type, before, sent, told);
		this.#fresh = this.#snapshot() === before;
		peer.session.tick(peer.now);
	}

	end(): void {
		this.#peer.session.lost("end");
		this.#other.session.lost("end");
		this.#peer.media.close();
		this.#other.media.close();
	}

	/** Brings the session into its state, anew. @returns messages that the peer would send. */
	#bring(): Uint8Array[] {
		const peer = this.#peer;
		const other = this.#other;
		peer.session.lost("again");
		other.session.lost("again");
		peer.session.start(peer.now);
		other.session.start(peer.now);
		const messages: Message[] = [];
		if (this.#state === OFFERED) {
			other.give(peer.take()[0]);
			messages.push(...other.take());
		} else {
			messages.push(other.take()[0]);
			if (this.#state === OPEN) {
				peer.give(messages[0]);
				for (const message of peer.take()) other.give(message);
				for (const message of other.take()) {
					peer.give(message);
					messages.push(message);
				}
				if (peer.state !== "open") this.fault = "no session";
			}
		}
		other.session.rekey(peer.now);
		messages.push(...other.take(), ...sayings());
		this.#fresh = true;
		return messages.map((message) => new Uint8Array(ArrayBuffer.fromString(JSON.stringify(message))));
	}

	#insert(mutator: Mutator): void {
		const numbers = this.#numbers;
		const piece = PIECES[numbers.below(PIECES.length)];
		const at = numbers.below(mutator.length);
		if (mutator.length + piece.length > mutator.bytes.length) return;
		mutator.bytes.copyWithin(at + piece.length, at, mutator.length);
		for (let i = 0; i < piece.length; i++) mutator.bytes[at + i] = piece.charCodeAt(i);
		mutator.length += piece.length;
	}

	/** The kind of the message when it is whole and of this session, else "". */
	#typeOf(mutator: Mutator): string {
		const reader = this.#reader;
		this.#bytes.set(mutator.bytes.subarray(0, mutator.length));
		return reader.read(0, mutator.length) === MESSAGE_FINE ? TYPE_NAMES[reader.type] : "";
	}

	/** What of the session only a message may change that asks for it. */
	#snapshot(): string {
		const { session } = this.#peer;
		const { rotation, sending, receiving } = session;
		return [session.state, rotation?.epoch, rotation?.state, sending?.streamId, receiving.map((one) => one.streamId).join()].join(
			" ",
		);
	}

	#judge(type: string, before: string, sent: readonly Message[], told: string): void {
		const peer = this.#peer;
		if (sent.length > 2) this.fault = sent.length + " messages for one";
		if (peer.session.writer.tooLong > 0) this.fault = "a message that does not fit";
		if (type === "" || (type !== "" && !CHANGES.includes(type))) {
			if (told !== "") this.fault = type + " told the application: " + told;
			if (this.#snapshot() !== before) this.fault = type + " changed " + before + " to " + this.#snapshot();
		}
		if (type === "ERROR" && sent.length > 0) this.fault = "an ERROR was answered";
		const { session, media } = peer;
		if (session.receiving.length > media.receiveKeys.length) this.fault = "more streams than keys";
		if (peer.state !== "open" && (session.sending !== undefined || media.sendKeys.epoch >= 0 || session.rotation !== undefined))
			this.fault = "keys without a session";
		if (peer.state === "open" && session.rotation === undefined) this.fault = "a session without keys";
		const live = media.opener.streams.filter((stream) => stream.live).length;
		if (live !== session.receiving.length && media.incoming.video === undefined) this.fault = live + " live streams";
	}
}

/** Kinds that may change what {@link Run} looks at. */
const CHANGES = Object.freeze([
	"CONNECT",
	"CONNECT_ACK",
	"STREAM_START",
	"STREAM_STOP",
	"KEY_ROTATE",
	"KEY_ROTATE_ACK",
	"DISCONNECT",
	"ERROR",
]);

/** What else a peer may say. */
function sayings(): Message[] {
	return [
		{ ...streamStart("other", 77), id: 90 },
		{
			...streamStart("both", 78),
			stream_type: "both",
			id: 91,
			codec: { audio: { name: "opus" }, video: { name: "h264", payload_type: 96 } },
		},
		{ type: "STREAM_STOP", session_id: SESSION_ID, id: 92, stream_id: "other", reason: "user_request" },
		{ type: "HEARTBEAT", session_id: SESSION_ID, id: 93, sequence: 1, timestamp: 1_767_225_600_000 },
		{ type: "HEARTBEAT_ACK", session_id: SESSION_ID, id: 94, re: 1, sequence: 1, original_timestamp: 1 },
		{ type: "KEY_ROTATE_ACK", session_id: SESSION_ID, id: 95, re: 3, epoch: 1 },
		{ type: "METRICS", session_id: SESSION_ID, id: 96, interval_ms: 5000, latency: { p50: 1 } },
		{
			type: "QUALITY_ADAPT",
			session_id: SESSION_ID,
			id: 97,
			stream_id: "other",
			quality: { bitrate: 1, resolution: "720p", fps: 9 },
		},
		{ type: "ERROR", session_id: SESSION_ID, id: 98, re: 1, code: "state", message: "no" },
		{ type: "DISCONNECT", session_id: SESSION_ID, id: 99, reason: "user_request" },
		{ type: "CONNECT_ACK", session_id: SESSION_ID, id: 100, re: 1, peer_id: "x", accepted: false, reason: "busy" },
	];
}
