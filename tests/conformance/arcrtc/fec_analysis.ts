import { Chance } from "conformance/arcrtc/chance";
import { FecBench } from "conformance/arcrtc/fec_bench";
import { isMade } from "conformance/arcrtc/media";
import type { Check, Suite } from "unit/suite";

/** Packets of a key frame, and frames that are sent for each figure. */
const PACKETS = 20;
const FRAMES = 8000;
const LENGTH = 12;

/** Share of whole frames (section 2.8): loss; without FEC, with ten packets to a repair packet, with five. */
const TABLE = Object.freeze([
	Object.freeze([0.01, 0.818, 0.99, 0.994]),
	Object.freeze([0.02, 0.668, 0.961, 0.977]),
	Object.freeze([0.05, 0.358, 0.807, 0.875]),
	Object.freeze([0.1, 0.122, 0.486, 0.616]),
]);
const COLUMNS = Object.freeze([0, 10, 5]);

/** Sends key frames over a network that loses media and repair packets alike. @returns the share that came whole. */
function completeness(check: Check, loss: number, columns: number, seed: number): number {
	const bench = new FecBench(LENGTH, 64, 2);
	const { encoder, media, decoder, received } = bench;
	const dice = new Chance(seed);
	let whole = 0;
	let number = 65000;
	encoder.columns = columns;
	for (let frame = 0; frame < FRAMES; frame++) {
		const first = number;
		bench.now += 33;
		for (let i = 0; i < PACKETS; i++, number++) {
			media.make(number, frame * 3000, LENGTH);
			media.marker = i === PACKETS - 1;
			bench.protect();
			if (dice.fraction() >= loss && bench.arrive()) bench.accept();
			if (columns === 0 || (!encoder.full && !media.marker)) continue;
			const length = encoder.finish();
			if (dice.fraction() >= loss && bench.repair(encoder.offset, length)) {
				if (!isMade(bench.arena, decoder.payload, LENGTH, decoder.extendedSequence)) check.fail("wrong bytes");
				bench.accept();
			}
			bench.recovered = "";
		}
		let there = 0;
		for (let i = first; i < number; i++) if (received.find(i) >= 0) there++;
		if (there === PACKETS) whole++;
	}
	return whole / FRAMES;
}

export default function fecAnalysis(suite: Suite): void {
	for (let row = 0; row < TABLE.length; row++) {
		const figures = TABLE[row] as readonly number[];
		const loss = figures[0] as number;
		suite.longTest(
			`ARC-E4 key frames of 20 packets are whole at ${loss * 100} % loss as the analysis says, within 1 %`,
			(check) => {
				for (let i = 0; i < COLUMNS.length; i++) {
					const share = completeness(check, loss, COLUMNS[i] as number, 1234 + row * 10 + i);
					const expected = figures[i + 1] as number;
					const error = share - expected;
					check.ok(error < 0.01 && error > -0.01, `L ${COLUMNS[i]}: ${share} for ${expected}`);
				}
			},
		);
	}
}
