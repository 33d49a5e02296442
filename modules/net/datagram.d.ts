/** What {@link Datagram.read} and {@link Datagram.write} give besides a byte count. */
export declare const DatagramStatus: {
	/** Nothing to read, or the host's queue is full (EAGAIN). */
	readonly AGAIN: -1;
	/** The host has no memory for it now (ENOMEM, ENOBUFS): wait and drop by priority. */
	readonly NO_MEMORY: -2;
	/** Any other failure, for instance no route; counted in `errors`. */
	readonly FAILED: -3;
};

export interface DatagramOptions {
	/** Numeric local address; default "0.0.0.0". */
	address?: string;
	/** Local port; default 0, the host chooses. */
	port?: number;
	/** How many peers are remembered at a time (1..256). Default 8. */
	peers?: number;
	/** Bytes of the host's receive queue, where it can be set. */
	receiveBuffer?: number;
	/** Datagrams wait. Comes at each turn while it holds and READ is wanted (it is from the start). */
	onReadable?(this: Datagram): void;
	/** The queue takes datagrams again. Comes while WRITE is wanted. */
	onWritable?(this: Datagram): void;
}

/**
 * A UDP endpoint that reads into and writes from the caller's buffer. Peers are small integers: `peer()` pins one,
 * a datagram from an unknown source takes the longest unused unpinned place. Nothing is allocated per datagram.
 */
export class Datagram {
	/** @throws Error naming the address and the host's reason when it cannot bind: at boot only. */
	constructor(options: DatagramOptions);
	/**
	 * Reads one datagram to `offset`, at most `length` bytes; a longer one is truncated and counted in `truncated`.
	 * @returns its length (0 is an empty datagram) or a {@link DatagramStatus}; `source` is then the sender's peer number,
	 * -1 when every place is pinned.
	 */
	read(buffer: ArrayBuffer, offset: number, length: number): number;
	/**
	 * Reads up to `count` (1..32) datagrams that wait, each at most `limit` bytes, in one call of the host where it has one for that.
	 * Three words (32 bits, as an `Int32Array` has them) of `table` stand for each: its offset in the buffer, which the caller has set; its length and its source's number,
	 * which are set here. `count` is lowered to one less than the places that are not pinned, so that every datagram's number stays
	 * its own until the next read.
	 * @returns how many were read, 1 or more, or a {@link DatagramStatus}.
	 */
	readMany(buffer: ArrayBuffer, table: ArrayBuffer, count: number, limit: number): number;
	/** Peer number of the last datagram read by `read`. */
	readonly source: number;
	/**
	 * Sends one datagram. @param trafficClass DSCP << 2, where the host can mark single datagrams; 0 or absent: the host's own.
	 * @returns `length` or a {@link DatagramStatus}.
	 */
	write(buffer: ArrayBuffer, offset: number, length: number, peer: number, trafficClass?: number): number;
	/**
	 * Sends up to `count` (1..32) datagrams in one call of the host where it has one for that. Four words (32 bits, as an `Int32Array` has them) of
	 * `table` stand for each: its offset in the buffer, its length, its peer and its traffic class.
	 * @returns how many of the first ones were sent, 1 or more, or the {@link DatagramStatus} of the very first.
	 */
	writeMany(buffer: ArrayBuffer, table: ArrayBuffer, count: number): number;
	/** Number of a peer, pinned until `forget`; the same number for the same address. -1 when no place is free or the address is not numeric. */
	peer(address: string, port: number): number;
	/** Unpins a peer. */
	forget(peer: number): void;
	/** Address of a peer; cold path. */
	peerAddress(peer: number): string;
	peerPort(peer: number): number;
	want(events: number): void;
	readonly port: number;
	/** Datagrams truncated, and sends failed or reported by the network as refused (ICMP), since the start. */
	readonly truncated: number;
	readonly errors: number;
	close(): void;
}
