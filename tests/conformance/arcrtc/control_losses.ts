import { bytes, End, FEEDBACK_SSRC, hmac, Keys, sealed, SSRC } from "conformance/arcrtc/control_scene";
import { PRIORITY_AUDIO, PRIORITY_DELTA, PRIORITY_DROPPABLE, PRIORITY_KEY, RESEND_SHARE } from "arcrtc/constants";
import { OPENED } from "arcrtc/control_keys";
import { resendBytes } from "arcrtc/feedback";
import { Allocation } from "unit/allocation";
import type { Check, Suite } from "unit/suite";

const CLOCK = 90000;

/** An end that receives stream 0. */
function receiver(roundTrip: number, playout = Infinity): End {
	const end = new End(FEEDBACK_SSRC, 0);
	end.feedback.openReceiver(0, SSRC, CLOCK, new Keys(), true);
	end.feedback.setPlayout(0, playout);
	if (roundTrip >= 0) end.feedback.observeRoundTrip(roundTrip);
	return end;
}

function sender(ringBytes = 20000): End {
	const end = new End(FEEDBACK_SSRC + 1, ringBytes);
	end.feedback.openSender(0, SSRC, CLOCK, new Keys(), true);
	return end;
}

/** Numbers that the NACKs among the packets ask for, by the document alone. */
function asked(packets: readonly string[]): string {
	const numbers: number[] = [];
	for (let i = 0; i < packets.length; i++) {
		const packet = bytes(packets[i]);
		if (packet[1] !== 205) continue;
		const end = 4 * (packet[2] * 256 + packet[3] + 1);
		for (let at = 12; at < end; at += 4) {
			const first = packet[at] * 256 + packet[at + 1];
			const mask = packet[at + 2] * 256 + packet[at + 3];
			numbers.push(first);
			for (let bit = 0; bit < 16; bit++) if ((mask >> bit) & 1) numbers.push((first + bit + 1) & 0xffff);
		}
	}
	return numbers.join(" ");
}

function expectAsked(check: Check, end: End, now: number, numbers: string): void {
	check.equal(asked(end.due(now)), numbers, "at " + now);
}

function take(end: End, numbers: readonly number[], priority: number, now: number, step = 0): void {
	for (let i = 0; i < numbers.length; i++) end.feedback.received(0, numbers[i], numbers[i] * 10, priority, now + i * step);
}

export default function controlLosses(suite: Suite): void {
	suite.test("ARC-C8 loss of 65534, 65535, 1, 20 in a key frame: one NACK as in the reference, resent bit by bit", (check) => {
		const viewer = receiver(20);
		const camera = sender(40000);
		const packets: string[] = [];
		for (let i = 0; i < 32; i++) {
			packets.push(camera.send(0, 65530 + i, 3000, 1000 + i, PRIORITY_KEY, 1000));
			const lost = [65534, 65535, 65537, 65556].indexOf(65530 + i) >= 0;
			if (!lost) viewer.feedback.received(0, 65530 + i, 3000, PRIORITY_KEY, 1010);
		}
		viewer.feedback.counters.sent = 0;
		const nacks = viewer.due(1010);
		check.equal(nacks.length, 1);
		check.equal(nacks[0].slice(0, 40), "81cd0004" + "5eed0001" + "00bc614e" + "fffe0005" + "00140000");
		check.equal(camera.open(nacks[0], 1020), OPENED);
		const again = camera.resends();
		check.equal(again.length, 4);
		for (let i = 0; i < 4; i++) check.equal(again[i], packets[[4, 5, 7, 26][i]], "bit by bit: " + i);
		for (const number of [65534, 65535, 65537, 65556]) viewer.feedback.received(0, number, 3000, PRIORITY_KEY, 1031);
		check.equal(viewer.feedback.counters.repaired, 4);
		check.equal(viewer.feedback.counters.givenUp, 0);
		expectAsked(check, viewer, 1100, "");
		check.equal(viewer.feedback.receiving.lost(0), 4, "what was sent again was lost nevertheless");
		check.equal(viewer.heard(), "");
	});

	suite.test("ARC-E1 all of a script of losses are found; what is out of order by 1 or 2 is not asked for", (check) => {
		const end = receiver(5);
		take(end, [1, 3, 2, 4, 7, 5, 6, 9, 10, 8, 11, 14, 12, 13], PRIORITY_KEY, 0);
		expectAsked(check, end, 0, "");
		expectAsked(check, end, 500, "");
		check.equal(end.feedback.receiving.lost(0), 0);
		// 15 is missing: at the third later packet.
		take(end, [16, 17], PRIORITY_KEY, 1000);
		expectAsked(check, end, 1000, "");
		take(end, [18], PRIORITY_KEY, 1001);
		check.equal(end.feedback.deadline, 1001);
		expectAsked(check, end, 1001, "15");
		// Each second one of 20..58: every one is asked for, once.
		const odd: number[] = [];
		const even: number[] = [];
		for (let i = 19; i < 60; i++)
			if (i & 1) odd.push(i);
			else even.push(i);
		take(end, [15], PRIORITY_KEY, 1003);
		take(end, odd, PRIORITY_KEY, 2000);
		expectAsked(check, end, 2010, even.join(" "));
		check.equal(end.feedback.counters.missed, 1 + 2 + 1 + 2 + 1 + even.length);
	});

	suite.test("ARC-E2 times: 10 ms, then every round trip but not sooner than 10 ms, 3 tries, given up after 100 ms", (check) => {
		for (const [roundTrip, times] of [
			[25, [10, 35, 60]],
			[4, [10, 20, 30]],
			[60, [10, 70]],
			[-1, [10, 40, 70]],
		] as const) {
			const end = receiver(roundTrip);
			take(end, [1, 3], PRIORITY_KEY, 1000);
			const seen: number[] = [];
			for (let now = 1000; now <= 1300; now++) if (asked(end.due(now)) === "2") seen.push(now - 1000);
			check.equal(seen.join(" "), times.join(" "), "round trip " + roundTrip);
			check.equal(end.feedback.counters.givenUp, 1);
			check.equal(end.heard(), "5:0", "told once");
			check.equal(end.feedback.deadline > 1300, true);
		}
		const end = receiver(25);
		take(end, [1, 3], PRIORITY_KEY, 1000);
		check.equal(end.feedback.deadline, 1010);
		expectAsked(check, end, 1009.75, "");
		expectAsked(check, end, 1010, "2");
		check.equal(end.feedback.deadline, 1035);
		take(end, [2], PRIORITY_KEY, 1034);
		expectAsked(check, end, 1060, "");
		check.equal(end.feedback.deadline, 1200, "whether the loss is to be reported at once");
	});

	suite.test("ARC-E2 no request when a round trip and 5 ms are more than the time to play-out", (check) => {
		for (const [roundTrip, playout, times] of [
			[20, 50, "10"],
			[10, 50, "10 20 30"],
			[10, 40, "10 20"],
			[36, 50, ""],
			[35, 50, "10"],
			[0, 15, "10"],
			[0, 14, ""],
		] as const) {
			const end = receiver(roundTrip, playout);
			take(end, [1, 3], PRIORITY_KEY, 1000);
			const seen: number[] = [];
			for (let now = 1000; now <= 1200; now++) if (asked(end.due(now)) === "2") seen.push(now - 1000);
			check.equal(seen.join(" "), times, "round trip " + roundTrip + ", play-out " + playout);
			check.equal(end.feedback.counters.givenUp, 1);
			check.equal(end.heard(), "5:0");
		}
	});

	suite.test(
		"ARC-E2 sound is asked for only when the round trip is known and less than the play-out, droppable packets never",
		(check) => {
			const ask = (roundTrip: number, playout: number, priority: number): string => {
				const end = receiver(roundTrip, playout);
				take(end, [1, 3], priority, 1000);
				const text = asked(end.due(1010));
				check.equal(
					end.due(1400).length + end.heard().length > 0,
					priority === PRIORITY_KEY || priority === PRIORITY_DELTA ? text === "" : false,
				);
				return text;
			};
			check.equal(ask(-1, Infinity, PRIORITY_AUDIO), "");
			check.equal(ask(20, 50, PRIORITY_AUDIO), "2");
			check.equal(ask(30, 30, PRIORITY_AUDIO), "");
			const dropped = receiver(5);
			take(dropped, [1, 3], PRIORITY_DROPPABLE, 1000);
			expectAsked(check, dropped, 1010, "");
			// A droppable packet on one side of the gap: what is missing may be a delta.
			dropped.feedback.received(0, 5, 50, PRIORITY_DELTA, 1011);
			expectAsked(check, dropped, 1030, "4");
		},
	);

	suite.test("ARC-E2 of deltas 10 are asked for at a time, of key frames all", (check) => {
		const end = receiver(90);
		const odd: number[] = [];
		for (let i = 1; i < 60; i += 2) odd.push(i);
		take(end, odd, PRIORITY_DELTA, 1000);
		const first = asked(end.due(1010)).split(" ");
		check.equal(first.join(" "), "2 4 6 8 10 12 14 16 18 20");
		expectAsked(check, end, 1030, "");
		take(end, [2, 4, 6], PRIORITY_DELTA, 1031);
		expectAsked(check, end, 1041, "22 24 26");
		take(end, [61, 63], PRIORITY_KEY, 1041);
		take(end, [64, 65], PRIORITY_KEY, 1041);
		expectAsked(check, end, 1041, "60 62");
	});

	suite.test("ARC-E2 gaps that are too large or too many are given up at once and told; the table does not grow", (check) => {
		const end = receiver(5);
		take(end, [1, 700], PRIORITY_DELTA, 1000);
		check.equal(end.feedback.counters.givenUp, 698);
		end.due(1000);
		check.equal(end.heard(), "5:0");
		const odd: number[] = [];
		for (let i = 701; i < 901; i += 2) odd.push(i);
		take(end, odd, PRIORITY_KEY, 2000);
		check.equal(end.feedback.counters.givenUp, 698 + 99 - 48);
		check.equal(asked(end.due(2000)).split(" ").length, 48);
		check.equal(end.feedback.length <= 12 + 48 * 4 + 14, true);
		end.feedback.closeReceiver(0);
		check.equal(end.feedback.deadline, Infinity);
	});

	suite.test(
		"ARC-C9 what FEC brought is not asked for; a path that loses nothing is asked for nothing and keeps nothing",
		(check) => {
			const end = receiver(5);
			take(end, [1, 3], PRIORITY_KEY, 1000);
			end.feedback.recovered(0, 2, 1002);
			expectAsked(check, end, 1010, "");
			end.feedback.reliable = true;
			take(end, [5], PRIORITY_KEY, 1020);
			expectAsked(check, end, 1030, "");
			const camera = sender();
			camera.feedback.reliable = true;
			camera.send(0, 1, 0, 500, PRIORITY_KEY, 1000);
			camera.open(sealed(hmac(), 5, "81cd0003 00000005 00bc614e 00010000"), 1001);
			check.equal(camera.resends().length, 0);
		},
	);

	suite.test(
		"ARC-E2 a packet is sent again 3 times at most, within 200 ms, droppable ones not, the important ones first",
		(check) => {
			const camera = sender();
			const delta = camera.send(0, 1, 0, 700, PRIORITY_DELTA, 1000);
			const key = camera.send(0, 2, 0, 800, PRIORITY_KEY, 1000);
			camera.send(0, 3, 0, 600, PRIORITY_DROPPABLE, 1000);
			const ask = (index: number, now: number): string[] => {
				check.equal(camera.open(sealed(hmac(), index, "81cd0004 00000005 00bc614e 00010007 00020000"), now), OPENED);
				return camera.resends();
			};
			const once = ask(1, 1010);
			check.equal(once.length, 2, "each once, though 2 is asked for twice");
			check.equal(once[0], key);
			check.equal(once[1], delta);
			check.equal(ask(2, 1020).length, 2);
			check.equal(ask(3, 1030).length, 2);
			check.equal(ask(4, 1040).length, 0, "three times each");
			const { counters } = camera.feedback;
			check.equal(counters.resendOften, 3);
			check.equal(counters.resent, 6);
			check.equal(counters.resentBytes, 3 * 1500);
			check.ok(counters.resendGone > 0, "3 and 4 are not there");
			camera.send(0, 4, 0, 500, PRIORITY_KEY, 2000);
			camera.open(sealed(hmac(), 9, "81cd0003 00000005 00bc614e 00040000"), 2201);
			check.equal(camera.resends().length, 0, "201 ms old");
			camera.open(sealed(hmac(), 10, "81cd0003 00000005 00bc614e 00040000"), 2200);
			check.equal(camera.resends().length, 1);
		},
	);

	suite.test("ARC-P11 the ring: packets of all sizes over many rounds are found bit by bit or not at all", (check) => {
		const camera = sender(6000);
		const kept: string[] = [];
		let index = 1;
		let found = 0;
		let size = 7;
		for (let i = 0; i < 600; i++) {
			size = (size * 75 + 74) % 1201;
			kept.push(camera.send(0, i, 0, size < 40 ? 40 : size, PRIORITY_KEY, i));
			if (i % 7 !== 3) continue;
			const back = i - (i % 11);
			const pid = back < 0 ? 0 : back;
			const hex = (0x10000 + pid).toString(16).slice(1);
			camera.open(sealed(hmac(), index++, "81cd0003 00000005 00bc614e " + hex + "0000"), i);
			const again = camera.resends();
			found += again.length;
			for (let k = 0; k < again.length; k++) check.equal(again[k], kept[pid], "packet " + pid);
		}
		check.ok(found > 30 && found < 86, "found " + found);
		check.equal(camera.feedback.counters.resendGone + camera.feedback.counters.resendOver + found, index - 1);
		camera.feedback.closeSender(0);
		camera.feedback.openSender(0, SSRC, CLOCK, new Keys(), true);
		camera.open(sealed(hmac(), index++, "81cd0003 00000005 00bc614e 02570000"), 600);
		check.equal(camera.resends().length, 0, "of a stream that is gone");
	});

	suite.test("ARC-E2 what is sent again is at most a tenth of what is sent, however much is asked for", (check) => {
		const camera = sender(resendBytes(800));
		let sent = 0;
		let again = 0;
		let index = 1;
		for (let i = 0; i < 5000; i++) {
			const now = i * 12;
			camera.send(0, i, 0, 1200, PRIORITY_KEY, now);
			sent += 1200;
			const hex = (0x10000 + (i & 0xffff)).toString(16).slice(1);
			camera.open(sealed(hmac(), index++, "81cd0003 00000005 00bc614e " + hex + "0000"), now);
			while (camera.feedback.nextResend()) again += camera.feedback.length;
			if (i === 3) check.equal(again, 4 * 1200, "the first ones are not held up");
		}
		check.ok(again <= sent * RESEND_SHARE, "resent " + again + " of " + sent);
		check.ok(again > sent * RESEND_SHARE * 0.97, "resent " + again + " of " + sent);
		check.ok(camera.feedback.counters.resendOver > 4000);
	});

	suite.test(
		"ARC-E1 an end receives 100,000 packets with losses, another sends as many: 0 slots, 0 chunk bytes, 0 collections",
		(check) => {
			const camera = sender();
			const viewer = receiver(20, 50);
			const shared = camera.arena.view;
			const other = viewer.arena.view;
			const run = (from: number, count: number): void => {
				let seed = 12345;
				for (let i = from; i < from + count; i++) {
					const now = i * 4;
					camera.feedback.sent(0, i & 0xffff, (i * 360) >>> 0, camera.outbox, 1100, 1060, i % 30 === 0 ? 1 : 2, now);
					seed = (seed * 1103515245 + 12345) & 0x7fffffff;
					if (seed % 20 !== 0) viewer.feedback.received(0, i, (i * 360) >>> 0, i % 30 === 0 ? 1 : 2, now + 10);
					carry(viewer, camera, other, shared, now + 10);
					carry(camera, viewer, shared, other, now + 10);
					while (camera.feedback.nextResend()) viewer.feedback.received(0, from, 0, 2, now + 12);
				}
			};
			run(0, 2000);
			const allocation = new Allocation();
			allocation.begin();
			run(2000, suite.short ? 2000 : 100000);
			allocation.expectNone(check);
			check.ok(camera.feedback.counters.resent > 100, "resent " + camera.feedback.counters.resent);
			check.ok(viewer.feedback.counters.requested > 100);
			check.ok(camera.feedback.sending.lost > 10);
		},
	);
}

/** Control packets of one end go to the other without a text in between. */
function carry(from: End, to: End, source: DataView, target: DataView, now: number): void {
	if (now < from.feedback.deadline) return;
	for (;;) {
		const length = from.feedback.next(now, 1767225600000 + now);
		if (length === 0) break;
		const at = from.feedback.offset;
		for (let i = 0; i < length; i++) target.setUint8(to.inbox + i, source.getUint8(at + i));
		to.feedback.open(to.inbox, length, now);
		while (to.feedback.event() !== 0);
	}
	while (from.feedback.event() !== 0);
}
