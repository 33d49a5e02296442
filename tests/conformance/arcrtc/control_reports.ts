import { End, FEEDBACK_SSRC, Keys, SSRC } from "conformance/arcrtc/control_scene";
import { PRIORITY_AUDIO, PRIORITY_DELTA, PRIORITY_DROPPABLE } from "arcrtc/constants";
import { OPENED } from "arcrtc/control_keys";
import { Reception } from "arcrtc/reception";
import type { Check, Suite } from "unit/suite";

const WALL = 1767225600125;

function word(packet: string, at: number): number {
	return Number.parseInt(packet.slice(2 * at, 2 * at + 8), 16);
}

/** A device that sends stream 0 to one that receives it. */
function pair(): { sender: End; receiver: End } {
	const sender = new End(FEEDBACK_SSRC, 4096);
	const receiver = new End(FEEDBACK_SSRC + 1, 0);
	sender.feedback.openSender(0, SSRC, 48000, new Keys(), false);
	receiver.feedback.openReceiver(0, SSRC, 48000, new Keys(), false);
	return { sender, receiver };
}

function expectNear(check: Check, value: number, wanted: number, by: number, what: string): void {
	check.ok(Math.abs(value - wanted) <= by, what + " is " + value + ", must be " + wanted);
}

export default function controlReports(suite: Suite): void {
	suite.test("ARC-P7 known arrivals give known jitter, to 1 tick", (check) => {
		// By RFC 3550 A.8, worked out by hand: arrivals every 20 ms but for these delays in ticks of 48 kHz.
		const delays = [0, 480, 0, 0, 960, 960, -240];
		const reception = new Reception(1);
		reception.open(0, SSRC, 48000);
		let jitter = 0;
		for (let i = 0; i < delays.length; i++) {
			const step = i === 0 ? 0 : Math.abs(delays[i] - delays[i - 1]);
			if (i > 0) jitter += (step - jitter) / 16;
			// Time stamps wrap on the way.
			reception.received(0, 65530 + i, (0xfffff000 + i * 960) >>> 0, 1000 + i * 20 + delays[i] / 48);
			expectNear(check, reception.jitter(0) * 48, jitter, 1, "jitter");
		}
		expectNear(check, reception.jitter(0) * 48, 172.6, 1, "jitter at the end");
	});

	suite.test(
		"ARC-P7 a packet sent again is no jitter and stays lost; one out of order is neither; a pause is no jitter",
		(check) => {
			const reception = new Reception(1);
			reception.open(0, SSRC, 48000);
			reception.received(0, 10, 0, 0);
			reception.received(0, 13, 2880, 60);
			check.equal(reception.jitter(0), 0);
			check.equal(reception.lost(0), 2);
			reception.late(0, 11, 960, 100, true);
			check.equal(reception.jitter(0), 0);
			check.equal(reception.lost(0), 2);
			reception.late(0, 12, 1920, 61, false);
			check.equal(reception.lost(0), 1);
			expectNear(check, reception.jitter(0), 21 / 16, 0.01, "it came 21 ms late");
			const before = reception.jitter(0);
			reception.received(0, 14, 48000 * 12 + 1920, 12000 + 61);
			expectNear(check, reception.jitter(0), (before * 15) / 16, 0.01, "12 s of silence");
			check.equal(reception.lost(0), 1);
			reception.late(0, 9, -960, 12070, false);
			check.equal(reception.lost(0), 1, "one before the first");
			check.equal(reception.expected(0), 6);
		},
	);

	suite.test(
		"ARC-P7 receiver reports: first the answer to a sender report, then every second, with loss, highest, LSR, DLSR",
		(check) => {
			const { sender, receiver } = pair();
			let extended = 65500;
			sender.send(0, extended, 960, 100, PRIORITY_AUDIO, 1000);
			check.equal(sender.feedback.deadline, 1000, "a sender report goes with the first packet");
			const first = sender.due(1000, WALL);
			check.equal(first.length, 1);
			check.equal(first[0].length, 2 * (28 + 14));
			check.equal(first[0].slice(0, 56), "80c8000600bc614eed00378020000000000003c00000000100000044");
			check.equal(sender.feedback.deadline, 2000);
			receiver.feedback.received(0, extended, 960, PRIORITY_AUDIO, 1020);
			check.equal(receiver.open(first[0], 1021), OPENED);
			check.equal(receiver.heard(), "6:0");
			expectNear(check, receiver.feedback.receiving.captured(0, 960 + 48), WALL + 1, 0.01, "capture time");
			check.equal(receiver.feedback.deadline, 1021, "the first one is answered at once");
			const answer = receiver.due(1031);
			check.equal(answer.length, 1);
			check.equal(answer[0].length, 2 * (32 + 14));
			check.equal(word(answer[0], 0), 0x81c90007);
			check.equal(word(answer[0], 4), FEEDBACK_SSRC + 1);
			check.equal(word(answer[0], 8), SSRC);
			check.equal(word(answer[0], 12), 0);
			check.equal(word(answer[0], 16), extended);
			check.equal(word(answer[0], 24), 0x37802000, "LSR");
			check.equal(word(answer[0], 28), 655, "DLSR: 10 ms");
			check.equal(sender.open(answer[0], 1051), OPENED);
			check.equal(sender.heard(), "2:0=" + extended);
			expectNear(check, sender.feedback.sending.roundTrip, 41, 0.02, "51 ms less 10 ms");
			// 9 packets each 100 ms, 2 of 90 missing: 2.2 %, which can wait.
			for (let i = 1; i <= 90; i++) {
				extended++;
				const now = 1021 + i * 11;
				sender.send(0, extended, 960 * (i + 1), 100, PRIORITY_AUDIO, now - 20);
				if (i === 40 || i === 41) continue;
				receiver.feedback.received(0, extended, 960 * (i + 1), PRIORITY_AUDIO, now);
				check.equal(receiver.due(now).length, 0, "no report in between");
			}
			check.equal(receiver.feedback.deadline, 2021, "a second after the one before was due");
			check.equal(receiver.due(2020.9).length, 0);
			const second = receiver.due(2022);
			check.equal(second.length, 1);
			check.equal(word(second[0], 12), (5 << 24) | 2, "2 / 90 in 1/256, 2 lost");
			check.equal(word(second[0], 16), 65590);
			check.equal(word(second[0], 24), 0x37802000);
			check.equal(word(second[0], 28), Math.round(1001 * 65.536), "DLSR");
			check.equal(receiver.feedback.deadline, 3021, "the beat is kept");
			check.equal(sender.open(second[0], 2042), OPENED);
			const { sending } = sender.feedback;
			check.equal(sending.fraction, 5);
			check.equal(sending.lost, 2);
			check.equal(sending.lostSince, 2);
			check.equal(sending.sentSince, 90);
			check.equal(sending.lastRoundTrip > 40 && sending.lastRoundTrip < 42, true, "after 1 s: " + sending.lastRoundTrip);
		},
	);

	suite.test("ARC-J6 nothing came since the last report: none is made, and none of a sender that is silent", (check) => {
		const { sender, receiver } = pair();
		sender.send(0, 5, 0, 100, PRIORITY_AUDIO, 0);
		const report = sender.due(0, WALL)[0];
		receiver.feedback.received(0, 5, 0, PRIORITY_AUDIO, 0);
		receiver.open(report, 0);
		check.equal(receiver.due(0).length, 1);
		for (let now = 100; now < 12000; now += 100) {
			check.equal(receiver.due(now).length, 0);
			check.equal(sender.due(now, WALL + now).length, 0);
		}
		check.equal(sender.feedback.deadline, Infinity);
		sender.send(0, 6, 576000, 100, PRIORITY_AUDIO, 12000);
		check.equal(sender.feedback.deadline, 12000, "with the first packet after it");
		check.equal(sender.due(12000, WALL).length, 1);
		receiver.feedback.received(0, 6, 576000, PRIORITY_AUDIO, 12000);
		const after = receiver.due(13000);
		check.equal(after.length, 1);
		check.equal(word(after[0], 12), 0, "silence is no loss");
	});

	suite.test("ARC-E3 a loss of more than 5 % is reported at once, at most each 200 ms, and 5 % are not", (check) => {
		const run = (every: number): number[] => {
			const { receiver } = pair();
			const times: number[] = [];
			for (let i = 0; i < 500; i++) {
				const now = 1000 + i * 5;
				if (i % every !== every - 1) receiver.feedback.received(0, i, i * 240, PRIORITY_DELTA, now);
				for (let k = receiver.due(now).length; k > 0; k--) times.push(now);
			}
			return times;
		};
		check.equal(run(20).length, 2, "1 in 20: every second");
		const times = run(10);
		check.ok(times.length >= 9 && times.length <= 13, "reports in 2.5 s: " + times.join(" "));
		check.ok(times[0] <= 1215, "the first one: " + times[0]);
		for (let i = 1; i < times.length; i++) check.ok(times[i] - times[i - 1] >= 200);
	});

	suite.test(
		"ARC-E1 a report that names what was never sent is not believed, one that was overtaken sets nothing back",
		(check) => {
			const { sender, receiver } = pair();
			receiver.feedback.received(0, 70000, 0, PRIORITY_AUDIO, 0);
			const early = receiver.due(1000)[0];
			check.equal(sender.open(early, 1000), OPENED);
			check.equal(sender.heard(), "", "nothing was sent");
			sender.send(0, 69999, 0, 100, PRIORITY_AUDIO, 0);
			receiver.feedback.received(0, 70002, 1920, PRIORITY_AUDIO, 1500);
			const later = receiver.due(2500)[0];
			sender.open(later, 2500);
			check.equal(sender.heard(), "");
			check.equal(sender.feedback.counters.skipped, 2);
			receiver.feedback.received(0, 70003, 2880, PRIORITY_AUDIO, 2600);
			const older = receiver.due(3500)[0];
			receiver.feedback.received(0, 70010, 9600, PRIORITY_AUDIO, 3600);
			const newer = receiver.due(4500)[0];
			sender.send(0, 70011, 0, 100, PRIORITY_AUDIO, 4000);
			sender.open(newer, 4500);
			check.equal(sender.heard(), "2:0=70010");
			sender.open(older, 4501);
			check.equal(sender.feedback.sending.sentSince, 0);
			receiver.feedback.received(0, 70011, 9600, PRIORITY_AUDIO, 4600);
			sender.heard();
			sender.open(receiver.due(5500)[0], 5501);
			check.equal(sender.feedback.sending.sentSince, 1, "counted from the newest one");
			check.equal(sender.feedback.sending.lostSince, 0);
		},
	);

	suite.test("ARC-N5 another path: round trip measured anew, reports at once", (check) => {
		const { sender, receiver } = pair();
		sender.send(0, 1, 0, 100, PRIORITY_AUDIO, 0);
		const report = sender.due(0, WALL)[0];
		receiver.feedback.received(0, 1, 0, PRIORITY_AUDIO, 10);
		receiver.open(report, 10);
		sender.open(receiver.due(10)[0], 20);
		expectNear(check, sender.feedback.sending.roundTrip, 20, 0.02, "round trip");
		sender.feedback.pathChanged(300);
		receiver.feedback.pathChanged(300);
		check.equal(sender.feedback.sending.roundTrip, -1);
		check.equal(sender.feedback.deadline, 300);
		const anew = sender.due(300, WALL + 300);
		check.equal(anew.length, 1);
		receiver.open(anew[0], 350);
		sender.open(receiver.due(350)[0], 400);
		expectNear(check, sender.feedback.sending.roundTrip, 100, 0.02, "not smoothed with the old one");
		sender.feedback.observeRoundTrip(20);
		expectNear(check, sender.feedback.sending.roundTrip, 90, 0.02, "an eighth of the way");
		sender.feedback.observeRoundTrip(Number.NaN);
		sender.feedback.observeRoundTrip(-5);
		expectNear(check, sender.feedback.sending.roundTrip, 90, 0.02, "what can not be");
	});

	suite.test("ARC-P5 CTX_ACK and CTX_NACK go out at once, then at most every 50 ms with what came together", (check) => {
		const { receiver } = pair();
		const { feedback } = receiver;
		feedback.contextAck(1);
		feedback.contextNack(4);
		check.equal(feedback.deadline, -Infinity);
		let packets = receiver.due(100);
		check.equal(packets.length, 2);
		check.equal(packets[0].slice(0, 32), "81cc0003" + "5eed0002" + "41524358" + "04000000");
		check.equal(packets[1].slice(0, 32), "82cc0003" + "5eed0002" + "41524358" + "01000000");
		feedback.contextAck(2);
		feedback.contextAck(128);
		check.equal(feedback.deadline, 150);
		check.equal(receiver.due(149).length, 0);
		packets = receiver.due(150);
		check.equal(packets.length, 1);
		check.equal(packets[0].slice(0, 32), "82cc0003" + "5eed0002" + "41524358" + "82000000");
		check.equal(receiver.due(500).length, 0);
		feedback.closeReceiver(0);
		feedback.contextAck(2);
		check.equal(receiver.due(1000).length, 0, "no stream of the peer, no key to sign with");
		check.equal(feedback.deadline, Infinity);
	});

	suite.test("ARC-E4 a key frame is asked for at once, and again until packets of a newer one come", (check) => {
		const { sender, receiver } = pair();
		const { feedback } = receiver;
		feedback.received(0, 10, 3000, 1, 0);
		check.equal(feedback.counters.picturesAsked, 0);
		feedback.wantKeyFrame(0, 50);
		feedback.wantKeyFrame(0, 50);
		let packets = receiver.due(50);
		check.equal(packets.length, 1);
		check.equal(packets[0].slice(0, 24), "81ce00025eed000200bc614e");
		check.equal(sender.open(packets[0], 60), OPENED);
		check.equal(sender.heard(), "1:0");
		check.equal(feedback.deadline, 250);
		feedback.received(0, 11, 3000, 1, 60);
		feedback.received(0, 12, 6000, 2, 70);
		packets = receiver.due(250);
		check.equal(packets.length, 1, "neither the rest of the broken key frame nor a delta is one");
		feedback.received(0, 13, 9000, 1, 300);
		check.equal(receiver.due(450).length, 0);
		feedback.wantKeyFrame(0, 460);
		check.equal(receiver.due(460).length, 1, "more than 200 ms after the last request");
		feedback.received(0, 14, 12000, 1, 470);
		feedback.wantKeyFrame(0, 480);
		check.equal(receiver.due(480).length, 0, "not sooner");
		check.equal(feedback.deadline, 660);
		check.equal(receiver.due(660).length, 1);
		feedback.closeReceiver(0);
		check.equal(feedback.deadline, Infinity);
		check.equal(feedback.counters.picturesAsked, 4);
		check.equal(sender.feedback.counters.picturesHeard, 1);
		check.equal(PRIORITY_DROPPABLE, 3);
	});
}
