import { Scene, type SceneOptions, type Tally } from "conformance/arcrtc/scene";
import type { Check, Suite } from "unit/suite";

const SECOND = 1000;
const MINUTE = 60000;
/** What a recovery may take besides a round trip (section 2.3). */
const RECOVERY = 50;

function scene(options: SceneOptions, body: (scene: Scene) => void): void {
	const made = new Scene(options);
	try {
		body(made);
	} finally {
		made.close();
	}
}

function told(scene: Scene): string {
	const one = (tally: Tally): string =>
		tally.sent +
		" sent, " +
		tally.came +
		" came, " +
		tally.opened +
		" opened, " +
		tally.missed +
		" missed (" +
		tally.lastReason +
		"), gap " +
		tally.gap.toFixed(1) +
		" until " +
		tally.gapEnd.toFixed(0);
	return (
		"audio " +
		one(scene.tallies[0]) +
		"; video " +
		one(scene.tallies[1]) +
		"; " +
		scene.full +
		" full, " +
		scene.reduced +
		" reduced, " +
		scene.acks +
		" acks, " +
		scene.nacks +
		" nacks"
	);
}

/** All that came opened, as what it was, once. */
function whole(check: Check, scene: Scene): void {
	check.equal(scene.wrong, "", told(scene));
	for (let i = 0; i < 2; i++) {
		check.ok(scene.tallies[i].opened > 0, told(scene));
		check.equal(scene.tallies[i].missed, 0, told(scene));
	}
	check.equal(scene.up.full + scene.down.full, 0, "the network has room");
	check.equal(scene.hasty, 0, "CTX_NACK within 50 ms");
}

/** The contexts stand: what is missed from now on should not be. */
function settle(scene: Scene): void {
	scene.run(scene.now + 2 * SECOND);
	scene.watch(scene.now);
}

/** The first packet sent since `watch` opened in time, of each stream. */
function recovered(check: Check, scene: Scene, roundTrip: number): void {
	for (let i = 0; i < 2; i++) {
		const { recovered, firstSent } = scene.tallies[i];
		const took = recovered - firstSent;
		check.ok(took <= roundTrip + RECOVERY, "stream " + i + " took " + took.toFixed(1) + " ms; " + told(scene));
	}
}

export default function impaired(suite: Suite): void {
	const minutes = suite.short ? 0.5 : 3;
	const LOSSES = [0, 0.01, 0.02, 0.05, 0.1];
	for (let i = 0; i < LOSSES.length; i++) {
		const loss = LOSSES[i];
		suite.test("ARC-P5 " + loss * 100 + " % loss, jitter to 40 ms, reorder, duplicates: what comes opens, and right", (check) => {
			const up = { loss, burst: 1 + (i & 1), delay: 20, jitter: 40, reorder: 0.02, duplicate: 0.02 };
			scene({ seed: 100 + i, reducedVideo: true, ppm: 100, up, timestamp: 4294000000 }, (scene) => {
				settle(scene);
				scene.run(minutes * MINUTE);
				whole(check, scene);
				check.ok(scene.reduced > 20 * scene.full, told(scene));
			});
		});
	}

	for (const roundTrip of [10, 100, 400])
		suite.test("ARC-P5 blackouts of 3 s, round trip " + roundTrip + " ms: streams go on at once", (check) => {
			scene({ seed: roundTrip, reducedVideo: true, ppm: -100, up: { delay: roundTrip / 2, jitter: 5, loss: 0.01 } }, (scene) => {
				settle(scene);
				for (let i = 0; i < 10; i++) {
					scene.up.blackout(scene.now, scene.now + 3 * SECOND);
					if (i & 1) scene.down.blackout(scene.now, scene.now + 3 * SECOND);
					scene.run(scene.now + 3 * SECOND);
					scene.watch(scene.now);
					scene.run(scene.now + 2 * SECOND);
					whole(check, scene);
					recovered(check, scene, roundTrip);
				}
			});
		});

	suite.test("ARC-A6 ARC-P5 the quality changes in a blackout and under loss: no packet has that of another", (check) => {
		scene({ seed: 9, reducedVideo: true, up: { delay: 30, jitter: 40, loss: 0.1, reorder: 0.05 } }, (scene) => {
			settle(scene);
			for (let i = 0; i < 40 && scene.wrong === ""; i++) {
				if (i % 4 === 0) scene.up.blackout(scene.now, scene.now + 3 * SECOND);
				scene.run(scene.now + 500);
				scene.quality = (scene.quality + 1) & 3;
				scene.run(scene.now + 3500);
			}
			check.equal(scene.wrong, "", told(scene));
		});
	});

	suite.test("ARC-P5 every packet with C is lost for 5 s while the quality changes: recovery by one CTX_NACK", (check) => {
		scene({ seed: 10, reducedVideo: true, up: { delay: 20 }, down: { delay: 20 } }, (scene) => {
			settle(scene);
			const { bytes } = scene.arena;
			scene.up.passes = (offset) => (bytes[offset] & 0xc0) === 0xc0;
			scene.quality = 1;
			scene.run(scene.now + 5 * SECOND);
			scene.up.passes = undefined;
			scene.watch(scene.now);
			scene.run(scene.now + 5 * SECOND);
			check.equal(scene.wrong, "", told(scene));
			recovered(check, scene, 40);
		});
	});

	suite.test("ARC-P5 12 s without a packet of sound, nine times: what comes behind opens", (check) => {
		scene({ seed: 11, reducedVideo: true, ppm: 100, up: { delay: 20, jitter: 40, loss: 0.05 } }, (scene) => {
			settle(scene);
			for (let i = 0; i < 9; i++) {
				scene.sendsAudio = false;
				if (i % 3 === 0) scene.sendsVideo = false;
				scene.run(scene.now + 12 * SECOND + 7);
				scene.skip();
				scene.sendsAudio = scene.sendsVideo = true;
				scene.watch(scene.now);
				scene.run(scene.now + 2 * SECOND);
				whole(check, scene);
			}
			recovered(check, scene, 40);
		});
	});

	suite.test("ARC-P5 the way takes up to 500 ms longer for a while", (check) => {
		scene({ seed: 12, reducedVideo: true, up: { delay: 20, jitter: 20, loss: 0.02 }, replayWindow: 1024 }, (scene) => {
			settle(scene);
			for (let i = 0; i < 20; i++) {
				scene.up.set({ delay: 20 + 25 * i, jitter: 20, loss: 0.02 });
				scene.run(scene.now + 700);
				scene.up.set({ delay: 20, jitter: 20, loss: 0.02 });
				scene.run(scene.now + 700);
			}
			whole(check, scene);
		});
	});

	suite.test("ARC-P5 ARC-R8 a viewer that has forgotten everything has all streams again in a round trip and 50 ms", (check) => {
		scene({ seed: 13, reducedVideo: true, up: { delay: 40 }, down: { delay: 40 } }, (scene) => {
			settle(scene);
			for (let i = 0; i < 20; i++) {
				scene.restart();
				scene.watch(scene.now);
				scene.run(scene.now + 1700);
				check.equal(scene.wrong, "", told(scene));
				// The first packet tells of it, the answer comes a round trip later, with the next packet that is due.
				recovered(check, scene, 80 + 40);
			}
			check.equal(scene.counters.auth, 0, "nothing was decrypted in vain");
		});
	});

	suite.test(
		"ARC-R6 ARC-R7 200,000 packets over three turns of the sequence number, under loss: each nonce once, all open",
		(check) => {
			const up = { delay: 20, jitter: 40, loss: 0.03, duplicate: 0.01 };
			scene({ seed: 14, reducedVideo: true, up, sequence: 0x7fff, roc: 0xfffe, timestamp: 0xfff00000 }, (scene) => {
				settle(scene);
				while (scene.tallies[0].sent + scene.tallies[1].sent < (suite.short ? 20000 : 200000) && scene.wrong === "")
					scene.run(scene.now + MINUTE);
				whole(check, scene);
			});
		},
	);

	suite.test("ARC-K7 ARC-P5 new keys every 3 s, early and late, under loss: every packet opens", (check) => {
		scene({ seed: 15, reducedVideo: true, up: { delay: 20, jitter: 40, loss: 0.05 } }, (scene) => {
			settle(scene);
			for (let epoch = 1; epoch <= 20; epoch++) {
				// Packets of new keys are held for 50 ms; the first comes 20 ms after it was sent.
				scene.rotate(epoch, [-500, -40, 0, 30, 60][epoch % 5]);
				scene.run(scene.now + 3 * SECOND);
				whole(check, scene);
			}
			check.ok(scene.counters.held > 0, "some had to wait");
			check.equal(scene.counters.heldDropped, 0, "and none of them in vain");
		});
	});

	suite.test("ARC-R9 2,000 forged packets a second for a minute: the streams play on, one CTX_NACK in 50 ms", (check) => {
		scene({ seed: 16, reducedVideo: true, up: { delay: 20 }, down: { delay: 20 } }, (scene) => {
			settle(scene);
			scene.forgeries = 2000;
			const [audio] = scene.tallies;
			const sent = audio.sent;
			const opened = audio.opened;
			scene.run(scene.now + (suite.short ? 5 : 60) * SECOND);
			check.equal(scene.wrong, "", told(scene));
			check.equal(scene.hasty, 0, "CTX_NACK within 50 ms");
			const share = (audio.opened - opened) / (audio.sent - sent);
			// A few packets are lost before the flood is told from losses.
			check.ok(share > (suite.short ? 0.97 : 0.99), "share of the sound that opened: " + share.toFixed(3) + "; " + told(scene));
			check.ok(audio.gap < 100, "gap " + audio.gap.toFixed(1));
		});
	});
}
