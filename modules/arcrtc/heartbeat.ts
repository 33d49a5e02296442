import { HEARTBEATS_LOST, SILENCE_MS } from "arcrtc/constants";

/** The last of the heartbeats that were lost is waited for so long. */
const PATIENCE_MS = 1000;

/** Heartbeats of a session (section 2.9), without I/O: when the next is due, whether the peer is dead, how long messages take. */
export class Heartbeat {
	/** Number of the last heartbeat that was sent. */
	sequence = 0;
	/** Round trip of messages in ms, by the last answer; -1: none came. */
	roundTrip = -1;
	/** When something authentic of the peer came last, on whatever way. */
	heard = 0;
	/** When the next is due. */
	#due = Infinity;
	#sent = 0;
	#unanswered = 0;
	/** When the last of those was sent that may be lost. */
	#doubted = 0;

	/** A session is open. */
	begin(now: number, interval: number): void {
		this.heard = now;
		this.roundTrip = -1;
		this.#unanswered = 0;
		this.#due = now + interval;
	}

	/** It is over. */
	end(): void {
		this.#due = Infinity;
		this.#unanswered = 0;
	}

	/** They come more often from now on. */
	hurry(now: number, interval: number): void {
		if (now + interval < this.#due) this.#due = now + interval;
	}

	/** Whether the next one is to be sent now, the one after it `interval` later. */
	beat(now: number, interval: number): boolean {
		if (now < this.#due) return false;
		const next = this.#due + interval;
		// In step, unless time was lost.
		this.#due = next > now ? next : now + interval;
		this.sequence++;
		if (++this.#unanswered === HEARTBEATS_LOST) this.#doubted = now;
		this.#sent = now;
		return true;
	}

	/** HEARTBEAT_ACK came. An older one, or one that nobody waits for, is none. */
	answered(sequence: number, now: number): void {
		if (sequence !== this.sequence || this.#unanswered === 0) return;
		this.#unanswered = 0;
		this.roundTrip = now - this.#sent;
	}

	/** Three were lost, and nothing else came for 5 s. */
	dead(now: number): boolean {
		return this.#unanswered >= HEARTBEATS_LOST && now >= this.death;
	}

	/** When something is to be done. */
	get deadline(): number {
		if (this.#unanswered < HEARTBEATS_LOST) return this.#due;
		const { death } = this;
		return death < this.#due ? death : this.#due;
	}

	private get death(): number {
		const silent = this.heard + SILENCE_MS;
		const late = this.#doubted + PATIENCE_MS;
		return silent > late ? silent : late;
	}
}
