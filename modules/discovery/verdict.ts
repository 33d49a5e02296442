/** What a probe is to look for. */
export const PROBE_RTSP = 1;
export const PROBE_HTTP = 2;

/** What a probe found (section 2.7). */
/** Nothing that was looked for. */
export const VERDICT_NOTHING = 0;
export const VERDICT_RTSP = 1;
/** It wants a password. */
export const VERDICT_LOCKED_RTSP = 2;
/** It speaks RTSP, and none of the listed paths leads to a stream. */
export const VERDICT_UNKNOWN_RTSP = 3;
/** There is a stream of a kind that is of no use. */
export const VERDICT_UNSUPPORTED_RTSP = 4;
export const VERDICT_HTTP = 5;
/** These two are HTTP too. */
export const VERDICT_MJPEG = 6;
export const VERDICT_LOCKED_MJPEG = 7;

const TYPES = Object.freeze(["", "rtsp", "locked-rtsp", "unknown-rtsp", "unsupported-rtsp", "http", "mjpeg", "locked-mjpeg"]);

/** The type of a service as configuration and reports call it, of a verdict; "" for VERDICT_NOTHING. */
export function typeOf(verdict: number): string {
	return TYPES[verdict];
}
