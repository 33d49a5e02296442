import { PRIORITY_AUDIO, PRIORITY_DELTA, PRIORITY_DROPPABLE, PRIORITY_KEY } from "arcrtc/constants";
import { Header } from "arcrtc/header";
import { OPEN_AUTH, OPEN_UNKNOWN } from "arcrtc/opener";
import type { SendStream } from "arcrtc/send_stream";
import { SEND_TIME_ALL, SEND_TIME_OFF } from "arcrtc/send_stream";
import { Pair, SSRC } from "conformance/arcrtc/packets";
import type { Suite } from "unit/suite";
import { parseHex } from "wire/hex";

const PLAIN = "00112233445566778899";
const FRAME = 20;
const TICKS = 960;

function isReduced(packet: string): boolean {
	return packet[0] >= "c";
}

/** The header of a full packet. */
function headerOf(packet: string): Header {
	const header = new Header();
	const bytes = parseHex(packet, packet.length / 2) as Uint8Array;
	if (header.read(new DataView(bytes.buffer), 0, bytes.length, false) === 0) throw new Error("no full header: " + packet);
	return header;
}

/** A stream of audio, 20 ms a packet. */
class Audio {
	readonly pair = new Pair();
	readonly stream: SendStream;
	now = 1000;
	timestamp = 5000;

	constructor() {
		this.stream = this.pair.audio();
	}

	next(): string {
		this.now += FRAME;
		this.timestamp += TICKS;
		return this.pair.seal(this.stream, PLAIN, this.timestamp, false, PRIORITY_AUDIO, this.now);
	}

	/** The next packet, which arrives. @returns its outcome. */
	pass(): number {
		return this.pair.open(this.next(), this.now);
	}

	/** What is due of CTX_ACK and CTX_NACK reaches the sender. */
	feedBack(): void {
		const { opener, sealer } = this.pair;
		sealer.confirmed(opener.takeAcks(this.now));
		sealer.refusedContexts(opener.takeNacks(this.now));
	}
}

function sketch(packets: readonly string[]): string {
	let text = "";
	for (const packet of packets) text += isReduced(packet) ? "r" : headerOf(packet).cid >= 0 ? "C" : "f";
	return text;
}

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

	suite.test("ARC-P5 a CTX_ACK that may be for the binding before confirms nothing", (check) => {
		const audio = new Audio();
		audio.next();
		audio.stream.quality = 1;
		const packets = [audio.next()];
		audio.pair.sealer.confirmed(1);
		for (let i = 0; i < 3; i++) packets.push(audio.next());
		check.equal(sketch(packets), "CCCr");
		// A second later whatever was on its way has come.
		for (let i = 0; i < 60; i++) audio.next();
		audio.stream.quality = 2;
		const later = [audio.next()];
		audio.pair.sealer.confirmed(1);
		later.push(audio.next());
		check.equal(sketch(later), "Cr");
	});

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

	suite.test(
		"ARC-C6 a video packet 400 ms late: the first candidate fails, the second opens, two calls of the cipher",
		(check) => {
			const pair = new Pair();
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
			check.equal(pair.receiveKeys.even.calls - before, 2);
			check.equal(pair.payload, PLAIN);
			check.equal(pair.opener.header.timestamp, timestamp + 33 * 90);
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
