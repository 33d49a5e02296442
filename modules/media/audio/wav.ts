import type { File } from "files/files";
import { Format } from "media/audio/samples";

/** RIFF files of sound: "RIFF" size "WAVE", then chunks of four letters, a size (little-endian) and content, each at an even offset. */

/** Bytes of the header that {@link writeWavHeader} makes: RIFF, "fmt " and the head of "data". */
export const WAV_HEADER = 44;
/** Largest sizes that the 32-bit fields can say. */
export const WAV_LONGEST = 0xffffffff - WAV_HEADER;
/** Highest sample rate that is read. */
export const WAV_FASTEST = 192_000;

const RIFF = 0x46464952;
const WAVE = 0x45564157;
const FMT = 0x20746d66;
const DATA = 0x61746164;

const PCM = 1;
const FLOAT = 3;
const ALAW = 6;
const MULAW = 7;
/** The real tag is the first part of an identifier further behind. */
const EXTENSIBLE = 0xfffe;
const EXTENDED_FMT = 40;
/** Chunks before the sound that are looked through. */
const MAXIMUM_CHUNKS = 64;

/** Where in a file the sound is, and how. */
export class WavLayout {
	rate = 0;
	channels = 0;
	/** Of `Format`. */
	format = 0;
	/** Bytes of one sample of all channels. */
	frameBytes = 0;
	/** Where the first is. */
	start = 0;
	/** How many there are. */
	frames = 0;
}

/**
 * Finds the sound in a file; one that was cut off, or never finished, is taken as far as it goes.
 * @returns "" or why it cannot be played, as the end of a sentence that begins with the file's name.
 */
export function readWavHeader(file: File, layout: WavLayout): string {
	const bytes = new ArrayBuffer(EXTENDED_FMT);
	const view = new DataView(bytes);
	if (file.read(bytes, 0, 12, 0) !== 12 || view.getUint32(0, true) !== RIFF || view.getUint32(8, true) !== WAVE)
		return "is no WAV file";
	let position = 12;
	for (let i = 0; i < MAXIMUM_CHUNKS && file.read(bytes, 0, 8, position) === 8; i++) {
		const name = view.getUint32(0, true);
		const size = view.getUint32(4, true);
		position += 8;
		if (name === DATA) {
			if (layout.frameBytes === 0) return "is a WAV file without a format";
			layout.start = position;
			layout.frames = Math.floor(Math.min(size === 0 ? file.size : size, file.size - position) / layout.frameBytes);
			return layout.frames > 0 ? "" : "is a WAV file without sound";
		}
		if (name === FMT) {
			const count = Math.min(size, EXTENDED_FMT);
			if (count < 16 || file.read(bytes, 0, count, position) !== count) return "is a damaged WAV file";
			const problem = readFormat(view, count, layout);
			if (problem !== "") return problem;
		}
		position += size + (size & 1);
	}
	return "is a WAV file without sound";
}

function readFormat(view: DataView, count: number, layout: WavLayout): string {
	let tag = view.getUint16(0, true);
	if (tag === EXTENSIBLE && count >= 26) tag = view.getUint16(24, true);
	layout.channels = view.getUint16(2, true);
	layout.rate = view.getUint32(4, true);
	const bits = view.getUint16(14, true);
	const format = formatOf(tag, bits);
	if (format < 0) return "holds sound of format " + tag + " with " + bits + " bits, which is not known";
	if (layout.channels < 1 || layout.channels > 8) return "has " + layout.channels + " channels; 1 to 8 can be played";
	if (layout.rate < 1000 || layout.rate > WAV_FASTEST) return "has a sample rate of " + layout.rate + " Hz";
	layout.format = format;
	layout.frameBytes = (layout.channels * bits) / 8;
	return "";
}

function formatOf(tag: number, bits: number): number {
	if (tag === PCM) {
		if (bits === 8) return Format.U8;
		if (bits === 16) return Format.S16;
		if (bits === 24) return Format.S24;
		if (bits === 32) return Format.S32;
	}
	if (tag === FLOAT && bits === 32) return Format.F32;
	if (tag === ALAW && bits === 8) return Format.ALAW;
	if (tag === MULAW && bits === 8) return Format.MULAW;
	return -1;
}

/** Writes the header of `dataBytes` of 16-bit sound in one channel to the view's beginning. */
export function writeWavHeader(view: DataView, rate: number, dataBytes: number): void {
	view.setUint32(0, RIFF, true);
	view.setUint32(4, WAV_HEADER - 8 + dataBytes, true);
	view.setUint32(8, WAVE, true);
	view.setUint32(12, FMT, true);
	view.setUint32(16, 16, true);
	view.setUint16(20, PCM, true);
	view.setUint16(22, 1, true);
	view.setUint32(24, rate, true);
	view.setUint32(28, 2 * rate, true);
	view.setUint16(32, 2, true);
	view.setUint16(34, 16, true);
	view.setUint32(36, DATA, true);
	view.setUint32(40, dataBytes, true);
}
