import { type AsciiText, constantText } from "wire/ascii";

/** Codecs of RTP streams that can be taken, as small numbers. */
export const CODEC_NONE = 0;
export const CODEC_H264 = 1;
export const CODEC_H265 = 2;
export const CODEC_JPEG = 3;
export const CODEC_OPUS = 4;
export const CODEC_PCMU = 5;
export const CODEC_PCMA = 6;
export const CODEC_G722 = 7;
export const CODEC_L16 = 8;

/** Codecs of video, of sound; each is the bit `1 << codec` of a sum. */
export const VIDEO_CODECS = (1 << CODEC_H264) | (1 << CODEC_H265) | (1 << CODEC_JPEG);
export const AUDIO_CODECS = (1 << CODEC_OPUS) | (1 << CODEC_PCMU) | (1 << CODEC_PCMA) | (1 << CODEC_G722) | (1 << CODEC_L16);

/** Names of encodings (RFC 4855) in lower case, by codec. */
export const ENCODINGS: readonly AsciiText[] = Object.freeze([
	constantText("none"),
	constantText("h264"),
	constantText("h265"),
	constantText("jpeg"),
	constantText("opus"),
	constantText("pcmu"),
	constantText("pcma"),
	constantText("g722"),
	constantText("l16"),
]);

const NAMES = Object.freeze(["none", "H264", "H265", "JPEG", "opus", "PCMU", "PCMA", "G722", "L16"]);

/** The name of a codec, for people. */
export function codecName(codec: number): string {
	return NAMES[codec];
}

/** The codec of a static payload type (RFC 3551 6). */
export function staticCodec(payloadType: number): number {
	switch (payloadType) {
		case 0:
			return CODEC_PCMU;
		case 8:
			return CODEC_PCMA;
		case 9:
			return CODEC_G722;
		case 10:
		case 11:
			return CODEC_L16;
		case 26:
			return CODEC_JPEG;
		default:
			return CODEC_NONE;
	}
}

/** The clock of a static payload type in Hz (RFC 3551 6). */
export function staticClock(payloadType: number): number {
	if (payloadType === 26) return 90_000;
	return payloadType === 10 || payloadType === 11 ? 44_100 : 8000;
}
