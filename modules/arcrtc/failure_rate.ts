import { ATTACK_FAILURES, ATTACK_MS } from "arcrtc/constants";

/** Pieces of a second that are counted on their own, and one for the piece that is running. */
const PIECES = 10;
const PIECE_MS = ATTACK_MS / PIECES;
const PLACES = PIECES + 1;

/** Packets that failed to authenticate in the last second, to a tenth of it (section 2.6). */
export class FailureRate {
	/** Since boot. */
	total = 0;
	readonly #counts = new Uint16Array(PLACES);
	#piece = 0;
	#sum = 0;

	add(now: number): void {
		this.total++;
		this.forget(now);
		const at = this.#piece % PLACES;
		if (this.#counts[at] === 0xffff) return;
		this.#counts[at]++;
		this.#sum++;
	}

	/** Failures in the last second. */
	lately(now: number): number {
		this.forget(now);
		return this.#sum;
	}

	/** So many that new keys are due. */
	attacked(now: number): boolean {
		return this.lately(now) >= ATTACK_FAILURES;
	}

	private forget(now: number): void {
		const piece = Math.floor(now / PIECE_MS);
		const counts = this.#counts;
		if (piece - this.#piece >= PLACES) {
			counts.fill(0);
			this.#sum = 0;
			this.#piece = piece;
			return;
		}
		while (this.#piece < piece) {
			const at = ++this.#piece % PLACES;
			this.#sum -= counts[at];
			counts[at] = 0;
		}
	}
}
