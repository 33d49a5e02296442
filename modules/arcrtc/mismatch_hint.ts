import { MASTER_BYTES } from "arcrtc/constants";
import { deriveRivalMaster, deriveRivalStream, wipe } from "arcrtc/key_derivation";

/**
 * Finds out why nothing of a peer opens (section 2.4): when 100 packets failed within a second and none ever opened, one of them is
 * tried with keys of the rival rule, salt and info exchanged. If it opens, the peer derives differently: one ERROR `kdf_mismatch` says
 * so, and what the packet holds goes nowhere. The rival master is kept until then.
 */
export class MismatchHint {
	private rival: ArrayBuffer | undefined;

	/** `secret`: the shared one of the session, 32 bytes; it is not kept. `rival`: 32 bytes for the rival master. */
	constructor(secret: ArrayBuffer, sessionId: string, rival = new ArrayBuffer(MASTER_BYTES)) {
		this.rival = rival;
		deriveRivalMaster(secret, sessionId, rival);
	}

	/** Nothing is left to find out. */
	get settled(): boolean {
		return this.rival === undefined;
	}

	/** The rival keys of a stream, for the one trial; {@link settle} follows. @returns false when it was made, or is not needed. */
	material(streamId: string, suite: number, material: ArrayBuffer): boolean {
		if (this.rival === undefined) return false;
		deriveRivalStream(this.rival, streamId, suite, material);
		return true;
	}

	/** A packet opened with the right keys, or the trial was made: the rival master is overwritten. Safe twice. */
	settle(): void {
		if (this.rival !== undefined) wipe(this.rival);
		this.rival = undefined;
	}
}
