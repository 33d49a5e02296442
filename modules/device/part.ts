import type { Figures } from "wire/figures";

/** A piece of the device that works by itself: everything in it is made at boot; it is started once and stopped in order. */
export interface Part {
	/** Begins to work. @throws Error saying what to change when it cannot. */
	start(): void;
	/** Ends in order what peers see, and calls `done`: at once or at most 2 s later. */
	stop?(done: () => void): void;
	/** Frees what is native. */
	close(): void;
	/** Writes its figures: one member of /metrics.json, without allocating. */
	writeFigures(figures: Figures): void;
}
