import type { Frame, FrameStore } from "media/frames";
import { RequestParser } from "media/http";
import type { Arena } from "storage/arena";
import { type AsciiWriter, constantText, digitsOf } from "wire/ascii";

/** Ends each part; no JPEG can hold it unnoticed, as every part says its length. */
const BOUNDARY = "fletcher-frame";
export const STREAM_TYPE = constantText("multipart/x-mixed-replace; boundary=" + BOUNDARY);
/** Comes once before the first part. */
export const FIRST_BOUNDARY = constantText("--" + BOUNDARY + "\r\n");

const PART_TYPE = constantText("Content-Type: image/jpeg\r\nX-Sequence: ");
const PART_LENGTH = constantText("\r\nContent-Length: ");
const HEAD_END = constantText("\r\n\r\n");
const PART_END = constantText("\r\n--" + BOUNDARY + "\r\n");
/** Room that {@link Site.frame} needs before and behind a picture; ten digits of sequence and of length. */
export const HEADROOM = PART_TYPE.length + PART_LENGTH.length + HEAD_END.length + 20;
export const TAILROOM = PART_END.length;

/** Content that is written anew when somebody asks for it and shared by all who are being sent it. */
export class SharedBody {
	readonly offset: number;
	length = 0;
	readonly #writer: AsciiWriter;
	readonly #size: number;
	readonly #fill: (writer: AsciiWriter) => void;
	#holders = 0;

	/** Lies in the `size` bytes at `offset` of the writer's memory; `fill` writes the content. */
	constructor(writer: AsciiWriter, offset: number, size: number, fill: (writer: AsciiWriter) => void) {
		this.#writer = writer;
		this.offset = offset;
		this.#size = size;
		this.#fill = fill;
	}

	/** @returns false when the content is larger than its memory. */
	acquire(): boolean {
		if (this.#holders === 0) {
			this.#writer.begin(this.offset, this.#size);
			this.#fill(this.#writer);
			if (this.#writer.overflowed) return false;
			this.length = this.#writer.position - this.offset;
		}
		this.#holders++;
		return true;
	}

	release(): void {
		this.#holders--;
	}
}

export interface SiteOptions {
	arena: Arena;
	/** Writes to the arena. */
	writer: AsciiWriter;
	store: FrameStore;
	/** Most connections that are sent the stream at a time. */
	viewers: number;
	metrics: SharedBody;
	/** Milliseconds after which the newest picture is no answer any more to who asks for a single one. */
	staleAfter: number;
}

/** What all connections of the server share: the frames, the figures, the limits and the counters. */
export class Site {
	readonly arena: Arena;
	readonly writer: AsciiWriter;
	readonly parser: RequestParser;
	readonly store: FrameStore;
	readonly metrics: SharedBody;
	readonly viewersMaximum: number;
	/** Connections that are sent the stream now. */
	viewers = 0;
	/** Requests answered with a picture, the stream, the figures or the page. */
	requests = 0;
	/** Requests refused with a status of 400 or more, but not for want of room. */
	refused = 0;
	/** Requests refused because all viewers' places were taken, or no picture was there. */
	unavailable = 0;
	/** Frames sent whole to a viewer, and frames a viewer was too slow for. */
	framesSent = 0;
	framesSkipped = 0;
	/** Connections ended because they took too long. */
	timeouts = 0;
	readonly #staleAfter: number;

	constructor(options: SiteOptions) {
		this.arena = options.arena;
		this.writer = options.writer;
		this.parser = new RequestParser(options.arena.bytes);
		this.store = options.store;
		this.metrics = options.metrics;
		this.viewersMaximum = options.viewers;
		this.#staleAfter = options.staleAfter;
	}

	/** Whether the camera has given no picture for long, or none yet. */
	isStale(now: number): boolean {
		const newest = this.store.newest;
		return newest === undefined || now - newest.time > this.#staleAfter;
	}

	/** Writes the framing of a part around a new frame, once for all viewers. */
	frame(frame: Frame): void {
		const size = PART_TYPE.length + digitsOf(frame.sequence) + PART_LENGTH.length + digitsOf(frame.length) + HEAD_END.length;
		const writer = this.writer;
		frame.start = frame.offset - size;
		writer.begin(frame.start, size);
		writer.text(PART_TYPE);
		writer.integer(frame.sequence);
		writer.text(PART_LENGTH);
		writer.integer(frame.length);
		writer.text(HEAD_END);
		writer.begin(frame.offset + frame.length, TAILROOM);
		writer.text(PART_END);
		frame.end = writer.position;
	}
}
