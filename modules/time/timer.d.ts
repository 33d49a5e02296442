export interface TimerOptions {
	/** Called on the event loop once for each {@link Timer.schedule}. */
	onTimer(this: Timer): void;
}

/** A one-shot timer that is made at boot and armed again and again without allocating. */
export default class Timer {
	constructor(options: TimerOptions);
	/** Arms the timer `delay` milliseconds from now (0: at the next turn of the loop), replacing what was armed before. */
	schedule(delay: number): void;
	/** Disarms it. */
	cancel(): void;
	/** Frees the native part. Safe twice. */
	close(): void;
}
