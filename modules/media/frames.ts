import type { Arena } from "storage/arena";

/**
 * The frames between the camera and its viewers: a few buffers of fixed size in the arena, each counted by who still sends it.
 * A frame that somebody sends is never overwritten; a frame that nobody took in time is simply replaced by the next.
 *
 * With N buffers one holds the newest frame and one is free to be filled. What is left is for viewers that were overtaken:
 * that still send an older frame. Overtaken viewers are slow, and slow viewers take their next frame together, once no older
 * frame is held (see `acquire`): however many there are, they cannot keep the fast ones from new frames.
 *
 * Each buffer has `headroom` bytes before the picture and `tailroom` bytes behind it, for framing that is the same for every viewer.
 */

/** Fewest buffers: the newest, an older one that slow viewers finish, one to fill. */
export const MINIMUM_BUFFERS = 3;

export interface FrameStoreOptions {
	arena: Arena;
	/** Where the {@link frameStoreBytes} bytes of the store begin. */
	offset: number;
	/** Buffers, {@link MINIMUM_BUFFERS}..16. */
	buffers: number;
	/** Largest picture in bytes. */
	frameBytes: number;
	headroom: number;
	/** At least 1: readers may put a mark behind what they look through. */
	tailroom: number;
}

/** Bytes of the arena that a store takes. */
export function frameStoreBytes(buffers: number, frameBytes: number, headroom: number, tailroom: number): number {
	return buffers * (headroom + frameBytes + tailroom);
}

/** One buffer and what is in it. Offsets are within the arena. */
export class Frame {
	readonly arena: Arena;
	/** Where the picture begins and how long it is. */
	readonly offset: number;
	length = 0;
	/** Where the bytes with the shared framing begin and end; the picture's own when there is no framing. */
	start = 0;
	end = 0;
	/** 1 for the first frame, modulo 2^32 without 0. */
	sequence = 0;
	/** Monotonic milliseconds at which it was complete. */
	time = 0;
	/** How many viewers send it now. */
	holders = 0;

	constructor(arena: Arena, offset: number) {
		this.arena = arena;
		this.offset = offset;
	}
}

export class FrameStore {
	/** Largest picture in bytes. */
	readonly frameBytes: number;
	/** New frames there was no free buffer for. */
	starved = 0;
	readonly #frames: Frame[] = [];
	#newest: Frame | undefined;
	#sequence = 0;

	constructor(options: FrameStoreOptions) {
		this.frameBytes = options.frameBytes;
		const size = options.headroom + options.frameBytes + options.tailroom;
		for (let i = 0; i < options.buffers; i++)
			this.#frames.push(new Frame(options.arena, options.offset + i * size + options.headroom));
	}

	/** The newest complete frame, or undefined before the first. */
	get newest(): Frame | undefined {
		return this.#newest;
	}

	/** A buffer to fill, or undefined (counted in `starved`) when viewers hold all but the newest. `commit` it, or leave it as it is. */
	vacant(): Frame | undefined {
		for (let i = 0; i < this.#frames.length; i++) {
			const frame = this.#frames[i];
			if (frame.holders === 0 && frame !== this.#newest) return frame;
		}
		this.starved += 1;
		return undefined;
	}

	/** Makes a filled buffer the newest frame. */
	commit(frame: Frame, length: number, now: number): void {
		this.#sequence = this.#sequence === 0xffff_ffff ? 1 : this.#sequence + 1;
		frame.sequence = this.#sequence;
		frame.length = length;
		frame.time = now;
		frame.start = frame.offset;
		frame.end = frame.offset + length;
		this.#newest = frame;
	}

	/** The newest frame, held until `release`; undefined when there is none, or when a slow viewer has to wait for other slow ones. */
	acquire(slow: boolean): Frame | undefined {
		const newest = this.#newest;
		if (newest === undefined || (slow && this.#olderIsHeld(newest))) return undefined;
		newest.holders += 1;
		return newest;
	}

	/** Ends holding. @returns whether the frame is still the newest: the viewer keeps up. */
	release(frame: Frame): boolean {
		frame.holders -= 1;
		return frame === this.#newest;
	}

	#olderIsHeld(newest: Frame): boolean {
		for (let i = 0; i < this.#frames.length; i++) {
			const frame = this.#frames[i];
			if (frame !== newest && frame.holders > 0) return true;
		}
		return false;
	}
}
