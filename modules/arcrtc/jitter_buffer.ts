import { JITTER_FACTOR, JITTER_FIRST, JITTER_LEAST, JITTER_LIMIT, JITTER_MOST } from "arcrtc/constants";
import { JitterCounters } from "arcrtc/jitter_counters";
import type { MediaPacket } from "arcrtc/media_packet";
import {
	BLOCK_ARRIVAL,
	BLOCK_INFO,
	BLOCK_LENGTH,
	BLOCK_NUMBER,
	BLOCK_TIME,
	BLOCK_WORDS,
	HELD,
	INFO_MARKER,
	INFO_PRIORITY_SHIFT,
	INFO_QUALITY_SHIFT,
	INFO_RECOVERED,
	INFO_TYPE,
	type ReceivedPackets,
	UNKNOWN,
} from "arcrtc/received_packets";
import { InterarrivalDelay } from "media/voice/interarrival_delay";
import { TransitClock } from "media/voice/transit_clock";

/** Arrival times are kept in parts of a millisecond, since the stream last began. */
const PARTS = 64;
/** A packet after that long (ms), or one whose media time is so far off (ms), sets the media clock anew. */
const PAUSE = 200;
const MEDIA_JUMP = 1_500;
/** Timers are not more exact than this, in ms. */
const SLACK = 0.01;
/** Arrivals count from a new moment after that long (ms), lest they leave 32 bits. */
const LONGEST_EPOCH = 3_600_000;

export interface JitterBufferOptions {
	readonly packets: ReceivedPackets;
	/** RTP ticks a second: 90,000 for video, 48,000 for Opus. */
	readonly clock: number;
	/** Lost packets may still come (NACK, FEC): one that waits for them waits to the limit, not only to the target. */
	readonly repaired: boolean;
	/** Milliseconds (section 1, ARC-J1 to J3). Defaults 10; 5, 30; 50. */
	readonly first?: number;
	readonly least?: number;
	readonly most?: number;
	readonly limit?: number;
}

/**
 * Puts the packets of one stream in order and gives each one when its time has come: `target` behind the fastest way through the
 * network, at once when it is later than that already. Nothing is given twice, nothing behind a younger one, and nothing is held for
 * longer than the limit. No I/O; `now` is the clock by which packets arrive, in ms.
 *
 * ```
 *             number = next                        its time, or 50 ms
 * insert() ------------------> waits: target -----------------------------------> take()
 *     \                                                                           /
 *      `--> number > next: the gap may close until target behind arrival, or, --'  the gap is lost, `lost` tells of how many
 *            when losses are repaired, 50 ms behind the missing one's time
 * ```
 */
export class JitterBuffer {
	// Fields are found one after the other: private ones first, and of those the ones used for each packet.
	readonly #packets: ReceivedPackets;
	/** Number that is taken next, lowest that waits (a guess: it may be gone), highest that came; 32 bits. */
	#next = 0;
	#first = 0;
	#highest = 0;
	#begun = false;
	/** Nothing was taken yet: an earlier number may come first. */
	#fresh = true;
	/** Up to this number arrivals may be in another order than numbers. */
	#tangled = -1;
	readonly #clock: TransitClock;
	readonly #estimate: InterarrivalDelay;
	readonly #least: number;
	readonly #most: number;
	readonly #limit: number;
	readonly #repaired: boolean;
	/** Bit n: number `#next - 1 - n` was taken, and comes again as a duplicate. */
	#past = 0;
	/** Media time of the last packet taken, and of the one whose arrival was observed last. */
	#position = 0;
	#observed = 0;
	/** Arrivals count from here. */
	#epoch = 0;
	/** Numbers given up since the last packet taken. */
	#skipped = 0;
	readonly counters = new JitterCounters();
	/** What `take` gave: it stays until a packet is inserted. */
	offset = 0;
	length = 0;
	/** Extended sequence number, 32 bits of it. */
	number = 0;
	timestamp = 0;
	marker = false;
	payloadType = 0;
	priority = 0;
	quality = 0;
	recovered = false;
	/** Packets before it that will not come any more: lost, or pushed out. */
	lost = 0;
	/** Milliseconds that it was held. */
	waited = 0;

	constructor(options: JitterBufferOptions) {
		const first = options.first ?? JITTER_FIRST;
		const least = options.least ?? JITTER_LEAST;
		const most = options.most ?? JITTER_MOST;
		const limit = options.limit ?? JITTER_LIMIT;
		if (!(least >= 0 && least <= most && most <= limit)) throw new RangeError("jitter buffer: least <= most <= limit");
		this.#packets = options.packets;
		this.#clock = new TransitClock(options.clock / 1000);
		this.#estimate = new InterarrivalDelay(first, JITTER_FACTOR);
		this.#least = least;
		this.#most = most;
		this.#limit = limit;
		this.#repaired = options.repaired;
	}

	/** Delay that is aimed at, in ms: twice the interarrival jitter, within its limits. */
	get target(): number {
		const wanted = this.#estimate.target;
		return wanted < this.#least ? this.#least : wanted < this.#most ? wanted : this.#most;
	}

	/** Interarrival jitter in ms, of packets that begin another media time. */
	get jitter(): number {
		return this.#estimate.jitter;
	}

	/** Packets that wait. */
	get held(): number {
		return this.#packets.held;
	}

	/**
	 * A packet came, or was recovered; it is copied.
	 * @returns false: it is of no use, and was counted.
	 */
	insert(packet: MediaPacket, now: number, recovered = false): boolean {
		const packets = this.#packets;
		const counters = this.counters;
		const number = packet.extendedSequence | 0;
		const time = packet.timestamp | 0;
		counters.received++;
		if (!this.#begun) this.begin(number, time, now);
		const ahead = (number - this.#next) | 0;
		if (ahead < 0) {
			if (!this.precedes(number, ahead)) return false;
		} else {
			if (ahead >= packets.span) this.reach(number);
			if (packets.state(number) === HELD) {
				counters.duplicates++;
				return false;
			}
		}
		const step = (number - this.#highest) | 0;
		if (step < 0 && !recovered) counters.reordered++;
		const held = packets.held;
		if (held === 0) this.#epoch = now;
		else if (now - this.#epoch > LONGEST_EPOCH) this.advance(now);
		if (packets.store(number, packet, ((now - this.#epoch) * PARTS) | 0, recovered) < 0) {
			counters.dropped++;
			return false;
		}
		// One more, and not one for another: else one was pushed out.
		if (packets.held === held) counters.dropped++;
		if (packets.held === 1 || ((number - this.#first) | 0) < 0) this.#first = number;
		if (step > 0) this.#highest = number;
		else if (step < 0) this.#tangled = this.#highest;
		if (step >= 0 && !recovered) this.observe(time, now);
		return true;
	}

	/** When `take` should be called, in ms; Infinity: nothing waits. */
	get deadline(): number {
		if (this.#packets.held === 0) return Infinity;
		return this.due(this.firstWaiting(), this.#repaired);
	}

	/** @returns true: a packet is to be played, `lost` packets before it are not. Call again until it gives false. */
	take(now: number): boolean {
		const packets = this.#packets;
		if (packets.held === 0) return false;
		const block = this.firstWaiting();
		if (now + SLACK < this.due(block, this.#repaired)) return false;
		const table = packets.table;
		const entry = block * BLOCK_WORDS;
		const number = table[entry + BLOCK_NUMBER];
		const missing = (number - this.#next) | 0;
		this.lost = missing + this.#skipped;
		this.#skipped = 0;
		if (missing > 0) this.pass(number);
		this.give(block, entry);
		this.waited = now - this.#epoch - table[entry + BLOCK_ARRIVAL] / PARTS;
		this.follow(number);
		this.#position = table[entry + BLOCK_TIME];
		packets.played(block);
		this.counters.taken++;
		return true;
	}

	/**
	 * When a missing packet will be given up, in ms, as far as is known: what asks for it again (NACK) has so much time. -Infinity: it is over or
	 * was never missing; Infinity: nothing behind it has come.
	 */
	playOut(extendedSequence: number): number {
		const packets = this.#packets;
		const number = extendedSequence | 0;
		const ahead = (number - this.#next) | 0;
		if (!this.#begun || ahead < 0 || ahead >= packets.span || packets.state(number) !== UNKNOWN) return -Infinity;
		for (let at = (number + 1) | 0; ((at - this.#highest) | 0) <= 0; at = (at + 1) | 0) {
			const block = packets.waiting(at);
			if (block >= 0) return this.due(block, this.#repaired);
		}
		return Infinity;
	}

	/** Another sender: everything is forgotten but the counters. */
	reset(): void {
		this.#packets.clear();
		this.#clock.reset();
		this.#estimate.reset();
		this.#begun = false;
		this.#past = 0;
	}

	/** `number` is done with. */
	private follow(number: number): void {
		const next = (number + 1) | 0;
		this.#next = next;
		this.#first = next;
		this.#past = (this.#past << 1) | 1;
		this.#fresh = false;
	}

	private begin(number: number, time: number, now: number): void {
		this.#begun = true;
		this.#fresh = true;
		this.#tangled = (number - 1) | 0;
		this.#next = number;
		this.#first = number;
		this.#highest = number;
		this.#position = time;
		this.#observed = ~time;
		this.#past = 0;
		this.#skipped = 0;
		this.#epoch = now;
		this.#clock.begin(time, now);
	}

	/** A number before the next one: true when it can still be given first. */
	private precedes(number: number, ahead: number): boolean {
		const counters = this.counters;
		const packets = this.#packets;
		if (this.#fresh && packets.held > 0 && ((this.#highest - number) | 0) < packets.span) {
			this.#next = number;
			return true;
		}
		const bit = -ahead - 1;
		if (bit < 32 && (this.#past & (1 << bit)) !== 0) {
			counters.duplicates++;
			return false;
		}
		if (bit < 32) this.#past |= 1 << bit;
		counters.late++;
		if (counters.lost > 0) counters.lost--;
		return false;
	}

	/** A packet of a new media time, or one behind a pause: what it says of delays. */
	private observe(time: number, now: number): void {
		if (time === this.#observed) return;
		this.#observed = time;
		const clock = this.#clock;
		const delay = clock.delay(time, now);
		const passed = now - clock.last;
		if (delay > MEDIA_JUMP || delay < -MEDIA_JUMP || (passed > PAUSE && (delay > this.#limit || delay < -this.#limit))) {
			clock.begin(time, now);
			this.#estimate.begin();
			this.counters.jumps++;
		}
		this.#estimate.observe(clock.observe(time, now), clock.media, now);
	}

	/** When the first packet that waits is to be given. */
	private due(block: number, repaired: boolean): number {
		const packets = this.#packets;
		const table = packets.table;
		const entry = block * BLOCK_WORDS;
		const time = table[entry + BLOCK_TIME];
		const arrival = this.#epoch + table[entry + BLOCK_ARRIVAL] / PARTS;
		const target = this.target;
		const clock = this.#clock;
		let due = target - clock.delay(time, 0);
		const missing = (table[entry + BLOCK_NUMBER] - this.#next) | 0;
		if (missing > 0 && this.open(missing)) {
			if (arrival + target > due) due = arrival + target;
			if (repaired) {
				const position = this.#position;
				const absent = (position + (((time - position) | 0) * missing) / (missing + 1)) | 0;
				const until = this.#limit - clock.delay(absent, 0);
				if (until > due) due = until;
			}
		}
		const longest = this.earliest(table[entry + BLOCK_NUMBER], arrival) + this.#limit;
		return due < longest ? due : longest;
	}

	/** Arrival of what waits for longest, from `number` on, whose own is `arrival`. */
	private earliest(number: number, arrival: number): number {
		const tangled = this.#tangled;
		if (((tangled - number) | 0) <= 0) return arrival;
		const packets = this.#packets;
		let earliest = arrival;
		for (let at = (number + 1) | 0; ((tangled - at) | 0) >= 0; at = (at + 1) | 0) {
			const block = packets.waiting(at);
			if (block < 0) continue;
			const its = this.#epoch + packets.table[block * BLOCK_WORDS + BLOCK_ARRIVAL] / PARTS;
			if (its < earliest) earliest = its;
		}
		return earliest;
	}

	/** Arrivals count from now on. */
	private advance(now: number): void {
		const packets = this.#packets;
		const table = packets.table;
		const passed = Math.floor(now - this.#epoch);
		this.#epoch += passed;
		for (let block = 0; block < packets.count; block++) table[block * BLOCK_WORDS + BLOCK_ARRIVAL] -= passed * PARTS;
	}

	/** Whether one of the next `missing` numbers may still come: it was not pushed out. */
	private open(missing: number): boolean {
		const packets = this.#packets;
		const next = this.#next;
		if (missing > packets.span) return true;
		for (let i = 0; i < missing; i++) if (packets.state((next + i) | 0) === UNKNOWN) return true;
		return false;
	}

	/** Block of the first packet that waits; there is one. */
	private firstWaiting(): number {
		const packets = this.#packets;
		let number = this.#first;
		let block = packets.waiting(number);
		while (block < 0) {
			number = (number + 1) | 0;
			block = packets.waiting(number);
		}
		this.#first = number;
		return block;
	}

	/** The numbers before `number` are over. */
	private pass(number: number): void {
		const packets = this.#packets;
		const missing = (number - this.#next) | 0;
		let lost = missing;
		if (missing <= packets.span)
			for (let at = this.#next; at !== number; at = (at + 1) | 0) {
				if (packets.state(at) === UNKNOWN) continue;
				packets.over(at);
				lost--;
			}
		this.counters.lost += lost;
		this.#next = number;
		this.#past = missing < 32 ? this.#past << missing : 0;
	}

	/** Gives up old packets until there is a place for `number`. */
	private reach(number: number): void {
		const packets = this.#packets;
		while (packets.held > 0) {
			const block = this.firstWaiting();
			const first = packets.table[block * BLOCK_WORDS + BLOCK_NUMBER];
			if (((number - first) | 0) < packets.span) break;
			this.#skipped += ((first - this.#next) | 0) + 1;
			this.pass(first);
			packets.played(block);
			this.counters.dropped++;
			this.follow(first);
		}
		const from = (number - packets.span + 1) | 0;
		const skipped = (from - this.#next) | 0;
		if (skipped <= 0) return;
		this.#skipped += skipped;
		this.pass(from);
	}

	private give(block: number, entry: number): void {
		const packets = this.#packets;
		const table = packets.table;
		const info = table[entry + BLOCK_INFO];
		this.offset = packets.offset(block);
		this.length = table[entry + BLOCK_LENGTH];
		this.number = table[entry + BLOCK_NUMBER];
		this.timestamp = table[entry + BLOCK_TIME] >>> 0;
		this.marker = (info & INFO_MARKER) !== 0;
		this.payloadType = info & INFO_TYPE;
		this.priority = (info >> INFO_PRIORITY_SHIFT) & 3;
		this.quality = (info >> INFO_QUALITY_SHIFT) & 3;
		this.recovered = (info & INFO_RECOVERED) !== 0;
		if (this.recovered) this.counters.recovered++;
	}
}
