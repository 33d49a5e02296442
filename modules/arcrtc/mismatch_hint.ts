import { MASTER_BYTES } from "arcrtc/constants";
import { FailureMeter } from "arcrtc/failure_meter";
import { deriveRivalMaster, deriveRivalStream, wipe } from "arcrtc/key_derivation";

/**
 * Finds out why nothing of a peer opens (section 2.4): after 100 failures in a second without any success, one packet is tried with
 * keys of the rival rule, salt and info exchanged. If it opens, the peer derives differently: one ERROR `kdf_mismatch` says so, and
 * what it holds goes nowhere. The rival master is kept until a packet opened or the trial was made.
 */
export class MismatchHint {
	private rival: ArrayBuffer | undefined = new ArrayBuffer(MASTER_BYTES);
	private meter: FailureMeter | undefined = new FailureMeter();

	/** `secret`: the shared one of the session, 32 bytes; it is not kept. */
	constructor(secret: ArrayBuffer, sessionId: string) {
		deriveRivalMaster(secret, sessionId, this.rival as ArrayBuffer);
	}

	/** Nothing is left to find out: a packet opened, or the trial was made. */
	get settled(): boolean {
		return this.rival === undefined;
	}

	/** A packet of the peer did not authenticate. @returns whether this one is to be tried with {@link material}. */
	failed(now: number): boolean {
		return this.meter?.failed(now) ?? false;
	}

	/** The rival keys of a stream, for the one trial; {@link settle} follows. @returns false when it was made before. */
	material(streamId: string, suite: number, material: ArrayBuffer): boolean {
		if (this.rival === undefined) return false;
		deriveRivalStream(this.rival, streamId, suite, material);
		return true;
	}

	/** A packet opened with the right keys, or the trial was made: the rival master is overwritten. Safe twice. */
	settle(): void {
		if (this.rival !== undefined) wipe(this.rival);
		this.rival = undefined;
		this.meter = undefined;
	}
}
