import type { Frame } from "media/frames";

/** What {@link FrameSource.read} gives besides a length. */
export const SourceStatus = Object.freeze({
	/** No picture now; ask again later. */
	NOTHING: 0,
	/** The source is broken; `error` says how. Close it and open it anew. */
	FAILED: -1,
} as const);

/** Where pictures come from: a file, a folder, a device. Made when it is opened; reading allocates nothing. */
export interface FrameSource {
	/** True when the source itself says by a call when a picture waits; false when it is read at the configured rate. */
	readonly paced: boolean;
	/** A source that paces itself and gets its pictures back by itself when they stop coming: silence is no failure. */
	readonly patient?: boolean;
	/** Reads the next picture of at most `room` bytes to `frame.offset` of the frame's arena. @returns its length or a {@link SourceStatus}. */
	read(frame: Frame, room: number): number;
	/** Drops the waiting picture of a source that paces itself: there is no buffer for it. */
	discard(): void;
	/** Why it failed, in words a person can act on. */
	readonly error: string;
	/** Pictures skipped because they are larger than the room, and because they are damaged or cut off. */
	readonly oversized: number;
	readonly damaged: number;
	close(): void;
}
