/** ArcRTC on the wire: first byte, full header with its word, reduced header, TCP frames (reference 2.1-2.3, 2.8). */

export const DATAGRAM_LIMIT = 1200;
export const RTP_BYTES = 12;
export const REDUCED_BYTES = 4;
/** Units that 9 bits of TSL count. */
export const UNITS = 512;
export const CONTEXTS = 8;

/** What a datagram or frame is, by its first byte (and for RTCP the second). */
export type Kind = "stun" | "channel" | "signalling" | "full" | "control" | "reduced" | "dtls" | "none";

export function kindOf(packet: Buffer): Kind {
	const first = packet[0] ?? -1;
	if (first < 0) return "none";
	if (first <= 0x03) return "stun";
	if (first >= 0x14 && first <= 0x3f) return "dtls";
	if (first >= 0x40 && first <= 0x4f) return "channel";
	if (first === 0x7b) return "signalling";
	if (first >= 0xc0) return "reduced";
	if (first < 0x80) return "none";
	const second = packet[1] ?? 0;
	return second >= 192 && second <= 223 ? "control" : "full";
}

/** The C word: a context and where its timestamps are. */
export interface ContextWord {
	readonly cid: number;
	/** Low 4 bits of the rollover counter. */
	readonly roc4: number;
	readonly tsl: number;
	readonly tsu: number;
}

export interface FullFields {
	readonly payloadType: number;
	readonly marker?: boolean;
	readonly sequence: number;
	readonly timestamp: number;
	readonly ssrc: number;
	readonly csrc?: readonly number[];
	readonly padding?: boolean;
	readonly quality: number;
	readonly priority: number;
	/** Bit K: parity of the key epoch. */
	readonly phase?: number;
	/** NTP 32.32. */
	readonly sendTime?: bigint;
	/** Bit U: the send time counts from the boot. */
	readonly uptime?: boolean;
	readonly context?: ContextWord;
	/** Level that is asked for; undefined: R = 0. */
	readonly requested?: number;
	/** Words behind those of the profile, which readers skip. */
	readonly further?: Buffer;
}

export interface FullHeader extends FullFields {
	readonly marker: boolean;
	readonly csrc: readonly number[];
	readonly padding: boolean;
	readonly phase: number;
	readonly uptime: boolean;
	/** False: the bare 12 bytes, X = 0. */
	readonly word: boolean;
	/** Bytes of it all, which the payload follows. */
	readonly length: number;
	/** Bits that must be zero and are not, words that no one knows: in words, for reports. */
	readonly oddities: readonly string[];
}

export interface ReducedHeader {
	readonly cid: number;
	readonly marker: boolean;
	readonly phase: number;
	readonly tsl: number;
	readonly sequence: number;
}

const WORD_MARK = 0xa000;
const K = 0x80;
const T = 0x40;
const C = 0x20;
const U = 0x10;
const R = 0x08;

export function encodeContext(context: ContextWord): number {
	return ((context.cid << 29) | (context.roc4 << 25) | (context.tsl << 16) | context.tsu) >>> 0;
}

export function encodeFull(fields: FullFields): Buffer {
	const { csrc = [], sendTime, context, requested, further = Buffer.alloc(0) } = fields;
	const words = (sendTime === undefined ? 0 : 2) + (context === undefined ? 0 : 1) + further.length / 4;
	const bytes = Buffer.alloc(RTP_BYTES + 4 * csrc.length + 4 + 4 * words);
	bytes[0] = 0x90 | (fields.padding ? 0x20 : 0) | csrc.length;
	bytes[1] = (fields.marker ? 0x80 : 0) | fields.payloadType;
	bytes.writeUInt16BE(fields.sequence, 2);
	bytes.writeUInt32BE(fields.timestamp, 4);
	bytes.writeUInt32BE(fields.ssrc, 8);
	let offset = RTP_BYTES;
	for (const source of csrc) offset = bytes.writeUInt32BE(source, offset);
	let word = WORD_MARK | (fields.quality << 10) | (fields.priority << 8);
	if (fields.phase) word |= K;
	if (sendTime !== undefined) word |= T;
	if (context !== undefined) word |= C;
	if (fields.uptime) word |= U;
	if (requested !== undefined) word |= R | (requested << 1);
	offset = bytes.writeUInt16BE(word, offset);
	offset = bytes.writeUInt16BE(words, offset);
	if (sendTime !== undefined) offset = bytes.writeBigUInt64BE(sendTime, offset);
	if (context !== undefined) offset = bytes.writeUInt32BE(encodeContext(context), offset);
	further.copy(bytes, offset);
	return bytes;
}

/** The header, or why there is none. `encrypted`: the word is a must. */
export function readFull(packet: Buffer, encrypted = true): FullHeader | string {
	if (packet.length < RTP_BYTES) return "shorter than 12 bytes";
	const first = packet.readUInt8(0);
	if (first >> 6 !== 2) return `version ${first >> 6}`;
	const second = packet.readUInt8(1);
	const payloadType = second & 0x7f;
	if (payloadType >= 64 && payloadType <= 95) return `payload type ${payloadType} looks like RTCP`;
	const csrc: number[] = [];
	let offset = RTP_BYTES + 4 * (first & 15);
	if (packet.length < offset) return "CSRCs beyond the packet";
	for (let at = RTP_BYTES; at < offset; at += 4) csrc.push(packet.readUInt32BE(at));
	const common = {
		payloadType,
		marker: (second & 0x80) !== 0,
		sequence: packet.readUInt16BE(2),
		timestamp: packet.readUInt32BE(4),
		ssrc: packet.readUInt32BE(8),
		csrc,
		padding: (first & 0x20) !== 0,
	};
	if ((first & 0x10) === 0) {
		if (encrypted) return "no extension word";
		return { ...common, quality: 0, priority: 0, phase: 0, uptime: false, word: false, length: offset, oddities: [] };
	}
	if (packet.length < offset + 4) return "extension beyond the packet";
	const word = packet.readUInt16BE(offset);
	const words = packet.readUInt16BE(offset + 2);
	offset += 4;
	if ((word & 0xf000) !== WORD_MARK) return `extension ${word.toString(16)} without the mark 1010`;
	const end = offset + 4 * words;
	if (packet.length < end) return "extension beyond the packet";
	const needed = (word & T ? 2 : 0) + (word & C ? 1 : 0);
	if (words < needed) return `${words} words where ${needed} are announced`;
	const oddities: string[] = [];
	if (word & 1) oddities.push("bit 0 of the word is set");
	if (word & U && !(word & T)) oddities.push("U without a send time");
	if (!(word & R) && word & 6) oddities.push("RQ without R");
	if (words > needed) oddities.push(`${words - needed} words that nobody knows`);
	let sendTime: bigint | undefined;
	if (word & T) {
		sendTime = packet.readBigUInt64BE(offset);
		offset += 8;
	}
	let context: ContextWord | undefined;
	if (word & C) {
		const value = packet.readUInt32BE(offset);
		context = { cid: value >>> 29, roc4: (value >>> 25) & 15, tsl: (value >>> 16) & 511, tsu: value & 0xffff };
		if (context.tsu === 0) oddities.push("a context of 0 ticks");
	}
	return {
		...common,
		quality: (word >> 10) & 3,
		priority: (word >> 8) & 3,
		phase: word & K ? 1 : 0,
		uptime: (word & U) !== 0,
		...(sendTime === undefined ? {} : { sendTime }),
		...(context === undefined ? {} : { context }),
		...(word & R ? { requested: (word >> 1) & 3 } : {}),
		word: true,
		length: end,
		oddities,
	};
}

export function encodeReduced(header: ReducedHeader): Buffer {
	const bytes = Buffer.alloc(REDUCED_BYTES);
	const high = 0xc000 | (header.cid << 11) | (header.marker ? 0x400 : 0) | (header.phase << 9) | header.tsl;
	bytes.writeUInt16BE(high, 0);
	bytes.writeUInt16BE(header.sequence, 2);
	return bytes;
}

/** `packet` must be of kind "reduced". */
export function readReduced(packet: Buffer): ReducedHeader | string {
	if (packet.length < REDUCED_BYTES) return "shorter than 4 bytes";
	const high = packet.readUInt16BE(0);
	return {
		cid: (high >> 11) & 7,
		marker: (high & 0x400) !== 0,
		phase: (high >> 9) & 1,
		tsl: high & 511,
		sequence: packet.readUInt16BE(2),
	};
}

/** Where a timestamp was last known, per SSRC. */
export interface Reference {
	readonly timestamp: number;
	readonly tsl: number;
	readonly sequence: number;
	/** Milliseconds, on the receiver's clock. */
	readonly arrival: number;
}

/** Units from the reference that a reduced packet may be at, the likelier first; one when both agree. */
export function unitsFrom(
	reference: Reference,
	clock: number,
	tsu: number,
	tsl: number,
	sequence: number,
	now: number,
): number[] {
	const forward = (((tsl - reference.tsl) % UNITS) + UNITS) % UNITS;
	const backward = forward === 0 ? 0 : forward - UNITS;
	const distance = (sequence - reference.sequence) & 0xffff;
	let first = backward;
	let second = -backward <= forward ? backward : forward;
	if (distance !== 0 && distance < 0x8000) {
		const expected = Math.round(((now - reference.arrival) * clock) / 1000 / tsu);
		const below = expected - ((((expected - forward) % UNITS) + UNITS) % UNITS);
		first = expected - below <= below + UNITS - expected ? below : below + UNITS;
		second = forward;
	}
	return first === second ? [first] : [first, second];
}

export function timestampAt(reference: Reference, units: number, tsu: number): number {
	return Number(BigInt.asUintN(32, BigInt(reference.timestamp) + BigInt(units) * BigInt(tsu)));
}

/** The packet as RFC 3550 would have it without an extension: what FEC and the associated data of reduced packets are made of. */
export function canonicalHeader(marker: boolean, payloadType: number, sequence: number, timestamp: number, ssrc: number): Buffer {
	const bytes = Buffer.alloc(RTP_BYTES);
	bytes[0] = 0x80;
	bytes[1] = (marker ? 0x80 : 0) | payloadType;
	bytes.writeUInt16BE(sequence, 2);
	bytes.writeUInt32BE(timestamp, 4);
	bytes.writeUInt32BE(ssrc, 8);
	return bytes;
}

/** NTP 32.32 of Unix milliseconds. */
export function ntpOf(unixMs: number): bigint {
	const whole = BigInt(Math.floor(unixMs));
	return ((whole / 1000n + 2_208_988_800n) << 32n) + ((whole % 1000n) << 32n) / 1000n;
}

export function absSendTime24(ntp: bigint): number {
	return Number((ntp >> 14n) & 0xffffffn);
}

/** One frame of RFC 4571. */
export function frame(packet: Buffer): Buffer {
	const head = Buffer.alloc(2);
	head.writeUInt16BE(packet.length, 0);
	return Buffer.concat([head, packet]);
}

/** Frames from a stream of bytes, split anywhere. Those of length 0 are keep-alives and only counted. */
export class FrameReader {
	keepAlives = 0;
	#rest: Buffer = Buffer.alloc(0);

	push(bytes: Buffer): Buffer[] {
		const frames: Buffer[] = [];
		let rest = Buffer.concat([this.#rest, bytes]);
		while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
			const length = rest.readUInt16BE(0);
			if (length === 0) this.keepAlives += 1;
			else frames.push(rest.subarray(2, 2 + length));
			rest = rest.subarray(2 + length);
		}
		this.#rest = rest;
		return frames;
	}
}
