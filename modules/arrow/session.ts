import { SESSION_FREE } from "arrow/constants";
import type { Arena } from "storage/arena";
import { ByteRing } from "storage/ring";

/** One session, made at boot and used again and again. Written by the machine only; the endpoint reads it. */
export class Session {
	/** Events that wait to be polled, a sum of EVENT bits. */
	events = 0;
	/** Bytes that may still be sent. */
	credit = 0;
	/** Bytes that the local side took and that no DATA_ACK told yet. */
	acknowledge = 0;
	/** In the queue of sessions with events; of sessions with a DATA_ACK or HUP to send. */
	queued = false;
	due = false;
	/** Its id on the wire; kept for reports when the session is no longer attached. */
	id = 0;
	/** One of the SESSION constants. */
	state = SESSION_FREE;
	/** Bytes on their way to the local side. */
	readonly inbound: ByteRing;
	/** Its place, 0 .. sessions - 1: the endpoint's local stream has the same. */
	readonly index: number;
	/** Next session of the same hash chain, -1: none. */
	next = -1;
	/** Id of the service it leads to. */
	service = 0;
	/** The local connection is established. */
	connected = false;
	/** The endpoint was told EVENT_OPEN and not yet EVENT_CLOSE. */
	local = false;
	/** Code of the HUP that is due. */
	code = 0;
	/** When it is given up, for the reason that its state says; Infinity: never. */
	deadline = Infinity;
	/** Bytes since CONNECT. */
	bytesIn = 0;
	bytesOut = 0;

	constructor(arena: Arena, offset: number, window: number, index: number) {
		this.inbound = new ByteRing(arena, offset, window);
		this.index = index;
	}
}

/** The sessions of a connection: found by id, and queued when they have something to tell or to send. Nothing is allocated after the constructor. */
export class SessionTable {
	readonly sessions: readonly Session[];
	/** Sessions attached: STATUS counts them. */
	active = 0;
	readonly #mask: number;
	/** One array for three things: heads of the hash chains, then the queue of eventful sessions, then that of sessions with dues. */
	readonly #indices: Int16Array;
	readonly #eventful: number;
	#eventHead = 0;
	#eventCount = 0;
	readonly #dues: number;
	#dueHead = 0;
	#dueCount = 0;

	/** Rings of `window` bytes for `count` sessions lie at `offset`. */
	constructor(arena: Arena, offset: number, count: number, window: number) {
		const sessions: Session[] = [];
		for (let i = 0; i < count; i++) sessions.push(new Session(arena, offset + i * window, window, i));
		this.sessions = sessions;
		let buckets = 1;
		while (buckets < count) buckets *= 2;
		this.#mask = buckets - 1;
		this.#indices = new Int16Array(buckets + 2 * count).fill(-1);
		this.#eventful = buckets;
		this.#dues = buckets + count;
	}

	/** The attached session of an id. */
	find(id: number): Session | undefined {
		let index = this.#indices[id & this.#mask];
		while (index >= 0) {
			const session = this.sessions[index];
			if (session.id === id) return session;
			index = session.next;
		}
		return undefined;
	}

	/** A session that is in no use. */
	free(): Session | undefined {
		const sessions = this.sessions;
		for (let i = 0; i < sessions.length; i++) if (sessions[i].state === SESSION_FREE) return sessions[i];
		return undefined;
	}

	/** Makes a session known by `id`. */
	attach(session: Session, id: number): void {
		const bucket = id & this.#mask;
		session.id = id;
		session.next = this.#indices[bucket];
		this.#indices[bucket] = session.index;
		this.active++;
	}

	/** Frees a session's id. */
	detach(session: Session): void {
		const bucket = session.id & this.#mask;
		const index = session.index;
		if (this.#indices[bucket] === index) this.#indices[bucket] = session.next;
		else {
			let other = this.sessions[this.#indices[bucket]];
			while (other.next !== index) other = this.sessions[other.next];
			other.next = session.next;
		}
		session.next = -1;
		this.active--;
	}

	/** Adds an event of a session; sessions are reported in the order in which they first had one. */
	raise(session: Session, event: number): void {
		session.events |= event;
		if (session.queued) return;
		session.queued = true;
		let place = this.#eventHead + this.#eventCount;
		if (place >= this.sessions.length) place -= this.sessions.length;
		this.#indices[this.#eventful + place] = session.index;
		this.#eventCount++;
	}

	/** The session whose events are next; it stays next until it has none. */
	eventful(): Session | undefined {
		while (this.#eventCount > 0) {
			const session = this.sessions[this.#indices[this.#eventful + this.#eventHead]];
			if (session.events !== 0) return session;
			session.queued = false;
			this.#eventHead = this.#eventHead + 1 === this.sessions.length ? 0 : this.#eventHead + 1;
			this.#eventCount--;
		}
		return undefined;
	}

	/** Queues a session that has a DATA_ACK or HUP to send. */
	setDue(session: Session): void {
		if (session.due) return;
		session.due = true;
		let place = this.#dueHead + this.#dueCount;
		if (place >= this.sessions.length) place -= this.sessions.length;
		this.#indices[this.#dues + place] = session.index;
		this.#dueCount++;
	}

	/** Takes the longest queued session with something to send. */
	takeDue(): Session | undefined {
		if (this.#dueCount === 0) return undefined;
		const session = this.sessions[this.#indices[this.#dues + this.#dueHead]];
		this.#dueHead = this.#dueHead + 1 === this.sessions.length ? 0 : this.#dueHead + 1;
		this.#dueCount--;
		session.due = false;
		return session;
	}

	/** Sessions that wait to send a DATA_ACK or HUP. */
	get dues(): number {
		return this.#dueCount;
	}
}
