import { File, list } from "files/files";
import type { Frame } from "media/frames";
import { type FrameSource, SourceStatus } from "media/source";

/** Most pictures of a folder. They are all held open, so that playing them allocates nothing. */
export const MAXIMUM_PICTURES = 128;
/** Names looked at in the folder. */
const MAXIMUM_NAMES = 1024;

/** The .jpg and .jpeg files of a folder in the order of their names, over and over. The folder is read once, when it is opened. */
export class PictureFolder implements FrameSource {
	readonly paced = false;
	error = "";
	oversized = 0;
	damaged = 0;
	readonly #path: string;
	readonly #files: File[] = [];
	#next = 0;

	/** @throws Error naming the folder: it cannot be read, holds no picture, or more than {@link MAXIMUM_PICTURES}. */
	constructor(path: string) {
		this.#path = path;
		try {
			this.#open(list(path, MAXIMUM_NAMES));
		} catch (error) {
			this.close();
			throw error;
		}
	}

	read(frame: Frame, room: number): number {
		for (let i = 0; i < this.#files.length; i++) {
			const file = this.#files[this.#next];
			this.#next = this.#next + 1 < this.#files.length ? this.#next + 1 : 0;
			if (file.size > room) {
				this.oversized++;
				continue;
			}
			const length = file.read(frame.arena.buffer, frame.offset, room, 0);
			if (length > 2 && frame.arena.bytes[frame.offset] === 0xff && frame.arena.bytes[frame.offset + 1] === 0xd8) return length;
			this.damaged++;
		}
		this.error = this.#path + " holds no picture of at most " + room + " bytes";
		return SourceStatus.FAILED;
	}

	discard(): void {}

	close(): void {
		for (let i = 0; i < this.#files.length; i++) this.#files[i].close();
		this.#files.length = 0;
	}

	#open(names: string[]): void {
		for (let i = 0; i < names.length; i++) {
			const name = names[i];
			const lower = name.toLowerCase();
			if (!lower.endsWith(".jpg") && !lower.endsWith(".jpeg")) continue;
			if (this.#files.length === MAXIMUM_PICTURES)
				throw new Error(this.#path + " holds more than " + MAXIMUM_PICTURES + " pictures; join them into one MJPEG file");
			this.#files.push(new File(this.#path + "/" + name));
		}
		if (this.#files.length === 0) throw new Error(this.#path + " holds no .jpg file");
	}
}
