import { JitterBuffer, type JitterBufferOptions } from "arcrtc/jitter_buffer";
import { ReceivedPackets } from "arcrtc/received_packets";
import { isMade, Media } from "conformance/arcrtc/media";
import { Arena } from "storage/arena";

/** Ticks of a frame of 20 ms, of Opus. */
export const TICKS = 960;
export const FRAME = 20;
const SIZE = 32;

/** A jitter buffer with packets of a test's making, and the test's clock. */
export class JitterBench {
	readonly arena: Arena;
	readonly packets: ReceivedPackets;
	readonly jitter: JitterBuffer;
	readonly media: Media;
	/** When the last packet was given, the longest that one was held, and whether one was wrong or behind a younger one. */
	at = 0;
	longest = 0;
	disorder = 0;
	#last = -Infinity;

	constructor(options: Partial<JitterBufferOptions> = {}, count = 32) {
		this.arena = new Arena((count + 1) * SIZE);
		this.packets = new ReceivedPackets(this.arena, 0, count, SIZE);
		this.jitter = new JitterBuffer({ packets: this.packets, clock: 48000, repaired: false, ...options });
		this.media = new Media(this.arena, count * SIZE);
		this.media.priority = 0;
	}

	/** Packet `number`, sent `number` frames after the first one. */
	put(number: number, now: number, timestamp = number * TICKS, recovered = false): boolean {
		return this.jitter.insert(this.media.make(number, timestamp, 8 + (number & 15)), now, recovered);
	}

	/** Numbers that are given at `now`; "!3" before one behind three that are lost. */
	take(now: number): string {
		const { jitter } = this;
		let text = "";
		while (jitter.take(now)) {
			text += jitter.lost > 0 ? `!${jitter.lost} ${jitter.number} ` : `${jitter.number} `;
			this.at = now;
			if (jitter.waited > this.longest) this.longest = jitter.waited;
			if (jitter.number <= this.#last || !isMade(this.arena, jitter.offset, jitter.length, jitter.number)) this.disorder++;
			this.#last = jitter.number;
		}
		return text;
	}

	/** What is given until `end`, each at its deadline. */
	until(end: number): string {
		let text = "";
		while (this.jitter.deadline <= end) {
			const given = this.take(this.jitter.deadline);
			if (given === "") return `${text}nothing at its deadline`;
			text += given;
		}
		return text;
	}
}
