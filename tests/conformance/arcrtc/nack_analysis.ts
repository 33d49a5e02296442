import { NackBench, PACKETS } from "conformance/arcrtc/nack_bench";
import type { Suite } from "unit/suite";

/** Figures of sections 2.7 and 2.8: tries, share of the bit rate that may be sent again, packets to a repair packet. */
const TRIES = 3;
const SHARE = 0.1;
const ROW = 5;
/** Kbit/s that the ring is laid out for, and droppable pictures after each key frame: they let a tenth of all be enough to repair it. */
const RATE = 4000;
const BETWEEN = 2;
/** A ring of 25 kB, so that what it can save up is soon used up. */
const SMALL_RATE = 1000;

/** Loss, and key frames that are sent: so many that the standard deviation of the share of whole ones is below 0.3 %. */
const TABLE = Object.freeze([
	Object.freeze([0.01, 300]),
	Object.freeze([0.02, 300]),
	Object.freeze([0.05, 600]),
	Object.freeze([0.1, 1500]),
]);

/** How often `k` of `n` things happen of which each has the chance `p`. */
function binomial(n: number, k: number, p: number): number {
	let chance = 1;
	for (let i = 0; i < k; i++) chance = (chance * (n - i)) / (i + 1);
	return chance * p ** k * (1 - p) ** (n - k);
}

/**
 * Share of key frames that become whole, when each datagram of either direction is lost with the chance `p` for itself.
 *
 * One try to get a lost packet succeeds with (1 - p) (1 - p): its request and the packet come through. It stays lost when all three tries
 * fail. A key frame is sent at once, so its losses are noticed at once and each request names all that are still missing: the packets of a
 * frame share the luck of their requests. Of three requests m come with the chance B(3, m); then a packet is not there when it was lost
 * the first time and m times again: r = p^(m + 1). (For requests that are lost one by one it would be r = p (1 - (1 - p)^2)^3, which gives
 * 0.986 rather than 0.988 at 10 %.)
 *
 *   NACK alone:   sum over m of B(3, m) (1 - r)^20
 *   FEC and NACK: sum over m of B(3, m) ((1 - r)^5 + 5 r (1 - r)^4 (1 - p))^4
 *
 * as a row of five is whole when all of it is there, or all but one and its repair packet, which is never asked for; that holds whichever
 * comes first, as what was repaired is a packet that is asked for no more.
 *
 * All three tries lie within the play-out of 50 ms at a round trip of 10 ms: they are 0, 10 and 20 ms after a loss is noticed, or 10 ms later
 * in the tail, which is noticed with the next picture. The budget, a tenth of all that is sent, is no limit (see the test): the pictures
 * in between take part in it and are never sent again.
 */
function analysis(p: number, fec: boolean): number {
	let sum = 0;
	for (let m = 0; m <= TRIES; m++) {
		const r = p ** (m + 1);
		const all = (1 - r) ** ROW;
		const row = fec ? all + ROW * r * (1 - r) ** (ROW - 1) * (1 - p) : all;
		sum += binomial(TRIES, m, 1 - p) * row ** (PACKETS / ROW);
	}
	return sum;
}

export default function nackAnalysis(suite: Suite): void {
	for (let row = 0; row < TABLE.length; row++) {
		const [loss, frames] = TABLE[row] as readonly [number, number];
		suite.longTest(
			`ARC-E2 key frames of 20 packets at ${loss * 100} % loss in both directions: NACK, and FEC with NACK, within 1 % of the analysis`,
			(check) => {
				for (let fec = 0; fec <= 1; fec++) {
					const bench = new NackBench(frames, fec === 1, 4321 + row * 10 + fec, RATE);
					bench.run(loss, BETWEEN);
					const share = bench.whole / frames;
					const expected = analysis(loss, fec === 1);
					const { counters } = bench.camera.feedback;
					const said = `${fec ? "FEC L 5 and NACK" : "NACK"}: ${share} for ${expected}`;
					check.ok(share - expected < 0.01 && share - expected > -0.01, said);
					check.equal(bench.wrong, 0);
					check.equal(counters.resendOver, 0, "the budget was no limit");
					check.ok(counters.resentBytes <= SHARE * bench.forth.bytesSent, "within the budget");
					check.equal((bench.viewer.incoming.decoder?.counters.recovered ?? 0) > 0, fec === 1);
				}
			},
		);
	}
	/*
	 * Key frames alone, and more losses than a tenth of the bit rate can repair: so much is sent again and no more, a share of (1 - p) of it
	 * comes, and p - (1 - p) / 10 of all packets stay lost.
	 */
	suite.longTest(
		"ARC-E2 at 20 % loss and key frames alone the budget is the limit: used up, and what stays lost is within 1 %",
		(check) => {
			const loss = 0.2;
			const frames = 1000;
			const bench = new NackBench(frames, false, 77, SMALL_RATE);
			bench.run(loss, 0);
			let shown = 0;
			for (let i = 0; i < frames; i++) shown += bench.shown[i];
			const lost = 1 - shown / (frames * PACKETS);
			const expected = loss - SHARE * (1 - loss);
			const { counters } = bench.camera.feedback;
			check.ok(lost - expected < 0.01 && lost - expected > -0.01, `lost ${lost} for ${expected}`);
			check.equal(bench.wrong, 0);
			check.ok(counters.resendOver > 1000, "refused " + counters.resendOver);
		},
	);
}
