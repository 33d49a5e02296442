import { Counter, collectGarbage, exit, print, readCounters } from "host/host";
import { Stream, StreamStatus, Want } from "net/stream";
import TLS, { Handshake, TLSStatus } from "net/tls";
import Timer from "time/timer";
import { Allocation } from "unit/allocation";

/**
 * A TLS client as a program, for tests with real servers: connects, shakes hands, sends bytes and takes them back from a server
 * that echoes, ends the session, and prints one line of JSON for each of its connections.
 *
 * usage: --tls HOST PORT AUTHORITIES NAME [WORD...]
 * words: "1.3" lowest version; "legacy" ciphers; "echo=N" bytes; "rounds=N" connections; "slow": one byte of ciphertext at a time;
 * "listen": keeps what comes as text and answers "pong" to "ping", until the server ends
 */

/** What one connection came to. */
interface Outcome {
	handshake: "done" | "failed" | "cut";
	reason: string;
	version: string;
	cipher: string;
	sent: number;
	received: number;
	/** Received bytes that are not the ones sent. */
	wrong: number;
	/** How it ended: "close_notify", "cut" (TCP ended without it), "failed", "" when this side ended it. */
	end: string;
	text: string;
	/** What the engine allocated between the first and the last echoed byte: "" for nothing. */
	allocated: string;
	memory: number;
	/** Bytes of the process after the connection. */
	resident: number;
}

const SIZE = 16_384;

class Probe {
	readonly #tls: TLS;
	readonly #stream: Stream;
	readonly #host: string;
	readonly #port: number;
	readonly #name: string;
	readonly #listen: boolean;
	readonly #step: number;
	readonly #echo: number;
	readonly #in = new ArrayBuffer(SIZE);
	readonly #out = new ArrayBuffer(SIZE);
	readonly #plain = new ArrayBuffer(SIZE);
	readonly #back = new ArrayBuffer(SIZE);
	readonly #backView = new Uint8Array(this.#back);
	readonly #allocation = new Allocation();
	readonly #counters = new Int32Array(Counter.COUNT);
	readonly #again = new Timer({ onTimer: () => this.connect() });
	#rounds: number;
	#inAt = 0;
	#inEnd = 0;
	#outAt = 0;
	#outEnd = 0;
	#connected = false;
	#secured = false;
	#ended = false;
	#tcpEnd = false;
	#outcome: Outcome;

	constructor(words: string[]) {
		const [host = "", port = "", authorities = "", name = ""] = words;
		const value = (key: string): number => Number(words.find((word) => word.startsWith(`${key}=`))?.slice(key.length + 1) ?? 0);
		this.#host = host;
		this.#port = Number(port);
		this.#name = name;
		this.#echo = value("echo");
		this.#rounds = value("rounds") || 1;
		this.#listen = words.indexOf("listen") >= 0;
		this.#step = words.indexOf("slow") >= 0 ? 1 : SIZE;
		const minimum = words.indexOf("1.3") >= 0 ? "1.3" : "1.2";
		this.#tls = new TLS({ authorities, minimum, legacyCiphers: words.indexOf("legacy") >= 0 });
		this.#stream = new Stream({
			onReadable: () => this.#work(),
			onWritable: () => this.#writable(),
			onError: () => this.#finish("cut"),
		});
		const plain = new Uint8Array(this.#plain);
		for (let i = 0; i < SIZE; i++) plain[i] = (i * 7 + (i >> 8)) & 0xff;
		this.#outcome = this.#fresh();
	}

	connect(): void {
		this.#inAt = this.#inEnd = this.#outAt = this.#outEnd = 0;
		this.#connected = this.#secured = this.#ended = this.#tcpEnd = false;
		this.#outcome = this.#fresh();
		if (this.#stream.connect(this.#host, this.#port) !== 0) this.#finish(this.#stream.error);
	}

	#fresh(): Outcome {
		return {
			handshake: "cut",
			reason: "",
			version: "",
			cipher: "",
			sent: 0,
			received: 0,
			wrong: 0,
			end: "",
			text: "",
			allocated: "",
			memory: this.#tls.memory,
			resident: 0,
		};
	}

	#writable(): void {
		if (!this.#connected) {
			this.#connected = true;
			this.#tls.start(this.#name);
		}
		this.#work();
	}

	/** Moves bytes in all directions until nothing moves. */
	#work(): void {
		let moved = true;
		while (moved && this.#connected) {
			moved = this.#receive();
			if (!this.#secured) moved = this.#secure() || moved;
			else {
				moved = this.#read() || moved;
				if (this.#connected) moved = this.#write() || moved;
			}
			moved = this.#send() || moved;
			if (!moved && this.#tcpEnd) this.#finish("cut");
		}
		if (this.#connected) this.#stream.want(this.#outAt < this.#outEnd ? Want.BOTH : Want.READ);
	}

	#receive(): boolean {
		if (this.#inAt === this.#inEnd && !this.#tcpEnd) {
			const count = this.#stream.read(this.#in, 0, SIZE);
			if (count === StreamStatus.END || count === StreamStatus.FAILED) this.#tcpEnd = true;
			this.#inAt = 0;
			this.#inEnd = Math.max(count, 0);
		}
		if (this.#inAt === this.#inEnd) return false;
		const length = this.#inEnd - this.#inAt;
		const taken = this.#tls.receive(this.#in, this.#inAt, Math.min(length, this.#step));
		this.#inAt += taken;
		return taken > 0;
	}

	#secure(): boolean {
		const state = this.#tls.handshake();
		if (state === Handshake.GOING_ON) return false;
		this.#secured = state === Handshake.DONE;
		this.#outcome.handshake = this.#secured ? "done" : "failed";
		this.#outcome.version = this.#tls.version;
		this.#outcome.cipher = this.#tls.cipher;
		if (state === Handshake.FAILED) {
			this.#send();
			this.#finish("failed");
			return false;
		}
		return true;
	}

	#read(): boolean {
		const count = this.#tls.read(this.#back, 0, SIZE);
		if (count === TLSStatus.AGAIN) return false;
		if (count === TLSStatus.END || count === TLSStatus.FAILED) {
			this.#send();
			this.#finish(count === TLSStatus.END ? "close_notify" : "failed");
			return false;
		}
		const outcome = this.#outcome;
		if (this.#listen) {
			outcome.text += String.fromArrayBuffer(this.#back.slice(0, count));
			if (outcome.text.endsWith("ping\n")) {
				const pong = ArrayBuffer.fromString("pong\n");
				outcome.sent += this.#tls.write(pong, 0, pong.byteLength);
			}
			return true;
		}
		for (let i = 0; i < count; i++) {
			const at = (outcome.received + i) % SIZE;
			if (this.#backView[i] !== ((at * 7 + (at >> 8)) & 0xff)) outcome.wrong++;
		}
		outcome.received += count;
		return true;
	}

	#write(): boolean {
		const outcome = this.#outcome;
		if (this.#listen || this.#ended) return false;
		if (outcome.sent < this.#echo) {
			const at = outcome.sent % SIZE;
			const left = this.#echo - outcome.sent;
			const count = this.#tls.write(this.#plain, at, Math.min(left, SIZE - at));
			if (count < 0) {
				this.#finish("failed");
				return false;
			}
			// What comes before the first echoed byte, such as the making of the session, is not counted.
			if (outcome.sent === 0 && count > 0) this.#allocation.begin();
			outcome.sent += count;
			return count > 0;
		}
		if (outcome.received < this.#echo) return false;
		if (this.#echo > 0) outcome.allocated = this.#allocation.spent();
		this.#ended = true;
		this.#tls.end();
		return true;
	}

	#send(): boolean {
		if (this.#outAt === this.#outEnd) {
			this.#outAt = 0;
			this.#outEnd = this.#tls.send(this.#out, 0, SIZE);
		}
		if (this.#outAt === this.#outEnd) return false;
		const count = this.#stream.write(this.#out, this.#outAt, this.#outEnd - this.#outAt);
		if (count <= 0) return false;
		this.#outAt += count;
		return true;
	}

	#finish(end: string): void {
		const outcome = this.#outcome;
		this.#connected = false;
		outcome.end = end;
		outcome.reason = this.#tls.reason;
		this.#stream.close();
		collectGarbage();
		readCounters(this.#counters);
		outcome.resident = this.#counters[Counter.RESIDENT] ?? 0;
		print(JSON.stringify(outcome));
		if (--this.#rounds > 0) this.#again.schedule(0);
		else exit(0);
	}
}

/** Runs the program with the arguments behind "--tls". */
export function runTlsProbe(words: string[]): void {
	new Probe(words).connect();
}
