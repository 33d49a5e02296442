import {
	LIST_LIMIT,
	RESULT_ERROR,
	RESULT_MALFORMED,
	RESULT_NO_REASON,
	RESULT_NONE,
	RESULT_OK,
	RESULT_TRUNCATED,
} from "kv/constants";
import type { Request } from "kv/request";

/* What is read next. */
const STATUS = 0;
const ERROR = 1;
const COUNT = 2;
/** The word behind a count of zero: the end of an empty list, or an error. */
const DECISION = 3;
/** The rest of an empty list. */
const REST = 4;
const ITEM = 5;
const TERMINATOR = 6;
const DONE = 7;

/** Reads an answer (section 1.2) that comes split anywhere. Keeps eight bytes; ids of a list go straight to the request. */
export class Answer {
	/** One of the RESULT constants once it is known. */
	result = RESULT_NONE;
	#state = STATUS;
	#high = 0;
	#low = 0;
	/** Bytes of the field under way, and its size. */
	#count = 0;
	#size = 8;
	/** Items of the list that are still to come. */
	#left = 0;
	#request: Request | undefined;

	/** Nothing has come of the answer to this request. */
	begin(request: Request): void {
		this.#request = request;
		this.result = RESULT_NONE;
		this.expect(request.lists ? COUNT : STATUS, 8);
	}

	/** Takes `length` bytes at `offset`; what is behind the end of the answer is not looked at. */
	input(view: DataView, offset: number, length: number): void {
		for (let i = 0; i < length && this.#state !== DONE; i++) {
			if (this.#count < this.#size - 4) this.#high = ((this.#high << 8) | view.getUint8(offset + i)) >>> 0;
			else this.#low = ((this.#low << 8) | view.getUint8(offset + i)) >>> 0;
			this.#count++;
			if (this.#count === this.#size) this.field();
		}
	}

	/** The server has closed. */
	ended(): void {
		if (this.#state === DONE) return;
		if (this.#state === REST) this.finish(RESULT_OK);
		else if (this.#count === 0 && (this.#state === ERROR || this.#state === DECISION)) this.finish(RESULT_NO_REASON);
		else this.finish(RESULT_TRUNCATED);
	}

	private field(): void {
		const high = this.#high;
		const low = this.#low;
		const zero = high === 0 && low === 0;
		const request = this.#request as Request;
		switch (this.#state) {
			case STATUS:
				if (zero) this.expect(ERROR, 4);
				else {
					request.status.set(high, low);
					this.finish(RESULT_OK);
				}
				break;
			case COUNT:
				if (zero) this.expect(DECISION, 4);
				else if (high !== 0 || low > LIST_LIMIT) this.finish(RESULT_MALFORMED);
				else {
					this.#left = low;
					this.expect(ITEM, 8);
				}
				break;
			case DECISION:
				if (zero) {
					this.expect(REST, 4);
					break;
				}
				request.error = low;
				this.finish(RESULT_ERROR);
				break;
			case ERROR:
				request.error = low;
				this.finish(RESULT_ERROR);
				break;
			case REST:
				this.finish(RESULT_OK);
				break;
			case ITEM:
				request.list(high, low);
				this.#left--;
				this.expect(this.#left > 0 ? ITEM : TERMINATOR, 8);
				break;
			case TERMINATOR:
				this.finish(zero ? RESULT_OK : RESULT_MALFORMED);
		}
	}

	private expect(state: number, size: number): void {
		this.#state = state;
		this.#size = size;
		this.#count = 0;
		this.#high = 0;
		this.#low = 0;
	}

	private finish(result: number): void {
		this.#state = DONE;
		this.result = result;
		if (result !== RESULT_OK) (this.#request as Request).dropList();
	}
}
