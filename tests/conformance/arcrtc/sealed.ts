import {
	AUTH_AEAD,
	AUTH_AEAD_HMAC80,
	PRIORITY_AUDIO,
	PRIORITY_DELTA,
	PRIORITY_KEY,
	SUITE_AES_128_CTR_HMAC80,
	SUITE_AES_128_GCM,
	SUITE_AES_256_GCM,
	SUITE_CHACHA20_POLY1305,
} from "arcrtc/constants";
import { OPEN_AUTH, OPEN_FORMAT, OPEN_OLD, OPEN_REPLAY, OPEN_UNKNOWN } from "arcrtc/opener";
import { PacketCipher } from "arcrtc/packet_cipher";
import type { SendStream } from "arcrtc/send_stream";
import { material, Pair, SSRC, VIDEO_KEYS, VIDEO_KEYS_256 } from "conformance/arcrtc/packets";
import { AEAD } from "crypto/crypto";
import { Arena } from "storage/arena";
import type { Check, Suite } from "unit/suite";
import { ARCSRTP, RFC7714, ROLLOVER } from "vectors/arcrtc";
import { formatHex, parseHex } from "wire/hex";

const PLAIN = ARCSRTP.full_aead.plaintext;
const TS = 65536;
const MODES = Object.freeze([
	Object.freeze([SUITE_AES_128_GCM, AUTH_AEAD]),
	Object.freeze([SUITE_AES_128_GCM, AUTH_AEAD_HMAC80]),
	Object.freeze([SUITE_AES_128_CTR_HMAC80, AUTH_AEAD]),
]);

/** The stream of the known answers: its next packet has SEQ 0x1235, context 2 and TSL 5. */
function known(pair: Pair): SendStream {
	const { sealer, sendKeys } = pair;
	const other = { keys: sendKeys, payloadType: 111, clock: 48000, video: false, tsu: 960 };
	sealer.add({ ...other, ssrc: 1 });
	sealer.add({ ...other, ssrc: 2 });
	const stream = pair.video({ sequence: 0x1235, quality: 1, sendTime: 0 });
	stream.units = 5;
	stream.timestamp = TS;
	return stream;
}

/** The packet of the known answers, then the reduced one behind it. */
function sealBoth(pair: Pair): [string, string] {
	const stream = known(pair);
	const full = pair.seal(stream, PLAIN, TS, false, PRIORITY_KEY, 0);
	pair.sealer.confirmed(4);
	return [full, pair.seal(stream, PLAIN, TS, true, PRIORITY_KEY, 1)];
}

function opens(check: Check, pair: Pair, full: string): void {
	check.equal(pair.open(full, 0), 0);
	check.equal(pair.payload, PLAIN);
	const { header, extendedSequence } = pair.opener;
	check.equal(extendedSequence, 0x1235);
	check.equal(header.timestamp, TS);
	check.equal(header.ssrc, SSRC);
	check.equal(header.payloadType, 96);
	check.equal(header.quality, 1);
	check.equal(header.priority, 1);
	check.equal(header.marker, false);
	check.equal(header.cid, 2);
	check.equal(header.tsl, 5);
	check.equal(header.tsu, 90);
}

function opensReduced(check: Check, pair: Pair, reduced: string): void {
	check.equal(pair.open(reduced, 1), 0);
	check.equal(pair.payload, PLAIN);
	const { header, extendedSequence } = pair.opener;
	check.equal(extendedSequence, 0x1236);
	check.equal(header.timestamp, 0x10000);
	check.equal(header.marker, true);
	check.equal(header.quality, 1);
	check.equal(header.priority, 1);
	check.equal(header.payloadType, 96);
	check.equal(header.cid, -1);
	check.equal(header.csrc, -1);
}

function flip(packet: string, byte: number, bit: number): string {
	const bytes = parseHex(packet, packet.length / 2) as Uint8Array;
	bytes[byte] ^= 1 << bit;
	return formatHex(bytes, 0, bytes.length);
}

export default function sealed(suite: Suite): void {
	suite.test("ARC-R1 the SRTP packet of RFC 7714", (check) => {
		const arena = new Arena(256);
		const { bytes, buffer } = arena;
		const aead = new AEAD(SUITE_AES_128_GCM, (parseHex(RFC7714.key, 16) as Uint8Array<ArrayBuffer>).buffer, 0);
		bytes.set(parseHex(RFC7714.nonce, 12) as Uint8Array, 0);
		bytes.set(parseHex(RFC7714.header, 12) as Uint8Array, 16);
		bytes.set(parseHex(RFC7714.plaintext, 38) as Uint8Array, 28);
		check.equal(aead.seal(buffer, 0, 16, 12, 28, 38), 54);
		check.hex(buffer, 16, RFC7714.packet);
		// The nonce of it, made as ours are.
		const keys = { enc: RFC7714.key, auth: VIDEO_KEYS.auth, salt: RFC7714.salt };
		const cipher = new PacketCipher(arena, 200, SUITE_AES_128_GCM, 0);
		cipher.setKeys(material(keys), 0);
		cipher.prepareNonce(100, 0x5501a0b2, 0);
		arena.view.setUint16(110, 0xf17b ^ cipher.saltTail);
		check.hex(buffer, 100, RFC7714.nonce);
		cipher.close();
		aead.close();
	});

	suite.test("ARC-R6 nonces at the ends of a rollover counter", (check) => {
		const arena = new Arena(256);
		const cipher = new PacketCipher(arena, 200, SUITE_AES_128_GCM, 0);
		cipher.setKeys(material(VIDEO_KEYS), 0);
		cipher.prepareNonce(0, SSRC, 0);
		arena.view.setUint16(10, 0 ^ cipher.saltTail);
		const first = formatHex(arena.bytes, 0, 12);
		arena.view.setUint16(10, 0xffff ^ cipher.saltTail);
		const last = formatHex(arena.bytes, 0, 12);
		// The known answers leave the SSRC out.
		cipher.prepareNonce(0, 0, 0);
		arena.view.setUint16(10, 0 ^ cipher.saltTail);
		check.ok(first === ROLLOVER.nonce_seq0_roc0 || formatHex(arena.bytes, 0, 12) === ROLLOVER.nonce_seq0_roc0);
		arena.view.setUint16(10, 0xffff ^ cipher.saltTail);
		check.ok(last === ROLLOVER.nonce_seq65535_roc0 || formatHex(arena.bytes, 0, 12) === ROLLOVER.nonce_seq65535_roc0);
		cipher.close();
	});

	suite.test("ARC-C1 ARC-R1 ARC-P2 aes-128-gcm: full packet as in the known answers, and it opens", (check) => {
		const [full] = sealBoth(new Pair());
		check.equal(full, ARCSRTP.full_aead.packet);
		const pair = new Pair();
		known(pair);
		opens(check, pair, ARCSRTP.full_aead.packet);
		check.equal(pair.opener.takeAcks(0), 4, "context 2 is confirmed");
		check.equal(pair.opener.takeAcks(1000), 0, "once");
	});

	suite.test("ARC-C2 ARC-R1 ARC-P4 aes-128-gcm: reduced packet as in the known answers, and it opens", (check) => {
		const sender = new Pair();
		const [, reduced] = sealBoth(sender);
		check.equal(reduced, ARCSRTP.reduced_aead.packet);
		check.hex(sender.arena.buffer, sender.sealer.start - 12, ARCSRTP.reduced_aead.aad);
		const pair = new Pair();
		known(pair);
		check.equal(pair.open(ARCSRTP.full_aead.packet, 0), 0);
		opensReduced(check, pair, ARCSRTP.reduced_aead.packet);
	});

	suite.test("ARC-R2 aes-256-gcm: full packet as in the known answers, and it opens; reduced there and back", (check) => {
		const [full, reduced] = sealBoth(new Pair(SUITE_AES_256_GCM, 0, VIDEO_KEYS_256));
		check.equal(full, ARCSRTP.full_aes256.packet);
		const pair = new Pair(SUITE_AES_256_GCM, 0, VIDEO_KEYS_256);
		known(pair);
		opens(check, pair, full);
		opensReduced(check, pair, reduced);
	});

	suite.test("ARC-R2 chacha20-poly1305: same layout, nonce and associated data", (check) => {
		const keys = VIDEO_KEYS_256;
		const [full, reduced] = sealBoth(new Pair(SUITE_CHACHA20_POLY1305, 0, keys));
		const pair = new Pair(SUITE_CHACHA20_POLY1305, 0, keys);
		known(pair);
		opens(check, pair, full);
		opensReduced(check, pair, reduced);
		// The cipher by itself, with nonce and associated data of the known answers.
		const arena = new Arena(256);
		const aead = new AEAD(SUITE_CHACHA20_POLY1305, material(keys), 0);
		arena.bytes.set(parseHex(ARCSRTP.full_aead.nonce, 12) as Uint8Array, 0);
		arena.bytes.set(parseHex(ARCSRTP.full_aead.aad, 20) as Uint8Array, 16);
		arena.bytes.set(parseHex(PLAIN, 33) as Uint8Array, 36);
		aead.seal(arena.buffer, 0, 16, 20, 36, 33);
		check.equal(formatHex(arena.bytes, 16, 69), full);
		aead.close();
	});

	suite.test("ARC-R3 aead+hmac80: full packet as in the known answers, and it opens; reduced there and back", (check) => {
		const [full, reduced] = sealBoth(new Pair(SUITE_AES_128_GCM, AUTH_AEAD_HMAC80));
		check.equal(full, ARCSRTP.full_aead_plus_hmac80.packet);
		check.equal(reduced.slice(0, 106), ARCSRTP.reduced_aead.packet);
		check.equal(reduced.length, 2 * 63);
		const pair = new Pair(SUITE_AES_128_GCM, AUTH_AEAD_HMAC80);
		known(pair);
		opens(check, pair, full);
		opensReduced(check, pair, reduced);
		check.equal(pair.receiveKeys.even.calls, 2);
		const forged = new Pair(SUITE_AES_128_GCM, AUTH_AEAD_HMAC80);
		known(forged);
		check.equal(forged.open(flip(full, 78, 0), 0), OPEN_AUTH);
		check.equal(forged.receiveKeys.even.calls, 0, "the HMAC is looked at first");
		check.equal(forged.open(full.slice(0, 138), 0), OPEN_AUTH, "without it");
	});

	suite.test("ARC-R3 aes-128-ctr-hmac80: full packet as in the known answers, and it opens; reduced there and back", (check) => {
		const [full, reduced] = sealBoth(new Pair(SUITE_AES_128_CTR_HMAC80));
		check.equal(full, ARCSRTP.full_ctr_hmac80.packet);
		check.equal(reduced.slice(8, 74), ARCSRTP.reduced_aead.packet.slice(8, 74), "ciphertext as GCM's");
		check.equal(reduced.length, 2 * 47);
		const pair = new Pair(SUITE_AES_128_CTR_HMAC80);
		known(pair);
		check.equal(pair.open(flip(full, 30, 1), 0), OPEN_AUTH);
		check.equal(pair.receiveKeys.even.calls, 0, "nothing is decrypted that is not authentic");
		opens(check, pair, full);
		check.equal(pair.open(flip(reduced, 30, 1), 0), OPEN_AUTH);
		opensReduced(check, pair, reduced);
	});

	suite.test("ARC-R4 known answers that are wrong fail to authenticate", (check) => {
		for (const it of ARCSRTP.negative) {
			const pair = new Pair();
			known(pair);
			if ("packet" in it) {
				check.equal(pair.open(it.packet, 0), OPEN_AUTH, it.name);
				continue;
			}
			pair.open(ARCSRTP.full_aead.packet, 0);
			pair.opener.streams[0].timestamp = it.wrong_ts;
			check.equal(pair.open(ARCSRTP.reduced_aead.packet, 0), OPEN_AUTH, it.name);
		}
	});

	suite.test("ARC-R4 every bit of a full and of a reduced packet flipped in turn: never delivered, nothing changed", (check) => {
		for (const [suiteNumber, auth] of MODES) {
			const [full, reduced] = sealBoth(new Pair(suiteNumber, auth));
			const pair = new Pair(suiteNumber, auth);
			known(pair);
			for (let bit = 0; bit < full.length * 4; bit++) {
				check.ok(pair.open(flip(full, bit >> 3, bit & 7), 0) < 0, "full, bit " + bit);
				check.equal(pair.opener.streams[0].newest, -1);
			}
			check.equal(pair.open(full, 0), 0);
			for (let bit = 0; bit < reduced.length * 4; bit++) {
				const result = pair.open(flip(reduced, bit >> 3, bit & 7), 10_000 * bit);
				check.ok(result < 0, "reduced, bit " + bit);
				check.equal(pair.opener.streams[0].newest, 0x1235);
			}
			check.equal(pair.counters.auth > 300, true);
		}
	});

	suite.test("ARC-R4 an opened packet that is cut off at any length is refused", (check) => {
		const [full, reduced] = sealBoth(new Pair());
		const pair = new Pair();
		known(pair);
		for (let length = 0; length < full.length; length += 2) check.ok(pair.open(full.slice(0, length), 0) < 0);
		check.equal(pair.open(full, 0), 0);
		for (let length = 0; length < reduced.length; length += 2) check.ok(pair.open(reduced.slice(0, length), 1000 * length) < 0);
		check.equal(pair.open(reduced, 0), 0);
	});

	suite.test("ARC-C3 ARC-R6 SEQ 65534, 65535, 0, 1 with 65535 behind 1: all open, ROC 0, 0, 1, 1", (check) => {
		const pair = new Pair();
		const stream = pair.video({ sequence: 65534, tsu: 0 });
		const packets: string[] = [];
		for (let i = 0; i < 4; i++) packets.push(pair.seal(stream, "aabb", 1000 * i, false, PRIORITY_DELTA, i));
		const order = [0, 2, 3, 1];
		for (const i of order) {
			check.equal(pair.open(packets[i], i), 0);
			check.equal(pair.opener.extendedSequence, 65534 + i);
		}
		for (const i of order) check.equal(pair.open(packets[i], i), OPEN_REPLAY);
		check.equal(stream.roc, 1);
	});

	suite.test("ARC-C5 wrong tag, right tag, again: dropped without a mark, accepted, rejected", (check) => {
		const pair = new Pair();
		const stream = pair.video({ tsu: 0 });
		const packet = pair.seal(stream, PLAIN, 1, false, PRIORITY_KEY, 0);
		check.equal(pair.open(flip(packet, packet.length / 2 - 1, 0), 0), OPEN_AUTH);
		check.equal(pair.open(packet, 0), 0);
		check.equal(pair.open(packet, 0), OPEN_REPLAY);
		const { format, unknown, old, replay, auth } = pair.counters;
		check.equal([format, unknown, old, replay, auth].join(), "0,0,0,1,1");
	});

	suite.test(
		"ARC-R8 what is cheap comes first: no call of the cipher for other SSRCs, types, contexts, replays and lengths",
		(check) => {
			const pair = new Pair();
			const stream = pair.video({ sequence: 1000, tsu: 0 });
			const first = pair.seal(stream, PLAIN, 90, false, PRIORITY_KEY, 0);
			for (let i = 0; i < 100; i++) pair.seal(stream, PLAIN, 90, false, PRIORITY_KEY, 0);
			const later = pair.seal(stream, PLAIN, 90, false, PRIORITY_KEY, 0);
			pair.opener.streams[0].roc = 0;
			const calls = (): number => pair.receiveKeys.even.calls;
			const refused = (packet: string, reason: number, what: string): void => {
				const before = calls();
				check.equal(pair.open(packet, 0), reason, what);
				check.equal(calls(), before, what);
			};
			refused("", OPEN_FORMAT, "nothing");
			refused("c00000", OPEN_FORMAT, "3 bytes");
			refused("10" + first.slice(2), OPEN_FORMAT, "version 0");
			refused("00" + first.slice(2), OPEN_FORMAT, "STUN");
			refused(first.slice(0, 40), OPEN_FORMAT, "header only");
			refused(first.slice(0, 24), OPEN_FORMAT, "no word");
			refused("80" + first.slice(2), OPEN_FORMAT, "X = 0");
			refused(flip(first, 8, 0), OPEN_UNKNOWN, "SSRC");
			refused(flip(first, 1, 0), OPEN_UNKNOWN, "payload type");
			for (let cid = 0; cid < 8; cid++) refused((0xc0 + 8 * cid).toString(16) + "000001" + PLAIN, OPEN_UNKNOWN, "context " + cid);
			check.equal(pair.open(later, 0), 0);
			check.equal(pair.open(first, 0), OPEN_OLD);
			refused(first, OPEN_OLD, "old");
			refused(later, OPEN_REPLAY, "replay");
			check.equal(calls(), 1);
			check.equal(pair.counters.unknown, 10);
		},
	);

	suite.test("ARC-P9 a full packet is RFC 3550: a parser that knows nothing of the word finds the same payload", (check) => {
		const pair = new Pair();
		const stream = pair.audio();
		const plain = "00112233445566778899";
		const packet = pair.seal(stream, plain, 960, true, PRIORITY_AUDIO, 0, 1767225600123);
		const bytes = parseHex(packet, packet.length / 2) as Uint8Array;
		const view = new DataView(bytes.buffer);
		check.equal(bytes[0] >> 6, 2);
		check.equal(bytes[0] & 0x10, 0x10);
		const words = view.getUint16(14);
		const payload = 12 + 4 * (bytes[0] & 15) + 4 + 4 * words;
		check.equal(bytes[1], 0x80 | 111);
		check.equal(bytes.length - payload - 16, plain.length / 2);
		check.equal(view.getUint32(8), SSRC + 1);
	});
}
