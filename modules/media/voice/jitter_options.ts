import type { DelayEstimate } from "media/voice/delay_estimate";
import type { PacketPool } from "storage/pool";

/** What a `JitterBuffer` is made from. */
export interface JitterBufferOptions {
	/** Blocks of packets; those that the buffer took are given back to it. */
	readonly pool: PacketPool;
	/** Packets held at most, 2..64. */
	readonly packets: number;
	/** Delay in ms: limits of what is wanted; from `limit` on a packet is dropped when another one is there. */
	readonly minimum: number;
	readonly maximum: number;
	/** Default: `maximum` and a frame. */
	readonly limit?: number;
	/** Units of media time in a millisecond: 48 for Opus (RFC 7587). */
	readonly unitsPerMs: number;
	readonly estimate: DelayEstimate;
}
