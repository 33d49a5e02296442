import {
	AUTH_AEAD,
	AUTH_AEAD_HMAC80,
	HEADROOM,
	PRIORITY_AUDIO,
	PRIORITY_DELTA,
	PRIORITY_KEY,
	SUITE_AES_128_CTR_HMAC80,
	SUITE_AES_128_GCM,
	SUITE_CHACHA20_POLY1305,
	TAILROOM,
} from "arcrtc/constants";
import { OPEN_HEADROOM } from "arcrtc/held_packets";
import { OPEN_AUTH, OPEN_HELD } from "arcrtc/opener";
import { MAKE, material, NEXT_KEYS, OPEN, Pair } from "conformance/arcrtc/packets";
import { random } from "crypto/crypto";
import { Allocation } from "unit/allocation";
import type { Check, Suite } from "unit/suite";

const PAYLOAD = 60;

/** A pair that was warmed up, and what it allocates then. */
class Steady {
	readonly pair: Pair;
	readonly #check: Check;

	constructor(check: Check, number: number = SUITE_AES_128_GCM, auth: number = AUTH_AEAD) {
		this.pair = new Pair(number, auth);
		this.#check = check;
	}

	run(count: number, tsu: number): void {
		const { pair } = this;
		const { sealer, opener } = pair;
		const stream = pair.video({ tsu });
		const allocation = new Allocation();
		let opened = 0;
		let reduced = 0;
		for (let i = 0; i < count + 10; i++) {
			if (i === 10) allocation.begin();
			const now = 5 * i;
			const priority = i % 300 < 4 ? PRIORITY_KEY : PRIORITY_DELTA;
			const bytes = sealer.seal(stream, MAKE, PAYLOAD, (450 * (i >> 1)) >>> 0, (i & 1) === 1, priority, now, 1.7e12 + now);
			if (pair.arena.bytes[sealer.start] >= 0xc0) reduced++;
			if (opener.open(sealer.start, bytes, now + 20) === 0) opened++;
			sealer.confirmed(opener.takeAcks(now + 20));
			opener.tick(now);
		}
		allocation.expectNone(this.#check);
		this.#check.equal(opened, count + 10);
		this.#check.ok(tsu === 0 ? reduced === 0 : reduced > 0.9 * count, reduced + " reduced");
	}
}

export default function packetsSteady(suite: Suite): void {
	const count = suite.short ? 3000 : 100_000;

	for (const tsu of [0, 90]) {
		suite.test(
			"ARC-P10 100,000 packets sealed and opened, " + (tsu === 0 ? "full" : "reduced") + ": nothing is allocated",
			(check) => {
				new Steady(check).run(count, tsu);
			},
		);
	}

	suite.test("ARC-P10 with HMAC, CTR and ChaCha20 nothing is allocated either", (check) => {
		for (const [number, auth] of [
			[SUITE_AES_128_GCM, AUTH_AEAD_HMAC80],
			[SUITE_AES_128_CTR_HMAC80, AUTH_AEAD],
			[SUITE_CHACHA20_POLY1305, AUTH_AEAD],
		])
			new Steady(check, number, auth).run(2000, 90);
	});

	suite.test("ARC-P10 what is refused, held, tried twice and lost costs nothing either", (check) => {
		const pair = new Pair();
		const { sealer, opener, arena, held } = pair;
		const { bytes, view } = arena;
		const stream = pair.video();
		const run = (from: number, to: number): void => {
			for (let i = from; i < to; i++) {
				const length = sealer.seal(stream, MAKE, PAYLOAD, 9000 + 900 * i, true, PRIORITY_DELTA, 10 * i, -1);
				const kind = i % 7;
				if (kind === 1) bytes[sealer.start + length - 1] ^= 1;
				else if (kind === 2) bytes[sealer.start] ^= 0x40;
				else if (kind === 3) view.setUint8(sealer.start, 0);
				else if (kind === 4 && bytes[sealer.start] < 0xc0) bytes[sealer.start + 12] ^= 0;
				else if (kind === 5) continue;
				const late = kind === 6 ? 400 : 0;
				if (opener.open(sealer.start, length, 10 * i + late) === OPEN_HELD) check.fail("held");
				if (kind === 0) opener.open(sealer.start, length, 10 * i);
				opener.tick(10 * i);
				opener.deadline(10 * i);
				sealer.confirmed(opener.takeAcks(10 * i));
				sealer.refusedContexts(opener.takeNacks(10 * i));
				if (held.hold(MAKE, 100, 10 * i)) opener.openHeld(10 * i);
			}
		};
		run(0, 100);
		const allocation = new Allocation();
		allocation.begin();
		run(100, suite.short ? 1000 : 20_000);
		allocation.expectNone(check);
		held.clear();
		check.equal(pair.pool.used, 0);
	});

	suite.test("packets stay within the room around the payload, and the opener within its own", (check) => {
		for (const [number, auth] of [
			[SUITE_AES_128_GCM, AUTH_AEAD],
			[SUITE_AES_128_GCM, AUTH_AEAD_HMAC80],
			[SUITE_AES_128_CTR_HMAC80, AUTH_AEAD],
		]) {
			const pair = new Pair(number, auth);
			const { arena, sealer } = pair;
			const { bytes } = arena;
			const stream = pair.video();
			const at = 200;
			for (let i = 0; i < 6; i++) {
				bytes.fill(0xee, 0, 1000);
				const length = sealer.seal(stream, at, PAYLOAD, 90 * i, false, PRIORITY_DELTA, i, 1e12);
				for (let k = 0; k < at - HEADROOM; k++) if (bytes[k] !== 0xee) check.fail("before the head room");
				for (let k = at + PAYLOAD + TAILROOM; k < 1000; k++) if (bytes[k] !== 0xee) check.fail("behind the tail room");
				bytes.copyWithin(OPEN, sealer.start, sealer.start + length);
				bytes.fill(0xee, OPEN - 100, OPEN);
				bytes.fill(0xee, OPEN + length, OPEN + length + 100);
				check.equal(pair.opener.open(OPEN, length, i), 0);
				for (let k = OPEN - 100; k < OPEN - OPEN_HEADROOM; k++) if (bytes[k] !== 0xee) check.fail("before the packet");
				for (let k = OPEN + length; k < OPEN + length + 100; k++) if (bytes[k] !== 0xee) check.fail("behind the packet");
			}
		}
	});

	suite.test(
		"ARC-R9 2,000 forged packets a second for 60 s: the real stream plays on, a CTX_NACK in 50 ms at most, counted",
		(check) => {
			const pair = new Pair();
			const { sealer, opener, arena, counters } = pair;
			const { buffer, view } = arena;
			const stream = pair.audio();
			const seconds = suite.short ? 2 : 60;
			let played = 0;
			let sent = 0;
			let nacks = 0;
			let lastNack = -Infinity;
			let forged = 0;
			for (let now = 0; now < seconds * 1000; now++) {
				for (let i = 0; i < 2; i++) {
					random(buffer, OPEN, 64);
					// Reduced ones for context 0, full ones for the SSRC, and with a context; near the real numbers, of both parities.
					const sequence = (stream.next + (now % 40)) & 0xffff;
					if (forged % 3 === 0) view.setInt32(OPEN, 0xc0000000 | (view.getInt32(OPEN) & 0x5ff0000) | sequence | 0);
					else {
						view.setInt32(OPEN, 0x906f0000 | sequence);
						view.setUint32(OPEN + 8, stream.ssrc);
						view.setInt32(OPEN + 12, forged % 3 === 1 ? 0xa0000000 | 0 : 0xa0200001 | 0);
					}
					forged++;
					if (opener.open(OPEN, 64, now) >= 0) check.fail("a forged packet opened");
				}
				opener.tick(now);
				const bitmap = opener.takeNacks(now);
				if (bitmap !== 0) {
					if (now - lastNack < 50) check.fail("two CTX_NACK in " + (now - lastNack) + " ms");
					lastNack = now;
					nacks++;
					sealer.refusedContexts(bitmap);
				}
				sealer.confirmed(opener.takeAcks(now));
				if (now % 20 !== 0) continue;
				const length = sealer.seal(stream, MAKE, PAYLOAD, 48 * now, false, PRIORITY_AUDIO, now, -1);
				sent++;
				const outcome = opener.open(sealer.start, length, now);
				if (outcome === 0) played++;
				else
					check.fail(
						"at " +
							now +
							": " +
							outcome +
							", the last CTX_NACK at " +
							lastNack +
							" " +
							arena.bytes[sealer.start] +
							" " +
							stream.next,
					);
			}
			check.equal(played, sent, "played");
			check.ok(nacks > seconds && nacks <= seconds * 20, nacks + " CTX_NACK");
			check.equal(counters.auth + counters.unknown + counters.format + counters.replay + counters.old, forged);
			check.equal(counters.held + counters.heldDropped, 0);
			check.ok(opener.attacked(seconds * 1000));
			check.equal(opener.failures.total, counters.auth);
			check.ok(counters.unknown > 0, "without the cipher");
		},
	);

	suite.test(
		"ARC-R9 forged packets with the other K are held in 16 places and no more; real ones of the new key open",
		(check) => {
			const pair = new Pair();
			const stream = pair.video({ tsu: 0 });
			const { sealer, opener, arena } = pair;
			const forge = (now: number): void => {
				random(arena.buffer, OPEN, 64);
				arena.view.setInt32(OPEN, 0x90600000 | (now & 0xffff));
				arena.view.setUint32(OPEN + 8, stream.ssrc);
				arena.view.setInt32(OPEN + 12, 0xa0800000 | 0);
				check.equal(opener.open(OPEN, 64, now), OPEN_HELD);
			};
			for (let now = 0; now < 1000; now++) {
				forge(now);
				opener.tick(now);
				check.ok(pair.held.count <= 16 && pair.pool.used <= 16);
			}
			pair.install(material(NEXT_KEYS), 1, 1000);
			let tried = 0;
			for (let outcome = opener.openHeld(1000); outcome !== -7; outcome = opener.openHeld(1000)) {
				tried++;
				check.equal(outcome, OPEN_AUTH);
			}
			check.equal(tried, 16);
			const length = sealer.seal(stream, MAKE, PAYLOAD, 0, false, PRIORITY_KEY, 1000, -1);
			check.equal(opener.open(sealer.start, length, 1000), 0);
			check.equal(pair.pool.used, 0);
		},
	);
}
