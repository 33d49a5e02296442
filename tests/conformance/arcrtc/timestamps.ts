import { PRIORITY_DELTA } from "arcrtc/constants";
import { Pair } from "conformance/arcrtc/packets";
import { Codec, clockOf } from "media/rtp/codecs";
import type { Suite } from "unit/suite";

const PLAIN = "00112233445566778899";
const PICTURES = 3000;

export default function timestamps(suite: Suite): void {
	suite.test(
		"ARC-P3 clocks: 90 kHz for pictures, 48 kHz for Opus, 8 kHz for G.711 and G.722, the rate for linear samples",
		(check) => {
			for (const codec of [Codec.JPEG, Codec.H264, Codec.H265, Codec.VP8, Codec.VP9, Codec.AV1])
				check.equal(clockOf(codec, 0), 90000);
			for (const rate of [8000, 16000, 48000]) check.equal(clockOf(Codec.OPUS, rate), 48000, "Opus of " + rate);
			check.equal(clockOf(Codec.PCMU, 8000), 8000);
			check.equal(clockOf(Codec.PCMA, 8000), 8000);
			check.equal(clockOf(Codec.G722, 16000), 8000);
			for (const rate of [16000, 44100]) check.equal(clockOf(Codec.L16, rate), rate);
		},
	);

	suite.test("ARC-P3 30 pictures a second are 3,000 ticks apart in every form of header, over the wrap too", (check) => {
		// Reduced headers count milliseconds: steps of 33 and 34.
		for (const tsu of [0, 90]) {
			const pair = new Pair();
			const stream = pair.video({ tsu });
			let reduced = 0;
			let before = -1;
			let sum = 0;
			for (let i = 0; i < PICTURES; i++) {
				const now = 1000 + (i * 1000) / 30;
				const ticks = tsu === 0 ? i * 3000 : Math.round((i * 1000) / 30) * 90;
				const timestamp = (4294000000 + ticks) >>> 0;
				const packet = pair.seal(stream, PLAIN, timestamp, true, PRIORITY_DELTA, now);
				if (packet[0] >= "c") reduced++;
				check.ok(pair.open(packet, now + 7) >= 0, "picture " + i);
				const opened = pair.opener.header.timestamp;
				const step = (opened - before) >>> 0;
				if (before >= 0) {
					check.ok(tsu === 0 ? step === 3000 : Math.abs(step - 3000) <= 90, "a step of " + step);
					sum += step;
				}
				before = opened;
			}
			check.ok(Math.abs(sum / (PICTURES - 1) - 3000) < 0.1, "on average " + sum / (PICTURES - 1));
			check.ok(tsu === 0 ? reduced === 0 : reduced > 0.95 * PICTURES, reduced + " reduced");
		}
	});
}
