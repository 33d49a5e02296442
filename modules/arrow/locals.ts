import type { Client } from "arrow/client";
import { CONNECTION_ERROR, NO_ERROR, SESSION_FREE, SESSION_OPEN, STATE_CLOSED } from "arrow/constants";
import type { ArrowIO } from "arrow/io";
import type { Names } from "arrow/names";
import type { Session } from "arrow/session";
import type { Stream, StreamOptions } from "net/stream";

/* Wanted readiness and results as net/stream gives them. */
const WANT_READ = 1;
const WANT_WRITE = 2;
const WANT_END = 4;
const AGAIN = 0;
const END = -1;

/* What is known of a stream, as a sum. */
/** In the queue of streams to be read. */
const QUEUED = 1;
/** Taken out of the queue for want of credit, with bytes most likely still there. */
const STARVED = 2;
/** It took less than the ring held: wait until it says that it takes more. */
const FULL = 4;
/** It broke; bytes may still be read from it. */
const BROKEN = 8;
/** Its end has come, perhaps behind bytes that may not be sent yet. */
const ENDED = 16;
/** It was connected. */
const UP = 32;
/** The address of its host name is being looked up; it was looked up for this connection, at first or again. */
const ASKED = 64;
const RENEWED = 128;

/** Who is told that local connections have something to do. */
export interface LocalsOwner {
	/** A local connection is up, has bytes or takes bytes again: a turn is due. */
	localReady(): void;
	/** The way to the service takes nothing now. */
	readonly congested: boolean;
}

/** A stream knows its session, so that all streams share their callbacks. */
interface LocalStream extends Stream {
	session?: Session;
}

/**
 * The local connections, one stream per session, made at boot. Bytes from the service go from a session's ring into its stream;
 * bytes from the stream are read straight behind a header in the output, when and as far as they may be sent. What may not be sent
 * stays in the host's socket buffer, so back-pressure reaches the local service by itself.
 */
export class Locals {
	readonly #client: Client;
	readonly #names: Names;
	readonly #owner: LocalsOwner;
	readonly #buffer: ArrayBuffer;
	readonly #streams: LocalStream[] = [];
	/** The queue of streams to be read, by place; what is known of each stream lies behind it, from `#states` on. */
	readonly #places: Int16Array;
	readonly #states: number;
	#head = 0;
	#count = 0;
	/** Nothing more is read: the device stops. */
	#draining = false;

	constructor(io: ArrowIO, buffer: ArrayBuffer, client: Client, names: Names, owner: LocalsOwner) {
		const sessions = client.sessions.table.sessions;
		this.#client = client;
		this.#names = names;
		this.#owner = owner;
		this.#buffer = buffer;
		this.#places = new Int16Array(2 * sessions.length);
		this.#states = sessions.length;
		const locals = this;
		const options: StreamOptions = {
			onReadable(this: LocalStream) {
				if (this.session) locals.#readable(this.session);
			},
			onWritable(this: LocalStream) {
				if (this.session) locals.#writable(this.session);
			},
			onError(this: LocalStream) {
				if (this.session) locals.#fail(this.session);
				owner.localReady();
			},
			onEnd(this: LocalStream) {
				if (this.session) locals.#ended(this.session);
			},
		};
		for (let i = 0; i < sessions.length; i++) {
			const stream: LocalStream = new io.Stream(options);
			stream.session = sessions[i];
			this.#streams.push(stream);
		}
	}

	/** Streams that wait to be read. */
	get waiting(): number {
		return this.#count;
	}

	/** EVENT_OPEN: connects to the session's service, as soon as the address of its host name is known. */
	open(session: Session): void {
		const i = session.index;
		const name = this.#nameOf(session);
		this.#clear(i, FULL | BROKEN | ENDED | UP | ASKED | RENEWED);
		if (name < 0) this.#connect(session);
		else if (this.#names.fresh(name)) this.#connect(session);
		else this.#set(i, ASKED | RENEWED);
	}

	/** A look-up of a host name ended: who waited for it connects, or tries again where its address is a new one. */
	resolved(name: number, changed: boolean): void {
		const sessions = this.#client.sessions.table.sessions;
		for (let i = 0; i < sessions.length; i++) {
			const session = sessions[i];
			if (session.state === SESSION_FREE || !this.#has(i, ASKED) || this.#nameOf(session) !== name) continue;
			this.#clear(i, ASKED);
			const again = changed || this.#has(i, RENEWED);
			this.#set(i, RENEWED);
			if (again) this.#connect(session);
			else this.#client.sessions.ended(session, CONNECTION_ERROR);
		}
	}

	/** EVENT_DATA: gives the stream what the ring holds. */
	write(session: Session): void {
		const i = session.index;
		if (this.#has(i, FULL)) return;
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
				this.#set(i, FULL);
				this.#want(session);
				return;
			}
			length = ring.readLength;
		}
	}

	/** EVENT_CREDIT: the session may send again. */
	resume(session: Session): void {
		if (this.#has(session.index, STARVED)) this.#enqueue(session.index);
	}

	/** EVENT_CLOSE: ends the connection with a FIN behind all it was given. */
	close(session: Session): void {
		const i = session.index;
		const stream = this.#streams[i];
		const ring = session.inbound;
		// When the service is gone, what came before goes as far as the stream takes it at once.
		if (this.#client.state === STATE_CLOSED && ring.readLength > 0 && !this.#has(i, BROKEN))
			stream.write(this.#buffer, ring.readOffset, ring.readLength);
		stream.close();
		if (!this.#has(i, UP) && this.#nameOf(session) >= 0) this.#names.doubt(this.#nameOf(session));
		this.#clear(i, FULL | BROKEN | STARVED | ASKED);
	}

	/** Fills the output with data messages: one per session and round, or all of a session that is alone. */
	fill(now: number): void {
		const { sender, sessions } = this.#client;
		while (this.#count > 0) {
			const i = this.#places[this.#head];
			const session = sessions.table.sessions[i];
			if (session.state !== SESSION_OPEN || this.#draining) {
				this.#dequeue();
				continue;
			}
			const room = sender.reserve(session, this.#count === 1);
			if (room === 0) {
				if (session.credit > 0) return;
				this.#dequeue();
				this.#set(i, STARVED);
				if (!this.#has(i, BROKEN | ENDED)) continue;
				// Nothing is left that would need credit.
				if (this.#streams[i].unread === 0) sessions.ended(session, this.#has(i, BROKEN) ? CONNECTION_ERROR : NO_ERROR);
				else sessions.tail(session, now);
				continue;
			}
			const count = this.#streams[i].read(this.#buffer, sender.place, room);
			if (count > 0) {
				sender.commit(session, count);
				if (count === room || this.#has(i, BROKEN)) {
					if (this.#count > 1) this.#enqueue(this.#dequeue());
				} else {
					this.#dequeue();
					this.#want(session);
				}
				continue;
			}
			this.#dequeue();
			if (count === AGAIN && !this.#has(i, BROKEN)) this.#want(session);
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
		this.#clear(session.index, FULL);
		if (session.connected) this.write(session);
		else {
			this.#set(session.index, UP);
			this.#client.sessions.opened(session);
		}
		this.#want(session);
		this.#owner.localReady();
	}

	#readable(session: Session): void {
		const i = session.index;
		if (session.state !== SESSION_OPEN) {
			// What it still sends goes nowhere; bytes for it may still be on their way.
			this.#want(session);
			return;
		}
		if (this.#has(i, STARVED) || (this.#has(i, QUEUED) && this.#owner.congested)) {
			// Known to have bytes that cannot be sent now: not to be told again until it was read empty, but of their end.
			this.#streams[i].want(WANT_END + (this.#has(i, FULL) ? WANT_WRITE : 0));
			return;
		}
		this.#enqueue(i);
		this.#owner.localReady();
	}

	/** The local side has ended while bytes of it wait: those that wait for credit do not wait for ever. */
	#ended(session: Session): void {
		const i = session.index;
		if (session.state !== SESSION_OPEN) return;
		this.#set(i, ENDED);
		if (this.#has(i, QUEUED)) return;
		this.#enqueue(i);
		this.#owner.localReady();
	}

	/** Connects to where the session's service is now, if that may be reached. */
	#connect(session: Session): void {
		const { table } = this.#client;
		const entry = table.find(session.service);
		const stream = this.#streams[session.index];
		if (entry < 0 || !table.allows(entry) || stream.connect(table.host(entry), table.port(entry)) < 0)
			this.#client.sessions.ended(session, CONNECTION_ERROR);
	}

	/** Number of the host name of a session's service, -1: it has none. */
	#nameOf(session: Session): number {
		const { table } = this.#client;
		const entry = table.find(session.service);
		return entry < 0 ? -1 : table.name(entry);
	}

	/** The connection could not be made, or broke: what it sent before is still read. */
	#fail(session: Session): void {
		const i = session.index;
		if (session.state === SESSION_OPEN) {
			this.#set(i, BROKEN);
			this.#clear(i, FULL);
			session.inbound.clear();
			this.#enqueue(i);
			return;
		}
		const name = this.#has(i, UP | RENEWED) ? -1 : this.#nameOf(session);
		if (name < 0) {
			this.#client.sessions.ended(session, CONNECTION_ERROR);
			return;
		}
		// The address was not looked up for this connection: the host may have another one by now.
		this.#streams[i].close();
		this.#set(i, ASKED);
		this.#names.doubt(name);
		this.#names.fresh(name);
	}

	/** Asks to be told what there is to do; not of bytes to be read while it is known that there are some. */
	#want(session: Session): void {
		const i = session.index;
		if (!session.connected || this.#has(i, BROKEN)) return;
		const read = session.state === SESSION_OPEN && !this.#has(i, QUEUED | STARVED) && !this.#draining ? WANT_READ : 0;
		this.#streams[i].want(read + (this.#has(i, FULL) ? WANT_WRITE : 0));
	}

	#has(i: number, flags: number): boolean {
		return (this.#places[this.#states + i] & flags) !== 0;
	}

	#set(i: number, flags: number): void {
		this.#places[this.#states + i] |= flags;
	}

	#clear(i: number, flags: number): void {
		this.#places[this.#states + i] &= ~flags;
	}

	#enqueue(i: number): void {
		if (this.#has(i, QUEUED)) return;
		this.#set(i, QUEUED);
		this.#clear(i, STARVED);
		let place = this.#head + this.#count;
		if (place >= this.#states) place -= this.#states;
		this.#places[place] = i;
		this.#count++;
	}

	/** Takes the longest waiting one. */
	#dequeue(): number {
		const i = this.#places[this.#head];
		this.#clear(i, QUEUED);
		this.#head = this.#head + 1 === this.#states ? 0 : this.#head + 1;
		this.#count--;
		return i;
	}
}
