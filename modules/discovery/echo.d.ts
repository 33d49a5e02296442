export interface EchoOptions {
	/** An answer waits to be read. Comes at each turn of the loop while one does. */
	onReadable(this: Echo): void;
}

/** What {@link Echo.send} gives. */
export declare const EchoStatus: {
	readonly SENT: 0;
	/** The host has no room now: again later. */
	readonly AGAIN: -1;
	/** The host refuses: no route, or an address that may not be asked. */
	readonly FAILED: -2;
};

/** ICMP echo requests (IPv4). Made once at boot; a descriptor is open only from `open` to `close`. */
export default class Echo {
	constructor(options: EchoOptions);
	/** @returns false where this process may not send them, or the host cannot. */
	open(): boolean;
	/** Asks an address, given as a number. @returns an {@link EchoStatus}. */
	send(address: number): number;
	/** @returns the address of one that answered a request of this object, as a number, or -1 when no more have. Does not allocate. */
	read(): number;
	/** Safe twice; `open` opens it again. */
	close(): void;
}
