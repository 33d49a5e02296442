import { LEVEL_ERROR, LEVEL_INFO, type Logger } from "host/logger";
import type { Frame, FrameStore } from "media/frames";
import { type FrameSource, SourceStatus } from "media/source";

/** A source that paces itself and gives nothing for so long (ms) is taken for broken. */
const SILENCE = 5000;
/** Wait (ms) before a broken source is opened again: doubled each time up to the maximum, back to the first after a frame. */
const REOPEN_FIRST = 1000;
const REOPEN_MAXIMUM = 60_000;

export interface CameraOptions {
	store: FrameStore;
	/** Frames per second at which a source is read that does not pace itself. */
	rate: number;
	opener: SourceOpener;
	logger: Logger;
}

/** Who opens the source, again and again. */
export interface SourceOpener {
	/** @throws Error whose message says why it cannot. */
	openSource(): FrameSource;
}

const State = Object.freeze({ CLOSED: 0, OPEN: 1, STOPPED: 2 } as const);

/**
 * Moves pictures from a source into the frame store at the source's or the configured pace. Without a timer of its own:
 * call `advance` when `deadline` has come, and `captured` when the source said that a picture waits.
 */
export class Camera {
	/** When `advance` wants to be called, in monotonic milliseconds. */
	deadline = 0;
	/** Frames put into the store. */
	frames = 0;
	/** Rate-driven frames left out because the device was late. */
	late = 0;
	/** Times the source failed or could not be opened. */
	failures = 0;
	readonly #store: FrameStore;
	readonly #opener: SourceOpener;
	readonly #logger: Logger;
	readonly #interval: number;
	#state: number = State.CLOSED;
	#source: FrameSource | undefined;
	#reopen = REOPEN_FIRST;
	/** Of sources closed before. */
	#oversized = 0;
	#damaged = 0;

	constructor(options: CameraOptions) {
		this.#store = options.store;
		this.#opener = options.opener;
		this.#logger = options.logger;
		this.#interval = 1000 / options.rate;
	}

	/** Pictures skipped because they were too large for a buffer, and because they were damaged. */
	get oversized(): number {
		return this.#oversized + (this.#source === undefined ? 0 : this.#source.oversized);
	}

	get damaged(): number {
		return this.#damaged + (this.#source === undefined ? 0 : this.#source.damaged);
	}

	/** Does what is due at `now`. @returns the new frame, if there is one. */
	advance(now: number): Frame | undefined {
		if (this.#state === State.STOPPED || now < this.deadline) return undefined;
		if (this.#state === State.CLOSED) {
			this.#start(now);
			return undefined;
		}
		if ((this.#source as FrameSource).paced) {
			this.#fail(now, "the camera gives no pictures");
			return undefined;
		}
		this.deadline += this.#interval;
		if (this.deadline <= now) {
			const missed = Math.floor((now - this.deadline) / this.#interval) + 1;
			this.late += missed;
			this.deadline += missed * this.#interval;
		}
		return this.#take(now);
	}

	/** A source that paces itself has a picture. @returns the new frame, if it was one. */
	captured(now: number): Frame | undefined {
		if (this.#state !== State.OPEN) return undefined;
		const frame = this.#take(now);
		if (frame !== undefined) this.deadline = this.#silence(now);
		return frame;
	}

	/** Closes the source for good. */
	close(): void {
		this.#release();
		this.#state = State.STOPPED;
		this.deadline = Infinity;
	}

	#start(now: number): void {
		try {
			this.#source = this.#opener.openSource();
		} catch (error) {
			this.#fail(now, (error as Error).message);
			return;
		}
		this.#state = State.OPEN;
		this.deadline = this.#source.paced ? this.#silence(now) : now;
		this.#logger.log(LEVEL_INFO, "camera", "opened");
	}

	/** When a source that paces itself has been silent for too long. */
	#silence(now: number): number {
		return this.#source?.patient === true ? Infinity : now + SILENCE;
	}

	#take(now: number): Frame | undefined {
		const source = this.#source as FrameSource;
		const frame = this.#store.vacant();
		if (frame === undefined) {
			source.discard();
			return undefined;
		}
		const length = source.read(frame, this.#store.frameBytes);
		if (length > 0) {
			this.#store.commit(frame, length, now);
			this.frames++;
			this.#reopen = REOPEN_FIRST;
			return frame;
		}
		if (length === SourceStatus.FAILED) this.#fail(now, source.error);
		return undefined;
	}

	#fail(now: number, reason: string): void {
		this.failures++;
		this.#release();
		this.#logger.log(LEVEL_ERROR, "camera", "failed", { reason, retry: this.#reopen / 1000 });
		this.deadline = now + this.#reopen;
		this.#reopen = Math.min(2 * this.#reopen, REOPEN_MAXIMUM);
	}

	#release(): void {
		const source = this.#source;
		if (source !== undefined) {
			this.#oversized += source.oversized;
			this.#damaged += source.damaged;
			source.close();
		}
		this.#source = undefined;
		this.#state = State.CLOSED;
	}
}
