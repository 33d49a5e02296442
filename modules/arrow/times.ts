/** Timers of section 5 of docs/protocols/arrow.md, in milliseconds. */
export interface ArrowTimes {
	/** Name, TCP and TLS together. */
	readonly connect: number;
	/** Waiting for the ACK of REGISTER or PING. */
	readonly ack: number;
	/** From one PING to the next. */
	readonly ping: number;
	/** From a change of the table to UPDATE: several changes make one. */
	readonly update: number;
	readonly localConnect: number;
	/** For bytes that wait for the local side after HUP. */
	readonly flush: number;
	/** For bytes that wait for credit after the local side is gone. */
	readonly tail: number;
	/** Retry after anything but the codes below, from the start of the attempt. */
	readonly retry: number;
	/** Retries of an unpaired device: up to `pairingFast` every `unpairedFast`, up to `pairingEnd` every `unpaired`, then every `unpairedSlow`. */
	readonly unpairedFast: number;
	readonly unpaired: number;
	readonly unpairedSlow: number;
	readonly pairingFast: number;
	readonly pairingEnd: number;
	/** Retry when the service does not support the protocol version. */
	readonly unsupported: number;
	/** Span in which `redirectLimit` redirects are followed. */
	readonly redirectSpan: number;
	/** Span in which at most `registerLimit` REGISTERs are sent. */
	readonly registerSpan: number;
}

export const TIMES: ArrowTimes = Object.freeze({
	connect: 20000,
	ack: 20000,
	ping: 60000,
	update: 1000,
	localConnect: 20000,
	flush: 5000,
	tail: 60000,
	retry: 60000,
	unpairedFast: 10000,
	unpaired: 30000,
	unpairedSlow: 600000,
	pairingFast: 600000,
	pairingEnd: 1200000,
	unsupported: 3600000,
	redirectSpan: 60000,
	registerSpan: 1200000,
});

/** REGISTERs in `registerSpan` at most. */
export const REGISTER_LIMIT = 100;

/** {@link TIMES} with some of them replaced: for tests and unusual services. */
export function withTimes(changes: Partial<ArrowTimes> | undefined): ArrowTimes {
	return changes === undefined ? TIMES : Object.freeze({ ...TIMES, ...changes });
}
