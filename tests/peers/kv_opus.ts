/** Opus packets as KV carries them (reference 2.4): what a padded packet is made of, from RFC 6716 sections 3.1 and 3.2 alone. */
import { DATA_BYTES } from "./kv_wire.ts";

const FRAME_LIMIT = 1_275;
const DURATION_LIMIT_MS = 120;

export interface OpusPacket {
	/** The upper five bits of the first byte: mode, bandwidth and duration. */
	readonly configuration: number;
	readonly stereo: boolean;
	/** Milliseconds of one frame. */
	readonly frameMs: number;
	readonly frames: readonly Buffer[];
	/** Bytes of padding, the bytes that count them included. */
	readonly padding: number;
	/** True: all padding is zero, as encoders are to make it. Decoders take any. */
	readonly zero: boolean;
}

function frameDuration(configuration: number): number {
	if (configuration < 12) return [10, 20, 40, 60][configuration & 3] as number;
	if (configuration < 16) return [10, 20][configuration & 1] as number;
	return [2.5, 5, 10, 20][configuration & 3] as number;
}

interface Length {
	readonly value: number;
	readonly next: number;
}

/** A frame length of one or two bytes (3.2.1). */
function readLength(packet: Buffer, offset: number): Length | undefined {
	const first = packet[offset];
	if (first === undefined) return undefined;
	if (first < 252) return { value: first, next: offset + 1 };
	const second = packet[offset + 1];
	return second === undefined ? undefined : { value: second * 4 + first, next: offset + 2 };
}

/** The packet's parts, or the text of what is wrong with it. Every byte must belong to something. */
export function readOpus(packet: Buffer): OpusPacket | string {
	const toc = packet[0];
	if (toc === undefined) return "no byte at all";
	const code = toc & 3;
	const parts = code === 3 ? readMany(packet) : readFew(packet, code);
	if (typeof parts === "string") return parts;
	if (parts.frames.some((frame) => frame.length > FRAME_LIMIT)) return `a frame of more than ${FRAME_LIMIT} bytes`;
	const frameMs = frameDuration(toc >> 3);
	if (frameMs * parts.frames.length > DURATION_LIMIT_MS) return `${parts.frames.length} frames of ${frameMs} ms`;
	return { configuration: toc >> 3, stereo: (toc & 4) !== 0, frameMs, ...parts };
}

type Parts = Pick<OpusPacket, "frames" | "padding" | "zero">;

/** Codes 0 to 2: one frame, two of the same size, two of different sizes. */
function readFew(packet: Buffer, code: number): Parts | string {
	const body = packet.subarray(1);
	if (code === 0) return { frames: [body], padding: 0, zero: true };
	if (code === 1) {
		if (body.length % 2 !== 0) return "code 1 with an odd number of bytes";
		return { frames: [body.subarray(0, body.length / 2), body.subarray(body.length / 2)], padding: 0, zero: true };
	}
	const length = readLength(packet, 1);
	if (length === undefined || length.next + length.value > packet.length) return "code 2 with a frame beyond the end";
	const middle = length.next + length.value;
	return { frames: [packet.subarray(length.next, middle), packet.subarray(middle)], padding: 0, zero: true };
}

/** Code 3: a count of frames, each of the same or of its own size, and padding. */
function readMany(packet: Buffer): Parts | string {
	const head = packet[1];
	if (head === undefined) return "code 3 without its count";
	const count = head & 0x3f;
	if (count === 0) return "code 3 with no frame";
	let offset = 2;
	let data = 0;
	if ((head & 0x40) !== 0) {
		for (let last = 255; last === 255; offset += 1) {
			const byte = packet[offset];
			if (byte === undefined) return "the padding's length goes beyond the end";
			data += byte === 255 ? 254 : byte;
			last = byte;
		}
	}
	const padding = data + offset - 2;
	const end = packet.length - data;
	if (end < offset) return "more padding than packet";
	const sizes: number[] = [];
	if ((head & 0x80) !== 0) {
		for (let index = 1; index < count; index += 1) {
			const length = readLength(packet, offset);
			if (length === undefined) return "a frame's length goes beyond the end";
			sizes.push(length.value);
			offset = length.next;
		}
		sizes.push(end - offset - sizes.reduce((sum, size) => sum + size, 0));
	} else {
		if ((end - offset) % count !== 0) return `${end - offset} bytes for ${count} frames of the same size`;
		for (let index = 0; index < count; index += 1) sizes.push((end - offset) / count);
	}
	const frames: Buffer[] = [];
	for (const size of sizes) {
		if (size < 0 || offset + size > end) return "the frames go beyond the end";
		frames.push(packet.subarray(offset, offset + size));
		offset += size;
	}
	return { frames, padding, zero: packet.subarray(end).every((byte) => byte === 0) };
}

/** Why the 504 bytes of a datagram are no padded Opus packet, or undefined. `anyPadding`: it need not be zero. */
export function opusFault(data: Buffer, anyPadding = false): string | undefined {
	if (data.length !== DATA_BYTES) return `${data.length} bytes, must be ${DATA_BYTES}`;
	const packet = readOpus(data);
	if (typeof packet === "string") return packet;
	return packet.zero || anyPadding ? undefined : "padding that is not zero";
}

/** A code-0 packet of at most 504 bytes, padded to exactly 504. */
export function padOpus(packet: Buffer): Buffer {
	const size = packet.length;
	if (size === 0 || size > DATA_BYTES) throw new RangeError(`an Opus packet of ${size} bytes`);
	if (size === DATA_BYTES) return packet;
	const toc = packet.readUInt8(0);
	if ((toc & 3) !== 0) throw new RangeError("only packets of code 0");
	const frame = packet.subarray(1);
	if (size === DATA_BYTES - 1) return Buffer.concat([Buffer.from([toc + 3, 0x01]), frame]);
	const rest = DATA_BYTES - 1 - size;
	const full = Math.floor((rest - 1) / 255);
	const last = rest - 1 - 255 * full;
	const padded = Buffer.alloc(DATA_BYTES);
	Buffer.concat([Buffer.from([toc + 3, 0x41]), Buffer.alloc(full, 255), Buffer.from([last]), frame]).copy(padded);
	return padded;
}
