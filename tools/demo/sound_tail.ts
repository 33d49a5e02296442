/** Follows a WAV file that a device still writes, and hands out what was added, for ears in a browser. */
import { closeSync, existsSync, fstatSync, openSync, readSync, truncateSync } from "node:fs";
import { Readable } from "node:stream";
import { readWavHead } from "./wav.ts";

const LOOK_MS = 40;
const HEAD_LIMIT = 512;
const CHUNK = 65_536;
/** Bytes after which the past of the file is given back to the disk: it keeps its length, and becomes a hole. */
const KEPT_BYTES = 16 * 1024 * 1024;
/** A listener who takes nothing for that many bytes misses something. */
const BACKLOG = 256 * 1024;
/** Seconds at once that are no sound but the silence before it, which the device wrote as a hole. */
const LEAP_S = 0.5;

export class SoundTail {
	/** Samples a second; 0 until the file has its head. */
	rate = 0;
	readonly #path: string;
	readonly #keep: number;
	readonly #listeners = new Set<Readable>();
	readonly #timer: NodeJS.Timeout;
	#offset = 0;
	#kept = 0;

	/** `keep` is how many bytes of the past stay on the disk at most. */
	constructor(path: string, keep = KEPT_BYTES) {
		this.#path = path;
		this.#keep = keep;
		this.#timer = setInterval(() => this.#look(), LOOK_MS);
	}

	get listeners(): number {
		return this.#listeners.size;
	}

	/** Samples as they are written from now on: 16 bits, little-endian, one channel. */
	listen(): Readable {
		const stream = new Readable({ read: () => undefined, highWaterMark: BACKLOG });
		this.#listeners.add(stream);
		stream.once("close", () => this.#listeners.delete(stream));
		return stream;
	}

	close(): void {
		clearInterval(this.#timer);
		for (const stream of this.#listeners) stream.destroy();
	}

	#look(): void {
		if (!existsSync(this.#path)) return;
		const file = openSync(this.#path, "r");
		try {
			const { size } = fstatSync(file);
			if (this.rate === 0 && !this.#readHead(file, size)) return;
			// Whole samples. A file that was just emptied is short until the device writes on.
			const end = this.#offset + (Math.max(0, size - this.#offset) & ~1);
			const leap = LEAP_S * 2 * this.rate;
			if (end - this.#offset > leap) this.#offset = end - leap / 5;
			while (this.#offset < end) this.#read(file, Math.min(CHUNK, end - this.#offset));
		} finally {
			closeSync(file);
		}
		if (this.#offset - this.#kept < this.#keep) return;
		this.#kept = this.#offset;
		truncateSync(this.#path);
	}

	#readHead(file: number, size: number): boolean {
		const head = Buffer.alloc(Math.min(size, HEAD_LIMIT));
		readSync(file, head, 0, head.length, 0);
		try {
			const layout = readWavHead(head);
			this.rate = layout.rate;
			this.#offset = layout.start;
			return true;
		} catch {
			return false;
		}
	}

	#read(file: number, length: number): void {
		const chunk = Buffer.alloc(length);
		const count = readSync(file, chunk, 0, length, this.#offset);
		this.#offset += count;
		for (const stream of this.#listeners) if (stream.readableLength < BACKLOG) stream.push(chunk.subarray(0, count));
	}
}
