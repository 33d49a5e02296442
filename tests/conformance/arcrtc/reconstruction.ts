import {
	AUTH_AEAD,
	AUTH_AEAD_HMAC80,
	PRIORITY_AUDIO,
	PRIORITY_DELTA,
	SUITE_AES_128_CTR_HMAC80,
	SUITE_AES_128_GCM,
} from "arcrtc/constants";
import { OPEN_AUTH } from "arcrtc/opener";
import type { SendStream } from "arcrtc/send_stream";
import { SEND_TIME_OFF } from "arcrtc/send_stream";
import { Audio, FRAME, isReduced, PLAIN, sketch, TICKS } from "conformance/arcrtc/audio_scene";
import { MAKE, Pair, SSRC } from "conformance/arcrtc/packets";
import type { Suite } from "unit/suite";

/** Suites and modes of authentication. */
const MODES = Object.freeze([
	Object.freeze([SUITE_AES_128_GCM, AUTH_AEAD]),
	Object.freeze([SUITE_AES_128_GCM, AUTH_AEAD_HMAC80]),
	Object.freeze([SUITE_AES_128_CTR_HMAC80, AUTH_AEAD]),
]);

export default function reconstruction(suite: Suite): void {
	suite.test("ARC-P4 timestamps that are no whole units apart have full headers, and the count starts again", (check) => {
		const audio = new Audio();
		for (let i = 0; i < 5; i++) check.equal(audio.pass(), 0);
		audio.timestamp += 7;
		const packets: string[] = [];
		for (let i = 0; i < 5; i++) {
			packets.push(audio.next());
			check.equal(audio.pair.open(packets[i], audio.now), 0);
			check.equal(audio.pair.opener.header.timestamp, audio.timestamp);
		}
		check.equal(sketch(packets), "CCCrr");
	});

	suite.test("ARC-P4 a timestamp that leaves the clock is told in full; a pause of 12 s is not", (check) => {
		const audio = new Audio();
		for (let i = 0; i < 5; i++) audio.pass();
		audio.now += 12_000;
		audio.timestamp += 600 * TICKS;
		for (let i = 0; i < 2; i++) {
			check.equal(audio.pass(), 0, "after a pause");
			check.equal(audio.pair.opener.header.timestamp, audio.timestamp);
		}
		audio.timestamp += 1000 * TICKS;
		const packets: string[] = [];
		for (let i = 0; i < 4; i++) packets.push(audio.next());
		check.equal(sketch(packets), "CCCr");
		// Each of the three is lost: the receiver has the count of before and no clock that tells.
		check.equal(audio.pair.open(packets[3], audio.now), OPEN_AUTH);
	});

	suite.test("ARC-P4 over the wrap of the timestamp and of TSL, for an hour of audio", (check) => {
		const audio = new Audio();
		audio.timestamp = 0xffffffff - 100 * TICKS;
		for (let i = 0; i < (suite.short ? 1000 : 180_000); i++) {
			audio.timestamp %= 0x100000000;
			if (audio.pass() !== 0) check.fail("packet " + i);
			if (audio.pair.opener.header.timestamp !== audio.timestamp % 0x100000000) check.fail("timestamp of packet " + i);
		}
		check.ok(audio.stream.roc <= 3);
	});

	for (const [number, auth] of MODES) {
		const name = (number === SUITE_AES_128_CTR_HMAC80 ? "CTR" : "AEAD") + (auth === AUTH_AEAD ? "" : " and HMAC");
		suite.test("ARC-C6 a video packet 400 ms late: the first candidate fails, the second opens, " + name, (check) => {
			const pair = new Pair(number, auth);
			const stream = pair.video();
			let now = 0;
			let timestamp = 90000;
			for (let i = 0; i < 5; i++) {
				now += 33;
				timestamp += 33 * 90;
				check.equal(pair.open(pair.seal(stream, PLAIN, timestamp, true, PRIORITY_DELTA, now), now), 0);
			}
			const late = pair.seal(stream, PLAIN, timestamp + 33 * 90, true, PRIORITY_DELTA, now + 33);
			check.ok(isReduced(late));
			const before = pair.receiveKeys.even.calls;
			check.equal(pair.open(late, now + 433), 0);
			// With an HMAC the wrong candidate does not get as far as the cipher.
			check.equal(pair.receiveKeys.even.calls - before, number === SUITE_AES_128_GCM && auth === AUTH_AEAD ? 2 : 1);
			check.equal(pair.payload, PLAIN);
			check.equal(pair.opener.header.timestamp, timestamp + 33 * 90);
		});
	}

	suite.test(
		"ARC-R6 after 40,000 and 500,000 packets that were lost the next one with a context opens, one without does not",
		(check) => {
			for (const lost of [30_000, 40_000, 100_000, 500_000]) {
				const pair = new Pair();
				const stream = pair.audio({ sequence: 40_000, sendTime: SEND_TIME_OFF });
				check.equal(pair.open(pair.seal(stream, PLAIN, TICKS, false, PRIORITY_AUDIO, 0), 0), 0);
				const { sealer } = pair;
				for (let i = 0; i < lost; i++)
					if (sealer.seal(stream, MAKE, 10, TICKS * (i + 2), false, PRIORITY_AUDIO, 20 * i, -1) < 0) check.fail("refused");
				const now = 20 * lost;
				const reduced = pair.seal(stream, PLAIN, TICKS * (lost + 2), false, PRIORITY_AUDIO, now);
				check.ok(isReduced(reduced));
				check.equal(pair.open(reduced, now) === 0, lost < 32_768, lost + " lost, reduced");
				pair.sealer.forceRefresh();
				const full = pair.seal(stream, PLAIN, TICKS * (lost + 3), false, PRIORITY_AUDIO, now + 20);
				check.equal(pair.open(full, now + 20), 0, lost + " lost");
				check.equal(pair.opener.extendedSequence, stream.extendedSequence);
				check.equal(pair.open(pair.seal(stream, PLAIN, TICKS * (lost + 4), false, PRIORITY_AUDIO, now + 40), now + 40), 0);
			}
		},
	);

	suite.test(
		"ARC-P5 a late packet opens by the reference that is newer; one from before a binding has that of before",
		(check) => {
			const pair = new Pair();
			const stream = pair.audio();
			let timestamp = 0;
			let now = 0;
			const packets: string[] = [];
			for (let i = 0; i < 12; i++) {
				if (i === 8) stream.quality = 3;
				timestamp += TICKS;
				now += FRAME;
				packets.push(pair.seal(stream, PLAIN, timestamp, false, PRIORITY_AUDIO, now));
			}
			check.equal(sketch(packets), "CCCrrrrrCCCr");
			for (const i of [0, 1, 2, 4, 3, 8, 5, 11, 7, 6, 9]) {
				check.equal(pair.open(packets[i], now), 0, "packet " + i);
				check.equal(pair.opener.header.timestamp, (i + 1) * TICKS, "packet " + i);
				check.equal(pair.opener.header.quality, i < 8 ? 0 : 3, "packet " + i);
			}
		},
	);

	suite.test("ARC-P5 a late packet from before a binding, all numbers being in use, has the binding of before", (check) => {
		const pair = new Pair();
		const streams: SendStream[] = [];
		for (let i = 0; i < 4; i++) streams.push(pair.video({ ssrc: SSRC + i }));
		const stream = streams[2];
		const packets: string[] = [];
		for (let i = 0; i < 10; i++) {
			if (i === 6) stream.quality = 3;
			packets.push(pair.seal(stream, PLAIN, 900 * i, false, PRIORITY_DELTA, 10 * i));
		}
		check.equal(sketch(packets), "CCCrrrCCCC");
		for (const i of [0, 1, 3, 6, 5, 2, 9, 4, 8, 7]) {
			check.equal(pair.open(packets[i], 100), 2, "packet " + i);
			check.equal(pair.opener.header.quality, i < 6 ? 0 : 3, "packet " + i);
			check.equal(pair.opener.header.timestamp, 900 * i, "packet " + i);
		}
	});
}
