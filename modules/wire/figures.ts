import type { AsciiText, AsciiWriter } from "wire/ascii";

const QUOTE = 0x22;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;

/**
 * Writes figures as JSON without allocating: names and texts that are {@link constantText} cost nothing, a plain string two slots.
 * Texts are the program's own: nothing in them is escaped.
 */
export class Figures {
	#writer: AsciiWriter;
	/** The next member needs a comma before it. */
	#comma = false;

	constructor(writer: AsciiWriter) {
		this.#writer = writer;
	}

	/** Begins a text, in the room that `writer` was given. */
	begin(writer: AsciiWriter): void {
		this.#writer = writer;
		this.#comma = false;
	}

	/** Opens an object: a member of that name, or without one an item of a list or the whole. */
	open(key?: AsciiText): void {
		this.#member(key);
		this.#writer.byte(OPEN);
		this.#comma = false;
	}

	close(): void {
		this.#writer.byte(CLOSE);
		this.#comma = true;
	}

	openList(key?: AsciiText): void {
		this.#member(key);
		this.#writer.byte(OPEN_LIST);
		this.#comma = false;
	}

	closeList(): void {
		this.#writer.byte(CLOSE_LIST);
		this.#comma = true;
	}

	/** A whole number; without a key an item of a list. */
	number(key: AsciiText | undefined, value: number): void {
		this.#member(key);
		this.#writer.integer(value);
	}

	text(key: AsciiText | undefined, text: AsciiText): void {
		this.#member(key);
		this.#quoted(text);
	}

	#member(key: AsciiText | undefined): void {
		if (this.#comma) this.#writer.byte(COMMA);
		this.#comma = true;
		if (key === undefined) return;
		this.#quoted(key);
		this.#writer.byte(COLON);
	}

	#quoted(text: AsciiText): void {
		this.#writer.byte(QUOTE);
		this.#writer.text(text);
		this.#writer.byte(QUOTE);
	}
}
