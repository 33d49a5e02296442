import type { AudioDecoder, AudioSink } from "media/audio/audio";
import { level, sum } from "media/audio/samples";
import { PercentileDelay } from "media/voice/delay_estimate";
import { InterarrivalDelay } from "media/voice/interarrival_delay";
import { JitterBuffer } from "media/voice/jitter_buffer";
import type { PacketReader } from "media/voice/packet_reader";
import { UNITS_PER_MS } from "media/voice/packet_reader";
import { fingerprint } from "media/voice/signal";
import { Speaker, speakerBytes } from "media/voice/speaker";
import type { VoiceSettings } from "media/voice/voice";
import type { Arena } from "storage/arena";
import { PacketPool } from "storage/pool";

/** Speakers are mixed in pieces of so many ms. */
const PIECE = 10;
/** The sink is filled up to so many ms, and again when so few are left: in between there is one wake-up of a frame of 20 ms. */
const FULL = 30;
const LOW = 10;
/** Pieces mixed at one call, at most: after the device was held up, the rest comes in the next turn. */
const MOST_PIECES = 8;
/** A speaker from whom nothing was heard for so long (ms) is no reason to wake up any more. */
const QUIET_TIME = 300;
/** Root of the mean square from which on somebody is heard, for half duplex: about -45 dBFS. */
const AUDIBLE = 180;
/** One packet of eight is looked at for redundancy. */
const LOOK = 7;
/** Default of {@link VoiceJitter.first}. */
const FIRST_DELAY = 60;

export interface ListenerOptions {
	readonly settings: VoiceSettings;
	readonly arena: Arena;
	/** Even; {@link listenerBytes} long. */
	readonly offset: number;
	readonly sink: AudioSink;
	/** As many as `settings.speakers`. */
	readonly decoders: readonly AudioDecoder[];
	readonly reader: PacketReader;
}

/** Packets that all speakers together may hold: two who talk at once have their full share. */
export function packetsHeld(settings: VoiceSettings): number {
	const { speakers, jitter } = settings;
	return jitter.packets * (speakers < 2 ? speakers : 2) + speakers;
}

function pieceSamples(settings: VoiceSettings): number {
	return (settings.rate / 1000) * PIECE;
}

/** Bytes of a listener's region. */
export function listenerBytes(settings: VoiceSettings): number {
	const samples = pieceSamples(settings) * 2 + settings.speakers * speakerBytes(settings);
	return samples + packetsHeld(settings) * settings.packetBytes;
}

/** Packets of several speakers -> jitter buffers -> decoders -> mixer -> sink. The sink's clock is the one that sound is played by. */
export class Listener {
	// Fields are found one after the other: private ones first, and of those the ones used for each packet.
	readonly #reader: PacketReader;
	readonly #buffer: ArrayBuffer;
	readonly #bytes: Uint8Array;
	/** Speaker whose packet came last. */
	#latest = 0;
	readonly #sink: AudioSink;
	readonly #samples: number;
	/** Samples that the sink should hold. */
	readonly #full: number;
	readonly #mix: number;
	readonly #perMs: number;
	/** Samples of the mixed piece that the sink has not taken yet. */
	#left = 0;
	readonly #settings: VoiceSettings;
	/** The sink takes nothing any more. */
	#broken = false;
	/** Then what was written is played until this moment. */
	#until = 0;
	#playing = false;
	readonly speakers: readonly Speaker[];
	readonly pool: PacketPool;
	/** When `play` should be called, in ms; Infinity: nobody is heard. */
	deadline = Infinity;
	/** When somebody was last heard aloud. */
	heard = -Infinity;
	/** Root of the mean square of what was played last, 0 to 32,768. */
	level = 0;
	/** Speakers for whom there was no place; packets that no block was free for; packets that are none, of strangers; pieces mixed; times that the sink ran dry while somebody spoke. */
	refused = 0;
	overruns = 0;
	damaged = 0;
	pieces = 0;
	dry = 0;

	constructor(options: ListenerOptions) {
		const { settings, arena, offset, sink, decoders } = options;
		const samples = pieceSamples(settings);
		const size = speakerBytes(settings);
		if (decoders.length < settings.speakers) throw new RangeError("listener: a decoder for each speaker");
		if ((offset & 1) !== 0 || offset + listenerBytes(settings) > arena.buffer.byteLength)
			throw new RangeError("listener: region outside of the arena");
		this.#settings = settings;
		this.#buffer = arena.buffer;
		this.#bytes = arena.bytes;
		this.#sink = sink;
		this.#reader = options.reader;
		this.#mix = offset;
		this.#samples = samples;
		this.#perMs = settings.rate / 1000;
		const full = this.#perMs * FULL;
		this.#full = full + samples > sink.capacity ? sink.capacity - samples : full;
		const packets = offset + samples * 2 + settings.speakers * size;
		this.pool = new PacketPool(arena, packets, packetsHeld(settings), settings.packetBytes);
		const speakers: Speaker[] = [];
		for (let i = 0; i < settings.speakers; i++) {
			speakers.push(
				new Speaker({
					settings,
					buffer: arena.buffer,
					bytes: arena.bytes,
					offset: offset + samples * 2 + i * size,
					decoder: decoders[i],
					jitter: this.makeJitter(settings),
				}),
			);
		}
		this.speakers = speakers;
	}

	/** Number of the speaker with a 64-bit key, made or found; -1 when all places are taken by those who spoke lately. */
	speaker(low: number, high: number, now: number): number {
		const { speakers } = this;
		const latest = speakers[this.#latest];
		if (latest.low === low && latest.high === high && latest.taken) return this.#latest;
		const count = speakers.length;
		let place = -1;
		for (let i = 0; i < count; i++) {
			const it = speakers[i];
			if (!it.taken) {
				if (place < 0 || speakers[place].taken) place = i;
			} else if (it.low === low && it.high === high) {
				this.#latest = i;
				return i;
			} else if (
				now - it.heard > this.#settings.silence &&
				(place < 0 || (speakers[place].taken && it.heard < speakers[place].heard))
			)
				place = i;
		}
		if (place < 0) {
			this.refused++;
			return -1;
		}
		if (speakers[place].taken) speakers[place].end();
		speakers[place].begin(low, high, now);
		this.#latest = place;
		return place;
	}

	/** A packet of a speaker; it is copied. `sequence` and `timestamp` are -1 where the protocol has none. */
	receive(speaker: number, offset: number, length: number, now: number, sequence: number, timestamp: number): void {
		const it = this.speakers[speaker];
		if (it === undefined || !it.taken) return;
		const pool = this.pool;
		const jitter = it.jitter;
		const reader = this.#reader;
		const units = length > pool.size ? 0 : reader.duration(offset, length);
		if (units === 0) {
			it.damaged++;
			// Who has sent nothing else yet keeps nobody out.
			if (jitter.counters.received === 0) {
				it.end();
				this.damaged++;
			}
			return;
		}
		it.heard = now;
		let number = sequence;
		let media = timestamp | 0;
		if (timestamp < 0 || sequence < 0) {
			const sequencer = it.sequencer;
			if (sequence >= 0) sequencer.number(sequence, units, now);
			else if (!sequencer.accept(fingerprint(this.#buffer, offset, length), units, now)) return;
			number = sequencer.sequence;
			media = sequencer.media;
		}
		if ((jitter.counters.received & LOOK) === 0 && reader.redundant(offset, length)) jitter.redundant = true;
		if (pool.used === pool.count && !this.makeRoom()) return;
		const block = pool.take();
		this.#bytes.copyWithin(pool.offset(block), offset, offset + length);
		pool.lengths[block] = length;
		if (!jitter.insert(block, number, media, units, now)) pool.release(block);
		else if (this.deadline === Infinity) this.deadline = now;
	}

	/** The speaker's place is free. */
	forget(speaker: number): void {
		const it = this.speakers[speaker];
		if (it?.taken) it.end();
	}

	/** Keeps the sink filled while somebody is heard. It is filled with silence first, as no packet is due yet. */
	play(now: number): void {
		if (this.deadline === Infinity) return;
		let queued = this.queued(now);
		if (this.#playing && queued === 0) this.dry++;
		this.#playing = true;
		for (let i = 0; i < MOST_PIECES && this.write(now) && queued < this.#full; i++) {
			if (this.mixPiece(now + (queued - this.#full) / this.#perMs)) this.heard = now;
			queued += this.#samples;
		}
		if (!this.live(now)) {
			this.#playing = false;
			this.level = 0;
			this.deadline = Infinity;
			return;
		}
		const wait = queued / this.#perMs - LOW;
		this.deadline = now + (wait > 1 ? wait : 1);
	}

	private makeJitter(settings: VoiceSettings): JitterBuffer {
		const { minimum, maximum, packets, limit, interarrival } = settings.jitter;
		const wanted = settings.jitter.first ?? FIRST_DELAY;
		const first = wanted < minimum ? minimum : wanted > maximum ? maximum : wanted;
		const estimate =
			interarrival === undefined ? new PercentileDelay(first, maximum) : new InterarrivalDelay(first, interarrival);
		return new JitterBuffer({ pool: this.pool, packets, minimum, maximum, limit, unitsPerMs: UNITS_PER_MS, estimate });
	}

	/** No block is free: the oldest packet of the speaker who holds most has to go. @returns false when nobody holds one. */
	private makeRoom(): boolean {
		const speakers = this.speakers;
		let most = speakers[0];
		for (let i = 1; i < speakers.length; i++) if (speakers[i].jitter.held > most.jitter.held) most = speakers[i];
		this.overruns++;
		return most.jitter.dropOldest();
	}

	/** Samples that wait to be played. */
	private queued(now: number): number {
		if (!this.#broken) return this.#sink.queued + this.#left;
		const left = (this.#until - now) * this.#perMs;
		return left > 0 ? left : 0;
	}

	/** Mixes one piece. @returns true when somebody is heard in it. */
	private mixPiece(due: number): boolean {
		const speakers = this.speakers;
		const samples = this.#samples;
		const buffer = this.#buffer;
		const mix = this.#mix;
		let sounding = 0;
		let only = 0;
		/* As bits: a speaker's samples may have become fewer than a piece when its delay was set right. */
		let heard = 0;
		for (let i = 0; i < speakers.length; i++) {
			const it = speakers[i];
			if (!it.taken || !it.fill(samples, due)) {
				it.level = 0;
				continue;
			}
			it.level = level(buffer, it.offset, samples);
			sounding++;
			only = i;
			heard |= 1 << i;
		}
		if (sounding > 1) this.sumAll();
		else if (sounding === 0) this.#bytes.fill(0, mix, mix + samples * 2);
		else {
			const from = speakers[only].offset;
			this.#bytes.copyWithin(mix, from, from + samples * 2);
		}
		for (let i = 0; i < speakers.length; i++) if ((heard & (1 << i)) !== 0) speakers[i].played(samples);
		this.#left = samples;
		this.pieces++;
		this.level = sounding === 1 ? this.only() : sounding === 0 ? 0 : level(buffer, mix, samples);
		return this.level >= AUDIBLE;
	}

	/** Adds up all who are heard, clipped once: pair by pair, one would be cut that another takes back. */
	private sumAll(): void {
		const speakers = this.speakers;
		const samples = this.#samples;
		const mix = this.#mix;
		for (let i = 0; i < speakers.length; i++) speakers[i].align(samples);
		sum(this.#buffer, mix + samples * 2, speakerBytes(this.#settings), speakers.length, mix, samples);
	}

	/** Level of the only speaker who is heard. */
	private only(): number {
		const speakers = this.speakers;
		let loudest = 0;
		for (let i = 0; i < speakers.length; i++) if (speakers[i].level > loudest) loudest = speakers[i].level;
		return loudest;
	}

	/** Gives the mixed piece, or what is left of it, to the sink. @returns false when the sink is full. */
	private write(now: number): boolean {
		const left = this.#left;
		if (left === 0) return true;
		if (this.#broken) {
			// Time passes by our own clock, so that packets do not pile up.
			this.#until = (this.#until > now ? this.#until : now) + left / this.#perMs;
			this.#left = 0;
			return true;
		}
		const written = this.#sink.write(this.#buffer, this.#mix + (this.#samples - left) * 2, left);
		if (written < 0) {
			this.#broken = true;
			return this.write(now);
		}
		this.#left = left - written;
		return written === left;
	}

	private live(now: number): boolean {
		const speakers = this.speakers;
		for (let i = 0; i < speakers.length; i++) {
			const it = speakers[i];
			if (it.taken && (it.samples > 0 || !it.jitter.idle || now - it.heard < QUIET_TIME)) return true;
		}
		return false;
	}
}
