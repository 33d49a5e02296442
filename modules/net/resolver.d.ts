export interface ResolverOptions {
	/** The answer: a numeric address, or undefined, when `error` says why ("host not found", "time-out"). */
	onResolved(this: Resolver, address: string | undefined): void;
}

/** Looks one name up at a time without blocking the loop. */
export default class Resolver {
	constructor(options: ResolverOptions);
	/** Starts a look-up, cancelling one under way. A numeric address is answered too, at the next turn. Prefers IPv4. */
	resolve(name: string): void;
	/** The answer of a look-up under way will not come. */
	cancel(): void;
	/** All addresses of the last answer as the host orders them, for people: "192.0.2.1, 2001:db8::1"; at most 159 characters. "" for none. */
	readonly addresses: string;
	readonly error: string;
	close(): void;
}
