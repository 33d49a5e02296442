import { CONFIRMING_PACKETS, CONTEXTS, REFRESH_MS, REFRESH_PACKETS } from "arcrtc/constants";
import { reducedWord } from "arcrtc/reduced";

const NONE = -1;
/** Packets with C after a CTX_NACK at most: three, and twice as many each time while more of them come. */
const MOST_PACKETS = 48;
/** A CTX_ACK for what a number stood for before has come after that long (ms), or never will. */
const ACK_MS = 1000;
/** Words of the table: of each number the streams (a bit for each) of whose bindings the receiver may have one, a count that says when it was given up, and that time in ms. */
const GIVEN_UP = CONTEXTS;
const GIVEN_UP_AT = 2 * CONTEXTS;
const WORDS = 3 * CONTEXTS;
/** The stream in a binding. */
const STREAM = 27;

/** A context of a sender (section 2.3): what its reduced packets leave out, and whether the receiver knows it. */
export class SendContext {
	/** Binding (stream, PR, Q, payload type, unit in one number) of packets that may be reduced now; -1: none may. */
	reducible = NONE;
	/** Packets until the next refresh, and its time at the latest. */
	left = 0;
	refreshAt = 0;
	/** First bits of its reduced headers; its number, which is another one for each binding as long as there are free ones. */
	head = 0;
	cid = 0;
	/** Binding that the last packet with C gave; whether the receiver has it. */
	binding = NONE;
	confirmed = false;
	/** An answer says that it has. */
	answered = false;
	/** Packets with C that are still to be sent. Without an answer they confirm, unless the receiver may know the number by another binding. */
	wanted = CONFIRMING_PACKETS;
	strict = false;
	patience = CONFIRMING_PACKETS;
	/** A CTX_ACK may be for that other binding; no answer counts until three packets were sent, as a CTX_NACK wants them. */
	ambiguous = false;
	deaf = false;
	/** Extended sequence numbers of the last packets with C, one behind the other. */
	runStart = 0;
	runEnd = NONE;

	/** Its number. */
	use(cid: number): void {
		this.cid = cid;
		this.head = reducedWord(cid, false, 0, 0, 0);
	}

	/** Stands for something else from the next packet on. */
	begin(binding: number, strict: boolean, ambiguous: boolean): void {
		this.binding = binding;
		this.strict = strict;
		this.ambiguous = ambiguous;
		this.runEnd = NONE;
		this.answered = false;
		this.doubt();
	}

	/** A packet with C goes out. */
	carried(index: number, now: number): void {
		if (index !== this.runEnd + 1) this.runStart = index;
		this.runEnd = index;
		// A refresh that is due by itself: a second, or 100 packets, without a CTX_NACK.
		if (this.confirmed && (this.left <= 0 || now >= this.refreshAt)) this.patience = CONFIRMING_PACKETS;
		if (this.wanted > 0 && --this.wanted === 0) {
			this.deaf = false;
			if (!this.strict) this.confirmed = true;
		}
		if (this.confirmed) this.reducible = this.binding;
		this.left = REFRESH_PACKETS - 1;
		this.refreshAt = now + REFRESH_MS;
	}

	/** The next packet carries C. */
	refresh(): void {
		this.left = 0;
	}

	/** CTX_ACK. */
	ack(): void {
		if (!this.ambiguous) this.confirm();
	}

	/** RR names the highest sequence number (32 bits) that came: was it one with C of this binding? */
	reported(sequence: number): void {
		if (((sequence - this.runStart) | 0) >= 0 && ((this.runEnd - sequence) | 0) >= 0) this.confirm();
	}

	/** The receiver may not have what the next packets stand on: three of them carry C. */
	doubt(): void {
		this.reducible = NONE;
		this.confirmed = false;
		this.wanted = CONFIRMING_PACKETS;
		this.deaf = false;
	}

	/** CTX_NACK: the same whatever is answered meanwhile; and more packets when it keeps coming, as in a flood of forged ones. */
	nack(): void {
		this.doubt();
		this.deaf = true;
		const { patience } = this;
		this.wanted = patience;
		this.patience = patience < MOST_PACKETS ? 2 * patience : patience;
	}

	private confirm(): void {
		if (this.binding === NONE || this.deaf) return;
		this.answered = this.confirmed = true;
		this.reducible = this.binding;
	}
}

/**
 * The eight numbers of one direction, and the contexts that streams use them for. A binding that changes gets another number: a
 * receiver that missed it does not know that number and says so, where the old number would make it take the old Q for the new one.
 */
export class SendContexts {
	readonly #contexts: SendContext[] = [];
	readonly #table = new Int32Array(WORDS);
	/** Numbers in use. */
	#taken = 0;
	#serial = 0;

	/** @returns a context of its own; undefined when all numbers are taken. */
	take(): SendContext | undefined {
		const cid = this.choose();
		if (cid < 0) return undefined;
		const contexts = this.#contexts;
		let context: SendContext | undefined;
		for (let i = 0; i < contexts.length; i++) if (contexts[i].cid < 0) context = contexts[i];
		if (context === undefined) {
			context = new SendContext();
			contexts.push(context);
		}
		context.use(cid);
		context.begin(NONE, false, false);
		this.#taken |= 1 << cid;
		return context;
	}

	/** A context stands for something else. */
	bind(context: SendContext, binding: number, now: number): void {
		const table = this.#table;
		if (context.binding !== NONE) {
			const free = this.choose();
			this.giveUp(context, now);
			if (free >= 0) context.use(free);
			this.#taken |= 1 << context.cid;
		}
		const { cid } = context;
		// Packets of the same stream would be taken for those of another Q or PR, those of another stream would be lost.
		const strict = table[cid] !== 0;
		context.begin(binding, strict, strict && ((now - table[GIVEN_UP_AT + cid]) | 0) < ACK_MS);
	}

	/** The stream of a context ended. */
	release(context: SendContext | undefined): void {
		if (context === undefined) return;
		const table = this.#table;
		const { binding } = context;
		this.giveUp(context, 0);
		if (binding !== NONE) for (let cid = 0; cid < CONTEXTS; cid++) table[cid] &= ~(1 << (binding >>> STREAM));
		context.begin(NONE, false, false);
		context.cid = NONE;
	}

	/** CTX_ACK (`confirmed`) or CTX_NACK of the contexts whose bits are set, bit 0 standing for context 0. */
	answered(bitmap: number, confirmed: boolean): void {
		const contexts = this.#contexts;
		for (let i = 0; i < contexts.length; i++) {
			const context = contexts[i];
			if (context.cid < 0 || (bitmap & (1 << context.cid)) === 0) continue;
			if (confirmed) context.ack();
			else context.nack();
		}
	}

	/** Every context is refreshed with its next packet: the path changed. */
	refresh(): void {
		const contexts = this.#contexts;
		for (let i = 0; i < contexts.length; i++) contexts[i].refresh();
	}

	/** @returns the free number that was given up first, one that was never used before all; -1: none is free. */
	private choose(): number {
		const table = this.#table;
		let best = NONE;
		for (let cid = 0; cid < CONTEXTS; cid++) {
			if (this.#taken & (1 << cid)) continue;
			if (best < 0 || table[GIVEN_UP + cid] < table[GIVEN_UP + best]) best = cid;
		}
		return best;
	}

	private giveUp(context: SendContext, now: number): void {
		const table = this.#table;
		const { cid, binding, answered } = context;
		if (binding !== NONE) {
			const bit = 1 << (binding >>> STREAM);
			table[cid] = answered ? bit : table[cid] | bit;
		}
		this.#taken &= ~(1 << cid);
		table[GIVEN_UP + cid] = ++this.#serial;
		table[GIVEN_UP_AT + cid] = now | 0;
	}
}
