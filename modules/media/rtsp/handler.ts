import type { RTSPTrack } from "media/rtsp/track";

/** Who gets what a server sends. All calls come on the event loop; nothing is allocated for a packet. */
export interface RTSPHandler {
	/** The server plays: the tracks' formats are known. */
	began(now: number): void;
	/**
	 * A packet: its payload is the `length` bytes at `offset` of the arena, without padding; in order. It is valid until this returns.
	 * The 36 bytes in front of it may be overwritten; behind it nothing over TCP, as the next frame lies there, 32 bytes over UDP.
	 */
	packet(track: RTSPTrack, offset: number, length: number, now: number): void;
	/** All packets of a turn of the loop were given. */
	turnEnded?(now: number): void;
	/** The stream is gone; a new one is asked for. Comes once for each `began`. */
	ended(now: number): void;
}
