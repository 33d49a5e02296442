/** What `audio.input` and `audio.output` may say. */
export const Sound = Object.freeze({
	/** None of the others. */
	UNKNOWN: 0,
	/** "null": nothing, or nobody. */
	NULL: 1,
	/** "tone:440": a sine of so many Hz, a whole number. Input only. */
	TONE: 2,
	/** "alsa:default": a device of the host. */
	DEVICE: 3,
	/** A path that ends in ".wav"; "loop:PATH" plays it for ever. */
	WAV: 4,
} as const);

const TONE = "tone:";
const DEVICE = "alsa:";
const LOOP = "loop:";
const WAV = ".wav";
/** Half of the lowest sample rate. */
const HIGHEST_TONE = 4000;
/** What the driver takes as a name. */
const LONGEST_DEVICE = 63;

/** Which of {@link Sound} a text names. */
export function soundKind(text: string): number {
	if (text === "null") return Sound.NULL;
	if (text.startsWith(TONE)) {
		const frequency = toneFrequency(text);
		/* As a person writes it: not "1e3", not "0440". */
		const plain = Number.isInteger(frequency) && text === TONE + frequency;
		return plain && frequency >= 1 && frequency <= HIGHEST_TONE ? Sound.TONE : Sound.UNKNOWN;
	}
	if (text.startsWith(DEVICE)) {
		const length = text.length - DEVICE.length;
		return length >= 1 && length <= LONGEST_DEVICE ? Sound.DEVICE : Sound.UNKNOWN;
	}
	const path = soundPath(text);
	return path.length > WAV.length && path.toLowerCase().endsWith(WAV) ? Sound.WAV : Sound.UNKNOWN;
}

/** Hz of a tone. */
export function toneFrequency(text: string): number {
	return Number(text.slice(TONE.length));
}

export function deviceName(text: string): string {
	return text.slice(DEVICE.length);
}

/** Path of a file, without "loop:". */
export function soundPath(text: string): string {
	return soundLoops(text) ? text.slice(LOOP.length) : text;
}

export function soundLoops(text: string): boolean {
	return text.startsWith(LOOP);
}
