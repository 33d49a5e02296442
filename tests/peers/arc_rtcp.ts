/** Control packets of ArcRTC: RTCP in the form of SRTCP without encryption (reference 2.7). */
import { createHmac, timingSafeEqual } from "node:crypto";

export const RtcpType = Object.freeze({ SR: 200, RR: 201, APP: 204, RTPFB: 205, PSFB: 206 });

const HMAC_BYTES = 10;
const INDEX_BYTES = 4;
const APP_NAME = 0x41524358;

/** A block of a report about one stream (RFC 3550 6.4.1). */
export interface ReportBlock {
	readonly ssrc: number;
	/** Of 256. */
	readonly fraction: number;
	/** Signed, 24 bits. */
	readonly lost: number;
	readonly extendedSequence: number;
	readonly jitter: number;
	readonly lsr: number;
	readonly dlsr: number;
}

export interface SenderInfo {
	readonly ntp: bigint;
	readonly timestamp: number;
	readonly packets: number;
	readonly octets: number;
}

export type Control =
	| { readonly kind: "sr"; readonly sender: number; readonly info: SenderInfo; readonly blocks: readonly ReportBlock[] }
	| { readonly kind: "rr"; readonly sender: number; readonly blocks: readonly ReportBlock[] }
	| { readonly kind: "nack"; readonly sender: number; readonly media: number; readonly lost: readonly number[] }
	| { readonly kind: "pli"; readonly sender: number; readonly media: number }
	| { readonly kind: "ctx_nack" | "ctx_ack"; readonly sender: number; readonly contexts: number }
	| { readonly kind: "unknown"; readonly sender: number; readonly type: number };

function begin(count: number, type: number, sender: number, bodyWords: number): Buffer {
	const bytes = Buffer.alloc(8 + 4 * bodyWords);
	bytes[0] = 0x80 | count;
	bytes[1] = type;
	bytes.writeUInt16BE(1 + bodyWords, 2);
	bytes.writeUInt32BE(sender, 4);
	return bytes;
}

function writeBlock(bytes: Buffer, offset: number, block: ReportBlock): void {
	bytes.writeUInt32BE(block.ssrc, offset);
	bytes.writeUInt8(block.fraction, offset + 4);
	bytes.writeIntBE(block.lost, offset + 5, 3);
	bytes.writeUInt32BE(block.extendedSequence, offset + 8);
	bytes.writeUInt32BE(block.jitter, offset + 12);
	bytes.writeUInt32BE(block.lsr, offset + 16);
	bytes.writeUInt32BE(block.dlsr, offset + 20);
}

function readBlock(bytes: Buffer, offset: number): ReportBlock {
	return {
		ssrc: bytes.readUInt32BE(offset),
		fraction: bytes.readUInt8(offset + 4),
		lost: bytes.readIntBE(offset + 5, 3),
		extendedSequence: bytes.readUInt32BE(offset + 8),
		jitter: bytes.readUInt32BE(offset + 12),
		lsr: bytes.readUInt32BE(offset + 16),
		dlsr: bytes.readUInt32BE(offset + 20),
	};
}

export function encodeReceiverReport(sender: number, blocks: readonly ReportBlock[]): Buffer {
	const bytes = begin(blocks.length, RtcpType.RR, sender, 6 * blocks.length);
	blocks.forEach((block, index) => {
		writeBlock(bytes, 8 + 24 * index, block);
	});
	return bytes;
}

export function encodeSenderReport(sender: number, info: SenderInfo, blocks: readonly ReportBlock[] = []): Buffer {
	const bytes = begin(blocks.length, RtcpType.SR, sender, 5 + 6 * blocks.length);
	bytes.writeBigUInt64BE(info.ntp, 8);
	bytes.writeUInt32BE(info.timestamp, 16);
	bytes.writeUInt32BE(info.packets, 20);
	bytes.writeUInt32BE(info.octets, 24);
	blocks.forEach((block, index) => {
		writeBlock(bytes, 28 + 24 * index, block);
	});
	return bytes;
}

/** Pairs of a packet id and a mask of the 16 that follow it, for lost ones in order. */
export function nackPairs(lost: readonly number[]): [number, number][] {
	const pairs: [number, number][] = [];
	for (const sequence of lost) {
		const last = pairs.at(-1);
		const distance = last === undefined ? 0 : (sequence - last[0]) & 0xffff;
		if (last !== undefined && distance >= 1 && distance <= 16) last[1] |= 1 << (distance - 1);
		else pairs.push([sequence, 0]);
	}
	return pairs;
}

export function encodeNack(sender: number, media: number, lost: readonly number[]): Buffer {
	const pairs = nackPairs(lost);
	const bytes = begin(1, RtcpType.RTPFB, sender, 1 + pairs.length);
	bytes.writeUInt32BE(media, 8);
	pairs.forEach(([id, mask], index) => {
		bytes.writeUInt16BE(id, 12 + 4 * index);
		bytes.writeUInt16BE(mask, 14 + 4 * index);
	});
	return bytes;
}

export function encodePli(sender: number, media: number): Buffer {
	const bytes = begin(1, RtcpType.PSFB, sender, 1);
	bytes.writeUInt32BE(media, 8);
	return bytes;
}

/** `contexts`: bit n for CID n. */
export function encodeContextFeedback(kind: "ctx_nack" | "ctx_ack", sender: number, contexts: number): Buffer {
	const bytes = begin(kind === "ctx_nack" ? 1 : 2, RtcpType.APP, sender, 2);
	bytes.writeUInt32BE(APP_NAME, 8);
	bytes.writeUInt8(contexts, 12);
	return bytes;
}

/** `rtcp` with its index and tag. */
export function protectControl(rtcp: Buffer, index: number, authKey: Buffer): Buffer {
	const tail = Buffer.alloc(INDEX_BYTES);
	tail.writeUInt32BE(index, 0);
	const body = Buffer.concat([rtcp, tail]);
	return Buffer.concat([body, createHmac("sha256", authKey).update(body).digest().subarray(0, HMAC_BYTES)]);
}

export interface Verified {
	readonly rtcp: Buffer;
	readonly index: number;
}

/** The RTCP inside, or undefined when its tag is wrong under this key, or it is none at all. */
export function verifyControl(packet: Buffer, authKey: Buffer): Verified | undefined {
	if (packet.length < 8 + INDEX_BYTES + HMAC_BYTES) return undefined;
	const body = packet.subarray(0, -HMAC_BYTES);
	const tag = createHmac("sha256", authKey).update(body).digest().subarray(0, HMAC_BYTES);
	if (!timingSafeEqual(tag, packet.subarray(-HMAC_BYTES))) return undefined;
	return { rtcp: body.subarray(0, -INDEX_BYTES), index: body.readUInt32BE(body.length - INDEX_BYTES) };
}

/** All packets of a compound one, or why it is none. `oddities` takes what a reader skips but no good sender writes. */
export function readControls(rtcp: Buffer, oddities: string[] = []): Control[] | string {
	const controls: Control[] = [];
	for (let offset = 0; offset < rtcp.length; ) {
		if (rtcp.length < offset + 8) return `${rtcp.length - offset} bytes left, too few for a header`;
		const first = rtcp.readUInt8(offset);
		const length = 4 * (1 + rtcp.readUInt16BE(offset + 2));
		if (first >> 6 !== 2) return `version ${first >> 6}`;
		if (first & 0x20) oddities.push("padding in RTCP");
		if (rtcp.length < offset + length) return "a packet longer than the datagram";
		const one = readControl(rtcp.subarray(offset, offset + length), oddities);
		if (typeof one === "string") return one;
		controls.push(one);
		offset += length;
	}
	return controls.length === 0 ? "empty" : controls;
}

function readControl(bytes: Buffer, oddities: string[]): Control | string {
	const count = bytes.readUInt8(0) & 31;
	const type = bytes.readUInt8(1);
	const sender = bytes.readUInt32BE(4);
	const exact = (length: number): boolean => bytes.length === length;
	const blocks = (offset: number): ReportBlock[] =>
		Array.from({ length: count }, (_, index) => readBlock(bytes, offset + 24 * index));
	if (type === RtcpType.RR) {
		if (!exact(8 + 24 * count)) return `RR of ${bytes.length} bytes with ${count} blocks`;
		return { kind: "rr", sender, blocks: blocks(8) };
	}
	if (type === RtcpType.SR) {
		if (!exact(28 + 24 * count)) return `SR of ${bytes.length} bytes with ${count} blocks`;
		const info = {
			ntp: bytes.readBigUInt64BE(8),
			timestamp: bytes.readUInt32BE(16),
			packets: bytes.readUInt32BE(20),
			octets: bytes.readUInt32BE(24),
		};
		return { kind: "sr", sender, info, blocks: blocks(28) };
	}
	if (type === RtcpType.RTPFB && count === 1) {
		if (bytes.length < 16) return "NACK without a pair";
		return { kind: "nack", sender, media: bytes.readUInt32BE(8), lost: lostOf(bytes, oddities) };
	}
	if (type === RtcpType.PSFB && count === 1) {
		if (!exact(12)) return `PLI of ${bytes.length} bytes`;
		return { kind: "pli", sender, media: bytes.readUInt32BE(8) };
	}
	if (type === RtcpType.APP && (count === 1 || count === 2) && bytes.length >= 12 && bytes.readUInt32BE(8) === APP_NAME) {
		if (!exact(16)) return `context feedback of ${bytes.length} bytes`;
		if (bytes.readUIntBE(13, 3) !== 0) oddities.push("context feedback with bytes behind its map");
		if (bytes.readUInt8(12) === 0) oddities.push("context feedback about no context");
		return { kind: count === 1 ? "ctx_nack" : "ctx_ack", sender, contexts: bytes.readUInt8(12) };
	}
	return { kind: "unknown", sender, type };
}

function lostOf(bytes: Buffer, oddities: string[]): number[] {
	const lost: number[] = [];
	for (let offset = 12; offset < bytes.length; offset += 4) {
		const id = bytes.readUInt16BE(offset);
		const mask = bytes.readUInt16BE(offset + 2);
		lost.push(id);
		for (let bit = 0; bit < 16; bit += 1) if (mask & (1 << bit)) lost.push((id + 1 + bit) & 0xffff);
	}
	if (new Set(lost).size !== lost.length) oddities.push("a NACK names a packet twice");
	if (nackPairs(lost).length !== (bytes.length - 12) / 4) oddities.push("a NACK with more pairs than it needs");
	return lost;
}

/** Middle 32 bits of NTP 32.32, as LSR has them. */
export function middleOf(ntp: bigint): number {
	return Number((ntp >> 16n) & 0xffffffffn);
}
