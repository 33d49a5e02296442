/** The Node peer against the known answers of ArcRTC, and small cases of its own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as known from "../vectors/arcrtc.ts";
import { encodeRow, readFec, recover } from "./arc_fec.ts";
import { exchangedKeys, KeyPair, masterOf, pointOf, streamKeys } from "./arc_keys.ts";
import type { Suite } from "./arc_keys.ts";
import * as rtcp from "./arc_rtcp.ts";
import { associatedData, estimateRollover, nearestRollover, nonceOf, openPacket, ReplayWindow, sealPacket } from "./arc_srtp.ts";
import type { Auth, Seal } from "./arc_srtp.ts";
import * as wire from "./arc_wire.ts";

const bytes = (hex: string): Buffer => Buffer.from(hex, "hex");
const hex = (data: Buffer): string => data.toString("hex");
const INDEX = 0x1235;
const SSRC = 12345678;

interface HeaderIn {
	readonly pt: number;
	readonly ssrc: number;
	readonly m: number;
	readonly seq: number;
	readonly ts: number;
	readonly q: number;
	readonly pr: number;
	readonly k: number;
	readonly sendTime?: string;
	readonly ctx?: wire.ContextWord;
}

function fieldsOf(from: HeaderIn): wire.FullFields {
	return {
		payloadType: from.pt,
		marker: from.m === 1,
		sequence: from.seq,
		timestamp: from.ts,
		ssrc: from.ssrc,
		quality: from.q,
		priority: from.pr,
		phase: from.k,
		...(from.sendTime === undefined ? {} : { sendTime: BigInt(from.sendTime) }),
		...(from.ctx === undefined ? {} : { context: from.ctx }),
	};
}

const keys = (suite: Suite) =>
	streamKeys(masterOf(bytes(known.ECDH_P256.shared_secret_x), known.HKDF.session_id), known.HKDF.video_stream_id, suite);

function seal(suite: Suite, auth: Auth, header: string, canonical?: string): Seal {
	const common = { suite, auth, keys: keys(suite), ssrc: SSRC, header: bytes(header) };
	return canonical === undefined ? { ...common, index: INDEX } : { ...common, index: INDEX + 1, canonical: bytes(canonical) };
}

test("ARC-R1 the packet of RFC 7714 is sealed and opened", () => {
	const { key, salt, header, plaintext, nonce, packet } = known.RFC7714;
	const one: Seal = {
		suite: "aes-128-gcm",
		auth: "aead",
		keys: { enc: bytes(key), auth: Buffer.alloc(32), salt: bytes(salt) },
		ssrc: 0x5501a0b2,
		index: 0xf17b,
		header: bytes(header),
	};
	assert.equal(hex(nonceOf(one.keys.salt, one.ssrc, one.index)), nonce);
	assert.equal(hex(sealPacket(one, bytes(plaintext))), packet);
	assert.equal(hex(openPacket(one, bytes(packet)) as Buffer), plaintext);
});

test("ARC-K1 agreement on P-256, and what is refused", () => {
	const v = known.ECDH_P256;
	const a = new KeyPair(bytes(v.a_private));
	const b = new KeyPair(bytes(v.b_private));
	assert.equal(hex(a.point), v.a_public_sec1);
	assert.equal(a.text, v.a_public_b64url);
	assert.equal(b.text, v.b_public_b64url);
	assert.equal(hex(a.agree(v.b_public_b64url)), v.shared_secret_x);
	assert.equal(hex(b.agree(a.point)), v.shared_secret_x);
	assert.throws(() => a.agree(a.point), /own key/);
	assert.throws(() => a.agree(b.point.subarray(1)), /64 bytes/);
	assert.throws(() => a.agree(Buffer.concat([bytes("02"), b.point.subarray(1)])), /uncompressed/);
	const off = Buffer.from(b.point);
	off[64] = (off[64] as number) ^ 1;
	assert.throws(() => a.agree(off), /curve/);
	assert.throws(() => a.agree(Buffer.concat([bytes("04"), Buffer.alloc(64)])), /curve/);
	assert.throws(() => pointOf(`${v.b_public_b64url}=`), /padding/);
});

test("ARC-K2 the derived keys of 128 and of 256 bits, and of the exchanged order", () => {
	const secret = bytes(known.ECDH_P256.shared_secret_x);
	const master = masterOf(secret, known.HKDF.session_id);
	assert.equal(hex(master), known.HKDF.video.master);
	const check = (suite: Suite, wanted: { enc: string; auth: string; salt: string }): void => {
		const made = streamKeys(master, known.HKDF.video_stream_id, suite);
		assert.deepEqual([hex(made.enc), hex(made.auth), hex(made.salt)], [wanted.enc, wanted.auth, wanted.salt]);
	};
	check("aes-128-gcm", known.HKDF.video);
	check("aes-256-gcm", known.HKDF.video_256);
	check("chacha20-poly1305", known.HKDF.video_256);
	const rival = exchangedKeys(secret, known.HKDF.session_id, known.HKDF.video_stream_id, "aes-128-gcm");
	assert.equal(hex(rival.master), known.HKDF.exchanged_salt_and_info.master);
	assert.equal(hex(rival.enc), known.HKDF.exchanged_salt_and_info.enc);
	assert.equal(hex(rival.auth), known.HKDF.exchanged_salt_and_info.auth);
	assert.equal(hex(rival.salt), known.HKDF.exchanged_salt_and_info.salt);
});

test("ARC-K7 keys of the next epoch, the one-sided way", () => {
	const v = known.KEY_ROTATION;
	const next = new KeyPair(bytes(v.initiator_new_private));
	assert.equal(next.text, v.initiator_new_public_b64url);
	const secret = next.agree(known.ECDH_P256.b_public_b64url);
	assert.equal(hex(secret), v.shared_secret);
	const master = masterOf(secret, known.HKDF.session_id);
	const made = streamKeys(master, known.HKDF.video_stream_id, "aes-128-gcm");
	assert.equal(hex(master), v.keys.master);
	assert.deepEqual([hex(made.enc), hex(made.auth), hex(made.salt)], [v.keys.enc, v.keys.auth, v.keys.salt]);
});

test("ARC-P2 ARC-P6 full headers are written and read", () => {
	for (const one of [known.HEADERS.full_min, known.HEADERS.full_send_time, known.HEADERS.full_context]) {
		const fields = fieldsOf(one.in);
		const made = wire.encodeFull(fields);
		assert.equal(hex(made), one.out);
		assert.equal(made.length, one.bytes);
		const read = wire.readFull(made);
		assert.ok(typeof read !== "string");
		assert.deepEqual(read.oddities, []);
		assert.equal(read.length, one.bytes);
		assert.equal(hex(wire.encodeFull(read)), one.out);
		assert.deepEqual(read.context, fields.context);
	}
	const { unix_ms, ntp64, webrtc_abs_send_time_24bit } = known.HEADERS.abs_send_time;
	assert.equal(wire.ntpOf(unix_ms), BigInt(ntp64));
	assert.equal(wire.absSendTime24(BigInt(ntp64)), Number(webrtc_abs_send_time_24bit));
});

test("ARC-P1 headers that cannot be are refused, each with its reason", () => {
	const good = known.HEADERS.full_context.out;
	const put = (at: number, value: string): Buffer => bytes(good.slice(0, 2 * at) + value + good.slice(2 * at + value.length));
	for (const [packet, reason] of [
		[bytes(good.slice(0, 22)), "shorter than 12 bytes"],
		[put(0, "50"), "version 1"],
		[put(0, "9f"), "CSRCs beyond the packet"],
		[put(1, "40"), "payload type 64 looks like RTCP"],
		[put(0, "80"), "no extension word"],
		[put(12, "bede"), "extension bede without the mark 1010"],
		[put(14, "0000"), "0 words where 1 are announced"],
		[put(14, "0002"), "extension beyond the packet"],
	] as const)
		assert.equal(wire.readFull(packet), reason);
	const odd = wire.readFull(put(12, "a531"));
	assert.ok(typeof odd !== "string");
	assert.deepEqual(odd.oddities, ["bit 0 of the word is set", "U without a send time"]);
});

test("ARC-P4 reduced headers, and the timestamps they stand for", () => {
	for (const { in: from, out } of known.HEADERS.reduced) {
		const header = { cid: from.cid, marker: from.m === 1, phase: from.k, tsl: from.tsl, sequence: from.seq };
		assert.equal(hex(wire.encodeReduced(header)), out);
		assert.deepEqual(wire.readReduced(bytes(out)), header);
	}
	for (const { name, context, packet, elapsed_ms, out } of known.RECONSTRUCTION.cases) {
		const reference = { timestamp: context.refTs, tsl: context.refTsl, sequence: context.refSeq, arrival: 1000 };
		const units = wire.unitsFrom(reference, context.clock, context.tsu, packet.tsl, packet.seq, 1000 + elapsed_ms);
		assert.equal(units[0], out.s, name);
		const times = units.map((one) => wire.timestampAt(reference, one, context.tsu));
		assert.deepEqual(times, [...new Set([out.ts, out.alt_ts])], name);
	}
});

test("ARC-R1 ARC-R2 ARC-R3 protected packets of every suite", () => {
	const v = known.ARCSRTP;
	const check = (one: Seal, payload: string, packet: string): void => {
		assert.equal(hex(sealPacket(one, bytes(payload))), packet);
		assert.equal(hex(openPacket(one, bytes(packet)) as Buffer), payload);
		for (let at = 0; at < packet.length / 2; at += 1) {
			const wrong = bytes(packet);
			wrong[at] = (wrong[at] as number) ^ 0x10;
			assert.equal(openPacket(one, wrong), undefined);
		}
	};
	assert.equal(hex(wire.encodeFull(fieldsOf(v.full_aead.header_in))), v.full_aead.aad);
	const full = seal("aes-128-gcm", "aead", v.full_aead.aad);
	assert.equal(hex(nonceOf(full.keys.salt, SSRC, INDEX)), v.full_aead.nonce);
	check(full, v.full_aead.plaintext, v.full_aead.packet);
	check(seal("aes-256-gcm", "aead", v.full_aes256.aad), v.full_aes256.plaintext, v.full_aes256.packet);
	check(seal("aes-128-gcm", "aead+hmac80", v.full_aead.aad), v.full_aead.plaintext, v.full_aead_plus_hmac80.packet);
	const reduced = seal("aes-128-gcm", "aead", v.reduced_aead.aad.slice(24), v.reduced_aead.aad.slice(0, 24));
	assert.equal(hex(associatedData(reduced)), v.reduced_aead.aad);
	assert.equal(hex(nonceOf(reduced.keys.salt, SSRC, INDEX + 1)), v.reduced_aead.nonce);
	check(reduced, v.reduced_aead.plaintext, v.reduced_aead.packet);
	assert.equal(hex(wire.canonicalHeader(true, 96, INDEX + 1, 65536, SSRC)), v.reduced_aead.aad.slice(0, 24));
	const ctr = seal("aes-128-ctr-hmac80", "aead", v.full_aead.aad);
	check(ctr, v.full_aead.plaintext, v.full_ctr_hmac80.packet);
	// Those that must not open.
	assert.equal(openPacket(full, bytes(v.negative[0].packet)), undefined);
	const wrongTime = wire.canonicalHeader(true, 96, INDEX + 1, v.negative[1].wrong_ts, SSRC);
	assert.equal(openPacket({ ...reduced, canonical: wrongTime }, bytes(v.reduced_aead.packet)), undefined);
});

test("ARC-R2 ChaCha20-Poly1305 seals and opens in the same layout", () => {
	const one = seal("chacha20-poly1305", "aead", known.ARCSRTP.full_aead.aad);
	const packet = sealPacket(one, bytes(known.ARCSRTP.full_aead.plaintext));
	assert.equal(packet.length, known.ARCSRTP.full_aead.bytes);
	assert.equal(hex(openPacket(one, packet) as Buffer), known.ARCSRTP.full_aead.plaintext);
});

test("ARC-R6 rollover counters", () => {
	const { salt } = keys("aes-128-gcm");
	assert.equal(hex(nonceOf(salt, SSRC, 0)), known.ROLLOVER.nonce_seq0_roc0);
	assert.equal(hex(nonceOf(salt, SSRC, 65535)), known.ROLLOVER.nonce_seq65535_roc0);
	for (const { s_l, roc, seq, v } of known.ROLLOVER.estimation)
		assert.equal(estimateRollover(s_l, roc, seq), v === 0xffffffff ? -1 : v);
	for (const [estimate, roc4, wanted] of [
		[0, 0, 0],
		[0, 15, 15],
		[16, 15, 15],
		[15, 0, 16],
		[100, 4, 100],
		[100, 11, 107],
		[100, 13, 93],
	] as const)
		assert.equal(nearestRollover(estimate, roc4), wanted, `${estimate} ${roc4}`);
});

test("ARC-R5 the window of 64, and one of 128", () => {
	const window = new ReplayWindow(64);
	for (const { index, expect } of known.REPLAY_WINDOW_64) {
		const verdict = window.check(index);
		assert.equal(verdict, expect, String(index));
		if (verdict === "accept") window.mark(index);
	}
	const wide = new ReplayWindow(128);
	wide.mark(1000);
	assert.equal(wide.check(1000 - 127), "accept");
	assert.equal(wide.check(1000 - 128), "reject-old");
});

test("ARC-C8 control packets: NACK, RR, CTX_NACK byte by byte", () => {
	const { auth } = keys("aes-128-gcm");
	const sender = 0x5eed0001;
	const { nack, receiver_report, context_nack } = known.CONTROL;
	const lost = [...nack.lost];
	assert.deepEqual(rtcp.nackPairs(lost), nack.pairs);
	assert.equal(hex(rtcp.encodeNack(sender, SSRC, lost)), nack.rtcp);
	assert.equal(hex(rtcp.protectControl(bytes(nack.rtcp), nack.index, auth)), nack.packet);
	const verified = rtcp.verifyControl(bytes(nack.packet), auth);
	assert.equal(verified?.index, 7);
	assert.deepEqual(rtcp.readControls(verified?.rtcp ?? Buffer.alloc(0)), [{ kind: "nack", sender, media: SSRC, lost }]);
	const { ssrc, fraction, lost: missing, ext, jitter, lsr, dlsr } = receiver_report.in;
	const block = { ssrc, fraction, lost: missing, extendedSequence: ext, jitter, lsr, dlsr };
	assert.equal(hex(rtcp.encodeReceiverReport(sender, [block])), receiver_report.rtcp);
	assert.deepEqual(rtcp.readControls(bytes(receiver_report.rtcp)), [{ kind: "rr", sender, blocks: [block] }]);
	assert.equal(hex(rtcp.encodeContextFeedback("ctx_nack", sender, 6)), context_nack.rtcp);
	assert.equal(hex(rtcp.protectControl(bytes(context_nack.rtcp), context_nack.index, auth)), context_nack.packet);
	assert.deepEqual(rtcp.readControls(bytes(context_nack.rtcp)), [{ kind: "ctx_nack", sender, contexts: 6 }]);
	const wrong = bytes(nack.packet);
	wrong[20] = (wrong[20] as number) ^ 1;
	assert.equal(rtcp.verifyControl(wrong, auth), undefined);
});

test("ARC-P7 sender reports and PLI are written and read; types that are unknown are skipped", () => {
	const info = { ntp: 0xed0037801f7ced91n, timestamp: 4_000_000_000, packets: 70_000, octets: 1_234_567 };
	const all = Buffer.concat([rtcp.encodeSenderReport(1, info), bytes("80cf00020000000100000000"), rtcp.encodePli(1, SSRC)]);
	assert.deepEqual(rtcp.readControls(all), [
		{ kind: "sr", sender: 1, info, blocks: [] },
		{ kind: "unknown", sender: 1, type: 207 },
		{ kind: "pli", sender: 1, media: SSRC },
	]);
	assert.equal(rtcp.readControls(all.subarray(0, -4)), "a packet longer than the datagram");
	assert.equal(rtcp.middleOf(info.ntp), 0x37801f7c);
});

test("ARC-E4 ARC-C9 FEC: parity and recovery of one, nothing invented for two", () => {
	const media = known.FEC.media.map(bytes);
	assert.equal(hex(encodeRow(media)), known.FEC.fec_payload);
	const payload = bytes(known.FEC.fec_payload);
	assert.deepEqual(readFec(payload), { base: 65534, columns: 3, rows: 0 });
	const without = (lost: readonly number[]) => (sequence: number) =>
		lost.includes(sequence) ? undefined : media[(sequence - 65534) & 0xffff];
	media.forEach((packet, at) => {
		assert.equal(hex(recover(payload, SSRC, without([(65534 + at) & 0xffff])) as Buffer), hex(packet));
	});
	assert.equal(hex(recover(payload, SSRC, without([65535])) as Buffer), known.FEC.recovered);
	assert.equal(recover(payload, SSRC, without([65535, 0])), undefined);
	assert.equal(recover(payload, SSRC, without([])), undefined);
});

test("ARC-C12 frames of RFC 4571, split at every byte", () => {
	const signalling = bytes(known.FRAMING.signalling_frame);
	assert.equal(hex(wire.frame(Buffer.from(known.FRAMING.signalling_frame_ascii))), hex(signalling));
	const all = Buffer.concat([bytes("0000"), bytes("00037b7d0a"), signalling]);
	for (let at = 0; at <= all.length; at += 1) {
		const reader = new wire.FrameReader();
		const frames = [...reader.push(all.subarray(0, at)), ...reader.push(all.subarray(at))];
		assert.equal(reader.keepAlives, 1);
		assert.deepEqual(frames.map(String), ["{}\n", known.FRAMING.signalling_frame_ascii]);
	}
});

test("2.1 the first byte decides", () => {
	const kinds = new Map<string, number>();
	for (let first = 0; first < 256; first += 1) {
		const kind = wire.kindOf(bytes(`${first.toString(16).padStart(2, "0")}60`));
		kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
	}
	assert.deepEqual(Object.fromEntries(kinds), {
		stun: 4,
		none: 75 - 12,
		dtls: 44,
		channel: 16,
		signalling: 1,
		full: 64,
		reduced: 64,
	});
	for (const second of [191, 192, 223, 224])
		assert.equal(wire.kindOf(Buffer.from([0x80, second])), second < 192 || second > 223 ? "full" : "control");
});

test("the table of bytes on the wire", () => {
	const forms: Record<string, number> = {
		"ArcSRTP full AEAD": 16 + 16,
		"ArcSRTP full AEAD+HMAC80": 16 + 26,
		"ArcSRTP reduced AEAD": 4 + 16,
		"ArcSRTP reduced AEAD+HMAC80": 4 + 26,
		"ArcSRTP reduced CTR+HMAC80": 4 + 10,
	};
	for (const { form, header_plus_tag } of known.OVERHEAD) if (form in forms) assert.equal(forms[form], header_plus_tag, form);
});
