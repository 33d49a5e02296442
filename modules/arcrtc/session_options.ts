import type { Abilities, Agreement } from "arcrtc/agreement";
import type { MediaSession } from "arcrtc/media_session";
import type { OfferedStream, SentAudio, SentVideo } from "arcrtc/stream_terms";
import type { Arena } from "storage/arena";

/** What a session is to do; checked by the configuration. */
export interface SessionSettings {
	readonly sessionId: string;
	readonly peerId: string;
	/** Whether this end asks (CONNECT) or waits to be asked. */
	readonly offers: boolean;
	readonly abilities: Abilities;
	readonly audio?: SentAudio;
	readonly video?: SentVideo;
	readonly reducedVideo: boolean;
	readonly qualityMap: readonly number[];
	/** Ms between heartbeats. */
	readonly heartbeat: { readonly streaming: number; readonly idle: number };
	readonly oneSided: boolean;
}

/** Who carries messages. */
export interface MessageCarrier {
	/** A message lies at `offset` of the arena, to be sent as it is; the two bytes before it may be overwritten. */
	message(offset: number, length: number): void;
	/** Address of this end, as the peer can reach it; port 0: not known. */
	readonly localAddress: string;
	readonly localPort: number;
	/** Unix ms; below 0: not known. */
	wall(): number;
}

/** Who carries messages, and is told of what they bring. Cold paths. */
export interface SessionOwner extends MessageCarrier {
	/** Where the peer says that it can be reached; the same address may come twice. */
	candidate(address: string, port: number): void;
	/** Keys are there; media may begin. */
	opened(agreement: Agreement, master: ArrayBuffer): void;
	/** The peer sends a stream from now on, or does not any more. */
	streamStarted(stream: OfferedStream): void;
	streamStopped(streamId: string): void;
	/** What was opened is over: `closed` follows, or at once another session over the same connection. */
	ended(): void;
	/** It is over, opened or not; `reason` in words. */
	closed(reason: string): void;
}

export interface SessionOptions {
	readonly settings: SessionSettings;
	readonly arena: Arena;
	/** Offset of `MESSAGE_ROOM` bytes; the two before it are free. */
	readonly room: number;
	readonly media: MediaSession;
	readonly owner: SessionOwner;
}
