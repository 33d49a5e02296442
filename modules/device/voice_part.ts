import type { AudioConfig } from "device/config";
import type { Part } from "device/part";
import type { Logger } from "host/logger";
import type { AudioDecoder } from "media/audio/audio";
import { GainSink } from "media/audio/gain_sink";
import { openSink, openSource, planSound } from "media/audio/open";
import { OpusDecoder, OpusEncoder, opusDecoderBytes, opusEncoderBytes } from "media/audio/opus";
import type { VoiceSettings } from "media/voice/voice";
import { planVoice, VoicePath } from "media/voice/voice_path";
import { VoiceShare } from "media/voice/voice_share";
import type { MemoryPlan } from "storage/plan";
import { monotonic } from "time/clock";
import type { Figures } from "wire/figures";

/** The longest packet (ms) that is played: what Fletcher sends itself, and nearly everybody else. */
const LONGEST = 60;
/** Half duplex: how long (ms) nothing is sent after somebody was heard. */
const HANGOVER = 300;
/** A speaker who was silent for that long (ms) gives up its place. */
const SILENCE = 2000;
/** Bytes of the figures at most: those of the device's own voice, and of each speaker. */
const FIXED_BYTES = 400;
const SPEAKER_BYTES = 600;

const PLAN_SHARED = "voice, for a second protocol";

/** What packets must fit into, as the protocol that carries them says. */
export interface VoiceFraming {
	readonly packetBytes: number;
	readonly headroom: number;
}

/** Bytes of the figures with so many speakers, at most. */
export function voiceFiguresBytes(speakers: number): number {
	return FIXED_BYTES + SPEAKER_BYTES * speakers;
}

function voiceSettings(audio: AudioConfig, framing: VoiceFraming): VoiceSettings {
	const { rate, frame, speakers, jitter, halfDuplex } = audio;
	const { packetBytes, headroom } = framing;
	return {
		rate,
		frame,
		longest: LONGEST,
		speakers,
		packetBytes,
		headroom,
		jitter,
		halfDuplex,
		hangover: HANGOVER,
		silence: SILENCE,
	};
}

/** Reserves what a {@link VoicePart} needs; `shared`: two protocols carry it. @throws RangeError naming the key that does not go with another one. */
export function planVoicePart(plan: MemoryPlan, audio: AudioConfig, framing: VoiceFraming, shared = false): void {
	const { minimum, maximum } = audio.jitter;
	if (minimum > maximum) throw new RangeError("audio.jitter.minimum: must not be above audio.jitter.maximum, is " + minimum);
	planSound(plan, audio);
	planVoice(plan, voiceSettings(audio, framing));
	if (shared) plan.reserve(PLAN_SHARED, framing.headroom + framing.packetBytes, "");
	plan.note("voice encoder", opusEncoderBytes(), "");
	plan.note("voice decoders", opusDecoderBytes() * audio.speakers, "audio.speakers");
}

/** The device's voice: microphone, codec, the voices of others, loudspeaker. Made at boot, started once, before the protocol that carries it. */
export class VoicePart implements Part {
	readonly voice: VoicePath;
	readonly #framing: VoiceFraming;

	/** @throws Error naming the key whose device or file is of no use. */
	constructor(audio: AudioConfig, framing: VoiceFraming, plan: MemoryPlan, log: Logger) {
		const { rate, frame, bitrate, complexity, fec, dtx, expectedLoss } = audio;
		this.#framing = framing;
		const decoders: AudioDecoder[] = [];
		for (let i = 0; i < audio.speakers; i++) decoders.push(new OpusDecoder(rate));
		const sink = openSink(audio, monotonic);
		this.voice = new VoicePath({
			settings: voiceSettings(audio, framing),
			plan,
			source: openSource(audio, plan, monotonic),
			sink: audio.gain === 1 ? sink : new GainSink(sink, audio.gain),
			encoder: new OpusEncoder({ rate, frame, bitrate, complexity, fec, dtx, expectedLoss }),
			decoders,
			log,
		});
	}

	/** The voice for two protocols; once, with a plan that was told so. */
	share(plan: MemoryPlan): VoiceShare {
		const { headroom, packetBytes } = this.#framing;
		return new VoiceShare(this.voice, plan.allocate(), plan.offset(PLAN_SHARED), headroom, packetBytes);
	}

	/** Begins to play; sound is taken when there is somebody to send it to. @throws Error naming the device or file that cannot be used. */
	start(): void {
		this.voice.start();
	}

	close(): void {
		this.voice.close();
	}

	writeFigures(figures: Figures): void {
		this.voice.writeFigures(figures);
	}
}
