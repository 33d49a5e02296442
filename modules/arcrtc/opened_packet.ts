import type { MediaPacket } from "arcrtc/media_packet";
import type { Opener } from "arcrtc/opener";

/** The packet that an opener has opened last, as those see it who put packets in order. */
export class OpenedPacket implements MediaPacket {
	readonly #opener: Opener;

	constructor(opener: Opener) {
		this.#opener = opener;
	}

	get payload(): number {
		return this.#opener.payload;
	}

	get payloadLength(): number {
		return this.#opener.payloadLength;
	}

	get extendedSequence(): number {
		return this.#opener.extendedSequence;
	}

	get timestamp(): number {
		return this.#opener.header.timestamp;
	}

	get marker(): boolean {
		return this.#opener.header.marker;
	}

	get payloadType(): number {
		return this.#opener.header.payloadType;
	}

	get priority(): number {
		return this.#opener.header.priority;
	}

	get quality(): number {
		return this.#opener.header.quality;
	}
}
