/** Times in ms: for a connection; for an answer; for the answer to TEARDOWN; without packets; between reports. */
export const CONNECT_TIME = 5000;
export const ANSWER_TIME = 10_000;
export const LEAVE_TIME = 1000;
export const SILENCE_TIME = 10_000;
export const REPORT_TIME = 5000;
/** A session is kept alive by half of its time, at most so much. */
export const KEEP_LONGEST = 30_000;
/** Waits before another attempt: first, longest, after a failure that lasts. A stream of such a length makes the next wait the first again. */
export const RETRY_FIRST = 1000;
export const RETRY_LONGEST = 30_000;
export const RETRY_LASTING = 60_000;
export const RETRY_RESET = 10_000;
export const REDIRECTS = 5;
/** Authentications of one request, each for a nonce that was too old. */
export const TRIES = 3;
