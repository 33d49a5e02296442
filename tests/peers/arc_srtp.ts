/** ArcSRTP: nonces, sealing, opening, rollover counter and replay window (reference 2.5). */
import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from "node:crypto";
import type { CipherGCMTypes } from "node:crypto";
import type { StreamKeys, Suite } from "./arc_keys.ts";

export type { StreamKeys, Suite } from "./arc_keys.ts";
export type Auth = "aead" | "aead+hmac80";

export const TAG_BYTES = 16;
export const HMAC_BYTES = 10;

/** What a packet is sealed under and with. */
export interface Seal {
	readonly suite: Suite;
	readonly auth: Auth;
	readonly keys: StreamKeys;
	readonly ssrc: number;
	/** ROC * 65536 + SEQ. */
	readonly index: number;
	/** Bytes as they go onto the wire in front of the payload. */
	readonly header: Buffer;
	/** The 12 bytes a reduced header stands for; undefined: the header is a full one. */
	readonly canonical?: Buffer;
}

export function nonceOf(salt: Buffer, ssrc: number, index: number): Buffer {
	const nonce = Buffer.alloc(12);
	nonce.writeUInt32BE(ssrc, 2);
	nonce.writeUInt32BE(rolloverOf(index), 6);
	nonce.writeUInt16BE(index % 65_536, 10);
	for (let at = 0; at < 12; at += 1) nonce[at] = (nonce[at] as number) ^ (salt[at] as number);
	return nonce;
}

export function rolloverOf(index: number): number {
	return Math.floor(index / 65_536);
}

/** Bytes behind the payload. */
export function trailerBytes(suite: Suite, auth: Auth): number {
	if (suite === "aes-128-ctr-hmac80") return HMAC_BYTES;
	return auth === "aead" ? TAG_BYTES : TAG_BYTES + HMAC_BYTES;
}

export function associatedData(seal: Seal): Buffer {
	return seal.canonical === undefined ? seal.header : Buffer.concat([seal.canonical, seal.header]);
}

function counterOf(seal: Seal): Buffer {
	return Buffer.concat([nonceOf(seal.keys.salt, seal.ssrc, seal.index), Buffer.from("00000002", "hex")]);
}

/** HMAC-SHA-256-80 over the packet so far, the canonical header in front of a reduced one, the rollover counter behind. */
function hmac80(seal: Seal, packet: Buffer): Buffer {
	const hmac = createHmac("sha256", seal.keys.auth);
	if (seal.canonical !== undefined) hmac.update(seal.canonical);
	const rollover = Buffer.alloc(4);
	rollover.writeUInt32BE(rolloverOf(seal.index), 0);
	return hmac.update(packet).update(rollover).digest().subarray(0, HMAC_BYTES);
}

/** The protected packet. */
export function sealPacket(seal: Seal, payload: Buffer): Buffer {
	if (seal.suite === "aes-128-ctr-hmac80") {
		const cipher = createCipheriv("aes-128-ctr", seal.keys.enc, counterOf(seal));
		const packet = Buffer.concat([seal.header, cipher.update(payload), cipher.final()]);
		return Buffer.concat([packet, hmac80(seal, packet)]);
	}
	const cipher = createCipheriv(seal.suite as CipherGCMTypes, seal.keys.enc, nonceOf(seal.keys.salt, seal.ssrc, seal.index), {
		authTagLength: TAG_BYTES,
	});
	cipher.setAAD(associatedData(seal));
	const packet = Buffer.concat([seal.header, cipher.update(payload), cipher.final(), cipher.getAuthTag()]);
	return seal.auth === "aead" ? packet : Buffer.concat([packet, hmac80(seal, packet)]);
}

function sameBytes(a: Buffer, b: Buffer): boolean {
	return a.length === b.length && timingSafeEqual(a, b);
}

/** The payload, or undefined when the packet is not genuine. Its first bytes are the header, whatever `by` has as one. */
export function openPacket(by: Seal, packet: Buffer): Buffer | undefined {
	const start = by.header.length;
	const seal = { ...by, header: packet.subarray(0, start) };
	if (packet.length < start + trailerBytes(seal.suite, seal.auth)) return undefined;
	let rest = packet;
	if (seal.suite === "aes-128-ctr-hmac80" || seal.auth === "aead+hmac80") {
		rest = packet.subarray(0, -HMAC_BYTES);
		if (!sameBytes(hmac80(seal, rest), packet.subarray(-HMAC_BYTES))) return undefined;
	}
	if (seal.suite === "aes-128-ctr-hmac80") {
		const cipher = createDecipheriv("aes-128-ctr", seal.keys.enc, counterOf(seal));
		return Buffer.concat([cipher.update(rest.subarray(start)), cipher.final()]);
	}
	const cipher = createDecipheriv(seal.suite as CipherGCMTypes, seal.keys.enc, nonceOf(seal.keys.salt, seal.ssrc, seal.index), {
		authTagLength: TAG_BYTES,
	});
	cipher.setAAD(associatedData(seal));
	cipher.setAuthTag(rest.subarray(-TAG_BYTES));
	try {
		return Buffer.concat([cipher.update(rest.subarray(start, -TAG_BYTES)), cipher.final()]);
	} catch {
		return undefined;
	}
}

/** Rollover counter of `sequence` by RFC 3711 appendix A; negative: there was none yet, the packet cannot be. */
export function estimateRollover(last: number, rollover: number, sequence: number): number {
	if (last < 32_768) return sequence - last > 32_768 ? rollover - 1 : rollover;
	return last - 32_768 > sequence ? rollover + 1 : rollover;
}

/** The value nearest `estimate` whose low 4 bits are `roc4`, never negative. */
export function nearestRollover(estimate: number, roc4: number): number {
	let best = roc4;
	for (let value = roc4 + Math.max(0, Math.floor(estimate / 16) - 1) * 16; value <= estimate + 16; value += 16)
		if (Math.abs(value - estimate) <= Math.abs(best - estimate)) best = value;
	return best;
}

export type Verdict = "accept" | "reject-replay" | "reject-old";

/** Sliding window over indexes of one SSRC and epoch. */
export class ReplayWindow {
	readonly size: number;
	top = -1;
	readonly #seen = new Set<number>();

	constructor(size = 64) {
		this.size = size;
	}

	check(index: number): Verdict {
		if (index <= this.top - this.size) return "reject-old";
		return this.#seen.has(index) ? "reject-replay" : "accept";
	}

	/** After the tag was right. */
	mark(index: number): void {
		this.#seen.add(index);
		if (index <= this.top) return;
		this.top = index;
		for (const old of this.#seen) if (old <= index - this.size) this.#seen.delete(old);
	}
}
