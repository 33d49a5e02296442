import type { Arena } from "storage/arena";

/** What a client keeps of what a server says, or of its own configuration. */
/** URL that relative ones stand behind: of the request, or as the server corrects it. */
export const TEXT_BASE = 0;
/** "a=control" of the session, of the first and of the second track. */
export const TEXT_AGGREGATE = 1;
export const TEXT_CONTROL = 2;
export const TEXT_SECOND_CONTROL = 3;
export const TEXT_SESSION = 4;
export const TEXT_REALM = 5;
export const TEXT_NONCE = 6;
export const TEXT_OPAQUE = 7;
export const TEXT_LOCATION = 8;
/** "source" of a transport. */
export const TEXT_SOURCE = 9;
export const TEXT_USER = 10;
export const TEXT_PASSWORD = 11;
/** Hex digests of an authorization under way. */
export const TEXT_DIGEST = 12;
export const TEXT_SECOND_DIGEST = 13;

/** Bytes of each at most. */
const LIMITS = Object.freeze([384, 256, 256, 256, 128, 128, 256, 128, 384, 48, 64, 64, 64, 112]);

/** Bytes of the arena that texts take. */
export const TEXTS_BYTES = 2528;

/** Texts of bounded length in a region of the arena. */
export class Texts {
	readonly #bytes: Uint8Array;
	readonly #start: number;
	readonly #lengths: Uint16Array;

	/** Uses the TEXTS_BYTES bytes at `offset`. */
	constructor(arena: Arena, offset: number) {
		this.#bytes = arena.bytes;
		this.#start = offset;
		this.#lengths = new Uint16Array(LIMITS.length);
	}

	/** Where a text begins. */
	offset(text: number): number {
		let at = this.#start;
		for (let i = 0; i < text; i++) at += LIMITS[i];
		return at;
	}

	length(text: number): number {
		return this.#lengths[text];
	}

	/** The first byte, 0 when it is empty. */
	first(text: number): number {
		return this.#lengths[text] === 0 ? 0 : this.#bytes[this.offset(text)];
	}

	clear(text: number): void {
		this.#lengths[text] = 0;
	}

	/** `length` bytes were put at `offset`. */
	resize(text: number, length: number): void {
		this.#lengths[text] = Math.min(length, LIMITS[text]);
	}

	/** Whether the `length` bytes at `from` can be kept: they are not too many, without blanks and printable ASCII (a realm may hold others). */
	fits(text: number, from: number, length: number): boolean {
		if (length > LIMITS[text]) return false;
		for (let i = 0; i < length; i++) {
			const byte = this.#bytes[from + i];
			if (byte < 0x20 || byte === 0x7f) return false;
			if ((byte === 0x20 || byte > 0x7f) && text !== TEXT_REALM) return false;
		}
		return true;
	}

	/** Keeps the `length` bytes at `from`. @returns false, and it is empty, when they do not fit. */
	keep(text: number, from: number, length: number): boolean {
		const fits = this.fits(text, from, length);
		if (fits) this.#bytes.copyWithin(this.offset(text), from, from + length);
		this.#lengths[text] = fits ? length : 0;
		return fits;
	}

	/** Keeps bytes of another memory. */
	put(text: number, source: Uint8Array): void {
		const length = Math.min(source.length, LIMITS[text]);
		const at = this.offset(text);
		for (let i = 0; i < length; i++) this.#bytes[at + i] = source[i];
		this.#lengths[text] = length;
	}

	/** As a string, for cold paths. */
	text(text: number): string {
		return String.fromArrayBuffer(this.#bytes.buffer as ArrayBuffer, this.offset(text), this.#lengths[text]);
	}
}
