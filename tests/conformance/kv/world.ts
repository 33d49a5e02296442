import { bytesOf, hexOf, plain } from "conformance/kv/packets";
import type { KVIO } from "kv/io";
import type { Datagram, DatagramOptions } from "net/datagram";
import type { ResolverOptions } from "net/resolver";
import type Resolver from "net/resolver";
import type { Stream, StreamOptions } from "net/stream";
import type { TimerOptions } from "time/timer";
import { FakeTimer } from "unit/fake_timer";

/** A network and a clock in memory. Time passes only when a test says so; the loop calls back as the host's does. */
export class World {
	now = 0;
	stream: FakeStream | undefined;
	readonly sockets: FakeDatagram[] = [];
	readonly timers: FakeTimer[] = [];
	resolver: FakeResolver | undefined;
	/** Connects as "address:port@time"; requests as hex; times at which connections were closed. */
	connects: string[] = [];
	requests: string[] = [];
	closes: number[] = [];
	/** What the server answers to a request (hex): hex, with "|" for pauses of 50 ms; "FIN" and "RST" end it, without them it stays open. */
	answer: (request: string) => string = () => "FIN";
	/** How names and connects end. */
	address: string | undefined = "192.0.2.1";
	refused = false;
	silent = false;
	/** The host has no IPv6. */
	only4 = false;
	/** Native objects that were closed. */
	closed = 0;

	io(): KVIO {
		const world = this;
		return {
			Stream: class extends FakeStream {
				constructor(options: StreamOptions) {
					super(options, world);
				}
			},
			Datagram: class extends FakeDatagram {
				constructor(options: DatagramOptions) {
					super(options, world);
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

	/** Runs the loop until nothing happens any more, then lets time pass, timer by timer. */
	run(milliseconds = 0): this {
		const end = this.now + milliseconds;
		for (;;) {
			this.#settle();
			let next = this.stream?.nextAt ?? Infinity;
			for (const timer of this.timers) if (timer.due < next) next = timer.due;
			if (next > end) break;
			if (next > this.now) this.now = next;
		}
		this.now = end;
		return this;
	}

	#settle(): void {
		for (let turns = 0; turns < 10000; turns++) {
			let any = this.resolver?.step() ?? false;
			for (const timer of this.timers) {
				if (timer.due > this.now) continue;
				timer.fire();
				any = true;
			}
			if (this.stream?.step()) any = true;
			for (const socket of this.sockets) if (socket.step()) any = true;
			if (!any) return;
		}
		throw new Error("the loop never comes to rest");
	}
}

export class FakeResolver implements Resolver {
	error = "";
	readonly addresses = "";
	names = 0;
	#name: string | undefined;
	readonly #options: ResolverOptions;
	readonly #world: World;

	constructor(options: ResolverOptions, world: World) {
		this.#options = options;
		this.#world = world;
		world.resolver = this;
	}

	resolve(name: string): void {
		this.#name = name;
		this.names++;
	}

	cancel(): void {
		this.#name = undefined;
	}

	close(): void {
		this.#world.closed++;
	}

	step(): boolean {
		if (this.#name === undefined) return false;
		this.#name = undefined;
		const { address } = this.#world;
		this.error = address === undefined ? "host not found" : "";
		this.#options.onResolved.call(this, address);
		return true;
	}
}

/** A connection to the world's server. */
export class FakeStream implements Stream {
	opened = false;
	error = "";
	localAddress = "10.0.0.5";
	localPort = 1;
	remoteAddress = "";
	remotePort = 0;
	unread = 0;
	/** Bytes a write takes at most, and writes of this connection. */
	room = Infinity;
	writes = 0;
	/** When the answer goes on. */
	nextAt = Infinity;
	#incoming: number[] = [];
	#pieces: string[] = [];
	#end = "";
	#established = false;
	#wanted = 0;
	readonly #options: StreamOptions;
	readonly #world: World;

	constructor(options: StreamOptions, world: World) {
		this.#options = options;
		this.#world = world;
		world.stream = this;
	}

	connect(address: string, port: number): number {
		if (this.opened) throw new Error("connect on a stream that is open");
		this.#world.connects.push(address + ":" + port + "@" + this.#world.now);
		if (this.#world.refused) {
			this.error = "ECONNREFUSED";
			return -2;
		}
		this.error = "";
		this.opened = true;
		this.#established = false;
		this.#incoming = [];
		this.#pieces = [];
		this.#end = "";
		this.nextAt = Infinity;
		this.writes = 0;
		this.#wanted = 2;
		return 0;
	}

	read(buffer: ArrayBuffer, offset: number, length: number): number {
		if (!this.opened) return -2;
		const bytes = new Uint8Array(buffer);
		const count = Math.min(length, this.#incoming.length);
		for (let i = 0; i < count; i++) bytes[offset + i] = this.#incoming[i];
		this.#incoming = this.#incoming.slice(count);
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
		this.writes++;
		if (count < length) return count;
		const request = hexOf(buffer, offset, length);
		this.#world.requests.push(request);
		this.#pieces = this.#world.answer(request).split("|");
		this.nextAt = this.#world.now;
		return count;
	}

	want(events: number): void {
		this.#wanted = events;
	}

	shutdown(): void {}

	close(): void {
		if (this.opened) this.#world.closes.push(this.#world.now);
		this.opened = false;
		this.nextAt = Infinity;
	}

	abort(): void {
		this.close();
	}

	step(): boolean {
		if (!this.opened || this.#world.silent) return false;
		if (!this.#established) {
			this.#established = true;
			this.#options.onWritable?.call(this);
			return true;
		}
		let any = false;
		if (this.#world.now >= this.nextAt) {
			const words = (this.#pieces.shift() ?? "").split(" ");
			for (const word of words) {
				if (word === "FIN" || word === "RST") this.#end = word;
				else for (const octet of bytesOf(word)) this.#incoming.push(octet);
			}
			this.nextAt = this.#pieces.length > 0 ? this.#world.now + 50 : Infinity;
			any = true;
		}
		if (this.#wanted & 1 && (this.#incoming.length > 0 || this.#end !== "")) {
			this.#options.onReadable?.call(this);
			any = true;
		}
		return any;
	}
}

/** A datagram that is under way to the device. */
interface Incoming {
	readonly bytes: Uint8Array;
	readonly from: string;
}

/** A socket whose other side is the test. */
export class FakeDatagram implements Datagram {
	source = -1;
	port: number;
	truncated = 0;
	errors = 0;
	/** Datagrams sent, as hex, and where to, as "address:port@time". */
	sent: string[] = [];
	to: string[] = [];
	/** What `write` gives in place of sending. */
	fault = 0;
	/** Events that it is to be told of: 1 readable, 2 writable. */
	wanted = 1;
	/** Most datagrams that were read in one call back. */
	most = 0;
	readonly address: string;
	#peers: string[] = [];
	#incoming: Incoming[] = [];
	#reads = 0;
	readonly #options: DatagramOptions;
	readonly #world: World;

	constructor(options: DatagramOptions, world: World) {
		this.address = options.address ?? "0.0.0.0";
		if (world.only4 && this.address === "::") throw new Error("no IPv6 here");
		this.#options = options;
		this.#world = world;
		this.port = 50000 + world.sockets.length;
		for (let i = 0; i < (options.peers ?? 8); i++) this.#peers.push("");
		world.sockets.push(this);
	}

	/** The network brings a datagram. */
	give(hex: string, from = "192.0.2.1:50190"): void {
		this.#incoming.push({ bytes: bytesOf(plain(hex)), from });
	}

	/** Datagrams sent since the last call. */
	take(): string[] {
		const { sent } = this;
		this.sent = [];
		this.to = [];
		return sent;
	}

	/** KV reads and sends one by one. */
	writeMany(): number {
		return -1;
	}

	readMany(): number {
		return -1;
	}

	read(buffer: ArrayBuffer, offset: number, length: number): number {
		const datagram = this.#incoming.shift();
		if (!datagram) return -1;
		this.#reads++;
		const count = Math.min(length, datagram.bytes.length);
		const bytes = new Uint8Array(buffer);
		for (let i = 0; i < count; i++) bytes[offset + i] = datagram.bytes[i];
		this.source = this.#peers.indexOf(datagram.from);
		if (this.source < 0) this.source = this.#peers.length;
		return count;
	}

	write(buffer: ArrayBuffer, offset: number, length: number, peer: number): number {
		const to = this.#peers[peer];
		if (this.fault < 0) {
			if (this.fault === -3) this.errors++;
			return this.fault;
		}
		if (!to) throw new Error("sent to nobody");
		this.sent.push(hexOf(buffer, offset, length));
		this.to.push(to + "@" + this.#world.now);
		return length;
	}

	peer(address: string, port: number): number {
		const name = address + ":" + port;
		const known = this.#peers.indexOf(name);
		const place = known < 0 ? this.#peers.indexOf("") : known;
		if (place >= 0) this.#peers[place] = name;
		return place;
	}

	forget(peer: number): void {
		this.#peers[peer] = "";
	}

	peerAddress(peer: number): string {
		return this.#peers[peer];
	}

	peerPort(): number {
		return 0;
	}

	want(events: number): void {
		this.wanted = events;
	}

	close(): void {
		this.#world.closed++;
	}

	step(): boolean {
		if (this.wanted & 2 && this.fault !== -1) {
			this.#options.onWritable?.call(this);
			return true;
		}
		if (this.#incoming.length === 0) return false;
		this.#reads = 0;
		this.#options.onReadable?.call(this);
		if (this.#reads > this.most) this.most = this.#reads;
		return true;
	}
}
