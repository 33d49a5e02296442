import { ATTACK_FAILURES, ATTACK_MS } from "arcrtc/constants";

/** Tells when 100 authentications failed within one second: exactly, from the times of the last 100. */
export class FailureMeter {
	private readonly times = new Int32Array(ATTACK_FAILURES);
	private next = 0;
	private count = 0;

	/** One more failed at `now` (monotonic ms). @returns whether that makes 100 within a second; counting begins anew then. */
	failed(now: number): boolean {
		const time = now | 0;
		this.times[this.next] = time;
		this.next = this.next + 1 < ATTACK_FAILURES ? this.next + 1 : 0;
		if (++this.count < ATTACK_FAILURES) return false;
		this.count = ATTACK_FAILURES;
		// `next` is the oldest now. Differences hold over the wrap of 2^32 ms.
		if (((time - this.times[this.next]) | 0) >= ATTACK_MS) return false;
		this.count = 0;
		return true;
	}
}
