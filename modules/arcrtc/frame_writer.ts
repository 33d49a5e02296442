import { FRAME_LENGTH } from "arcrtc/constants";
import { DatagramStatus } from "net/datagram";
import type { DatagramWriter } from "net/packet_queue";
import { StreamStatus } from "net/stream";
import type { Arena } from "storage/arena";

/** The part of a `Stream` that sends. */
export interface StreamWriter {
	write(buffer: ArrayBuffer, offset: number, length: number): number;
}

/**
 * Sends packets as frames of a TCP connection (RFC 4571, section 2.8) for a `PacketQueue`, which keeps those that have to wait, by
 * priority and for so long as it is told. The rest of a frame that the host took a part of is kept here and goes first, so that the
 * stream stays whole whatever the queue drops.
 */
export class FrameWriter implements DatagramWriter {
	/** The connection that is used; undefined: there is none. */
	stream: StreamWriter | undefined;
	/** Frames that the host took only a part of at first. */
	parted = 0;
	readonly #arena: Arena;
	readonly #offset: number;
	readonly #size: number;
	/** Where the rest of a frame lies, and its bytes. */
	#at = 0;
	#rest = 0;

	/** @param offset of `size` bytes for the rest of a frame: the longest packet and its length. */
	constructor(arena: Arena, offset: number, size: number) {
		if (size < FRAME_LENGTH + 1 || offset < 0 || offset + size > arena.buffer.byteLength)
			throw new RangeError("frame writer: region outside of the arena");
		this.#arena = arena;
		this.#offset = offset;
		this.#size = size;
	}

	/** A new connection, or none: the rest of the old one's last frame is dropped. */
	attach(stream: StreamWriter | undefined): void {
		this.stream = stream;
		this.#rest = 0;
	}

	/** The host still has to take the rest of a frame. */
	get waiting(): boolean {
		return this.#rest > 0;
	}

	/** Sends the rest of a frame, as far as the host takes it: before the queue is flushed. @returns true when nothing is left. */
	flush(): boolean {
		if (this.#rest === 0) return true;
		const taken = this.stream === undefined ? 0 : this.stream.write(this.#arena.buffer, this.#at, this.#rest);
		if (taken <= 0) return false;
		this.#at += taken;
		this.#rest -= taken;
		return this.#rest === 0;
	}

	/**
	 * Sends the packet at `offset`; the two bytes before it are overwritten. @returns `length`, a part that waits here included;
	 * AGAIN: nothing was taken; FAILED: there is no connection, or it broke.
	 */
	write(buffer: ArrayBuffer, offset: number, length: number, _peer: number): number {
		const { stream } = this;
		if (stream === undefined || length + FRAME_LENGTH > this.#size) return DatagramStatus.FAILED;
		if (!this.flush()) return DatagramStatus.AGAIN;
		const start = offset - FRAME_LENGTH;
		const whole = length + FRAME_LENGTH;
		this.#arena.view.setUint16(start, length);
		const taken = stream.write(buffer, start, whole);
		if (taken === whole) return length;
		if (taken < 0) return DatagramStatus.FAILED;
		if (taken === StreamStatus.AGAIN) return DatagramStatus.AGAIN;
		this.parted++;
		this.#at = this.#offset;
		this.#rest = whole - taken;
		this.#arena.bytes.copyWithin(this.#offset, start + taken, start + whole);
		return length;
	}
}
