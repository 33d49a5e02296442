import type { AudioEncoder, AudioSource } from "media/audio/audio";
import { level } from "media/audio/samples";
import { UNITS_PER_MS } from "media/voice/packet_reader";
import type { VoiceSettings } from "media/voice/voice";
import type { Arena } from "storage/arena";

/** Frames that the talker may be behind its source; what is older is thrown away. */
const MOST_BEHIND = 3;
/** It looks that part of a frame earlier each time, so that it stays at the source's heels: it looks in vain one time in ten. */
const CREEP = 1 / 100;
/** Part of a frame after which it looks again, and how much longer it waits each time. */
const RETRY = 1 / 8;
const PATIENCE = 2;
/** After that long (ms) without a frame the source was away, and the media time goes on by as much. */
const AWAY = 2_000;

export interface TalkerOptions {
	readonly settings: VoiceSettings;
	readonly arena: Arena;
	/** Even; `talkerBytes` long. */
	readonly offset: number;
	readonly source: AudioSource;
	readonly encoder: AudioEncoder;
}

/** Bytes of a talker's region. */
export function talkerBytes(settings: VoiceSettings): number {
	return (settings.rate / 1000) * settings.frame * 2 + settings.headroom + settings.packetBytes;
}

/**
 * Source -> encoder -> packet, one frame at a time. It never is more than three frames behind its source, and it looks for a frame
 * when there should be one: `deadline`.
 */
export class Talker {
	/** Where the packet lies that `next` gave; `settings.headroom` bytes before it are free. */
	readonly offset: number;
	/** Of that packet: number (16 bits), and media time of its first sample in 1/48,000 s (32 bits). */
	sequence = -1;
	timestamp = 0;
	/** Push to talk. */
	talking = true;
	/** Half duplex: somebody else is heard. */
	muted = false;
	/** When `next` should be called, in ms. Infinity: there is nothing to be sent. */
	deadline = Infinity;
	/** The source has ended. */
	ended = false;
	/** Root of the mean square of the last frame, 0 to 32,768. */
	level = 0;
	/** Frames taken from the source; packets made; frames that the encoder left out (DTX), that were not to be sent, that were too late, that failed. */
	frames = 0;
	packets = 0;
	quiet = 0;
	withheld = 0;
	skipped = 0;
	failed = 0;
	/** How often the source could not be opened. */
	missing = 0;
	readonly #buffer: ArrayBuffer;
	readonly #source: AudioSource;
	readonly #encoder: AudioEncoder;
	readonly #pcm: number;
	readonly #samples: number;
	readonly #limit: number;
	readonly #frame: number;
	#retry = 0;
	#units = 0;
	/** When the last frame was taken; -1: none yet. */
	#taken = -1;
	#began = false;

	constructor(options: TalkerOptions) {
		const { settings, arena, offset } = options;
		const samples = (settings.rate / 1000) * settings.frame;
		if (offset + talkerBytes(settings) > arena.buffer.byteLength || (offset & 1) !== 0)
			throw new RangeError("talker: region outside of the arena");
		this.#buffer = arena.buffer;
		this.#source = options.source;
		this.#encoder = options.encoder;
		this.#pcm = offset;
		this.#samples = samples;
		this.#limit = settings.packetBytes;
		this.#frame = settings.frame;
		this.offset = offset + samples * 2 + settings.headroom;
	}

	/** From `now` on its source is looked at, which was started. */
	start(now: number): void {
		this.#retry = this.#frame * RETRY;
		this.ended = false;
		this.#began = true;
		this.deadline = now;
	}

	stop(): void {
		this.deadline = Infinity;
		this.level = 0;
	}

	/** Takes a frame when it is time for one. @returns bytes of its packet at `offset`, 0: nothing is to be sent; `deadline` then says when to ask again, at once perhaps. */
	next(now: number): number {
		if (now < this.deadline) return 0;
		const behind = now - this.deadline;
		if (!this.take(now)) return 0;
		if (behind > MOST_BEHIND * this.#frame) {
			this.skipped++;
			return 0;
		}
		return this.encode();
	}

	/** Reads a frame of samples. */
	private take(now: number): boolean {
		const samples = this.#samples;
		const count = this.#source.read(this.#buffer, this.#pcm, samples);
		if (count < 0) {
			this.ended = true;
			this.stop();
			return false;
		}
		const frame = this.#frame;
		if (count < samples) {
			const retry = this.#retry;
			this.#retry = retry * PATIENCE < frame ? retry * PATIENCE : frame;
			this.deadline = now + retry;
			return false;
		}
		this.#retry = frame * RETRY;
		this.frames++;
		this.deadline += frame * (1 - CREEP);
		this.goOn(now);
		this.#units = (this.#units + frame * UNITS_PER_MS) | 0;
		this.level = level(this.#buffer, this.#pcm, samples);
		return true;
	}

	/** A frame was taken: when none was for a while, the media time went on. */
	private goOn(now: number): void {
		const frame = this.#frame;
		const passed = now - this.#taken;
		if (this.#taken >= 0 && (this.#began || passed > AWAY)) {
			const frames = Math.round(passed / frame) - 1;
			if (frames > 0) this.#units = (this.#units + frames * frame * UNITS_PER_MS) | 0;
		}
		this.#began = false;
		this.#taken = now;
	}

	private encode(): number {
		if (!this.talking || this.muted) {
			this.withheld++;
			return 0;
		}
		const length = this.#encoder.encode(this.#buffer, this.#pcm, this.#samples, this.offset, this.#limit);
		if (length < 0) {
			this.failed++;
			return 0;
		}
		if (length === 0) {
			this.quiet++;
			return 0;
		}
		this.packets++;
		this.sequence = (this.sequence + 1) & 0xffff;
		this.timestamp = (this.#units - this.#frame * UNITS_PER_MS) | 0;
		return length;
	}
}
