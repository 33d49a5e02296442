import { PRIORITY_KEY } from "arcrtc/constants";
import { FecDecoder, fecDecoderBytes } from "arcrtc/fec_decoder";
import { FecEncoder, fecEncoderBytes } from "arcrtc/fec_encoder";
import { ReceivedPackets, receivedPacketsBytes } from "arcrtc/received_packets";
import { Media } from "conformance/arcrtc/media";
import { Arena } from "storage/arena";

/** A sender's encoder and a receiver's decoder, and what the test makes go from one to the other. */
export class FecBench {
	readonly arena: Arena;
	readonly encoder: FecEncoder;
	readonly decoder: FecDecoder;
	readonly received: ReceivedPackets;
	/** The packet that is sent now, and where a test may put others. */
	readonly media: Media;
	readonly spare: number;
	/** Highest number that was received. */
	newest = 0;
	/** Extended numbers that were recovered, in order, and how often the bytes were wrong. */
	recovered = "";
	now = 1000;

	constructor(limit = 64, packets = 32, repairs = 2) {
		const sizes = fecEncoderBytes(limit) + receivedPacketsBytes(packets, limit) + fecDecoderBytes(repairs, limit);
		const arena = new Arena(sizes + limit * 2 + 64);
		let at = fecEncoderBytes(limit);
		this.arena = arena;
		this.encoder = new FecEncoder({ arena, offset: 0, limit });
		this.received = new ReceivedPackets(arena, at, packets, limit);
		at += receivedPacketsBytes(packets, limit);
		this.decoder = new FecDecoder({ arena, offset: at, repairs, limit, packets: this.received, priority: PRIORITY_KEY });
		this.media = new Media(arena, sizes);
		this.media.priority = PRIORITY_KEY;
		this.spare = sizes + limit;
	}

	/** The packet in `media` goes through the encoder. */
	protect(): void {
		const { media } = this;
		this.encoder.add(
			media.extendedSequence & 0xffff,
			media.timestamp,
			media.marker,
			media.payloadType,
			media.payload,
			media.payloadLength,
		);
	}

	/** The packet in `media`, or the one that was recovered, comes at the receiver. @returns true: it made another one. */
	arrive(): boolean {
		const { media } = this;
		const number = media.extendedSequence;
		if (number > this.newest) this.newest = number;
		if (this.received.find(number | 0) >= 0) return false;
		const block = this.received.store(number | 0, media, this.now, false);
		if (block >= 0) this.received.played(block);
		return this.decoder.noticed(number, this.now);
	}

	/** The decoder's packet is given on as if it had come. */
	accept(): void {
		const { decoder } = this;
		const number = decoder.extendedSequence;
		this.recovered += `${number} `;
		if (this.received.find(number | 0) >= 0) return;
		const block = this.received.store(number | 0, decoder, this.now, true);
		if (block >= 0) this.received.played(block);
	}

	/** A repair payload of `length` bytes lies at `offset` and comes at the receiver. */
	repair(offset: number, length: number): boolean {
		return this.decoder.receive(offset, length, this.newest, this.now);
	}
}
