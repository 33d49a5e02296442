import { hmacSHA1, SHA1_LENGTH } from "crypto/hmac_sha1";
import type { Suite } from "unit/suite";
import { parseHex } from "wire/hex";

/** RFC 2202 section 3: key, data, tag. */
const CASES = Object.freeze([
	["0b".repeat(20), "4869205468657265", "b617318655057264e28bc0b6fb378c8ef146be00"],
	["4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"],
	["aa".repeat(20), "dd".repeat(50), "125d7342b9ac11cd91a39af48aa17b4f63f175d3"],
	[
		"aa".repeat(80),
		"54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b6579204669727374",
		"aa4ae5e15272d00e95705637ce8a3b55ed402112",
	],
	["", "", "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d"],
]);

export default function hmacSha1(suite: Suite): void {
	suite.test("crypto: HMAC-SHA-1 gives the published tags, and keeps to its 20 bytes", (check) => {
		for (let i = 0; i < CASES.length; i++) {
			const [key, data, tag] = CASES[i];
			const input = new Uint8Array(3 + (key.length + data.length) / 2);
			const keyLength = key.length / 2;
			const length = data.length / 2;
			input.set(parseHex(key, keyLength) as Uint8Array, 1);
			input.set(parseHex(data, length) as Uint8Array, 2 + keyLength);
			const output = new Uint8Array(SHA1_LENGTH + 2).fill(0xee);
			hmacSHA1(input.buffer, 1, keyLength, input.buffer, 2 + keyLength, length, output.buffer, 1);
			check.hex(output.buffer, 0, "ee" + tag + "ee");
		}
	});
	suite.test("crypto: HMAC-SHA-1 refuses offsets outside of the buffers", (check) => {
		const small = new ArrayBuffer(8);
		const output = new ArrayBuffer(SHA1_LENGTH);
		check.throws(() => hmacSHA1(small, 4, 5, small, 0, 8, output, 0), "outside of the buffer");
		check.throws(() => hmacSHA1(small, 0, 4, small, 7, 2, output, 0), "outside of the buffer");
		check.throws(() => hmacSHA1(small, 0, 4, small, 0, 8, output, 1), "outside of the buffer");
	});
}
