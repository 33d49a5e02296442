export interface V4L2Options {
	/** "/dev/video0" */
	device: string;
	/** Wanted size in pixels and rate in frames per second; the driver may choose others near to them. */
	width: number;
	height: number;
	rate: number;
	/** A frame waits to be read. Comes at each turn while one does. */
	onReadable?(this: V4L2): void;
}

/** What {@link V4L2.read} gives besides a length. */
export declare const V4L2Status: {
	/** No frame now. */
	readonly NOTHING: 0;
	/** The device failed or was unplugged; `error` says how. */
	readonly FAILED: -1;
	/** The frame was larger than the room and is gone. */
	readonly OVERSIZED: -2;
	/** The driver marked the frame as damaged, or it is no JPEG; it is gone. */
	readonly DAMAGED: -3;
};

/** A camera of Video4Linux2 that gives Motion-JPEG, streaming through four buffers of the driver's memory. */
export default class V4L2 {
	/**
	 * Opens the device and starts streaming.
	 * @throws Error naming the device and what is wrong with it: no such device, no video capture, no MJPEG, busy, the driver's reason.
	 */
	constructor(options: V4L2Options);
	/** Copies the newest waiting frame, dropping older ones, to `offset`. @returns its length or a {@link V4L2Status}. */
	read(buffer: ArrayBuffer, offset: number, room: number): number;
	/** Drops the frames that wait. */
	discard(): void;
	/** What the driver gives. */
	readonly width: number;
	readonly height: number;
	readonly error: string;
	close(): void;
}
