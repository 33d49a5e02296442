import { SUITE_AES_128_GCM, SUITE_AES_256_GCM, SUITE_CHACHA20_POLY1305 } from "arcrtc/constants";
import {
	deriveMaster,
	derivePath,
	deriveRivalMaster,
	deriveRivalStream,
	deriveStream,
	keyBytes,
	wipe,
} from "arcrtc/key_derivation";
import { KeyExchange } from "arcrtc/key_exchange";
import { MismatchHint } from "arcrtc/mismatch_hint";
import { AEAD, Cipher } from "crypto/crypto";
import type { Check, Suite } from "unit/suite";
import { ECDH_P256, HKDF, RFC7714 } from "vectors/arcrtc";
import { formatBase64URL, parseBase64URL } from "wire/base64url";
import { formatHex, parseHex } from "wire/hex";

function bytes(hex: string): ArrayBuffer {
	const parsed = parseHex(hex, hex.length / 2);
	if (parsed === undefined) throw new Error("no hex: " + hex);
	return parsed.buffer;
}

const ZERO_MATERIAL = "00".repeat(76);
const SECRET = ECDH_P256.shared_secret_x;
/** A private key whose secret with `b` of the vector has a leading zero, and one whose public X has. */
const LEADING_ZERO_SECRET_KEY = "c4".padStart(64, "0");
const LEADING_ZERO_SECRET = "0095a7aacad904297245fef3033ecfcdd3b717b1157b433a6a1756a269980e97";
const LEADING_ZERO_X_KEY = "017b".padStart(64, "0");
const LEADING_ZERO_X = "BABVQ4lK89AO19dAq9vXXJawaHe3h9tfcO6ni5Co18AKu0yFo9jqKe-q-iRAaRLdhNWxTcMr9lbvbGvVil2UP5I";

interface StreamKeys {
	readonly enc: string;
	readonly auth: string;
	readonly salt: string;
}

function expectMaterial(check: Check, material: ArrayBuffer, keys: StreamKeys): void {
	check.hex(material, 0, keys.enc.padEnd(64, "0") + keys.auth + keys.salt);
}

function exchangeTests(suite: Suite): void {
	suite.test("ARC-K1 V: ecdh_p256: public keys as signalled, and the secret, from both ends", (check) => {
		const a = new KeyExchange(bytes(ECDH_P256.a_private));
		const b = new KeyExchange(bytes(ECDH_P256.b_private));
		check.equal(a.publicKey, ECDH_P256.a_public_b64url);
		check.equal(b.publicKey, ECDH_P256.b_public_b64url);
		check.equal(formatBase64URL(new Uint8Array(bytes(ECDH_P256.a_public_sec1)), 0, 65), ECDH_P256.a_public_b64url);
		const secret = new ArrayBuffer(32);
		check.ok(a.agree(b.publicKey, secret));
		check.hex(secret, 0, SECRET);
		wipe(secret);
		check.hex(secret, 0, "00".repeat(32));
		check.ok(b.agree(a.publicKey, secret));
		check.hex(secret, 0, SECRET);
		a.close();
		check.ok(!a.agree(b.publicKey, secret), "the pair is gone");
		a.close();
		b.close();
	});

	suite.test(
		"ARC-K1 points that cannot be are refused: off the curve, compressed, infinity, one's own, cut, longer, no base64url",
		(check) => {
			const own = new KeyExchange(bytes(ECDH_P256.a_private));
			const secret = new ArrayBuffer(32);
			const point = bytes(ECDH_P256.b_public_sec1);
			const view = new Uint8Array(point);
			const text = (length = 65): string => formatBase64URL(view, 0, length);
			check.ok(!own.agree(own.publicKey, secret), "reflected");
			check.ok(!own.agree("", secret), "nothing");
			check.ok(!own.agree(text(64), secret), "cut");
			check.ok(!own.agree(text() + "AAAA", secret), "longer");
			check.ok(!own.agree(text() + "=", secret), "padding");
			check.ok(!own.agree(text().slice(0, 86) + "+", secret), "another alphabet");
			check.ok(!own.agree("=" + text().slice(1), secret), "no digit");
			for (const first of [0, 1, 2, 3, 5, 6, 7, 0x84]) {
				view[0] = first;
				check.ok(!own.agree(text(), secret), `first byte ${first}`);
			}
			view[0] = 2;
			check.ok(!own.agree(text(33), secret), "compressed, 33 bytes");
			check.ok(!own.agree(formatBase64URL(new Uint8Array(1), 0, 1), secret), "infinity, 1 byte");
			check.ok(!own.agree(formatBase64URL(new Uint8Array(65), 0, 65), secret), "infinity, 65 bytes");
			view[0] = 4;
			for (let i = 1; i < 65; i++) {
				view[i] ^= 1 << (i & 7);
				check.ok(!own.agree(text(), secret), `byte ${i} is off the curve`);
				view[i] ^= 1 << (i & 7);
			}
			check.ok(own.agree(text(), secret), "unchanged again");
			own.close();
		},
	);

	suite.test("ARC-K3 leading zeros of the secret and of X are kept", (check) => {
		const secret = new ArrayBuffer(32);
		const first = new KeyExchange(bytes(LEADING_ZERO_SECRET_KEY));
		const peer = new KeyExchange(bytes(ECDH_P256.b_private));
		check.ok(first.agree(peer.publicKey, secret));
		check.hex(secret, 0, LEADING_ZERO_SECRET);
		wipe(secret);
		check.ok(peer.agree(first.publicKey, secret));
		check.hex(secret, 0, LEADING_ZERO_SECRET);
		const mine = new ArrayBuffer(32);
		const theirs = new ArrayBuffer(32);
		deriveMaster(secret, "session-1", mine);
		const zero = new KeyExchange(bytes(LEADING_ZERO_X_KEY));
		check.equal(zero.publicKey, LEADING_ZERO_X);
		check.ok(zero.agree(peer.publicKey, mine) && peer.agree(zero.publicKey, theirs));
		check.equal(formatHex(new Uint8Array(mine), 0, 32), formatHex(new Uint8Array(theirs), 0, 32));
		for (const one of [first, peer, zero]) one.close();
	});

	suite.test("ARC-K9 every session has a pair of its own", (check) => {
		const one = new KeyExchange();
		const other = new KeyExchange();
		check.ok(one.publicKey !== other.publicKey);
		check.equal(one.publicKey.length, 87);
		const mine = new ArrayBuffer(32);
		const theirs = new ArrayBuffer(32);
		check.ok(one.agree(other.publicKey, mine) && other.agree(one.publicKey, theirs));
		check.equal(formatHex(new Uint8Array(mine), 0, 32), formatHex(new Uint8Array(theirs), 0, 32));
		one.close();
		other.close();
	});
}

function derivationTests(suite: Suite): void {
	suite.test("ARC-K2 V: hkdf, 128 and 256 bit", (check) => {
		const master = new ArrayBuffer(32);
		const material = new ArrayBuffer(76);
		deriveMaster(bytes(SECRET), HKDF.session_id, master);
		check.hex(master, 0, HKDF.video.master);
		deriveStream(master, HKDF.video_stream_id, SUITE_AES_256_GCM, material);
		expectMaterial(check, material, HKDF.video_256);
		deriveStream(master, HKDF.video_stream_id, SUITE_CHACHA20_POLY1305, material);
		expectMaterial(check, material, HKDF.video_256);
		// The shorter key leaves nothing of the longer one behind it.
		deriveStream(master, HKDF.video_stream_id, SUITE_AES_128_GCM, material);
		expectMaterial(check, material, HKDF.video);
		check.equal(keyBytes(SUITE_AES_128_GCM), 16);
		check.equal(keyBytes(SUITE_AES_256_GCM), 32);
		wipe(material);
		check.hex(material, 0, ZERO_MATERIAL);
	});

	suite.test("ARC-K2 two stream ids, two session ids give different keys; a letter's case counts", (check) => {
		const master = new ArrayBuffer(32);
		const seen = new Map<string, string>();
		for (const session of ["session-1", "session-2", "Session-1"]) {
			deriveMaster(bytes(SECRET), session, master);
			for (const stream of ["video", "audio", "Video", "ünï"]) {
				const material = new ArrayBuffer(76);
				deriveStream(master, stream, SUITE_AES_256_GCM, material);
				for (const [at, length] of [
					[0, 32],
					[32, 32],
					[64, 12],
				]) {
					const key = formatHex(new Uint8Array(material), at as number, length as number);
					check.equal(seen.get(key), undefined, session + " " + stream);
					seen.set(key, stream);
				}
			}
		}
		check.throws(() => deriveMaster(new ArrayBuffer(33), "session-1", master), "32 bytes");
		check.throws(() => deriveStream(new ArrayBuffer(31), "video", SUITE_AES_128_GCM, new ArrayBuffer(76)), "32 bytes");
	});

	suite.test("ARC-K2 the key of path checks is HMAC-SHA-256(master, arcrtc-path)", (check) => {
		const key = new ArrayBuffer(32);
		derivePath(bytes(HKDF.video.master), key);
		check.hex(key, 0, PATH_KEY);
	});

	suite.test("ARC-R1 V: anchor_rfc7714: nonce, and the packet sealed and opened", (check) => {
		const header = RFC7714.header.length / 2;
		const length = RFC7714.plaintext.length / 2;
		const packet = bytes(RFC7714.nonce + RFC7714.header + RFC7714.plaintext + "00".repeat(16));
		const aead = new AEAD(Cipher.AES_128_GCM, bytes(RFC7714.key), 0);
		check.equal(aead.seal(packet, 0, 12, header, 12 + header, length), length + 16);
		check.hex(packet, 12, RFC7714.packet);
		check.equal(aead.open(packet, 0, 12, header, 12 + header, length + 16), length);
		check.hex(packet, 12 + header, RFC7714.plaintext);
		// (0000, SSRC, ROC 0, SEQ) xor salt.
		const input = "0000" + RFC7714.header.slice(16) + "00000000" + RFC7714.header.slice(4, 8);
		const nonce = new Uint8Array(bytes(input));
		const salt = new Uint8Array(bytes(RFC7714.salt));
		for (let i = 0; i < 12; i++) nonce[i] ^= salt[i];
		check.hex(nonce.buffer, 0, RFC7714.nonce);
		aead.close();
	});
}

/** node:crypto: createHmac("sha256", master).update("arcrtc-path"). */
const PATH_KEY = "bd24a0d7a65916e2cbeee0f18ec20580ceac7c87e7e0ae94f4c07ad0d58004cb";

function hintTests(suite: Suite): void {
	suite.test("ARC-K2 V: hkdf, the rival order of salt and info", (check) => {
		const master = new ArrayBuffer(32);
		const material = new ArrayBuffer(76);
		deriveRivalMaster(bytes(SECRET), HKDF.session_id, master);
		check.hex(master, 0, HKDF.exchanged_salt_and_info.master);
		deriveRivalStream(master, HKDF.video_stream_id, SUITE_AES_128_GCM, material);
		expectMaterial(check, material, HKDF.exchanged_salt_and_info);
	});

	suite.test("ARC-K2 mismatch hint: one trial, and none when a packet opened", (check) => {
		const material = new ArrayBuffer(76);
		const hint = new MismatchHint(bytes(SECRET), HKDF.session_id);
		check.ok(!hint.settled);
		check.ok(hint.material(HKDF.video_stream_id, SUITE_AES_128_GCM, material));
		expectMaterial(check, material, HKDF.exchanged_salt_and_info);
		hint.settle();
		hint.settle();
		check.ok(hint.settled);
		wipe(material);
		check.ok(!hint.material(HKDF.video_stream_id, SUITE_AES_128_GCM, material), "one trial");
		check.hex(material, 0, ZERO_MATERIAL);
	});
}

function textTests(suite: Suite): void {
	suite.test("base64url: RFC 4648 section 10, one text for one value", (check) => {
		const words = ["", "f", "fo", "foo", "foob", "fooba", "foobar"];
		const texts = ["", "Zg", "Zm8", "Zm9v", "Zm9vYg", "Zm9vYmE", "Zm9vYmFy"];
		for (let i = 0; i < words.length; i++) {
			const source = new Uint8Array(ArrayBuffer.fromString(words[i]));
			check.equal(formatBase64URL(source, 0, i), texts[i]);
			const parsed = new Uint8Array(i + 2).fill(0x55);
			check.ok(parseBase64URL(texts[i], parsed, 1, i), texts[i]);
			check.equal(String.fromArrayBuffer(parsed.buffer.slice(1, 1 + i)), words[i]);
			check.ok(parsed[0] === 0x55 && parsed[i + 1] === 0x55, "nothing beside it is written");
			check.ok(!parseBase64URL(texts[i], new Uint8Array(9), 0, i + 1), "too short");
			if (i > 0) check.ok(!parseBase64URL(texts[i], new Uint8Array(9), 0, i - 1), "too long");
		}
		check.equal(formatBase64URL(new Uint8Array([0xfb, 0xff, 0xbf]), 0, 3), "-_-_");
		check.ok(!parseBase64URL("Zh", new Uint8Array(1), 0, 1), "bits behind the last byte");
		check.ok(!parseBase64URL("Zm9", new Uint8Array(2), 0, 2), "bits behind the last byte");
		check.ok(!parseBase64URL("Zm 8", new Uint8Array(3), 0, 3), "blank");
		check.ok(!parseBase64URL("Zm+/", new Uint8Array(3), 0, 3), "the other alphabet");
		check.ok(!parseBase64URL("Zmé8", new Uint8Array(3), 0, 3), "no ASCII");
	});
}

export default function keys(suite: Suite): void {
	textTests(suite);
	exchangeTests(suite);
	derivationTests(suite);
	hintTests(suite);
}
