/** Sound in memory and in WAV files of 16-bit samples. */
import { readFileSync, writeFileSync } from "node:fs";

const HEAD_BYTES = 44;

export interface Sound {
	/** Samples a second. */
	readonly rate: number;
	/** -1 to 1. */
	readonly samples: Float64Array;
}

/** The head of a file of one channel; `bytes` of samples follow. */
export function wavHead(rate: number, bytes: number): Buffer {
	const head = Buffer.alloc(HEAD_BYTES);
	head.write("RIFF", 0, "latin1");
	head.writeUInt32LE(Math.min(0xffffffff, bytes + HEAD_BYTES - 8), 4);
	head.write("WAVEfmt ", 8, "latin1");
	head.writeUInt32LE(16, 16);
	head.writeUInt16LE(1, 20);
	head.writeUInt16LE(1, 22);
	head.writeUInt32LE(rate, 24);
	head.writeUInt32LE(rate * 2, 28);
	head.writeUInt16LE(2, 32);
	head.writeUInt16LE(16, 34);
	head.write("data", 36, "latin1");
	head.writeUInt32LE(bytes, 40);
	return head;
}

/** Where the samples of a file begin, and how they are laid out. */
export interface WavLayout {
	readonly rate: number;
	readonly channels: number;
	/** Offset of the first sample. */
	readonly start: number;
	/** Bytes of samples as the head says; a file that still grows says less than it holds. */
	readonly bytes: number;
}

/** Reads the head. @throws Error when it is no WAV file of 16-bit samples */
export function readWavHead(file: Buffer): WavLayout {
	if (file.length < HEAD_BYTES || file.toString("latin1", 0, 4) !== "RIFF" || file.toString("latin1", 8, 12) !== "WAVE")
		throw new Error("not a WAV file");
	let rate = 0;
	let channels = 0;
	for (let offset = 12; offset + 8 <= file.length; ) {
		const name = file.toString("latin1", offset, offset + 4);
		const size = file.readUInt32LE(offset + 4);
		if (name === "fmt ") {
			if (file.readUInt16LE(offset + 8) !== 1 || file.readUInt16LE(offset + 22) !== 16) throw new Error("not 16-bit samples");
			channels = file.readUInt16LE(offset + 10);
			rate = file.readUInt32LE(offset + 12);
		} else if (name === "data") {
			if (rate === 0) throw new Error("samples before their format");
			return { rate, channels, start: offset + 8, bytes: size };
		}
		offset += 8 + size + (size & 1);
	}
	throw new Error("a WAV file without samples");
}

/** The first channel of a file. All that is there is read, whatever the head says of its length. */
export function readWav(path: string): Sound {
	const file = readFileSync(path);
	const { rate, channels, start } = readWavHead(file);
	const count = Math.floor((file.length - start) / (2 * channels));
	const samples = new Float64Array(count);
	for (let index = 0; index < count; index += 1) samples[index] = file.readInt16LE(start + index * 2 * channels) / 32_768;
	return { rate, samples };
}

export function writeWav(path: string, sound: Sound): void {
	const data = Buffer.alloc(sound.samples.length * 2);
	sound.samples.forEach((sample, index) => {
		data.writeInt16LE(Math.max(-32_768, Math.min(32_767, Math.round(sample * 32_768))), index * 2);
	});
	writeFileSync(path, Buffer.concat([wavHead(sound.rate, data.length), data]));
}
