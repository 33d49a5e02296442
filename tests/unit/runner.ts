import { collectGarbage, exit, print } from "host/host";
import Timer from "time/timer";
import { Checks, Failure } from "unit/check";
import type { Check, Suite } from "unit/suite";

interface Case {
	title: string;
	timeout: number;
	body: (check: Check, done: () => void) => void;
}

/**
 * Runs the registered tests one after the other on the event loop and prints a line for each: `ok TITLE` or `not ok TITLE: why`,
 * then `N passed, N failed`. Exit code 1 when one failed.
 */
export class Runner implements Suite {
	readonly short: boolean;
	readonly #cases: Case[] = [];
	readonly #next: Timer;
	readonly #limit: Timer;
	#index = 0;
	#running = false;
	#passed = 0;
	#failed = 0;
	#checks = new Checks();

	constructor(short = false) {
		this.short = short;
		this.#next = new Timer({ onTimer: () => this.#start() });
		this.#limit = new Timer({ onTimer: () => this.#end(`took more than ${this.#case().timeout} ms`) });
	}

	test(title: string, body: (check: Check) => void): void {
		this.#cases.push({
			title,
			timeout: 0,
			body: (check, done) => {
				body(check);
				done();
			},
		});
	}

	longTest(title: string, body: (check: Check) => void): void {
		if (!this.short) this.test(title, body);
	}

	asyncTest(title: string, timeout: number, body: (check: Check, done: () => void) => void): void {
		this.#cases.push({ title, timeout, body: (check, done) => body(check, done) });
	}

	/** Starts; only tests whose title holds `filter` when there is one. */
	run(filter?: string): void {
		if (filter !== undefined) {
			let kept = 0;
			for (let i = 0; i < this.#cases.length; i++) {
				const it = this.#cases[i] as Case;
				if (it.title.indexOf(filter) >= 0) this.#cases[kept++] = it;
			}
			this.#cases.length = kept;
		}
		this.#next.schedule(0);
	}

	#case(): Case {
		return this.#cases[this.#index] as Case;
	}

	#start(): void {
		if (this.#index >= this.#cases.length) {
			print(`${this.#passed} passed, ${this.#failed} failed`);
			exit(this.#failed || !this.#passed ? 1 : 0);
			return;
		}
		// What the test before left open, if only because it failed, goes: keys of the platform are few (PSA has 32).
		this.#checks = new Checks();
		collectGarbage();
		const it = this.#case();
		const checks = new Checks();
		this.#checks = checks;
		this.#running = true;
		if (it.timeout) this.#limit.schedule(it.timeout);
		try {
			it.body(checks, () => {
				// A late call, after the test was ended by its time limit, says nothing.
				if (this.#running && this.#checks === checks) this.#end(checks.count ? "" : "states nothing");
			});
		} catch (error) {
			this.fault(error);
		}
	}

	/** A statement of an asynchronous test failed inside a callback, or the test threw. */
	fault(error: unknown): void {
		if (!this.#running) return;
		const text =
			error instanceof Failure ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error);
		this.#end(text);
	}

	#end(why: string): void {
		if (!this.#running) return;
		this.#running = false;
		this.#limit.cancel();
		const title = this.#case().title;
		if (why === "") {
			this.#passed++;
			print(`ok ${title}`);
		} else {
			this.#failed++;
			print(`not ok ${title}: ${why.split("\n").join(" | ")}`);
		}
		this.#index++;
		this.#next.schedule(0);
	}
}
