import { CLOSE_REDIRECT, CLOSE_UNAUTHORIZED, CLOSE_UNSUPPORTED_VERSION } from "arrow/constants";
import type { ArrowSwitches } from "arrow/switches";
import type { ArrowTimes } from "arrow/times";
import { REGISTER_LIMIT } from "arrow/times";
import type { RandomSource } from "time/backoff";
import { withJitter } from "time/backoff";

/** When to try again (section 5 of docs/protocols/arrow.md). Knows no clock: each call is given the time in milliseconds. */
export class Retry {
	/** True while retries are patient: the device is unpaired for long, or the service does not speak this version. */
	slow = false;
	readonly #times: ArrowTimes;
	readonly #switches: ArrowSwitches;
	readonly #random: RandomSource;
	/** Start of the pairing clock. */
	#pairing: number;
	/** Start of the last attempt. */
	#started = -Infinity;
	/** Times of the last REGISTERs, in seconds, rounded up, plus one (0: none yet), and of the last followed redirects; the oldest at the index. */
	readonly #registers = new Uint32Array(REGISTER_LIMIT);
	#register = 0;
	readonly #redirects: Float64Array;
	#redirect = 0;

	constructor(times: ArrowTimes, switches: ArrowSwitches, random: RandomSource, now: number) {
		this.#times = times;
		this.#switches = switches;
		this.#random = random;
		this.#pairing = now;
		this.#redirects = new Float64Array(switches.redirectLimit).fill(-Infinity);
	}

	/** Restarts the pairing clock: someone pairs the device now, or its address or identity changed. */
	pair(now: number): void {
		this.#pairing = now;
		this.slow = false;
	}

	/** An attempt begins. */
	attempt(now: number): void {
		this.#started = now;
	}

	/** A REGISTER is being sent. */
	registered(now: number): void {
		this.#registers[this.#register] = Math.ceil(now / 1000) + 1;
		this.#register = (this.#register + 1) % REGISTER_LIMIT;
	}

	/** REGISTER was accepted. */
	established(): void {
		this.slow = false;
	}

	/**
	 * The connection ended for `reason`, one of the CLOSE constants. @returns the time of the next attempt: `now` for at once,
	 * Infinity for not before `pair` or a restart.
	 */
	next(reason: number, wasEstablished: boolean, now: number): number {
		if (wasEstablished && this.#switches.pairingClock === "restart") this.#pairing = now;
		let at: number;
		if (reason === CLOSE_UNAUTHORIZED) at = this.#unauthorized(now);
		else if (reason === CLOSE_UNSUPPORTED_VERSION) at = this.#patient(this.#times.unsupported, now);
		else if (reason === CLOSE_REDIRECT && this.#follow(now)) at = now;
		else at = this.#other(now);
		const oldest = this.#registers[this.#register];
		const earliest = (oldest - 1) * 1000 + this.#times.registerSpan;
		return oldest === 0 || at > earliest ? at : earliest;
	}

	#unauthorized(now: number): number {
		const unpaired = now - this.#pairing;
		if (unpaired >= this.#times.pairingEnd) return this.#patient(this.#times.unpairedSlow, now);
		return now + this.#jitter(unpaired < this.#times.pairingFast ? this.#times.unpairedFast : this.#times.unpaired);
	}

	#patient(delay: number, now: number): number {
		this.slow = true;
		return this.#switches.pairingEnd === "suspend" ? Infinity : now + this.#jitter(delay);
	}

	#other(now: number): number {
		const at = this.#started + this.#jitter(this.#times.retry);
		return at > now ? at : now;
	}

	/** Whether one more redirect may be followed at once. */
	#follow(now: number): boolean {
		const limit = this.#switches.redirectLimit;
		if (limit === 0) return true;
		if (now - this.#redirects[this.#redirect] < this.#times.redirectSpan) return false;
		this.#redirects[this.#redirect] = now;
		this.#redirect = (this.#redirect + 1) % limit;
		return true;
	}

	#jitter(delay: number): number {
		return withJitter(delay, this.#switches.retryJitter, this.#random);
	}
}
