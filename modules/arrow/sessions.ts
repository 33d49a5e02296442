import {
	CONNECTION_ERROR,
	EVENT_CLOSE,
	EVENT_CREDIT,
	EVENT_DATA,
	EVENT_OPEN,
	CREDIT_LIMIT,
	NO_ERROR,
	SESSION_CONNECTING,
	SESSION_ENDING,
	SESSION_FLUSHING,
	SESSION_FREE,
	SESSION_OPEN,
} from "arrow/constants";
import type { Session } from "arrow/session";
import { SessionTable } from "arrow/session";
import type { ArrowTimes } from "arrow/times";
import type { Arena } from "storage/arena";

/**
 * The life of sessions (section 4 of docs/protocols/arrow.md): what each thing that happens makes of a session.
 * It sends nothing itself: a session in ENDING is due for a HUP, and one with `acknowledge` for a DATA_ACK.
 */
export class Sessions {
	readonly table: SessionTable;
	/** When `tick` is next needed; Infinity: not at all. */
	deadline = Infinity;
	readonly #window: number;
	readonly #times: ArrowTimes;
	readonly #flush: boolean;

	constructor(arena: Arena, offset: number, count: number, window: number, times: ArrowTimes, flush: boolean) {
		this.table = new SessionTable(arena, offset, count, window);
		this.#window = window;
		this.#times = times;
		this.#flush = flush;
	}

	/** CONNECT to the service of id `service` was accepted. @returns false when every session is in use. */
	connect(id: number, service: number, now: number): boolean {
		const session = this.table.free();
		if (!session) return false;
		this.table.attach(session, id);
		session.service = service;
		session.credit = this.#window;
		session.acknowledge = 0;
		session.bytesIn = 0;
		session.bytesOut = 0;
		session.inbound.clear();
		this.#enter(session, SESSION_CONNECTING, now + this.#times.localConnect);
		this.table.raise(session, EVENT_OPEN);
		return true;
	}

	/** Takes `count` bytes at `offset` of the arena; the caller has checked the window. */
	deliver(session: Session, offset: number, count: number): void {
		session.inbound.write(offset, count);
		session.bytesIn += count;
		if (session.connected) this.table.raise(session, EVENT_DATA);
	}

	/** DATA_ACK: the service took `count` bytes. */
	credit(session: Session, count: number): void {
		const before = session.credit;
		const credit = before + count;
		session.credit = credit < CREDIT_LIMIT ? credit : CREDIT_LIMIT;
		// A tail that waited for credit has got some.
		if (count > 0 && session.state === SESSION_OPEN) session.deadline = Infinity;
		if (before === 0 && count > 0 && session.connected) this.table.raise(session, EVENT_CREDIT);
	}

	/** The local connection is established. */
	opened(session: Session): void {
		session.connected = true;
		if (session.state === SESSION_CONNECTING) this.#enter(session, SESSION_OPEN, Infinity);
		if (session.inbound.length > 0) this.table.raise(session, EVENT_DATA);
	}

	/** The local side took `count` bytes. */
	consumed(session: Session, count: number): void {
		session.inbound.consumed(count);
		if (session.state === SESSION_FLUSHING) {
			if (session.inbound.length === 0) this.#free(session);
			return;
		}
		session.acknowledge += count;
		this.table.setDue(session);
	}

	/** The local side is done: HUP with `code` is due behind what was sent. Bytes for a local side that is still there are flushed afterwards. */
	ended(session: Session, code: number): void {
		if (session.state === SESSION_FLUSHING) this.#free(session);
		if (session.state !== SESSION_CONNECTING && session.state !== SESSION_OPEN) return;
		session.code = code;
		if (code !== NO_ERROR || session.inbound.length === 0) this.#release(session);
		this.#enter(session, SESSION_ENDING, Infinity);
		this.table.setDue(session);
	}

	/** The local side is gone, but bytes of it wait for credit: HUP with CONNECTION_ERROR is due in a minute unless some credit comes. */
	tail(session: Session, now: number): void {
		if (session.state === SESSION_OPEN && session.deadline === Infinity)
			this.#enter(session, SESSION_OPEN, now + this.#times.tail);
	}

	/** The session's HUP was sent. */
	hungUp(session: Session, now: number): void {
		this.#leave(session, now);
	}

	/** HUP came, or the session is refused further data: its id is free. Bytes received go on to the local side for a while. */
	hangUp(session: Session, now: number): void {
		if (!this.#flush) session.inbound.clear();
		this.#leave(session, now);
	}

	/** The connection to the service is gone: every session ends. Their rings stay readable until they are used again. */
	lost(): void {
		const sessions = this.table.sessions;
		for (let i = 0; i < sessions.length; i++) {
			const session = sessions[i];
			if (session.state === SESSION_FREE) continue;
			if (session.state !== SESSION_FLUSHING) this.table.detach(session);
			this.#free(session);
		}
		while (this.table.takeDue());
		this.deadline = Infinity;
	}

	/** Gives up what took too long. */
	tick(now: number): void {
		if (now < this.deadline) return;
		this.deadline = Infinity;
		const sessions = this.table.sessions;
		for (let i = 0; i < sessions.length; i++) {
			const session = sessions[i];
			if (session.deadline <= now) {
				if (session.state === SESSION_FLUSHING) this.#free(session);
				else this.ended(session, CONNECTION_ERROR);
			}
			if (session.deadline < this.deadline) this.deadline = session.deadline;
		}
	}

	/** Frees the id; what is queued for a living local side is flushed, else the session is free. */
	#leave(session: Session, now: number): void {
		this.table.detach(session);
		const living = session.connected || session.state === SESSION_CONNECTING;
		if (living && session.inbound.length > 0) this.#enter(session, SESSION_FLUSHING, now + this.#times.flush);
		else this.#free(session);
	}

	#free(session: Session): void {
		this.#release(session);
		this.#enter(session, SESSION_FREE, Infinity);
	}

	/** Nothing more is wanted of the local side. */
	#release(session: Session): void {
		session.connected = false;
		session.events &= EVENT_CLOSE;
		if (session.local) this.table.raise(session, EVENT_CLOSE);
	}

	#enter(session: Session, state: number, deadline: number): void {
		session.state = state;
		session.deadline = deadline;
		if (deadline < this.deadline) this.deadline = deadline;
	}
}
