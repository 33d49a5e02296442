import { estimateRoc, nearestRoc } from "arcrtc/roc";
import { FRESH, OLD, REPLAY, ReplayWindow, windowForResends } from "arcrtc/replay_window";
import type { Suite } from "unit/suite";
import { REPLAY_WINDOW_64, ROLLOVER } from "vectors/arcrtc";

const VERDICTS = Object.freeze(["accept", "reject-old", "reject-replay"]);

/** What a window says of an index, which is accepted when it may be. */
function offer(window: ReplayWindow, index: number): number {
	const verdict = window.check(index);
	if (verdict === FRESH) window.accept(index);
	return verdict;
}

export default function windows(suite: Suite): void {
	suite.test("ARC-C4 ARC-R5 replay window of 64: verdicts as listed", (check) => {
		const window = new ReplayWindow(new Int32Array(2), 0, 64, 64);
		for (const it of REPLAY_WINDOW_64) check.equal(VERDICTS[offer(window, it.index)], it.expect, "index " + it.index);
	});

	suite.test("ARC-R5 a window of 128 accepts top - 127 and rejects top - 128", (check) => {
		const words = new Int32Array(12);
		words.fill(-1);
		const window = new ReplayWindow(words, 4, 128, 128);
		window.reset();
		const top = 0x123456789;
		check.equal(offer(window, top), FRESH);
		check.equal(offer(window, top - 127), FRESH);
		check.equal(offer(window, top - 127), REPLAY);
		check.equal(offer(window, top - 128), OLD);
		for (const at of [0, 3, 8, 11]) check.equal(words[at], -1, "words of others");
	});

	suite.test("ARC-R5 any order of packets: none is accepted twice, none of the window is refused", (check) => {
		for (const size of [64, 100, 256, 1024]) {
			let capacity = 64;
			while (capacity < size) capacity *= 2;
			const window = new ReplayWindow(new Int32Array(capacity / 32), 0, capacity, size);
			const seen = new Set<number>();
			let state = size;
			let top = -1;
			for (let i = 0; i < (suite.short ? 500 : 8000); i++) {
				state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
				const jump = state & 0x1000000 ? (state >>> 8) % (2 * size) : (state >>> 8) % 5;
				const index = state & 0x2000000 ? Math.max(0, top - jump) : top + jump;
				if (index < 0) continue;
				const verdict = offer(window, index);
				let wanted = FRESH;
				if (index <= top - size) wanted = OLD;
				else if (seen.has(index)) wanted = REPLAY;
				if (verdict !== wanted) check.fail(size + ": " + index + " with top " + top + ": " + verdict);
				if (verdict === FRESH) seen.add(index);
				if (index > top) top = index;
			}
			check.equal(window.top, top);
		}
	});

	suite.test("ARC-R5 a window grows while it is in use and forgets nothing", (check) => {
		const window = new ReplayWindow(new Int32Array(32), 0, 1024, 64);
		for (let index = 0; index < 300; index += 2) offer(window, index);
		check.equal(window.check(200), OLD);
		window.size = 512;
		check.equal(window.check(200), REPLAY);
		check.equal(window.check(201), FRESH);
		window.size = 5000;
		check.equal(window.size, 1024);
		check.equal(windowForResends(64, 10, 10), 128);
		check.equal(windowForResends(64, 1000, 100), 256);
		check.equal(windowForResends(512, 1, 1), 512);
		check.equal(windowForResends(64, 5000, 1000), 1024);
	});

	suite.test("ARC-R6 estimated rollover counters are those of the known answers", (check) => {
		for (const it of ROLLOVER.estimation) check.equal(estimateRoc(it.roc, it.s_l, it.seq) >>> 0, it.v, it.s_l + " " + it.seq);
	});

	suite.test("ARC-R6 with 4 bits of it the counter is right after 500,000 packets that were lost", (check) => {
		for (let roc = 20; roc < 40; roc++) {
			for (let lost = 0; lost < 524_000; lost += 7919) {
				const sent = roc * 0x10000 + 123;
				const index = sent + lost;
				const right = Math.floor(index / 0x10000);
				check.equal(nearestRoc(estimateRoc(roc, 123, index & 0xffff), right & 15), right);
			}
		}
		check.equal(nearestRoc(0, 15), 15, "never negative");
	});
}
