import { OLD_KEY_MS } from "arcrtc/constants";
import { PacketCipher } from "arcrtc/packet_cipher";
import type { HMAC } from "crypto/crypto";
import type { Arena } from "storage/arena";

/**
 * Keys of one stream_id that is received, for all its SSRCs: those of an even and those of an odd epoch, as K tells them apart
 * (section 2.6). The older ones are overwritten 1,000 ms after the first authentic packet of the newer epoch.
 */
export class ReceiveKeys {
	/** `epoch` of each is -1 while it has no keys. */
	readonly even: PacketCipher;
	readonly odd: PacketCipher;
	/** Parity of the epoch in force, of which packets came; of the newest one. Unequal between `install` and the first packet of it. */
	phase = 0;
	newest = 0;
	/** When the older keys are to go; Infinity: there are none, or none of the newer epoch came yet. */
	deadline = Infinity;

	/** `scratch`: as {@link PacketCipher} takes it. */
	constructor(arena: Arena, scratch: number, suite: number, auth: number) {
		this.even = new PacketCipher(arena, scratch, suite, auth);
		this.odd = new PacketCipher(arena, scratch, suite, auth);
	}

	/** The newest epoch; -1: none. */
	get epoch(): number {
		return (this.newest === 0 ? this.even : this.odd).epoch;
	}

	/** Older keys still open packets, so that no rotation may begin. */
	get olderKept(): boolean {
		return (this.newest === 0 ? this.odd : this.even).epoch >= 0;
	}

	/** Takes keys of the next epoch. @returns false when it is not the next one, or the keys before the last are still kept. */
	install(material: ArrayBuffer, epoch: number): boolean {
		const parity = epoch & 1;
		const cipher = parity === 0 ? this.even : this.odd;
		const last = this.epoch;
		if (cipher.epoch >= 0 || epoch < 0 || (last >= 0 && epoch !== last + 1)) return false;
		if (last < 0) this.phase = parity;
		this.newest = parity;
		cipher.setKeys(material, epoch);
		return true;
	}

	/** An authentic packet of the other parity than the one in force came. */
	turn(phase: number, now: number): void {
		if (phase !== this.newest) return;
		this.phase = phase;
		this.deadline = now + OLD_KEY_MS;
	}

	/** Overwrites the older keys when their time is over. @returns true when it did. */
	tick(now: number): boolean {
		if (now < this.deadline) return false;
		this.forgetOlder();
		return true;
	}

	/** Overwrites the older keys at once, though nothing may have come under the newest. */
	forgetOlder(): void {
		this.deadline = Infinity;
		this.phase = this.newest;
		const older = this.newest === 0 ? this.odd : this.even;
		if (older.epoch >= 0) older.wipe();
	}

	/** HMAC of the newest epoch: of control packets about streams under these keys. */
	get auth(): HMAC {
		return (this.newest === 0 ? this.even : this.odd).auth;
	}

	/** HMAC of the epoch before; undefined when it is gone. */
	olderAuth(now: number): HMAC | undefined {
		const older = this.newest === 0 ? this.odd : this.even;
		return older.epoch >= 0 && now < this.deadline ? older.auth : undefined;
	}

	/** Overwrites all keys. */
	wipe(): void {
		this.deadline = Infinity;
		this.even.wipe();
		this.odd.wipe();
	}

	close(): void {
		this.even.close();
		this.odd.close();
	}
}
