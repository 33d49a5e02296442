import { MASTER_BYTES, MATERIAL_BYTES, SECRET_BYTES } from "arcrtc/constants";
import { wipe } from "arcrtc/key_derivation";

/**
 * Where the secrets of a session lie. To be made at boot, before the last collection of garbage there: the engine moves younger memory
 * when it collects, and what moves leaves a copy of itself behind until something else is made there. What lies lowest does not move.
 */
export class KeyBuffers {
	/** What two keys share, while a master is derived from it. */
	readonly secret = new ArrayBuffer(SECRET_BYTES);
	readonly master = new ArrayBuffer(MASTER_BYTES);
	/** The master by the rival rule, for `MismatchHint`. */
	readonly rival = new ArrayBuffer(MASTER_BYTES);
	/** Keys of one stream, on their way into its ciphers. */
	readonly material = new ArrayBuffer(MATERIAL_BYTES);

	/** Overwrites all of it. */
	wipe(): void {
		wipe(this.secret);
		wipe(this.master);
		wipe(this.rival);
		wipe(this.material);
	}
}
