import { setHex } from "media/rtp/format";

/** The tables of ITU-T T.81 annex K that RFC 2435 builds upon. */

/** Bytes of one table of quantisation, and of the two of a picture: luminance, then chrominance. */
export const QUANTISER_BYTES = 64;
export const QUANTISERS_BYTES = 2 * QUANTISER_BYTES;

/** Both in zigzag order (RFC 2435 appendix A); chrominance is 99 behind its first values. */
const LUMINANCE =
	"100b0c0e0c0a100e0d0e1211101318281a181616183123251d283a333d3c3933383740485c4e404457453738506d51575f626768673e4d71797064785c656763";
const CHROMINANCE = "1112121815182f1a1a2f63423842";
const CHROMINANCE_REST = 99;
/** Place of the largest value of luminance. */
const PROBE = 56;

/** Four DHT segments: DC and AC of luminance, DC and AC of chrominance. */
const HUFFMAN =
	"ffc4001f0000010501010101010100000000000000000102030405060708090a0b" +
	"ffc400b5100002010303020403050504040000017d01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282" +
	"090a161718191a25262728292a3435363738393a434445464748494a535455565758595a636465666768696a737475767778797a838485868788" +
	"898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1" +
	"f2f3f4f5f6f7f8f9fa" +
	"ffc4001f0100030101010101010101010000000000000102030405060708090a0b" +
	"ffc400b51100020102040403040705040400010277000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a" +
	"162434e125f11718191a262728292a35363738393a434445464748494a535455565758595a636465666768696a737475767778797a8283848586" +
	"8788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9ea" +
	"f2f3f4f5f6f7f8f9fa";
export const HUFFMAN_BYTES = 432;
/** Of a segment: before the table, and the two sizes of table. */
export const HUFFMAN_HEAD = 4;
const DC_BYTES = 29;
const AC_BYTES = 179;

/** Writes the segments of the standard tables, {@link HUFFMAN_BYTES}. */
export function writeHuffman(bytes: Uint8Array, offset: number): void {
	setHex(bytes, offset, HUFFMAN);
}

/** Where in them a table lies whose first byte (class, number) is `id`; -1: there is none. */
export function huffmanTable(id: number): number {
	switch (id) {
		case 0x00:
			return HUFFMAN_HEAD;
		case 0x10:
			return HUFFMAN_HEAD + DC_BYTES + HUFFMAN_HEAD;
		case 0x01:
			return 3 * HUFFMAN_HEAD + DC_BYTES + AC_BYTES;
		case 0x11:
			return 4 * HUFFMAN_HEAD + 2 * DC_BYTES + AC_BYTES;
		default:
			return -1;
	}
}

/** Bytes of the table that begins with `id`. */
export function huffmanTableBytes(id: number): number {
	return id < 0x10 ? DC_BYTES : AC_BYTES;
}

/** Writes the base of both tables, for quality 50. */
export function writeBase(bytes: Uint8Array, offset: number): void {
	setHex(bytes, offset, LUMINANCE);
	bytes.fill(CHROMINANCE_REST, offset + QUANTISER_BYTES, offset + QUANTISERS_BYTES);
	setHex(bytes, offset + QUANTISER_BYTES, CHROMINANCE);
}

/** RFC 2435 4.2: what a quality of 1 to 99 makes of a value of the base. */
export function scaled(base: number, quality: number): number {
	const factor = quality < 50 ? Math.trunc(5000 / quality) : 200 - 2 * quality;
	const value = Math.trunc((base * factor + 50) / 100);
	return value < 1 ? 1 : value > 255 ? 255 : value;
}

/** Makes the tables of a quality from the base. */
export function scaleQuantisers(bytes: Uint8Array, base: number, to: number, quality: number): void {
	for (let i = 0; i < QUANTISERS_BYTES; i++) bytes[to + i] = scaled(bytes[base + i], quality);
}

/** @returns the quality, 1 to 99, whose tables these are; 0: they are of no quality. */
export function qualityOf(bytes: Uint8Array, base: number, luminance: number, chrominance: number): number {
	/* The largest value of the base decides best: the others are rounded to a few numbers. */
	let low = 1;
	let high = 99;
	const probe = PROBE;
	while (low < high) {
		const middle = (low + high) >> 1;
		if (scaled(bytes[base + probe], middle) > bytes[luminance + probe]) low = middle + 1;
		else high = middle;
	}
	/* Neighbouring qualities may share that value. */
	for (let quality = low; quality <= 99 && scaled(bytes[base + probe], quality) === bytes[luminance + probe]; quality++)
		if (matches(bytes, base, luminance, chrominance, quality)) return quality;
	return 0;
}

function matches(bytes: Uint8Array, base: number, luminance: number, chrominance: number, quality: number): boolean {
	for (let i = 0; i < QUANTISER_BYTES; i++) {
		if (bytes[luminance + i] !== scaled(bytes[base + i], quality)) return false;
		if (bytes[chrominance + i] !== scaled(bytes[base + QUANTISER_BYTES + i], quality)) return false;
	}
	return true;
}
