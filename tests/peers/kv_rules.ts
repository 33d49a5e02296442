/** The rules that a KV device must keep, as far as a server can see them. Every breach is reported with its requirement. */
import type { KvMember } from "./kv_channel.ts";
import { opusFault } from "./kv_opus.ts";
import type { Request, RequestShape, SystemPacket } from "./kv_wire.ts";
import { Command, commandName, ErrorCode, errorName, Operation, operationName, PADDED_BYTES, PACKET_BYTES } from "./kv_wire.ts";
import { requestText, SYSTEM_BYTES, TYPE_BYTES } from "./kv_wire.ts";

/** Answers after which the same request again is a mistake (KV-9). */
const FINAL_ERRORS: readonly number[] = [ErrorCode.PARAM, ErrorCode.INVAL, ErrorCode.ACCESS, ErrorCode.NOIMPL];
const CLOSE_MS = 100;
const FIRST_DATAGRAM_MS = 100;
const ANSWER_MS = 5_000;
const KEEPALIVES_A_SECOND = 8;

export interface KvRuleOptions {
	/** How the device is told to send requests; "any": both are taken. */
	readonly shape: RequestShape | "any";
	/** True: SYS_JOIN and SYS_LEAVE belong to the device's ways. */
	readonly userJoin: boolean;
	readonly payload: "opusPad" | "raw504";
	/** True: the padding of Opus packets may hold something. */
	readonly anyPadding: boolean;
	/** Most milliseconds between two KEEPALIVEs of a member (KV-13). */
	readonly keepaliveLimit: number;
	/** Milliseconds that the machine or the way between may add to any bound. */
	readonly slack: number;
	/** False: datagrams may be lost on the way, so none is missed. */
	readonly lossless: boolean;
}

/** How a connection ended, for the rules about it. */
export interface ConnectionEnd {
	readonly request: Request | undefined;
	readonly received: Buffer;
	/** Bytes of the first read, which is one segment on loopback. */
	readonly firstRead: number;
	/** Milliseconds from the last byte of the answer to the device's close; undefined without answer. */
	readonly lingered: number | undefined;
	/** Milliseconds the connection was open. */
	readonly age: number;
}

export class KvRules {
	readonly options: KvRuleOptions;
	readonly #report: (text: string) => void;
	/** The last request that got a final error, by the uid that asked. */
	readonly #refused = new Map<bigint, { readonly text: string; readonly error: number }>();

	constructor(options: KvRuleOptions, report: (text: string) => void) {
		this.options = options;
		this.#report = report;
	}

	// ---- TCP --------------------------------------------------------------------------------------------------

	asked(request: Request): void {
		const [asker = 0n] = request.fields;
		const text = requestText(request);
		const before = this.#refused.get(asker);
		if (before?.text === text && request.type !== Command.GET_PORT)
			this.#report(`KV-9: ${text} comes again after ${errorName(before.error)}`);
		if (request.type !== Command.GET_CHANNELS && asker !== 0n) this.#refused.delete(asker);
	}

	answered(request: Request, error: number | undefined): void {
		const [asker = 0n] = request.fields;
		if (error !== undefined && asker !== 0n && FINAL_ERRORS.includes(error))
			this.#refused.set(asker, { text: requestText(request), error });
	}

	ended(end: ConnectionEnd): void {
		const { request, received, slack } = { ...end, slack: this.options.slack };
		if (received.length > 0 && end.firstRead < Math.min(received.length, PADDED_BYTES))
			this.#report(`KV-1: the request came in pieces, ${end.firstRead} of ${received.length} bytes first`);
		if (request === undefined) this.#report(`KV-2: the connection ended after ${received.length} bytes, no whole request`);
		else this.#checkShape(request, received);
		if (end.lingered !== undefined && end.lingered > CLOSE_MS + slack)
			this.#report(`KV-1: the socket was closed ${Math.round(end.lingered)} ms after the answer`);
		if (end.lingered === undefined && end.age > ANSWER_MS + slack)
			this.#report(`KV-5: ${Math.round(end.age)} ms without an answer, and the socket still open`);
	}

	#checkShape(request: Request, received: Buffer): void {
		const exact = TYPE_BYTES + request.fields.length * 8;
		const { shape } = this.options;
		const fits = (shape !== "padded36" && received.length === exact) || (shape !== "exact" && received.length === PADDED_BYTES);
		if (!fits) {
			const wanted = shape === "padded36" ? PADDED_BYTES : exact;
			this.#report(`KV-2: ${commandName(request.type)} of ${received.length} bytes, must be ${wanted}`);
		} else if (received.subarray(exact).some((byte) => byte !== 0)) this.#report("KV-2: a padded request without zero tail");
	}

	// ---- UDP --------------------------------------------------------------------------------------------------

	size(length: number, from: string): void {
		this.#report(`KV-11: a datagram of ${length} bytes from ${from}, must be ${PACKET_BYTES}`);
	}

	system(packet: SystemPacket, datagram: Buffer): void {
		const name = operationName(packet.operation);
		if (!packet.sound) this.#report(`KV-18: ${name} with a wrong checksum`);
		if (datagram.subarray(SYSTEM_BYTES).some((byte) => byte !== 0)) this.#report(`KV-11: ${name} with bytes after its fields`);
		const { operation } = packet;
		if (operation === Operation.JOIN || operation === Operation.LEAVE) {
			if (!this.options.userJoin) this.#report(`KV-12: SYS_${name} though userJoin is off`);
		} else if (operation !== Operation.KEEPALIVE && operation !== Operation.ACK) this.#report(`KV-17: ${name} from a device`);
	}

	/** The first datagram of a member since it joined. */
	first(member: KvMember, kind: string, now: number): void {
		if (!this.options.lossless) return;
		const elapsed = now - member.joinedAt;
		if (elapsed > FIRST_DATAGRAM_MS + this.options.slack)
			this.#report(`KV-12: the first datagram came ${Math.round(elapsed)} ms after the JOIN answer`);
		if (kind !== "KEEPALIVE") this.#report(`KV-12: ${kind} before the first KEEPALIVE`);
	}

	voice(member: KvMember, data: Buffer): void {
		if (this.options.lossless && this.options.userJoin && member.joins === 0) this.#report("KV-12: voice before SYS_JOIN");
		if (this.options.payload === "raw504") return;
		const fault = opusFault(data, this.options.anyPadding);
		if (fault !== undefined) this.#report(`KV-16: voice is no padded Opus packet: ${fault}`);
	}

	keepalive(member: KvMember, now: number): void {
		const second = member.keepaliveTimes.filter((time) => time > now - 1_000).length;
		if (second > KEEPALIVES_A_SECOND) this.#report(`KV-13: ${second} KEEPALIVEs within a second`);
	}

	/** Called now and then for each member. @returns true when it was reported. */
	gap(member: KvMember, now: number): boolean {
		if (!this.options.lossless || member.lastKeepalive === undefined) return false;
		const gap = now - member.lastKeepalive;
		if (gap <= this.options.keepaliveLimit + this.options.slack) return false;
		this.#report(`KV-13: no KEEPALIVE for ${Math.round(gap)} ms`);
		return true;
	}

	/** A datagram of one that left. */
	afterLeave(kind: string, elapsed: number): void {
		if (elapsed > this.options.slack) this.#report(`KV-20: ${kind} ${Math.round(elapsed)} ms after LEAVE was answered`);
	}
}
