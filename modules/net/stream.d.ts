/** What {@link Stream.read} and {@link Stream.write} give besides a byte count. */
export declare const StreamStatus: {
	/** Nothing can be read or written now; `want` decides whether the loop tells when it can. */
	readonly AGAIN: 0;
	/** The peer has closed its sending side (FIN); nothing more will be read. */
	readonly END: -1;
	/** The connection failed or was reset; `error` says how. */
	readonly FAILED: -2;
};

/** Which callbacks a stream wants, as a sum. */
export declare const Want: {
	readonly NOTHING: 0;
	readonly READ: 1;
	readonly WRITE: 2;
	readonly BOTH: 3;
	/** To be told of the peer's end before its last bytes were read: for owners that may not read them now. */
	readonly END: 4;
};

export interface StreamOptions {
	/** Something can be read (bytes, the end, or an error). Comes at each turn of the loop while READ is wanted and it holds. */
	onReadable?(this: Stream): void;
	/** The connection is established, or can take bytes again. Comes at each turn while WRITE is wanted and it holds. */
	onWritable?(this: Stream): void;
	/** The connection could not be made or broke; `error` says how. Comes at most once per connection; `close` follows at the owner's will. */
	onError?(this: Stream): void;
	/**
	 * The peer has closed its sending side (FIN) or reset the connection; bytes may still wait to be read. Comes at most once per connection,
	 * while END is wanted; not for a failure that `onError` tells.
	 */
	onEnd?(this: Stream): void;
}

/**
 * A TCP connection, ECMA-419 in shape, made once at boot and used for one connection after the other: nothing is allocated per connection.
 * Nagle's algorithm is off. No method throws for what a network can do.
 */
export class Stream {
	constructor(options: StreamOptions);
	/**
	 * Starts to connect to a numeric IPv4 or IPv6 address. WRITE is wanted at once: the first `onWritable` says that it is established.
	 * @returns 0, or -2 when the host refuses (no descriptor, no route, not an address): `error` says which; `onError` does not come then.
	 */
	connect(address: string, port: number): number;
	/** Reads up to `length` bytes to `offset` of `buffer`. @returns bytes, or a {@link StreamStatus}. */
	read(buffer: ArrayBuffer, offset: number, length: number): number;
	/** Writes up to `length` bytes from `offset`. @returns bytes the host took (maybe fewer), AGAIN or FAILED. */
	write(buffer: ArrayBuffer, offset: number, length: number): number;
	/** Sets which callbacks are wanted, a sum of {@link Want}; costs a system call only when it changes. */
	want(events: number): void;
	/** Sends FIN behind what was written; reading goes on. */
	shutdown(): void;
	/** Closes the connection; what was written is still sent by the host. The object can connect again. Safe twice. */
	close(): void;
	/** Closes with RST, dropping what was not sent. */
	abort(): void;
	/** True from `connect` or `accept` until `close`. */
	readonly opened: boolean;
	/** Bytes that arrived and were not read; 0 when nothing more can be read. A system call. */
	readonly unread: number;
	/** The last failure as the host's name for it ("ECONNREFUSED"), or "" when there was none. Cold path: may allocate. */
	readonly error: string;
	readonly localAddress: string;
	readonly localPort: number;
	readonly remoteAddress: string;
	readonly remotePort: number;
}

export interface ListenerOptions {
	/** Numeric address to bind; "0.0.0.0", "::" or a local one. */
	address: string;
	/** 0 lets the host choose. */
	port: number;
	/** Connections the host may hold unaccepted. Default 8. */
	backlog?: number;
	/** A connection waits to be accepted. Comes at each turn while it holds and READ is wanted (it is from the start). */
	onReadable?(this: Listener): void;
}

/** A listening TCP socket. */
export class Listener {
	/** @throws Error naming address, port and the host's reason when it cannot listen: this happens at boot only. */
	constructor(options: ListenerOptions);
	/** Takes the next waiting connection into `stream`, which must be closed. @returns false when none waits. */
	accept(stream: Stream): boolean;
	/** READ or NOTHING: stop asking while no stream is free; the host keeps `backlog` connections waiting. */
	want(events: number): void;
	/** The bound port. */
	readonly port: number;
	close(): void;
}
