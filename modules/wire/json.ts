import { putText } from "wire/text";

/** Nesting that the writer keeps track of. */
const DEPTH = 8;

/**
 * Writes JSON into a region of memory that it never leaves. Calls after the region was full, or after the text went wrong,
 * do nothing, and `end` tells. Commas are the writer's; the order of calls is the caller's.
 */
export class JSONWriter {
	readonly #bytes: Uint8Array;
	#start = 0;
	#at = 0;
	#limit = 0;
	#depth = 0;
	/** Bit per level: set when the next member there needs a comma. */
	#comma = 0;
	#failed = false;

	constructor(bytes: Uint8Array) {
		this.#bytes = bytes;
	}

	/** Begins a text of at most `size` bytes at `offset`. */
	begin(offset: number, size: number): this {
		this.#start = offset;
		this.#at = offset;
		this.#limit = offset + size;
		this.#depth = 0;
		this.#comma = 0;
		this.#failed = false;
		return this;
	}

	/** `{`, as the member `key` when one is given. */
	object(key?: string): this {
		return this.#open(key, "{");
	}

	/** `[`. */
	array(key?: string): this {
		return this.#open(key, "[");
	}

	/** Ends an object. */
	endObject(): this {
		return this.#close("}");
	}

	/** Ends an array. */
	endArray(): this {
		return this.#close("]");
	}

	/** A string, number, boolean or null, as the member `key` when one is given (in an array: undefined). Not finite numbers become null. */
	value(key: string | undefined, value: string | number | boolean | null | undefined): this {
		this.#member(key);
		this.#put(value === undefined ? "null" : JSON.stringify(value));
		return this;
	}

	/** @returns bytes of the text, or -1 when it did not fit or something was left open. */
	end(): number {
		return this.#failed || this.#depth !== 0 ? -1 : this.#at - this.#start;
	}

	#open(key: string | undefined, mark: string): this {
		this.#member(key);
		this.#put(mark);
		if (++this.#depth >= DEPTH) this.#failed = true;
		this.#comma &= ~(1 << this.#depth);
		return this;
	}

	#close(mark: string): this {
		if (--this.#depth < 0) this.#failed = true;
		this.#put(mark);
		return this;
	}

	#member(key: string | undefined): void {
		const bit = 1 << this.#depth;
		if (this.#comma & bit) this.#put(",");
		this.#comma |= bit;
		if (key !== undefined) this.#put(JSON.stringify(key) + ":");
	}

	#put(text: string): void {
		if (this.#failed) return;
		const length = putText(this.#bytes, this.#at, this.#limit, text);
		if (length < 0) this.#failed = true;
		else this.#at += length;
	}
}
