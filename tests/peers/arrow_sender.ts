/** Writes messages to the TLS connection: joined per turn, or one byte per record (ARROW-B1). */
import type { TLSSocket } from "node:tls";

export class ArrowSender {
	/** One TLS record for each byte. */
	byteWise = false;
	readonly #socket: TLSSocket;
	#corked = false;
	#bytes: Buffer[] = [];
	#trickling = false;

	constructor(socket: TLSSocket) {
		this.#socket = socket;
	}

	send(data: Buffer): void {
		if (this.byteWise || this.#trickling) this.#trickle(data);
		else this.#write(data);
	}

	/** A header and its body, without copying either. */
	sendTwo(header: Buffer, body: Buffer): void {
		this.send(header);
		if (body.length > 0) this.send(body);
	}

	#write(data: Buffer): void {
		if (this.#socket.destroyed || this.#socket.writableEnded) return;
		if (!this.#corked) {
			this.#corked = true;
			this.#socket.cork();
			process.nextTick(() => {
				this.#corked = false;
				this.#socket.uncork();
			});
		}
		this.#socket.write(data);
	}

	#trickle(data: Buffer): void {
		this.#bytes.push(data);
		if (this.#trickling) return;
		this.#trickling = true;
		this.#next(0);
	}

	/** Each byte waits for the one before: writes under way at once would share a record. */
	#next(offset: number): void {
		const data = this.#bytes[0];
		if (data === undefined || this.#socket.destroyed || this.#socket.writableEnded) {
			this.#bytes = [];
			this.#trickling = false;
			return;
		}
		this.#socket.write(data.subarray(offset, offset + 1), () => {
			if (offset + 1 < data.length) {
				this.#next(offset + 1);
				return;
			}
			this.#bytes.shift();
			this.#next(0);
		});
	}
}
