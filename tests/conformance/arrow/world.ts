import type { ArrowIO } from "arrow/io";
import type { ResolverOptions } from "net/resolver";
import type Resolver from "net/resolver";
import type { Stream, StreamOptions } from "net/stream";
import type TLS from "net/tls";
import type { TLSOptions } from "net/tls";
import type { TimerOptions } from "time/timer";
import { formatHex } from "wire/hex";
import { FakeTimer } from "unit/fake_timer";

/** A network and a clock in memory. Time passes only when a test says so; the loop calls back as the host's does. */
export class World {
	now = 0;
	/** Streams by the order in which they were made; the endpoint's own is the first. */
	readonly streams: FakeStream[] = [];
	readonly timers: FakeTimer[] = [];
	/** Connects as "address:port@time". */
	connects: string[] = [];
	tls: FakeTLS | undefined;
	readonly resolvers: FakeResolver[] = [];
	/** Addresses of names that are not the usual one; undefined: not found. */
	readonly names = new Map<string, string | undefined>();
	/** Names asked for, in order, and whether answers wait. */
	asked: string[] = [];
	mute = false;
	/** How names, connects and handshakes end. */
	nameFails = false;
	silent = false;
	/** Addresses that never answer a connect; that refuse one after a while. */
	readonly deaf: string[] = [];
	readonly refuses: string[] = [];
	refused = false;
	handshakeFails = "";
	/** Native objects that were closed. */
	closed = 0;

	io(): ArrowIO {
		const world = this;
		return {
			Stream: class extends FakeStream {
				constructor(options: StreamOptions) {
					super(options, world);
				}
			},
			TLS: class extends FakeTLS {
				constructor(_options: TLSOptions) {
					super(world);
				}
			},
			Resolver: class extends FakeResolver {
				constructor(options: ResolverOptions) {
					super(options, world);
				}
			},
			Timer: class extends FakeTimer {
				constructor(options: TimerOptions) {
					super(options, world);
				}
			},
			monotonic: () => world.now,
		};
	}

	/** The stream to the Arrow service. */
	get service(): FakeStream {
		return this.streams[0];
	}

	/** Runs the loop until nothing happens any more, then lets time pass, timer by timer. */
	run(milliseconds = 0): this {
		const end = this.now + milliseconds;
		for (;;) {
			this.#settle();
			let due: FakeTimer | undefined;
			for (const timer of this.timers) if (timer.due <= end && (!due || timer.due < due.due)) due = timer;
			if (!due) break;
			if (due.due > this.now) this.now = due.due;
			due.fire();
		}
		this.now = end;
		return this;
	}

	#settle(): void {
		for (let turns = 0; turns < 100000; turns++) {
			let any = false;
			for (const resolver of this.resolvers) if (resolver.step()) any = true;
			for (const timer of this.timers) {
				if (timer.due > this.now) continue;
				timer.fire();
				any = true;
			}
			for (const stream of this.streams) if (stream.step()) any = true;
			if (!any) return;
		}
		throw new Error("the loop never comes to rest");
	}
}

/** Bytes in order, at most `capacity`. */
class Fifo {
	length = 0;
	readonly #bytes: Uint8Array;
	#at = 0;

	constructor(capacity: number) {
		this.#bytes = new Uint8Array(capacity);
	}

	push(octet: number): void {
		if (this.length === this.#bytes.length) throw new RangeError("the test gave more than it may");
		this.#bytes[(this.#at + this.length++) % this.#bytes.length] = octet;
	}

	take(bytes: Uint8Array, offset: number, limit: number): number {
		const count = Math.min(limit, this.length);
		for (let i = 0; i < count; i++) bytes[offset + i] = this.#bytes[(this.#at + i) % this.#bytes.length];
		this.#at = (this.#at + count) % this.#bytes.length;
		this.length -= count;
		return count;
	}

	clear(): void {
		this.length = 0;
	}
}

export class FakeResolver implements Resolver {
	readonly addresses = "";
	error = "";
	#name: string | undefined;
	readonly #options: ResolverOptions;
	readonly #world: World;

	constructor(options: ResolverOptions, world: World) {
		this.#options = options;
		this.#world = world;
		world.resolvers.push(this);
	}

	resolve(name: string): void {
		this.#name = name;
		this.#world.asked.push(name);
	}

	cancel(): void {
		this.#name = undefined;
	}

	close(): void {
		this.#world.closed++;
	}

	step(): boolean {
		const name = this.#name;
		const { names, nameFails, mute } = this.#world;
		if (name === undefined || mute) return false;
		const known = names.has(name) ? names.get(name) : "192.0.2.1";
		const address = nameFails ? undefined : known;
		this.#name = undefined;
		this.error = address === undefined ? "host not found" : "";
		this.#options.onResolved.call(this, address);
		return true;
	}
}

/** A connection whose other side is the test. */
export class FakeStream implements Stream {
	opened = false;
	error = "";
	localAddress = "10.0.0.5";
	localPort = 1;
	remoteAddress = "";
	remotePort = 0;
	/** What was written, as hex, but for long pieces, and how often. */
	written = "";
	writes = 0;
	bytesWritten = 0;
	/** Bytes it takes before it is full. */
	room = Infinity;
	/** Bytes that were read, and that a test has given to be read. */
	bytesRead = 0;
	/** How often the loop called it. */
	calls = 0;
	#endTold = false;
	#failTold = false;
	readonly #incoming = new Fifo(20000);
	#endless = 0;
	#end = "";
	#established = false;
	#wanted = 0;
	wants = 0;
	readonly #options: StreamOptions;
	readonly #world: World;

	constructor(options: StreamOptions, world: World) {
		this.#options = options;
		this.#world = world;
		world.streams.push(this);
	}

	connect(address: string, port: number): number {
		if (this.opened) throw new Error("connect on a stream that is open");
		this.#world.connects.push(address + ":" + port + "@" + this.#world.now);
		this.remoteAddress = address;
		this.error = "";
		if (this.#world.refused) {
			this.error = "ECONNREFUSED";
			return -2;
		}
		this.opened = true;
		this.#established = false;
		this.#incoming.clear();
		this.#endless = 0;
		this.#end = "";
		this.#endTold = false;
		this.#failTold = false;
		this.calls = 0;
		this.written = "";
		this.writes = 0;
		this.bytesWritten = 0;
		this.bytesRead = 0;
		this.#wanted = 2;
		return 0;
	}

	/** The test's side sends hex, or so many zero bytes. */
	give(what: string | number): void {
		if (typeof what === "number") this.#endless += what;
		else {
			const hex = what.split(" ").join("");
			for (let i = 0; i < hex.length; i += 2) this.#incoming.push(parseInt(hex.slice(i, i + 2), 16));
		}
	}

	/** The test's side ends behind what it gave: "FIN" or "RST". */
	finish(how: string): void {
		this.#end = how;
	}

	get unread(): number {
		return this.#incoming.length + this.#endless;
	}

	/** Takes what was written. */
	take(): string {
		const hex = this.written;
		this.written = "";
		return hex;
	}

	read(buffer: ArrayBuffer, offset: number, length: number): number {
		if (!this.opened) return -2;
		const bytes = new Uint8Array(buffer);
		let count = this.#incoming.take(bytes, offset, length);
		const zeros = Math.min(length - count, this.#endless);
		this.#endless -= zeros;
		count += zeros;
		this.bytesRead += count;
		if (count > 0) return count;
		if (this.#end === "FIN") return -1;
		if (this.#end === "RST") {
			this.error = "ECONNRESET";
			return -2;
		}
		return 0;
	}

	write(buffer: ArrayBuffer, offset: number, length: number): number {
		if (!this.opened) return -2;
		const count = Math.min(length, this.room);
		if (count === 0) return 0;
		this.room -= count;
		this.writes++;
		this.bytesWritten += count;
		if (count <= 6000 && this.written.length < 20000) this.written += formatHex(new Uint8Array(buffer), offset, count);
		return count;
	}

	want(events: number): void {
		if (events !== this.#wanted) this.wants++;
		this.#wanted = events;
	}

	shutdown(): void {}

	close(): void {
		this.opened = false;
	}

	abort(): void {
		this.opened = false;
	}

	step(): boolean {
		if (!this.opened || this.#world.silent) return false;
		let any = false;
		if (!this.#established) {
			if (this.#world.deaf.includes(this.remoteAddress)) return false;
			if (this.#world.refuses.includes(this.remoteAddress)) {
				this.error = "ECONNREFUSED";
				this.#established = true;
				this.#options.onError?.call(this);
				return true;
			}
			this.#established = true;
			this.#options.onWritable?.call(this);
			return true;
		}
		if (this.#wanted & 4 && this.#end !== "" && !this.#endTold && (this.#end === "FIN" || this.unread > 0)) {
			this.#endTold = true;
			this.calls++;
			this.#options.onEnd?.call(this);
			any = true;
		}
		if (this.#end === "RST" && this.unread === 0 && !this.#failTold && !(this.#wanted & 1)) {
			this.#failTold = true;
			this.error = "ECONNRESET";
			this.#options.onError?.call(this);
			return true;
		}
		if (this.#wanted & 1 && (this.#incoming.length > 0 || this.#endless > 0 || this.#end !== "")) {
			this.calls++;
			this.#options.onReadable?.call(this);
			any = true;
		}
		if (this.opened && this.#wanted & 2 && this.room > 0) {
			this.#options.onWritable?.call(this);
			any = true;
		}
		return any;
	}
}

/** Passes bytes through as they are. */
export class FakeTLS implements TLS {
	reason = "";
	version = "TLSv1.3";
	cipher = "NONE";
	memory = 1000;
	/** Plaintext writes since the start. */
	writes = 0;
	ends = 0;
	/** Most bytes that one read gives. */
	record = 16384;
	names = "";
	readonly #in = new Fifo(40000);
	readonly #out = new Fifo(40000);
	readonly #world: World;

	constructor(world: World) {
		this.#world = world;
		world.tls = this;
	}

	start(name: string): void {
		this.#in.clear();
		this.#out.clear();
		this.reason = "";
		this.names += name + " ";
	}

	receive(buffer: ArrayBuffer, offset: number, length: number): number {
		const bytes = new Uint8Array(buffer);
		for (let i = 0; i < length; i++) this.#in.push(bytes[offset + i]);
		return length;
	}

	send(buffer: ArrayBuffer, offset: number, size: number): number {
		return this.#out.take(new Uint8Array(buffer), offset, size);
	}

	handshake(): number {
		this.reason = this.#world.handshakeFails;
		return this.reason === "" ? 1 : -1;
	}

	read(buffer: ArrayBuffer, offset: number, size: number): number {
		return this.#in.take(new Uint8Array(buffer), offset, Math.min(size, this.record));
	}

	write(buffer: ArrayBuffer, offset: number, length: number): number {
		if (this.#out.length > 20000) return 0;
		const bytes = new Uint8Array(buffer);
		for (let i = 0; i < length; i++) this.#out.push(bytes[offset + i]);
		this.writes++;
		return length;
	}

	end(): void {
		this.ends++;
	}

	close(): void {
		this.#world.closed++;
	}
}
