/** What {@link TLS.handshake} gives. */
export declare const Handshake: {
	/** More ciphertext must be received or sent. */
	readonly GOING_ON: 0;
	readonly DONE: 1;
	/** `reason` says why; ciphertext (an alert) may wait to be sent. */
	readonly FAILED: -1;
};

/** What {@link TLS.read} gives besides a byte count. */
export declare const TLSStatus: {
	/** No plaintext now. */
	readonly AGAIN: 0;
	/** The peer ended the TLS session (close_notify). */
	readonly END: -1;
	/** The session broke; `reason` says how. */
	readonly FAILED: -2;
};

export interface TLSOptions {
	/** Path of a PEM file of the only certificates that may sign a peer's chain. */
	authorities: string;
	/** Lowest version: "1.2" (default) or "1.3". */
	minimum?: "1.2" | "1.3";
	/** Also offer DHE-RSA-AES suites for old services; default false. */
	legacyCiphers?: boolean;
}

/**
 * A TLS client without I/O: ciphertext in and out, plaintext in and out, at offsets of the caller's buffers.
 * Its own record buffers are bounded and laid out when it is made; one engine serves one connection after the other.
 */
export default class TLS {
	/** @throws Error naming the file when the authorities cannot be read or hold no certificate: at boot only. */
	constructor(options: TLSOptions);
	/** Begins a new session with server `name` (a host name or a numeric address): SNI for names, and the name the certificate must hold. */
	start(name: string): void;
	/** Takes up to `length` bytes of ciphertext. @returns bytes taken, fewer (maybe 0) when the engine's input is full: read or send first. */
	receive(buffer: ArrayBuffer, offset: number, length: number): number;
	/** Gives up to `size` bytes of ciphertext to send. @returns bytes, 0 when there are none. */
	send(buffer: ArrayBuffer, offset: number, size: number): number;
	/** Goes on with the handshake. @returns a {@link Handshake}. */
	handshake(): number;
	/** Reads plaintext. @returns bytes or a {@link TLSStatus}. */
	read(buffer: ArrayBuffer, offset: number, size: number): number;
	/** Writes plaintext. @returns bytes taken: 0 when the output is full (send first), -2 when the session broke. */
	write(buffer: ArrayBuffer, offset: number, length: number): number;
	/** Queues close_notify. */
	end(): void;
	/** Why it failed, in words a person can act on ("certificate has expired (2024-01-31)", "certificate is for other.example, not for arrow.example"). "" when it did not. */
	readonly reason: string;
	/** "TLSv1.2", "TLSv1.3", or "" before the handshake. */
	readonly version: string;
	readonly cipher: string;
	/** Bytes of native memory the engine holds at most, for the memory plan. */
	readonly memory: number;
	close(): void;
}
