import { CODECS, Codec } from "media/rtp/codecs";

/** Codecs as ArcRTC names them, with their limits and default payload types (sections 1: ARC-W5, D1 to D3; 2.9). */

/** Names of CONNECT and STREAM_START, by number of media/rtp/codecs. */
const NAMES = Object.freeze(["opus", "pcmu", "pcma", "g722", "pcm", "aac", "jpeg", "h264", "h265", "vp8", "vp9", "av1"]);
/** Bits a second, 0: no limit is told. */
const LEAST = Object.freeze([6000, 64_000, 64_000, 64_000, 128_000, 32_000, 0, 500_000, 300_000, 0, 500_000, 400_000]);
const MOST = Object.freeze([
	510_000, 64_000, 64_000, 64_000, 1_536_000, 320_000, 0, 10_000_000, 5_000_000, 0, 8_000_000, 6_000_000,
]);
/** -1: there is none, it must be agreed upon. */
const TYPES = Object.freeze([111, 0, 8, 9, 10, -1, 26, 96, 100, 97, 98, 99]);
/** L16 of two channels has 10, of one 11 (RFC 3551 table 4). */
const L16_MONO = 11;
/** Payload types that look like RTCP with the marker must not be used (section 2.1). */
const FIRST_RESERVED = 64;
const LAST_RESERVED = 95;
const LAST_TYPE = 127;

/** Lower case, as all names of the protocol. @returns -1: a codec that is not known. */
export function codecOfName(name: string): number {
	for (let codec = 0; codec < CODECS; codec++) if (NAMES[codec] === name) return codec;
	return -1;
}

export function nameOf(codec: number): string {
	return NAMES[codec] ?? "";
}

/** Least bit rate in bits a second that a codec may have, 0: any. A level below it is sent at this rate (ARC-A5). */
export function leastBitrate(codec: number): number {
	return LEAST[codec] ?? 0;
}

/** Whether a codec may have this bit rate, in bits a second. */
export function bitrateFits(codec: number, bitrate: number): boolean {
	if (!(codec >= 0 && codec < CODECS && bitrate > 0 && bitrate < Infinity)) return false;
	return bitrate >= LEAST[codec] && (MOST[codec] === 0 || bitrate <= MOST[codec]);
}

/** Whether a payload type may be agreed upon. */
export function payloadTypeFits(type: number): boolean {
	return Number.isInteger(type) && type >= 0 && type <= LAST_TYPE && (type < FIRST_RESERVED || type > LAST_RESERVED);
}

/** Payload types of a session: those that were agreed upon, and the defaults of the rest. */
export class PayloadTypes {
	/** Agreed upon, by codec; -1: not. */
	readonly #types = new Int8Array(CODECS);

	constructor() {
		this.#types.fill(-1);
	}

	/** @returns false for a type that may not be, or that another codec has. */
	agree(codec: number, type: number): boolean {
		if (!payloadTypeFits(type) || !(codec >= 0 && codec < CODECS)) return false;
		const types = this.#types;
		for (let other = 0; other < CODECS; other++) if (types[other] === type && other !== codec) return false;
		types[codec] = type;
		return true;
	}

	/** The payload type of a codec; `channels` tells the two types of L16 apart. @returns -1: it must be agreed upon. */
	typeOf(codec: number, channels: number): number {
		const type = this.#types[codec] ?? -1;
		if (type >= 0) return type;
		const usual = codec === Codec.L16 && channels === 1 ? L16_MONO : (TYPES[codec] ?? -1);
		/* Somebody else was given it. */
		return usual >= 0 && this.agreed(usual) >= 0 ? -1 : usual;
	}

	/** The codec of a payload type; one that was agreed upon wins over a default. @returns -1: none. */
	codecOf(type: number): number {
		const codec = this.agreed(type);
		if (codec >= 0 || type < 0) return codec;
		for (let other = 0; other < CODECS; other++)
			if ((TYPES[other] === type || (other === Codec.L16 && type === L16_MONO)) && this.#types[other] < 0) return other;
		return -1;
	}

	private agreed(type: number): number {
		const types = this.#types;
		if (type >= 0) for (let codec = 0; codec < CODECS; codec++) if (types[codec] === type) return codec;
		return -1;
	}
}
