/** Timers of section 4 of docs/protocols/kv.md, in milliseconds. */
export interface KVTimes {
	/** Name and TCP connection of a request together. */
	readonly connect: number;
	readonly answer: number;
	/** From one KEEPALIVE to the next while joined. */
	readonly keepalive: number;
	/** From one look at the server's list of channels to the next. */
	readonly check: number;
	/** Without a voice packet, after there was one: a look at the list is due. */
	readonly silence: number;
	/** Between KEEPALIVEs while nothing has come from the channel, after the first four. */
	readonly join: number;
	/** For an acknowledgement. */
	readonly ack: number;
	/** First delay before another attempt, doubled up to `retryLimit`, ± 20 %. */
	readonly retry: number;
	readonly retryLimit: number;
	/** Joined for that long: the next delay is the first one again. */
	readonly life: number;
	/** After a refusal. */
	readonly refused: number;
	/** For LEAVE at a stop. */
	readonly leave: number;
}

export const TIMES: KVTimes = Object.freeze({
	connect: 5000,
	answer: 5000,
	keepalive: 20000,
	check: 60000,
	silence: 15000,
	join: 10000,
	ack: 2000,
	retry: 1000,
	retryLimit: 60000,
	life: 60000,
	refused: 600000,
	leave: 1500,
});

/** {@link TIMES} with some of them replaced: for tests and unusual servers. */
export function withTimes(changes: Partial<KVTimes> | undefined): KVTimes {
	return changes === undefined ? TIMES : Object.freeze({ ...TIMES, ...changes });
}
