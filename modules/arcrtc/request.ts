import { REQUEST_TIMES } from "arcrtc/constants";
import { TYPE_UNKNOWN } from "arcrtc/words";

/** Place of the time at which a request is given up. */
const GIVEN_UP = REQUEST_TIMES.length - 1;

/** What became of a request. */
export const REQUEST_WAITS = 0;
export const REQUEST_AGAIN = 1;
export const REQUEST_FAILED = 2;

/** The request of this end that waits for an answer (section 5): sent at 0, 1 and 3 s, given up at 7 s. */
export class Request {
	/** A TYPE_ of `words`; TYPE_UNKNOWN: nothing is waited for. */
	type = TYPE_UNKNOWN;
	/** Number of all its messages; of the last request when none waits. */
	id = -1;
	#begun = 0;
	#attempt = 0;

	begin(type: number, id: number, now: number): void {
		this.type = type;
		this.id = id;
		this.#begun = now;
		this.#attempt = 0;
	}

	/** It was answered, or is of no use any more. */
	end(): void {
		this.type = TYPE_UNKNOWN;
	}

	/** Whether an answer to `re` (-1: it does not say) is one to this request. */
	answers(type: number, re: number): boolean {
		return this.type === type && (re < 0 || re === this.id);
	}

	/** What is to be done now: wait, send it again, give it up. */
	tick(now: number): number {
		if (this.type === TYPE_UNKNOWN || now - this.#begun < REQUEST_TIMES[this.#attempt + 1]) return REQUEST_WAITS;
		this.#attempt++;
		return this.#attempt < GIVEN_UP ? REQUEST_AGAIN : REQUEST_FAILED;
	}

	get deadline(): number {
		return this.type === TYPE_UNKNOWN ? Infinity : this.#begun + REQUEST_TIMES[this.#attempt + 1];
	}
}
