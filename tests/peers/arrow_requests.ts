/** What the service has asked of the device and not heard of yet; what came without being asked for. */

/** A round trip in milliseconds over the last pings. */
export interface RoundTrip {
	readonly count: number;
	readonly last: number;
	readonly minimum: number;
	readonly median: number;
	readonly p99: number;
}

/** Keeps the last figures and gives order statistics of them. */
export class RoundTrips {
	readonly #kept: number[] = [];
	readonly #limit: number;
	#count = 0;

	constructor(limit = 256) {
		this.#limit = limit;
	}

	add(milliseconds: number): void {
		this.#count += 1;
		this.#kept.push(milliseconds);
		if (this.#kept.length > this.#limit) this.#kept.shift();
	}

	/** Undefined before the first figure. */
	get figures(): RoundTrip | undefined {
		const last = this.#kept.at(-1);
		if (last === undefined) return undefined;
		const sorted = [...this.#kept].sort((a, b) => a - b);
		const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? last;
		return { count: this.#count, last, minimum: at(0), median: at(0.5), p99: at(0.99) };
	}
}

interface Waiting<Answer> {
	readonly id: number;
	readonly resolve: (answer: Answer) => void;
	readonly reject: (error: Error) => void;
	readonly timer: NodeJS.Timeout;
}

/** Open requests of one kind, found by their 16-bit id. */
export class Requests<Answer> {
	readonly #open = new Map<number, Waiting<Answer>>();
	readonly #name: string;

	constructor(name: string) {
		this.#name = name;
	}

	add(id: number, timeoutMs: number): Promise<Answer> {
		const answer = new Promise<Answer>((resolve, reject) => {
			const timer = setTimeout(() => {
				this.#open.delete(id);
				reject(new Error(`no answer to ${this.#name} ${id} within ${timeoutMs} ms`));
			}, timeoutMs);
			this.#open.set(id, { id, resolve, reject, timer });
		});
		answer.catch(() => undefined);
		return answer;
	}

	/** False when nobody waits for this id. */
	answer(id: number, answer: Answer): boolean {
		const waiting = this.#open.get(id);
		if (waiting === undefined) return false;
		this.#open.delete(id);
		clearTimeout(waiting.timer);
		waiting.resolve(answer);
		return true;
	}

	failAll(error: Error): void {
		for (const waiting of this.#open.values()) {
			clearTimeout(waiting.timer);
			waiting.reject(error);
		}
		this.#open.clear();
	}
}
