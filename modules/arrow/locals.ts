import type { Client } from "arrow/client";
import { CONNECTION_ERROR, NO_ERROR, SESSION_OPEN, STATE_CLOSED } from "arrow/constants";
import type { ArrowIO } from "arrow/io";
import type { Session } from "arrow/session";
import type { Stream } from "net/stream";

/* Wanted readiness and results as net/stream gives them. */
const WANT_READ = 1;
const WANT_WRITE = 2;
const AGAIN = 0;
const END = -1;

const IDLE = 0;
const QUEUED = 1;
const STARVED = 2;

/** Who is told that local connections have something to do. */
export interface LocalsOwner {
	/** A local connection is up, has bytes or takes bytes again: a turn is due. */
	localReady(): void;
	/** The way to the service takes nothing now. */
	readonly congested: boolean;
}

/**
 * The local connections, one stream per session, made at boot. Bytes from the service go from a session's ring into its stream;
 * bytes from the stream are read straight behind a header in the output, when and as far as they may be sent. What may not be sent
 * stays in the host's socket buffer, so back-pressure reaches the local service by itself.
 */
export class Locals {
	readonly #client: Client;
	readonly #owner: LocalsOwner;
	readonly #buffer: ArrayBuffer;
	readonly #streams: LocalStream[] = [];
	/** Places of the streams to be read; the flags QUEUED, STARVED, FULL, BROKEN of each stream lie behind them. */
	readonly #queue: Uint8Array;
	readonly #limit: number;
	#head = 0;
	#count = 0;
	/** Nothing more is read: the device stops. */
	#draining = false;

	constructor(io: ArrowIO, buffer: ArrayBuffer, client: Client, owner: LocalsOwner) {
		const sessions = client.sessions.table.sessions;
		const count = sessions.length;
		this.#client = client;
		this.#owner = owner;
		this.#buffer = buffer;
		this.#full = new Uint8Array(count);
		this.#broken = new Uint8Array(count);
		this.#ready = new Uint8Array(count);
		this.#queue = new Int16Array(count);
		for (let i = 0; i < count; i++) {
			const session = sessions[i];
			const stream = new io.Stream({
				onReadable: () => this.#readable(session),
				onWritable: () => this.#writable(session),
				onError: () => {
					this.#fail(session);
					owner.localReady();
				},
			});
			this.#streams.push(stream);
		}
	}

	/** Streams that wait to be read. */
	get waiting(): number {
		return this.#count;
	}

	/** EVENT_OPEN: connects to the session's service. */
	open(session: Session): void {
		const i = session.index;
		const service = session.service;
		this.#full[i] = 0;
		this.#broken[i] = 0;
		if (!service || this.#streams[i].connect(service.host, service.port) < 0) this.#client.sessions.ended(session, CONNECTION_ERROR);
	}

	/** EVENT_DATA: gives the stream what the ring holds. */
	write(session: Session): void {
		const i = session.index;
		if (this.#full[i] !== 0) return;
		const stream = this.#streams[i];
		const ring = session.inbound;
		let length = ring.readLength;
		while (length > 0) {
			const count = stream.write(this.#buffer, ring.readOffset, length);
			if (count < 0) {
				this.#fail(session);
				return;
			}
			if (count > 0) this.#client.sessions.consumed(session, count);
			if (count < length) {
				this.#full[i] = 1;
				this.#want(session);
				return;
			}
			length = ring.readLength;
		}
	}

	/** EVENT_CREDIT: the session may send again. */
	resume(session: Session): void {
		if (this.#ready[session.index] === STARVED) this.#enqueue(session.index);
	}

	/** EVENT_CLOSE: ends the connection with a FIN behind all it was given. */
	close(session: Session): void {
		const i = session.index;
		const stream = this.#streams[i];
		const ring = session.inbound;
		// When the service is gone, what came before goes as far as the stream takes it at once.
		if (this.#client.state === STATE_CLOSED && ring.readLength > 0 && this.#broken[i] === 0) stream.write(this.#buffer, ring.readOffset, ring.readLength);
		stream.close();
		this.#full[i] = 0;
		this.#broken[i] = 0;
		if (this.#ready[i] === STARVED) this.#ready[i] = IDLE;
	}

	/** Fills the output with data messages, one per session and round. */
	fill(now: number): void {
		const { sender, sessions } = this.#client;
		while (this.#count > 0) {
			const i = this.#queue[this.#head];
			const session = sessions.table.sessions[i];
			if (session.state !== SESSION_OPEN || this.#draining) {
				this.#dequeue(i);
				continue;
			}
			const room = sender.reserve(session, this.#count === 1);
			if (room === 0) {
				if (session.credit > 0) return;
				this.#dequeue(i);
				this.#ready[i] = STARVED;
				if (this.#broken[i] !== 0) sessions.tail(session, now);
				continue;
			}
			const count = this.#streams[i].read(this.#buffer, sender.place, room);
			if (count > 0) {
				sender.commit(session, count);
				if (count === room || this.#broken[i] !== 0) {
					if (this.#count > 1) this.#rotate();
				} else {
					this.#dequeue(i);
					this.#want(session);
				}
				continue;
			}
			this.#dequeue(i);
			if (count === AGAIN && this.#broken[i] === 0) this.#want(session);
			else sessions.ended(session, count === END ? NO_ERROR : CONNECTION_ERROR);
		}
	}

	/** Reads nothing more; what the rings hold is still written. */
	drain(): void {
		this.#draining = true;
		const sessions = this.#client.sessions.table.sessions;
		for (let i = 0; i < sessions.length; i++) this.#want(sessions[i]);
	}

	/** Frees what is native. */
	dispose(): void {
		for (let i = 0; i < this.#streams.length; i++) this.#streams[i].close();
	}

	#writable(session: Session): void {
		this.#full[session.index] = 0;
		if (session.connected) {
			this.write(session);
			this.#want(session);
		} else {
			this.#client.sessions.opened(session);
			this.#want(session);
		}
		this.#owner.localReady();
	}

	#readable(session: Session): void {
		const i = session.index;
		const ready = this.#ready[i];
		if (ready === STARVED || (ready === QUEUED && this.#owner.congested)) {
			// Known to have bytes that cannot be sent now: not to be told again until it was read empty.
			this.#streams[i].want(this.#full[i] !== 0 ? WANT_WRITE : 0);
			return;
		}
		this.#enqueue(i);
		this.#owner.localReady();
	}

	/** The connection could not be made, or broke: what it sent before is still read. */
	#fail(session: Session): void {
		const i = session.index;
		if (session.state === SESSION_OPEN) {
			this.#broken[i] = 1;
			this.#full[i] = 0;
			session.inbound.clear();
			this.#enqueue(i);
		} else this.#client.sessions.ended(session, CONNECTION_ERROR);
	}

	/** Asks to be told what there is to do; not of bytes to be read while it is known that there are some. */
	#want(session: Session): void {
		const i = session.index;
		if (!session.connected || this.#broken[i] !== 0) return;
		const read = session.state === SESSION_OPEN && this.#ready[i] === IDLE && !this.#draining ? WANT_READ : 0;
		this.#streams[i].want(read + (this.#full[i] !== 0 ? WANT_WRITE : 0));
	}

	#enqueue(i: number): void {
		if (this.#ready[i] === QUEUED) return;
		this.#ready[i] = QUEUED;
		let place = this.#head + this.#count;
		if (place >= this.#queue.length) place -= this.#queue.length;
		this.#queue[place] = i;
		this.#count++;
	}

	/** The head becomes the last. */
	#rotate(): void {
		const i = this.#queue[this.#head];
		this.#dequeue(i);
		this.#enqueue(i);
	}

	/** Takes `i`, which is at the head. */
	#dequeue(i: number): void {
		this.#ready[i] = IDLE;
		this.#head = this.#head + 1 === this.#queue.length ? 0 : this.#head + 1;
		this.#count--;
	}
}
