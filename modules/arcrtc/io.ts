import type { Datagram, DatagramOptions } from "net/datagram";
import type Resolver from "net/resolver";
import type { ResolverOptions } from "net/resolver";
import type { Listener, ListenerOptions, Stream, StreamOptions } from "net/stream";
import type Timer from "time/timer";
import type { TimerOptions } from "time/timer";

/** What the endpoint makes its objects from: the host's classes on a device, fakes in a test. */
export interface ArcIO {
	readonly Stream: new (options: StreamOptions) => Stream;
	readonly Listener: new (options: ListenerOptions) => Listener;
	readonly Datagram: new (options: DatagramOptions) => Datagram;
	readonly Resolver: new (options: ResolverOptions) => Resolver;
	readonly Timer: new (options: TimerOptions) => Timer;
	/** Milliseconds that never go back, and Unix ms (below 0: not known). */
	monotonic(): number;
	wall(): number;
}
