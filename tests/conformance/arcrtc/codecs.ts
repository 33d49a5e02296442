import { bitrateFits, codecOfName, leastBitrate, nameOf, PayloadTypes, payloadTypeFits } from "arcrtc/codecs";
import { CODECS, Codec, channelsOf, clockOf, codecOfEncoding, encodingOf, isVideo } from "media/rtp/codecs";
import type { Suite } from "unit/suite";

/** Name, payload type, clock, channels: ARC-W5 and RFC 3551. */
const TABLE: readonly (readonly [string, string, number, number, number])[] = Object.freeze([
	["opus", "opus", 111, 48000, 2],
	["pcmu", "PCMU", 0, 8000, 1],
	["pcma", "PCMA", 8, 8000, 1],
	["g722", "G722", 9, 8000, 1],
	["jpeg", "JPEG", 26, 90000, 1],
	["h264", "H264", 96, 90000, 1],
	["vp8", "VP8", 97, 90000, 1],
	["vp9", "VP9", 98, 90000, 1],
	["av1", "AV1", 99, 90000, 1],
	["h265", "H265", 100, 90000, 1],
]);

/** Least and most bits a second: ARC-D1, D2. */
const LIMITS: readonly (readonly [string, number, number])[] = Object.freeze([
	["opus", 6000, 510000],
	["aac", 32000, 320000],
	["g722", 64000, 64000],
	["pcm", 128000, 1536000],
	["vp9", 500000, 8000000],
	["h264", 500000, 10000000],
	["av1", 400000, 6000000],
	["h265", 300000, 5000000],
]);

export default function codecs(suite: Suite): void {
	suite.test("ARC-W5 the codec map, both ways; a payload type that was agreed upon wins", (check) => {
		const types = new PayloadTypes();
		for (const [name, encoding, type, clock, channels] of TABLE) {
			const codec = codecOfName(name);
			check.equal(nameOf(codec), name);
			check.equal(types.typeOf(codec, channels), type, name);
			check.equal(types.codecOf(type), codec, name);
			check.equal(encodingOf(codec), encoding);
			check.equal(codecOfEncoding(encoding.toLowerCase()), codec);
			check.equal(clockOf(codec, 16000), clock, name);
			check.equal(channelsOf(codec, 1), channels, name);
		}
		check.equal(types.typeOf(Codec.L16, 2), 10);
		check.equal(types.typeOf(Codec.L16, 1), 11);
		check.equal(types.codecOf(10), Codec.L16);
		check.equal(types.codecOf(11), Codec.L16);
		check.equal(clockOf(Codec.L16, 44100), 44100);
		check.equal(types.typeOf(Codec.AAC, 2), -1);
		for (const type of [-1, 1, 12, 64, 110, 127, 128]) check.equal(types.codecOf(type), -1);
		/* As the existing engine has them: 96 is Opus, 97 H.264. */
		check.ok(types.agree(Codec.OPUS, 96) && types.agree(Codec.H264, 97) && types.agree(Codec.AAC, 101));
		check.equal(types.codecOf(96), Codec.OPUS);
		check.equal(types.codecOf(97), Codec.H264);
		check.equal(types.codecOf(101), Codec.AAC);
		check.equal(types.codecOf(111), -1);
		check.equal(types.typeOf(Codec.H264, 1), 97);
		check.equal(types.typeOf(Codec.VP8, 1), -1, "somebody else has 97");
		check.equal(types.typeOf(Codec.JPEG, 1), 26);
		check.ok(types.agree(Codec.G722, 0));
		check.equal(types.typeOf(Codec.PCMU, 1), -1);
		check.ok(!types.agree(Codec.VP9, 97) && types.agree(Codec.H264, 97) && types.agree(Codec.H264, 98));
		check.equal(types.codecOf(97), Codec.VP8);
		for (const type of [-1, 64, 72, 95, 128, 1.5, Number.NaN]) check.ok(!types.agree(Codec.VP8, type) && !payloadTypeFits(type));
		for (const type of [0, 63, 96, 127]) check.ok(payloadTypeFits(type));
		check.ok(!types.agree(-1, 96) && !types.agree(CODECS, 96));
	});

	suite.test("ARC-W7 a codec that is not known is none", (check) => {
		for (const name of ["", "OPUS", "speex", "h266", "toString"]) check.equal(codecOfName(name), -1);
		for (const codec of [-1, CODECS]) check.equal(nameOf(codec) + encodingOf(codec), "");
		check.equal(codecOfEncoding("speex"), -1);
		for (let codec = 0; codec < CODECS; codec++) check.equal(isVideo(codec), codec >= Codec.JPEG);
	});

	suite.test("ARC-D1 ARC-D2 bit rates: the limits are accepted, one beyond is not", (check) => {
		for (const [name, least, most] of LIMITS) {
			const codec = codecOfName(name);
			check.ok(bitrateFits(codec, least) && bitrateFits(codec, most), name);
			check.ok(!bitrateFits(codec, least - 1) && !bitrateFits(codec, most + 1), name);
			check.equal(leastBitrate(codec), least);
		}
		check.ok(bitrateFits(Codec.JPEG, 1) && bitrateFits(Codec.JPEG, 2e7) && bitrateFits(Codec.VP8, 1));
		for (const bitrate of [0, -1, Infinity, Number.NaN]) check.ok(!bitrateFits(Codec.JPEG, bitrate));
		check.ok(!bitrateFits(-1, 64000) && !bitrateFits(CODECS, 64000));
	});
}
