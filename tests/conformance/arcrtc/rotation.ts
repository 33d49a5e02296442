import { KeyExchange } from "arcrtc/key_exchange";
import { KeyRotation } from "arcrtc/key_rotation";
import {
	REASON_INTERVAL,
	REASON_MANUAL,
	REASON_PACKETS,
	REASON_SECURITY,
	REASONS,
	ROTATION_ASKED,
	ROTATION_BAD_KEY,
	ROTATION_BAD_STATE,
	ROTATION_FORGET,
	ROTATION_GAVE_UP,
	ROTATION_GRACE,
	ROTATION_IGNORED,
	ROTATION_INSTALL,
	ROTATION_NOTHING,
	ROTATION_PAUSED,
	ROTATION_RECONNECT,
	ROTATION_SEND_ANSWER,
	ROTATION_SEND_REQUEST,
	ROTATION_STEADY,
	ROTATION_STOPPED,
	ROTATION_TAKEN,
} from "arcrtc/rotation_words";
import type { Check, Suite } from "unit/suite";
import { ECDH_P256, HKDF, KEY_ROTATION } from "vectors/arcrtc";
import { formatHex, parseHex } from "wire/hex";

const DAY = 24 * 3600 * 1000;
const SESSION = HKDF.session_id;

function pair(hex: string): KeyExchange {
	return new KeyExchange((parseHex(hex, 32) as Uint8Array<ArrayBuffer>).buffer);
}

function masterOf(end: KeyRotation): string {
	return formatHex(new Uint8Array(end.master), 0, 32);
}

interface EndOptions {
	readonly oneSided?: boolean;
	readonly makeExchange?: () => KeyExchange;
}

/** Ends `a`, the lower id, and `b` of one session, with the keys of the vectors. */
function ends(a: EndOptions = {}, b: EndOptions = {}, now = 0): [KeyRotation, KeyRotation] {
	const first = pair(ECDH_P256.a_private);
	const second = pair(ECDH_P256.b_private);
	const common = { sessionId: SESSION, now };
	return [
		new KeyRotation({
			...common,
			...a,
			peerId: "camera",
			remoteId: "viewer",
			exchange: first,
			remoteKey: ECDH_P256.b_public_b64url,
		}),
		new KeyRotation({
			...common,
			...b,
			peerId: "viewer",
			remoteId: "camera",
			exchange: second,
			remoteKey: ECDH_P256.a_public_b64url,
		}),
	];
}

function expectEvents(check: Check, end: KeyRotation, events: readonly number[]): void {
	for (const event of events) check.equal(end.poll(), event);
	check.equal(end.poll(), ROTATION_NOTHING, "nothing else is to be done");
}

function ask(from: KeyRotation, to: KeyRotation, now: number, id = 7): number {
	return to.requested(from.requestEpoch, from.requestKey, id, now, from.requestReason);
}

function answer(from: KeyRotation, to: KeyRotation, now: number): number {
	return to.acknowledged(from.answerEpoch, from.answerKey === "" ? undefined : from.answerKey, now);
}

/** A whole rotation that `from` begins by hand, up to the answer. @returns its new public key. */
function rotate(check: Check, from: KeyRotation, to: KeyRotation, now: number): string {
	check.ok(from.rotate(now));
	const key = from.requestKey;
	expectEvents(check, from, [ROTATION_SEND_REQUEST]);
	check.equal(ask(from, to, now), ROTATION_TAKEN);
	expectEvents(check, to, [ROTATION_SEND_ANSWER, ROTATION_INSTALL]);
	check.equal(answer(to, from, now), ROTATION_TAKEN);
	expectEvents(check, from, [ROTATION_INSTALL]);
	check.equal(masterOf(from), masterOf(to));
	return key;
}

function processTests(suite: Suite): void {
	suite.test("ARC-K7 V: key_rotation: one-sided, the new master and the message's fields", (check) => {
		const [a, b] = ends({ makeExchange: () => pair(KEY_ROTATION.initiator_new_private) }, { oneSided: true });
		check.equal(masterOf(a), HKDF.video.master);
		check.equal(masterOf(b), HKDF.video.master);
		a.tick(DAY);
		expectEvents(check, a, [ROTATION_SEND_REQUEST]);
		const { message } = KEY_ROTATION;
		check.equal(a.requestEpoch, message.epoch);
		check.equal(REASONS[a.requestReason as 0], message.reason);
		check.equal(a.requestKey, message.public_key);
		check.equal(a.attempt, 0);
		check.equal(masterOf(a), HKDF.video.master, "the old key goes on");
		check.equal(ask(a, b, DAY, 41), ROTATION_TAKEN);
		expectEvents(check, b, [ROTATION_SEND_ANSWER, ROTATION_INSTALL]);
		check.equal(b.answerEpoch, 1);
		check.equal(b.answerKey, "");
		check.equal(b.answerTo, 41);
		check.equal(answer(b, a, DAY + 20), ROTATION_TAKEN);
		expectEvents(check, a, [ROTATION_INSTALL]);
		for (const end of [a, b]) {
			check.equal(end.epoch, 1);
			check.equal(end.state, ROTATION_GRACE);
			check.equal(masterOf(end), KEY_ROTATION.keys.master);
			end.close();
			check.equal(masterOf(end), "00".repeat(32), "ARC-K8 closed: overwritten");
		}
	});

	suite.test("ARC-K7 two-sided by default: both keys are fresh, again and again, whoever begins", (check) => {
		const [a, b] = ends();
		const seen = [masterOf(a)];
		let now = 1000;
		for (let epoch = 1; epoch <= 6; epoch++, now += 5000) {
			const from = epoch % 3 === 0 ? b : a;
			const to = from === a ? b : a;
			rotate(check, from, to, now);
			check.ok(to.answerKey.length === 87 && to.answerKey !== from.requestKey);
			check.equal(a.epoch, epoch);
			check.equal(b.epoch, epoch);
			check.equal(seen.indexOf(masterOf(a)), -1, "a master comes once");
			seen.push(masterOf(a));
			for (const end of [a, b]) {
				end.received(now);
				end.tick(now + 1000);
				expectEvents(check, end, [ROTATION_FORGET]);
			}
		}
		a.close();
		b.close();
	});

	suite.test("ARC-K7 one-sided again and again, whoever begins: what was new before is current then", (check) => {
		const [a, b] = ends({ oneSided: true }, { oneSided: true });
		const seen = [masterOf(a)];
		let now = 0;
		for (const way of "aabbabab") {
			const from = way === "a" ? a : b;
			const to = way === "a" ? b : a;
			const key = rotate(check, from, to, now);
			check.equal(to.answerKey, "");
			check.equal(seen.indexOf(masterOf(a)), -1, "a master comes once");
			seen.push(masterOf(a));
			// A key of the epoch before is no new one.
			const before = masterOf(to);
			check.equal(to.requested(to.epoch + 1, key, 1, now), ROTATION_BAD_KEY);
			check.equal(masterOf(to), before);
			for (const end of [a, b]) {
				end.received(now);
				end.tick(now + 1000);
				expectEvents(check, end, [ROTATION_FORGET]);
			}
			now += 2000;
		}
		a.close();
		b.close();
	});

	suite.test("ARC-C7 ARC-K8 the old keys go 1,000 ms after the first packet of the new epoch, not before", (check) => {
		const [a, b] = ends();
		rotate(check, a, b, 0);
		b.tick(500);
		b.received(700);
		b.received(900);
		check.equal(b.deadline, 1700);
		b.tick(1699);
		check.equal(b.poll(), ROTATION_NOTHING);
		check.equal(b.state, ROTATION_GRACE);
		b.tick(1700);
		expectEvents(check, b, [ROTATION_FORGET]);
		check.equal(b.state, ROTATION_STEADY);
		b.received(1800);
		b.tick(5000);
		check.equal(b.poll(), ROTATION_NOTHING, "once");
		// Nothing arrives: they do not stay for ever.
		check.equal(a.deadline, 60_000);
		a.tick(59_999);
		check.equal(a.poll(), ROTATION_NOTHING);
		a.tick(60_000);
		expectEvents(check, a, [ROTATION_FORGET]);
		a.close();
		b.close();
	});

	suite.test("ARC-K7 a new rotation starts only after the old keys are gone", (check) => {
		const [a, b] = ends();
		rotate(check, a, b, 0);
		check.ok(a.rotate(100));
		a.attacked(200);
		check.equal(a.poll(), ROTATION_NOTHING);
		a.received(300);
		a.tick(1300);
		expectEvents(check, a, [ROTATION_FORGET, ROTATION_SEND_REQUEST]);
		check.equal(a.requestReason, REASON_SECURITY, "the weightier reason");
		check.equal(a.requestEpoch, 2);
		// The peer's old keys, of which it may have more, go at the latest now.
		check.equal(ask(a, b, 1300), ROTATION_TAKEN);
		expectEvents(check, b, [ROTATION_FORGET, ROTATION_SEND_ANSWER, ROTATION_INSTALL]);
		check.equal(answer(b, a, 1300), ROTATION_TAKEN);
		check.equal(masterOf(a), masterOf(b));
		a.close();
		b.close();
	});
}

function triggerTests(suite: Suite): void {
	suite.test("ARC-K4 KEY_ROTATE at 24 h, not at 23:59; and 24 h after the last one", (check) => {
		const [a, b] = ends({}, {}, 500);
		check.equal(a.deadline, DAY + 500);
		a.tick(DAY - 60_000 + 500);
		a.tick(DAY + 499);
		check.equal(a.poll(), ROTATION_NOTHING);
		a.tick(DAY + 500);
		expectEvents(check, a, [ROTATION_SEND_REQUEST]);
		check.equal(a.requestReason, REASON_INTERVAL);
		const later = DAY + 2000;
		ask(a, b, later);
		answer(b, a, later);
		a.received(later);
		a.tick(later + 1000);
		expectEvents(check, a, [ROTATION_FORGET, ROTATION_INSTALL]);
		check.equal(a.deadline, later + DAY);
		a.tick(later + DAY - 1);
		check.equal(a.poll(), ROTATION_NOTHING);
		a.tick(later + DAY);
		expectEvents(check, a, [ROTATION_SEND_REQUEST]);
		a.close();
		b.close();
	});

	suite.test("ARC-K5 2^31 - 2^20 packets of one SSRC ask for new keys, 2^31 end the session", (check) => {
		const [a, b] = ends();
		const least = 0x80000000 - 0x100000;
		a.counted(least - 1, 10);
		check.equal(a.poll(), ROTATION_NOTHING);
		a.counted(least, 20);
		expectEvents(check, a, [ROTATION_SEND_REQUEST]);
		check.equal(a.requestReason, REASON_PACKETS);
		check.equal(REASONS[REASON_PACKETS], "packets");
		a.counted(least + 1000, 30);
		check.equal(a.poll(), ROTATION_NOTHING, "one request");
		for (const now of [1020, 3020, 7020]) a.tick(now);
		a.counted(0x7fffffff, 8000);
		check.equal(a.state, ROTATION_PAUSED);
		expectEvents(check, a, [ROTATION_GAVE_UP]);
		a.counted(0x80000000, 9000);
		expectEvents(check, a, [ROTATION_RECONNECT]);
		check.equal(a.state, ROTATION_STOPPED);
		check.equal(a.deadline, Infinity);
		a.counted(0x80000000, 9000);
		a.tick(DAY * 3);
		a.attacked(DAY * 3);
		check.ok(!a.rotate(DAY * 3));
		check.equal(ask(b, a, 1), ROTATION_BAD_STATE);
		check.equal(a.poll(), ROTATION_NOTHING, "once, and for good");
		a.close();
		b.close();
	});

	suite.test("ARC-K6 security and manual: at most one rotation for security a minute, the peer's counted", (check) => {
		const [a, b] = ends();
		a.attacked(1000);
		expectEvents(check, a, [ROTATION_SEND_REQUEST]);
		check.equal(a.requestReason, REASON_SECURITY);
		ask(a, b, 1000);
		answer(b, a, 1000);
		for (const end of [a, b]) {
			end.received(1000);
			end.tick(2000);
			expectEvents(
				check,
				end,
				end === a ? [ROTATION_FORGET, ROTATION_INSTALL] : [ROTATION_FORGET, ROTATION_SEND_ANSWER, ROTATION_INSTALL],
			);
			for (let now = 2000; now < 61_000; now += 1000) end.attacked(now);
			end.tick(60_999);
			check.equal(end.poll(), ROTATION_NOTHING, "within the minute");
		}
		check.ok(a.rotate(30_000), "by hand is free");
		expectEvents(check, a, [ROTATION_SEND_REQUEST]);
		check.equal(a.requestReason, REASON_MANUAL);
		b.attacked(61_000);
		expectEvents(check, b, [ROTATION_SEND_REQUEST]);
		a.close();
		b.close();
	});
}

function lossTests(suite: Suite): void {
	suite.test("ARC-K7 no answer: sent at 0, 1, 3 s, given up at 7 s, the old key stays; later the same request again", (check) => {
		const [a, b] = ends();
		const before = masterOf(a);
		a.rotate(100);
		const key = a.requestKey;
		const sent: number[] = [];
		const gone: number[] = [];
		for (let now = 100; now <= 18_000; now += 10) {
			if (now >= a.deadline) a.tick(now);
			for (let event = a.poll(); event !== ROTATION_NOTHING; event = a.poll()) {
				if (event === ROTATION_SEND_REQUEST) sent.push(now - 100);
				else if (event === ROTATION_GAVE_UP) gone.push(now - 100);
				else check.fail(`event ${event}`);
			}
			if (now === 7100) check.equal(sent.join(), "0,1000,3000");
		}
		check.equal(gone.join(), "7000");
		check.equal(sent.join(), "0,1000,3000,17000");
		check.equal(a.epoch, 0);
		check.equal(masterOf(a), before);
		check.equal(a.requestKey, key, "the same request");
		// The peer had taken it long ago.
		check.equal(ask(a, b, 18_000), ROTATION_TAKEN);
		check.equal(answer(b, a, 18_000), ROTATION_TAKEN);
		check.equal(masterOf(a), masterOf(b));
		check.equal(a.state, ROTATION_GRACE);
		a.close();
		b.close();
	});

	suite.test("ARC-K7 a lost answer is given again for the same request, the keys are not made again", (check) => {
		const [a, b] = ends();
		a.rotate(0);
		ask(a, b, 50, 3);
		expectEvents(check, b, [ROTATION_SEND_ANSWER, ROTATION_INSTALL]);
		const key = b.answerKey;
		const master = masterOf(b);
		a.tick(1000);
		check.equal(a.attempt, 1);
		check.equal(ask(a, b, 1050, 3), ROTATION_TAKEN);
		expectEvents(check, b, [ROTATION_SEND_ANSWER]);
		check.equal(b.answerKey, key);
		check.equal(b.answerTo, 3);
		check.equal(masterOf(b), master);
		check.equal(answer(b, a, 1100), ROTATION_TAKEN);
		check.equal(answer(b, a, 1101), ROTATION_IGNORED, "both answers came");
		check.equal(masterOf(a), master);
		// A request that is still on its way when all is over.
		b.received(1100);
		b.tick(2100);
		expectEvents(check, b, [ROTATION_FORGET]);
		check.equal(
			ask({ ...a, requestEpoch: 1, requestKey: "x" } as KeyRotation, b, 2200),
			ROTATION_BAD_STATE,
			"another key for this epoch",
		);
		a.close();
		b.close();
	});

	suite.test("ARC-K7 an answer that comes after it was given up is taken", (check) => {
		const [a, b] = ends();
		a.rotate(0);
		for (const now of [1000, 3000, 7000]) a.tick(now);
		check.equal(a.state, ROTATION_PAUSED);
		check.ok(a.rotate(8000), "one is under way");
		ask(a, b, 9000);
		check.equal(answer(b, a, 9500), ROTATION_TAKEN);
		check.equal(masterOf(a), masterOf(b));
		expectEvents(check, a, [ROTATION_INSTALL, ROTATION_GAVE_UP]);
		a.close();
		b.close();
	});

	suite.test("ARC-K7 a peer that refuses the request gets another one after a pause", (check) => {
		const [a, b] = ends();
		a.rotate(0);
		const key = a.requestKey;
		a.refused(100);
		expectEvents(check, a, [ROTATION_GAVE_UP]);
		check.equal(a.deadline, 10_100);
		check.equal(a.acknowledged(1, undefined, 200), ROTATION_BAD_STATE, "nothing is asked");
		a.tick(10_100);
		expectEvents(check, a, [ROTATION_SEND_REQUEST]);
		check.ok(a.requestKey !== key);
		ask(a, b, 10_200);
		check.equal(answer(b, a, 10_300), ROTATION_TAKEN);
		check.equal(masterOf(a), masterOf(b));
		a.close();
		b.close();
	});
}

function glareTests(suite: Suite): void {
	suite.test("ARC-K7 glare: the lower peer_id wins, whatever comes first", (check) => {
		for (const order of ["ab", "ba"]) {
			const [a, b] = ends();
			a.rotate(0);
			b.rotate(0);
			const fromA = { epoch: a.requestEpoch, key: a.requestKey };
			const fromB = { epoch: b.requestEpoch, key: b.requestKey };
			for (const end of [a, b]) expectEvents(check, end, [ROTATION_SEND_REQUEST]);
			for (const one of order) {
				if (one === "a") check.equal(b.requested(fromA.epoch, fromA.key, 1, 20), ROTATION_TAKEN);
				else check.equal(a.requested(fromB.epoch, fromB.key, 1, 20), ROTATION_IGNORED);
			}
			expectEvents(check, a, []);
			expectEvents(check, b, [ROTATION_SEND_ANSWER, ROTATION_INSTALL]);
			check.equal(answer(b, a, 40), ROTATION_TAKEN);
			check.equal(masterOf(a), masterOf(b), order);
			b.tick(1020);
			expectEvents(check, b, []);
			a.close();
			b.close();
		}
	});

	suite.test("ARC-K7 glare when the winner paused: it takes the other's request", (check) => {
		const [a, b] = ends();
		a.rotate(0);
		for (const now of [1000, 3000, 7000]) a.tick(now);
		b.rotate(8000);
		check.equal(ask(b, a, 8010), ROTATION_TAKEN);
		expectEvents(check, a, [ROTATION_SEND_ANSWER, ROTATION_INSTALL, ROTATION_GAVE_UP]);
		check.equal(answer(a, b, 8020), ROTATION_TAKEN);
		check.equal(masterOf(a), masterOf(b));
		a.close();
		b.close();
	});

	suite.test(
		"ARC-K7 hundreds of rotations over a signalling line that loses, delays and repeats: equal masters at each epoch",
		(check) => {
			const masters = new Map<number, string>();
			const [a, b] = ends();
			let state = 12345;
			const random = (below: number): number => {
				state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
				return Math.floor((state / 0x100000000) * below);
			};
			interface Message {
				readonly at: number;
				readonly to: KeyRotation;
				readonly epoch: number;
				readonly key: string;
				readonly request: boolean;
			}
			let line: Message[] = [];
			let epochs = 0;
			const rounds = suite.short ? 100_000 : 1_000_000;
			for (let now = 0; now < rounds; now += 10) {
				for (const end of [a, b]) {
					const other = end === a ? b : a;
					if (now >= end.deadline) end.tick(now);
					if (random(40) === 0) end.rotate(now);
					const due = line.filter((message) => message.to === end && message.at <= now);
					line = line.filter((message) => !due.includes(message));
					for (const { request, epoch, key } of due) {
						const outcome = request
							? end.requested(epoch, key, 1, now)
							: end.acknowledged(epoch, key === "" ? undefined : key, now);
						check.ok(outcome !== ROTATION_BAD_KEY, "no key is refused");
					}
					for (let event = end.poll(); event !== ROTATION_NOTHING; event = end.poll()) {
						check.ok(event !== ROTATION_RECONNECT, "never out of step");
						if (event === ROTATION_INSTALL) {
							const known = masters.get(end.epoch);
							if (known === undefined) masters.set(end.epoch, masterOf(end));
							else check.equal(masterOf(end), known, `epoch ${end.epoch}`);
							epochs = end.epoch;
						}
						if (event !== ROTATION_SEND_REQUEST && event !== ROTATION_SEND_ANSWER) continue;
						const request = event === ROTATION_SEND_REQUEST;
						const epoch = request ? end.requestEpoch : end.answerEpoch;
						const key = request ? end.requestKey : end.answerKey;
						const copies = random(5) === 0 ? 0 : random(8) === 0 ? 2 : 1;
						for (let i = 0; i < copies; i++) line.push({ at: now + 10 + random(30) * 10, to: other, epoch, key, request });
					}
					// Media flows when both have the same keys.
					if (a.epoch === b.epoch) end.received(now);
				}
			}
			check.ok(epochs >= rounds / 5000, `${epochs} epochs`);
			a.close();
			b.close();
		},
	);
}

function badTests(suite: Suite): void {
	suite.test("ARC-K1 keys that cannot be, or that came before, change nothing", (check) => {
		const [a, b] = ends();
		const before = masterOf(b);
		const offCurve = ECDH_P256.b_public_b64url.replace("E", "F");
		const bad = ["", "BAAA", offCurve, ECDH_P256.a_public_b64url, ECDH_P256.b_public_b64url];
		for (const key of bad) check.equal(b.requested(1, key, 1, 10), ROTATION_BAD_KEY, key);
		check.equal(masterOf(b), before);
		check.equal(b.state, ROTATION_STEADY);
		check.equal(b.poll(), ROTATION_NOTHING);
		a.rotate(10);
		for (const key of [...bad, a.requestKey]) check.equal(a.acknowledged(1, key, 20), ROTATION_BAD_KEY, key);
		check.equal(masterOf(a), before);
		check.equal(a.state, ROTATION_ASKED);
		ask(a, b, 30);
		check.equal(answer(b, a, 40), ROTATION_TAKEN, "the right answer still counts");
		check.equal(masterOf(a), masterOf(b));
		check.throws(
			() =>
				new KeyRotation({
					sessionId: SESSION,
					peerId: "a",
					remoteId: "b",
					exchange: pair(ECDH_P256.a_private),
					remoteKey: ECDH_P256.a_public_b64url,
					now: 0,
				}),
			"public key",
		);
		a.close();
		b.close();
	});

	suite.test("ARC-K7 epochs that cannot be: an old one is refused, a peer that is ahead means connecting anew", (check) => {
		const [a, b] = ends();
		rotate(check, a, b, 0);
		const key = new KeyExchange().publicKey;
		for (const epoch of [-1, 0, 0.5, 1]) check.equal(b.requested(epoch, key, 1, 10), ROTATION_BAD_STATE, `${epoch}`);
		check.equal(b.acknowledged(0, undefined, 10), ROTATION_IGNORED);
		check.equal(b.acknowledged(1, undefined, 10), ROTATION_IGNORED);
		check.equal(b.acknowledged(2, undefined, 10), ROTATION_BAD_STATE);
		check.equal(b.poll(), ROTATION_NOTHING);
		check.equal(b.requested(3, key, 1, 10), ROTATION_BAD_STATE);
		expectEvents(check, b, [ROTATION_RECONNECT]);
		a.close();
		b.close();
	});
}

export default function rotation(suite: Suite): void {
	processTests(suite);
	triggerTests(suite);
	lossTests(suite);
	glareTests(suite);
	badTests(suite);
}
