/** One tunnelled connection, seen from the service: a Duplex stream under the exact flow control of the reference. */
import { Duplex } from "node:stream";
import { Code } from "./arrow_wire.ts";

/** Bytes of data in one message: with the header this fills one TLS record. */
const MESSAGE_BYTES = 16_373;
const CREDIT_LIMIT = 0xffffffff;

/** What a session asks of the connection it runs on. */
export interface SessionLink {
	sendData(session: ArrowSession, data: Buffer): void;
	sendDataAck(session: ArrowSession, length: number): void;
	/** The session ends from this side. */
	sendHup(session: ArrowSession, code: number): void;
	/** The session is over, whoever ended it. */
	released(session: ArrowSession): void;
	violation(text: string): void;
}

/** The device ended a session with a code other than 0. */
export class HupError extends Error {
	readonly code: number;

	constructor(session: number, code: number) {
		super(`session ${session}: the device hung up with code ${code}`);
		this.name = "HupError";
		this.code = code;
	}
}

/**
 * Reading gives DATA_ACK for exactly the bytes taken; writing stops at the device's window.
 * HUP 0 of the device ends the stream, any other code destroys it with `HupError` after the bytes received before.
 * Arrow knows no half-close: `end()` hangs up once the device acknowledged all bytes.
 */
export class ArrowSession extends Duplex {
	readonly id: number;
	readonly service: number;
	/** Capacity of both directions: window_size + 1. */
	readonly window: number;
	/** False: the test sends each DATA_ACK itself by `acknowledge`. */
	autoAck = true;
	/** Code of the HUP the device sent. */
	hup: number | undefined;
	/** Payload bytes from and to the device. */
	bytesIn = 0;
	bytesOut = 0;
	/** Bytes sent and not acknowledged by the device, and the other way round. */
	outstandingOut = 0;
	outstandingIn = 0;
	readonly #link: SessionLink;
	#credit: number;
	#queue: Buffer[] = [];
	#wanted = false;
	#delivering = false;
	#writing: { data: Buffer; offset: number; done: (error?: Error | null) => void } | undefined;
	#finishing: ((error?: Error | null) => void) | undefined;
	#over = false;

	constructor(link: SessionLink, id: number, service: number, window: number) {
		super({ allowHalfOpen: true, readableHighWaterMark: 65_536, writableHighWaterMark: 65_536 });
		this.#link = link;
		this.id = id;
		this.service = service;
		this.window = window;
		this.#credit = window;
		// A session that is lost with nobody reading must not end the process.
		this.on("error", () => undefined);
	}

	/** Bytes the device may still be sent. */
	get credit(): number {
		return this.#credit;
	}

	/** Bytes came from the device. */
	receive(data: Buffer): void {
		if (this.#over) return;
		this.bytesIn += data.length;
		this.outstandingIn += data.length;
		if (this.outstandingIn > this.window) {
			this.#link.violation(
				`ARROW-28: session ${this.id}: ${this.outstandingIn} bytes unacknowledged, the window is ${this.window}`,
			);
		}
		this.#queue.push(data);
		this.#deliver();
	}

	/** DATA_ACK came from the device. */
	receiveAck(length: number): void {
		if (length > this.outstandingOut) {
			this.#link.violation(`ARROW-29: session ${this.id}: DATA_ACK ${length} with ${this.outstandingOut} bytes outstanding`);
		}
		this.outstandingOut = Math.max(0, this.outstandingOut - length);
		this.#credit = Math.min(CREDIT_LIMIT, this.#credit + length);
		this.emit("acknowledged", length);
		this.#pump();
		this.#finish();
	}

	/** HUP came from the device. */
	receiveHup(code: number): void {
		this.hup = code;
		this.#release();
		this.emit("hup", code);
		this.#deliver();
	}

	/** Sends DATA_ACK. Exact amounts are the test's affair when `autoAck` is false. */
	acknowledge(length: number): void {
		if (length === 0 && this.autoAck) return;
		this.outstandingIn = Math.max(0, this.outstandingIn - length);
		if (!this.#over) this.#link.sendDataAck(this, length);
	}

	/** Sends one message of exactly these bytes, whatever the window says. */
	sendMessage(data: Buffer): void {
		this.#credit = Math.max(0, this.#credit - data.length);
		this.outstandingOut += data.length;
		this.bytesOut += data.length;
		this.#link.sendData(this, data);
	}

	/** Hangs up at once; bytes already received stay readable only until this call. */
	hangUp(code: number = Code.NO_ERROR): void {
		if (!this.#over) {
			this.#link.sendHup(this, code);
			this.#release();
		}
		this.destroy();
	}

	/** Waits for the device's HUP and gives its code. */
	waitForHup(timeoutMs = 5_000): Promise<number> {
		if (this.hup !== undefined) return Promise.resolve(this.hup);
		return new Promise((resolve, reject) => {
			const timer = setTimeout(() => reject(new Error(`session ${this.id}: no HUP within ${timeoutMs} ms`)), timeoutMs);
			this.once("hup", (code: number) => {
				clearTimeout(timer);
				resolve(code);
			});
		});
	}

	/** The connection is gone: no HUP travels. */
	lost(): void {
		this.#release();
		this.destroy(new Error("the tunnel was lost"));
	}

	override _read(): void {
		this.#wanted = true;
		this.#deliver();
	}

	override _write(data: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
		this.#writing = { data, offset: 0, done };
		this.#pump();
	}

	override _final(done: (error?: Error | null) => void): void {
		this.#finishing = done;
		this.#finish();
	}

	override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
		if (!this.#over) {
			this.#link.sendHup(this, error === null ? Code.NO_ERROR : Code.CONNECTION_ERROR);
			this.#release();
		}
		this.#queue = [];
		this.#writing = undefined;
		done(error);
	}

	#release(): void {
		if (this.#over) return;
		this.#over = true;
		this.#link.released(this);
	}

	/** Passes bytes to whoever reads, as many as are wanted, and acknowledges those. */
	#deliver(): void {
		if (this.#delivering || this.destroyed) return;
		this.#delivering = true;
		let length = 0;
		while (this.#wanted) {
			const data = this.#queue.shift();
			if (data === undefined) break;
			length += data.length;
			this.#wanted = this.push(data);
		}
		this.#delivering = false;
		if (length > 0 && this.autoAck) this.acknowledge(length);
		if (this.hup !== undefined && this.#queue.length === 0) this.#finishReading(this.hup);
	}

	#finishReading(code: number): void {
		if (code !== Code.NO_ERROR) {
			// What was pushed is read first; a Readable does not tell when its last byte is taken.
			if (this.readableLength > 0) setTimeout(() => this.#finishReading(code), 2);
			else if (!this.destroyed) this.destroy(new HupError(this.id, code));
			return;
		}
		this.push(null);
		// Nothing written now can arrive any more: it is dropped, as on a closed socket.
		this.#writing?.done();
		this.#writing = undefined;
		this.#finishing?.();
		this.#finishing = undefined;
		if (!this.writableEnded) this.end();
	}

	#pump(): void {
		const writing = this.#writing;
		if (writing === undefined) return;
		while (!this.#over && this.#credit > 0 && writing.offset < writing.data.length) {
			const end = Math.min(writing.data.length, writing.offset + Math.min(this.#credit, MESSAGE_BYTES));
			const piece = writing.data.subarray(writing.offset, end);
			writing.offset = end;
			this.sendMessage(piece);
		}
		if (this.#over || writing.offset === writing.data.length) {
			this.#writing = undefined;
			writing.done();
		}
	}

	#finish(): void {
		if (this.#finishing === undefined || (this.outstandingOut > 0 && !this.#over)) return;
		const done = this.#finishing;
		this.#finishing = undefined;
		if (!this.#over) {
			this.#link.sendHup(this, Code.NO_ERROR);
			this.#release();
			this.push(null);
		}
		done();
	}
}
