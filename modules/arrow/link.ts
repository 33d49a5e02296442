import type { ArrowIO } from "arrow/io";
import type Resolver from "net/resolver";
import type { Stream } from "net/stream";
import type TLS from "net/tls";
import type { MemoryPlan } from "storage/plan";

/** States of a link. */
export const LINK_CLOSED = 0;
export const LINK_RESOLVING = 1;
export const LINK_CONNECTING = 2;
export const LINK_SECURING = 3;
export const LINK_OPEN = 4;

/** What {@link Link.read} gives besides a byte count: nothing now, or the link has failed and its owner was told. */
export const READ_NOTHING = 0;
export const READ_FAILED = -1;

/* Wanted readiness and results as net/stream, net/tls give them; constants here, as they are used for every packet. */
const WANT_NOTHING = 0;
const WANT_READ = 1;
const WANT_WRITE = 2;
const END = -1;
const HANDSHAKE_DONE = 1;
const HANDSHAKE_FAILED = -1;

const PLAN_CIPHER_IN = "arrow TLS input";
const PLAN_CIPHER_OUT = "arrow TLS output";

export interface LinkOptions {
	/** Path of the PEM file of accepted authorities. */
	readonly authorities: string;
	readonly legacyCiphers: boolean;
	/** Bytes of each of the two ciphertext regions. */
	readonly buffer: number;
}

/** Who is told what happens to a link. Calls come from the event loop, never from inside a call to the link but `linkFailed`. */
export interface LinkOwner {
	/** TLS is up. */
	linkOpened(): void;
	/** Plaintext may be there. */
	linkReadable(): void;
	/** What was written went out: more may be written. */
	linkWritable(): void;
	/** `state` is another one on the way to LINK_OPEN; for owners that show the way. */
	linkAdvanced?(): void;
	/** The link failed, for a reason in words; `close` it. */
	linkFailed(reason: string): void;
}

/** Reserves what a {@link Link} needs. @throws Error naming the authorities' file when it is of no use. */
export function planLink(plan: MemoryPlan, options: LinkOptions, io: ArrowIO): void {
	const tls = new io.TLS({ authorities: options.authorities, legacyCiphers: options.legacyCiphers });
	plan.note("arrow TLS engine", tls.memory, "");
	tls.close();
	plan.reserve(PLAN_CIPHER_IN, options.buffer, "arrow.buffer");
	plan.reserve(PLAN_CIPHER_OUT, options.buffer, "arrow.buffer");
}

/** A TLS connection to a service by name: resolver, stream and TLS engine, made once, used for one connection after the other. */
export class Link {
	/** One of the LINK constants. */
	state = LINK_CLOSED;
	/** Ciphertext waits for the network: nothing more is written now. */
	blocked = false;
	/** The numeric address in use, "" before it is known. */
	address = "";
	readonly #tls: TLS;
	readonly #stream: Stream;
	readonly #owner: LinkOwner;
	readonly #buffer: ArrayBuffer;
	readonly #size: number;
	/** Ciphertext received and not yet taken by the engine. */
	readonly #in: number;
	#inAt = 0;
	#inEnd = 0;
	/** Ciphertext that the network has not taken. */
	readonly #out: number;
	#outAt = 0;
	#outEnd = 0;
	/** The network had no more at the last read: not asked again before the loop says that it has. */
	#drained = false;
	#reading = true;
	readonly #resolver: Resolver;
	#name = "";
	#port = 0;

	/** `plan` was given to {@link planLink} with the same options. @throws Error naming the authorities' file when it is of no use. */
	constructor(io: ArrowIO, plan: MemoryPlan, options: LinkOptions, owner: LinkOwner) {
		this.#tls = new io.TLS({ authorities: options.authorities, legacyCiphers: options.legacyCiphers });
		this.#stream = new io.Stream({
			onReadable: () => this.#readable(),
			onWritable: () => this.#writable(),
			onError: () => this.#fail(this.#stream.error),
		});
		this.#resolver = new io.Resolver({ onResolved: (address) => this.#resolved(address) });
		this.#owner = owner;
		this.#buffer = plan.allocate().buffer;
		this.#size = options.buffer;
		this.#in = plan.offset(PLAN_CIPHER_IN);
		this.#out = plan.offset(PLAN_CIPHER_OUT);
	}

	/** Begins to connect. */
	connect(name: string, port: number): void {
		this.close();
		this.#name = name;
		this.#port = port;
		this.state = LINK_RESOLVING;
		this.#resolver.resolve(name);
	}

	/** Closes at once. Safe twice. */
	close(): void {
		if (this.state === LINK_RESOLVING) this.#resolver.cancel();
		else if (this.state !== LINK_CLOSED) this.#stream.close();
		this.state = LINK_CLOSED;
		this.address = "";
		this.blocked = false;
		this.#inAt = this.#inEnd = this.#in;
		this.#outAt = this.#outEnd = this.#out;
		this.#drained = false;
		this.#reading = true;
	}

	/** Frees what is native. */
	dispose(): void {
		this.close();
		this.#stream.close();
		this.#resolver.close();
		this.#tls.close();
	}

	/** Queues the end of the TLS session behind what was written. */
	end(): void {
		this.#tls.end();
		this.flush();
	}

	/** All addresses of the name, in words; the first is not always the one in use. */
	get addresses(): string {
		return this.#resolver.addresses;
	}

	/** The device's own address on this connection. */
	get localAddress(): string {
		return this.#stream.localAddress;
	}

	/** "TLSv1.3 TLS_AES_128_GCM_SHA256". */
	get security(): string {
		return this.#tls.version + " " + this.#tls.cipher;
	}

	/** Whether `linkReadable` is called: off while the owner can take no input. */
	reading(on: boolean): void {
		this.#reading = on;
		this.#want();
	}

	/** Reads up to `size` bytes of plaintext. @returns bytes, READ_NOTHING or READ_FAILED. */
	read(offset: number, size: number): number {
		for (;;) {
			const count = this.#tls.read(this.#buffer, offset, size);
			if (count > 0) return count;
			if (count === END) return this.#broken("closed by the service");
			if (count < 0) return this.#broken("TLS: " + this.#tls.reason);
			if (!this.#receive()) return this.state === LINK_OPEN ? READ_NOTHING : READ_FAILED;
		}
	}

	/** Writes plaintext, as far as its ciphertext has room. @returns bytes taken; then `flush`. */
	write(offset: number, length: number): number {
		let done = 0;
		while (done < length) {
			const count = this.#tls.write(this.#buffer, offset + done, length - done);
			if (count < 0) {
				this.#fail("TLS: " + this.#tls.reason);
				return done;
			}
			done += count;
			if (count === 0 && !this.#gather()) return done;
		}
		return done;
	}

	/** Hands ciphertext to the network until there is none or it takes no more; `blocked` tells. */
	flush(): void {
		if (this.state < LINK_SECURING) return;
		this.#gather();
		while (this.#outAt < this.#outEnd) {
			const count = this.#stream.write(this.#buffer, this.#outAt, this.#outEnd - this.#outAt);
			if (count < 0) {
				this.#fail(this.#stream.error);
				return;
			}
			this.#outAt += count;
			if (this.#outAt < this.#outEnd) {
				this.blocked = true;
				this.#want();
				return;
			}
			this.#outAt = this.#outEnd = this.#out;
			this.#gather();
		}
		if (!this.blocked) return;
		this.blocked = false;
		this.#want();
	}

	/** Takes ciphertext out of the engine. @returns whether there was any and room for it. */
	#gather(): boolean {
		const count = this.#tls.send(this.#buffer, this.#outEnd, this.#out + this.#size - this.#outEnd);
		this.#outEnd += count;
		return count > 0;
	}

	#resolved(address: string | undefined): void {
		if (this.state !== LINK_RESOLVING) return;
		if (address === undefined) {
			this.state = LINK_CLOSED;
			this.#owner.linkFailed(this.#name + ": " + this.#resolver.error);
			return;
		}
		this.address = address;
		this.state = LINK_CONNECTING;
		this.#owner.linkAdvanced?.();
		if (this.#stream.connect(address, this.#port) < 0) this.#fail(this.#stream.error);
	}

	#writable(): void {
		if (this.state === LINK_CONNECTING) {
			this.state = LINK_SECURING;
			this.#owner.linkAdvanced?.();
			this.#tls.start(this.#name);
			this.#stream.want(WANT_READ);
			this.#secure();
			return;
		}
		this.flush();
		if (this.state === LINK_OPEN && !this.blocked) this.#owner.linkWritable();
	}

	#readable(): void {
		this.#drained = false;
		if (this.state === LINK_SECURING) while (this.#receive() && this.#secure());
		// Also at once after the handshake: what came with its last bytes makes the stream readable no more.
		if (this.state === LINK_OPEN) this.#owner.linkReadable();
	}

	/** Goes on with the handshake. @returns whether it needs more input. */
	#secure(): boolean {
		const result = this.#tls.handshake();
		if (result === HANDSHAKE_FAILED) {
			const reason = "TLS: " + this.#tls.reason;
			this.flush();
			this.#fail(reason);
			return false;
		}
		this.flush();
		if (result !== HANDSHAKE_DONE || this.state !== LINK_SECURING) return this.state === LINK_SECURING;
		this.state = LINK_OPEN;
		this.#owner.linkOpened();
		return false;
	}

	/** Gives the engine more ciphertext. @returns false when there is none now, or the link has failed. */
	#receive(): boolean {
		if (this.#inAt === this.#inEnd) {
			if (this.#drained) return false;
			const count = this.#stream.read(this.#buffer, this.#in, this.#size);
			if (count === 0) return false;
			if (count === END) {
				this.#fail("connection closed");
				return false;
			}
			if (count < 0) {
				this.#fail(this.#stream.error);
				return false;
			}
			this.#drained = count < this.#size;
			this.#inAt = this.#in;
			this.#inEnd = this.#in + count;
		}
		const taken = this.#tls.receive(this.#buffer, this.#inAt, this.#inEnd - this.#inAt);
		this.#inAt += taken;
		return taken > 0;
	}

	#broken(reason: string): number {
		this.#fail(reason);
		return READ_FAILED;
	}

	/** Tells the owner once. */
	#fail(reason: string): void {
		if (this.state === LINK_CLOSED) return;
		this.close();
		this.#owner.linkFailed(reason);
	}

	#want(): void {
		if (this.state < LINK_SECURING) return;
		this.#stream.want((this.#reading ? WANT_READ : WANT_NOTHING) + (this.blocked ? WANT_WRITE : WANT_NOTHING));
	}
}
