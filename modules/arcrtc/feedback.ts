import { APP_CTX_ACK, APP_CTX_NACK, CONTEXT_FEEDBACK_MS, PRIORITY_DROPPABLE, STREAMS } from "arcrtc/constants";
import { ControlCounters } from "arcrtc/control_counters";
import { ControlEvents, EVENT_PICTURE_LOSS, EVENT_REPORT, EVENT_SENDER_REPORT, EVENT_UNREPAIRED } from "arcrtc/control_events";
import { type ControlAuth, ControlKeys, OPENED } from "arcrtc/control_keys";
import { ControlReader } from "arcrtc/control_reader";
import { FEEDBACK_BYTES, writeContexts, writeNack, writePictureLoss } from "arcrtc/control_wire";
import type { DropCounters } from "arcrtc/counters";
import { NackRequests, NOT_MISSED, SENT_AGAIN } from "arcrtc/nack_request";
import { PictureRequests } from "arcrtc/picture_requests";
import { Reception } from "arcrtc/reception";
import { ResendRing } from "arcrtc/resend_ring";
import { Transmission } from "arcrtc/transmission";
import type { Arena } from "storage/arena";

/** Packets that may be missing at a time. */
const MISSING = 48;
/** Room for the longest control packet that is made: a NACK with a pair for each missing packet, and the whole HMAC. */
export const CONTROL_ROOM = FEEDBACK_BYTES + MISSING * 4 + 4 + 32;

export interface FeedbackOptions {
	readonly arena: Arena;
	/** Offset of {@link CONTROL_ROOM} bytes in which packets are made. */
	readonly room: number;
	/** Region for packets that may be sent again: 200 ms of them, see {@link resendBytes}; 0 bytes: none are. */
	readonly ring: number;
	readonly ringBytes: number;
	/** SSRC of what we report, random and no stream's. */
	readonly ssrc: number;
	readonly drops: DropCounters;
}

/** Bytes of a ring for streams of so many kbit/s: 200 ms. */
export function resendBytes(kbps: number): number {
	return Math.ceil(kbps * 25);
}

/**
 * All control packets of a session (section 2.7): reads those of the peer, says which of ours are to be sent and when. No I/O. Streams are
 * places 0..3 of each direction. Ask `event` until there is none after `open` and `next`.
 */
export class Feedback {
	readonly #receiving: Reception;
	readonly #requests: NackRequests;
	readonly #sending: Transmission;
	readonly #ring: ResendRing;
	readonly #pictures: PictureRequests;
	/** Priority of the newest packet of each stream of the peer. */
	readonly #priorities = new Uint8Array(STREAMS);
	/** Bits of places whose losses are asked for, and whose packets are kept. */
	#asking = 0;
	#keeping = 0;
	/** The deadline is to be found again. */
	#stale = true;
	#deadline = Infinity;
	#now = 0;
	readonly #view: DataView;
	readonly #room: number;
	readonly #keys: ControlKeys;
	#ackBits = 0;
	#nackBits = 0;
	#ackAfter = -Infinity;
	#nackAfter = -Infinity;
	readonly #events = new ControlEvents();
	readonly #reader: ControlReader;
	readonly counters: ControlCounters;
	/** SSRC of what we report. */
	ssrc: number;
	/** The path loses nothing (TCP): nothing is asked for and nothing kept. */
	reliable = false;
	/** When something authentic came last. */
	heard = -Infinity;
	/** Of the last event; of the last {@link nextResend}: priority. */
	place = 0;
	value = 0;
	offset = 0;
	length = 0;
	priority = 0;

	constructor(options: FeedbackOptions) {
		const { arena, room } = options;
		if (room < 0 || room + CONTROL_ROOM > arena.buffer.byteLength) throw new RangeError("feedback: room outside of the arena");
		const counters = new ControlCounters();
		this.counters = counters;
		this.#view = arena.view;
		this.#room = room;
		this.ssrc = options.ssrc;
		this.#keys = new ControlKeys(arena, STREAMS, 2 * STREAMS);
		this.#receiving = new Reception(STREAMS);
		this.#sending = new Transmission(STREAMS);
		this.#requests = new NackRequests(STREAMS, MISSING);
		this.#pictures = new PictureRequests(STREAMS);
		this.#ring = new ResendRing(arena, options.ring, options.ringBytes, counters);
		this.#reader = new ControlReader({
			view: arena.view,
			keys: this.#keys,
			receiving: this.#receiving,
			sending: this.#sending,
			ring: this.#ring,
			events: this.#events,
			counters,
			drops: options.drops,
		});
	}

	/** What came of the peer's streams, and what the peer says of ours. */
	get receiving(): Reception {
		return this.#receiving;
	}

	get sending(): Transmission {
		return this.#sending;
	}

	/** Our stream at a place, with its SendKeys. `clock` in Hz; `resend`: NACK was negotiated for it. */
	openSender(place: number, ssrc: number, clock: number, keys: ControlAuth, resend: boolean): void {
		this.closeSender(place);
		this.#sending.open(place, ssrc, clock);
		this.#keys.open(place, keys);
		if (resend) this.#keeping |= 1 << place;
	}

	closeSender(place: number): void {
		this.#sending.close(place);
		this.#ring.clear(place);
		this.#keys.close(place);
		this.#keeping &= ~(1 << place);
		this.#events.drop(EVENT_PICTURE_LOSS, place);
		this.#events.drop(EVENT_REPORT, place);
		this.#stale = true;
	}

	/** The peer's stream at a place, with its ReceiveKeys. `nack`: its losses may be asked for. */
	openReceiver(place: number, ssrc: number, clock: number, keys: ControlAuth, nack: boolean): void {
		this.closeReceiver(place);
		this.#receiving.open(place, ssrc, clock);
		this.#keys.open(STREAMS + place, keys);
		this.#priorities[place] = PRIORITY_DROPPABLE;
		if (nack) this.#asking |= 1 << place;
	}

	closeReceiver(place: number): void {
		this.#receiving.close(place);
		this.#requests.clear(place);
		this.#pictures.clear(place);
		this.#keys.close(STREAMS + place);
		this.#asking &= ~(1 << place);
		this.#requests.unrepaired &= ~(1 << place);
		this.#events.drop(EVENT_UNREPAIRED, place);
		this.#events.drop(EVENT_SENDER_REPORT, place);
		this.#stale = true;
	}

	/** Ms from when a packet of the peer's stream is missed to its play-out; Infinity: it is of use whenever it comes. */
	setPlayout(place: number, ms: number): void {
		this.#requests.setPlayout(place, ms);
	}

	/** The round trip was measured in another way. */
	observeRoundTrip(ms: number): void {
		this.#sending.observe(ms);
		this.#requests.setRoundTrip(this.#sending.roundTrip);
	}

	/** Another path is used from now on: its round trip is measured anew, reports are made at once. */
	pathChanged(now: number): void {
		this.#sending.hurry(now);
		this.#receiving.hurry(now);
		this.#requests.setRoundTrip(-1);
		this.#stale = true;
	}

	/** An authenticated packet of the peer's stream `place`, seen for the first time. */
	received(place: number, extended: number, timestamp: number, priority: number, now: number): void {
		const receiving = this.#receiving;
		const step = receiving.received(place, extended, timestamp, now);
		const requests = this.#requests;
		if (step > 0) {
			if (step > 1) this.gap(place, extended, step - 1, priority, now);
			else if (requests.count > 0 && requests.later(place, receiving.count(place))) {
				this.#now = now;
				this.#stale = true;
			}
			this.#priorities[place] = priority;
			if (this.#pictures.waiting > 0) this.#pictures.received(place, extended, timestamp, priority);
			if (receiving.count(place) === 1) this.#stale = true;
			return;
		}
		const what = requests.count > 0 ? requests.arrived(place, extended, now) : NOT_MISSED;
		if (what === SENT_AGAIN) this.counters.repaired++;
		receiving.late(place, extended, timestamp, now, what === SENT_AGAIN);
		this.#stale = true;
	}

	/** FEC brought a packet that was lost: it is not asked for any more. */
	recovered(place: number, extended: number, now: number): void {
		if (this.#requests.count > 0) this.#requests.arrived(place, extended, now);
		this.#stale = true;
	}

	/** Pictures of the peer's stream can not be shown until a key frame comes: it is asked for until it does. */
	wantKeyFrame(place: number, now: number): void {
		this.#pictures.want(place, this.#receiving.highest(place), this.#receiving.timestamp(place), now);
		this.#stale = true;
	}

	/** Contexts of the peer that were bound, or that are not known, are to be told: at most every 50 ms. */
	contextAck(bitmap: number): void {
		this.#ackBits |= bitmap;
		this.#stale = true;
	}

	contextNack(bitmap: number): void {
		this.#nackBits |= bitmap;
		this.#stale = true;
	}

	/** A packet of our stream was sealed and sent; `octets` of it are payload. What was sent again is not told. */
	sent(
		place: number,
		sequence: number,
		timestamp: number,
		offset: number,
		length: number,
		octets: number,
		priority: number,
		now: number,
	): void {
		if (this.#sending.sent(place, sequence, timestamp, octets, now)) this.#stale = true;
		const keep = ((this.#keeping >> place) & 1) !== 0 && priority !== PRIORITY_DROPPABLE && !this.reliable;
		this.#ring.sent(place, sequence, offset, length, priority, keep, now);
	}

	/** The next packet to send again, at `offset` with `length` and `priority`, as it is. @returns false when there is none. */
	nextResend(): boolean {
		const ring = this.#ring;
		if (ring.wanted === 0 || this.reliable || !ring.take()) return false;
		this.offset = ring.offset;
		this.length = ring.length;
		this.priority = ring.priority;
		return true;
	}

	/** A datagram whose second byte is of RTCP. @returns 0, or why it was dropped: it was counted. */
	open(offset: number, length: number, now: number): number {
		const verdict = this.#reader.open(offset, length, now);
		if (verdict !== OPENED) return verdict;
		this.heard = now;
		this.#requests.setRoundTrip(this.#sending.roundTrip);
		this.#stale = true;
		return OPENED;
	}

	/** What happened, an EVENT_ of arcrtc/control_events; `place` and `value` go with it. Each is told once. */
	event(): number {
		const requests = this.#requests;
		const events = this.#events;
		if (requests.unrepaired !== 0) {
			events.add(EVENT_UNREPAIRED, requests.unrepaired);
			requests.unrepaired = 0;
		}
		const event = events.take();
		this.place = events.place;
		this.value = events.value;
		if (event === EVENT_REPORT) {
			this.#sending.recall(events.place);
			this.value = this.#sending.highest;
		}
		return event;
	}

	/** When `next` is to be called. */
	get deadline(): number {
		if (!this.#stale) return this.#deadline;
		this.#stale = false;
		let deadline = this.#receiving.deadline;
		let other = this.#sending.deadline;
		if (other < deadline) deadline = other;
		other = this.#pictures.deadline;
		if (other < deadline) deadline = other;
		if (this.#requests.count > 0) {
			other = this.#requests.deadline(this.#now);
			if (other < deadline) deadline = other;
		}
		if (this.#ackBits !== 0 && this.#ackAfter < deadline) deadline = this.#ackAfter;
		if (this.#nackBits !== 0 && this.#nackAfter < deadline) deadline = this.#nackAfter;
		this.#deadline = deadline;
		return deadline;
	}

	/**
	 * Makes the next control packet that is due, ready to be sent, at `offset`: call it until there is none.
	 * @param wall Unix ms, below 0 when they are not known.
	 * @returns its bytes; 0: nothing is due.
	 */
	next(now: number, wall: number): number {
		this.#now = now;
		if (now < this.deadline) return 0;
		this.#stale = true;
		this.offset = this.#room;
		let bytes = this.contexts(now);
		if (bytes === 0) bytes = this.losses(now);
		for (let place = 0; place < STREAMS && bytes === 0; place++) {
			if (this.#pictures.waiting > 0 && this.#pictures.due(place, this.#sending.roundTrip, now)) {
				this.counters.picturesAsked++;
				const made = writePictureLoss(this.#view, this.#room, this.ssrc, this.#receiving.ssrc(place));
				bytes = this.seal(STREAMS + place, made);
			} else if (this.#receiving.due(place, now)) {
				bytes = this.seal(STREAMS + place, this.#receiving.report(place, this.#view, this.#room, this.ssrc, now));
			} else if (this.#sending.due(place, now)) {
				bytes = this.seal(place, this.#sending.report(place, this.#view, this.#room, now, wall));
			}
		}
		this.length = bytes;
		return bytes;
	}

	private gap(place: number, extended: number, count: number, priority: number, now: number): void {
		this.counters.missed += count;
		this.#stale = true;
		this.#now = now;
		if (((this.#asking >> place) & 1) === 0 || this.reliable) return;
		const requests = this.#requests;
		const before = this.#priorities[place];
		const received = this.#receiving.count(place);
		if (requests.count > 0) requests.later(place, received);
		requests.missing(place, extended, count, before < priority ? before : priority, received, now);
		this.counters.givenUp = requests.givenUp;
	}

	/** CTX_NACK, then CTX_ACK, when they are due. They are about any stream of the peer. */
	private contexts(now: number): number {
		let subtype = 0;
		let bitmap = 0;
		if (this.#nackBits !== 0 && now >= this.#nackAfter) {
			subtype = APP_CTX_NACK;
			bitmap = this.#nackBits;
			this.#nackBits = 0;
			this.#nackAfter = now + CONTEXT_FEEDBACK_MS;
		} else if (this.#ackBits !== 0 && now >= this.#ackAfter) {
			subtype = APP_CTX_ACK;
			bitmap = this.#ackBits;
			this.#ackBits = 0;
			this.#ackAfter = now + CONTEXT_FEEDBACK_MS;
		} else return 0;
		for (let place = STREAMS; place < 2 * STREAMS; place++)
			if (this.#keys.has(place)) return this.seal(place, writeContexts(this.#view, this.#room, this.ssrc, subtype, bitmap));
		return 0;
	}

	/** NACK for the losses of one stream that are due. */
	private losses(now: number): number {
		const requests = this.#requests;
		if (requests.count === 0) return 0;
		const place = requests.due(now);
		this.counters.givenUp = requests.givenUp;
		if (place < 0) return 0;
		const head = writeNack(this.#view, this.#room, this.ssrc, this.#receiving.ssrc(place));
		const bytes = requests.collect(place, this.#view, this.#room, head, now);
		this.counters.requested += requests.asked;
		return bytes > head ? this.seal(STREAMS + place, bytes) : 0;
	}

	private seal(place: number, bytes: number): number {
		if (bytes === 0) return 0;
		const sealed = this.#keys.seal(place, this.#room, bytes);
		if (sealed > 0) this.counters.sent++;
		return sealed;
	}
}
