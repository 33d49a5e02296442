import { JITTER_FACTOR, JITTER_FIRST, JITTER_LEAST, JITTER_LIMIT, JITTER_MOST } from "arcrtc/constants";
import type { VoiceSettings } from "media/voice/voice";
import type { Suite } from "unit/suite";
import { Line, SETTINGS } from "unit/voice_line";

/** The loudspeaker's jitter buffer with the figures of ArcRTC. */
const ARC: VoiceSettings = Object.freeze({
	...SETTINGS,
	jitter: Object.freeze({
		first: JITTER_FIRST,
		minimum: JITTER_LEAST,
		maximum: JITTER_MOST,
		limit: JITTER_LIMIT,
		interarrival: JITTER_FACTOR,
		packets: 16,
	}),
});

export default function voiceJitter(suite: Suite): void {
	suite.test(
		"ARC-J1 ARC-J2 the loudspeaker's buffer: 10 ms at first, then twice the jitter, 5 to 30 ms, down again within 5 s",
		(check) => {
			const line = new Line({ settings: ARC, seed: 31 });
			check.equal(line.jitterBuffer.target, 10);
			line.run(3000);
			check.equal(line.jitterBuffer.target, 5);
			line.jitter = 80;
			line.run(5000);
			const { target } = line.jitterBuffer;
			check.ok(target > 25 && target <= 30, `${target}`);
			line.jitter = 1;
			line.run(5000);
			check.equal(line.jitterBuffer.target, 5);
			check.equal(line.decoder.disorder, 0);
		},
	);

	suite.test("ARC-J2 ARC-J6 the loudspeaker's buffer: pauses, long ones too, are no jitter and no loss", (check) => {
		const line = new Line({ settings: ARC, seed: 32, jitter: 1 });
		for (let i = 0; i < 4; i++) {
			line.run(1000);
			check.equal(line.jitterBuffer.target, 5, `after talk ${i}`);
			line.paused = true;
			line.run(i === 1 ? 12_000 : 700);
			line.paused = false;
		}
		line.run(1000);
		check.equal(line.jitterBuffer.target, 5);
		check.equal(line.jitterBuffer.counters.lost, 0);
	});

	suite.test(
		"ARC-J3 the loudspeaker's buffer: what would be played 50 ms late is dropped, and the delay stays below",
		(check) => {
			const line = new Line({ settings: ARC, seed: 33, jitter: 10 });
			let longest = 0;
			for (let i = 0; i < 400; i++) {
				// A burst of what was held up for 200 ms.
				line.jitter = i % 100 === 50 ? 200 : 10;
				line.run(20);
				if (line.jitterBuffer.delay > longest && line.jitterBuffer.held > 0) longest = line.jitterBuffer.delay;
			}
			check.ok(longest <= 50, `${longest}`);
			check.equal(line.decoder.disorder, 0);
		},
	);
}
