import { CONTEXT_FAILURE_MS, CONTEXT_FAILURES, CONTEXT_FEEDBACK_MS, CONTEXTS } from "arcrtc/constants";

/** Words of the table: the binding of each context (0: none), then for each what follows. */
const BOUND_AT = CONTEXTS;
const BEFORE = 2 * CONTEXTS;
const FAILURES = 3 * CONTEXTS;
const SINCE = 4 * CONTEXTS;
const WORDS = 5 * CONTEXTS;
/** The stream's place and one, in a binding. */
const STREAM = 27;

/**
 * What a sender's contexts stand for (section 2.3). A binding is one number: stream, PR, Q, payload type, unit. Here it is also decided
 * what CTX_ACK and CTX_NACK are due.
 */
export class ReceiveContexts {
	/** Bindings of the eight contexts, then what else is kept of each. */
	readonly table = new Int32Array(WORDS);
	/** Contexts with failures since their last packet that opened, a bit for each. */
	failing = 0;
	/** Contexts to be told of by CTX_ACK and by CTX_NACK. */
	acks = 0;
	nacks = 0;
	/** Contexts that failures ended since the last CTX_NACK. */
	#broken = 0;
	#ackAt = -Infinity;
	#nackAt = -Infinity;

	/** An authentic packet of the stream at `index` with C came, its extended sequence number being `sequence`. */
	bind(cid: number, binding: number, sequence: number): void {
		const { table } = this;
		const bit = 1 << cid;
		const old = table[cid];
		// What an invalid context stood for still says how old it was.
		const known = old === 0 ? table[BEFORE + cid] : old;
		const same = known >>> STREAM === binding >>> STREAM;
		if (same && ((sequence - table[BOUND_AT + cid]) | 0) <= 0) return;
		// One that failed is told of all the same: who brought that about may do so again before the next packet.
		this.nacks &= ~(bit & ~this.#broken);
		this.failing &= ~bit;
		if (old !== binding) {
			table[BEFORE + cid] = same ? known : 0;
			table[cid] = binding;
			table[BOUND_AT + cid] = sequence | 0;
			this.acks |= bit;
		}
	}

	/** Binding of a reduced packet that came late: that of before, when it was sent before the one in force. 0: none. */
	late(cid: number, sequence: number): number {
		const { table } = this;
		return ((sequence - table[BOUND_AT + cid]) | 0) < 0 ? table[BEFORE + cid] : table[cid];
	}

	/** A reduced packet came for a context that is not bound. */
	unknown(cid: number): void {
		this.nacks |= 1 << cid;
	}

	/** A reduced packet failed to authenticate. Six in a row within 500 ms end the binding. */
	failed(cid: number, now: number): void {
		const { table } = this;
		const bit = 1 << cid;
		if ((this.failing & bit) === 0 || ((now - table[SINCE + cid]) | 0) > CONTEXT_FAILURE_MS) {
			this.failing |= bit;
			table[FAILURES + cid] = 0;
			table[SINCE + cid] = now | 0;
		}
		if (++table[FAILURES + cid] >= CONTEXT_FAILURES) this.invalidate(cid, bit);
	}

	/** A reduced packet opened after others had failed. */
	opened(cid: number): void {
		this.failing &= ~(1 << cid);
	}

	/** The stream at this place is gone. */
	forget(place: number): void {
		const { table } = this;
		for (let cid = 0; cid < CONTEXTS; cid++) {
			if (table[cid] >>> STREAM === place + 1) table[cid] = 0;
			if (table[BEFORE + cid] >>> STREAM === place + 1) table[BEFORE + cid] = 0;
			if (table[cid] === 0) {
				this.acks &= ~(1 << cid);
				this.failing &= ~(1 << cid);
			}
		}
	}

	/** Takes the bitmap of a CTX_ACK that may be sent now; 0: none. */
	takeAcks(now: number): number {
		const { acks } = this;
		if (acks === 0 || now < this.#ackAt) return 0;
		this.acks = 0;
		this.#ackAt = now + CONTEXT_FEEDBACK_MS;
		return acks;
	}

	/** Takes the bitmap of a CTX_NACK that may be sent now; 0: none. */
	takeNacks(now: number): number {
		const { nacks } = this;
		if (nacks === 0 || now < this.#nackAt) return 0;
		this.nacks = this.#broken = 0;
		this.#nackAt = now + CONTEXT_FEEDBACK_MS;
		return nacks;
	}

	/** When one of them may be sent: -Infinity: at once, Infinity: none is due. */
	get deadline(): number {
		const ack = this.acks === 0 ? Infinity : this.#ackAt;
		const nack = this.nacks === 0 ? Infinity : this.#nackAt;
		return ack < nack ? ack : nack;
	}

	private invalidate(cid: number, bit: number): void {
		const { table } = this;
		// What was bound stays known, so that a late packet does not bring back a binding that is out of date.
		table[BEFORE + cid] = table[cid];
		table[cid] = 0;
		this.failing &= ~bit;
		this.acks &= ~bit;
		this.nacks |= bit;
		this.#broken |= bit;
	}
}
