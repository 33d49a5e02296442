import { CONTEXT_BYTES, LONGEST_HEADER, SEND_TIME_BYTES } from "arcrtc/constants";
import {
	Header,
	KIND_CHANNEL_DATA,
	KIND_FULL,
	KIND_NONE,
	KIND_REDUCED,
	KIND_RTCP,
	KIND_SIGNALLING,
	KIND_STUN,
	kindOf,
	paddingOf,
} from "arcrtc/header";
import { reducedWord, Units } from "arcrtc/reduced";
import { absSendTime, ntpDifference, ntpFraction, ntpSeconds } from "arcrtc/send_time";
import { random } from "crypto/crypto";
import type { Check, Suite } from "unit/suite";
import { HEADERS, RECONSTRUCTION } from "vectors/arcrtc";

interface HeaderText {
	readonly pt: number;
	readonly ssrc: number;
	readonly m: number;
	readonly seq: number;
	readonly ts: number;
	readonly q: number;
	readonly pr: number;
	readonly k: number;
	readonly sendTime?: string;
	readonly ctx?: { readonly cid: number; readonly roc4: number; readonly tsl: number; readonly tsu: number };
}

function headerOf(text: HeaderText): Header {
	const header = new Header();
	header.payloadType = text.pt;
	header.ssrc = text.ssrc;
	header.marker = text.m === 1;
	header.sequence = text.seq;
	header.timestamp = text.ts;
	header.quality = text.q;
	header.priority = text.pr;
	header.phase = text.k;
	header.extended = true;
	if (text.sendTime !== undefined) {
		header.sendSeconds = Number("0x" + text.sendTime.slice(2, 10));
		header.sendFraction = Number("0x" + text.sendTime.slice(10));
	}
	if (text.ctx !== undefined) {
		header.cid = text.ctx.cid;
		header.roc = text.ctx.roc4;
		header.tsl = text.ctx.tsl;
		header.tsu = text.ctx.tsu;
	}
	return header;
}

function same(check: Check, read: Header, made: Header): void {
	const wrong =
		read.marker !== made.marker ||
		read.payloadType !== made.payloadType ||
		read.sequence !== made.sequence ||
		read.timestamp !== made.timestamp ||
		read.ssrc !== made.ssrc ||
		read.padded !== made.padded ||
		read.csrcs !== made.csrcs ||
		read.csrc !== made.csrc ||
		read.extended !== made.extended;
	check.ok(!wrong, "RTP fields");
	if (!made.extended) return;
	const otherwise =
		read.quality !== made.quality ||
		read.priority !== made.priority ||
		read.phase !== made.phase ||
		read.requested !== made.requested ||
		read.sendSeconds !== made.sendSeconds ||
		(made.sendSeconds >= 0 && (read.sendFraction !== made.sendFraction || read.uptime !== made.uptime)) ||
		read.cid !== made.cid ||
		(made.cid >= 0 && (read.roc !== made.roc || read.tsl !== made.tsl || read.tsu !== made.tsu));
	check.ok(!otherwise, "extension word");
}

/** Numbers of a test's own, the same at each run. */
class Numbers {
	#state = 1;
	below(limit: number): number {
		this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
		return Math.floor((this.#state / 0x100000000) * limit);
	}
}

function randomHeader(numbers: Numbers, header: Header): void {
	header.marker = numbers.below(2) === 1;
	header.payloadType = numbers.below(128);
	header.sequence = numbers.below(0x10000);
	header.timestamp = numbers.below(0x100000000);
	header.ssrc = numbers.below(0x100000000);
	header.padded = numbers.below(2) === 1;
	header.csrcs = numbers.below(2) * numbers.below(16);
	header.csrc = header.csrcs > 0 ? numbers.below(0x100000000) : -1;
	header.extended = numbers.below(8) > 0;
	header.quality = numbers.below(4);
	header.priority = numbers.below(4);
	header.phase = numbers.below(2);
	header.requested = numbers.below(5) - 1;
	header.sendSeconds = numbers.below(2) ? numbers.below(0x100000000) : -1;
	header.sendFraction = numbers.below(0x100000000);
	header.uptime = numbers.below(2) === 1;
	header.cid = numbers.below(9) - 1;
	header.roc = numbers.below(16);
	header.tsl = numbers.below(512);
	header.tsu = 1 + numbers.below(0xffff);
}

export default function headers(suite: Suite): void {
	suite.test("ARC-P2 full headers are those of the known answers, made and read", (check) => {
		for (const it of [HEADERS.full_min, HEADERS.full_send_time, HEADERS.full_context]) {
			const buffer = new ArrayBuffer(64);
			const view = new DataView(buffer);
			const header = headerOf(it.in);
			check.equal(header.write(view, 3), it.bytes);
			check.equal(header.length, it.bytes);
			check.hex(buffer, 3, it.out);
			const read = new Header();
			check.equal(read.read(view, 3, it.bytes, false), it.bytes);
			same(check, read, header);
			for (let length = 0; length < it.bytes; length++) check.equal(read.read(view, 3, length, false), 0, "cut off at " + length);
		}
	});

	suite.test("ARC-P4 reduced headers are those of the known answers", (check) => {
		const buffer = new ArrayBuffer(4);
		const view = new DataView(buffer);
		for (const it of HEADERS.reduced) {
			view.setInt32(0, reducedWord(it.in.cid, it.in.m === 1, it.in.k, it.in.tsl, it.in.seq));
			check.hex(buffer, 0, it.out);
		}
	});

	suite.test("ARC-P1 ARC-P2 100,000 headers of any fields round trip", (check) => {
		const numbers = new Numbers();
		const view = new DataView(new ArrayBuffer(128));
		const header = new Header();
		const read = new Header();
		const count = suite.short ? 2000 : 100_000;
		for (let i = 0; i < count; i++) {
			randomHeader(numbers, header);
			const bytes = header.write(view, 0);
			if (bytes !== header.length) check.fail("length " + bytes);
			if (read.read(view, 0, bytes, true) !== bytes) check.fail("refused its own header " + i);
			if (!header.extended && read.read(view, 0, bytes, false) !== 0) check.fail("a bare header passed");
			same(check, read, header);
		}
	});

	suite.test("ARC-P1 no header: version 0, 1 and 3, CSRCs or an extension beyond the packet", (check) => {
		const header = new Header();
		const view = new DataView(new ArrayBuffer(64));
		const full = headerOf(HEADERS.full_min.in);
		for (const first of [0x10, 0x50, 0xd0]) {
			full.write(view, 0);
			view.setUint8(0, first);
			check.equal(header.read(view, 0, 64, true), 0, "first byte " + first);
		}
		for (let csrcs = 1; csrcs < 16; csrcs++) {
			full.write(view, 0);
			view.setUint8(0, 0x80 | csrcs);
			check.equal(header.read(view, 0, 12 + 4 * csrcs - 1, true), 0, csrcs + " CSRCs");
			check.equal(header.read(view, 0, 12 + 4 * csrcs, true), 12 + 4 * csrcs);
		}
		full.write(view, 0);
		view.setUint16(14, 0xffff);
		check.equal(header.read(view, 0, 64, false), 0, "extension of 65535 words");
	});

	suite.test("ARC-P2 further words are skipped, too few words and a unit of nothing are refused", (check) => {
		const header = new Header();
		const buffer = new ArrayBuffer(64);
		const view = new DataView(buffer);
		const made = headerOf(HEADERS.full_context.in);
		made.write(view, 0);
		view.setUint16(14, 3);
		check.equal(header.read(view, 0, 64, false), 28);
		same(check, header, made);
		view.setUint16(14, 0);
		check.equal(header.read(view, 0, 64, false), 0, "C without its word");
		view.setUint16(14, 1);
		view.setUint16(18, 0);
		check.equal(header.read(view, 0, 64, false), 0, "TSU 0");
		headerOf(HEADERS.full_send_time.in).write(view, 0);
		view.setUint16(14, 1);
		check.equal(header.read(view, 0, 64, false), 0, "T in one word");
		headerOf(HEADERS.full_min.in).write(view, 0);
		for (const mark of [0xbede, 0x1000, 0x0000]) {
			view.setUint16(12, mark);
			check.equal(header.read(view, 0, 64, false), 0, "foreign extension");
		}
		check.equal(header.read(view, 0, 64, true), 16, "on a bridge");
		check.equal(header.extended, false);
	});

	suite.test("ARC-P1 padding of none or of more than the payload is refused", (check) => {
		const bytes = new Uint8Array([9, 9, 9, 0, 1, 2, 4, 5]);
		check.equal(paddingOf(bytes, 0, 4), -1, "0");
		check.equal(paddingOf(bytes, 0, 5), 1);
		check.equal(paddingOf(bytes, 0, 6), 2);
		check.equal(paddingOf(bytes, 3, 4), 4, "all of it");
		check.equal(paddingOf(bytes, 4, 4), -1, "more");
		check.equal(paddingOf(bytes, 4, 0), -1, "nothing");
	});

	suite.test("ARC-P6 send time as NTP, its 24 bits for WebRTC", (check) => {
		const { unix_ms, ntp64, webrtc_abs_send_time_24bit } = HEADERS.abs_send_time;
		const seconds = ntpSeconds(unix_ms);
		const fraction = ntpFraction(unix_ms);
		check.equal(seconds, Number("0x" + ntp64.slice(2, 10)));
		check.equal(fraction, Number("0x" + ntp64.slice(10)));
		check.equal(absSendTime(seconds, fraction), Number(webrtc_abs_send_time_24bit));
		check.equal(Math.round(ntpDifference(ntpSeconds(5250), ntpFraction(5250), ntpSeconds(3750), ntpFraction(3750))), 1500);
		// Seconds wrap in 2036.
		check.equal(Math.round(ntpDifference(0, 0, 0xffffffff, 0)), 1000);
	});

	suite.test("ARC-N9 the first bytes decide", (check) => {
		for (let first = 0; first < 256; first++) {
			let wanted = KIND_NONE;
			if (first <= 3) wanted = KIND_STUN;
			else if (first >= 0x40 && first <= 0x4f) wanted = KIND_CHANNEL_DATA;
			else if (first === 0x7b) wanted = KIND_SIGNALLING;
			else if (first >= 0xc0) wanted = KIND_REDUCED;
			else if (first >= 0x80) wanted = KIND_FULL;
			check.equal(kindOf(first, 96), wanted, "first byte " + first);
			check.equal(kindOf(first, 191), wanted);
			check.equal(kindOf(first, 200), wanted === KIND_FULL ? KIND_RTCP : wanted);
			check.equal(kindOf(first, 224), wanted);
		}
	});

	suite.test("ARC-P4 timestamps of reduced headers: every case of the known answers", (check) => {
		const units = new Units();
		for (const it of RECONSTRUCTION.cases) {
			const { context, packet } = it;
			const difference = packet.tsl - context.refTsl;
			if (((packet.seq - context.refSeq) << 16) >> 16 > 0)
				units.newer(difference, (it.elapsed_ms * context.clock) / 1000 / context.tsu);
			else units.older(difference);
			check.equal(units.first, it.out.s, it.name);
			check.equal((context.refTs + units.first * context.tsu) >>> 0, it.out.ts, it.name);
			check.equal((context.refTs + units.second * context.tsu) >>> 0, it.out.alt_ts, it.name + ": the other one");
		}
	});

	suite.test("ARC-P4 candidates are the nearest ones, and of two the smaller", (check) => {
		const units = new Units();
		for (let low = 0; low < 512; low++) {
			for (const expected of [0, 0.4, 0.5, 255, 256, 257, 511, 512, 767, 768, 769, 5000, 100_000]) {
				units.newer(low, expected);
				const wanted = Math.round(expected);
				let nearest = low - 512;
				for (let s = low; s < wanted + 1024; s += 512) if (Math.abs(s - wanted) < Math.abs(nearest - wanted)) nearest = s;
				if (units.first !== nearest || units.second !== low) check.fail(low + ", expected " + expected + ": " + units.first);
			}
			units.older(low);
			const first = low === 0 ? 0 : low - 512;
			check.equal(units.first, first);
			check.equal(units.second, Math.abs(low) < Math.abs(low - 512) ? low : low - 512);
		}
	});

	suite.test("ARC-P1 headers of random bytes: nothing beyond the packet is looked at", (check) => {
		const buffer = new ArrayBuffer(64);
		const bytes = new Uint8Array(buffer);
		const header = new Header();
		const count = suite.short ? 500 : 20_000;
		for (let i = 0; i < count; i++) {
			random(buffer, 0, 64);
			bytes[0] = 0x80 | (bytes[0] & 0x3f);
			if (i & 1) bytes[12] = 0xa0 | (bytes[12] & 15);
			if (i & 2) bytes[14] = 0;
			const length = bytes[63] & 63;
			const view = new DataView(buffer, 0, length);
			check.ok(header.read(view, 0, length, (i & 4) !== 0) <= length);
		}
		check.ok(LONGEST_HEADER >= 12 + SEND_TIME_BYTES + CONTEXT_BYTES);
	});
}
