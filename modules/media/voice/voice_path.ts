import type { AudioDecoder, AudioEncoder, AudioSink, AudioSource } from "media/audio/audio";
import type { VoiceSettings } from "media/voice/voice";
import type { MemoryPlan } from "storage/plan";

/** What a {@link VoicePath} is made from; `decoders` are as many as `settings.speakers`. */
export interface VoicePathOptions {
	readonly settings: VoiceSettings;
	/** Where {@link planVoice} has reserved. */
	readonly plan: MemoryPlan;
	readonly source: AudioSource;
	readonly sink: AudioSink;
	readonly encoder: AudioEncoder;
	readonly decoders: readonly AudioDecoder[];
}

/** Reserves what a {@link VoicePath} needs. */
export declare function planVoice(plan: MemoryPlan, settings: VoiceSettings): void;
