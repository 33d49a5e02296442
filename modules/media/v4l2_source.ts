import type { Frame } from "media/frames";
import { type FrameSource, SourceStatus } from "media/source";
import V4L2, { V4L2Status } from "media/v4l2";

/** A camera of Video4Linux2 as a source of frames. It says itself when a picture waits. */
export class V4L2Source implements FrameSource {
	readonly paced = true;
	oversized = 0;
	damaged = 0;
	readonly #device: V4L2;

	/** @throws Error naming the device and what is wrong with it. */
	constructor(device: string, width: number, height: number, rate: number, onReadable: () => void) {
		this.#device = new V4L2({ device, width, height, rate, onReadable });
	}

	read(frame: Frame, room: number): number {
		const length = this.#device.read(frame.arena.buffer, frame.offset, room);
		if (length >= 0) return length;
		if (length === V4L2Status.FAILED) return SourceStatus.FAILED;
		if (length === V4L2Status.OVERSIZED) this.oversized++;
		else this.damaged++;
		return SourceStatus.NOTHING;
	}

	get error(): string {
		return this.#device.error;
	}

	discard(): void {
		this.#device.discard();
	}

	close(): void {
		this.#device.close();
	}
}
