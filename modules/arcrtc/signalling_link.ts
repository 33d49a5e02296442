import { FRAME_LENGTH } from "arcrtc/constants";
import { FRAME_NONE, FRAME_WHOLE, FrameReader } from "arcrtc/frame_reader";
import { FrameWriter } from "arcrtc/frame_writer";
import type { ArcIO } from "arcrtc/io";
import type Resolver from "net/resolver";
import { type Listener, type Stream, StreamStatus, Want } from "net/stream";
import type { Arena } from "storage/arena";
import { ByteRing } from "storage/ring";
import type { HostPort } from "wire/host_port";

/** Bytes of messages that may wait for the connection. */
export const OUTBOX = 4096;

/** Who the link is of. */
export interface LinkOwner {
	/** The connection is there. */
	linkUp(): void;
	/** It could not be made, or is gone; `reason` in words. */
	linkDown(reason: string): void;
	/** A frame lies at `offset`; `first` is its first byte. */
	frame(offset: number, length: number, first: number): void;
	/** All frames of a turn were given. */
	framesEnded(): void;
	/** A frame was longer than there is room for. */
	tooLong(first: number): void;
}

export interface LinkOptions {
	readonly io: ArcIO;
	readonly arena: Arena;
	/** Offsets of the room for received frames, of the rest of a sent one, of messages that wait ({@link OUTBOX}). */
	readonly inbox: number;
	readonly inboxBytes: number;
	readonly rest: number;
	readonly restBytes: number;
	readonly outbox: number;
	/** Whom to connect to; undefined: it waits to be connected to. */
	readonly remote: HostPort | undefined;
	readonly listen: HostPort | undefined;
	readonly owner: LinkOwner;
}

/**
 * The TCP connection of a session (section 2.8): messages both ways, and media when there is no other way. One that listens takes one
 * peer at a time; a second one is turned away. Messages are never dropped, and go before media.
 */
export class SignallingLink {
	readonly writer: FrameWriter;
	/** Connected. */
	up = false;
	/** Messages that found no room: the connection is ended then. */
	overflows = 0;
	readonly reader: FrameReader;
	readonly #stream: Stream;
	readonly #spare: Stream | undefined;
	readonly #listener: Listener | undefined;
	readonly #resolver: Resolver;
	readonly #arena: Arena;
	readonly #outbox: ByteRing;
	readonly #remote: HostPort | undefined;
	readonly #owner: LinkOwner;
	#connecting = false;

	/** @throws Error naming address and port that cannot be listened on. */
	constructor(options: LinkOptions) {
		const { io, arena, owner, listen } = options;
		this.#arena = arena;
		this.#owner = owner;
		this.#remote = options.remote;
		this.reader = new FrameReader(arena, options.inbox, options.inboxBytes);
		this.writer = new FrameWriter(arena, options.rest, options.restBytes);
		this.#outbox = new ByteRing(arena, options.outbox, OUTBOX);
		this.#stream = new io.Stream({
			onReadable: () => this.readable(),
			onWritable: () => this.writable(),
			onError: () => this.down(this.#stream.error),
		});
		this.#resolver = new io.Resolver({ onResolved: (address) => this.resolved(address) });
		if (listen === undefined) return;
		this.#spare = new io.Stream({});
		this.#listener = new io.Listener({ address: listen.host, port: listen.port, backlog: 2, onReadable: () => this.accept() });
	}

	/** Port that is listened on; 0: none. */
	get port(): number {
		return this.#listener?.port ?? 0;
	}

	/** Numeric addresses of both ends of the connection. */
	get localAddress(): string {
		return this.#stream.localAddress;
	}

	get remoteAddress(): string {
		return this.#stream.remoteAddress;
	}

	/** Begins to connect; for one that does not listen. */
	connect(): void {
		if (this.#remote === undefined || this.#connecting || this.up) return;
		this.#connecting = true;
		this.#resolver.resolve(this.#remote.host);
	}

	/** Sends a message of `length` bytes at `offset`, now or as soon as it can be. */
	message(offset: number, length: number): void {
		if (!this.up) return;
		const outbox = this.#outbox;
		if (outbox.free < length + FRAME_LENGTH) {
			this.overflows++;
			this.down("the peer takes no messages");
			return;
		}
		// The two bytes before a message are the maker's to leave free.
		this.#arena.view.setUint16(offset - FRAME_LENGTH, length);
		outbox.write(offset - FRAME_LENGTH, length + FRAME_LENGTH);
		this.flush();
	}

	/** Media may be written: nothing of a message is under way. */
	get idle(): boolean {
		return this.up && this.#outbox.length === 0;
	}

	/** To be told by `drained` of the owner's queue when the connection takes bytes again. */
	wantWritable(): void {
		if (this.up) this.#stream.want(Want.BOTH);
	}

	/** Called when the connection takes bytes again and no message waits. */
	onDrained: (() => void) | undefined;

	/** Ends the connection. */
	drop(): void {
		this.up = false;
		this.#connecting = false;
		this.#resolver.cancel();
		this.writer.attach(undefined);
		if (this.#stream.opened) this.#stream.close();
	}

	/** Frees what is native. */
	close(): void {
		this.drop();
		this.#stream.close();
		this.#spare?.close();
		this.#listener?.close();
		this.#resolver.close();
	}

	private resolved(address: string | undefined): void {
		if (!this.#connecting || this.#remote === undefined) return;
		if (address === undefined) this.down(this.#remote.host + ": " + this.#resolver.error);
		else if (this.#stream.connect(address, this.#remote.port) < 0) this.down(this.#stream.error);
	}

	private accept(): void {
		const stream = this.up ? this.#spare : this.#stream;
		if (stream === undefined || !this.#listener?.accept(stream)) return;
		if (this.up) stream.abort();
		else this.begin();
	}

	private begin(): void {
		this.#connecting = false;
		this.up = true;
		this.reader.reset();
		while (this.#outbox.length > 0) this.#outbox.consumed(this.#outbox.readLength);
		this.writer.attach(this.#stream);
		this.#stream.want(Want.READ);
		this.#owner.linkUp();
	}

	private writable(): void {
		if (this.#connecting) {
			this.begin();
			return;
		}
		this.#stream.want(Want.READ);
		if (this.flush()) this.onDrained?.();
	}

	/** @returns true when no message waits. */
	private flush(): boolean {
		const outbox = this.#outbox;
		let taken = 1;
		if (!this.writer.flush()) taken = 0;
		while (taken > 0 && outbox.length > 0) {
			taken = this.#stream.write(this.#arena.buffer, outbox.readOffset, outbox.readLength);
			if (taken > 0) outbox.consumed(taken);
		}
		if (outbox.length === 0 && !this.writer.waiting) return true;
		if (this.up) this.#stream.want(Want.BOTH);
		return false;
	}

	private readable(): void {
		const { reader } = this;
		const owner = this.#owner;
		const room = reader.room();
		const count = this.#stream.read(this.#arena.buffer, reader.writeOffset, room);
		if (count > 0) reader.received(count);
		else if (count === StreamStatus.END) this.down("the peer has closed the connection");
		else if (count === StreamStatus.FAILED) this.down(this.#stream.error);
		// As many as the room holds, which bounds the work of a turn.
		while (this.up) {
			const outcome = reader.next();
			if (outcome === FRAME_NONE) break;
			if (outcome === FRAME_WHOLE) owner.frame(reader.offset, reader.length, reader.first);
			else owner.tooLong(reader.first);
		}
		if (this.up) owner.framesEnded();
	}

	private down(reason: string): void {
		if (!this.up && !this.#connecting) return;
		this.drop();
		this.#owner.linkDown(reason === "" ? "the connection is lost" : reason);
	}
}
