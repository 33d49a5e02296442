/** Keys of ArcRTC: agreement, derivation (reference 2.4). */
import { createECDH, hkdfSync } from "node:crypto";

export type Suite = "aes-128-gcm" | "aes-256-gcm" | "chacha20-poly1305" | "aes-128-ctr-hmac80";

export const POINT_BYTES = 65;

export interface StreamKeys {
	readonly enc: Buffer;
	readonly auth: Buffer;
	readonly salt: Buffer;
}

/** One side's pair, for one epoch. */
export class KeyPair {
	readonly #ecdh = createECDH("prime256v1");

	/** A new pair, or that of a private key of 32 bytes. */
	constructor(privateKey?: Buffer) {
		if (privateKey === undefined) this.#ecdh.generateKeys();
		else this.#ecdh.setPrivateKey(privateKey);
	}

	get point(): Buffer {
		return this.#ecdh.getPublicKey();
	}

	get privateKey(): Buffer {
		return padded(this.#ecdh.getPrivateKey());
	}

	/** As it is signalled. */
	get text(): string {
		return this.point.toString("base64url");
	}

	/** The shared secret. @throws Error with the reason for which the peer's key is refused (ARC-K1). */
	agree(peer: string | Buffer): Buffer {
		const point = typeof peer === "string" ? pointOf(peer) : peer;
		if (point.length !== POINT_BYTES) throw new Error(`ARC-K1: a key of ${point.length} bytes`);
		if (point[0] !== 0x04) throw new Error("ARC-K1: not an uncompressed point");
		if (point.equals(this.point)) throw new Error("ARC-K1: the own key comes back");
		let secret: Buffer;
		try {
			secret = this.#ecdh.computeSecret(point);
		} catch {
			throw new Error("ARC-K1: not a point of the curve");
		}
		return padded(secret);
	}
}

function padded(number: Buffer): Buffer {
	return Buffer.concat([Buffer.alloc(32 - number.length), number]);
}

/** A key as signalled: base64url without padding, written in the one way there is. */
export function pointOf(text: string): Buffer {
	const point = Buffer.from(text, "base64url");
	if (point.toString("base64url") !== text) throw new Error("ARC-K1: not base64url without padding");
	return point;
}

function expand(secret: Buffer, id: string, label: string, length: number): Buffer {
	return Buffer.from(hkdfSync("sha256", secret, Buffer.from(id, "utf8"), Buffer.from(label, "ascii"), length));
}

export function masterOf(secret: Buffer, sessionId: string): Buffer {
	return expand(secret, sessionId, "arcrtc-media-key", 32);
}

export function keyBytes(suite: Suite): number {
	return suite === "aes-256-gcm" || suite === "chacha20-poly1305" ? 32 : 16;
}

export function streamKeys(master: Buffer, streamId: string, suite: Suite): StreamKeys {
	return {
		enc: expand(master, streamId, "arcrtc-enc", keyBytes(suite)),
		auth: expand(master, streamId, "arcrtc-auth", 32),
		salt: expand(master, streamId, "arcrtc-salt", 12),
	};
}

/** The rival order of arguments, salt and info exchanged: what the trial for `kdf_mismatch` looks for. */
export function exchangedKeys(
	secret: Buffer,
	sessionId: string,
	streamId: string,
	suite: Suite,
): StreamKeys & { master: Buffer } {
	const swapped = (from: Buffer, id: string, label: string, length: number): Buffer =>
		Buffer.from(hkdfSync("sha256", from, Buffer.from(label, "ascii"), Buffer.from(id, "utf8"), length));
	const master = swapped(secret, sessionId, "arcrtc-media-key", 32);
	return {
		master,
		enc: swapped(master, streamId, "arcrtc-enc", keyBytes(suite)),
		auth: swapped(master, streamId, "arcrtc-auth", 32),
		salt: swapped(master, streamId, "arcrtc-salt", 12),
	};
}
