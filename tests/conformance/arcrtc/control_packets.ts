import {
	CONTEXT_ACK,
	CONTEXT_NACK,
	EMPTY_REPORT,
	End,
	FEEDBACK_SSRC,
	hmac,
	Keys,
	PICTURE_LOSS,
	sealed,
	SSRC,
} from "conformance/arcrtc/control_scene";
import {
	CONTROL_AUTH,
	CONTROL_FORMAT,
	CONTROL_OLD,
	CONTROL_REPLAY,
	CONTROL_UNKNOWN,
	ControlKeys,
	OPENED,
} from "arcrtc/control_keys";
import {
	appendLost,
	middleOfNtp,
	wellFormed,
	writeContexts,
	writeNack,
	writePictureLoss,
	writeReceiverReport,
	writeSenderReport,
} from "arcrtc/control_wire";
import { APP_CTX_NACK, PRIORITY_KEY } from "arcrtc/constants";
import { Arena } from "storage/arena";
import type { Suite } from "unit/suite";
import { CONTROL } from "vectors/arcrtc";
import { formatHex } from "wire/hex";

const AT = 8;

export default function controlPackets(suite: Suite): void {
	suite.test("ARC-C8 ARC-R3 the NACK of 65534, 65535, 1, 20 and its SRTCP packet are those of the reference", (check) => {
		const arena = new Arena(200);
		const { lost } = CONTROL.nack;
		let length = writeNack(arena.view, AT, FEEDBACK_SSRC, SSRC);
		for (let i = 0; i < lost.length; i++) length = appendLost(arena.view, AT, length, lost[i]);
		check.equal(length, CONTROL.nack.rtcp.length / 2);
		check.hex(arena.buffer, AT, CONTROL.nack.rtcp);
		const keys = new ControlKeys(arena, 1, 1);
		keys.open(0, new Keys());
		keys.index = CONTROL.nack.index;
		const whole = keys.seal(0, AT, length);
		check.equal(whole, CONTROL.nack.packet.length / 2);
		check.hex(arena.buffer, AT, CONTROL.nack.packet);
		check.equal(keys.index, CONTROL.nack.index + 1);
		const other = new ControlKeys(arena, 1, 1);
		other.open(0, new Keys());
		check.equal(other.verify(0, AT, whole, 0), OPENED);
		check.equal(other.verify(0, AT, whole, 0), CONTROL_REPLAY, "a second time");
	});

	suite.test(
		"ARC-E2 numbers in a NACK: 16 behind the first share its pair, the 17th and a repeated one do not make more",
		(check) => {
			const { view, buffer } = new Arena(100);
			let length = writeNack(view, 0, 1, 2);
			for (const sequence of [65530, 65530, 10, 11, 11]) length = appendLost(view, 0, length, sequence);
			check.equal(length, 20);
			check.hex(buffer, 0, "81cd0004 00000001 00000002 fffa8000 000b0000");
		},
	);

	suite.test("ARC-P7 reports are written as in the reference and in RFC 3550 section 6.4", (check) => {
		const { view, buffer } = new Arena(100);
		const { ssrc, fraction, lost, ext, jitter, lsr, dlsr } = CONTROL.receiver_report.in;
		check.equal(writeReceiverReport(view, AT, FEEDBACK_SSRC, ssrc, fraction, lost, ext, jitter, lsr, dlsr), 32);
		check.hex(buffer, AT, CONTROL.receiver_report.rtcp);
		writeReceiverReport(view, AT, FEEDBACK_SSRC, ssrc, 255, -3, 0x1fffffffff, jitter, lsr, dlsr);
		check.hex(buffer, AT + 12, "fffffffd ffffffff", "fewer lost than none, 37 bits of a number");
		writeReceiverReport(view, AT, FEEDBACK_SSRC, ssrc, 0, 9_000_000, 5, jitter, lsr, dlsr);
		check.hex(buffer, AT + 12, "007fffff", "more lost than 24 bits");
		writeReceiverReport(view, AT, FEEDBACK_SSRC, ssrc, 0, -9_000_000, 5, jitter, lsr, dlsr);
		check.hex(buffer, AT + 12, "00800000");
		// 2026-01-01T00:00:00.125Z
		check.equal(writeSenderReport(view, AT, ssrc, 1767225600125, 0x100010000, 3, 0x100000005), 28);
		check.hex(buffer, AT, "80c80006 00bc614e ed003780 20000000 00010000 00000003 00000005");
		check.equal(middleOfNtp(view, AT), 0x37802000);
	});

	suite.test("ARC-P5 CTX_NACK for contexts 1 and 2 and its SRTCP packet are those of the reference; PLI", (check) => {
		const arena = new Arena(100);
		const keys = new ControlKeys(arena, 1, 1);
		keys.open(0, new Keys());
		keys.index = CONTROL.context_nack.index;
		const length = writeContexts(arena.view, AT, FEEDBACK_SSRC, APP_CTX_NACK, 6);
		check.hex(arena.buffer, AT, CONTROL.context_nack.rtcp);
		keys.seal(0, AT, length);
		check.hex(arena.buffer, AT, CONTROL.context_nack.packet);
		check.equal(writePictureLoss(arena.view, AT, FEEDBACK_SSRC, SSRC), 12);
		check.hex(arena.buffer, AT, "81ce0002 5eed0001 00bc614e");
	});

	suite.test("ARC-R4 control: a bit flipped anywhere is not accepted and changes nothing", (check) => {
		const packet = CONTROL.nack.packet;
		const end = new End(FEEDBACK_SSRC, 4096);
		end.feedback.openSender(0, SSRC, 90000, new Keys(), true);
		const whole = end.arena;
		let accepted = 0;
		for (let bit = 0; bit < packet.length * 4; bit++) {
			for (let at = 0; at < packet.length / 2; at++)
				whole.view.setUint8(end.inbox + at, Number.parseInt(packet.slice(2 * at, 2 * at + 2), 16));
			whole.bytes[end.inbox + (bit >> 3)] ^= 0x80 >> (bit & 7);
			if (end.feedback.open(end.inbox, packet.length / 2, 5) === OPENED) accepted++;
		}
		check.equal(accepted, 0);
		const { format, unknown, auth, old, replay } = end.drops;
		check.equal(format + unknown + auth, packet.length * 4);
		check.equal(old + replay, 0);
		check.equal(end.feedback.counters.received, 0);
		check.equal(end.heard(), "");
		check.equal(end.open(packet, 5), OPENED, "the window did not move");
	});

	suite.test("ARC-R5 control: a window of 64 on the index, which wraps at 2^31", (check) => {
		const arena = new Arena(200);
		const own = new ControlKeys(arena, 1, 1);
		const peer = new ControlKeys(arena, 1, 1);
		own.open(0, new Keys());
		peer.open(0, new Keys());
		const offer = (index: number): number => {
			own.index = index;
			return peer.verify(0, AT, own.seal(0, AT, writePictureLoss(arena.view, AT, FEEDBACK_SSRC, SSRC)), 0);
		};
		check.equal(offer(0), OPENED, "the very first has index 0");
		check.equal(offer(0), CONTROL_REPLAY);
		check.equal(offer(100), OPENED);
		check.equal(offer(37), OPENED, "top - 63");
		check.equal(offer(36), CONTROL_OLD, "top - 64");
		check.equal(offer(37), CONTROL_REPLAY);
		check.equal(offer(99), OPENED);
		check.equal(offer(68), OPENED, "top - 32");
		check.equal(offer(69), OPENED, "top - 31");
		check.equal(offer(132), OPENED, "32 on");
		for (const seen of [100, 99, 69, 68 + 1]) check.equal(offer(seen), CONTROL_REPLAY, "still seen: " + seen);
		check.equal(offer(68), CONTROL_OLD);
		check.equal(offer(70), OPENED, "not seen yet");
		check.equal(offer(137), OPENED, "5 on");
		for (const seen of [132, 100, 99]) check.equal(offer(seen), CONTROL_REPLAY, "still seen: " + seen);
		check.equal(offer(101), OPENED);
		check.equal(offer(101), CONTROL_REPLAY);
		own.index = 0x7fffffff;
		const last = own.seal(0, AT, writePictureLoss(arena.view, AT, FEEDBACK_SSRC, SSRC));
		check.equal(own.index, 0, "31 bits");
		check.hex(arena.buffer, AT + last - 14, "7fffffff", "E is 0");
		const wrapping = new ControlKeys(arena, 1, 1);
		wrapping.open(0, new Keys());
		check.equal(wrapping.verify(0, AT, last, 0), OPENED);
		own.open(0, new Keys());
		const first = own.seal(0, AT, writePictureLoss(arena.view, AT, FEEDBACK_SSRC, SSRC));
		check.equal(wrapping.verify(0, AT, first, 0), OPENED, "0 comes after 2^31 - 1");
		check.equal(wrapping.verify(0, AT, first, 0), CONTROL_REPLAY);
	});

	suite.test("ARC-K7 control: the newest keys sign and verify; those before verify as long as they are kept", (check) => {
		const end = new End(FEEDBACK_SSRC, 4096);
		const keys = new Keys();
		end.feedback.openSender(0, SSRC, 90000, keys, true);
		const offer = (first: number | undefined, index: number, now: number): number =>
			end.open(sealed(hmac(first), index, PICTURE_LOSS), now);
		check.equal(offer(undefined, 1, 0), OPENED);
		check.equal(offer(7, 2, 0), CONTROL_AUTH, "not installed yet");
		keys.turn(7);
		keys.until = 1000;
		check.equal(offer(undefined, 3, 5), OPENED);
		check.equal(offer(7, 4, 6), OPENED);
		check.equal(offer(7, 4, 7), CONTROL_REPLAY, "one window over the epochs");
		check.equal(offer(undefined, 3, 7), CONTROL_REPLAY);
		check.equal(offer(undefined, 5, 999), OPENED);
		check.equal(offer(undefined, 6, 1001), CONTROL_AUTH);
		check.equal(offer(7, 6, 1001), OPENED);
		end.send(0, 1, 0, 100, PRIORITY_KEY, 1100);
		const report = end.due(1100)[0];
		check.equal(report.slice(-28), sealed(hmac(7), 0, report.slice(0, -28)).slice(-28), "signed by the newest");
		keys.epoch = -1;
		check.equal(offer(7, 7, 1200), CONTROL_UNKNOWN, "wiped keys verify nothing");
		end.send(0, 2, 0, 100, PRIORITY_KEY, 2100);
		check.equal(end.due(2100).length, 0, "and sign nothing");
	});

	suite.test("ARC-P5 CTX_ACK and CTX_NACK are signed by any stream of the peer's: all of ours are tried", (check) => {
		const end = new End(FEEDBACK_SSRC, 0);
		end.feedback.openSender(0, 11, 48000, new Keys(1), false);
		end.feedback.openSender(3, 12, 90000, new Keys(2), false);
		end.feedback.openReceiver(0, 13, 48000, new Keys(3), false);
		check.equal(end.open(sealed(hmac(2), 5, CONTEXT_ACK), 0), OPENED);
		check.equal(end.heard(), "3=129");
		check.equal(end.open(sealed(hmac(1), 6, CONTEXT_NACK), 0), OPENED);
		check.equal(end.heard(), "4=6");
		check.equal(end.open(sealed(hmac(2), 5, CONTEXT_ACK), 0), CONTROL_REPLAY);
		check.equal(end.open(sealed(hmac(3), 7, CONTEXT_ACK), 0), CONTROL_AUTH, "reflected: the key of a stream of the peer's");
		check.equal(end.heard(), "");
		check.equal(end.drops.replay, 1);
		check.equal(end.drops.auth, 1);
		// Sound and pictures of one stream_id have the same keys: the packet is not new for the second of them.
		const both = new Keys(4);
		end.feedback.openSender(1, 14, 48000, both, false);
		end.feedback.openSender(2, 15, 90000, both, false);
		check.equal(end.open(sealed(hmac(4), 8, CONTEXT_ACK), 0), OPENED);
		check.equal(end.open(sealed(hmac(4), 8, CONTEXT_ACK), 0), CONTROL_REPLAY);
		end.feedback.closeSender(1);
		check.equal(end.open(sealed(hmac(4), 8, CONTEXT_ACK), 0), CONTROL_REPLAY, "the window stays with the other one");
		end.feedback.openSender(1, 16, 48000, both, false);
		check.equal(end.open(sealed(hmac(4), 8, CONTEXT_ACK), 0), CONTROL_REPLAY);
		end.feedback.openSender(0, 17, 48000, new Keys(1), false);
		check.equal(end.open(sealed(hmac(1), 6, CONTEXT_NACK), 0), OPENED, "a stream that begins has a window that is empty");
	});

	suite.test(
		"ARC-R3 RTCP of other kinds is skipped by its length once it is authentic; what is about another stream, too",
		(check) => {
			const end = new End(FEEDBACK_SSRC, 0);
			const { counters } = end.feedback;
			end.feedback.openSender(0, SSRC, 90000, new Keys(), false);
			end.feedback.openSender(1, 99, 90000, new Keys(2), false);
			// SDES alone; XR, an empty RR, an APP of another name, a PLI with padding, all in one.
			const sdes = "81ca0002 00000005 01000000";
			check.equal(end.open(sealed(hmac(), 1, sdes), 0), OPENED);
			check.equal(counters.skipped, 1);
			const others = "80cf0003 00000005 aabbccdd 00000000" + EMPTY_REPORT + "81cc0002 5eed0001 61626364";
			check.equal(end.open(sealed(hmac(), 2, others + "a1ce0003 5eed0001 00bc614e 00000004"), 0), OPENED);
			check.equal(counters.skipped, 4);
			check.equal(end.heard(), "1:0");
			check.equal(
				end.open(sealed(hmac(), 3, PICTURE_LOSS + "81ce0002 5eed0001 00000063"), 0),
				OPENED,
				"the second about stream 99",
			);
			check.equal(end.heard(), "1:0");
			check.equal(counters.skipped, 5);
			check.equal(end.open(sealed(hmac(3), 4, sdes), 0), CONTROL_AUTH);
			// Formats and subtypes that are not known.
			check.equal(end.open(sealed(hmac(), 5, "84ce0002 5eed0001 00bc614e 8fcd0002 5eed0001 00bc614e"), 0), OPENED);
			check.equal(end.open(sealed(hmac(), 6, "83cc0003 5eed0001 41524358 ff000000"), 0), OPENED);
			check.equal(counters.skipped, 8);
			check.equal(end.heard(), "");
		},
	);

	suite.test("ARC-R8 control that can not be is dropped before any HMAC: version, lengths, padding, index, streams", (check) => {
		const end = new End(FEEDBACK_SSRC, 0);
		end.feedback.openSender(0, SSRC, 90000, new Keys(), false);
		const bad = [
			"",
			"81ce0002 5eed0001",
			"41ce0002 5eed0001 00bc614e",
			"81ce0003 5eed0001 00bc614e",
			"81ce0001 5eed0001 00bc614e",
			"81bf0002 5eed0001 00bc614e",
			"81e00002 5eed0001 00bc614e",
			"81ce0000",
			"81ce0002 5eed0001 00bc61",
			"a1ce0003 5eed0001 00bc614e 00000003",
			"a1ce0003 5eed0001 00bc614e 00000000",
			"a1ce0003 5eed0001 00bc614e 0000000c",
			"a1ce0003 5eed0001 00bc614e 00000004 81ce0002 5eed0001 00bc614e",
		];
		for (let i = 0; i < bad.length; i++) check.equal(end.open(sealed(hmac(), i, bad[i]), 0), CONTROL_FORMAT, bad[i]);
		check.equal(end.open(sealed(hmac(), 0x80000020, PICTURE_LOSS), 0), CONTROL_FORMAT, "E = 1");
		check.equal(end.drops.format, bad.length + 1);
		check.equal(end.open(sealed(hmac(), 40, "81ce0002 5eed0001 00bc614f"), 0), CONTROL_UNKNOWN);
		check.equal(
			end.open(sealed(hmac(), 41, "80c80006 00bc614e" + "00".repeat(20)), 0),
			CONTROL_UNKNOWN,
			"our own stream is no sender to us",
		);
		check.equal(end.drops.unknown, 2);
		const { view } = end.arena;
		check.equal(wellFormed(view, 0, -6), false);
		check.equal(end.open(sealed(hmac(), 42, PICTURE_LOSS), 0), OPENED);
		check.equal(formatHex(end.arena.bytes, end.inbox, 12), PICTURE_LOSS.split(" ").join(""));
	});
}
