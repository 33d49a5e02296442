/** Seconds from NTP's epoch (1900) to that of Unix. */
const UNIX_EPOCH = 2208988800;
const FRACTIONS_OF_MS = 4294967.296;

/** NTP seconds (32 bits) of a time in ms since 1970. */
export function ntpSeconds(unix: number): number {
	return (Math.floor(unix / 1000) + UNIX_EPOCH) >>> 0;
}

/** Seconds of a time in ms since boot, for packets with U. */
export function uptimeSeconds(monotonic: number): number {
	return Math.floor(monotonic / 1000) >>> 0;
}

/** Fraction of a second in units of 2^-32, of a time in ms. */
export function ntpFraction(time: number): number {
	return Math.floor((time % 1000) * FRACTIONS_OF_MS);
}

/** Milliseconds between two such times, the later one first; right up to 68 years. */
export function ntpDifference(seconds: number, fraction: number, fromSeconds: number, fromFraction: number): number {
	return ((seconds - fromSeconds) | 0) * 1000 + (fraction - fromFraction) / FRACTIONS_OF_MS;
}

/** The 24 bits of WebRTC's abs-send-time (section 2.2): (ntp64 >> 14) & 0xffffff. */
export function absSendTime(seconds: number, fraction: number): number {
	return ((seconds & 0x3f) << 18) | (fraction >>> 14);
}
