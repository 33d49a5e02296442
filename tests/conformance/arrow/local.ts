import type { Client } from "arrow/client";
import type { Session } from "arrow/session";
import type { Arena } from "storage/arena";

const NOTHING = -1;

/** A local service's connection that a test controls: it has bytes of a known pattern to send, and checks the pattern of what it gets. */
export class FakeLocal {
	/** Connections made and closed. */
	opens = 0;
	closes = 0;
	isOpen = false;
	/** Bytes got, and whether each was the pattern's next. */
	received = 0;
	intact = true;
	/** The first bytes got, as text. */
	text = "";
	/** Bytes it takes before it stops reading. */
	appetite = Infinity;
	/** Bytes it has to send. */
	pending = 0;
	sent = 0;
	/** How often it was told that it may send again. */
	resumed = 0;
	/** Whether a connect succeeds at once; else the test calls `connected`. */
	prompt = true;
	#fixed = "";
	#end = NOTHING;
	#session: Session | undefined;
	readonly #arena: Arena;
	readonly #client: Client;

	constructor(arena: Arena, client: Client) {
		this.#arena = arena;
		this.#client = client;
	}

	/** The byte at a place of the pattern. */
	static pattern(at: number): number {
		return (at * 7 + (at >> 8)) & 255;
	}

	/** To be sent: so many pattern bytes, or ASCII text; then the end with HUP code `end`, when one is given. */
	send(what: number | string, end = NOTHING): void {
		if (typeof what === "string") {
			this.#fixed = what;
			this.sent = 0;
			this.pending = what.length;
		} else this.pending += what;
		this.#end = end;
	}

	/** The local connect succeeds. */
	connected(): void {
		if (this.#session) this.#client.sessions.opened(this.#session);
	}

	/** The local connect fails. */
	refused(): void {
		if (this.#session) this.#client.sessions.ended(this.#session, 3);
	}

	/** It takes `more` bytes further. */
	eat(more: number): void {
		this.appetite += more;
		if (this.#session) this.write(this.#session);
	}

	get hasNews(): boolean {
		return this.isOpen && (this.pending > 0 || this.#end !== NOTHING);
	}

	takeEnd(): number {
		const end = this.#end;
		this.#end = NOTHING;
		return end;
	}

	open(session: Session): void {
		this.opens++;
		this.isOpen = true;
		this.received = 0;
		this.intact = true;
		this.text = "";
		this.sent = 0;
		this.pending = 0;
		this.#fixed = "";
		this.#end = NOTHING;
		this.#session = session;
		if (this.prompt) this.connected();
	}

	close(): void {
		this.closes++;
		this.isOpen = false;
		this.#session = undefined;
	}

	/** Puts bytes into the place in the output. */
	read(place: number, room: number): number {
		const count = this.pending < room ? this.pending : room;
		for (let i = 0; i < count; i++) {
			const at = this.sent + i;
			this.#arena.bytes[place + i] = this.#fixed !== "" ? this.#fixed.charCodeAt(at) : FakeLocal.pattern(at);
		}
		this.sent += count;
		this.pending -= count;
		return count;
	}

	/** Takes what the ring holds, as far as there is appetite. */
	write(session: Session): void {
		const ring = session.inbound;
		let length = ring.readLength;
		while (length > 0 && this.received < this.appetite) {
			const count = Math.min(length, this.appetite - this.received);
			for (let i = 0; i < count; i++) {
				const octet = this.#arena.bytes[ring.readOffset + i];
				if (octet !== FakeLocal.pattern(this.received + i)) this.intact = false;
				if (this.text.length < 64) this.text += String.fromCharCode(octet);
			}
			this.received += count;
			this.#client.sessions.consumed(session, count);
			length = ring.readLength;
		}
	}
}
