import { BOTH, material, PICTURE, TwoEnds } from "conformance/arcrtc/two_ends";
import type { Suite } from "unit/suite";

export default function mediaSession(suite: Suite): void {
	suite.test(
		"ARC-J4 ARC-P4 two ends over a good network: all sound and all pictures come, bit by bit, sound in reduced headers",
		(check) => {
			const world = new TwoEnds(1);
			const { a, b } = world;
			check.ok(world.start());
			world.pass(2000, 9000);
			world.pass(100);
			check.equal(b.heardCount, a.sentSounds - 1, "the last one is under way");
			check.equal(a.heardCount, b.sentSounds - 1);
			check.equal(b.heardWrong + a.heardWrong + b.seenWrong, 0);
			check.equal(b.seenCount, a.sentPictures);
			check.equal(b.damaged, 0);
			const { drops } = b.session;
			check.equal(drops.format + drops.unknown + drops.auth + drops.replay + drops.old, 0);
			// 20 bytes a packet of sound but for refreshes, and reports.
			check.ok(b.bytesSent < b.sentSounds * 100 + 60 * 32, "bytes " + b.bytesSent);
		},
	);
	suite.test(
		"ARC-E2 ARC-E4 at 2 % loss pictures come whole: packets are sent again, repair packets are used, and sound is not asked for in vain",
		(check) => {
			const world = new TwoEnds(2);
			const { a, b } = world;
			world.start();
			world.loss = 0.02;
			world.delay = 10;
			world.pass(10_000, PICTURE);
			world.loss = 0;
			world.pass(300);
			const whole = b.seenCount / a.sentPictures;
			check.ok(world.lost > 50, "lost " + world.lost);
			check.ok(whole > 0.97, "whole " + whole + " of " + a.sentPictures + ", lost " + world.lost);
			check.equal(b.seenWrong, 0);
			check.ok(a.session.feedback.counters.resent > 0, "sent again");
			check.ok((b.session.incoming.decoder?.counters.recovered ?? 0) > 0, "recovered");
			check.ok(b.heardCount > a.sentSounds * 0.97, "sounds " + b.heardCount + " of " + a.sentSounds);
		},
	);
	suite.test("ARC-K7 new keys in mid stream: nothing is lost, the old ones are gone after a second", (check) => {
		const world = new TwoEnds(3);
		const { a, b } = world;
		world.start();
		world.pass(1000, 5000);
		const keys = b.receiveKeys;
		check.ok(keys !== undefined && b.session.rekeyReceiving(keys, material(1, 1), 1, world.now));
		world.pass(50, 5000);
		check.ok(a.session.rekeySending(material(1, 1), 1, world.now));
		world.pass(900, 5000);
		check.ok(keys?.olderKept);
		world.pass(300, 5000);
		check.ok(!keys?.olderKept, "older keys are gone");
		world.pass(1000, 5000);
		world.pass(100);
		check.equal(b.seenCount, a.sentPictures);
		check.equal(b.heardCount, a.sentSounds - 1);
		const { drops } = b.session;
		check.equal(drops.auth + drops.unknown + drops.format, 0);
		// Whoever has the new keys first signs reports by them at once, which the other end cannot verify yet.
		check.ok(a.session.drops.auth <= 3);
	});
	suite.test("ARC-K7 packets under keys that are not there yet wait for them, and are played then", (check) => {
		const world = new TwoEnds(4);
		const { a, b } = world;
		world.start();
		world.pass(200);
		const before = b.heardCount;
		a.session.rekeySending(material(1, 1), 1, world.now);
		world.pass(60);
		check.ok(b.session.drops.held > 0);
		const keys = b.receiveKeys;
		check.ok(keys !== undefined && b.session.rekeyReceiving(keys, material(1, 1), 1, world.now));
		world.pass(40);
		check.ok(b.heardCount >= before + 4, "heard " + (b.heardCount - before));
		check.equal(b.session.drops.heldDropped, 0);
	});
	suite.test(
		"ARC-P5 after a blackout of 3 s sound is heard again within a round trip and 50 ms, and nothing wrong was played",
		(check) => {
			const world = new TwoEnds(5);
			const { b } = world;
			world.start();
			world.delay = 30;
			world.pass(3000, 8000);
			world.cut = true;
			world.pass(3000, 8000);
			world.cut = false;
			const before = b.heardCount;
			world.pass(2 * 30 + 50);
			check.ok(b.heardCount > before, "heard again");
			world.pass(2000, 8000);
			check.equal(b.heardWrong + b.seenWrong, 0);
			check.equal(b.session.drops.auth, 0);
		},
	);
	suite.test(
		"ARC-E2 a picture whose packets are gone for good asks for a key frame, once a round trip, until one comes",
		(check) => {
			const world = new TwoEnds(6);
			const { a, b } = world;
			world.start();
			world.pass(400, 6000, 1000);
			world.loss = 0.6;
			world.pass(400, 6000, 1000);
			world.loss = 0;
			world.pass(400, 6000, 1000);
			check.ok(a.keyFrames > 0, "asked for");
			const asked = a.keyFrames;
			a.makePicture(6000, true, world.now);
			world.pass(200, 6000, 1000);
			const settled = a.keyFrames;
			world.pass(600, 6000, 1000);
			check.equal(a.keyFrames, settled, "asked " + asked + " times before");
			check.equal(b.seenWrong, 0);
		},
	);
	suite.test("ARC-R4 what is changed on the way is dropped and counted, and nothing of it is played", (check) => {
		const world = new TwoEnds(7);
		const { a, b } = world;
		world.start();
		world.pass(500, 3000);
		const heard = b.heardCount;
		const seen = b.seenCount;
		for (let at = 0; at < 200; at += 7) {
			world.tamper = at;
			world.pass(41, 3000);
		}
		check.ok(b.heardCount <= heard + 2 && b.seenCount <= seen + 1, "what was under way");
		world.tamper = -1;
		world.pass(1500, 3000);
		check.ok(b.heardCount > heard + 50, "goes on");
		check.equal(b.heardWrong + b.seenWrong, 0);
		const { drops } = b.session;
		check.ok(drops.auth > 0 && drops.format + drops.unknown > 0);
		check.ok(a.session.feedback.counters.received > 0);
	});
	suite.test(
		"ARC-A6 a wish for another quality reaches the encoder without signalling, and Q follows at its next frame",
		(check) => {
			const world = new TwoEnds(8);
			const { a, b } = world;
			world.start();
			world.pass(300, 3000);
			check.equal(b.session.incoming.request.seen, 0);
			b.session.incoming.request.ask(2);
			const stream = b.session.outgoing.audio;
			check.ok(stream !== undefined);
			if (stream !== undefined) b.session.sealer.requestQuality(stream, 2);
			world.pass(1200, 3000);
			check.equal(a.levels[0], 3);
			check.equal(b.session.incoming.request.seen, 2);
		},
	);
	suite.test(
		"ARC-E7 a session that begins anew takes new keys and the same SSRCs; within one no SSRC is taken twice",
		(check) => {
			const world = new TwoEnds(9);
			const { a, b } = world;
			check.ok(world.start());
			world.pass(200, 3000);
			check.ok(!world.startOne(a, b, 1, true), "the same SSRC again");
			check.ok(world.startOne(a, b, 21, true), "others");
			a.session.clear();
			b.session.clear();
			check.ok(world.start());
			const before = b.heardCount;
			world.pass(200, 3000);
			check.ok(b.heardCount > before);
		},
	);
	suite.test("ARC-E2 an end that sends sound alone sends it again too, when there is time", (check) => {
		const sound = { ...BOTH, sendsVideo: false };
		const world = new TwoEnds(11, sound, { ...BOTH, receivesVideo: false });
		const { a, b } = world;
		check.ok(world.startOne(a, b, 1, true));
		b.session.feedback.observeRoundTrip(10);
		world.delay = 5;
		world.loss = 0.05;
		world.pass(10_000);
		world.loss = 0;
		world.pass(200);
		const { counters } = a.session.feedback;
		check.ok(counters.resent > 10, "sent again: " + counters.resent + ", gone: " + counters.resendGone);
		check.ok(b.session.feedback.counters.repaired > 10, "repaired: " + b.session.feedback.counters.repaired);
		check.ok(b.heardCount > a.sentSounds * 0.98, b.heardCount + " of " + a.sentSounds);
	});
	suite.test("ARC-E2 a path that loses nothing (TCP) keeps no packets, asks for none and repairs none", (check) => {
		const world = new TwoEnds(10, { ...BOTH, fec: true });
		const { a, b } = world;
		world.start();
		world.pass(200, 9000);
		a.session.outgoing.loss = 0.05;
		a.session.pathChanged(true, world.now);
		b.session.pathChanged(true, world.now);
		const repairs = b.session.incoming.decoder?.counters.received ?? 0;
		world.pass(1000, 9000);
		check.equal(b.session.incoming.decoder?.counters.received, repairs);
		world.pass(200);
		check.equal(b.seenCount, a.sentPictures);
	});
}
