import type { DelayEstimate } from "media/voice/delay_estimate";
import { JitterCounters } from "media/voice/jitter_counters";
import { TransitClock } from "media/voice/transit_clock";
import type { PacketPool } from "storage/pool";

/** What {@link JitterBuffer.take} says of the next piece of the stream. */
export const TAKE_NOTHING = 0;
/** Play the packet at `offset`, `length`. */
export const TAKE_PACKET = 1;
/** Make up `units`: with `length` > 0 the packet behind the lost one lies at `offset` (in-band FEC), else from what was before. */
export const TAKE_CONCEAL = 2;

/** No stream; a first packet or the first after a pause waits for its time; packets are played; none came any more. */
const STATE_IDLE = 0;
const STATE_FILLING = 1;
const STATE_PLAYING = 2;
const STATE_DRY = 3;

/** Words of a place: block + 1 (0: free), sequence, media time, units. */
const PLACE_SHIFT = 2;
const PLACE_SEQUENCE = 1;
const PLACE_MEDIA = 2;
const PLACE_UNITS = 3;

/** A packet after that long (ms) begins anew whatever its number. */
const PAUSE = 2_000;
/** Numbers that jump by more than so many, or media time by so many ms, need a second packet that agrees. */
const SEQUENCE_JUMP = 150;
const MEDIA_JUMP = 1_500;
/** Sound that is made up when nothing comes, in ms; then silence. */
const LONGEST_MADE = 100;
/** The stream is to be made shorter or longer when its delay is that far (ms) from what is wanted, until it is that near. */
const FAR = 12;
const NEAR = 3;
/** While more than the first share of packets is lost, and until less than the second one is, packets are held a frame longer: then the one behind a lost one is there. */
const LOSING = 0.015;
const LOSING_NO_MORE = 0.005;
/** A smaller share is none. */
const LEAST_LOSS = 1e-4;
/** Packets that the share is taken over. */
const LOSS_MEMORY = 256;

export interface JitterBufferOptions {
	/** Blocks of packets; those that the buffer took are given back to it. */
	readonly pool: PacketPool;
	/** Packets held at most, 2..64. */
	readonly packets: number;
	/** Delay in ms: limits of what is wanted; from `limit` on a packet is dropped when another one is there. */
	readonly minimum: number;
	readonly maximum: number;
	/** Default: `maximum` and a frame. */
	readonly limit?: number;
	/** Units of media time in a millisecond: 48 for Opus (RFC 7587). */
	readonly unitsPerMs: number;
	readonly estimate: DelayEstimate;
}

/**
 * Puts the packets of one stream in order and says what to play when. No I/O; `now` is the clock by which packets arrive, `due` the
 * same clock at the moment when what is taken will be played, so that the player's clock may be another one: its drift and the
 * sender's show as a delay that grows or shrinks, and `adjust` asks for it to be set right.
 *
 * Media time is 32 bits, sequence numbers are 16 bits, both wrap.
 */
export class JitterBuffer {
	// Fields are found one after the other: private ones first, and of those the ones used for each packet.
	readonly #places: Int32Array;
	readonly #mask: number;
	/** Number that is played next, highest one that came; 32 bits. */
	#next = 0;
	readonly #clock: TransitClock;
	#state = STATE_IDLE;
	readonly #pool: PacketPool;
	#frame = 0;
	#highest = 0;
	/** Media time that is played next, and units of it that were made up because nothing was there. */
	#position = 0;
	/** Block that the caller of `take` looks at; -1: none. */
	#lent = -1;
	readonly #perMs: number;
	readonly #estimate: DelayEstimate;
	/** Bit n: number `#next - 1 - n` is done with and needs no counting when it comes again. */
	#past = 0;
	/** Share of packets lost lately, and whether that is much. */
	#loss = 0;
	readonly #minimum: number;
	readonly #maximum: number;
	/** 0: `#maximum` and a frame. */
	readonly #limit: number;
	readonly #packets: number;
	#made = 0;
	/** Frames made up that will turn out not to be lost when the sender only paused. */
	#unsure = 0;
	/** A packet that did not fit the stream: the number that would confirm it, -1 for none. */
	#candidate = -1;
	#losing = false;
	/** Packets held. */
	held = 0;
	readonly counters = new JitterCounters();
	/** What `take` found: its packet in the pool, and the media time that it stands for. */
	offset = 0;
	length = 0;
	units = 0;
	/** -1: the stream should be made shorter by some ms, 1: longer, 0: it is right. */
	adjust = 0;
	/** By how many ms, at most. */
	excess = 0;
	/** Milliseconds between the earliest moment at which a packet could have come and its play-out, at the last packet taken. */
	delay = 0;
	/** The sender began anew since this was last set to false: what the decoder knows is of no use. */
	restarted = false;
	/** Packets bring the frame before them as well (in-band FEC): the caller's to set. */
	redundant = false;

	constructor(options: JitterBufferOptions) {
		const { packets, minimum, maximum, unitsPerMs } = options;
		if (!(packets >= 2 && packets <= 64) || !(minimum >= 0 && minimum <= maximum))
			throw new RangeError("jitter buffer: 2 to 64 packets, 0 <= minimum <= maximum");
		let places = 2;
		while (places < packets) places *= 2;
		this.#pool = options.pool;
		this.#estimate = options.estimate;
		this.#clock = new TransitClock(unitsPerMs);
		this.#minimum = minimum;
		this.#maximum = maximum;
		this.#limit = options.limit ?? 0;
		this.#perMs = unitsPerMs;
		this.#packets = packets;
		this.#places = new Int32Array(places << PLACE_SHIFT);
		this.#mask = places - 1;
	}

	/** Delay that is aimed at, in ms. */
	get target(): number {
		let wanted = this.#estimate.target;
		if (wanted < this.#minimum) wanted = this.#minimum;
		if (this.#losing && this.redundant) wanted += this.#frame / this.#perMs;
		return wanted < this.#maximum ? wanted : this.#maximum;
	}

	/** By how many millionths the sender's clock runs faster than ours; 0 until that is known, after half a minute. */
	get drift(): number {
		return this.#clock.drift;
	}

	/** Sound was played or made up at the last `take`. */
	get playing(): boolean {
		return this.#state === STATE_PLAYING;
	}

	/** Nothing is held and nothing is played. */
	get idle(): boolean {
		return this.held === 0 && this.#state !== STATE_PLAYING;
	}

	/**
	 * A packet that lies in a block of the pool.
	 * @param units media time that it lasts, > 0.
	 * @returns true when the buffer has taken the block, false when the packet is of no use: it was counted.
	 */
	insert(block: number, sequence: number, media: number, units: number, now: number): boolean {
		const counters = this.counters;
		const clock = this.#clock;
		counters.received++;
		this.#frame = units;
		if (this.#state === STATE_IDLE || now - clock.last > PAUSE) this.begin(sequence, media, now);
		let highest = this.#highest;
		let step = ((sequence - highest) << 16) >> 16;
		const late = clock.delay(media, now);
		if (step > SEQUENCE_JUMP || step < -SEQUENCE_JUMP || late > MEDIA_JUMP || late < -MEDIA_JUMP) {
			if (this.#candidate !== sequence) {
				this.#candidate = (sequence + 1) & 0xffff;
				counters.strange++;
				return false;
			}
			this.begin(sequence, media, now);
			highest = this.#highest;
			step = 0;
		}
		this.#candidate = -1;
		const number = (highest + step) | 0;
		const ahead = (number - this.#next) | 0;
		if (ahead < 0 && !this.precedes(number, ahead, media, now)) return false;
		if (ahead > this.#mask) this.reach(number);
		const places = this.#places;
		const place = (number & this.#mask) << PLACE_SHIFT;
		if (places[place] !== 0) {
			counters.duplicates++;
			return false;
		}
		// A copy of an old packet says nothing about delays, so it is looked at only now.
		const delay = clock.observe(media, now);
		this.#estimate.observe(delay, clock.media, now);
		places[place] = block + 1;
		places[place + PLACE_SEQUENCE] = number;
		places[place + PLACE_MEDIA] = media;
		places[place + PLACE_UNITS] = units;
		if (step > 0) this.#highest = number;
		else if (step < 0) counters.reordered++;
		const held = this.held + 1;
		this.held = held;
		if (held > this.#packets) this.drop(this.firstPlace());
		return true;
	}

	/** What is to be played at `due`. A packet is good until the next call of any method. */
	take(due: number): number {
		const lent = this.#lent;
		if (lent >= 0) {
			this.#lent = -1;
			this.#pool.release(lent);
		}
		if (this.held === 0) return this.#state === STATE_PLAYING ? this.makeUp() : TAKE_NOTHING;
		const places = this.#places;
		const clock = this.#clock;
		let place = (this.#next & this.#mask) << PLACE_SHIFT;
		if (places[place] === 0) place = this.firstPlace();
		let media = places[place + PLACE_MEDIA];
		let delay = clock.delay(media, due);
		const target = this.target;
		if (this.#state !== STATE_PLAYING) {
			if (delay < target) return TAKE_NOTHING;
			this.resume(media);
		}
		const frame = this.#frame;
		const limit = this.#limit;
		const longest = limit > 0 ? limit : this.#maximum + frame / this.#perMs;
		while (delay > longest && this.held > 1) {
			this.drop(place);
			place = this.firstPlace();
			media = places[place + PLACE_MEDIA];
			delay = clock.delay(media, due);
		}
		const number = places[place + PLACE_SEQUENCE];
		const missing = (number - this.#next) | 0;
		const distance = (media - this.#position) | 0;
		const half = frame >> 1;
		if (distance >= half && distance > 0) {
			if (missing > 0) return this.conceal(place, distance < frame + half);
			if (delay < target) {
				this.pause(media);
				return TAKE_NOTHING;
			}
		}
		if (missing > 0) this.passed(missing);
		this.delay = delay;
		this.judge(delay - target);
		return this.play(place, media);
	}

	/** Drops all packets: the stream begins anew with the next one. */
	clear(): void {
		const lent = this.#lent;
		if (lent >= 0) {
			this.#lent = -1;
			this.#pool.release(lent);
		}
		const places = this.#places;
		for (let place = 0; place < places.length; place += 1 << PLACE_SHIFT) {
			if (places[place] === 0) continue;
			this.#pool.release(places[place] - 1);
			places[place] = 0;
		}
		this.held = 0;
		this.adjust = 0;
		this.#candidate = -1;
		this.#state = STATE_IDLE;
	}

	/** Another sender: what was learnt of the old one is forgotten, its counters too. */
	reset(): void {
		this.clear();
		this.#clock.reset();
		this.#estimate.reset();
		this.#loss = 0;
		this.#losing = false;
		this.redundant = false;
		this.counters.clear();
		this.delay = 0;
		this.restarted = true;
	}

	/** Gives the oldest packet held back to the pool, for a newer one. @returns false when none is held. */
	dropOldest(): boolean {
		if (this.held === 0) return false;
		this.drop(this.firstPlace());
		return true;
	}

	/** A stream begins, or begins again after a pause or at another place. */
	private begin(sequence: number, media: number, now: number): void {
		const counters = this.counters;
		const step = ((sequence - this.#highest) << 16) >> 16;
		if (this.#state !== STATE_IDLE) {
			// The numbers went on during the pause when they are about as far as its time says: these packets were lost.
			const lost = (step - 1) * (this.#frame / this.#perMs);
			if (step >= 1 && lost <= now - this.#clock.last + PAUSE / 2) counters.lost += step - 1;
			else this.restarted = true;
			counters.restarts++;
		} else this.restarted = true;
		this.clear();
		this.#state = STATE_FILLING;
		this.#clock.begin(media, now);
		this.#estimate.begin?.();
		this.#next = sequence;
		this.#highest = sequence;
		this.#past = 0;
		this.#position = media;
		this.#made = 0;
		this.#unsure = 0;
	}

	/** A number before the next one: true when play-out can still begin with it. */
	private precedes(number: number, ahead: number, media: number, now: number): boolean {
		if (this.#state === STATE_FILLING && this.#past === 0 && ahead >= -this.#mask && this.held > 0) {
			const last = (this.#highest - number) | 0;
			if (last <= this.#mask) {
				this.#next = number;
				return true;
			}
		}
		const bit = -ahead - 1;
		const counters = this.counters;
		if (bit < 32 && (this.#past & (1 << bit)) !== 0) {
			counters.duplicates++;
			return false;
		}
		if (bit < 32) this.#past |= 1 << bit;
		counters.late++;
		if (counters.lost > 0) counters.lost--;
		this.#estimate.observe(this.#clock.observe(media, now), this.#clock.media, now);
		return false;
	}

	/** Index of the place of the first packet held; there is one. */
	private firstPlace(): number {
		const places = this.#places;
		const mask = this.#mask;
		let number = this.#next;
		while (places[(number & mask) << PLACE_SHIFT] === 0) number++;
		return (number & mask) << PLACE_SHIFT;
	}

	/** Gives up old numbers until there is a place for `number`. */
	private reach(number: number): void {
		while (this.held > 0 && ((number - this.#next) | 0) > this.#mask) this.drop(this.firstPlace());
		this.passed(((number - this.#next) | 0) - this.#mask);
	}

	/** The first packet is not played. */
	private drop(place: number): void {
		const places = this.#places;
		this.passed((places[place + PLACE_SEQUENCE] - this.#next) | 0);
		this.#position = (places[place + PLACE_MEDIA] + places[place + PLACE_UNITS]) | 0;
		this.counters.dropped++;
		this.#pool.release(this.vacate(place));
	}

	/** `missing` numbers are over and did not come. */
	private passed(missing: number): void {
		if (missing <= 0) return;
		this.counters.lost += missing;
		const loss = this.#loss + missing / LOSS_MEMORY;
		this.#loss = loss < 1 ? loss : 1;
		if (loss > LOSING) this.#losing = true;
		this.#next = (this.#next + missing) | 0;
		this.#past = missing < 32 ? this.#past << missing : 0;
	}

	/** Takes the packet, which is the next one, out of its place. @returns its block. */
	private vacate(place: number): number {
		const places = this.#places;
		const block = places[place] - 1;
		places[place] = 0;
		this.held--;
		this.#next = (places[place + PLACE_SEQUENCE] + 1) | 0;
		this.#past = (this.#past << 1) | 1;
		return block;
	}

	private play(place: number, media: number): number {
		const pool = this.#pool;
		const units = this.#places[place + PLACE_UNITS];
		this.#position = (media + units) | 0;
		this.#made = 0;
		this.#unsure = 0;
		const block = this.vacate(place);
		if (this.#loss > 0) this.recover();
		this.#lent = block;
		this.units = units;
		this.offset = pool.offset(block);
		this.length = pool.lengths[block];
		this.counters.played++;
		return TAKE_PACKET;
	}

	/** A packet was played: the share of losses falls. */
	private recover(): void {
		const loss = this.#loss - this.#loss / LOSS_MEMORY;
		if (loss < LOSING_NO_MORE) this.#losing = false;
		this.#loss = loss > LEAST_LOSS ? loss : 0;
	}

	/** The number at `#next` is lost; the packet at `place` is the first one behind the hole. */
	private conceal(place: number, withNext: boolean): number {
		const block = this.#places[place] - 1;
		this.passed(1);
		this.counters.concealed++;
		if (withNext && this.redundant) this.counters.recovered++;
		this.offset = this.#pool.offset(block);
		this.length = withNext ? this.#pool.lengths[block] : 0;
		return this.fill();
	}

	/** Nothing is there: what comes next may be late, lost, or a pause. */
	private makeUp(): number {
		if (this.#made >= LONGEST_MADE * this.#perMs) {
			this.#state = STATE_DRY;
			return TAKE_NOTHING;
		}
		this.counters.concealed++;
		this.#unsure++;
		this.#made += this.#frame;
		this.length = 0;
		return this.fill();
	}

	private fill(): number {
		const frame = this.#frame;
		this.units = frame;
		this.adjust = 0;
		this.#position = (this.#position + frame) | 0;
		return TAKE_CONCEAL;
	}

	/** The sender was silent: the packet of media time `media` waits for its time. */
	private pause(media: number): void {
		this.#state = STATE_DRY;
		this.resumed(media);
	}

	/** Play-out begins with media time `media`. */
	private resume(media: number): void {
		this.resumed(media);
		this.#state = STATE_PLAYING;
		this.#position = media;
		this.#made = 0;
	}

	/** What was made up before media time `media` counts only when something was lost there. */
	private resumed(media: number): void {
		const counters = this.counters;
		const end = (this.#position - this.#made) | 0;
		if (this.#unsure > 0 && ((media - end) | 0) >= this.#frame >> 1 && this.firstNumber() === this.#next) {
			counters.concealed -= this.#unsure;
			counters.pauses++;
		}
		this.#unsure = 0;
	}

	private firstNumber(): number {
		return this.#places[this.firstPlace() + PLACE_SEQUENCE];
	}

	private judge(excess: number): void {
		const size = excess < 0 ? -excess : excess;
		if (size > FAR) this.adjust = excess > 0 ? -1 : 1;
		else if (size < NEAR || excess > 0 === this.adjust > 0) this.adjust = 0;
		this.excess = size;
	}
}
