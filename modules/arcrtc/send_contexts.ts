import { CONFIRMING_PACKETS, CONTEXTS, REFRESH_MS, REFRESH_PACKETS } from "arcrtc/constants";
import { reducedWord } from "arcrtc/reduced";

/** No packet may be reduced. */
const NONE = -1;
/** A binding that is older (ms) has got its CTX_ACK or never will. */
const ACK_MS = 1000;

/** A context of a sender (section 2.3): what its reduced packets leave out, and whether the receiver knows it. */
export class SendContext {
	/** Binding (quality, priority, payload type, unit in one number) of packets that may be reduced now; -1: none may. */
	reducible = NONE;
	/** Packets until the next refresh, and its time at the latest. */
	left = 0;
	refreshAt = 0;
	readonly cid: number;
	/** First bits of its reduced headers. */
	readonly head: number;
	/** Binding that the last packet with C gave; whether the receiver has it. */
	binding = NONE;
	confirmed = false;
	/** Packets with C that it takes to be confirmed, when no CTX_ACK comes. */
	wanted = CONFIRMING_PACKETS;
	/** Extended sequence number of the first packet that the confirmation counts from, and its time. */
	boundAt = 0;
	boundTime = -Infinity;
	/** A CTX_ACK came for this binding; the next one that comes may be for another, so it says nothing. */
	acked = false;
	ambiguous = false;

	constructor(cid: number) {
		this.cid = cid;
		this.head = reducedWord(cid, false, 0, 0, 0);
	}

	/** A packet with C goes out. */
	carried(binding: number, index: number, now: number): void {
		if (binding !== this.binding) {
			this.ambiguous = this.binding !== NONE && !this.acked && now - this.boundTime < ACK_MS;
			this.binding = binding;
			this.confirmed = this.acked = false;
			this.wanted = CONFIRMING_PACKETS;
		}
		if (!this.confirmed && this.wanted === CONFIRMING_PACKETS) {
			this.boundAt = index;
			this.boundTime = now;
		}
		if (!this.confirmed && --this.wanted === 0) this.confirmed = true;
		this.reducible = this.confirmed ? binding : NONE;
		this.left = REFRESH_PACKETS - 1;
		this.refreshAt = now + REFRESH_MS;
	}

	/** The next packet carries C. */
	refresh(): void {
		this.left = 0;
	}

	/** The receiver has it. */
	confirm(): void {
		if (this.binding === NONE || this.confirmed) return;
		this.confirmed = true;
		this.reducible = this.binding;
	}

	/** CTX_ACK. */
	ack(): void {
		if (this.binding === NONE || this.ambiguous) return;
		this.acked = true;
		this.confirm();
	}

	/** The receiver may not have what the next packets stand on: three of them carry C. `deaf`: a CTX_ACK on its way says nothing. */
	doubt(deaf: boolean): void {
		this.reducible = NONE;
		this.confirmed = this.acked = false;
		this.wanted = CONFIRMING_PACKETS;
		if (deaf) this.ambiguous = true;
	}

	/** Free for another stream. */
	free(): void {
		this.binding = NONE;
		this.boundTime = -Infinity;
		this.doubt(false);
		this.ambiguous = false;
	}
}

/** The eight contexts of one direction, taken by streams in pieces. An object exists only for those that were ever taken. */
export class SendContexts {
	readonly #contexts: SendContext[] = [];
	#taken = 0;

	/** @returns a context of its own; undefined when all are taken. */
	take(): SendContext | undefined {
		for (let cid = 0; cid < CONTEXTS; cid++) {
			if (this.#taken & (1 << cid)) continue;
			this.#taken |= 1 << cid;
			const contexts = this.#contexts;
			if (cid === contexts.length) contexts.push(new SendContext(cid));
			return contexts[cid];
		}
		return undefined;
	}

	release(context: SendContext | undefined): void {
		if (context === undefined) return;
		context.free();
		this.#taken &= ~(1 << context.cid);
	}

	/** CTX_ACK (`confirmed`) or CTX_NACK of the contexts whose bits are set, bit 0 standing for context 0. */
	answered(bitmap: number, confirmed: boolean): void {
		const contexts = this.#contexts;
		for (let cid = 0; cid < contexts.length; cid++) {
			if ((bitmap & this.#taken & (1 << cid)) === 0) continue;
			if (confirmed) contexts[cid].ack();
			else contexts[cid].doubt(true);
		}
	}

	/** Every context is refreshed with its next packet: the path changed. */
	refresh(): void {
		const contexts = this.#contexts;
		for (let cid = 0; cid < contexts.length; cid++) contexts[cid].refresh();
	}
}
