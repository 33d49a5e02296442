import {
	APP_CTX_ACK,
	APP_CTX_NACK,
	APP_NAME,
	FMT_NACK,
	FMT_PLI,
	RTCP_APP,
	RTCP_PSFB,
	RTCP_RR,
	RTCP_RTPFB,
	RTCP_SR,
	STREAMS,
} from "arcrtc/constants";
import type { ControlCounters } from "arcrtc/control_counters";
import {
	type ControlEvents,
	EVENT_CONTEXT_ACK,
	EVENT_CONTEXT_NACK,
	EVENT_PICTURE_LOSS,
	EVENT_REPORT,
	EVENT_SENDER_REPORT,
} from "arcrtc/control_events";
import {
	CONTROL_AUTH,
	CONTROL_FORMAT,
	CONTROL_OLD,
	CONTROL_REPLAY,
	CONTROL_UNKNOWN,
	type ControlKeys,
	OPENED,
} from "arcrtc/control_keys";
import {
	APP_BYTES,
	BLOCK_BYTES,
	bytesOf,
	CONTROL_HEADER,
	CONTROL_TRAILER,
	countOf,
	FEEDBACK_BYTES,
	SENDER_BYTES,
	unpadded,
	wellFormed,
} from "arcrtc/control_wire";
import type { DropCounters } from "arcrtc/counters";
import type { Reception } from "arcrtc/reception";
import type { ResendRing } from "arcrtc/resend_ring";
import type { Transmission } from "arcrtc/transmission";

/** Pairs of one NACK that are read. */
const MOST_PAIRS = 64;
/** No stream is named: any of ours, any at all. */
const ANY_OF_OURS = -100;
const ANY = -101;

export interface ControlReaderParts {
	readonly view: DataView;
	readonly keys: ControlKeys;
	readonly receiving: Reception;
	readonly sending: Transmission;
	readonly ring: ResendRing;
	readonly events: ControlEvents;
	readonly counters: ControlCounters;
	readonly drops: DropCounters;
}

/**
 * Reads datagrams of control: whose stream they are about, whether they are authentic and new, then each RTCP packet in them. What is not
 * known is skipped by its length. Places of keys: 0..3 our streams, 4..7 the peer's.
 */
export class ControlReader {
	readonly #view: DataView;
	readonly #keys: ControlKeys;
	readonly #receiving: Reception;
	readonly #sending: Transmission;
	readonly #ring: ResendRing;
	readonly #events: ControlEvents;
	readonly #counters: ControlCounters;
	readonly #drops: DropCounters;

	constructor(parts: ControlReaderParts) {
		this.#view = parts.view;
		this.#keys = parts.keys;
		this.#receiving = parts.receiving;
		this.#sending = parts.sending;
		this.#ring = parts.ring;
		this.#events = parts.events;
		this.#counters = parts.counters;
		this.#drops = parts.drops;
	}

	/** @returns 0, or why the datagram was dropped: it was counted. */
	open(offset: number, length: number, now: number): number {
		const end = offset + length - CONTROL_TRAILER;
		const view = this.#view;
		if (!wellFormed(view, offset, end) || view.getUint8(end) >= 0x80) {
			this.#drops.format++;
			return CONTROL_FORMAT;
		}
		const place = this.verify(this.find(offset, end), offset, length, now);
		if (place < 0) {
			this.count(place);
			return place;
		}
		const counters = this.#counters;
		counters.received++;
		for (let at = offset; at < end; at += bytesOf(view, at)) if (!this.read(place, at, now)) counters.skipped++;
		return OPENED;
	}

	/** @returns the place whose keys verify the datagram, or why none does. */
	private verify(named: number, offset: number, length: number, now: number): number {
		const keys = this.#keys;
		if (named === CONTROL_UNKNOWN) return CONTROL_UNKNOWN;
		if (named >= 0) {
			const verdict = keys.verify(named, offset, length, now);
			return verdict === OPENED ? named : verdict;
		}
		const places = named === ANY ? 2 * STREAMS : STREAMS;
		let why = CONTROL_UNKNOWN;
		for (let place = 0; place < places; place++) {
			const verdict = keys.verify(place, offset, length, now);
			if (verdict === OPENED) return place;
			// One that was seen before is that, whatever it would be for other streams.
			if (why !== CONTROL_REPLAY && verdict !== CONTROL_UNKNOWN) why = verdict;
		}
		return why;
	}

	private count(why: number): void {
		const drops = this.#drops;
		if (why === CONTROL_UNKNOWN) drops.unknown++;
		else if (why === CONTROL_OLD) drops.old++;
		else if (why === CONTROL_REPLAY) drops.replay++;
		else if (why === CONTROL_AUTH) drops.auth++;
	}

	/** Place that the packets of a datagram are about, which decides whose keys verify it. */
	private find(at: number, end: number): number {
		const view = this.#view;
		for (; at < end; at += bytesOf(view, at)) {
			const bytes = unpadded(view, at);
			let place = ANY;
			switch (view.getUint8(at + 1)) {
				case RTCP_SR:
					place = this.#receiving.find(view.getUint32(at + 4));
					return place < 0 ? CONTROL_UNKNOWN : STREAMS + place;
				case RTCP_RR:
					if (countOf(view, at) === 0 || bytes < CONTROL_HEADER + BLOCK_BYTES) break;
					place = this.#sending.find(view.getUint32(at + 8));
					return place < 0 ? CONTROL_UNKNOWN : place;
				case RTCP_RTPFB:
				case RTCP_PSFB:
					if (bytes < FEEDBACK_BYTES) break;
					place = this.#sending.find(view.getUint32(at + 8));
					return place < 0 ? CONTROL_UNKNOWN : place;
				case RTCP_APP:
					if (bytes >= APP_BYTES && view.getUint32(at + 8) === APP_NAME) return ANY_OF_OURS;
					break;
			}
		}
		return ANY;
	}

	/** An authentic packet about the stream of a place. @returns false when it is of a kind that is not known here, or about another stream. */
	private read(place: number, at: number, now: number): boolean {
		const view = this.#view;
		const bytes = unpadded(view, at);
		const type = view.getUint8(at + 1);
		if (type === RTCP_SR) {
			const stream = place - STREAMS;
			if (stream < 0 || bytes < CONTROL_HEADER + SENDER_BYTES || view.getUint32(at + 4) !== this.#receiving.ssrc(stream))
				return false;
			this.#receiving.sender(stream, view, at, now);
			this.#events.add(EVENT_SENDER_REPORT, 1 << stream);
			return true;
		}
		if (place >= STREAMS) return false;
		const ssrc = this.#sending.ssrc(place);
		const count = countOf(view, at);
		switch (type) {
			case RTCP_RR: {
				const end = at + bytes;
				let found = false;
				at += CONTROL_HEADER;
				for (let block = 0; block < count && at + BLOCK_BYTES <= end; block++, at += BLOCK_BYTES)
					if (view.getUint32(at) === ssrc && this.#sending.reported(place, view, at, now)) found = true;
				if (!found) return false;
				this.#events.add(EVENT_REPORT, 1 << place);
				return true;
			}
			case RTCP_RTPFB: {
				if (count !== FMT_NACK || bytes < FEEDBACK_BYTES || view.getUint32(at + 8) !== ssrc) return false;
				let end = at + bytes;
				if (bytes > FEEDBACK_BYTES + MOST_PAIRS * 4) end = at + FEEDBACK_BYTES + MOST_PAIRS * 4;
				for (at += FEEDBACK_BYTES; at + 4 <= end; at += 4)
					this.#ring.request(place, view.getUint16(at), view.getUint16(at + 2), now);
				return true;
			}
			case RTCP_PSFB:
				if (count !== FMT_PLI || bytes < FEEDBACK_BYTES || view.getUint32(at + 8) !== ssrc) return false;
				this.#counters.picturesHeard++;
				this.#events.add(EVENT_PICTURE_LOSS, 1 << place);
				return true;
			case RTCP_APP:
				if (bytes < APP_BYTES || view.getUint32(at + 8) !== APP_NAME) return false;
				if (count === APP_CTX_ACK) this.#events.add(EVENT_CONTEXT_ACK, view.getUint8(at + 12));
				else if (count === APP_CTX_NACK) this.#events.add(EVENT_CONTEXT_NACK, view.getUint8(at + 12));
				else return false;
				return true;
		}
		return false;
	}
}
