/** What a client waits for, each with its time (ms); Infinity: it does not. */
export class Deadlines {
	/** The answer, the connection, or the next attempt. */
	answer = Infinity;
	/** The session must be kept alive. */
	keep = Infinity;
	/** No packet has come for too long. */
	silence = Infinity;
	report = Infinity;

	/** The first of all. */
	get next(): number {
		return Math.min(this.answer, this.keep, this.silence, this.report);
	}

	clear(): void {
		this.answer = Infinity;
		this.keep = Infinity;
		this.silence = Infinity;
		this.report = Infinity;
	}
}
