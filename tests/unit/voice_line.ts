import type { AudioDecoder, AudioSink } from "media/audio/audio";
import { tone } from "media/audio/samples";
import { Listener, listenerBytes } from "media/voice/listener";
import { OpusReader } from "media/voice/packet_reader";
import type { VoiceSettings } from "media/voice/voice";
import { Arena } from "storage/arena";

/** A sender, a network and a listener with a sink, each on a clock of its own, in simulated time: minutes pass in milliseconds. */

/** First bytes of Opus packets of one SILK frame: 10, 20, 40, 60 ms. */
const TOC: Record<number, number> = Object.freeze({ 10: 0x40, 20: 0x48, 40: 0x50, 60: 0x58 });
const PACKET = 40;
const FLYING = 16;
const LARGEST = 504;
/** No whole number of periods fits into a frame: a frame that is missing, or that begins anew, is a step. */
export const PITCH = 211;

export const SETTINGS: VoiceSettings = Object.freeze({
	rate: 8000,
	frame: 20,
	longest: 60,
	speakers: 1,
	packetBytes: 64,
	headroom: 12,
	jitter: Object.freeze({ minimum: 10, maximum: 200, packets: 12 }),
	halfDuplex: false,
	hangover: 500,
	silence: 3000,
});

/** Numbers that look random and are the same each time. */
export class Dice {
	#state: number;

	constructor(seed: number) {
		this.#state = seed | 0 || 1;
	}

	/** 0 to below 1. */
	fraction(): number {
		let x = this.#state;
		x ^= x << 13;
		x ^= x >>> 17;
		x ^= x << 5;
		this.#state = x;
		return (x >>> 0) / 4294967296;
	}
}

/** A decoder whose packets hold their number: it gives a tone that goes on from packet to packet. */
export class ToneDecoder implements AudioDecoder {
	decoded = 0;
	concealed = 0;
	recovered = 0;
	resets = 0;
	closed = false;
	/** Number of the last packet, and packets that came in a wrong order. */
	last = -1;
	disorder = 0;
	readonly #view: DataView;
	readonly #rate: number;
	readonly #reader: OpusReader;
	#phase = 0;

	constructor(arena: Arena, rate: number) {
		this.#view = arena.view;
		this.#rate = rate;
		this.#reader = new OpusReader(arena.bytes);
	}

	decode(buffer: ArrayBuffer, from: number, length: number, to: number, limit: number): number {
		const samples = (this.#reader.duration(from, length) * this.#rate) / 48000;
		if (samples > limit || length !== PACKET) return -1;
		const number = this.#view.getInt32(from + 4);
		if (number <= this.last) this.disorder++;
		this.last = number;
		this.decoded++;
		return this.#write(buffer, to, samples);
	}

	conceal(buffer: ArrayBuffer, from: number, length: number, to: number, samples: number): number {
		this.concealed++;
		if (length > 0 && this.#view.getInt32(from + 4) > this.last) this.recovered++;
		return this.#write(buffer, to, samples);
	}

	#write(buffer: ArrayBuffer, to: number, samples: number): number {
		this.#phase = tone(buffer, to, samples, this.#phase, PITCH / this.#rate, 8000);
		return samples;
	}

	reset(): void {
		this.resets++;
		this.last = -1;
	}

	close(): void {
		this.closed = true;
	}
}

/** A sink that plays by the simulated clock, at a rate that may be a little off. */
export class ClockedSink implements AudioSink {
	readonly capacity: number;
	starved = 0;
	written = 0;
	closed = false;
	error = "";
	/** It takes nothing any more. */
	broken = false;
	readonly #perMs: number;
	#held = 0;
	#at = 0;
	/** Takes everything that is written, when set. */
	onWrite: ((buffer: ArrayBuffer, offset: number, samples: number) => void) | undefined;

	constructor(rate: number, capacity: number) {
		this.#perMs = rate / 1000;
		this.capacity = capacity;
	}

	start(): void {}

	pass(now: number): void {
		const played = (now - this.#at) * this.#perMs;
		this.#at = now;
		if (played <= this.#held) {
			this.#held -= played;
			return;
		}
		this.starved += played - this.#held;
		this.#held = 0;
	}

	get queued(): number {
		return this.#held | 0;
	}

	write(buffer: ArrayBuffer, offset: number, samples: number): number {
		if (this.broken) return -1;
		const room = (this.capacity - this.#held) | 0;
		const count = samples < room ? samples : room;
		this.onWrite?.(buffer, offset, count);
		this.#held += count;
		this.written += count;
		return count;
	}

	close(): void {
		this.closed = true;
	}
}

export interface LineOptions {
	readonly settings?: VoiceSettings;
	/** Packets bring numbers and media times. Default true. */
	readonly numbered?: boolean;
	readonly loss?: number;
	/** Delay of a packet: from 20 ms to that much more. */
	readonly jitter?: number;
	/** Packets stay in order whatever their delays. Default false. */
	readonly ordered?: boolean;
	readonly duplicates?: number;
	/** By how many millionths the sender's clock and the sink's are fast. */
	readonly drift?: number;
	readonly sinkDrift?: number;
	readonly seed?: number;
	readonly first?: number;
	/** Default: a {@link ToneDecoder}. */
	readonly decoder?: (arena: Arena) => AudioDecoder;
	/** Writes the sender's next packet of at most `LARGEST` bytes to an offset of the arena, or 0 for none. Default: one for the {@link ToneDecoder}. */
	readonly make?: (line: Line, offset: number) => number;
	/** More of the arena, behind the line's own. */
	readonly more?: number;
}

export class Line {
	readonly arena: Arena;
	readonly listener: Listener;
	readonly decoder: ToneDecoder;
	readonly sink: ClockedSink;
	/** Where `LineOptions.more` begins. */
	readonly more: number;
	now = 1000;
	loss: number;
	jitter: number;
	duplicates: number;
	/** The sender is silent, or its packets go nowhere. */
	paused = false;
	cut = false;
	/** What the network did. */
	sent = 0;
	lost = 0;
	copied = 0;
	/** Number and media time of the sender's next packet. */
	number: number;
	media = 0x7fff0000;
	frame: number;
	readonly #numbered: boolean;
	readonly #ordered: boolean;
	readonly #tick: number;
	readonly #dice: Dice;
	readonly #make: ((line: Line, offset: number) => number) | undefined;
	readonly #packet: number;
	readonly #lengths = new Int32Array(FLYING);
	readonly #due = new Float64Array(FLYING);
	readonly #numbers = new Int32Array(FLYING);
	readonly #medias = new Int32Array(FLYING);
	#serial = 0;
	#nextSend = 1000;
	#latest = 0;

	constructor(options: LineOptions) {
		const settings = options.settings ?? SETTINGS;
		const size = listenerBytes(settings);
		const own = size + LARGEST * (FLYING + 1);
		this.arena = new Arena(own + (options.more ?? 0));
		this.more = own;
		this.#packet = size;
		this.#make = options.make;
		this.decoder = new ToneDecoder(this.arena, settings.rate);
		this.sink = new ClockedSink(settings.rate * (1 + (options.sinkDrift ?? 0) / 1e6), settings.rate / 5);
		this.listener = new Listener({
			settings,
			arena: this.arena,
			offset: 0,
			sink: this.sink,
			decoders: [options.decoder?.(this.arena) ?? this.decoder],
			reader: new OpusReader(this.arena.bytes),
		});
		this.loss = options.loss ?? 0;
		this.jitter = options.jitter ?? 0;
		this.duplicates = options.duplicates ?? 0;
		this.number = options.first ?? 65500;
		this.frame = settings.frame;
		this.#numbered = options.numbered ?? true;
		this.#ordered = options.ordered ?? false;
		this.#tick = settings.frame / (1 + (options.drift ?? 0) / 1e6);
		this.#dice = new Dice(options.seed ?? 12345);
		this.#due.fill(Infinity);
		this.listener.speaker(1, 2, this.now);
	}

	/** Lets simulated time pass. */
	run(ms: number): void {
		const end = this.now + ms;
		for (;;) {
			let at = this.#nextSend;
			let flying = -1;
			for (let i = 0; i < FLYING; i++)
				if ((this.#due[i] as number) < at) {
					at = this.#due[i] as number;
					flying = i;
				}
			const playing = this.listener.deadline <= at;
			if (playing) at = this.listener.deadline;
			if (at > end) break;
			if (at > this.now) this.now = at;
			this.sink.pass(this.now);
			if (playing) this.listener.play(this.now);
			else if (flying >= 0) this.#arrive(flying);
			else this.#send();
		}
		this.now = end;
		this.sink.pass(end);
	}

	#send(): void {
		this.#nextSend += this.#tick;
		const number = this.number;
		const media = this.media;
		this.media = (media + this.frame * 48) | 0;
		if (this.paused) return;
		this.number = (number + 1) & 0xffff;
		this.sent++;
		const packet = this.#packet;
		const length = this.#make ? this.#make(this, packet) : this.#makeTone();
		if (length <= 0) return;
		if (this.cut || this.#dice.fraction() < this.loss) {
			this.lost++;
			return;
		}
		this.#fly(number, media, length);
		if (this.#dice.fraction() < this.duplicates) {
			this.copied++;
			this.#fly(number, media, length);
		}
	}

	#fly(number: number, media: number, length: number): void {
		let due = this.now + 20 + this.#dice.fraction() * this.jitter;
		if (this.#ordered && due <= this.#latest) due = this.#latest + 0.01;
		this.#latest = due;
		for (let i = 0; i < FLYING; i++)
			if (this.#due[i] === Infinity) {
				this.#due[i] = due;
				this.#numbers[i] = number;
				this.#medias[i] = media;
				this.#lengths[i] = length;
				this.arena.bytes.copyWithin(this.#flight(i), this.#packet, this.#packet + length);
				return;
			}
	}

	#flight(flying: number): number {
		return this.#packet + LARGEST * (flying + 1);
	}

	#arrive(flying: number): void {
		this.#due[flying] = Infinity;
		const number = this.#numbered ? (this.#numbers[flying] as number) : -1;
		const media = this.#numbered ? (this.#medias[flying] as number) >>> 0 : -1;
		this.listener.receive(0, this.#flight(flying), this.#lengths[flying] as number, this.now, number, media);
	}

	#makeTone(): number {
		const packet = this.#packet;
		const serial = ++this.#serial;
		this.arena.bytes[packet] = TOC[this.frame] as number;
		this.arena.view.setInt32(packet + 4, serial);
		this.arena.view.setInt32(packet + 8, (serial * 2654435761) | 0);
		return PACKET;
	}

	get jitterBuffer() {
		return this.listener.speakers[0].jitter;
	}
}
