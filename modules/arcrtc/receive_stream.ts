import type { PacketCipher } from "arcrtc/packet_cipher";
import type { ReceiveKeys } from "arcrtc/receive_keys";
import type { ReplayWindow } from "arcrtc/replay_window";

/** Payload types of a stream, at most. */
export const PAYLOAD_TYPES = 4;

export interface ReceiveStreamOptions {
	/** Keys of its stream_id. */
	readonly keys: ReceiveKeys;
	readonly ssrc: number;
	/** Payload types that it may have, 1 to 4. */
	readonly payloadTypes: readonly number[];
	/** Ticks of a second of its timestamps. */
	readonly clock: number;
	readonly video: boolean;
	/** Rollover counter of its first packet, when signalling said it. Default 0. */
	readonly roc?: number;
	/** Packets that the replay window reaches back. Default: as the opener's. */
	readonly replayWindow?: number;
}

/** One SSRC that is received. Made with the opener and filled in by `Opener.add`. */
export class ReceiveStream {
	// Fields are found one after the other: those of every packet first.
	/** Sequence number, ROC and extended sequence number of the newest packet. */
	sequence = 0;
	roc = 0;
	newest = -1;
	keys!: ReceiveKeys;
	/** Reference of reduced headers: timestamp, TSL, extended sequence number (-1: none) and time of the newest packet that had a TSL. */
	timestamp = 0;
	tsl = 0;
	reference = -1;
	arrival = 0;
	ticksPerMs = 0;
	/** What the nonce in the arena is made for: ROC and parity in one number; -1: nothing. */
	nonceFor = -1;
	nonce = 0;
	/** SSRC as a signed word. */
	word = 0;
	readonly even: ReplayWindow;
	readonly odd: ReplayWindow;
	/** A packet was opened: until then ROC is what signalling said. */
	begun = false;
	live = false;
	payloadType = 0;
	payloadTypes: readonly number[] = [];
	video = false;
	readonly index: number;

	/** `index`: its place in the opener. */
	constructor(index: number, nonce: number, even: ReplayWindow, odd: ReplayWindow) {
		this.index = index;
		this.nonce = nonce;
		this.even = even;
		this.odd = odd;
	}

	get ssrc(): number {
		return this.word >>> 0;
	}

	get clock(): number {
		return this.ticksPerMs * 1000;
	}

	/** Cipher of the newest epoch. */
	get cipher(): PacketCipher {
		const { keys } = this;
		return keys.newest === 0 ? keys.even : keys.odd;
	}

	/** May its packets have this payload type? */
	allows(payloadType: number): boolean {
		const types = this.payloadTypes;
		for (let i = 0; i < types.length; i++) if (types[i] === payloadType) return true;
		return false;
	}

	/** Packets that the replay windows reach back, within what they have room for. */
	set replayWindow(packets: number) {
		this.even.size = packets;
		this.odd.size = packets;
	}

	get replayWindow(): number {
		return this.even.size;
	}
}
