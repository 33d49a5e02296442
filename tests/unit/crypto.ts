import {
	AEAD,
	backend,
	COUNTER_LENGTH,
	CTR,
	DIGEST_LENGTH,
	ECDH,
	HMAC,
	hkdf,
	NONCE_LENGTH,
	POINT_LENGTH,
	random,
	SHA256,
	TAG_LENGTH,
	verify,
} from "crypto/crypto";
import { target } from "host/host";
import { Allocation } from "unit/allocation";
import {
	AEAD_VECTORS,
	type AEADVector,
	CTR_VECTOR,
	DIGEST_VECTORS,
	ECDH_PEER,
	ECDH_PRIVATE,
	ECDH_PUBLIC,
	ECDH_SHARED,
	HKDF_VECTORS,
	type HKDFVector,
	HMAC_VECTORS,
	type HMACVector,
	MILLION_A,
	P256_ORDER,
	SIGNATURE_VECTORS,
	type SignatureVector,
} from "vectors/crypto";
import type { Check, Suite } from "unit/suite";

function bytes(hex: string): ArrayBuffer {
	const view = new Uint8Array(hex.length / 2);
	for (let i = 0; i < view.length; i++) view[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
	return view.buffer;
}

function put(to: ArrayBuffer, offset: number, hex: string): void {
	new Uint8Array(to).set(new Uint8Array(bytes(hex)), offset);
}

function flip(buffer: ArrayBuffer, bit: number): void {
	const view = new Uint8Array(buffer);
	view[bit >> 3] = (view[bit >> 3] ?? 0) ^ (1 << (bit & 7));
}

/** Where a packet's parts lie in the buffer of a sealing test: not at 0, so that a forgotten offset shows. */
const NONCE_AT = 3;
const AAD_AT = 20;
const DATA_AT = 50;

function packet(vector: AEADVector, data: string): ArrayBuffer {
	const buffer = new ArrayBuffer(DATA_AT + data.length / 2 + TAG_LENGTH);
	put(buffer, NONCE_AT, vector.nonce);
	put(buffer, AAD_AT, vector.aad);
	put(buffer, DATA_AT, data);
	return buffer;
}

function sealAndOpen(check: Check, vector: AEADVector): void {
	const aead = new AEAD(vector.cipher, bytes(`ffff${vector.key}`), 2);
	const aadLength = vector.aad.length / 2;
	const plainLength = vector.plain.length / 2;
	const buffer = packet(vector, vector.plain);
	// Twice: the second pass shows that opening leaves the context fit for sealing.
	for (let pass = 0; pass < 2; pass++) {
		check.equal(aead.seal(buffer, NONCE_AT, AAD_AT, aadLength, DATA_AT, plainLength), plainLength + TAG_LENGTH);
		check.hex(buffer, DATA_AT, vector.sealed);
		check.equal(aead.open(buffer, NONCE_AT, AAD_AT, aadLength, DATA_AT, plainLength + TAG_LENGTH), plainLength);
		check.hex(buffer, DATA_AT, vector.plain);
	}
	aead.close();
}

function rejectFlips(check: Check, vector: AEADVector): void {
	const aead = new AEAD(vector.cipher, bytes(vector.key), 0);
	const aadLength = vector.aad.length / 2;
	const length = vector.sealed.length / 2;
	const zeros = "00".repeat(length);
	// A bit of each byte of the nonce, of the associated data, of the ciphertext and of the tag.
	for (let i = 0; i < DATA_AT + length; i++) {
		const inNonce = i >= NONCE_AT && i < NONCE_AT + NONCE_LENGTH;
		const inAAD = i >= AAD_AT && i < AAD_AT + aadLength;
		if (!inNonce && !inAAD && i < DATA_AT) continue;
		const buffer = packet(vector, vector.sealed);
		flip(buffer, i * 8 + (i % 8));
		check.equal(aead.open(buffer, NONCE_AT, AAD_AT, aadLength, DATA_AT, length), -1, `byte ${i}`);
		check.hex(buffer, DATA_AT, zeros);
	}
	const whole = packet(vector, vector.sealed);
	check.equal(aead.open(whole, NONCE_AT, AAD_AT, aadLength, DATA_AT, length - 1), -1, "cut by one byte");
	check.equal(aead.open(whole, NONCE_AT, AAD_AT, aadLength, DATA_AT, TAG_LENGTH - 1), -1, "shorter than a tag");
	check.equal(aead.open(whole, NONCE_AT, AAD_AT, aadLength, DATA_AT, 0), -1, "nothing");
	aead.close();
}

function aeadTests(suite: Suite): void {
	for (const vector of AEAD_VECTORS) {
		suite.test(`AEAD known answer: ${vector.name}`, (check) => sealAndOpen(check, vector));
		suite.test(`AEAD refuses a flipped bit: ${vector.name}`, (check) => rejectFlips(check, vector));
	}

	suite.test("AEAD setKey changes the key in place", (check) => {
		const [, second, , , , last] = AEAD_VECTORS;
		if (second === undefined || last === undefined) check.fail("vectors are missing");
		const aead = new AEAD(second.cipher, bytes("11".repeat(16)), 0);
		aead.setKey(bytes(`00${second.key}`), 1);
		const buffer = packet(second, second.plain);
		check.equal(aead.seal(buffer, NONCE_AT, AAD_AT, 0, DATA_AT, 16), 32);
		check.hex(buffer, DATA_AT, second.sealed);
		check.throws(() => aead.setKey(new ArrayBuffer(15), 0), "outside of the buffer");
		aead.close();
	});

	suite.test("AEAD throws RangeError for what leaves the buffer, and touches nothing", (check) => {
		const aead = new AEAD(3, new ArrayBuffer(32), 0);
		const buffer = new ArrayBuffer(64);
		const outside = "outside of the buffer";
		check.throws(() => aead.seal(buffer, 53, 0, 0, 0, 16), outside);
		check.throws(() => aead.seal(buffer, 0, 60, 5, 0, 16), outside);
		check.throws(() => aead.seal(buffer, 0, 0, 0, 33, 16), outside);
		check.throws(() => aead.seal(buffer, 0, 0, 0, 65, 0), outside);
		check.throws(() => aead.seal(buffer, 0, 0, 0, 0, 0x7fffffff), outside);
		check.throws(() => aead.open(buffer, 0, 0, 0, 33, 32), outside);
		check.throws(() => aead.open(buffer, -1, 0, 0, 32, 32), "not an offset or a length");
		check.throws(() => aead.open(buffer, 0, 0, 0, 32.5, 16), "not an offset or a length");
		check.throws(() => aead.open(buffer, 0, 0, 0, 0x100000000, 16), "not an offset or a length");
		check.throws(() => new AEAD(3, new ArrayBuffer(31), 0), outside);
		check.throws(() => new AEAD(4, new ArrayBuffer(32), 0), "unknown cipher");
		check.hex(buffer, 0, "00".repeat(64));
		check.equal(aead.seal(buffer, 0, 12, 4, 48, 0), TAG_LENGTH, "the last byte belongs to the buffer");
		aead.close();
		aead.close();
		check.throws(() => aead.seal(buffer, 0, 12, 4, 16, 16), "used after close");
	});
}

function counterTests(suite: Suite): void {
	const { key, counter, plain, sealed } = CTR_VECTOR;

	suite.test("AES-128-CTR known answer: SP 800-38A F.5.1, every length, both ways", (check) => {
		const ctr = new CTR(bytes(`00${key}`), 1);
		const at = 1 + COUNTER_LENGTH;
		for (let length = 0; length <= 64; length++) {
			const buffer = bytes(`ff${counter}${plain}`);
			check.ok(ctr.apply(buffer, 1, at, length));
			check.hex(buffer, at, sealed.slice(0, 2 * length) + plain.slice(2 * length), `${length} bytes`);
			check.hex(buffer, 0, `ff${counter}`, "the counter block stays");
			check.ok(ctr.apply(buffer, 1, at, length));
			check.hex(buffer, at, plain);
		}
		ctr.close();
	});

	suite.test("AES-128-CTR begins anew at each call and counts over all 16 bytes", (check) => {
		const ctr = new CTR(bytes(key), 0);
		const buffer = bytes(`${"ff".repeat(16)}${"00".repeat(48)}`);
		ctr.apply(buffer, 0, 16, 48);
		const zero = bytes("00".repeat(64));
		ctr.apply(zero, 0, 16, 5);
		ctr.apply(zero, 0, 32, 32);
		// The blocks after ff..ff are 00..00 and 00..01.
		const view = new Uint8Array(buffer);
		const wrapped = new Uint8Array(zero);
		for (let i = 0; i < 32; i++) check.equal(view[32 + i], wrapped[32 + i], `byte ${i}`);
		for (let i = 0; i < 5; i++) check.equal(wrapped[16 + i], wrapped[32 + i], `byte ${i} of a short one`);
		ctr.close();
	});

	suite.test("AES-128-CTR setKey changes the key in place", (check) => {
		const ctr = new CTR(bytes("11".repeat(16)), 0);
		const buffer = bytes(counter + plain);
		ctr.apply(buffer, 0, 16, 64);
		ctr.apply(buffer, 0, 16, 64);
		ctr.setKey(bytes(`00${key}`), 1);
		ctr.apply(buffer, 0, 16, 64);
		check.hex(buffer, 16, sealed);
		check.throws(() => ctr.setKey(new ArrayBuffer(15), 0), "outside of the buffer");
		ctr.close();
	});

	suite.test("AES-128-CTR throws RangeError for what leaves the buffer, and touches nothing", (check) => {
		const ctr = new CTR(new ArrayBuffer(16), 0);
		const buffer = new ArrayBuffer(64);
		const outside = "outside of the buffer";
		check.throws(() => ctr.apply(buffer, 49, 0, 16), outside);
		check.throws(() => ctr.apply(buffer, 0, 49, 16), outside);
		check.throws(() => ctr.apply(buffer, 0, 65, 0), outside);
		check.throws(() => ctr.apply(buffer, 0, 16, 0x7fffffff), outside);
		check.throws(() => ctr.apply(buffer, 0, -1, 16), "not an offset or a length");
		check.throws(() => new CTR(new ArrayBuffer(16), 1), outside);
		check.hex(buffer, 0, "00".repeat(64));
		ctr.close();
		ctr.close();
		check.throws(() => ctr.apply(buffer, 0, 16, 16), "used after close");
	});
}

function signAndVerify(check: Check, vector: HMACVector): void {
	const keyLength = vector.key.length / 2;
	const length = vector.data.length / 2;
	const hmac = new HMAC(bytes(`00${vector.key}`), 1, keyLength);
	const buffer = bytes(`ff${vector.data}${"00".repeat(DIGEST_LENGTH)}`);
	hmac.sign(buffer, 1, length, buffer, 1 + length);
	check.hex(buffer, 1 + length, vector.tag);
	check.ok(hmac.verify(buffer, 1, length, 1 + length, DIGEST_LENGTH), "whole tag");
	check.ok(hmac.verify(buffer, 1, length, 1 + length, 10), "tag of 80 bits");
	for (let bit = 8; bit < buffer.byteLength * 8; bit += 5) {
		flip(buffer, bit);
		check.ok(!hmac.verify(buffer, 1, length, 1 + length, DIGEST_LENGTH), `bit ${bit} flipped`);
		flip(buffer, bit);
	}
	hmac.setKey(bytes("00"), 0, 1);
	check.ok(!hmac.verify(buffer, 1, length, 1 + length, DIGEST_LENGTH), "another key");
	hmac.setKey(bytes(vector.key), 0, keyLength);
	check.ok(hmac.verify(buffer, 1, length, 1 + length, DIGEST_LENGTH), "the first key again");
	hmac.close();
}

function hmacTests(suite: Suite): void {
	for (const vector of HMAC_VECTORS) {
		suite.test(`HMAC-SHA-256 known answer and flipped bits: ${vector.name}`, (check) => signAndVerify(check, vector));
	}

	suite.test("HMAC throws RangeError for what leaves the buffer", (check) => {
		const hmac = new HMAC(new ArrayBuffer(0), 0, 0);
		const buffer = new ArrayBuffer(40);
		check.throws(() => hmac.sign(buffer, 0, 41, buffer, 0), "outside of the buffer");
		check.throws(() => hmac.sign(buffer, 0, 8, buffer, 9), "outside of the buffer");
		check.throws(() => hmac.verify(buffer, 0, 8, 8, 33), "4 to 32 bytes");
		check.throws(() => hmac.verify(buffer, 0, 8, 8, 3), "4 to 32 bytes");
		check.throws(() => hmac.verify(buffer, 0, 8, 9, 32), "outside of the buffer");
		check.throws(() => new HMAC(buffer, 20, 21), "outside of the buffer");
		hmac.close();
		check.throws(() => hmac.sign(buffer, 0, 8, buffer, 8), "used after close");
	});
}

function derive(check: Check, vector: HKDFVector): void {
	const length = vector.output.length / 2;
	const output = new ArrayBuffer(length + 2);
	hkdf(bytes(vector.secret), bytes(vector.salt), bytes(vector.info), output, 1, length);
	check.hex(output, 0, `00${vector.output}00`);
}

function hashTests(suite: Suite): void {
	for (const vector of DIGEST_VECTORS) {
		suite.test(`SHA-256 known answer: FIPS 180 ${vector.name}`, (check) => {
			const hash = new SHA256();
			const data = bytes(vector.data);
			const output = new ArrayBuffer(DIGEST_LENGTH + 1);
			// Whole, then byte by byte: digest begins anew.
			hash.update(data, 0, data.byteLength);
			hash.digest(output, 1);
			check.hex(output, 1, vector.digest);
			for (let i = 0; i < data.byteLength; i++) hash.update(data, i, 1);
			hash.digest(output, 0);
			check.hex(output, 0, vector.digest);
			check.throws(() => hash.digest(output, 2), "outside of the buffer");
			check.throws(() => hash.update(output, 30, 4), "outside of the buffer");
			hash.close();
			check.throws(() => hash.update(output, 0, 1), "used after close");
		});
	}

	suite.test("SHA-256 known answer: FIPS 180 a million times a", (check) => {
		const hash = new SHA256();
		const block = new ArrayBuffer(1000);
		new Uint8Array(block).fill(0x61);
		for (let i = 0; i < 1000; i++) hash.update(block, 0, 1000);
		hash.digest(block, 0);
		check.hex(block, 0, MILLION_A);
		hash.close();
	});

	for (const vector of HKDF_VECTORS) {
		suite.test(`HKDF-SHA-256 known answer: ${vector.name}`, (check) => derive(check, vector));
	}

	suite.test("HKDF gives 1 to 8160 bytes", (check) => {
		const empty = new ArrayBuffer(0);
		const output = new ArrayBuffer(8161);
		hkdf(empty, empty, empty, output, 0, 8160);
		check.throws(() => hkdf(empty, empty, empty, output, 0, 8161), "1 to 8160");
		check.throws(() => hkdf(empty, empty, empty, output, 0, 0), "1 to 8160");
		check.throws(() => hkdf(empty, empty, empty, output, 8161, 1), "outside of the buffer");
	});
}

function refuseBadSignatures(check: Check, vector: SignatureVector): void {
	const point = bytes(vector.point);
	const digest = bytes(vector.digest);
	const signature = bytes(vector.signature);
	for (let bit = 0; bit < 512; bit += 37) {
		flip(signature, bit);
		check.ok(!verify(point, digest, signature), `bit ${bit} of the signature`);
		flip(signature, bit);
	}
	for (let bit = 0; bit < 256; bit += 31) {
		flip(digest, bit);
		check.ok(!verify(point, digest, signature), `bit ${bit} of the digest`);
		flip(digest, bit);
	}
	for (let bit = 0; bit < 520; bit += 41) {
		flip(point, bit);
		check.ok(!verify(point, digest, signature), `bit ${bit} of the point: off the curve`);
		flip(point, bit);
	}
	const r = vector.signature.slice(0, 64);
	const s = vector.signature.slice(64);
	const zero = "00".repeat(32);
	check.ok(!verify(point, digest, bytes(zero + s)), "r = 0");
	check.ok(!verify(point, digest, bytes(r + zero)), "s = 0");
	check.ok(!verify(point, digest, bytes(zero + zero)), "r = s = 0");
	check.ok(!verify(point, digest, bytes(r + P256_ORDER)), "s = n");
	check.ok(!verify(point, digest, bytes(P256_ORDER + s)), "r = n");
	check.ok(!verify(point, digest, bytes("ff".repeat(64))), "r = s = 2^256 - 1");
	check.ok(verify(point, digest, signature), "unchanged again");
}

function curveTests(suite: Suite): void {
	suite.test("ECDH known answer: NIST CAVS P-256 COUNT 0", (check) => {
		const pair = new ECDH(bytes(`0000${ECDH_PRIVATE}`), 2);
		const output = new ArrayBuffer(POINT_LENGTH + 2);
		pair.publicKey(output, 1);
		check.hex(output, 1, ECDH_PUBLIC);
		pair.privateKey(output, 1);
		check.hex(output, 1, ECDH_PRIVATE);
		check.ok(pair.agree(bytes(`00${ECDH_PEER}`), 1, output, 2));
		check.hex(output, 2, ECDH_SHARED);
		pair.close();
		check.throws(() => pair.publicKey(output, 0), "used after close");
	});

	suite.test("ECDH refuses points off the curve", (check) => {
		const pair = new ECDH(bytes(ECDH_PRIVATE));
		const output = new ArrayBuffer(32);
		for (let bit = 0; bit < 520; bit += 13) {
			const point = bytes(ECDH_PEER);
			flip(point, bit);
			check.ok(!pair.agree(point, 0, output, 0), `bit ${bit}`);
		}
		check.ok(!pair.agree(new ArrayBuffer(65), 0, output, 0), "all zero");
		check.ok(!pair.agree(bytes(`04${"00".repeat(64)}`), 0, output, 0), "(0, 0)");
		check.ok(!pair.agree(bytes(`04${"ff".repeat(64)}`), 0, output, 0), "coordinates above the prime");
		check.throws(() => pair.agree(new ArrayBuffer(64), 0, output, 0), "outside of the buffer");
		check.throws(() => pair.agree(bytes(ECDH_PEER), 0, output, 1), "outside of the buffer");
		pair.close();
	});

	suite.test("ECDH refuses private keys out of range", (check) => {
		const why = "not a P-256 private key";
		check.throws(() => new ECDH(new ArrayBuffer(32)), why);
		check.throws(() => new ECDH(bytes(P256_ORDER)), why);
		check.throws(() => new ECDH(bytes("ff".repeat(32))), why);
		check.throws(() => new ECDH(new ArrayBuffer(33), 2), "outside of the buffer");
		new ECDH(bytes(`${"00".repeat(31)}01`)).close();
	});

	suite.test("ECDH random pairs agree with each other and differ", (check) => {
		const first = new ECDH();
		const second = new ECDH();
		const points = new ArrayBuffer(2 * POINT_LENGTH);
		const secrets = new ArrayBuffer(64);
		first.publicKey(points, 0);
		second.publicKey(points, POINT_LENGTH);
		check.ok(first.agree(points, POINT_LENGTH, secrets, 0));
		check.ok(second.agree(points, 0, secrets, 32));
		const view = new Uint8Array(secrets);
		for (let i = 0; i < 32; i++) check.equal(view[i], view[i + 32]);
		const point = new Uint8Array(points);
		let same = true;
		for (let i = 0; i < POINT_LENGTH; i++) if (point[i] !== point[i + POINT_LENGTH]) same = false;
		check.ok(!same, "two random keys are two keys");
		// The stored private key makes the same pair again.
		first.privateKey(secrets, 0);
		const again = new ECDH(secrets, 0);
		const copy = new ArrayBuffer(POINT_LENGTH);
		again.publicKey(copy, 0);
		const copied = new Uint8Array(copy);
		for (let i = 0; i < POINT_LENGTH; i++) check.equal(copied[i], point[i]);
		first.close();
		second.close();
		again.close();
	});

	for (const vector of SIGNATURE_VECTORS) {
		suite.test(`ECDSA verify known answer: ${vector.name}`, (check) => {
			check.ok(verify(bytes(vector.point), bytes(vector.digest), bytes(vector.signature)));
		});
		suite.test(`ECDSA verify refuses what is forged: ${vector.name}`, (check) => refuseBadSignatures(check, vector));
	}

	suite.test("ECDSA verify throws RangeError for short buffers", (check) => {
		const short = "outside of the buffer";
		check.throws(() => verify(new ArrayBuffer(64), new ArrayBuffer(32), new ArrayBuffer(64)), short);
		check.throws(() => verify(new ArrayBuffer(65), new ArrayBuffer(31), new ArrayBuffer(64)), short);
		check.throws(() => verify(new ArrayBuffer(65), new ArrayBuffer(32), new ArrayBuffer(63)), short);
	});
}

function costTests(suite: Suite): void {
	suite.test("sealing, opening, signing and digesting cost 0 slots, 0 chunk bytes, 0 collections", (check) => {
		const buffer = new ArrayBuffer(600);
		const digest = new ArrayBuffer(32);
		const key = new ArrayBuffer(32);
		const allocation = new Allocation();
		for (let cipher = 1; cipher <= 3; cipher++) {
			const aead = new AEAD(cipher, key, 0);
			allocation.begin();
			for (let i = 0; i < 1000; i++) {
				aead.seal(buffer, 0, 12, 12, 24, 512);
				aead.open(buffer, 0, 12, 12, 24, 528);
			}
			allocation.expectNone(check);
			aead.close();
		}
		const ctr = new CTR(key, 0);
		allocation.begin();
		for (let i = 0; i < 1000; i++) ctr.apply(buffer, 0, 16, 517);
		allocation.expectNone(check);
		ctr.close();
		const hmac = new HMAC(key, 0, 32);
		const hash = new SHA256();
		allocation.begin();
		for (let i = 0; i < 1000; i++) {
			hmac.sign(buffer, 0, 512, buffer, 512);
			hmac.verify(buffer, 0, 512, 512, 10);
			hash.update(buffer, 0, 512);
			hash.digest(digest, 0);
			random(buffer, 0, 16);
		}
		allocation.expectNone(check);
		hmac.close();
		hash.close();
	});
}

export default function (suite: Suite): void {
	aeadTests(suite);
	counterTests(suite);
	hmacTests(suite);
	hashTests(suite);
	curveTests(suite);
	costTests(suite);

	suite.test("random fills exactly what it was asked for, with other bytes each time", (check) => {
		const buffer = new ArrayBuffer(66);
		random(buffer, 1, 32);
		random(buffer, 33, 32);
		const view = new Uint8Array(buffer);
		check.equal(view[0], 0);
		check.equal(view[65], 0);
		let equal = 0;
		for (let i = 1; i < 33; i++) if (view[i] === view[i + 32]) equal++;
		check.ok(equal < 16, `${equal} of 32 bytes came twice`);
		random(buffer, 66, 0);
		check.throws(() => random(buffer, 66, 1), "outside of the buffer");
	});

	suite.test("the backend is the one of the target", (check) => {
		check.equal(backend, target() === "linux64" || target() === "lin" ? "openssl" : "psa");
	});
}
