/** Interoperability switches: where services or other clients read the protocol differently. Section 6 of docs/protocols/arrow.md. */
export interface ArrowSwitches {
	/** Answer to an unknown type. */
	readonly unknownMethod: "ack4" | "close";
	/** An ACK that nothing asked for, when established. */
	readonly strayAck: "ignore" | "close";
	/** Bytes behind the fields of a message of fixed size. */
	readonly shortTail: "ignore" | "close";
	/** Answer to GET_SCAN_REPORT. */
	readonly scanReport: "report" | "ack4";
	/** Bytes still queued for the local side when the service hangs up. */
	readonly hupFlush: "flush" | "drop";
	/** Redirects followed in a minute; 0: no limit. */
	readonly redirectLimit: number;
	/** Share of each retry delay that is added at random. */
	readonly retryJitter: number;
	/** Whether the pairing clock restarts when an established connection is lost. */
	readonly pairingClock: "restart" | "boot";
	/** What follows 20 minutes without pairing: slow retries, or none until `pair` or a restart. */
	readonly pairingEnd: "slow" | "suspend";
	/** What a scan makes of a camera that offers H.265 alone. */
	readonly h265: "rtsp" | "unsupported";
	/** Where ids of configured services come from: fingerprints, where the configuration gives none, or the configuration alone. */
	readonly serviceIds: "fingerprint" | "config";
}

export const SWITCHES: ArrowSwitches = Object.freeze({
	unknownMethod: "ack4",
	strayAck: "ignore",
	shortTail: "ignore",
	scanReport: "report",
	hupFlush: "flush",
	redirectLimit: 5,
	retryJitter: 0.1,
	pairingClock: "restart",
	pairingEnd: "slow",
	h265: "rtsp",
	serviceIds: "fingerprint",
});

/** {@link SWITCHES} with some of them replaced. */
export function withSwitches(changes: Partial<ArrowSwitches> | undefined): ArrowSwitches {
	return changes === undefined ? SWITCHES : Object.freeze({ ...SWITCHES, ...changes });
}
