import {
	LABEL_AUTHENTICATION,
	LABEL_ENCRYPTION,
	LABEL_MASTER,
	LABEL_PATH,
	LABEL_SALT,
	MASTER_BYTES,
	MATERIAL_AUTHENTICATION,
	MATERIAL_BYTES,
	MATERIAL_ENCRYPTION,
	MATERIAL_SALT,
	SUITE_AES_256_GCM,
	SUITE_CHACHA20_POLY1305,
} from "arcrtc/constants";
import { DIGEST_LENGTH, HMAC, hkdf, NONCE_LENGTH } from "crypto/crypto";

/** Keys of ArcRTC from the shared secret down (section 2.4). Cold paths. Ids are taken as they were signalled, letter by letter. */

const AES_128_KEY = 16;
const LONG_KEY = 32;

/** Bytes of a suite's encryption key. */
export function keyBytes(suite: number): number {
	return suite === SUITE_AES_256_GCM || suite === SUITE_CHACHA20_POLY1305 ? LONG_KEY : AES_128_KEY;
}

/** Master of a session: 32 bytes into `master`, from the secret of 32 bytes. */
export function deriveMaster(secret: ArrayBuffer, sessionId: string, master: ArrayBuffer): void {
	derive(secret, ArrayBuffer.fromString(sessionId), ArrayBuffer.fromString(LABEL_MASTER), master, 0, MASTER_BYTES);
}

/** Keys of one stream as `MATERIAL_…` of the constants has them; a suite of 128 bits leaves 16 bytes of zeros behind its key. */
export function deriveStream(master: ArrayBuffer, streamId: string, suite: number, material: ArrayBuffer): void {
	const id = ArrayBuffer.fromString(streamId);
	new Uint8Array(material, 0, MATERIAL_BYTES).fill(0);
	derive(master, id, ArrayBuffer.fromString(LABEL_ENCRYPTION), material, MATERIAL_ENCRYPTION, keyBytes(suite));
	derive(master, id, ArrayBuffer.fromString(LABEL_AUTHENTICATION), material, MATERIAL_AUTHENTICATION, DIGEST_LENGTH);
	derive(master, id, ArrayBuffer.fromString(LABEL_SALT), material, MATERIAL_SALT, NONCE_LENGTH);
}

/** Key of the checks of the direct path (section 2.8), of the first master of a session: 32 bytes into `key`. */
export function derivePath(master: ArrayBuffer, key: ArrayBuffer): void {
	const label = ArrayBuffer.fromString(LABEL_PATH);
	const hmac = new HMAC(master, 0, MASTER_BYTES);
	hmac.sign(label, 0, label.byteLength, key, 0);
	hmac.close();
}

/** As {@link deriveMaster}, by the rival rule: salt and info change places. */
export function deriveRivalMaster(secret: ArrayBuffer, sessionId: string, master: ArrayBuffer): void {
	derive(secret, ArrayBuffer.fromString(LABEL_MASTER), ArrayBuffer.fromString(sessionId), master, 0, MASTER_BYTES);
}

/** As {@link deriveStream}, by the rival rule. */
export function deriveRivalStream(master: ArrayBuffer, streamId: string, suite: number, material: ArrayBuffer): void {
	const id = ArrayBuffer.fromString(streamId);
	new Uint8Array(material, 0, MATERIAL_BYTES).fill(0);
	derive(master, ArrayBuffer.fromString(LABEL_ENCRYPTION), id, material, MATERIAL_ENCRYPTION, keyBytes(suite));
	derive(master, ArrayBuffer.fromString(LABEL_AUTHENTICATION), id, material, MATERIAL_AUTHENTICATION, DIGEST_LENGTH);
	derive(master, ArrayBuffer.fromString(LABEL_SALT), id, material, MATERIAL_SALT, NONCE_LENGTH);
}

/** Overwrites secrets. */
export function wipe(secret: ArrayBuffer): void {
	new Uint8Array(secret).fill(0);
}

/** The secrets here have 32 bytes each: a longer buffer would be another secret. */
function derive(secret: ArrayBuffer, salt: ArrayBuffer, info: ArrayBuffer, to: ArrayBuffer, at: number, length: number): void {
	if (secret.byteLength !== MASTER_BYTES) throw new RangeError("arcrtc: a secret has 32 bytes");
	hkdf(secret, salt, info, to, at, length);
}
