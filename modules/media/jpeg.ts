/** Finds where one JPEG picture ends (ITU-T T.81 B.1), in pieces, without decoding it. No I/O, no allocation. */

/** What {@link JPEGScanner.scan} gives besides an offset. */
export const Scan = Object.freeze({
	/** All bytes are part of the picture and it goes on. */
	MORE: -1,
	/** This is no picture, or a damaged one. */
	BAD: -2,
} as const);

/* Marker bytes, ITU-T T.81 table B.1. */
const PREFIX = 0xff;
const TEM = 0x01;
const RST0 = 0xd0;
const RST7 = 0xd7;
const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;

const State = Object.freeze({
	SOI_PREFIX: 0,
	SOI_CODE: 1,
	/** Between segments: the prefix of a marker must come. */
	PREFIX: 2,
	CODE: 3,
	LENGTH_HIGH: 4,
	LENGTH_LOW: 5,
	/** In a segment. */
	SKIP: 6,
	/** In entropy-coded data. */
	DATA: 7,
	DATA_PREFIX: 8,
	ENDED: 9,
} as const);

/**
 * Walks the segments of one picture. Pictures inside segments (Exif thumbnails) are skipped with them, and entropy-coded bytes
 * that look like markers are told apart by their stuffing, so only the real end is found.
 */
export class JPEGScanner {
	/** After BAD: the offset of the byte that does not belong there. */
	wrong = 0;
	#state: number = State.SOI_PREFIX;
	#code = 0;
	#rest = 0;
	#scans = false;

	/** Begins anew with a picture's first byte. */
	restart(): void {
		this.#state = State.SOI_PREFIX;
		this.#scans = false;
	}

	/**
	 * Goes on with the bytes from `from` up to `to`. Puts a mark at `to`, one byte behind them, so that the search stops there.
	 * @returns the offset behind the picture's last byte, or one of {@link Scan}.
	 */
	scan(bytes: Uint8Array, from: number, to: number): number {
		bytes[to] = PREFIX;
		let at = from;
		while (at < to) {
			if (this.#state === State.SKIP) {
				const step = Math.min(this.#rest, to - at);
				at += step;
				this.#rest -= step;
				if (this.#rest === 0) this.#state = this.#code === SOS ? State.DATA : State.PREFIX;
			} else if (this.#state === State.DATA) {
				at = bytes.indexOf(PREFIX, at) + 1;
				if (at > to) return Scan.MORE;
				this.#state = State.DATA_PREFIX;
			} else {
				this.#step(bytes[at]);
				if (this.#state === State.SOI_PREFIX) {
					this.wrong = at;
					return Scan.BAD;
				}
				at++;
				if (this.#state === State.ENDED) return at;
			}
		}
		return Scan.MORE;
	}

	/** One byte outside of bulk data; the state is SOI_PREFIX again when it does not belong there. */
	#step(byte: number): void {
		switch (this.#state) {
			case State.SOI_PREFIX:
				if (byte === PREFIX) this.#state = State.SOI_CODE;
				break;
			case State.SOI_CODE:
				this.#state = byte === SOI ? State.PREFIX : State.SOI_PREFIX;
				break;
			case State.PREFIX:
				this.#state = byte === PREFIX ? State.CODE : State.SOI_PREFIX;
				break;
			case State.CODE:
				this.#marker(byte);
				break;
			case State.LENGTH_HIGH:
				this.#rest = byte << 8;
				this.#state = State.LENGTH_LOW;
				break;
			case State.LENGTH_LOW:
				this.#rest += byte - 2;
				if (this.#rest < 0) this.#state = State.SOI_PREFIX;
				else if (this.#rest > 0) this.#state = State.SKIP;
				else this.#state = this.#code === SOS ? State.DATA : State.PREFIX;
				break;
			case State.DATA_PREFIX:
				if (byte === 0 || (byte >= RST0 && byte <= RST7)) this.#state = State.DATA;
				else this.#marker(byte);
				break;
			default:
				this.#state = State.SOI_PREFIX;
		}
	}

	#marker(code: number): void {
		if (code === PREFIX) return; /* fill bytes before a marker are legal */
		this.#code = code;
		if (code === SOS) this.#scans = true;
		if (code === EOI) this.#state = this.#scans ? State.ENDED : State.SOI_PREFIX;
		else if (code <= TEM || (code >= RST0 && code <= SOI)) this.#state = State.SOI_PREFIX;
		else this.#state = State.LENGTH_HIGH;
	}
}

/** The offset of the next start of a picture from `from` up to `to`, or -1; half a start does not count. Puts a mark at `to`. */
export function findPicture(bytes: Uint8Array, from: number, to: number): number {
	bytes[to] = PREFIX;
	let at = bytes.indexOf(PREFIX, from);
	while (at < to - 1) {
		if (bytes[at + 1] === SOI) return at;
		at = bytes.indexOf(PREFIX, at + 1);
	}
	return -1;
}
