import type { AudioSink, AudioSource } from "media/audio/audio";
import { deviceBytes } from "media/audio/device";
import { DeviceSink } from "media/audio/device_sink";
import { DEVICE_BUFFER, DeviceSource } from "media/audio/device_source";
import { deviceName, Sound, soundKind, soundLoops, soundPath, toneFrequency } from "media/audio/names";
import { NullSink } from "media/audio/null_sink";
import { NullSource } from "media/audio/null_source";
import type { Clock } from "media/audio/pace";
import { ToneSource } from "media/audio/tone_source";
import { WavSink } from "media/audio/wav_sink";
import { WavSource, wavSourceBytes } from "media/audio/wav_source";
import type { MemoryPlan } from "storage/plan";

/** A quarter of the loudest. */
const TONE_AMPLITUDE = 8192;
const INPUT = "sound input";

export interface SoundSettings {
	/** As `audio.input` and `audio.output` of the configuration. */
	readonly input: string;
	readonly output: string;
	/** Samples a second. */
	readonly rate: number;
}

/** Reserves what {@link openSource} and {@link openSink} will need. */
export function planSound(plan: MemoryPlan, settings: SoundSettings): void {
	const buffered = Math.ceil((2 * settings.rate * DEVICE_BUFFER) / 1000);
	if (soundKind(settings.input) === Sound.WAV) plan.reserve(INPUT, wavSourceBytes(settings.rate), "audio.input");
	if (soundKind(settings.input) === Sound.DEVICE) plan.note("microphone", deviceBytes() + buffered, "audio.input");
	if (soundKind(settings.output) === Sound.DEVICE) plan.note("loudspeaker", deviceBytes() + buffered, "audio.output");
}

/** Makes the source of `audio.input`; it is not started. @throws Error naming the key. */
export function openSource(settings: SoundSettings, plan: MemoryPlan, clock: Clock): AudioSource {
	const text = settings.input;
	const rate = settings.rate;
	switch (soundKind(text)) {
		case Sound.NULL:
			return new NullSource();
		case Sound.TONE:
			return new ToneSource(toneFrequency(text), TONE_AMPLITUDE, rate, clock);
		case Sound.DEVICE:
			return new DeviceSource(deviceName(text), rate, clock);
		case Sound.WAV:
			return new WavSource({ path: soundPath(text), rate, loop: soundLoops(text), offset: plan.offset(INPUT), clock });
		default:
			throw new Error("audio.input: " + text + " is no source of sound");
	}
}

/** Makes the sink of `audio.output`; it is not started. @throws Error naming the key. */
export function openSink(settings: SoundSettings, clock: Clock): AudioSink {
	const text = settings.output;
	switch (soundKind(text)) {
		case Sound.NULL:
			return new NullSink(settings.rate, clock);
		case Sound.DEVICE:
			return new DeviceSink(deviceName(text), settings.rate, clock);
		case Sound.WAV:
			if (!soundLoops(text)) return new WavSink({ path: text, rate: settings.rate, clock });
			break;
	}
	throw new Error("audio.output: " + text + " is nothing that plays");
}
