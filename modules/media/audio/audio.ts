/**
 * Sound inside the device is 16-bit PCM in the processor's byte order, one channel, at one sample rate for all (`audio.rate`).
 * Sources and sinks that run at another rate or with more channels convert for themselves.
 *
 * Nobody is called back: the voice path looks at its sources and sinks at each frame, because a lost frame must not stop the clock.
 */

/** Where sound comes from: a microphone, a WAV file, a tone, silence. */
export interface AudioSource {
	/** Begins to take sound. @throws Error naming the device or file and what is wrong with it: at boot only. */
	start(): void;
	/**
	 * Takes exactly `samples` samples to `offset` (even) of `buffer` when that many are there, else none.
	 * @returns `samples`, 0 when they are not there yet, -1 when nothing will come any more (the end of a file). A device that went may come back: 0.
	 */
	read(buffer: ArrayBuffer, offset: number, samples: number): number;
	/** Samples lost because nobody read in time, since the start. */
	readonly lost: number;
	/** Why nothing comes for now, as a sentence; "" or undefined while all is well. */
	readonly error?: string;
	/** Safe twice. */
	close(): void;
}

/** Where sound goes: a loudspeaker, a WAV file, nowhere. It plays by its own clock, which is what the voice path follows. */
export interface AudioSink {
	/** Begins to play: silence until something is written. @throws Error naming the device or file and what is wrong with it. */
	start(): void;
	/** Samples written and not played yet. */
	readonly queued: number;
	/** Samples it holds at most. */
	readonly capacity: number;
	/** Appends up to `samples` samples from `offset` (even). @returns how many were taken, -1 when it takes none any more. */
	write(buffer: ArrayBuffer, offset: number, samples: number): number;
	/** Samples of silence played because nothing was there, since the start. */
	readonly starved: number;
	/** Why nobody hears what is written, as a sentence; "" or undefined while all is well. */
	readonly error?: string;
	/** Plays what waits where that takes no time (a file), and closes. Safe twice. */
	close(): void;
}

/** Turns frames of samples into packets. One per outgoing stream. */
export interface AudioEncoder {
	/** @returns bytes written at `to` (at most `limit`), 0: nothing to be sent for this frame (DTX), -1: it does not fit or failed. */
	encode(buffer: ArrayBuffer, from: number, samples: number, to: number, limit: number): number;
	close(): void;
}

/** Turns packets into samples. One per speaker. */
export interface AudioDecoder {
	/** @returns samples written at `to` (at most `limit`), -1: damaged. */
	decode(buffer: ArrayBuffer, from: number, length: number, to: number, limit: number): number;
	/** Makes up `samples` samples for a packet that was lost: from the packet behind it at `from` when `length` > 0 (in-band FEC), else by concealment. @returns samples. */
	conceal(buffer: ArrayBuffer, from: number, length: number, to: number, samples: number): number;
	/** Forgets the past: the next packet begins a new stream. */
	reset(): void;
	close(): void;
}

/** What a microphone or a loudspeaker of the host (media/audio/device) is opened with. */
export interface DeviceOptions {
	/** ALSA's name, "default", "plughw:1"; boards have one of each, whatever its name is. */
	device: string;
	/** Samples a second. */
	rate: number;
	/** Milliseconds of sound that the device's buffer holds, 20 to 1000. The host may choose another near to it. */
	buffer: number;
}
