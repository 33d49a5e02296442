/** What opus_packet.ts says of a packet is found out here: in C, as it is asked for each packet that comes. No call allocates. */

/** @returns frames in a packet, 1 to 48, or -1: it breaks a rule, or does not lie in `bytes`. */
export function frames(bytes: Uint8Array, at: number, length: number): number;
/** @returns ticks of 1/48,000 s that it plays, 120 to 5760, or -1. */
export function duration(bytes: Uint8Array, at: number, length: number): number;
/** @returns bytes of padding at its end, or -1. */
export function padding(bytes: Uint8Array, at: number, length: number): number;
/** It brings the frame before it as well (in-band FEC): behind the VAD flags of its SILK frames the first frame says so (section 4.2.3). */
export function redundant(bytes: Uint8Array, at: number, length: number): boolean;
