import { File } from "files/files";
import type { Frame } from "media/frames";
import { findPicture, JPEGScanner, Scan } from "media/jpeg";
import { type FrameSource, SourceStatus } from "media/source";

/** How often one call reads from the file at most, so that a damaged file cannot hold the loop. */
const READS_PER_CALL = 8;

/**
 * Pictures of a file of concatenated JPEGs, over and over. What lies between pictures is skipped, so that a saved
 * multipart stream does as well. The file is walked as it plays: no index, any length.
 */
export class MJPEGFile implements FrameSource {
	readonly paced = false;
	error = "";
	oversized = 0;
	damaged = 0;
	readonly #path: string;
	readonly #file: File;
	readonly #scanner = new JPEGScanner();
	/** Where the file is read next. */
	#position = 0;
	/** In a picture that is larger than the room: its end is sought. */
	#skipping = false;
	/** Pictures found since the file's start. */
	#found = 0;

	/** @throws Error naming the path and the host's reason. */
	constructor(path: string) {
		this.#path = path;
		this.#file = new File(path);
	}

	read(frame: Frame, room: number): number {
		for (let i = 0; i < READS_PER_CALL; i++) {
			const count = this.#file.read(frame.arena.buffer, frame.offset, room, this.#position);
			if (count < 0) return this.#fail("cannot be read");
			if (count === 0) {
				if (this.#skipping) this.damaged++;
				if (!this.#rewind()) return this.#fail("holds no picture of at most " + room + " bytes");
				continue;
			}
			const length = this.#skipping ? this.#skip(frame, count) : this.#take(frame, count, count < room);
			if (length > 0) return length;
		}
		return SourceStatus.NOTHING;
	}

	discard(): void {}

	close(): void {
		this.#file.close();
	}

	/** Looks at `count` bytes that may begin a picture. @returns its length when it is whole, else 0 with the position moved on. */
	#take(frame: Frame, count: number, last: boolean): number {
		const from = frame.offset;
		const to = from + count;
		const start = findPicture(frame.arena.bytes, from, to);
		if (start !== from) {
			/* The last byte may be half of a start. */
			if (start > from) this.#position += start - from;
			else this.#position += last ? count : count - 1;
			return 0;
		}
		this.#scanner.restart();
		const end = this.#scanner.scan(frame.arena.bytes, from, to);
		if (end > 0) {
			this.#position += end - from;
			this.#found++;
			return end - from;
		}
		if (end === Scan.BAD) this.#leave(from);
		else {
			this.#skipping = true;
			this.#position += count;
		}
		return 0;
	}

	/** Goes on in a picture that is too large or cut off by the file's end; always 0. */
	#skip(frame: Frame, count: number): number {
		const end = this.#scanner.scan(frame.arena.bytes, frame.offset, frame.offset + count);
		if (end === Scan.MORE) {
			this.#position += count;
			return 0;
		}
		if (end === Scan.BAD) this.#leave(frame.offset);
		else {
			this.oversized++;
			this.#position += end - frame.offset;
		}
		this.#skipping = false;
		return 0;
	}

	/**
	 * Leaves a damaged picture where the damage shows: often the next one begins there. Looking again from its start
	 * would find a thumbnail in it.
	 */
	#leave(from: number): void {
		this.damaged++;
		this.#position += this.#scanner.wrong - 1 - from;
	}

	/** Back to the file's start. @returns false when a whole pass found nothing. */
	#rewind(): boolean {
		const found = this.#found;
		this.#skipping = false;
		this.#position = 0;
		this.#found = 0;
		return found > 0;
	}

	#fail(why: string): number {
		this.error = this.#path + " " + why;
		return SourceStatus.FAILED;
	}
}
