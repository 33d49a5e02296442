import { REPORT_LOSS, REPORT_MS } from "arcrtc/constants";
import { writeReceiverReport } from "arcrtc/control_wire";

/** Words of a stream: its SSRC; ticks in a ms, 0: no stream. */
const SSRC = 0;
const TICKS = 1;
/** Highest extended sequence number, -1: none came; the first one; packets that came; time stamp and arrival of the last, jitter in ticks. */
const HIGHEST = 2;
const FIRST = 3;
const RECEIVED = 4;
const TIMESTAMP = 5;
const ARRIVAL = 6;
const JITTER = 7;
/** At the last report: when, packets expected and received. */
const REPORTED = 8;
const EXPECTED_BEFORE = 9;
const RECEIVED_BEFORE = 10;
/** When the next report is due, and when to look whether it is due at once. */
const DUE = 11;
const LOOK = 12;
/** Last sender report: middle of its NTP time, when it came, its NTP time in Unix ms, its time stamp; 1: it came since our last report. */
const MIDDLE = 13;
const SENDER_CAME = 14;
const SENDER_TIME = 15;
const SENDER_TIMESTAMP = 16;
const SENDER_FRESH = 17;
const WORDS = 18;

/** Ms after a gap until what is missing counts for a report at once: as long as a request for it waits. */
const SETTLE = 10;
/** Such reports come at most every so many ms, and tell of so many packets at least. */
const QUICK_MS = 200;
const QUICK_PACKETS = 20;
const DLSR_PER_MS = 65.536;

/** What came of the streams that we receive: extended sequence numbers, loss, jitter, reports (RFC 3550 section 6.4, A.3, A.8). No I/O. */
export class Reception {
	readonly #table: Float64Array;
	readonly #places: number;

	constructor(places: number) {
		this.#places = places;
		this.#table = new Float64Array(places * WORDS);
	}

	/** A stream begins. `clock` in Hz. */
	open(place: number, ssrc: number, clock: number): void {
		const table = this.#table;
		const at = place * WORDS;
		table.fill(0, at, at + WORDS);
		table[at + SSRC] = ssrc;
		table[at + TICKS] = clock / 1000;
		table[at + HIGHEST] = -1;
		table[at + DUE] = Infinity;
		table[at + LOOK] = Infinity;
		table[at + SENDER_CAME] = -1;
	}

	close(place: number): void {
		this.open(place, 0, 0);
	}

	/** Place of the stream; -1: there is none. */
	find(ssrc: number): number {
		const table = this.#table;
		for (let place = 0, at = 0; place < this.#places; place++, at += WORDS)
			if (table[at] === ssrc && table[at + TICKS] !== 0) return place;
		return -1;
	}

	ssrc(place: number): number {
		return this.#table[place * WORDS];
	}

	/**
	 * An authenticated packet. @returns how far its number is from the highest one: 1 in order, more after a gap, below 0 a late one,
	 * which is not counted yet: {@link late}.
	 */
	received(place: number, extended: number, timestamp: number, now: number): number {
		const table = this.#table;
		const at = place * WORDS;
		const highest = table[at + HIGHEST];
		const step = extended - highest;
		if (highest >= 0) {
			if (step <= 0) return step;
			const jitter = table[at + JITTER];
			let delta = (now - table[at + ARRIVAL]) * table[at + TICKS] - ((timestamp - table[at + TIMESTAMP]) | 0);
			if (delta < 0) delta = -delta;
			table[at + JITTER] = jitter + (delta - jitter) / 16;
		} else {
			table[at + FIRST] = extended;
			table[at + REPORTED] = now;
			table[at + DUE] = table[at + SENDER_CAME] < 0 ? now + REPORT_MS : now;
		}
		table[at + HIGHEST] = extended;
		table[at + TIMESTAMP] = timestamp;
		table[at + ARRIVAL] = now;
		table[at + RECEIVED]++;
		if (highest < 0) return 1;
		if (step > 1 && table[at + LOOK] === Infinity) {
			const settled = now + SETTLE;
			const soonest = table[at + REPORTED] + QUICK_MS;
			table[at + LOOK] = settled > soonest ? settled : soonest;
		}
		return step;
	}

	/** A packet with a number below the highest. `again`: the sender sent it a second time, so it was lost and tells nothing of jitter. */
	late(place: number, extended: number, timestamp: number, now: number, again: boolean): void {
		if (again) return;
		const table = this.#table;
		const at = place * WORDS;
		if (extended < table[at + FIRST]) table[at + FIRST] = extended;
		const jitter = table[at + JITTER];
		let delta = (now - table[at + ARRIVAL]) * table[at + TICKS] - ((timestamp - table[at + TIMESTAMP]) | 0);
		if (delta < 0) delta = -delta;
		table[at + JITTER] = jitter + (delta - jitter) / 16;
		table[at + TIMESTAMP] = timestamp;
		table[at + ARRIVAL] = now;
		table[at + RECEIVED]++;
	}

	/** Packets that came, each once. */
	count(place: number): number {
		return this.#table[place * WORDS + RECEIVED];
	}

	/** Packets that the network lost; those that were sent again stay lost. */
	lost(place: number): number {
		return this.expected(place) - this.count(place);
	}

	/** Packets that the sender sent from the first one that came. */
	expected(place: number): number {
		const table = this.#table;
		const at = place * WORDS;
		return table[at + HIGHEST] < 0 ? 0 : table[at + HIGHEST] - table[at + FIRST] + 1;
	}

	/** Jitter in ms. */
	jitter(place: number): number {
		const ticks = this.#table[place * WORDS + TICKS];
		return ticks === 0 ? 0 : this.#table[place * WORDS + JITTER] / ticks;
	}

	highest(place: number): number {
		return this.#table[place * WORDS + HIGHEST];
	}

	timestamp(place: number): number {
		return this.#table[place * WORDS + TIMESTAMP];
	}

	/** A sender report at `at` of `view`. The first one is answered at once: the sender learns the round trip from it. */
	sender(place: number, view: DataView, at: number, now: number): void {
		const table = this.#table;
		const row = place * WORDS;
		if (table[row + SENDER_CAME] < 0 && table[row + HIGHEST] >= 0) table[row + DUE] = now;
		table[row + MIDDLE] = view.getUint32(at + 10);
		table[row + SENDER_CAME] = now;
		table[row + SENDER_FRESH] = 1;
		table[row + SENDER_TIME] = (view.getUint32(at + 8) - 2_208_988_800 + view.getUint32(at + 12) / 0x100000000) * 1000;
		table[row + SENDER_TIMESTAMP] = view.getUint32(at + 16);
	}

	/** Time (Unix ms by the sender's clock) at which what has this time stamp was taken in; -1: no sender report came. */
	captured(place: number, timestamp: number): number {
		const table = this.#table;
		const at = place * WORDS;
		if (!(table[at + SENDER_CAME] >= 0)) return -1;
		return table[at + SENDER_TIME] + ((timestamp - table[at + SENDER_TIMESTAMP]) | 0) / table[at + TICKS];
	}

	/** When `due` is to be asked next. */
	get deadline(): number {
		const table = this.#table;
		let deadline = Infinity;
		for (let place = 0, at = 0; place < this.#places; place++, at += WORDS) {
			if (table[at + TICKS] === 0) continue;
			if (table[at + DUE] < deadline) deadline = table[at + DUE];
			if (table[at + LOOK] < deadline) deadline = table[at + LOOK];
		}
		return deadline;
	}

	/** Whether a report of the stream is to be made now. */
	due(place: number, now: number): boolean {
		const table = this.#table;
		const at = place * WORDS;
		if (table[at + TICKS] === 0) return false;
		if (now >= table[at + LOOK]) {
			const expected = this.expected(place) - table[at + EXPECTED_BEFORE];
			const lost = expected - (table[at + RECEIVED] - table[at + RECEIVED_BEFORE]);
			if (expected >= QUICK_PACKETS && lost > expected * REPORT_LOSS) return true;
			table[at + LOOK] = expected < QUICK_PACKETS && lost > 0 ? now + QUICK_MS / 2 : Infinity;
		}
		return now >= table[at + DUE];
	}

	/** The next report is made at once, as after a change of the path. */
	hurry(now: number): void {
		const table = this.#table;
		for (let place = 0, at = 0; place < this.#places; place++, at += WORDS) if (table[at + HIGHEST] >= 0) table[at + DUE] = now;
	}

	/** Writes the report that is due. @returns its bytes; 0: nothing came since the last one, so there is nothing to tell. */
	report(place: number, view: DataView, to: number, own: number, now: number): number {
		const table = this.#table;
		const at = place * WORDS;
		const expected = this.expected(place);
		const received = table[at + RECEIVED];
		const fresh = expected - table[at + EXPECTED_BEFORE];
		const came = received - table[at + RECEIVED_BEFORE];
		const senderCame = table[at + SENDER_CAME];
		const silent = fresh === 0 && came === 0 && table[at + SENDER_FRESH] === 0;
		table[at + LOOK] = Infinity;
		// One that came late keeps the beat: the reports are a second apart in the mean.
		const beat = table[at + DUE] + REPORT_MS;
		table[at + DUE] = beat > now && table[at + DUE] <= now ? beat : now + REPORT_MS;
		if (silent || table[at + HIGHEST] < 0) {
			table[at + REPORTED] = now;
			return 0;
		}
		table[at + SENDER_FRESH] = 0;
		table[at + EXPECTED_BEFORE] = expected;
		table[at + RECEIVED_BEFORE] = received;
		table[at + REPORTED] = now;
		const lost = fresh - came;
		const fraction = lost <= 0 ? 0 : lost >= fresh ? 255 : Math.floor((lost * 256) / fresh);
		return writeReceiverReport(
			view,
			to,
			own,
			table[at + SSRC],
			fraction,
			expected - received,
			table[at + HIGHEST],
			Math.floor(table[at + JITTER]),
			senderCame >= 0 ? table[at + MIDDLE] : 0,
			senderCame >= 0 ? Math.round((now - senderCame) * DLSR_PER_MS) : 0,
		);
	}
}
