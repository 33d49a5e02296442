import type { AudioDecoder } from "media/audio/audio";
import { gain, UNITY } from "media/audio/samples";
import type { JitterBuffer } from "media/voice/jitter_buffer";
import { TAKE_CONCEAL, TAKE_NOTHING } from "media/voice/jitter_buffer";
import { ArrivalSequencer } from "media/voice/arrival_sequencer";
import { UNITS_PER_MS } from "media/voice/packet_reader";
import { stretch } from "media/voice/signal";
import type { VoiceSettings } from "media/voice/voice";

/** Made-up sound fades out over that time, in ms, and what comes after it fades in over this one. */
const FADE_OUT = 100;
const FADE_IN = 5;
/** The stream may be made shorter or longer once in that time, in ms, unless it is far off. */
const CALM = 60;
const FAR = 40;
/** How alike two periods must be for it, in hundredths: when it is a little off, more, far off. */
const ALIKE_LITTLE = 88;
const ALIKE_MORE = 60;
const MORE = 20;
/** The longest piece that stretching adds, and the longest that is left over from a packet, in ms. */
const ROOM = 20;

export interface SpeakerOptions {
	readonly settings: VoiceSettings;
	readonly buffer: ArrayBuffer;
	readonly bytes: Uint8Array;
	/** Even; {@link speakerBytes} long. */
	readonly offset: number;
	readonly decoder: AudioDecoder;
	readonly jitter: JitterBuffer;
}

/** Bytes of a speaker's samples: its longest packet, and what stretching adds. */
export function speakerBytes(settings: VoiceSettings): number {
	return (settings.rate / 1000) * (settings.longest + ROOM) * 2;
}

/** One who is heard: jitter buffer, decoder, and the samples of the packet that is played now. */
export class Speaker {
	// Fields are found one after the other: private ones first, and of those the ones used for each packet.
	readonly #buffer: ArrayBuffer;
	readonly #bytes: Uint8Array;
	readonly #start: number;
	readonly #rate: number;
	/** Samples that fit. */
	readonly #room: number;
	readonly #decoder: AudioDecoder;
	/** Milliseconds of sound made up in a row, and until it may be stretched again. */
	#made = 0;
	#calm = 0;
	taken = false;
	/** Its key, and whether the place is given to anybody. */
	low = 0;
	high = 0;
	/** When a packet came, in ms. */
	heard = 0;
	/** Offset of its next samples, and how many there are. */
	offset: number;
	samples = 0;
	readonly jitter: JitterBuffer;
	readonly sequencer = new ArrivalSequencer(UNITS_PER_MS);
	/** Root of the mean square of what was played last, 0 to 32,768: the listener's to set. */
	level = 0;
	/** Packets that could not be decoded, or were none; copies are counted by `sequencer`. */
	damaged = 0;
	/** Samples taken away and added to set the delay right. */
	shortened = 0;
	lengthened = 0;

	constructor(options: SpeakerOptions) {
		const { settings, buffer, offset } = options;
		const size = speakerBytes(settings);
		if ((offset & 1) !== 0 || offset + size > buffer.byteLength) throw new RangeError("speaker: region outside of the arena");
		this.#buffer = buffer;
		this.#bytes = options.bytes;
		this.#start = offset;
		this.#room = size / 2;
		this.#rate = settings.rate;
		this.#decoder = options.decoder;
		this.jitter = options.jitter;
		this.offset = offset;
	}

	/** The place is given to a new speaker. */
	begin(low: number, high: number, now: number): void {
		this.low = low;
		this.high = high;
		this.taken = true;
		this.heard = now;
		this.damaged = 0;
		this.shortened = 0;
		this.lengthened = 0;
		this.sequencer.reset();
		this.jitter.reset();
	}

	/** The place is free. */
	end(): void {
		this.taken = false;
		this.level = 0;
		this.samples = 0;
		this.jitter.clear();
	}

	/** Sees to it that `wanted` samples are at `offset`, the first of which will be played at `due`. @returns false: it is silent. */
	fill(wanted: number, due: number): boolean {
		if (this.samples >= wanted) return true;
		this.compact();
		do {
			while (this.samples < wanted) {
				if (this.add(due + (this.samples * 1000) / this.#rate)) continue;
				if (this.samples === 0) return false;
				this.finish(wanted);
				return true;
			}
			if (this.jitter.adjust !== 0) this.adjust();
			// What is shorter now than it must be takes one more packet: fewer samples than are played would be counted below none.
		} while (this.samples < wanted);
		return true;
	}

	/** `count` samples were played. */
	played(count: number): void {
		this.offset += count * 2;
		this.samples -= count;
		this.#calm -= (count * 1000) / this.#rate;
	}

	/** For a mix of several: what is played next lies at the start of the region, or silence does. */
	align(wanted: number): void {
		if (this.samples === 0) this.#bytes.fill(0, this.#start, this.#start + wanted * 2);
		else this.compact();
	}

	private compact(): void {
		if (this.offset === this.#start) return;
		this.#bytes.copyWithin(this.#start, this.offset, this.offset + this.samples * 2);
		this.offset = this.#start;
	}

	/** Appends the next packet's samples. @returns false: nothing is to be played. */
	private add(due: number): boolean {
		const jitter = this.jitter;
		const what = jitter.take(due);
		if (what === TAKE_NOTHING) {
			this.#made = FADE_OUT;
			return false;
		}
		const to = this.offset + this.samples * 2;
		const limit = this.#room - this.samples;
		if (jitter.restarted) {
			jitter.restarted = false;
			this.#decoder.reset();
			this.#made = FADE_OUT;
		}
		if (what === TAKE_CONCEAL) {
			this.conceal(to, limit);
			return true;
		}
		const count = this.#decoder.decode(this.#buffer, jitter.offset, jitter.length, to, limit);
		if (count <= 0) {
			this.damaged++;
			jitter.length = 0;
			this.conceal(to, limit);
			return true;
		}
		this.samples += count;
		if (this.#made > 0) this.fadeIn(to, count);
		return true;
	}

	private conceal(to: number, limit: number): void {
		const { jitter } = this;
		const wanted = (jitter.units * this.#rate) / (UNITS_PER_MS * 1000);
		const count = wanted < limit ? wanted : limit;
		const got = this.#decoder.conceal(this.#buffer, jitter.offset, jitter.length, to, count);
		if (got < count) this.#bytes.fill(0, to + (got < 0 ? 0 : got) * 2, to + count * 2);
		this.samples += count;
		// A frame that the packet behind it brings is no guess.
		if (jitter.length > 0) {
			if (this.#made > 0) this.fadeIn(to, count);
			return;
		}
		const before = this.#made;
		this.#made = before + (count * 1000) / this.#rate;
		gain(this.#buffer, to, count, this.loudness(before), this.loudness(this.#made));
	}

	/** What is left of made-up sound after so many ms. */
	private loudness(made: number): number {
		return made >= FADE_OUT ? 0 : (UNITY * (1 - made / FADE_OUT)) | 0;
	}

	private fadeIn(to: number, count: number): void {
		const wanted = (this.#rate * FADE_IN) / 1000;
		gain(this.#buffer, to, count < wanted ? count : wanted, this.loudness(this.#made), UNITY);
		this.#made = 0;
	}

	/** The last samples before a silence: they fade out, and silence fills up what is wanted. */
	private finish(wanted: number): void {
		const end = this.offset + this.samples * 2;
		gain(this.#buffer, this.offset, this.samples, UNITY, 0);
		this.#bytes.fill(0, end, end + (wanted - this.samples) * 2);
		this.samples = wanted;
	}

	private adjust(): void {
		const { adjust, excess } = this.jitter;
		if (this.#calm > 0 && excess < FAR) return;
		const alike = excess > FAR ? 0 : excess > MORE ? ALIKE_MORE : ALIKE_LITTLE;
		const samples = this.samples;
		if (adjust > 0 && this.#room - samples < (this.#rate * ROOM) / 2000) return;
		const change = stretch(this.#buffer, this.offset, samples, this.#rate, adjust, alike);
		if (change === 0) return;
		this.samples = samples + change;
		if (change < 0) this.shortened -= change;
		else this.lengthened += change;
		this.#calm = CALM;
	}
}
