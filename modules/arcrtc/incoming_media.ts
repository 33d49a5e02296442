import { FEC_COLUMNS_MOST, JITTER_LIMIT, PAYLOAD_LIMIT, PRIORITY_KEY } from "arcrtc/constants";
import { FecDecoder } from "arcrtc/fec_decoder";
import type { Feedback } from "arcrtc/feedback";
import { JitterBuffer } from "arcrtc/jitter_buffer";
import type { MediaPacket } from "arcrtc/media_packet";
import type { MediaPlaces, MediaShape } from "arcrtc/media_shape";
import { OpenedPacket } from "arcrtc/opened_packet";
import type { Opener } from "arcrtc/opener";
import { VIDEO_CLOCK } from "arcrtc/outgoing_media";
import { QualityRequest } from "arcrtc/quality";
import type { ReceiveKeys } from "arcrtc/receive_keys";
import type { ReceiveStream } from "arcrtc/receive_stream";
import { ReceivedPackets } from "arcrtc/received_packets";
import type { Arena } from "storage/arena";

/** What was agreed on for what the peer sends under one stream_id (STREAM_START). */
export interface ReceiveTerms {
	readonly audio?: { readonly ssrc: number; readonly payloadType: number; readonly clock: number; readonly roc?: number };
	readonly video?: { readonly ssrc: number; readonly payloadType: number; readonly roc?: number };
	readonly fec?: { readonly ssrc: number; readonly payloadType: number };
	readonly nack: boolean;
}

/** Who plays what comes. Packets are good during the call. */
export interface MediaSink {
	/** A packet of sound, in the order in which it came: who plays it has a jitter buffer. */
	heard(packet: MediaPacket, now: number): void;
	/** The next packet of the video, in order: `jitter` has its fields, `jitter.lost` tells how many are missing before it. */
	seen(jitter: JitterBuffer, now: number): void;
	/** All packets of the video that are due now were given. */
	seenAll?(now: number): void;
}

export interface IncomingOptions {
	readonly arena: Arena;
	readonly shape: MediaShape;
	readonly places: MediaPlaces;
	readonly opener: Opener;
	readonly feedback: Feedback;
	readonly sink: MediaSink;
}

/** What the peer sends: packets that were opened become sound and pictures in order, lost ones are made from repair packets. No I/O. */
export class IncomingMedia {
	audio: ReceiveStream | undefined;
	video: ReceiveStream | undefined;
	fec: ReceiveStream | undefined;
	/** Wish for another quality of the peer's video. */
	readonly request = new QualityRequest();
	readonly jitter: JitterBuffer | undefined;
	readonly decoder: FecDecoder | undefined;
	readonly #opener: Opener;
	readonly #feedback: Feedback;
	readonly #sink: MediaSink;
	readonly #packet: OpenedPacket;

	constructor(options: IncomingOptions) {
		const { arena, shape, places, opener } = options;
		this.#opener = opener;
		this.#feedback = options.feedback;
		this.#sink = options.sink;
		this.#packet = new OpenedPacket(opener);
		if (places.order < 0) return;
		const packets = new ReceivedPackets(arena, places.order, shape.reorder, PAYLOAD_LIMIT);
		this.jitter = new JitterBuffer({ packets, clock: VIDEO_CLOCK, repaired: shape.nack || shape.fec });
		if (places.repairs < 0) return;
		this.decoder = new FecDecoder({
			arena,
			offset: places.repairs,
			repairs: places.repairBlocks,
			limit: PAYLOAD_LIMIT,
			packets,
			priority: PRIORITY_KEY,
		});
	}

	/** Streams of the peer begin. @returns false when an SSRC was used before in this session, or there is no place for one. */
	start(terms: ReceiveTerms, keys: ReceiveKeys): boolean {
		const { audio, video, fec, nack } = terms;
		const feedback = this.#feedback;
		if (audio !== undefined) {
			const { ssrc, payloadType, clock, roc } = audio;
			this.audio = this.add(this.audio, keys, ssrc, payloadType, clock, false, roc);
			if (this.audio === undefined) return false;
			feedback.openReceiver(this.audio.index, ssrc, clock, keys, nack);
			feedback.setPlayout(this.audio.index, JITTER_LIMIT);
		}
		const { jitter } = this;
		if (video === undefined || jitter === undefined) return video === undefined;
		this.video = this.add(this.video, keys, video.ssrc, video.payloadType, VIDEO_CLOCK, true, video.roc);
		if (this.video === undefined) return false;
		feedback.openReceiver(this.video.index, video.ssrc, VIDEO_CLOCK, keys, nack);
		feedback.setPlayout(this.video.index, JITTER_LIMIT);
		jitter.reset();
		this.decoder?.clear();
		if (fec === undefined || this.decoder === undefined) return true;
		this.fec = this.add(this.fec, keys, fec.ssrc, fec.payloadType, VIDEO_CLOCK, true, 0);
		if (this.fec === undefined) return false;
		feedback.openReceiver(this.fec.index, fec.ssrc, VIDEO_CLOCK, keys, false);
		return true;
	}

	/** Streams under `keys` end: their packets are unknown from here on, what waits is dropped. */
	stop(keys: ReceiveKeys): void {
		if (this.audio?.keys === keys) this.audio = this.remove(this.audio);
		if (this.video?.keys === keys) {
			this.video = this.remove(this.video);
			this.jitter?.reset();
		}
		if (this.fec?.keys === keys) this.fec = this.remove(this.fec);
	}

	/** The opener has opened a packet of the stream at `place`. */
	received(place: number, now: number): void {
		const opener = this.#opener;
		const { header, extendedSequence } = opener;
		const stream = opener.streams[place];
		this.#feedback.received(place, extendedSequence, header.timestamp, header.priority, now);
		if (stream === this.audio) {
			this.#sink.heard(this.#packet, now);
			return;
		}
		const { jitter, decoder } = this;
		if (jitter === undefined) return;
		if (stream === this.video) {
			this.request.received(header.quality);
			if (jitter.insert(this.#packet, now) && decoder?.noticed(extendedSequence, now)) this.recovered(now);
		} else if (stream === this.fec && decoder !== undefined && this.video !== undefined) {
			const newest = this.video.newest < 0 ? opener.extendedSequence : this.video.newest;
			if (header.csrc === this.video.ssrc && decoder.receive(opener.payload, opener.payloadLength, newest, now))
				this.recovered(now);
		}
	}

	/** Gives what is due of the video. */
	play(now: number): void {
		const { jitter } = this;
		if (jitter === undefined || now < jitter.deadline) return;
		let any = false;
		while (jitter.take(now)) {
			any = true;
			this.#sink.seen(jitter, now);
		}
		if (any) this.#sink.seenAll?.(now);
	}

	/** When `play` is to be called. */
	get deadline(): number {
		return this.jitter === undefined ? Infinity : this.jitter.deadline;
	}

	private recovered(now: number): void {
		const { decoder, jitter, video } = this;
		if (decoder === undefined || jitter === undefined || video === undefined) return;
		// What was recovered may be the last but one of another row, and so on.
		for (let more = true, count = 0; more && count < FEC_COLUMNS_MOST; count++) {
			this.#feedback.recovered(video.index, decoder.extendedSequence, now);
			more = jitter.insert(decoder, now, true) && decoder.noticed(decoder.extendedSequence, now);
		}
	}

	private add(
		before: ReceiveStream | undefined,
		keys: ReceiveKeys,
		ssrc: number,
		payloadType: number,
		clock: number,
		video: boolean,
		roc = 0,
	): ReceiveStream | undefined {
		if (before !== undefined) this.remove(before);
		return this.#opener.add({ keys, ssrc, payloadTypes: [payloadType], clock, video, roc });
	}

	private remove(stream: ReceiveStream): undefined {
		this.#feedback.closeReceiver(stream.index);
		this.#opener.remove(stream);
		return undefined;
	}
}
