/* The button for push to talk: a line of a GPIO chip, or, on Linux, two signals of the process. */

export interface ButtonOptions {
	/** "signal": SIGUSR1 presses it and SIGUSR2 releases it. "gpiochip0:17": line 17 of that chip; a board has one chip, whatever its name is. */
	readonly name: string;
	/** It is pressed when the line is low, which is then pulled up; else it is pulled down. */
	readonly activeLow: boolean;
	/** Milliseconds for which the line must be still before it counts. */
	readonly debounce: number;
	/** `pressed` has changed, or the button is gone: `error` says how. */
	onChange(this: Button): void;
}

/** Native bytes of a button. */
export function buttonBytes(): number;

export declare class Button {
	/** Begins to look at it: its first state is there at once. @throws Error naming the line and what is wrong with it. */
	constructor(options: ButtonOptions);
	readonly pressed: boolean;
	/** "" as long as all is well. A button that is gone is not pressed. */
	readonly error: string;
	/** Safe twice. */
	close(): void;
}
