/** Interoperability switches: where servers and other clients read the protocol differently. Section 5 of docs/protocols/kv.md. */
export interface KVSwitches {
	/** Values of the next three at once: those of the protocol's document, or of the original server at that commit. */
	readonly profile: "document" | "27eb5b6";
	/** How the port of a channel is written. */
	readonly portOrder: "be" | "le-quirk" | "auto";
	/** Tell the channel of joining and leaving by system packets too. */
	readonly userJoin: boolean;
	/** Order of the user id in KEEPALIVE and LEAVE. */
	readonly keepaliveUidOrder: "le" | "be";
	/** Order of user id, acknowledgement id and checksum in datagrams. */
	readonly udpOrder: "le" | "be";
	/** Requests of their exact size, or of 36 bytes always. */
	readonly requestShape: "exact" | "padded36";
	/** How a packet of the codec fills a datagram. */
	readonly payload: "opusPad" | "raw504";
	/** What the padding of an Opus packet holds. */
	readonly padding: "zero" | "sequence";
	/** What follows a refusal: an attempt at the slow rate, or none before a restart. */
	readonly refused: "slow" | "never";
}

export const SWITCHES: KVSwitches = Object.freeze({
	profile: "document",
	portOrder: "be",
	userJoin: false,
	keepaliveUidOrder: "le",
	udpOrder: "le",
	requestShape: "exact",
	payload: "opusPad",
	padding: "zero",
	refused: "slow",
});

const ORIGINAL: Partial<KVSwitches> = Object.freeze({ portOrder: "le-quirk", userJoin: true, keepaliveUidOrder: "be" });

/** {@link SWITCHES} with those of the profile replaced, then with the ones given. */
export function withSwitches(changes: Partial<KVSwitches> | undefined): KVSwitches {
	if (changes === undefined) return SWITCHES;
	return Object.freeze({ ...SWITCHES, ...(changes.profile === "27eb5b6" ? ORIGINAL : undefined), ...changes });
}
