import { DATAGRAM_LIMIT } from "arcrtc/constants";
import { BOTH, End, material, planEnd } from "conformance/arcrtc/two_ends";
import { Numbers } from "fuzz/numbers";
import { JPEG_PACKETIZER_BYTES, JPEGPacketizer } from "media/rtp/jpeg_packetizer";
import type { Arena } from "storage/arena";
import { MemoryPlan } from "storage/plan";
import { Allocation } from "unit/allocation";
import { jpeg } from "unit/rtp_pictures";
import type { Check, Suite } from "unit/suite";

const SLOTS = 128;
const DELAY = 7;
const PICTURE = 4000;
const TICKS = 3600;

/** The part of a plan that belongs to one of two ends that lie in one arena, so that packets go from one to the other without a call that allocates. */
class Half extends MemoryPlan {
	readonly whole: MemoryPlan;
	readonly name: string;

	constructor(whole: MemoryPlan, name: string) {
		super();
		this.whole = whole;
		this.name = name;
	}

	override reserve(name: string, bytes: number, key: string): void {
		this.whole.reserve(this.name + name, bytes, key);
	}

	override offset(name: string): number {
		return this.whole.offset(this.name + name);
	}

	override size(name: string): number {
		return this.whole.size(this.name + name);
	}

	override allocate(): Arena {
		return this.whole.allocate();
	}
}

/** Two ends in one arena and a network of fixed places: nothing of it allocates. */
class Line {
	readonly a: End;
	readonly b: End;
	packets = 0;
	lost = 0;
	readonly #arena: Arena;
	readonly #flight: number;
	/** Length, time and receiver of each place: 0 is empty. */
	readonly #table = new Float64Array(SLOTS * 3);
	readonly #numbers = new Numbers(41);
	readonly #jpeg: JPEGPacketizer;
	readonly #picture: number;
	readonly #length: number;
	#write = 0;
	#read = 0;
	#jpegTime = 0;
	#loss = 0;

	constructor(loss: number) {
		const picture = jpeg({ scan: new Uint8Array(2500).fill(0x11) });
		this.#length = picture.length;
		const whole = new MemoryPlan();
		const first = new Half(whole, "a ");
		const second = new Half(whole, "b ");
		planEnd(first, BOTH);
		planEnd(second, BOTH);
		whole.reserve("flight", SLOTS * DATAGRAM_LIMIT, "");
		whole.reserve("tables", JPEG_PACKETIZER_BYTES, "");
		whole.reserve("jpeg", picture.length, "");
		this.#arena = whole.allocate();
		this.#flight = whole.offset("flight");
		this.#picture = whole.offset("jpeg");
		this.#arena.bytes.set(picture, this.#picture);
		this.#jpeg = new JPEGPacketizer(this.#arena, whole.offset("tables"));
		this.#loss = loss;
		this.a = new End(BOTH, 0xa0000001, first);
		this.b = new End(BOTH, 0xb0000001, second);
	}

	start(reduced: boolean): boolean {
		this.a.send = (offset, length) => this.#fly(1, offset, length);
		this.b.send = (offset, length) => this.#fly(0, offset, length);
		return this.#begin(this.a, this.b, 1, reduced) && this.#begin(this.b, this.a, 11, reduced);
	}

	/** a sends pictures of H.264 with key frames, b JPEG; both sound. */
	run(from: number, to: number): void {
		const { a, b } = this;
		for (let now = from; now < to; now++) {
			if (now % 20 === 0) {
				a.makeSound(now);
				b.makeSound(now);
			}
			if (now % 40 === 0) {
				a.makePicture(PICTURE, a.sentPictures % 4 === 0, now);
				this.#jpegTime = (this.#jpegTime + TICKS) >>> 0;
				if (b.session.outgoing.sendPicture(this.#jpeg, this.#picture, this.#length, this.#jpegTime, now, now)) b.sentPictures++;
			}
			this.#arrive(now);
			a.session.turn(now, now);
			b.session.turn(now, now);
			a.session.deadline(now);
			b.session.deadline(now);
		}
	}

	#begin(from: End, to: End, first: number, reduced: boolean): boolean {
		const fec = { ssrc: first + 2, payloadType: 127 };
		const audio = { ssrc: first, payloadType: 111, clock: 48_000, unit: 960 };
		const video = { ssrc: first + 1, payloadType: 96 };
		to.receiveKeys = to.session.receive({ audio, video, fec, nack: true }, material(first, 0), 0);
		const terms = { audio, video, fec, reduced, reducedVideo: reduced, nack: true };
		return from.session.send(terms, material(first, 0), 0, 0) && to.receiveKeys !== undefined;
	}

	#fly(to: number, offset: number, length: number): void {
		this.packets++;
		if (this.#numbers.below(1000) < this.#loss) {
			this.lost++;
			return;
		}
		const slot = this.#write % SLOTS;
		this.#write++;
		this.#arena.bytes.copyWithin(this.#flight + slot * DATAGRAM_LIMIT, offset, offset + length);
		this.#table[slot * 3] = length;
		this.#table[slot * 3 + 1] = to;
		this.#table[slot * 3 + 2] = -1;
	}

	/** Everything that was on the way for so long. */
	#arrive(now: number): void {
		const table = this.#table;
		const { bytes } = this.#arena;
		for (let at = this.#read; at < this.#write; at++) {
			const slot = (at % SLOTS) * 3;
			if (table[slot + 2] < 0) table[slot + 2] = now + DELAY;
		}
		while (this.#read < this.#write && table[(this.#read % SLOTS) * 3 + 2] <= now) {
			const slot = this.#read % SLOTS;
			this.#read++;
			const length = table[slot * 3];
			const from = this.#flight + slot * DATAGRAM_LIMIT;
			const end = table[slot * 3 + 1] === 1 ? this.b : this.a;
			bytes.copyWithin(end.inbox, from, from + length);
			end.session.received(end.inbox, length, now);
		}
	}
}

function steady(check: Check, reduced: boolean, packets: number): void {
	const line = new Line(20);
	const { a, b } = line;
	check.ok(line.start(reduced));
	line.run(0, 3000);
	const allocation = new Allocation();
	const before = line.packets;
	const resent = a.session.feedback.counters.resent;
	const recovered = b.session.incoming.decoder?.counters.recovered ?? 0;
	allocation.begin();
	let now = 3000;
	for (; line.packets - before < packets; now += 1000) line.run(now, now + 1000);
	allocation.expectNone(check);
	check.ok(line.lost > packets / 100, "lost " + line.lost);
	check.ok(a.session.feedback.counters.resent > resent, "sent again");
	const repaired = b.session.incoming.decoder?.counters.recovered ?? 0;
	check.ok(packets < 100_000 || repaired > recovered, "recovered");
	check.ok(b.heardCount > a.sentSounds * 0.95 && a.heardCount > b.sentSounds * 0.95);
	check.ok(b.seenCount > a.sentPictures * 0.9, b.seenCount + " of " + a.sentPictures);
	check.ok((a.session.incoming.jitter?.counters.taken ?? 0) > b.sentPictures * 0.95);
	check.equal(a.heardWrong + b.heardWrong + b.seenWrong, 0);
}

export default function mediaSteady(suite: Suite): void {
	const packets = suite.short ? 3000 : 100_000;
	suite.test(
		"ARC-P10 two ends, 100,000 packets at 2 % loss: sound in reduced headers, H.264 one way, JPEG the other, NACK and FEC: nothing is allocated",
		(check) => steady(check, true, packets),
	);
	suite.test("ARC-P10 two ends with full headers: nothing is allocated either", (check) =>
		steady(check, false, suite.short ? 3000 : packets / 10),
	);
}
