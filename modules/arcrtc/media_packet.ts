/** A media packet that was opened, or recovered: its payload lies in the arena. Good until the next call of whoever gave it. */
export interface MediaPacket {
	/** Arena offset of the payload, and its bytes. */
	readonly payload: number;
	readonly payloadLength: number;
	/** Rollover counter * 65,536 + sequence number. */
	readonly extendedSequence: number;
	/** RTP time, 32 bits. */
	readonly timestamp: number;
	readonly marker: boolean;
	readonly payloadType: number;
	readonly priority: number;
	readonly quality: number;
}
