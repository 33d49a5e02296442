import {
	PACKETS_PER_KEY,
	PRIORITY_AUDIO,
	PRIORITY_DELTA,
	PRIORITY_KEY,
	SUITE_AES_128_CTR_HMAC80,
	SUITE_AES_128_GCM,
} from "arcrtc/constants";
import { Header } from "arcrtc/header";
import { OPEN_AUTH, OPEN_HELD, OPEN_NOTHING, OPEN_REPLAY } from "arcrtc/opener";
import { SEND_TIME_OFF } from "arcrtc/send_stream";
import { UsedSources } from "arcrtc/used_sources";
import { material, NEXT_KEYS, Pair, SSRC, VIDEO_KEYS } from "conformance/arcrtc/packets";
import type { Suite } from "unit/suite";
import { parseHex } from "wire/hex";

const PLAIN = "00112233445566778899";

function phaseOf(packet: string): number {
	const bytes = parseHex(packet, packet.length / 2) as Uint8Array;
	return bytes[0] >= 0xc0 ? (bytes[0] >> 1) & 1 : bytes[13] >> 7;
}

/** Keys for any epoch. */
function keysOf(epoch: number): ArrayBuffer {
	const keys = material(epoch === 0 ? VIDEO_KEYS : NEXT_KEYS);
	new Uint8Array(keys)[0] ^= epoch >> 1;
	return keys;
}

export default function epochs(suite: Suite): void {
	suite.test("ARC-C7 ARC-K7 packets old, new, old at +999 ms, old at +1001 ms: accept, accept, accept, reject", (check) => {
		for (const number of [SUITE_AES_128_GCM, SUITE_AES_128_CTR_HMAC80]) {
			const pair = new Pair(number);
			const stream = pair.video({ tsu: 0 });
			const old: string[] = [];
			for (let i = 0; i < 3; i++) old.push(pair.seal(stream, PLAIN, 0, false, PRIORITY_KEY, 0));
			pair.install(keysOf(1), 1, 5000);
			const fresh = pair.seal(stream, PLAIN, 0, false, PRIORITY_KEY, 0);
			check.equal(phaseOf(old[0]), 0);
			check.equal(phaseOf(fresh), 1);
			check.equal(pair.open(old[0], 8000), 0, "before the first new one");
			check.equal(pair.receiveKeys.olderKept, true);
			check.equal(pair.open(fresh, 9000), 0);
			check.equal(pair.open(fresh, 9000), OPEN_REPLAY);
			check.equal(pair.open(old[0], 9990), OPEN_REPLAY, "the old window stays too");
			check.equal(pair.open(old[1], 9999), 0);
			check.equal(pair.receiveKeys.deadline, 10_000);
			check.ok(pair.open(old[2], 10_001) < 0);
			check.equal(pair.receiveKeys.even.epoch, -1);
			check.equal(pair.receiveKeys.olderKept, false);
		}
	});

	suite.test("ARC-K7 the first packet after K flips is full with a context, SEQ and ROC go on", (check) => {
		const pair = new Pair();
		const stream = pair.audio({ sequence: 100 });
		let packet = "";
		for (let i = 0; i < 5; i++) packet = pair.seal(stream, PLAIN, 960 * i, false, PRIORITY_AUDIO, 20 * i);
		check.ok(packet[0] >= "c");
		for (let epoch = 1; epoch < 6; epoch++) {
			const now = epoch * 10_000;
			pair.opener.tick(now);
			pair.install(keysOf(epoch), epoch, now);
			check.equal(pair.receiveKeys.epoch, epoch);
			for (let i = 0; i < 3; i++) {
				packet = pair.seal(stream, PLAIN, 960 * (5 + 500 * epoch + i), false, PRIORITY_AUDIO, now + 20 * i);
				check.equal(phaseOf(packet), epoch & 1);
				check.equal(packet[0] >= "c", i > 0, "epoch " + epoch + ", packet " + i);
				check.equal(pair.open(packet, now + 20 * i), 0);
				check.equal(pair.opener.extendedSequence, 105 + 3 * (epoch - 1) + i);
				check.equal(stream.packets, i + 1);
			}
		}
	});

	suite.test("ARC-K7 no rotation begins while older keys are kept, none goes back", (check) => {
		const pair = new Pair();
		const stream = pair.video({ tsu: 0 });
		check.equal(pair.sendKeys.install(keysOf(0), 0, 0), false, "the same epoch");
		check.equal(pair.opener.install(pair.receiveKeys, keysOf(2), 2), false, "one left out");
		pair.install(keysOf(1), 1, 0);
		check.equal(pair.opener.install(pair.receiveKeys, keysOf(2), 2), false, "epoch 0 is still kept");
		check.equal(pair.sendKeys.install(keysOf(2), 2, 999), false);
		check.equal(pair.open(pair.seal(stream, PLAIN, 0, false, PRIORITY_KEY, 0), 100), 0);
		pair.opener.tick(1099);
		check.equal(pair.opener.install(pair.receiveKeys, keysOf(2), 2), false);
		check.equal(pair.opener.deadline(1099), 1100);
		pair.opener.tick(1100);
		check.equal(pair.opener.deadline(1100), Infinity);
		check.equal(pair.opener.install(pair.receiveKeys, keysOf(2), 2), true);
		check.equal(pair.sendKeys.install(keysOf(2), 2, 1000), true);
	});

	suite.test("ARC-K7 control packets: the HMAC of the epoch before is there for 1,000 ms", (check) => {
		const pair = new Pair();
		const signs = (auth: {
			sign(buffer: ArrayBuffer, offset: number, length: number, to: ArrayBuffer, at: number): void;
		}): number => {
			const buffer = new ArrayBuffer(32);
			auth.sign(buffer, 0, 0, buffer, 0);
			return new DataView(buffer).getInt32(0);
		};
		const before = signs(pair.sendKeys.auth);
		check.equal(signs(pair.receiveKeys.auth), before);
		check.equal(pair.sendKeys.olderAuth(0), undefined);
		check.equal(pair.receiveKeys.olderAuth(0), undefined);
		pair.install(keysOf(1), 1, 5000);
		const after = signs(pair.sendKeys.auth);
		check.ok(after !== before);
		check.equal(signs(pair.receiveKeys.auth), after);
		const older = pair.sendKeys.olderAuth(5999);
		check.ok(older !== undefined && signs(older) === before);
		const kept = pair.receiveKeys.olderAuth(999_999);
		check.ok(kept !== undefined && signs(kept) === before);
		check.equal(pair.sendKeys.olderAuth(6000), undefined);
		check.equal(pair.sendKeys.deadline, 6000);
		pair.sendKeys.tick(6000);
		check.equal(pair.sendKeys.deadline, Infinity);
		check.ok(older !== undefined && signs(older) !== before, "overwritten");
	});

	suite.test("ARC-K7 packets of a key that is not there are held: 16, for 50 ms, and opened when it comes", (check) => {
		const pair = new Pair();
		const stream = pair.video({ tsu: 0, sequence: 500 });
		pair.sendKeys.install(keysOf(1), 1, 0);
		const packets: string[] = [];
		for (let i = 0; i < 20; i++) packets.push(pair.seal(stream, PLAIN + "0" + (i & 7), 0, false, PRIORITY_KEY, 0));
		for (let i = 0; i < 18; i++) check.equal(pair.open(packets[i], 100 + i), OPEN_HELD);
		check.equal(pair.counters.held, 16);
		check.equal(pair.counters.heldDropped, 2);
		check.equal(pair.opener.openHeld(120), OPEN_NOTHING, "no keys yet");
		check.equal(pair.opener.deadline(120), 150);
		pair.opener.tick(149);
		check.equal(pair.held.count, 16);
		pair.opener.tick(154);
		check.equal(pair.held.count, 11, "those of 100 to 104 are gone");
		check.equal(pair.counters.heldDropped, 7);
		check.equal(pair.opener.install(pair.receiveKeys, keysOf(1), 1), true);
		for (let i = 5; i < 16; i++) {
			check.equal(pair.opener.openHeld(155), 0);
			check.equal(pair.opener.extendedSequence, 500 + i);
			check.equal(pair.payload, PLAIN + "0" + (i & 7));
		}
		check.equal(pair.opener.openHeld(155), OPEN_NOTHING);
		check.equal(pair.pool.used, 0);
		check.equal(pair.open(packets[18], 160), 0);
	});

	suite.test(
		"ARC-K7 what was held and does not open then is dropped; packets before the first keys are held as well",
		(check) => {
			const pair = new Pair(SUITE_AES_128_GCM, 0, null);
			const stream = pair.video({ tsu: 0 });
			check.equal(pair.seal(stream, PLAIN, 0, false, PRIORITY_KEY, 0), "", "no keys, no packet");
			check.equal(pair.sealer.refused, 1);
			pair.sendKeys.install(keysOf(0), 0, 0);
			const packet = pair.seal(stream, PLAIN, 0, false, PRIORITY_KEY, 0);
			check.equal(pair.open(packet, 0), OPEN_HELD);
			check.equal(pair.open(packet.slice(0, -2) + "00", 0), OPEN_HELD);
			pair.opener.install(pair.receiveKeys, keysOf(0), 0);
			check.equal(pair.opener.openHeld(10), 0);
			check.equal(pair.payload, PLAIN);
			check.equal(pair.opener.openHeld(10), OPEN_REPLAY);
			check.equal(pair.opener.openHeld(10), OPEN_NOTHING);
			check.equal(pair.pool.used, 0);
		},
	);

	suite.test("ARC-K5 the last packet under a key is number 2^31; new keys go on", (check) => {
		const pair = new Pair();
		const stream = pair.video({ tsu: 0, packets: PACKETS_PER_KEY - 2 });
		check.equal(pair.sealer.mostPackets(pair.sendKeys), PACKETS_PER_KEY - 2);
		check.ok(pair.seal(stream, PLAIN, 0, false, PRIORITY_KEY, 0) !== "");
		check.ok(pair.seal(stream, PLAIN, 0, false, PRIORITY_KEY, 0) !== "");
		check.equal(stream.packets, PACKETS_PER_KEY);
		const { next } = stream;
		for (let i = 0; i < 3; i++) check.equal(pair.seal(stream, PLAIN, 0, false, PRIORITY_KEY, 0), "");
		check.equal(stream.next, next);
		check.equal(pair.sealer.refused, 3);
		pair.sendKeys.install(keysOf(1), 1, 0);
		check.ok(pair.seal(stream, PLAIN, 0, false, PRIORITY_KEY, 0) !== "");
		check.equal(stream.packets, 1);
	});

	suite.test("ARC-K8 keys that were wiped seal and open nothing", (check) => {
		const pair = new Pair();
		const stream = pair.video({ tsu: 0 });
		const packet = pair.seal(stream, PLAIN, 0, false, PRIORITY_KEY, 0);
		pair.sendKeys.wipe();
		pair.receiveKeys.wipe();
		check.equal(pair.seal(stream, PLAIN, 0, false, PRIORITY_KEY, 0), "");
		check.equal(pair.open(packet, 0), OPEN_HELD);
		const buffer = new ArrayBuffer(32);
		pair.sendKeys.auth.sign(buffer, 0, 0, buffer, 0);
		// HMAC-SHA-256 of nothing under a key of 32 zeros.
		check.hex(buffer, 0, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
	});

	suite.test("ARC-R7 an SSRC is given once in a session, in either direction", (check) => {
		const sources = new UsedSources(3);
		check.equal(sources.claim(0xffffffff), true);
		check.equal(sources.claim(0xffffffff), false);
		check.equal(sources.claim(0), true);
		check.equal(sources.has(0xffffffff), true);
		check.equal(sources.has(1), false);
		check.equal(sources.claim(1), true);
		check.equal(sources.claim(2), false, "no room");
		sources.clear();
		check.equal(sources.claim(2), true);
		const pair = new Pair();
		const stream = pair.video();
		const again = { keys: pair.sendKeys, ssrc: SSRC, payloadType: 96, clock: 90000, video: true, tsu: 90 };
		check.equal(pair.sealer.add(again), undefined);
		pair.sealer.remove(stream);
		check.equal(pair.sealer.add(again), undefined, "nor after it ended");
		check.equal(
			pair.opener.add({ keys: pair.receiveKeys, ssrc: SSRC, payloadTypes: [96], clock: 90000, video: true }),
			undefined,
		);
		check.throws(() => pair.sealer.add({ ...again, ssrc: 9, payloadType: 72 }), "payload type");
	});

	suite.test("ARC-R6 ARC-R7 nonces of 200,000 packets of two streams and two epochs are all distinct", (check) => {
		const pair = new Pair();
		const { sealer, arena } = pair;
		const streams = [
			pair.send({ ssrc: SSRC, payloadType: 96, clock: 90000, video: true, tsu: 90, sendTime: SEND_TIME_OFF }),
			pair.send({ ssrc: SSRC + 1, payloadType: 111, clock: 48000, video: false, tsu: 0, sendTime: SEND_TIME_OFF }),
		];
		const count = suite.short ? 2000 : 100_000;
		const header = new Header();
		for (const stream of streams) {
			let last = stream.extendedSequence;
			let phase = 0;
			for (let i = 0; i < count; i++) {
				if (i === count / 2 && stream === streams[0]) pair.sendKeys.install(keysOf(1), 1, 0);
				if (sealer.seal(stream, 64, 10, 90 * i, false, PRIORITY_DELTA, i, -1) < 0) check.fail("refused");
				const { view } = arena;
				const word = view.getInt32(sealer.start);
				let sequence = word & 0xffff;
				if ((word & 0x40000000) === 0) {
					header.read(view, sealer.start, 64, false);
					sequence = header.sequence;
					phase = header.phase;
				} else if (((word >>> 25) & 1) !== phase) check.fail("K");
				last++;
				// Consecutive sequence numbers, ROC one more when they begin again, and nonces made of just these.
				if (sequence !== last % 0x10000 || stream.extendedSequence !== last)
					check.fail("SEQ " + sequence + " after " + (last - 1));
				const { salt0, salt1, salt2 } = stream.cipher;
				const ssrc = stream.ssrc;
				const roc = Math.floor(last / 0x10000);
				if (
					view.getInt32(stream.nonce) !== (salt0 ^ (ssrc >>> 16)) ||
					view.getInt32(stream.nonce + 4) !== (salt1 ^ (((ssrc & 0xffff) << 16) | (roc >>> 16))) ||
					view.getInt32(stream.nonce + 8) !== (salt2 ^ (((roc & 0xffff) << 16) | sequence))
				)
					check.fail("nonce of " + last);
			}
		}
		check.equal(streams[0].total + streams[1].total, 2 * count);
	});

	suite.test("ARC-K6 100 failures in a second ask for new keys, 99 do not, and only when something opened before", (check) => {
		const pair = new Pair();
		const stream = pair.video({ tsu: 0 });
		const packet = pair.seal(stream, PLAIN, 0, false, PRIORITY_KEY, 0);
		const next = pair.seal(stream, PLAIN, 0, false, PRIORITY_KEY, 0);
		const wrong = next.slice(0, -2) + (next.slice(-2) === "00" ? "01" : "00");
		for (let i = 0; i < 99; i++) check.equal(pair.open(wrong, 5 * i), OPEN_AUTH);
		check.equal(pair.opener.attacked(500), false);
		pair.open(wrong, 600);
		check.equal(pair.opener.attacked(600), false, "nothing opened yet");
		check.equal(pair.open(packet, 600), 0);
		check.equal(pair.opener.attacked(600), true);
		check.equal(pair.opener.attacked(1700), false);
		for (let i = 0; i < 300; i++) {
			pair.open(wrong, 5000 + 13 * i);
			check.equal(pair.opener.attacked(5000 + 13 * i), false, "77 a second");
		}
		check.equal(pair.opener.failures.total, 400);
	});
}
