import Digital from "embedded:io/digital";
import type { ButtonOptions } from "media/voice/button";
import Timer from "time/timer";

/* Written against the class of the Moddable SDK 8.2.3 (modules/io/digital) and not yet run on a board. */

export function buttonBytes(): number {
	return 0;
}

/** Pin of "gpiochip0:17". @throws Error naming what is wrong with it. */
function pinOf(name: string): number {
	const colon = name.lastIndexOf(":");
	const pin = Number(name.slice(colon + 1));
	if (colon < 0 || name.length === colon + 1 || !(pin >= 0 && pin < 64) || pin !== Math.floor(pin))
		throw new Error("button " + name + ' is not there: a board has no signals, but pins such as "gpiochip0:17"');
	return pin;
}

/** A pin that counts once it was still for `debounce` ms. */
export class Button {
	pressed = false;
	readonly error = "";
	readonly #active: number;
	readonly #debounce: number;
	readonly #changed: () => void;
	readonly #timer: Timer;
	#digital: Digital | undefined;

	constructor(options: ButtonOptions) {
		const { name, activeLow, debounce, onChange } = options;
		this.#active = activeLow ? 0 : 1;
		this.#debounce = debounce;
		this.#changed = onChange;
		this.#timer = new Timer({ onTimer: () => this.#look() });
		this.#digital = new Digital({
			pin: pinOf(name),
			mode: activeLow ? Digital.InputPullUp : Digital.InputPullDown,
			edge: Digital.Rising | Digital.Falling,
			onReadable: () => this.#timer.schedule(this.#debounce),
		});
		this.pressed = this.#digital.read() === this.#active;
	}

	close(): void {
		this.#digital?.close();
		this.#digital = undefined;
		this.#timer.close();
	}

	#look(): void {
		if (!this.#digital) return;
		const pressed = this.#digital.read() === this.#active;
		if (pressed === this.pressed) return;
		this.pressed = pressed;
		this.#changed();
	}
}
