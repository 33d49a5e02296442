/**
 * One block of memory with the two views on it that everything shares. Regions of an arena are plain offsets, so
 * moving bytes between regions is a `bytes.copyWithin`, which costs the engine no slot and no chunk byte; copying
 * between two buffers would need a new view per copy.
 */
export class Arena {
	readonly view: DataView;
	readonly bytes: Uint8Array;
	readonly buffer: ArrayBuffer;

	/** @param size bytes, or memory that the host gives. */
	constructor(size: number | ArrayBuffer) {
		const buffer = typeof size === "number" ? new ArrayBuffer(size) : size;
		this.buffer = buffer;
		this.view = new DataView(buffer);
		this.bytes = new Uint8Array(buffer);
	}
}
