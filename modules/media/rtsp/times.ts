/** Times of a client in ms, and other limits of its patience. */
export const Time = Object.freeze({
	CONNECT: 5000,
	ANSWER: 10_000,
	/** For the answer to TEARDOWN. */
	LEAVE: 1000,
	/** Without a packet. */
	SILENCE: 10_000,
	/** Between reports. */
	REPORT: 5000,
	/** A session is kept alive by half of its time, at most so much. */
	KEEP_LONGEST: 30_000,
	/** Waits before another attempt: first, longest, after a failure that lasts. */
	RETRY_FIRST: 1000,
	RETRY_LONGEST: 30_000,
	RETRY_LASTING: 60_000,
	/** A stream of such a length makes the next wait the first again. */
	RETRY_RESET: 10_000,
} as const);

/** Redirects of an attempt. */
export const REDIRECTS = 5;
/** Authentications of one request, each for a nonce that was too old. */
export const TRIES = 3;
