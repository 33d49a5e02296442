import type { LineReader } from "wire/line_reader";
import type { SessionDescription } from "discovery/sdp";

/** How far a body is. */
export const BODY_READING = 0;
/** All of it has come. */
export const BODY_WHOLE = 1;
/** No more of it is of interest, and the connection is of no more use. */
export const BODY_ENOUGH = 2;

/** Bytes of a session description that are read. */
const DESCRIPTION_LIMIT = 0x10000;

/** Reads or skips the body of an answer, keeping none of it but the line under way. */
export class Body {
	/** One of the BODY constants. */
	state = BODY_WHOLE;
	readonly #line: LineReader;
	readonly #description: SessionDescription;
	/** Bytes still to come; Infinity: up to the end of the connection. */
	#left = 0;
	#describes = false;
	#budget = 0;

	/** Lines of a session description go to `description`. */
	constructor(line: LineReader, description: SessionDescription) {
		this.#line = line;
		this.#description = description;
	}

	/** A body of `length` bytes (Infinity: up to the end) comes; `describes`: it is a session description. */
	begin(length: number, describes: boolean): void {
		this.#left = length;
		this.#describes = describes;
		this.#budget = DESCRIPTION_LIMIT;
		this.#line.begin();
		this.#description.begin();
		this.state = length === 0 ? BODY_WHOLE : BODY_READING;
	}

	/** Takes bytes of it. @returns bytes taken. */
	take(offset: number, length: number): number {
		let count = Math.min(this.#left, length);
		if (this.#describes) count = this.#takeLine(offset, Math.min(count, this.#budget));
		this.#left -= count;
		if (this.#left === 0) this.end();
		return count;
	}

	/** No more comes. */
	end(): void {
		if (this.#describes && this.#line.end()) this.#description.take(this.#line);
		if (this.state === BODY_READING) this.state = BODY_WHOLE;
	}

	#takeLine(offset: number, length: number): number {
		const line = this.#line;
		const count = line.take(offset, length);
		this.#budget -= count;
		if (line.complete) this.#description.take(line);
		if (this.#description.usable || line.tooLong || this.#budget === 0) this.state = BODY_ENOUGH;
		return count;
	}
}
