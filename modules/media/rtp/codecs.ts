/** The codecs that there are payload formats for. */

export const Codec = Object.freeze({
	OPUS: 0,
	PCMU: 1,
	PCMA: 2,
	G722: 3,
	L16: 4,
	AAC: 5,
	JPEG: 6,
	H264: 7,
	H265: 8,
	VP8: 9,
	VP9: 10,
	AV1: 11,
} as const);
export const CODECS = 12;
const FIRST_VIDEO: number = Codec.JPEG;

/** Names of session descriptions (a=rtpmap), by number. */
const ENCODINGS = Object.freeze([
	"opus",
	"PCMU",
	"PCMA",
	"G722",
	"L16",
	"mpeg4-generic",
	"JPEG",
	"H264",
	"H265",
	"VP8",
	"VP9",
	"AV1",
]);
/** Ticks of the RTP clock a second; 0: as many as samples. Opus has 48,000 whatever its sample rate, G.722 half of its rate. */
const CLOCKS = Object.freeze([48_000, 8000, 8000, 8000, 0, 0, 90_000, 90_000, 90_000, 90_000, 90_000, 90_000]);
/** Channels that a description names; 0: as many as there are. */
const CHANNELS = Object.freeze([2, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]);

/** Any case. @returns the codec of an encoding name, -1: none. */
export function codecOfEncoding(name: string): number {
	const wanted = name.toLowerCase();
	for (let codec = 0; codec < CODECS; codec++) if (ENCODINGS[codec].toLowerCase() === wanted) return codec;
	return -1;
}

export function encodingOf(codec: number): string {
	return ENCODINGS[codec] ?? "";
}

/** Ticks a second; `rate`: samples a second, of sound whose clock it is. */
export function clockOf(codec: number, rate: number): number {
	const clock = CLOCKS[codec];
	return clock > 0 ? clock : rate;
}

/** Channels in a description; `channels`: of sound that says how many. */
export function channelsOf(codec: number, channels: number): number {
	const named = CHANNELS[codec];
	return named > 0 ? named : channels;
}

export function isVideo(codec: number): boolean {
	return codec >= FIRST_VIDEO;
}
