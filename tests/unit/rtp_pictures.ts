import { HUFFMAN_BYTES, QUANTISERS_BYTES, scaleQuantisers, writeBase, writeHuffman } from "media/rtp/jpeg_tables";
import { join } from "unit/pictures";
import { bytesOf } from "unit/rtp_line";

/** How a picture of the tests is made. */
export interface PictureOptions {
	readonly width?: number;
	readonly height?: number;
	/** Of Y, 0x21 or 0x22; and of the others. */
	readonly sampling?: number;
	readonly chroma?: number;
	readonly restart?: number;
	/** 64 + 64 values; those of quality 75 unless told. */
	readonly tables?: Uint8Array;
	readonly huffman?: boolean;
	readonly scan?: Uint8Array;
	readonly end?: string;
	/** Another first segment, of hex. */
	readonly extra?: string;
	/** Other segments for the frame and for the start of the scan. */
	readonly frame?: string;
	readonly start?: string;
}

export function quantisers(quality: number): Uint8Array {
	const bytes = new Uint8Array(2 * QUANTISERS_BYTES);
	writeBase(bytes, 0);
	scaleQuantisers(bytes, 0, QUANTISERS_BYTES, quality);
	return bytes.slice(QUANTISERS_BYTES);
}

function hex16(value: number): string {
	return (0x10000 + value).toString(16).slice(1);
}

function hex8(value: number): string {
	return (0x100 + value).toString(16).slice(1);
}

/** A whole picture, the scan of which is no more than bytes. */
export function jpeg(options: PictureOptions): Uint8Array {
	const tables = options.tables ?? quantisers(75);
	const huffman = new Uint8Array(HUFFMAN_BYTES);
	writeHuffman(huffman, 0);
	const chroma = hex8(options.chroma ?? 0x11);
	const frame =
		"ffc0001108" +
		hex16(options.height ?? 48) +
		hex16(options.width ?? 64) +
		"0301" +
		hex8(options.sampling ?? 0x22) +
		"0002" +
		chroma +
		"0103" +
		chroma +
		"01";
	return join(
		bytesOf("ffd8 ffe000104a46494600010200000100010000" + (options.extra ?? "")),
		bytesOf("ffdb004300"),
		tables.slice(0, 64),
		bytesOf("ffdb004301"),
		tables.slice(64, 128),
		bytesOf(options.restart === undefined ? "" : "ffdd0004" + hex16(options.restart)),
		bytesOf(options.frame ?? frame),
		options.huffman === false ? new Uint8Array(0) : huffman,
		bytesOf(options.start ?? "ffda000c03010002110311003f00"),
		options.scan ?? bytesOf("112233445566"),
		bytesOf(options.end ?? "ffd9"),
	);
}
