import type { Agreement } from "arcrtc/agreement";
import type { ArcIO } from "arcrtc/io";
import type { JitterBuffer } from "arcrtc/jitter_buffer";
import type { MediaPacket } from "arcrtc/media_packet";
import type { ArcSettings } from "arcrtc/options";
import type { OfferedStream } from "arcrtc/stream_terms";
import type { Logger } from "host/logger";
import type { MemoryPlan } from "storage/plan";
import type { RandomSource } from "time/backoff";

/** Who plays what comes and makes what is sent. */
export interface ArcOwner {
	/** A packet of sound, good during the call. */
	heard(packet: MediaPacket, now: number): void;
	/** The next packet of the video, in order, and that all were given that are due. */
	seen(jitter: JitterBuffer, now: number): void;
	seenAll(now: number): void;
	/** The session is open, the peer sends; it does not any more. */
	opened(agreement: Agreement): void;
	streamStarted(stream: OfferedStream): void;
	ended(): void;
	/** The peer needs a key frame; another quality is wanted, a number of `LEVELS`. */
	keyFrameWanted(): void;
	qualityWanted(level: number): void;
}

export interface EndpointOptions {
	readonly settings: ArcSettings;
	readonly plan: MemoryPlan;
	readonly io: ArcIO;
	readonly log: Logger;
	readonly random: RandomSource;
	readonly owner: ArcOwner;
}
