import { FEC_HEADER, HEADROOM, PAYLOAD_LIMIT, PRIORITY_AUDIO, PRIORITY_DROPPABLE } from "arcrtc/constants";
import { FecEncoder, fecColumns } from "arcrtc/fec_encoder";
import type { Feedback } from "arcrtc/feedback";
import { MAKING_BLOCK, type MediaPlaces, type MediaShape } from "arcrtc/media_shape";
import { StreamQuality, videoPriority } from "arcrtc/quality";
import type { Sealer } from "arcrtc/sealer";
import type { SendKeys } from "arcrtc/send_keys";
import type { SendQueue } from "arcrtc/send_queue";
import { SEND_TIME_USUAL, type SendStream } from "arcrtc/send_stream";
import type { Packetizer } from "media/rtp/format";
import type { Arena } from "storage/arena";

/** Video's clock (RFC 3551), and the unit of its timestamps in reduced headers: 1 ms. */
export const VIDEO_CLOCK = 90_000;
const VIDEO_UNIT = 90;

/** What was agreed on for what this end sends (STREAM_START). */
export interface SendTerms {
	/** Sound: `unit` is the ticks of a frame (section 2.3). */
	readonly audio?: { readonly ssrc: number; readonly payloadType: number; readonly clock: number; readonly unit: number };
	readonly video?: { readonly ssrc: number; readonly payloadType: number };
	/** Repair packets of the video. */
	readonly fec?: { readonly ssrc: number; readonly payloadType: number };
	/** Reduced headers for sound, and for video. */
	readonly reduced: boolean;
	readonly reducedVideo: boolean;
	readonly nack: boolean;
	/** As SEND_TIME_ of `send_stream` says; default: as usual. */
	readonly sendTime?: number;
	readonly qualityMap?: readonly number[];
}

export interface OutgoingOptions {
	readonly arena: Arena;
	readonly shape: MediaShape;
	readonly places: MediaPlaces;
	readonly sealer: Sealer;
	readonly keys: SendKeys;
	readonly feedback: Feedback;
	readonly queue: SendQueue;
}

/** What this end sends: sound and pictures become protected packets, pictures get repair packets, all go to the queue. No I/O. */
export class OutgoingMedia {
	/** Keys of what is sent. */
	keys: SendKeys;
	/** Undefined while nothing is sent. */
	audio: SendStream | undefined;
	video: SendStream | undefined;
	fec: SendStream | undefined;
	quality: StreamQuality = new StreamQuality();
	/** Whom the packets go to, as the queue's writer understands it. */
	peer = 0;
	/** Share of packets lost on the way to the peer, 0..1, and whether the path loses none (TCP): decides on repair packets. */
	loss = 0;
	reliable = false;
	/** Pictures sent, and those that were refused: not of the codec, or there are no keys. */
	pictures = 0;
	refused = 0;
	readonly #sealer: Sealer;
	readonly #feedback: Feedback;
	readonly #queue: SendQueue;
	readonly #encoder: FecEncoder | undefined;
	readonly #blocks: number;
	readonly #burst: number;
	/** Time of the last packet of sound and ticks of a frame: one that does not follow it begins a talkspurt. */
	#sounded = -1;
	#unit = 0;

	constructor(options: OutgoingOptions) {
		const { arena, shape, places } = options;
		this.#sealer = options.sealer;
		this.keys = options.keys;
		this.#feedback = options.feedback;
		this.#queue = options.queue;
		this.#blocks = places.pictures;
		this.#burst = shape.burst;
		this.#encoder = places.repair < 0 ? undefined : new FecEncoder({ arena, offset: places.repair, limit: PAYLOAD_LIMIT });
	}

	/** Begins streams. @returns false when an SSRC was used before in this session: others have to be taken. */
	start(terms: SendTerms): boolean {
		const { keys } = this;
		const sendTime = terms.sendTime ?? SEND_TIME_USUAL;
		const { audio, video, fec } = terms;
		this.stop();
		this.quality = new StreamQuality(terms.qualityMap);
		if (audio !== undefined) {
			const { ssrc, payloadType, clock, unit } = audio;
			const tsu = terms.reduced ? unit : 0;
			this.audio = this.#sealer.add({ keys, ssrc, payloadType, clock, video: false, tsu, sendTime });
			if (this.audio === undefined) return this.fail();
			this.#feedback.openSender(this.audio.index, ssrc, clock, keys, terms.nack);
			this.#unit = unit;
			this.#sounded = -1;
		}
		if (video === undefined) return true;
		const { ssrc, payloadType } = video;
		const tsu = terms.reducedVideo ? VIDEO_UNIT : 0;
		this.video = this.#sealer.add({ keys, ssrc, payloadType, clock: VIDEO_CLOCK, video: true, tsu, sendTime });
		if (this.video === undefined) return this.fail();
		this.#feedback.openSender(this.video.index, ssrc, VIDEO_CLOCK, keys, terms.nack);
		if (fec === undefined || this.#encoder === undefined) return true;
		this.fec = this.#sealer.add({
			keys,
			ssrc: fec.ssrc,
			payloadType: fec.payloadType,
			clock: VIDEO_CLOCK,
			video: true,
			tsu: 0,
			csrc: ssrc,
			sendTime,
		});
		if (this.fec === undefined) return this.fail();
		this.#feedback.openSender(this.fec.index, fec.ssrc, VIDEO_CLOCK, keys, false);
		return true;
	}

	/** Ends all streams: no packet of them is made from here on. */
	stop(): void {
		this.end(this.audio);
		this.end(this.video);
		this.end(this.fec);
		this.audio = this.video = this.fec = undefined;
		this.#encoder?.clear();
	}

	/** A packet of the codec lies at `offset`, with HEADROOM before and TAILROOM behind it. @returns false: it was not sent. */
	sendAudio(offset: number, length: number, timestamp: number, now: number, wall: number): boolean {
		const { audio } = this;
		if (audio === undefined) return false;
		const marker = ((timestamp - this.#sounded) | 0) !== this.#unit;
		this.#sounded = timestamp;
		return this.give(audio, offset, length, timestamp, marker, PRIORITY_AUDIO, true, now, wall) > 0;
	}

	/**
	 * A picture of `length` bytes lies at `offset`; it is read, not changed. `timestamp` in ticks of {@link VIDEO_CLOCK}.
	 * @returns false: it was refused, which `packetizer.refusal` explains, or there are no keys.
	 */
	sendPicture(packetizer: Packetizer, offset: number, length: number, timestamp: number, now: number, wall: number): boolean {
		const { video } = this;
		if (video === undefined) return false;
		if (!packetizer.begin(offset, length)) {
			this.refused++;
			return false;
		}
		const { key } = packetizer;
		const queue = this.#queue;
		const encoder = this.protector(key);
		video.quality = this.quality.frame(key);
		const priority = videoPriority(key, packetizer.droppable);
		// What repairs a packet is longer than it by a header.
		const limit = this.fec === undefined ? PAYLOAD_LIMIT : PAYLOAD_LIMIT - FEC_HEADER;
		let made = 0;
		let first = true;
		let whole = true;
		queue.begin();
		for (;;) {
			const payload = this.#blocks + made * MAKING_BLOCK + HEADROOM;
			const bytes = packetizer.next(payload, limit);
			if (bytes === 0) break;
			const { last } = packetizer;
			encoder?.add(video.next & 0xffff, timestamp, last, video.payloadType, payload, bytes);
			if (this.give(video, payload, bytes, timestamp, last, priority, first, now, wall) <= 0) {
				whole = false;
				break;
			}
			first = false;
			made++;
			if (encoder !== undefined && (last || encoder.full)) {
				this.repair(encoder, timestamp, now, wall);
				made = 0;
			} else if (made === this.#burst) {
				// The blocks are free again when the host has the packets, or copies of them wait.
				queue.end(now);
				queue.begin();
				made = 0;
			}
			if (last) break;
		}
		queue.end(now);
		encoder?.clear();
		if (whole) this.pictures++;
		else this.refused++;
		return whole;
	}

	/** The encoder of repair packets, when this picture gets some. */
	private protector(key: boolean): FecEncoder | undefined {
		const encoder = this.#encoder;
		if (encoder === undefined || this.fec === undefined || !key || this.reliable) return undefined;
		encoder.columns = fecColumns(this.loss);
		return encoder.columns === 0 ? undefined : encoder;
	}

	private repair(encoder: FecEncoder, timestamp: number, now: number, wall: number): void {
		const { fec } = this;
		const bytes = encoder.finish();
		const queue = this.#queue;
		if (bytes > 0 && fec !== undefined)
			this.give(fec, encoder.offset, bytes, timestamp, true, PRIORITY_DROPPABLE, true, now, wall);
		queue.end(now);
		queue.begin();
	}

	/** Seals and sends. @returns bytes of the packet; less than 1: there are no keys any more. */
	private give(
		stream: SendStream,
		payload: number,
		length: number,
		timestamp: number,
		marker: boolean,
		priority: number,
		first: boolean,
		now: number,
		wall: number,
	): number {
		const sealer = this.#sealer;
		const bytes = sealer.seal(stream, payload, length, timestamp, marker, priority, now, wall);
		if (bytes < 0) return bytes;
		const { start } = sealer;
		const { index } = stream;
		this.#feedback.sent(index, stream.next - 1, timestamp, start, bytes, length, priority, now);
		this.#queue.give(start, bytes, this.peer, priority, index, first, now);
		return bytes;
	}

	private end(stream: SendStream | undefined): void {
		if (stream === undefined) return;
		this.#feedback.closeSender(stream.index);
		this.#sealer.remove(stream);
	}

	private fail(): boolean {
		this.stop();
		return false;
	}

	/** Whether nobody has told yet that pictures can be shown again: a key frame should be made (of a codec that has others). */
	get wantsKeyFrame(): boolean {
		const { video } = this;
		return video !== undefined && (this.#queue.broken & (1 << video.index)) !== 0;
	}
}
