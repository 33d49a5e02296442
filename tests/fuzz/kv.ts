import { bytesOf, system, voice, zeros } from "conformance/kv/packets";
import type { Block, Fuzzer } from "fuzz/fuzzer";
import { Mutator } from "fuzz/mutator";
import { Numbers } from "fuzz/numbers";
import {
	AT_PAYLOAD,
	DATAGRAM_SIZE,
	EVENT_CANCEL,
	EVENT_NONE,
	EVENT_REQUEST,
	EVENT_SEND,
	LIST_LIMIT,
	OPERATION_ACK,
	PACKET_VOICE,
	PAYLOAD_SIZE,
	RESULT_NONE,
	STATE_JOINED,
	STATE_STOPPED,
	SYSTEM_SIZE,
} from "kv/constants";
import { CONTROL_DONE, CONTROL_IDLE, CONTROL_WAITING, Control, planControl } from "kv/control";
import { ControlCounters } from "kv/counters";
import { Framing } from "kv/framing";
import { type KVSettings, settingsOf } from "kv/options";
import { Session } from "kv/session";
import { isSystem } from "kv/wire";
import { paddingLength } from "media/audio/opus_packet";
import type { Arena } from "storage/arena";
import { MemoryPlan } from "storage/plan";

const UID = "8000000000000001";
const CHANNEL = "fffffffe00000001";
const PORT = "000000000000c40e";

/** What a server answers, to any command. */
const REPLIES: readonly string[] = Object.freeze([
	UID,
	CHANNEL,
	PORT,
	PORT,
	"0000000000000001",
	zeros(8) + "00000004",
	zeros(8) + "00000001",
	zeros(8) + "0000002a",
	zeros(8),
	zeros(16),
	"0000000000000001" + CHANNEL + zeros(8),
	"0000000000000003" + PORT + CHANNEL + UID + zeros(8),
	"0000000000000400" + CHANNEL,
]);

/** How datagrams of a channel begin; the last operation is none. */
const PACKETS: readonly string[] = Object.freeze([
	voice("0000000000000009", "0b41fff4aabb"),
	voice("8000000000000009", "08aabbccdd"),
	voice(UID, "08"),
	system(0, UID),
	system(3, UID, 1),
	system(3, UID, 2),
	system(4, UID),
	system(4, "0000000000000007", 5),
	system(5, UID),
]);

const CONTROL = 0;
const STRAY = 1;
const DATAGRAM = 2;
const ROUNDS = 300;
const BATCH = 8;
const REPLIES_MOST = 6;
/** More than any delay between attempts. */
const PATIENCE = 700000;
const REPLY_SPACE = 256;
/** As much as a read of the network gives. */
const PACKET_SIZE = DATAGRAM_SIZE + 1;
const HEAD = 32;

/** Damaged replies and datagrams of a KV server, while the session registers, joins, stays, leaves and time passes. */
export class KVFuzzer implements Fuzzer {
	readonly name = "kv";
	readonly share = 1000000;
	readonly states = Object.freeze(["replies", "datagrams before it has joined", "datagrams in the channel"]);
	readonly kept: readonly number[] = Object.freeze([]);
	readonly #replies: readonly Uint8Array[];
	readonly #packets: readonly Uint8Array[];
	readonly #settings: readonly KVSettings[];

	constructor() {
		this.#replies = REPLIES.map(bytesOf);
		this.#packets = PACKETS.map((packet) => bytesOf(packet.slice(0, 2 * HEAD)));
		this.#settings = [
			settingsOf({ server: "a", uid: "0x" + UID, channel: "0x" + CHANNEL }),
			settingsOf({ server: "a", channel: "create", switches: { portOrder: "auto", padding: "sequence" } }),
			settingsOf({ server: "a", channel: "0x" + CHANNEL, cleanUp: true, switches: { profile: "27eb5b6", udpOrder: "be" } }),
			settingsOf({ server: "a", uid: "0x" + UID, channel: "create", switches: { payload: "raw504", userJoin: true } }),
		];
	}

	block(seed: number): Block {
		const settings = this.#settings[(seed >>> 0) % this.#settings.length];
		const run = new Run(seed, settings, this.#replies, this.#packets);
		for (let round = 0; round < ROUNDS && run.fault === ""; round++) {
			run.round();
			if (run.fault !== "") run.fault = "round " + round + ": " + run.fault;
		}
		return { messages: run.messages, fault: run.fault };
	}
}

/** One session with its control side, and the numbers that decide what happens. */
class Run {
	readonly messages = new Int32Array(3);
	/** What must hold but did not. */
	fault = "";
	readonly #session: Session;
	readonly #control: Control;
	readonly #framing: Framing;
	readonly #arena: Arena;
	readonly #packet: number;
	readonly #reply: number;
	readonly #numbers: Numbers;
	readonly #mutator: Mutator;
	readonly #packets: readonly Uint8Array[];
	#now = 1000;

	constructor(seed: number, settings: KVSettings, replies: readonly Uint8Array[], packets: readonly Uint8Array[]) {
		const plan = new MemoryPlan();
		planControl(plan);
		plan.reserve("packet", PACKET_SIZE + 100, "");
		plan.reserve("reply", REPLY_SPACE, "");
		const arena = plan.allocate();
		this.#arena = arena;
		this.#packet = plan.offset("packet");
		this.#reply = plan.offset("reply");
		this.#numbers = new Numbers(seed);
		this.#mutator = new Mutator(this.#numbers, replies, REPLY_SPACE);
		this.#packets = packets;
		this.#framing = new Framing(arena, settings.switches);
		this.#control = new Control(plan, settings.switches, settings.times, new ControlCounters());
		this.#session = new Session({
			settings,
			channel: settings.channels[0],
			arena,
			offset: this.#packet,
			random: { fraction: () => 0.5 },
			done: () => {},
		});
	}

	round(): void {
		const numbers = this.#numbers;
		const session = this.#session;
		if (session.state === 0 || session.state === STATE_STOPPED) session.start(this.#now);
		this.#turn();
		for (let i = 0; i < REPLIES_MOST && this.fault === ""; i++) this.#answer();
		const count = numbers.below(session.joined ? BATCH : 2);
		for (let i = 0; i < count && this.fault === ""; i++) this.#datagram();
		this.#frame();
		if (!session.joined) this.#wait(PATIENCE);
		else if (numbers.below(3) === 0) this.#wait(numbers.below(4) === 0 ? 100000 : 3000);
		if (numbers.below(60) === 0) session.stop(this.#now);
		if (numbers.below(20) === 0) session.sent(false, this.#now);
		this.#turn();
		this.#judge();
	}

	/** What the session wants: requests to the control side, packets to be looked at. */
	#turn(): void {
		const session = this.#session;
		for (let event = session.poll(this.#now); event !== EVENT_NONE; event = session.poll(this.#now)) {
			if (event === EVENT_SEND) this.#inspect();
			else if (event === EVENT_CANCEL) this.#control.cancel(session.request);
			else if (event === EVENT_REQUEST && !this.#control.submit(session.request)) this.fault = "a request while one is under way";
		}
	}

	/** The request under way gets a damaged reply, in pieces of any size, or none. */
	#answer(): void {
		const control = this.#control;
		const numbers = this.#numbers;
		if (!control.begin(this.#now)) return;
		if (numbers.below(12) === 0) {
			control.failed("ECONNREFUSED");
			this.#finish();
			return;
		}
		control.opened(this.#now);
		const mutator = this.#mutator;
		mutator.begin(-1, 1);
		// Right ones too, so that it gets anywhere.
		mutator.damage(numbers.below(3) === 0 ? 1 + numbers.below(3) : 0);
		this.messages[CONTROL]++;
		this.#arena.bytes.set(mutator.bytes, this.#reply);
		for (let at = 0; at < mutator.length && control.state === CONTROL_WAITING; ) {
			const piece = Math.min(mutator.length - at, 1 + numbers.below(16));
			control.input(this.#reply + at, piece);
			at += piece;
		}
		const end = numbers.below(8);
		if (end === 0) control.reset("ECONNRESET");
		else if (end === 1) control.tick(this.#now + 5000);
		else control.ended();
		this.#finish();
	}

	#finish(): void {
		const control = this.#control;
		if (control.state !== CONTROL_DONE) {
			this.fault = "a request that has ended is not done";
			return;
		}
		const request = control.finish();
		if (request.result === RESULT_NONE) this.fault = "a request without a result";
		if (request.count > LIST_LIMIT || (!request.ok && (request.count > 0 || request.listed))) this.fault = "a list is kept";
		if (request.port < 0 || request.port > 65535) this.fault = "port " + request.port;
		this.#session.answered(this.#now);
		this.#turn();
	}

	/** One datagram, most of them damaged. */
	#datagram(): void {
		const numbers = this.#numbers;
		const { bytes, view } = this.#arena;
		const at = this.#packet;
		bytes.set(this.#packets[numbers.below(this.#packets.length)], at);
		for (let damages = numbers.below(3); damages > 0; damages--) {
			const place = at + numbers.below(numbers.below(4) === 0 ? DATAGRAM_SIZE : SYSTEM_SIZE);
			bytes[place] = numbers.below(2) === 0 ? numbers.below(256) : bytes[place] ^ (1 << numbers.below(8));
		}
		const length = numbers.below(8) > 0 ? DATAGRAM_SIZE : numbers.below(PACKET_SIZE + 1);
		const source = numbers.below(8) > 0 ? 0 : numbers.below(3) - 1;
		const session = this.#session;
		const joined = session.joined;
		this.messages[joined ? DATAGRAM : STRAY]++;
		if (session.datagram(at, length, source, this.#now) === PACKET_VOICE) {
			const { speaker } = session.presence;
			if (!joined || length !== DATAGRAM_SIZE || source < 0) this.fault = "voice that is none";
			if (!speaker.legal || speaker.equals(session.uid) || isSystem(view, at)) this.fault = "voice of nobody";
			this.#framing.read(at + AT_PAYLOAD);
		}
		this.#turn();
	}

	/** A packet of the codec, sensible or not, is to be sent. */
	#frame(): void {
		const numbers = this.#numbers;
		const { bytes } = this.#arena;
		const at = this.#packet + AT_PAYLOAD;
		const length = numbers.below(PAYLOAD_SIZE + 8);
		bytes[at] = numbers.below(256);
		bytes[at + 1] = numbers.below(256);
		if (!this.#framing.frame(at, length, numbers.below(65536), this.#now)) return;
		if (length > PAYLOAD_SIZE || length < 1) this.fault = "a frame of " + length + " bytes";
		if (length < PAYLOAD_SIZE && this.#session.wire.little && paddingLength(bytes, at, PAYLOAD_SIZE) < -1) this.fault = "padding";
	}

	#wait(milliseconds: number): void {
		const session = this.#session;
		const end = this.#now + milliseconds;
		for (let i = 0; i < 1000; i++) {
			const { deadline } = session;
			if (deadline > end) {
				this.#now = end;
				return;
			}
			if (deadline > this.#now) this.#now = deadline;
			session.tick(this.#now);
			this.#turn();
		}
		this.fault = "time stands still";
	}

	/** A packet that leaves. */
	#inspect(): void {
		const { view } = this.#arena;
		const at = this.#packet;
		const operation = view.getUint32(at + 4);
		if (!isSystem(view, at) || operation > OPERATION_ACK) this.fault = "operation " + operation;
		if (!this.#session.wire.checks(view, at)) this.fault = "a wrong checksum leaves";
		if (view.getUint32(at + SYSTEM_SIZE) !== 0 || view.getUint32(at + DATAGRAM_SIZE - 4) !== 0)
			this.fault = "bytes that are not zero leave";
	}

	/** What is always true between two turns. */
	#judge(): void {
		const session = this.#session;
		const control = this.#control;
		const { presence } = session;
		if (this.fault !== "") return;
		if (session.state < 0 || session.state > STATE_STOPPED) this.fault = "state " + session.state;
		if (session.state === STATE_JOINED) {
			if (!(presence.port >= 1 && presence.port <= 65535)) this.fault = "joined at port " + presence.port;
			if (!session.uid.legal) this.fault = "an illegal user has joined";
			if (session.deadline === Infinity) this.fault = "joined, and nothing is due";
		} else if (presence.deadline !== Infinity) this.fault = "KEEPALIVE without a channel";
		if (presence.acks.pending > 8) this.fault = presence.acks.pending + " acknowledgements pending";
		if (control.state !== CONTROL_IDLE || control.deadline !== Infinity) this.fault = "the control side does not come to rest";
		if (control.waiting > 1 || control.waiting !== (session.request.pending ? 1 : 0))
			this.fault = control.waiting + " requests wait";
		if (session.state === STATE_STOPPED && (session.request.pending || session.deadline !== Infinity)) this.fault = "not at rest";
	}
}
