import {
	AT_SERVICE,
	AT_SESSION,
	AT_SIZE,
	CLOSE_BODY_SIZE,
	CLOSE_SHORT,
	CLOSE_UNEXPECTED,
	CLOSE_VERSION,
	CONNECTION_ERROR,
	CONTROL,
	CONTROL_BODY_LIMIT,
	DATA_BODY_LIMIT,
	HEADER,
	REDIRECT_LIMIT,
	SESSION_MASK,
	STATE_CLOSED,
	STATE_ESTABLISHED,
	VERSION,
} from "arrow/constants";
import type { ArrowCounters } from "arrow/counters";
import type { Sender } from "arrow/sender";
import type { Session } from "arrow/session";
import type { Sessions } from "arrow/sessions";
import type { Arena } from "storage/arena";

/** Bytes of the region that a {@link Receiver} needs: a header, and what is kept of a control body that comes in pieces. */
export const RECEIVER_SIZE = HEADER + CONTROL + REDIRECT_LIMIT;

/** The connection as its receiver sees it. */
export interface ControlHandler {
	/** One of the STATE constants. */
	readonly state: number;
	/** A control message whose body of `size` bytes is at `at`, at least as far as any field reaches. */
	control(at: number, size: number, now: number): void;
	/** Ends the connection for one of the CLOSE reasons. */
	fail(reason: number): void;
}

/**
 * The incoming half of the connection: finds messages in bytes that are split anywhere (section 1), checks their headers against the
 * limits before anything is stored (section 5), puts data into its session's ring and hands control messages on.
 */
export class Receiver {
	/** Bytes of the body that are still to come. */
	#left = 0;
	/** Where data goes; undefined: nowhere. */
	#body: Session | undefined;
	#isControl = false;
	/** Bytes of a header, or of a control body, kept so far. */
	#kept = 0;
	#size = 0;
	readonly #view: DataView;
	readonly #handler: ControlHandler;
	readonly #sessions: Sessions;
	readonly #sender: Sender;
	readonly #counters: ArrowCounters;
	readonly #arena: Arena;
	readonly #store: number;

	/** The region is `offset .. offset + RECEIVER_SIZE`. */
	constructor(
		arena: Arena,
		offset: number,
		handler: ControlHandler,
		sessions: Sessions,
		sender: Sender,
		counters: ArrowCounters,
	) {
		this.#view = arena.view;
		this.#handler = handler;
		this.#sessions = sessions;
		this.#sender = sender;
		this.#counters = counters;
		this.#arena = arena;
		this.#store = offset;
	}

	/** Begins a new connection. */
	open(): void {
		this.#left = 0;
		this.#kept = 0;
		this.#body = undefined;
	}

	/** Takes `length` bytes at `offset`. @returns bytes taken: fewer when answers must be sent first. */
	input(offset: number, length: number, now: number): number {
		const end = offset + length;
		let at = offset;
		while (at < end) {
			if (this.#handler.state === STATE_CLOSED) return length;
			const left = this.#left;
			const here = end - at;
			if (left > 0) {
				const count = left < here ? left : here;
				if (this.#isControl) this.#control(at, count, now);
				else {
					this.#left = left - count;
					const body = this.#body;
					if (body) this.#data(body, at, count);
				}
				at += count;
			} else if (this.#sender.full) return at - offset;
			else if (here >= HEADER && this.#kept === 0) {
				this.#header(at, now);
				at += HEADER;
			} else {
				const missing = HEADER - this.#kept;
				const count = missing < here ? missing : here;
				this.#arena.bytes.copyWithin(this.#store + this.#kept, at, at + count);
				this.#kept += count;
				at += count;
				if (this.#kept < HEADER) break;
				this.#kept = 0;
				this.#header(this.#store, now);
			}
		}
		return length;
	}

	/** A whole header at `at`. */
	#header(at: number, now: number): void {
		const view = this.#view;
		if (view.getUint8(at) !== VERSION) {
			this.#counters.badVersion++;
			this.#handler.fail(CLOSE_VERSION);
			return;
		}
		const size = view.getUint32(at + AT_SIZE);
		this.#left = size;
		this.#counters.messagesIn++;
		if (view.getUint16(at + AT_SERVICE) === 0) {
			this.#isControl = true;
			this.#size = size;
			if (size < CONTROL) {
				this.#counters.shortMessages++;
				this.#handler.fail(CLOSE_SHORT);
			} else if (size > CONTROL_BODY_LIMIT) this.#oversize();
		} else if (size > DATA_BODY_LIMIT) this.#oversize();
		else {
			this.#isControl = false;
			this.#route(view.getUint32(at + AT_SESSION) & SESSION_MASK, size, now);
		}
	}

	/** Decides where the data of a message goes before any of it is taken. */
	#route(id: number, size: number, now: number): void {
		this.#body = undefined;
		if (this.#handler.state !== STATE_ESTABLISHED) {
			this.#counters.unexpected++;
			this.#handler.fail(CLOSE_UNEXPECTED);
			return;
		}
		const session = this.#sessions.table.find(id);
		if (!session) {
			this.#counters.strayData++;
			this.#sender.hup(id, CONNECTION_ERROR);
			return;
		}
		const ring = session.inbound;
		if (size > ring.capacity - ring.length - session.acknowledge) {
			this.#counters.overruns++;
			this.#sender.hup(id, CONNECTION_ERROR);
			this.#sessions.hangUp(session, now);
			return;
		}
		this.#body = session;
	}

	/**
	 * Data of a session. When that has ended since the header came, its ring still takes the rest, which the window has room for:
	 * it is flushed with what was there, or cleared by the next CONNECT, which can only come behind this message.
	 */
	#data(session: Session, at: number, count: number): void {
		this.#sessions.deliver(session, at, count);
		this.#counters.bytesIn += count;
	}

	/** A part of a control body. One that is whole is read where it lies; else its beginning is kept, and what is beyond any field only counted. */
	#control(at: number, count: number, now: number): void {
		const left = this.#left - count;
		this.#left = left;
		if (left === 0 && this.#kept === 0) {
			this.#handler.control(at, this.#size, now);
			return;
		}
		const store = this.#store + HEADER;
		const room = RECEIVER_SIZE - HEADER - this.#kept;
		const kept = count < room ? count : room;
		this.#arena.bytes.copyWithin(store + this.#kept, at, at + kept);
		this.#kept += kept;
		if (left > 0) return;
		this.#kept = 0;
		this.#handler.control(store, this.#size, now);
	}

	#oversize(): void {
		this.#counters.badSize++;
		this.#handler.fail(CLOSE_BODY_SIZE);
	}
}
