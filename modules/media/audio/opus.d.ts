import type { AudioDecoder, AudioEncoder } from "media/audio/audio";

export interface OpusOptions {
	/** 8000, 12000, 16000, 24000 or 48000. */
	rate: number;
	/** Milliseconds: 2.5, 5, 10, 20 (default), 40 or 60. */
	frame?: number;
	/** Bits a second, 6,000 to 510,000; default 24,000. What a packet takes varies around it. */
	bitrate?: number;
	/** 0 (least work) to 10; default 5. */
	complexity?: number;
	/** Puts a second, coarser copy of a frame into the next packet while `expectedLoss` is above 0. Default false. */
	fec?: boolean;
	/** Sends nothing while nobody speaks, but one packet in 400 ms. Default false. */
	dtx?: boolean;
	/** Packets of 100 that are thought to get lost; default 0. */
	expectedLoss?: number;
}

/** Native bytes of an open encoder and decoder, for the memory plan. */
export function opusEncoderBytes(): number;
export function opusDecoderBytes(): number;

/** Opus (RFC 6716) for speech, one channel. */
export declare class OpusEncoder implements AudioEncoder {
	/** @throws RangeError for settings out of their range, Error when the platform cannot do it or has no memory. */
	constructor(options: OpusOptions);
	/** `samples` is one frame (2.5 to 60 ms). @returns bytes at `to`, 0: need not be sent (DTX), -1: no frame, or it does not fit. */
	encode(buffer: ArrayBuffer, from: number, samples: number, to: number, limit: number): number;
	/** Other bit rate and expected loss from the next frame on. @returns false where the platform cannot change them. */
	tune(bitrate: number, expectedLoss: number): boolean;
	close(): void;
}

/** Takes packets of any frame size, bandwidth and channel count; gives one channel. */
export declare class OpusDecoder implements AudioDecoder {
	constructor(rate: number);
	/** @returns samples at `to`, -1: damaged, empty, or longer than `limit`. */
	decode(buffer: ArrayBuffer, from: number, length: number, to: number, limit: number): number;
	/** `samples` is a multiple of 2.5 ms, at most 120 ms; for another number it gives silence. */
	conceal(buffer: ArrayBuffer, from: number, length: number, to: number, samples: number): number;
	reset(): void;
	close(): void;
}
