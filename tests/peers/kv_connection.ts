/** One TCP connection to a KV server: one request, one answer, the rest drained, closed (reference 2.1, section 6). */
import type { Socket } from "node:net";
import type { ConnectionEnd } from "./kv_rules.ts";
import type { Request } from "./kv_wire.ts";
import { encodeFailure, ErrorCode, PADDED_BYTES, readRequest } from "./kv_wire.ts";

const DRAIN_BYTES = 65_536;

/** What happens to an answer on its way. All fields may be left out. */
export interface AnswerFault {
	/** The command it is for; any if left out. */
	readonly command?: number;
	/** How many answers it takes; default 1. */
	readonly times?: number;
	/** True: nothing is sent and nothing closed. */
	readonly silent?: boolean;
	/** True: RST instead of an answer. */
	readonly reset?: boolean;
	/** These bytes instead of the answer. */
	readonly bytes?: Buffer;
	/** This status instead of the right one. */
	readonly status?: bigint;
	/** This error, and the command is not carried out. */
	readonly error?: number;
	/** Only so many bytes of the answer. */
	readonly cut?: number;
	/** Sizes of pieces; what is left after them follows as one. */
	readonly pieces?: readonly number[];
	/** Milliseconds between pieces; default 50. */
	readonly gapMs?: number;
	/** Milliseconds before the answer. */
	readonly delayMs?: number;
	/** True: the server does not close after the answer. */
	readonly keepOpen?: boolean;
}

export interface Answer {
	readonly bytes: Buffer;
	readonly fault: AnswerFault | undefined;
}

/** What a connection asks of its server. */
export interface ConnectionHost {
	/** Milliseconds for a request to arrive, and for what follows it to be drained. */
	readonly readMs: number;
	execute(request: Request): Promise<Answer>;
	timedOut(): void;
	ended(end: ConnectionEnd): void;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class KvConnection {
	readonly #socket: Socket;
	readonly #host: ConnectionHost;
	readonly #began = performance.now();
	#timer: NodeJS.Timeout;
	/** The request as far as it is looked at, and all bytes that came. */
	#head = Buffer.alloc(0);
	#count = 0;
	#firstRead = 0;
	#request: Request | undefined;
	#done = false;
	#answeredAt: number | undefined;
	#silent = false;
	#closedByUs = false;

	constructor(socket: Socket, host: ConnectionHost) {
		this.#socket = socket;
		this.#host = host;
		this.#timer = setTimeout(() => this.#timeOut(), host.readMs);
		socket.setNoDelay(true);
		socket.on("data", (chunk: Buffer) => this.#take(chunk));
		socket.on("end", () => this.#end());
		socket.on("error", () => undefined);
		socket.on("close", () => clearTimeout(this.#timer));
	}

	/** Ends it without a word. */
	destroy(): void {
		this.#closedByUs = true;
		this.#socket.destroy();
	}

	#take(chunk: Buffer): void {
		if (this.#count === 0) this.#firstRead = chunk.length;
		this.#count += chunk.length;
		if (this.#head.length <= PADDED_BYTES) this.#head = Buffer.concat([this.#head, chunk]).subarray(0, PADDED_BYTES + 1);
		if (this.#count > DRAIN_BYTES) {
			this.#report(undefined);
			this.destroy();
			return;
		}
		if (this.#done) return;
		const request = readRequest(this.#head);
		if (request === undefined) return;
		this.#done = true;
		if (request === "unknown") {
			this.#finish({ bytes: encodeFailure(ErrorCode.PARAM), fault: undefined }).catch(() => undefined);
			return;
		}
		this.#request = request;
		this.#host
			.execute(request)
			.then((answer) => this.#finish(answer))
			.catch(() => this.destroy());
	}

	async #finish(answer: Answer): Promise<void> {
		const { fault } = answer;
		if (fault?.delayMs !== undefined) await pause(fault.delayMs);
		if (fault?.reset === true) {
			this.#closedByUs = true;
			this.#socket.resetAndDestroy();
			return;
		}
		if (fault?.silent === true) {
			// The device has to give up by itself.
			this.#silent = true;
			clearTimeout(this.#timer);
			return;
		}
		let bytes = answer.bytes.subarray(0, fault?.cut ?? answer.bytes.length);
		for (const size of fault?.pieces ?? []) {
			if (this.#socket.destroyed) return;
			this.#socket.write(bytes.subarray(0, size));
			bytes = bytes.subarray(size);
			await pause(fault?.gapMs ?? 50);
		}
		if (this.#socket.destroyed) return;
		this.#answeredAt = performance.now();
		clearTimeout(this.#timer);
		if (fault?.keepOpen === true) this.#socket.write(bytes);
		else this.#socket.end(bytes);
		// What the client still sends is read, so that no RST overtakes the answer.
		this.#timer = setTimeout(() => this.#timeOut(), this.#host.readMs);
	}

	/** FIN of the client. */
	#end(): void {
		const now = performance.now();
		if (!this.#done) {
			this.#done = true;
			if (this.#count > 0) this.#socket.end(encodeFailure(ErrorCode.INVAL));
			else this.#socket.end();
		} else if (this.#answeredAt === undefined || this.#silent) this.#socket.end();
		else if (!this.#socket.writableEnded) this.#socket.end();
		this.#report(this.#answeredAt === undefined ? undefined : now - this.#answeredAt);
	}

	#timeOut(): void {
		this.#host.timedOut();
		this.#report(this.#answeredAt === undefined ? undefined : performance.now() - this.#answeredAt);
		this.destroy();
	}

	#report(lingered: number | undefined): void {
		if (this.#closedByUs) return;
		this.#closedByUs = true;
		const received = this.#count <= this.#head.length ? this.#head : Buffer.alloc(this.#count);
		const age = performance.now() - this.#began;
		this.#host.ended({ request: this.#request, received, firstRead: this.#firstRead, lingered, age });
	}
}
