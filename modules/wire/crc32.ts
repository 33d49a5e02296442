const POLYNOMIAL = 0xedb88320;

/** CRC-32 as of ISO 3309 (V.42) of `length` bytes. Without a table: for short messages. */
export function crc32(bytes: Uint8Array, offset: number, length: number): number {
	let crc = -1;
	for (let at = offset; at < offset + length; at++) {
		crc ^= bytes[at];
		for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
	}
	return ~crc >>> 0;
}
