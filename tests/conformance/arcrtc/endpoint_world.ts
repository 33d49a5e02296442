import type { ArcIO } from "arcrtc/io";
import type { Datagram, DatagramOptions } from "net/datagram";
import type Resolver from "net/resolver";
import type { ResolverOptions } from "net/resolver";
import type { Listener, ListenerOptions, Stream, StreamOptions } from "net/stream";
import type { TimerOptions } from "time/timer";
import { FakeTimer } from "unit/fake_timer";

/** A host in the world: its address, what it opened, its faults. */
export class Host {
	readonly sockets: FakeDatagram[] = [];
	readonly streams: FakeStream[] = [];
	listener: FakeListener | undefined;
	resolver: FakeResolver | undefined;
	/** Its name is not found; a connect is refused at once, or nobody answers it. */
	nameless = false;
	refused = false;
	silent = false;
	/** Bytes that connections take before they are full. */
	room = Infinity;
	/** What `write` of its sockets gives in place of sending. */
	fault = 0;
	readonly address: string;
	readonly world: World;

	constructor(world: World, address: string) {
		this.world = world;
		this.address = address;
		world.hosts.push(this);
	}

	io(): ArcIO {
		const host = this;
		const { world } = this;
		return {
			Stream: class extends FakeStream {
				constructor(options: StreamOptions) {
					super(options, host);
				}
			},
			Listener: class extends FakeListener {
				constructor(options: ListenerOptions) {
					super(options, host);
				}
			},
			Datagram: class extends FakeDatagram {
				constructor(options: DatagramOptions) {
					super(options, host);
				}
			},
			Resolver: class extends FakeResolver {
				constructor(options: ResolverOptions) {
					super(options, host);
				}
			},
			Timer: class extends FakeTimer {
				constructor(options: TimerOptions) {
					super(options, world);
				}
			},
			monotonic: () => world.now,
			wall: () => 1_767_225_600_000 + world.now,
		};
	}
}

interface Flying {
	readonly at: number;
	readonly from: FakeDatagram;
	readonly to: FakeDatagram;
	readonly bytes: Uint8Array;
}

/** Two hosts or more, TCP and UDP between them, and a clock: time passes only when a test says so. */
export class World {
	now = 1000;
	closed = 0;
	readonly timers: FakeTimer[] = [];
	readonly hosts: Host[] = [];
	/** Ms of the way; nothing goes over UDP, over TCP. */
	delay = 5;
	noUDP = false;
	noTCP = false;
	/** Ports of UDP appear as others, so many higher: a NAT. */
	shift = 0;
	datagrams = 0;
	#flying: Flying[] = [];

	/** Lets time pass, event by event. */
	run(ms: number): this {
		const end = this.now + ms;
		for (;;) {
			this.#settle();
			let next = Infinity;
			for (let i = 0; i < this.timers.length; i++) if (this.timers[i].due < next) next = this.timers[i].due;
			for (let i = 0; i < this.#flying.length; i++) if (this.#flying[i].at < next) next = this.#flying[i].at;
			for (const host of this.hosts) for (const stream of host.streams) if (stream.nextAt < next) next = stream.nextAt;
			if (next > end) break;
			if (next > this.now) this.now = next;
		}
		this.now = end;
		return this;
	}

	fly(from: FakeDatagram, address: string, port: number, bytes: Uint8Array): void {
		this.datagrams++;
		if (this.noUDP) return;
		for (let h = 0; h < this.hosts.length; h++) {
			const host = this.hosts[h];
			if (host.address !== address) continue;
			for (let s = 0; s < host.sockets.length; s++)
				if (host.sockets[s].port === port || host.sockets[s].port + this.shift === port)
					this.#flying.push({ at: this.now + this.delay, from, to: host.sockets[s], bytes });
		}
	}

	hostOf(address: string): Host | undefined {
		return this.hosts.find((host) => host.address === address);
	}

	#settle(): void {
		for (let turns = 0; turns < 10_000; turns++) {
			let any = false;
			for (let i = 0; i < this.timers.length; i++)
				if (this.timers[i].due <= this.now) {
					this.timers[i].fire();
					any = true;
				}
			for (let i = 0; i < this.#flying.length; i++) {
				const it = this.#flying[i];
				if (it.at > this.now) continue;
				this.#flying.splice(i--, 1);
				it.to.give(it.bytes, it.from.host.address, it.from.port + this.shift);
				any = true;
			}
			for (let h = 0; h < this.hosts.length; h++) {
				const host = this.hosts[h];
				if (host.resolver?.step()) any = true;
				if (host.listener?.step()) any = true;
				for (let i = 0; i < host.streams.length; i++) if (host.streams[i].step()) any = true;
				for (let i = 0; i < host.sockets.length; i++) if (host.sockets[i].step()) any = true;
			}
			if (!any) return;
		}
		throw new Error("the loop never comes to rest");
	}
}

export class FakeResolver implements Resolver {
	error = "";
	readonly addresses = "";
	#name: string | undefined;
	readonly #options: ResolverOptions;
	readonly #host: Host;

	constructor(options: ResolverOptions, host: Host) {
		this.#options = options;
		this.#host = host;
		host.resolver = this;
	}

	resolve(name: string): void {
		this.#name = name;
	}

	cancel(): void {
		this.#name = undefined;
	}

	close(): void {
		this.#host.world.closed++;
	}

	step(): boolean {
		const name = this.#name;
		if (name === undefined) return false;
		this.#name = undefined;
		this.error = this.#host.nameless ? "host not found" : "";
		this.#options.onResolved.call(this, this.#host.nameless ? undefined : name);
		return true;
	}
}

export class FakeListener implements Listener {
	readonly port: number;
	waiting: FakeStream[] = [];
	readonly #options: ListenerOptions;
	readonly #host: Host;

	constructor(options: ListenerOptions, host: Host) {
		this.#options = options;
		this.#host = host;
		this.port = options.port === 0 ? 40_000 : options.port;
		host.listener = this;
	}

	accept(stream: FakeStream): boolean {
		const other = this.waiting.shift();
		if (other === undefined) return false;
		stream.join(other);
		return true;
	}

	want(): void {}

	close(): void {
		this.#host.world.closed++;
	}

	step(): boolean {
		if (this.waiting.length === 0) return false;
		this.#options.onReadable?.call(this);
		return true;
	}
}

/** One end of a TCP connection. */
export class FakeStream implements Stream {
	opened = false;
	error = "";
	readonly localAddress: string;
	localPort = 1;
	remoteAddress = "";
	remotePort = 0;
	unread = 0;
	/** When what came is there to be read. */
	nextAt = Infinity;
	readonly host: Host;
	other: FakeStream | undefined;
	#incoming: Uint8Array[] = [];
	#times: number[] = [];
	#end = "";
	#endAt = Infinity;
	#established = false;
	#wanted = 0;
	#taken = 0;
	readonly #options: StreamOptions;

	constructor(options: StreamOptions, host: Host) {
		this.#options = options;
		this.host = host;
		this.localAddress = host.address;
		host.streams.push(this);
	}

	connect(address: string, port: number): number {
		if (this.opened) throw new Error("connect on a stream that is open");
		const { host } = this;
		if (host.refused) {
			this.error = "ECONNREFUSED";
			return -2;
		}
		this.#begin();
		this.remoteAddress = address;
		this.remotePort = port;
		this.#wanted = 2;
		const listener = host.world.hostOf(address)?.listener;
		if (!host.silent && !host.world.noTCP && listener?.port === port) listener.waiting.push(this);
		return 0;
	}

	/** It is the accepted end of `other`. */
	join(other: FakeStream): void {
		if (this.opened) throw new Error("accept into a stream that is open");
		this.#begin();
		this.#established = true;
		this.other = other;
		other.other = this;
		other.#established = true;
		other.nextAt = this.host.world.now;
		this.remoteAddress = other.host.address;
	}

	read(buffer: ArrayBuffer, offset: number, length: number): number {
		if (!this.opened) return -2;
		const first = this.#incoming[0];
		if (first === undefined || this.#times[0] > this.host.world.now) return this.#ended(-1, -2, 0);
		const count = Math.min(length, first.length);
		new Uint8Array(buffer).set(first.subarray(0, count), offset);
		if (count === first.length) {
			this.#incoming.shift();
			this.#times.shift();
		} else this.#incoming[0] = first.slice(count);
		return count;
	}

	write(buffer: ArrayBuffer, offset: number, length: number): number {
		if (!this.opened || !this.#established) return -2;
		const count = Math.min(length, this.host.room - this.#taken);
		if (count <= 0) return 0;
		if (this.host.room !== Infinity) this.#taken += count;
		const { other } = this;
		const { world } = this.host;
		if (other === undefined || world.noTCP) return count;
		other.#incoming.push(new Uint8Array(buffer).slice(offset, offset + count));
		other.#times.push(world.now + world.delay);
		return count;
	}

	want(events: number): void {
		this.#wanted = events;
	}

	shutdown(): void {}

	close(): void {
		this.#leave("FIN");
	}

	abort(): void {
		this.#leave("RST");
	}

	/** The host takes bytes again. */
	drained(): void {
		this.#taken = 0;
	}

	step(): boolean {
		if (!this.opened || !this.#established) return false;
		let any = false;
		const { now } = this.host.world;
		if ((this.#wanted & 2) !== 0 && this.#taken < this.host.room) {
			this.#options.onWritable?.call(this);
			any = true;
		}
		if (this.opened && (this.#wanted & 1) !== 0 && (this.#times[0] <= now || this.#endAt <= now)) {
			this.#options.onReadable?.call(this);
			any = true;
		}
		this.nextAt = Math.min(this.#times[0] > now ? this.#times[0] : Infinity, this.#endAt > now ? this.#endAt : Infinity);
		return any;
	}

	#begin(): void {
		this.opened = true;
		this.error = "";
		this.#established = false;
		this.#incoming = [];
		this.#times = [];
		this.#end = "";
		this.#endAt = this.nextAt = Infinity;
		this.#wanted = 1;
		this.#taken = 0;
		this.other = undefined;
	}

	#ended(end: number, failed: number, otherwise: number): number {
		if (this.#endAt > this.host.world.now) return otherwise;
		if (this.#end === "FIN") return end;
		this.error = "ECONNRESET";
		return failed;
	}

	#leave(how: string): void {
		const { other } = this;
		const { world } = this.host;
		this.opened = false;
		this.other = undefined;
		this.nextAt = Infinity;
		if (other === undefined) return;
		other.other = undefined;
		if (world.noTCP) return;
		other.#end = how;
		other.#endAt = world.now + world.delay;
	}
}

/** A UDP socket. */
export class FakeDatagram implements Datagram {
	source = -1;
	readonly port: number;
	truncated = 0;
	errors = 0;
	wanted = 1;
	readonly host: Host;
	readonly places: string[] = [];
	readonly pinned: boolean[] = [];
	#next = 0;
	#incoming: Uint8Array[] = [];
	#from: string[] = [];
	readonly #options: DatagramOptions;

	constructor(options: DatagramOptions, host: Host) {
		this.#options = options;
		this.host = host;
		this.port = options.port || 5000 + host.sockets.length;
		for (let i = 0; i < (options.peers ?? 8); i++) {
			this.places.push("");
			this.pinned.push(false);
		}
		host.sockets.push(this);
	}

	give(bytes: Uint8Array, address: string, port: number): void {
		this.#incoming.push(bytes);
		this.#from.push(address + " " + port);
	}

	writeMany(buffer: ArrayBuffer, table: ArrayBuffer, count: number): number {
		const rows = new Int32Array(table);
		for (let i = 0; i < count; i++) {
			const result = this.write(buffer, rows[i * 4], rows[i * 4 + 1], rows[i * 4 + 2]);
			if (result < 0) return i === 0 ? result : i;
		}
		return count;
	}

	readMany(buffer: ArrayBuffer, table: ArrayBuffer, count: number, limit: number): number {
		const rows = new Int32Array(table);
		let read = 0;
		for (; read < count && this.#incoming.length > 0; read++) {
			rows[read * 3 + 1] = this.read(buffer, rows[read * 3], limit);
			rows[read * 3 + 2] = this.source;
		}
		return read === 0 ? -1 : read;
	}

	read(buffer: ArrayBuffer, offset: number, length: number): number {
		const bytes = this.#incoming.shift();
		if (bytes === undefined) return -1;
		const from = this.#from.shift() as string;
		this.source = this.places.indexOf(from);
		if (this.source < 0) {
			this.source = this.#place();
			if (this.source >= 0) this.places[this.source] = from;
		}
		const count = Math.min(length, bytes.length);
		new Uint8Array(buffer).set(bytes.subarray(0, count), offset);
		return count;
	}

	write(buffer: ArrayBuffer, offset: number, length: number, peer: number): number {
		if (this.host.fault < 0) return this.host.fault;
		const to = this.places[peer];
		if (!to) throw new Error("sent to nobody: " + peer);
		const [address, port] = to.split(" ");
		this.host.world.fly(this, address, Number(port), new Uint8Array(buffer).slice(offset, offset + length));
		return length;
	}

	peer(address: string, port: number): number {
		const name = address + " " + port;
		let place = this.places.indexOf(name);
		if (place < 0) place = this.#place();
		if (place < 0) return -1;
		this.places[place] = name;
		this.pinned[place] = true;
		return place;
	}

	forget(peer: number): void {
		this.pinned[peer] = false;
	}

	peerAddress(peer: number): string {
		return this.places[peer].split(" ")[0];
	}

	peerPort(peer: number): number {
		return Number(this.places[peer].split(" ")[1]);
	}

	want(events: number): void {
		this.wanted = events;
	}

	close(): void {
		this.host.world.closed++;
	}

	step(): boolean {
		let any = false;
		if ((this.wanted & 2) !== 0 && this.host.fault !== -1) {
			this.#options.onWritable?.call(this);
			any = true;
		}
		if (this.#incoming.length === 0) return any;
		this.#options.onReadable?.call(this);
		return true;
	}

	#place(): number {
		for (let i = 0; i < this.places.length; i++) {
			const place = (this.#next + i) % this.places.length;
			if (this.pinned[place]) continue;
			this.#next = place + 1;
			return place;
		}
		return -1;
	}
}
