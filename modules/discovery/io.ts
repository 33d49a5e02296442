import type Echo from "discovery/echo";
import type { EchoOptions } from "discovery/echo";
import type { Neighbours } from "discovery/network";
import type { Stream, StreamOptions } from "net/stream";
import type Timer from "time/timer";
import type { TimerOptions } from "time/timer";

/** What the endpoint makes its objects from: the host's classes on a device, fakes in a test. */
export interface DiscoveryIO {
	readonly Stream: new (options: StreamOptions) => Stream;
	readonly Timer: new (options: TimerOptions) => Timer;
	readonly Echo: new (options: EchoOptions) => Echo;
	readonly Neighbours: new () => Neighbours;
	/** As of discovery/network. */
	interfaces(buffer: ArrayBuffer, offset: number, length: number): number;
	/** Milliseconds that never go back. */
	monotonic(): number;
}

/** A stream knows its slot, so that all streams share their callbacks. */
export interface SlotStream extends Stream {
	slot: number;
	/** The connection is up. */
	connected: boolean;
}
