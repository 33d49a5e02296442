import type { Numbers } from "fuzz/numbers";

/** Octets that sit on the limits of lengths and ids. */
const EDGES = Object.freeze([0, 1, 2, 3, 4, 0x0c, 0x0d, 0x10, 0x20, 0x7f, 0x80, 0xfe, 0xff]);
const KINDS = 7;
const MOST_CUT = 24;
const MOST_REPEATED = 48;

/** Builds sequences of valid messages with parts flipped, replaced, cut, repeated and exchanged, in memory of its own. */
export class Mutator {
	readonly bytes: Uint8Array;
	length = 0;
	/** How many messages the sequence was made from. */
	messages = 0;
	readonly #valid: readonly Uint8Array[];
	readonly #numbers: Numbers;

	/** `valid`: messages as a peer would send them. `space`: bytes of the longest sequence. */
	constructor(numbers: Numbers, valid: readonly Uint8Array[], space: number) {
		this.#numbers = numbers;
		this.#valid = valid;
		this.bytes = new Uint8Array(space);
	}

	/** Begins a new sequence, with message `first` unless it is -1, and `count` further ones by chance. */
	begin(first: number, count: number): void {
		this.length = 0;
		this.messages = 0;
		if (first >= 0) this.#append(this.#valid[first]);
		for (let i = 0; i < count; i++) this.#append(this.#valid[this.#numbers.below(this.#valid.length)]);
	}

	/** Damages it in `count` places. */
	damage(count: number): void {
		for (let i = 0; i < count && this.length > 0; i++) this.#damage();
	}

	#append(message: Uint8Array): void {
		if (this.length + message.length > this.bytes.length) return;
		for (let i = 0; i < message.length; i++) this.bytes[this.length++] = message[i];
		this.messages++;
	}

	#damage(): void {
		const numbers = this.#numbers;
		const { bytes } = this;
		const at = numbers.below(this.length);
		switch (numbers.below(KINDS)) {
			case 0:
				bytes[at] ^= 1 << numbers.below(8);
				break;
			case 1:
				bytes[at] = EDGES[numbers.below(EDGES.length)];
				break;
			case 2:
				bytes[at] = numbers.below(256);
				break;
			case 3:
				/* Cutting everything behind would leave little of most sequences: seldom. */
				if (numbers.below(4) === 0) this.length = at;
				break;
			case 4: {
				/* A part is cut out. */
				const size = Math.min(1 + numbers.below(MOST_CUT), this.length - at);
				bytes.copyWithin(at, at + size, this.length);
				this.length -= size;
				break;
			}
			case 5: {
				/* A part comes twice. */
				const size = Math.min(1 + numbers.below(MOST_REPEATED), this.length - at, bytes.length - this.length);
				bytes.copyWithin(at + size, at, this.length);
				this.length += size;
				break;
			}
			case 6: {
				/* Two neighbouring parts are exchanged. */
				const size = Math.min(1 + numbers.below(MOST_CUT), (this.length - at) >> 1);
				for (let i = at; i < at + size; i++) {
					const octet = bytes[i];
					bytes[i] = bytes[i + size];
					bytes[i + size] = octet;
				}
				break;
			}
		}
	}
}
