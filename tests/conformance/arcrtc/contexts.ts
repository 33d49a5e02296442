import { PRIORITY_AUDIO, PRIORITY_DELTA, PRIORITY_DROPPABLE, PRIORITY_KEY } from "arcrtc/constants";
import { OPEN_AUTH, OPEN_UNKNOWN } from "arcrtc/opener";
import type { SendStream } from "arcrtc/send_stream";
import { SEND_TIME_ALL, SEND_TIME_OFF } from "arcrtc/send_stream";
import { Audio, FRAME, headerOf, isReduced, PLAIN, sketch, TICKS } from "conformance/arcrtc/audio_scene";
import { Pair, SSRC } from "conformance/arcrtc/packets";
import type { Suite } from "unit/suite";

export default function contexts(suite: Suite): void {
	suite.test("ARC-P4 ARC-P5 full with a context three times, then reduced, without any answer", (check) => {
		const audio = new Audio();
		const packets: string[] = [];
		for (let i = 0; i < 8; i++) packets.push(audio.next());
		check.equal(sketch(packets), "CCCrrrrr");
		check.equal(packets[7].length / 2, 4 + 10 + 16);
	});

	suite.test("ARC-P5 CTX_ACK and RR confirm at once, an RR of what was before does not", (check) => {
		const acked = new Audio();
		const packets = [acked.next()];
		check.equal(acked.pair.open(packets[0], acked.now), 0);
		acked.feedBack();
		packets.push(acked.next());
		check.equal(sketch(packets), "Cr");
		const reported = new Audio();
		const { pair, stream } = reported;
		const first = reported.next();
		pair.sealer.reported(stream, stream.extendedSequence - 1);
		const second = reported.next();
		pair.sealer.reported(stream, stream.extendedSequence);
		check.equal(sketch([first, second, reported.next()]), "CCr");
	});

	suite.test("ARC-P5 refreshed every second, or every 100 packets, whichever comes first", (check) => {
		const audio = new Audio();
		let at = "";
		for (let i = 0; i < 160; i++) if (!isReduced(audio.next())) at += i + " ";
		check.equal(at, "0 1 2 52 102 152 ");
		const fast = new Audio();
		at = "";
		for (let i = 0; i < 320; i++) {
			fast.now -= FRAME - 1;
			if (!isReduced(fast.next())) at += i + " ";
		}
		check.equal(at, "0 1 2 102 202 302 ");
	});

	suite.test("ARC-P5 refreshed at each key frame, after a change of path and of ROC", (check) => {
		const pair = new Pair();
		const stream = pair.video({ sequence: 65500 });
		const packets: string[] = [];
		let timestamp = 90000;
		let now = 0;
		const frame = (priority: number): void => {
			now += 40;
			timestamp += 3600;
			for (let i = 0; i < 4; i++) packets.push(pair.seal(stream, PLAIN, timestamp, i === 3, priority, now));
		};
		for (let i = 0; i < 3; i++) frame(PRIORITY_DELTA);
		frame(PRIORITY_KEY);
		frame(PRIORITY_KEY);
		check.equal(sketch(packets), "CCCrrrrrrrrr" + "CCCr" + "Crrr");
		packets.length = 0;
		pair.sealer.forceRefresh();
		frame(PRIORITY_DELTA);
		check.equal(sketch(packets), "Crrr");
		packets.length = 0;
		for (let i = 0; i < 4; i++) frame(PRIORITY_DELTA);
		check.equal(sketch(packets), "rrrr" + "rrrr" + "rrrr" + "Crrr", "SEQ 0 is the 36th packet");
		check.equal(stream.roc, 1);
		packets.length = 0;
		frame(PRIORITY_DROPPABLE);
		check.equal(sketch(packets), "ffff", "PR 3 has no context");
	});

	suite.test("ARC-P4 a change of Q, PR or PT takes a full packet and three confirm it, Q is that of each packet", (check) => {
		const audio = new Audio();
		const { pair, stream } = audio;
		for (let i = 0; i < 6; i++) check.equal(audio.pass(), 1 - 1);
		stream.quality = 2;
		const packets: string[] = [];
		for (let i = 0; i < 5; i++) {
			packets.push(audio.next());
			check.equal(pair.open(packets[i], audio.now), 0);
			check.equal(pair.opener.header.quality, 2);
		}
		check.equal(sketch(packets), "CCCrr");
		pair.opener.streams[0].payloadTypes = [111, 112];
		stream.payloadType = 112;
		packets.length = 0;
		for (let i = 0; i < 5; i++) {
			packets.push(audio.next());
			check.equal(pair.open(packets[i], audio.now), 0);
			check.equal(pair.opener.header.payloadType, 112);
		}
		check.equal(sketch(packets), "CCCrr");
	});

	suite.test(
		"ARC-P5 another binding has another number; one that the receiver may know otherwise is confirmed by an answer only",
		(check) => {
			const audio = new Audio();
			const { pair, stream } = audio;
			const { sealer } = pair;
			const cids: number[] = [];
			const change = (): string => {
				stream.quality = (stream.quality + 1) & 3;
				const packets = [audio.next(), audio.next(), audio.next(), audio.next()];
				cids.push(headerOf(packets[0]).cid);
				return sketch(packets);
			};
			for (let i = 0; i < 8; i++) check.equal(change(), "CCCr", "number " + i);
			check.equal(cids.join(""), "01234567");
			// Now all numbers stood for something else.
			audio.now += 2000;
			audio.timestamp += 100 * TICKS;
			check.equal(change(), "CCCC", "number 0 again");
			sealer.confirmed(0b11111110);
			check.ok(!isReduced(audio.next()), "answers for others");
			sealer.confirmed(1);
			check.ok(isReduced(audio.next()), "answered");
			check.equal(change(), "CCCC");
			check.equal(cids.slice(8).join(""), "01");
			sealer.confirmed(0b11111101);
			check.ok(!isReduced(audio.next()), "answers for others");
			sealer.confirmed(2);
			check.ok(isReduced(audio.next()), "answered");
			stream.quality = 0;
			check.equal(change(), "CCCC");
			sealer.reported(stream, stream.extendedSequence);
			check.ok(isReduced(audio.next()), "reported");
		},
	);

	suite.test("ARC-P5 a CTX_ACK that may be for what a number stood for before confirms nothing", (check) => {
		const pair = new Pair();
		const streams: SendStream[] = [];
		for (let i = 0; i < 4; i++) streams.push(pair.video({ ssrc: SSRC + i }));
		const stream = streams[0];
		let now = 0;
		const next = (): string => pair.seal(stream, PLAIN, 90 * now, false, PRIORITY_DELTA, now++);
		check.equal(sketch([next(), next(), next(), next()]), "CCCr");
		// All numbers are taken: the same one stands for another Q.
		stream.quality = 1;
		next();
		pair.sealer.confirmed(0xff);
		check.equal(sketch([next(), next(), next(), next()]), "CCCC");
		pair.sealer.reported(stream, stream.extendedSequence);
		check.equal(sketch([next()]), "r");
	});

	suite.test("ARC-P5 after a CTX_NACK three packets carry the context, whatever is answered meanwhile", (check) => {
		const audio = new Audio();
		const { pair, stream } = audio;
		for (let i = 0; i < 4; i++) audio.next();
		pair.sealer.refusedContexts(1);
		const packets = [audio.next()];
		pair.sealer.confirmed(1);
		pair.sealer.reported(stream, stream.extendedSequence);
		packets.push(audio.next(), audio.next(), audio.next());
		check.equal(sketch(packets), "CCCr");
	});

	suite.test(
		"ARC-P5 six failures in a row within 500 ms end a context: CTX_NACK, three full packets, CTX_ACK, reduced again",
		(check) => {
			const audio = new Audio();
			const { pair } = audio;
			for (let i = 0; i < 5; i++) {
				audio.pass();
				audio.feedBack();
			}
			const forged = (sequence: number): string => "c000" + (0x10000 + sequence).toString(16).slice(1) + "00".repeat(30);
			const newest = pair.opener.streams[0].newest;
			for (let i = 1; i <= 5; i++) check.equal(pair.open(forged(newest + i), audio.now), OPEN_AUTH);
			check.equal(audio.pass(), 0, "a real one ends the row");
			for (let i = 1; i <= 5; i++) check.equal(pair.open(forged(newest + 50 + i), audio.now), OPEN_AUTH);
			for (let i = 0; i < 3; i++)
				check.equal(pair.open(forged(newest + 50 + i), audio.now + 501 + 501 * i), OPEN_AUTH, "too slow");
			check.equal(pair.opener.takeNacks(audio.now + 3000), 0);
			audio.now += 3000;
			for (let i = 1; i <= 6; i++) check.equal(pair.open(forged(newest + 50 + i), audio.now), OPEN_AUTH);
			const calls = pair.receiveKeys.even.calls;
			check.equal(pair.open(forged(newest + 99), audio.now), OPEN_UNKNOWN);
			check.equal(pair.receiveKeys.even.calls, calls);
			audio.feedBack();
			const packets: string[] = [];
			for (let i = 0; i < 5; i++) {
				packets.push(audio.next());
				check.equal(pair.open(packets[i], audio.now), 0);
				audio.feedBack();
			}
			check.equal(sketch(packets), "CCCrr");
		},
	);

	suite.test(
		"ARC-P5 a context that failures ended is told of even when a packet with C comes before that may be said",
		(check) => {
			const audio = new Audio();
			const { pair } = audio;
			const { opener } = pair;
			pair.open("f8000001" + "00".repeat(20), audio.now);
			check.equal(opener.takeNacks(audio.now), 0x80);
			for (let i = 0; i < 2; i++) audio.pass();
			const sequence = (opener.streams[0].newest & 0xffff) + 1;
			for (let i = 0; i < 6; i++) pair.open("c000" + (0x10000 + sequence + i).toString(16).slice(1) + "00".repeat(30), audio.now);
			check.equal(opener.takeNacks(audio.now), 0, "too early");
			pair.sealer.forceRefresh();
			check.equal(audio.pass(), 0);
			check.equal(opener.takeNacks(audio.now), 1);
			check.equal(opener.takeNacks(audio.now + 100), 0, "once");
		},
	);

	suite.test("ARC-P5 CTX_NACK and CTX_ACK at most once in 50 ms, for all contexts together", (check) => {
		const pair = new Pair();
		const { opener } = pair;
		check.equal(opener.feedbackDeadline, Infinity);
		pair.open("d0000001" + "00".repeat(20), 0);
		pair.open("e0000001" + "00".repeat(20), 0);
		check.equal(opener.feedbackDeadline, -Infinity);
		check.equal(opener.takeNacks(0), 0b10100);
		check.equal(opener.takeNacks(0), 0);
		pair.open("d0000001" + "00".repeat(20), 10);
		check.equal(opener.takeNacks(49), 0);
		check.equal(opener.feedbackDeadline, 50);
		check.equal(opener.takeNacks(50), 0b00100);
		check.equal(opener.takeAcks(50), 0);
		const stream = pair.video();
		pair.open(pair.seal(stream, PLAIN, 0, false, PRIORITY_KEY, 60), 60);
		check.equal(opener.takeAcks(60), 1);
		pair.open(pair.seal(stream, PLAIN, 0, false, PRIORITY_DELTA, 60), 60);
		check.equal(opener.takeAcks(109), 0);
		check.equal(opener.takeAcks(110), 2);
	});

	suite.test("ARC-P5 all packets with a context lost for 5 s: heard again within one CTX_NACK and a round trip", (check) => {
		const audio = new Audio();
		const { pair } = audio;
		const delay = 40;
		const nacks: { at: number; bitmap: number }[] = [];
		let heard = -1;
		for (let i = 0; i < 500 && heard < 0; i++) {
			const lossy = audio.now < 6000;
			while (nacks.length > 0 && nacks[0].at <= audio.now)
				pair.sealer.refusedContexts((nacks.shift() as { bitmap: number }).bitmap);
			const packet = audio.next();
			if (lossy && !isReduced(packet)) continue;
			if (pair.open(packet, audio.now + delay) >= 0) heard = audio.now;
			const bitmap = pair.opener.takeNacks(audio.now + delay);
			if (bitmap !== 0) nacks.push({ at: audio.now + 2 * delay, bitmap });
		}
		check.ok(heard > 0 && heard <= 6000 + 50 + 2 * delay + FRAME, "heard again at " + heard);
	});

	suite.test("ARC-P6 send time: first packet of a video frame, every 8th of audio, refreshes of reduced streams", (check) => {
		const timed = (options: object, video: boolean): string => {
			const pair = new Pair();
			const stream = video ? pair.video(options) : pair.audio(options);
			let text = "";
			for (let i = 0; i < 18; i++) {
				const timestamp = video ? 90000 + 3600 * Math.floor(i / 3) : i * TICKS;
				const packet = pair.seal(
					stream,
					PLAIN,
					timestamp,
					false,
					video ? PRIORITY_DELTA : PRIORITY_AUDIO,
					12345.5,
					1767225600123,
				);
				if (isReduced(packet)) {
					text += "r";
					continue;
				}
				const header = headerOf(packet);
				text += header.sendSeconds >= 0 ? "T" : ".";
				if (header.sendSeconds >= 0 && (header.sendSeconds !== 0xed003780 || header.sendFraction !== 0x1f7ced91 || header.uptime))
					check.fail("send time " + header.sendSeconds);
			}
			return text;
		};
		check.equal(timed({ tsu: 0 }, true), "T..T..T..T..T..T..");
		check.equal(timed({ tsu: 0 }, false), "T.......T.......T.");
		check.equal(timed({}, false), "TTTrrrrrrrrrrrrrrr");
		check.equal(timed({ tsu: 0, sendTime: SEND_TIME_OFF }, true), "..................");
		check.equal(timed({ tsu: 0, sendTime: SEND_TIME_ALL }, false), "TTTTTTTTTTTTTTTTTT");
		const pair = new Pair();
		const header = headerOf(pair.seal(pair.audio(), PLAIN, 0, false, PRIORITY_AUDIO, 12345.5, -1));
		check.equal(header.uptime, true);
		check.equal(header.sendSeconds, 12);
		check.equal(header.sendFraction, Math.floor(0.3455 * 0x100000000));
	});

	suite.test("ARC-A6 R and RQ on three full packets, or until they are taken back", (check) => {
		const audio = new Audio();
		const { pair, stream } = audio;
		for (let i = 0; i < 5; i++) audio.pass();
		const asked = (): string => {
			let text = "";
			for (let i = 0; i < 6; i++) {
				check.equal(audio.pass(), 0);
				text += pair.opener.header.requested + " ";
			}
			return text;
		};
		pair.sealer.requestQuality(stream, 2);
		check.equal(asked(), "2 2 2 -1 -1 -1 ");
		pair.sealer.requestQuality(stream, 1);
		check.equal(audio.pass(), 0);
		check.equal(pair.opener.header.requested, 1);
		pair.sealer.requestQuality(stream, -1);
		check.equal(asked(), "-1 -1 -1 -1 -1 -1 ");
	});

	suite.test("ARC-P4 packets of FEC have a CSRC, full headers and no context", (check) => {
		const pair = new Pair();
		pair.receive({ ssrc: 99, payloadTypes: [127], clock: 90000, video: true });
		const stream = pair.send({ ssrc: 99, payloadType: 127, clock: 90000, video: true, tsu: 90, csrc: 0xfedcba98 });
		for (let i = 0; i < 5; i++) {
			const packet = pair.seal(stream, PLAIN, 1, false, PRIORITY_DROPPABLE, i);
			check.equal(headerOf(packet).cid, -1);
			check.equal(pair.open(packet, i), 0);
			check.equal(pair.opener.header.csrc, 0xfedcba98);
			check.equal(pair.opener.header.priority, PRIORITY_DROPPABLE);
			check.equal(pair.payload, PLAIN);
		}
	});

	suite.test("ARC-P5 contexts of a stream that ended are free for the next, and its packets unknown", (check) => {
		const pair = new Pair();
		const streams: SendStream[] = [];
		for (let i = 0; i < 4; i++) streams.push(pair.video({ ssrc: SSRC + i }));
		check.equal(
			pair.sealer.add({ keys: pair.sendKeys, ssrc: 5, payloadType: 96, clock: 90000, video: true, tsu: 90 }),
			undefined,
		);
		let packet = "";
		for (let i = 0; i < 4; i++) packet = pair.seal(streams[1], PLAIN, 0, false, PRIORITY_KEY, 0);
		check.ok(isReduced(packet));
		pair.sealer.remove(streams[1]);
		pair.opener.remove(pair.opener.streams[1]);
		check.equal(pair.seal(streams[1], PLAIN, 0, false, PRIORITY_KEY, 0), "", "a stream that ended seals nothing");
		check.equal(pair.open(packet, 0), OPEN_UNKNOWN);
		const next = pair.video({ ssrc: SSRC + 9 });
		const first = pair.seal(next, PLAIN, 0, false, PRIORITY_KEY, 0);
		check.equal(headerOf(first).cid, 2);
		check.equal(pair.open(first, 0), 1);
	});
}
