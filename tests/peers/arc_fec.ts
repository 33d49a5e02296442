/** FEC of ArcRTC: one row of RFC 8627's fixed form over canonical packets (reference 2.8). */

const HEADER = 12;
const RTP = 12;
export const LEAST_COLUMNS = 2;
export const MOST_COLUMNS = 10;

/** Each of a row of packets in its canonical view: 12 bytes of header without extension, then the payload. */
export type Canonical = Buffer;

function xorInto(target: Buffer, from: Buffer): void {
	for (let at = 0; at < from.length; at += 1) target[at] = (target[at] as number) ^ (from[at] as number);
}

/** The bytes of a packet that parity is made of: two of its first, length, timestamp, then all behind the header. */
function bitString(packet: Canonical): Buffer {
	const head = Buffer.alloc(8);
	head[0] = (packet[0] as number) & 0x3f;
	head[1] = packet[1] as number;
	head.writeUInt16BE(packet.length - RTP, 2);
	packet.copy(head, 4, 4, 8);
	return Buffer.concat([head, packet.subarray(RTP)]);
}

/** The payload of the FEC packet for one row, in order of sequence numbers and without a gap. */
export function encodeRow(row: readonly Canonical[]): Buffer {
	const [first] = row;
	if (first === undefined) throw new RangeError("an empty row");
	const parity = Buffer.alloc(Math.max(...row.map((packet) => packet.length)) - RTP + 8);
	for (const packet of row) xorInto(parity, bitString(packet));
	const head = Buffer.alloc(HEADER);
	parity.copy(head, 0, 0, 8);
	head[0] = 0x40 | (parity[0] as number);
	first.copy(head, 8, 2, 4);
	head[10] = row.length;
	head[11] = 0;
	return Buffer.concat([head, parity.subarray(8)]);
}

export interface FecHeader {
	readonly base: number;
	readonly columns: number;
	readonly rows: number;
}

/** The header of a FEC payload, or why it is none. */
export function readFec(payload: Buffer): FecHeader | string {
	if (payload.length < HEADER) return `FEC of ${payload.length} bytes`;
	const first = payload.readUInt8(0);
	if (first >> 6 !== 1) return `FEC with R, F = ${first >> 6}, must be 0, 1`;
	const columns = payload.readUInt8(10);
	const rows = payload.readUInt8(11);
	if (rows !== 0) return `FEC with D = ${rows}, must be 0`;
	if (columns < 1 || columns > MOST_COLUMNS) return `FEC with L = ${columns}`;
	return { base: payload.readUInt16BE(8), columns, rows };
}

/** Sequence numbers that a row protects. */
export function protectedBy(header: FecHeader): number[] {
	return Array.from({ length: header.columns }, (_, index) => (header.base + index) & 0xffff);
}

/**
 * The one packet of the row that is missing, or undefined when none or more than one is, or what comes out cannot be one.
 * `packet` gives the canonical view of a sequence number, if it is there.
 */
export function recover(
	payload: Buffer,
	ssrc: number,
	packet: (sequence: number) => Canonical | undefined,
): Canonical | undefined {
	const header = readFec(payload);
	if (typeof header === "string") return undefined;
	const missing = protectedBy(header).filter((sequence) => packet(sequence) === undefined);
	const [lost] = missing;
	if (lost === undefined || missing.length !== 1) return undefined;
	const parity = Buffer.concat([payload.subarray(0, 8), payload.subarray(HEADER)]);
	parity[0] = (parity[0] as number) & 0x3f;
	for (const sequence of protectedBy(header)) {
		const one = packet(sequence);
		if (one === undefined) continue;
		const bits = bitString(one);
		if (bits.length > parity.length) return undefined;
		xorInto(parity, bits);
	}
	const length = parity.readUInt16BE(2);
	if (length > parity.length - 8) return undefined;
	const result = Buffer.alloc(RTP + length);
	result[0] = 0x80 | (parity[0] as number);
	result[1] = parity[1] as number;
	result.writeUInt16BE(lost, 2);
	parity.copy(result, 4, 4, 8);
	result.writeUInt32BE(ssrc, 8);
	parity.copy(result, RTP, 8, 8 + length);
	return result;
}
