import type { Figures } from "wire/figures";

/**
 * What a protocol and the voice path know of each other. The path takes sound from the device's source and hands packets to one
 * {@link VoiceTransport}; the transport hands the packets of other speakers to {@link Voice}. All packets lie in the plan's arena.
 */
export interface VoiceTransport {
	/**
	 * A packet of `length` bytes lies at `offset`. {@link VoiceSettings.headroom} bytes before it are free for headers, and so is
	 * everything behind it up to `offset + settings.packetBytes`, so that it is framed and padded where it lies. It is good only
	 * during the call.
	 * @param sequence number of the packet, 16 bits, one up for each packet.
	 * @param timestamp media time of its first sample in 1/48,000 s (as RFC 7587 has it), 32 bits, wraps. Goes on in pauses.
	 */
	sendVoice(offset: number, length: number, sequence: number, timestamp: number, now: number): void;
}

/** The side of the voice path that a protocol sees; `now` is always the monotonic clock in milliseconds. */
export interface Voice {
	/** The source is opened and sent to `transport` from now on, while `talking`; undefined: to nobody, and it is closed. */
	attach(transport: VoiceTransport | undefined): void;
	/** Push to talk: while false nothing is sent and the source is closed. */
	talking: boolean;
	/** Number of the speaker with a 64-bit key (two halves of 32 bits), made or found; -1 when all places are taken by live ones. */
	speaker(low: number, high: number, now: number): number;
	/**
	 * A packet of a speaker lies at `offset` (unpadded or padded Opus alike); it is copied. Damaged and strange packets are counted,
	 * never an error.
	 * @param sequence 16 bits, or -1: the protocol has none, the order and time of arrival decide.
	 * @param timestamp media time in 1/48,000 s, 0 to 2^32 - 1, or -1: the protocol has none.
	 */
	receive(speaker: number, offset: number, length: number, now: number, sequence: number, timestamp: number): void;
	/** The speaker has left: what waits is dropped and the place is free. */
	forget(speaker: number): void;
	/** Everybody has left: the channel is gone or another one. */
	forgetAll(): void;
	/** Somebody is heard now (the hang-over of half duplex included). */
	readonly listening: boolean;
	/** Writes the member `voice`, without allocating. */
	writeFigures(figures: Figures): void;
}

/** Delay of the jitter buffer in ms, and packets that it holds for one speaker. */
export interface VoiceJitter {
	readonly minimum: number;
	readonly maximum: number;
	readonly packets: number;
	/** Delay that is aimed at before anything is known, within the two. Default 60. */
	readonly first?: number;
	/** A packet whose play-out would be so late is dropped, when there is another one. Default `maximum` and a frame. */
	readonly limit?: number;
	/** The delay follows from the interarrival jitter of RFC 3550, times this; default: from the delays of the last seconds, so that nearly all packets come in time. */
	readonly interarrival?: number;
}

/** All figures are checked by the configuration; sizes of buffers follow from them. */
export interface VoiceSettings {
	/** Samples a second of the whole path: 8000, 16000 or 48000. */
	readonly rate: number;
	/** Milliseconds of a frame sent: 10, 20, 40 or 60. */
	readonly frame: number;
	/** Milliseconds of the longest packet that is played; Opus has up to 120. */
	readonly longest: number;
	/** Speakers heard at a time, 1..16. */
	readonly speakers: number;
	/** Bytes of a packet at most, of both directions (KV: 504). */
	readonly packetBytes: number;
	/** Bytes before a packet to be sent that its transport writes headers into (KV: 8 + 3 for the padding's length bytes). */
	readonly headroom: number;
	readonly jitter: VoiceJitter;
	/** Nothing is sent while somebody else is heard, and `hangover` ms after. */
	readonly halfDuplex: boolean;
	readonly hangover: number;
	/** A speaker who was silent for that long (ms) gives up its place when somebody new speaks. */
	readonly silence: number;
}
