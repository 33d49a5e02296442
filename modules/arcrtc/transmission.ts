import { REPORT_MS } from "arcrtc/constants";
import { middleOfNtp, writeSenderReport } from "arcrtc/control_wire";

/** Words of a stream: its SSRC; ticks in a ms, 0: no stream. */
const SSRC = 0;
const TICKS = 1;
/** Packets and bytes of payload sent; time stamp, moment and number of the last one. */
const PACKETS = 2;
const OCTETS = 3;
const TIMESTAMP = 4;
const SENT = 5;
const SEQUENCE = 6;
/** When the next report is due, packets at the last one. */
const DUE = 7;
const PACKETS_BEFORE = 8;
/** What the peer reported last: packets lost in all, highest number, share lost, jitter; lost and sent since it was asked for. */
const LOST = 9;
const HIGHEST = 10;
const FRACTION = 11;
const JITTER = 12;
const LOST_SINCE = 13;
const SENT_SINCE = 14;
/** Middle of the NTP time of the last sender reports, and when each was sent. */
const REPORTS = 15;
const REPORTS_KEPT = 4;
const REPORT_WORDS = 2;
const WORDS = REPORTS + REPORTS_KEPT * REPORT_WORDS;

const DLSR_PER_MS = 65.536;
/** A round trip that no path has, ms: such a report is wrong. */
const LONGEST_ROUND_TRIP = 60_000;
const SMOOTHING = 8;

/** What we sent, and what peers report of it (RFC 3550 section 6.4). No I/O. */
export class Transmission {
	readonly #table: Float64Array;
	readonly #places: number;
	/** Round trip of the path in ms, smoothed; the last one; -1: none is known. */
	roundTrip = -1;
	lastRoundTrip = -1;
	/** Of the stream that was recalled: share of packets lost in 1/256, packets lost in all, lost and sent since it was recalled before. */
	fraction = 0;
	lost = 0;
	lostSince = 0;
	sentSince = 0;
	/** Extended number that came last (32 bits), jitter in ms. */
	highest = 0;
	jitter = 0;

	constructor(places: number) {
		this.#places = places;
		this.#table = new Float64Array(places * WORDS);
	}

	open(place: number, ssrc: number, clock: number): void {
		const table = this.#table;
		const at = place * WORDS;
		table.fill(0, at, at + WORDS);
		table[at + SSRC] = ssrc;
		table[at + TICKS] = clock / 1000;
		table[at + DUE] = Infinity;
		table[at + HIGHEST] = -1;
	}

	close(place: number): void {
		this.open(place, 0, 0);
	}

	find(ssrc: number): number {
		const table = this.#table;
		for (let place = 0, at = 0; place < this.#places; place++, at += WORDS)
			if (table[at] === ssrc && table[at + TICKS] !== 0) return place;
		return -1;
	}

	ssrc(place: number): number {
		return this.#table[place * WORDS];
	}

	/** A packet was sent. @returns true when a report is due for it: with the first packet, and the first one after a silence. */
	sent(place: number, sequence: number, timestamp: number, octets: number, now: number): boolean {
		const table = this.#table;
		const at = place * WORDS;
		table[at + PACKETS]++;
		table[at + OCTETS] += octets;
		table[at + TIMESTAMP] = timestamp;
		table[at + SENT] = now;
		table[at + SEQUENCE] = sequence;
		if (table[at + DUE] !== Infinity) return false;
		table[at + DUE] = now;
		return true;
	}

	get deadline(): number {
		const table = this.#table;
		let deadline = Infinity;
		for (let place = 0, at = 0; place < this.#places; place++, at += WORDS)
			if (table[at + TICKS] !== 0 && table[at + DUE] < deadline) deadline = table[at + DUE];
		return deadline;
	}

	due(place: number, now: number): boolean {
		const at = place * WORDS;
		return this.#table[at + TICKS] !== 0 && now >= this.#table[at + DUE];
	}

	/** Another path: its round trip is not known, and the next report is made at once. */
	hurry(now: number): void {
		this.roundTrip = -1;
		const table = this.#table;
		for (let place = 0, at = 0; place < this.#places; place++, at += WORDS) {
			if (table[at + PACKETS] === 0) continue;
			table[at + DUE] = now;
			table[at + PACKETS_BEFORE] = -1;
		}
	}

	/**
	 * Writes the sender report that is due. @param wall Unix ms, below 0 when the device does not know them: then its uptime stands for them.
	 * @returns its bytes; 0: nothing was sent since the last one.
	 */
	report(place: number, view: DataView, to: number, now: number, wall: number): number {
		const table = this.#table;
		const at = place * WORDS;
		if (table[at + PACKETS] === table[at + PACKETS_BEFORE]) {
			table[at + DUE] = Infinity;
			return 0;
		}
		const beat = table[at + DUE] + REPORT_MS;
		table[at + DUE] = beat > now ? beat : now + REPORT_MS;
		table[at + PACKETS_BEFORE] = table[at + PACKETS];
		const timestamp = table[at + TIMESTAMP] + Math.round((now - table[at + SENT]) * table[at + TICKS]);
		const bytes = writeSenderReport(
			view,
			to,
			table[at + SSRC],
			wall < 0 ? now : wall,
			timestamp,
			table[at + PACKETS],
			table[at + OCTETS],
		);
		for (let word = at + WORDS - 1; word >= at + REPORTS + REPORT_WORDS; word--) table[word] = table[word - REPORT_WORDS];
		table[at + REPORTS] = middleOfNtp(view, to);
		table[at + REPORTS + 1] = now;
		return bytes;
	}

	/**
	 * Reads the report block at `at` about one of our streams. The round trip is taken by our own clock, which is not set: LSR only says
	 * which of our reports is meant. @returns false when it names a packet that was never sent.
	 */
	reported(place: number, view: DataView, at: number, now: number): boolean {
		const table = this.#table;
		const row = place * WORDS;
		const highest = view.getUint32(at + 8);
		if (table[row + PACKETS] === 0 || ((table[row + SEQUENCE] - highest) << 16) >> 16 < 0) return false;
		const word = view.getUint32(at + 4);
		const lost = (word << 8) >> 8;
		const before = table[row + HIGHEST];
		const step = before < 0 ? 0 : (highest - before) | 0;
		// One that was overtaken tells nothing new.
		if (step >= 0) {
			table[row + FRACTION] = word >>> 24;
			table[row + JITTER] = view.getUint32(at + 12) / table[row + TICKS];
			if (before >= 0) {
				table[row + SENT_SINCE] += step;
				table[row + LOST_SINCE] += lost - table[row + LOST];
			}
			table[row + HIGHEST] = highest;
			table[row + LOST] = lost;
		}
		const middle = view.getUint32(at + 16);
		if (middle !== 0) this.measure(row + REPORTS, middle, view.getUint32(at + 20), now);
		return true;
	}

	/** Sets the figures to those of one stream, and begins its sums anew. */
	recall(place: number): void {
		const table = this.#table;
		const row = place * WORDS;
		this.fraction = table[row + FRACTION];
		this.lost = table[row + LOST];
		this.highest = table[row + HIGHEST];
		this.jitter = table[row + JITTER];
		this.lostSince = table[row + LOST_SINCE];
		this.sentSince = table[row + SENT_SINCE];
		table[row + LOST_SINCE] = 0;
		table[row + SENT_SINCE] = 0;
	}

	/** A round trip in ms that was measured in another way: by heartbeats of signalling, or by STUN. */
	observe(roundTrip: number): void {
		if (!(roundTrip >= 0 && roundTrip <= LONGEST_ROUND_TRIP)) return;
		const smooth = this.roundTrip;
		this.lastRoundTrip = roundTrip;
		this.roundTrip = smooth < 0 ? roundTrip : smooth + (roundTrip - smooth) / SMOOTHING;
	}

	private measure(at: number, middle: number, dlsr: number, now: number): void {
		const table = this.#table;
		for (let kept = 0; kept < REPORTS_KEPT; kept++, at += REPORT_WORDS) {
			if (table[at] !== middle) continue;
			const roundTrip = now - table[at + 1] - dlsr / DLSR_PER_MS;
			this.observe(roundTrip < 0 && roundTrip > -1 ? 0 : roundTrip);
			return;
		}
	}
}
