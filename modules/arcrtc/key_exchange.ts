import { SECRET_BYTES } from "arcrtc/constants";
import { ECDH, POINT_LENGTH } from "crypto/crypto";
import { formatBase64URL, parseBase64URL } from "wire/base64url";

/** One's own key pair of an ArcRTC session (section 2.4). Cold path: a pair serves one session, or one epoch of it. */
export class KeyExchange {
	/** The public key as it is signalled. */
	readonly publicKey: string;
	private pair: ECDH | undefined;

	/** A new random pair. A private key, 32 bytes, is for known answers only. @throws RangeError when it is none. */
	constructor(privateKey?: ArrayBuffer) {
		const pair = privateKey === undefined ? new ECDH() : new ECDH(privateKey, 0);
		const point = new ArrayBuffer(POINT_LENGTH);
		pair.publicKey(point, 0);
		this.pair = pair;
		this.publicKey = formatBase64URL(new Uint8Array(point), 0, POINT_LENGTH);
	}

	/**
	 * Writes the secret shared with the peer that has this public key: 32 bytes at the start of `secret`, leading zeros kept.
	 * @returns false when the text is no point of 65 bytes, uncompressed, on the curve; when it is one's own key; when the pair is
	 * gone. What `secret` holds is no secret then.
	 */
	agree(publicKey: string, secret: ArrayBuffer): boolean {
		const { pair } = this;
		if (pair === undefined || secret.byteLength < SECRET_BYTES || publicKey === this.publicKey) return false;
		const point = new Uint8Array(POINT_LENGTH);
		if (!parseBase64URL(publicKey, point, 0, POINT_LENGTH)) return false;
		return point[0] === UNCOMPRESSED && pair.agree(point.buffer, 0, secret, 0);
	}

	/** Overwrites the private key. Safe twice. */
	close(): void {
		this.pair?.close();
		this.pair = undefined;
	}
}

/** First byte of a point with both coordinates (SEC 1 section 2.3.3). */
const UNCOMPRESSED = 4;
