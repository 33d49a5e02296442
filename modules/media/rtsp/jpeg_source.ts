import type { Frame } from "media/frames";
import { DAMAGED, FRAME } from "media/rtp/format";
import { JPEGDepacketizer, jpegDepacketizerBytes } from "media/rtp/jpeg_depacketizer";
import { CODEC_JPEG } from "media/rtsp/codecs";
import type { RTSPHandler } from "media/rtsp/handler";
import type { RTSPTrack } from "media/rtsp/track";
import { type FrameSource, SourceStatus } from "media/source";
import type { Arena } from "storage/arena";

/** Bytes of the arena for pictures of so many bytes. */
export function jpegSourceBytes(frameBytes: number): number {
	return jpegDepacketizerBytes(frameBytes);
}

/** Pictures of an RTSP server that sends JPEG (RFC 2435). What the server is at, and getting it back, is its endpoint's. */
export class JPEGSource implements FrameSource, RTSPHandler {
	readonly paced = true;
	readonly patient = true;
	readonly error = "";
	/** Who gets the packets too, whatever their codec: to send them on. */
	next: RTSPHandler | undefined;
	readonly #depacketizer: JPEGDepacketizer;
	readonly #arena: Arena;
	readonly #captured: () => void;
	/** A picture waits in the depacketizer. */
	#waits = false;
	/** Pictures that are whole and larger than a frame. */
	#large = 0;

	/** Uses {@link jpegSourceBytes} bytes at `offset`; `captured` is called when a picture waits, which is gone when it returns. */
	constructor(arena: Arena, offset: number, frameBytes: number, captured: () => void) {
		this.#arena = arena;
		this.#depacketizer = new JPEGDepacketizer(arena, offset, frameBytes);
		this.#captured = captured;
	}

	get oversized(): number {
		return this.#depacketizer.counters.oversized + this.#large;
	}

	get damaged(): number {
		return this.#depacketizer.counters.damaged - this.#depacketizer.counters.oversized;
	}

	began(now: number): void {
		this.#depacketizer.reset();
		this.next?.began(now);
	}

	packet(track: RTSPTrack, offset: number, length: number, now: number): void {
		if (track.codec === CODEC_JPEG) {
			const outcome = this.#depacketizer.push(offset, length, track.timestamp, track.marker, track.lost);
			if (outcome === FRAME) {
				this.#waits = true;
				this.#captured();
				this.#waits = false;
			} else if (outcome === DAMAGED) this.#waits = false;
		}
		this.next?.packet(track, offset, length, now);
	}

	turnEnded(now: number): void {
		this.next?.turnEnded?.(now);
	}

	ended(now: number): void {
		this.next?.ended(now);
	}

	read(frame: Frame, room: number): number {
		if (!this.#waits) return SourceStatus.NOTHING;
		this.#waits = false;
		const { frameOffset, frameLength } = this.#depacketizer;
		if (frameLength > room) {
			this.#large++;
			return SourceStatus.NOTHING;
		}
		this.#arena.bytes.copyWithin(frame.offset, frameOffset, frameOffset + frameLength);
		return frameLength;
	}

	discard(): void {
		this.#waits = false;
	}

	/** Nothing: the endpoint is closed by its owner. */
	close(): void {}
}
