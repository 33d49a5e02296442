/**
 * Rollover counter of a packet by its sequence number (RFC 3711 appendix A), `roc` and `highest` being those of the newest packet
 * that was authenticated. @returns -1 when it lies before the first.
 */
export function estimateRoc(roc: number, highest: number, sequence: number): number {
	if (highest < 0x8000) return sequence - highest > 0x8000 ? roc - 1 : roc;
	return highest - 0x8000 > sequence ? roc + 1 : roc;
}

/** The counter nearest to `estimate` whose low 4 bits are `low`, as a packet with a context says (section 2.3). Never negative. */
export function nearestRoc(estimate: number, low: number): number {
	const difference = (low - estimate) & 15;
	const nearest = estimate + (difference > 8 ? difference - 16 : difference);
	return nearest < 0 ? nearest + 16 : nearest;
}
