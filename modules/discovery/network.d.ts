/** Bytes of a record of {@link interfaces}: name 16 (NUL-padded), IPv4 address 4, prefix length 1, flags 1, MAC 6, index of the interface 4. */
export declare const INTERFACE_BYTES: 32;
/** Places in such a record; numbers are big-endian. */
export declare const InterfaceField: {
	readonly NAME: 0;
	readonly ADDRESS: 16;
	readonly PREFIX: 20;
	readonly FLAGS: 21;
	readonly MAC: 22;
	readonly INDEX: 28;
};
/** Flags of an interface, as a sum. */
export declare const InterfaceFlag: {
	/** It is up and running. */
	readonly UP: 1;
	readonly LOOPBACK: 2;
	/** Its hosts are found by ARP: the neighbour table tells of them. */
	readonly ARP: 4;
};

/** Bytes of a record of {@link Neighbours.next}: IPv4 address 4, state 1, 0, MAC 6. */
export declare const NEIGHBOUR_BYTES: 12;
export declare const NeighbourField: {
	readonly ADDRESS: 0;
	readonly STATE: 4;
	readonly MAC: 6;
};
/** What the host knows of a neighbour. */
export declare const NeighbourState: {
	/** It did not answer, or not yet; the MAC is 0. */
	readonly SILENT: 0;
	/** It answered once; whether it is still there is not known. */
	readonly STALE: 1;
	/** It answered just now, or its MAC is configured. */
	readonly LIVE: 2;
};

/** What {@link Neighbours.solicit} gives. */
export declare const SolicitStatus: {
	readonly SENT: 0;
	/** The host has no room now: again later. */
	readonly AGAIN: -1;
	/** This process may not, or the host cannot. */
	readonly DENIED: -2;
};

/**
 * Writes one record for each IPv4 address of each network interface, as many as fit.
 * @returns records written; 0 on hosts that cannot tell. Does not allocate in the engine.
 */
export function interfaces(buffer: ArrayBuffer, offset: number, length: number): number;

/** The host's neighbour (ARP) table. Made once at boot; a descriptor is open only from `open` to `close`. IPv4 only. */
export class Neighbours {
	constructor();
	/** Begins to read the table from its start. @returns false where there is none or it may not be read. */
	open(): boolean;
	/** Writes the next record (NEIGHBOUR_BYTES) at `offset`. @returns false behind the last: then see `whole`. Does not allocate in the engine. */
	next(buffer: ArrayBuffer, offset: number): boolean;
	/** The table was read to its end. False from `open` on, and when the host broke it off or it changed meanwhile: records may be missing. */
	readonly whole: boolean;
	/**
	 * Has the host ask by ARP who has an address, without a packet to it. The answer is in the table later.
	 * Not between `open` and the last `next`. @param index of the interface. @returns a {@link SolicitStatus}.
	 */
	solicit(index: number, address: number): number;
	/** Closes the descriptor. Safe twice; `open` and `solicit` open it again. */
	close(): void;
}
