import type Timer from "time/timer";
import type { TimerOptions } from "time/timer";

/** Where fake timers live: a clock of the test's own. */
export interface TimerWorld {
	readonly now: number;
	readonly timers: FakeTimer[];
	/** Things that were closed. */
	closed: number;
}

/** A timer that the world fires when its time has come. */
export class FakeTimer implements Timer {
	due = Infinity;
	fired = 0;
	readonly #options: TimerOptions;
	readonly #world: TimerWorld;

	constructor(options: TimerOptions, world: TimerWorld) {
		this.#options = options;
		this.#world = world;
		world.timers.push(this);
	}

	schedule(delay: number): void {
		this.due = this.#world.now + delay;
	}

	cancel(): void {
		this.due = Infinity;
	}

	close(): void {
		this.cancel();
		this.#world.closed++;
	}

	fire(): void {
		this.due = Infinity;
		this.fired++;
		this.#options.onTimer.call(this);
	}
}
