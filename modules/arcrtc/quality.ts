import { PRIORITY_AUDIO, PRIORITY_DELTA, PRIORITY_DROPPABLE, PRIORITY_KEY } from "arcrtc/constants";

/** Levels of quality, best first (section 2.10): their names, and what each asks of video and audio. */
export const LEVELS = Object.freeze(["ultra", "high", "medium", "low", "very_low"]);
export const LEVEL_WIDTHS = Object.freeze([1920, 1920, 1280, 854, 640]);
export const LEVEL_HEIGHTS = Object.freeze([1080, 1080, 720, 480, 360]);
export const LEVEL_RATES = Object.freeze([60, 30, 30, 30, 24]);
/** Bits a second. */
export const LEVEL_VIDEO_BITS = Object.freeze([5_000_000, 3_000_000, 1_500_000, 800_000, 400_000]);
export const LEVEL_AUDIO_BITS = Object.freeze([192_000, 128_000, 96_000, 64_000, 48_000]);
/** Map of a stream that brings none: numbers of `LEVELS`. */
export const DEFAULT_QUALITY_MAP: readonly number[] = Object.freeze([1, 2, 3, 4]);

/** Q and RQ have two bits. */
const LONGEST_MAP = 4;
/** R goes with so many full packets. */
const REPEATS = 3;

/** A `quality_map` of signalling as numbers of {@link LEVELS}; undefined: it is no list of 1 to 4 of the names, best first, each once. */
export function qualityMap(names: readonly unknown[]): readonly number[] | undefined {
	if (names.length < 1 || names.length > LONGEST_MAP) return undefined;
	const map: number[] = [];
	let last = -1;
	for (let i = 0; i < names.length; i++) {
		const level = LEVELS.indexOf(names[i] as string);
		if (level <= last) return undefined;
		last = level;
		map.push(level);
	}
	return Object.freeze(map);
}

/** Level of a Q or RQ; an index past the end means the last name. */
export function levelOf(map: readonly number[], quality: number): number {
	return map[quality < map.length ? quality : map.length - 1];
}

/** Q of a level: that of the nearest one in the map that is not better, else of its last. */
export function qualityOf(map: readonly number[], level: number): number {
	for (let i = 0; i < map.length; i++) if (map[i] >= level) return i;
	return map.length - 1;
}

/** Priority of a video packet (section 2.2). @param droppable nothing builds on its frame. */
export function videoPriority(key: boolean, droppable: boolean): number {
	return key ? PRIORITY_KEY : droppable ? PRIORITY_DROPPABLE : PRIORITY_DELTA;
}

/** Priority of an audio packet. @param redundant it repeats what others bring. */
export function audioPriority(redundant: boolean): number {
	return redundant ? PRIORITY_DROPPABLE : PRIORITY_AUDIO;
}

/**
 * Quality of one outgoing stream: what the peer asks for by RQ, what the device's own judgement asks for, and what its packets are. A
 * request takes effect at the next frame that can be encoded so, without signalling; Q of a packet is that of its own encoding.
 */
export class StreamQuality {
	readonly map: readonly number[];
	/** Q of the packets that are made now. */
	quality: number;
	/** Best Q that the peer wants, and best one that the device thinks the network bears. */
	#asked = 0;
	#allowed = 0;
	/** Changes of Q since the stream began. */
	changes = 0;

	constructor(map: readonly number[] = DEFAULT_QUALITY_MAP, quality = 0) {
		this.map = map;
		this.quality = this.clamp(quality);
	}

	/** An authenticated packet of the peer asked for RQ. */
	asked(requested: number): void {
		this.#asked = this.clamp(requested);
	}

	/** Adaptation allows no better Q than this. */
	allow(quality: number): void {
		this.#allowed = this.clamp(quality);
	}

	/** Q that is wanted; the worse of both. */
	get wanted(): number {
		return this.#asked > this.#allowed ? this.#asked : this.#allowed;
	}

	/** Level of {@link LEVELS} that the encoder should be set to before its next frame; -1: it is. */
	get change(): number {
		const wanted = this.wanted;
		return wanted === this.quality ? -1 : levelOf(this.map, wanted);
	}

	/**
	 * A frame begins. @param switches it is encoded as `change` asked: for video a key frame, for audio any. @returns Q of its packets.
	 */
	frame(switches: boolean): number {
		const wanted = this.wanted;
		if (switches && wanted !== this.quality) {
			this.quality = wanted;
			this.changes++;
		}
		return this.quality;
	}

	private clamp(quality: number): number {
		const last = this.map.length - 1;
		return quality < 0 ? 0 : quality > last ? last : quality;
	}
}

/** Wish for another quality of the peer's stream: R and RQ in full packets of ours, until its packets show it, or three have gone. */
export class QualityRequest {
	/** RQ of the next full packet; -1: none. */
	requested = -1;
	#left = 0;
	/** Q of the peer's last packet, -1 before the first. */
	seen = -1;

	/** Asks for a Q of the peer's map. */
	ask(quality: number): void {
		if (quality === this.seen || quality === this.requested) return;
		this.requested = quality;
		this.#left = REPEATS;
	}

	/** A full packet with R and RQ was made. */
	sent(): void {
		if (--this.#left <= 0) this.requested = -1;
	}

	/** An authenticated packet of the peer's stream has this Q. */
	received(quality: number): void {
		this.seen = quality;
		if (quality === this.requested) this.requested = -1;
	}
}
