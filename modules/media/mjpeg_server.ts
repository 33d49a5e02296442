import { LEVEL_INFO, type Logger } from "host/logger";
import { ConnectionState, HTTPConnection, REQUEST_TIME } from "media/http_connection";
import type { Site } from "media/site";
import { Listener, Stream, type StreamOptions, StreamStatus, Want } from "net/stream";
import { monotonic } from "time/clock";
import Timer from "time/timer";

/** Connections beside the viewers': for single pictures, figures, and to say that all viewers' places are taken. */
export const SPARE_CONNECTIONS = 2;
/** Connections that may wait to be accepted. */
const BACKLOG = 16;
/** How often (ms) overdue connections are looked for while there are any. */
const SWEEP = 500;
/** A connection whose request is not complete after so long (ms) makes room when another one waits. */
const PATIENCE = 1000;
/** Bytes read and dropped at a time from a peer whose request is known. */
const DROP_BYTES = 256;

export interface MJPEGServerOptions {
	site: Site;
	/** Numeric address and port to listen at; port 0 lets the host choose. */
	address: string;
	port: number;
	/** Bytes of one request, at least MINIMUM_REQUEST_BYTES. */
	requestBytes: number;
	/** Where the {@link serverBytes} bytes of the server begin in the site's arena. */
	offset: number;
	logger: Logger;
}

/** Bytes of the arena that a server for so many viewers takes. */
export function serverBytes(viewers: number, requestBytes: number): number {
	return (viewers + SPARE_CONNECTIONS) * requestBytes + DROP_BYTES;
}

/** One connection: its socket and its state machine, used for one peer after the other. */
class Peer extends Stream {
	readonly server: MJPEGServer;
	readonly machine: HTTPConnection;
	/** The peer has closed its sending side. */
	ended = false;

	constructor(server: MJPEGServer, machine: HTTPConnection) {
		super(CALLBACKS);
		this.server = server;
		this.machine = machine;
	}
}

/** Shared by all peers, so that a connection costs no functions of its own. */
const CALLBACKS: StreamOptions = Object.freeze({
	onReadable(this: Stream): void {
		(this as Peer).server.readable(this as Peer);
	},
	onWritable(this: Stream): void {
		(this as Peer).server.writable(this as Peer);
	},
	onError(this: Stream): void {
		(this as Peer).server.broken(this as Peer);
	},
});

/** Serves the camera's pictures over HTTP: joins the connections' state machines to sockets. All of it is made at boot. */
export class MJPEGServer {
	/** Connections accepted since the start. */
	accepted = 0;
	readonly #site: Site;
	readonly #address: string;
	readonly #port: number;
	readonly #logger: Logger;
	#listener: Listener | undefined;
	readonly #timer: Timer;
	readonly #peers: Peer[] = [];
	readonly #drop: number;
	/** Peers that have a connection. */
	#open = 0;

	/** Makes everything that connections need; `start` makes it public. */
	constructor(options: MJPEGServerOptions) {
		const site = options.site;
		const count = site.viewersMaximum + SPARE_CONNECTIONS;
		this.#site = site;
		this.#address = options.address;
		this.#port = options.port;
		this.#logger = options.logger;
		this.#drop = options.offset + count * options.requestBytes;
		const sweep = () => this.#sweep();
		this.#timer = new Timer({ onTimer: sweep });
		for (let i = 0; i < count; i++) {
			const machine = new HTTPConnection(site, options.offset + i * options.requestBytes, options.requestBytes);
			this.#peers.push(new Peer(this, machine));
		}
	}

	/** The bound port, 0 before `start`. */
	get port(): number {
		return this.#listener === undefined ? 0 : this.#listener.port;
	}

	/** Connections now. */
	get connections(): number {
		return this.#open;
	}

	/** Begins to listen. @throws Error naming address, port and the host's reason when it cannot. */
	start(): void {
		const accept = () => this.#accept();
		this.#listener = new Listener({ address: this.#address, port: this.#port, backlog: BACKLOG, onReadable: accept });
		this.#logger.log(LEVEL_INFO, "http", "listening", { address: this.#address, port: this.port });
	}

	/** The camera has a new frame in the store. */
	show(): void {
		const newest = this.#site.store.newest;
		if (newest === undefined) return;
		this.#site.frame(newest);
		this.#offer();
	}

	/** Stops listening and closes all connections. */
	close(): void {
		this.#listener?.close();
		this.#timer.close();
		for (let i = 0; i < this.#peers.length; i++) if (this.#peers[i].opened) this.#close(this.#peers[i]);
	}

	/** For {@link Peer} only, as are the two below. */
	readable(peer: Peer): void {
		const machine = peer.machine;
		const now = monotonic();
		const reading = machine.state === ConnectionState.READING;
		const offset = reading ? machine.inputOffset : this.#drop;
		const count = peer.read(this.#site.arena.buffer, offset, reading ? machine.inputRoom : DROP_BYTES);
		if (count === StreamStatus.FAILED) {
			this.#close(peer);
			return;
		}
		if (count === StreamStatus.END) {
			peer.ended = true;
			machine.ended();
			this.#drive(peer, now);
		} else if (count > 0 && reading) {
			machine.received(count, now);
			this.#drive(peer, now);
		}
	}

	writable(peer: Peer): void {
		this.#drive(peer, monotonic());
	}

	broken(peer: Peer): void {
		this.#close(peer);
	}

	#accept(): void {
		const listener = this.#listener as Listener;
		const peer = this.#vacant();
		if (peer === undefined) {
			listener.want(Want.NOTHING);
			return;
		}
		if (!listener.accept(peer)) return;
		const now = monotonic();
		this.accepted++;
		this.#open++;
		if (this.#open === 1) this.#timer.schedule(SWEEP);
		peer.ended = false;
		peer.machine.open(now);
		peer.want(Want.READ);
	}

	/** A peer without connection; when there is none, the one that has the least time left for its request or its end gives way. */
	#vacant(): Peer | undefined {
		let oldest: Peer | undefined;
		for (let i = 0; i < this.#peers.length; i++) {
			const peer = this.#peers[i];
			if (!peer.opened) return peer;
			if (peer.machine.state !== ConnectionState.READING && peer.machine.state !== ConnectionState.LINGERING) continue;
			if (oldest === undefined || peer.machine.deadline < oldest.machine.deadline) oldest = peer;
		}
		if (oldest === undefined || oldest.machine.deadline - monotonic() > REQUEST_TIME - PATIENCE) return undefined;
		this.#close(oldest);
		return oldest;
	}

	/** Sends what the machine has, until the host takes no more or nothing is left, and does what its state asks for. */
	#drive(peer: Peer, now: number): void {
		const machine = peer.machine;
		let blocked = false;
		while (!blocked && machine.state === ConnectionState.SENDING) {
			const length = machine.outputLength;
			const count = peer.write(this.#site.arena.buffer, machine.outputOffset, length);
			if (count === StreamStatus.FAILED) {
				this.#close(peer);
				return;
			}
			if (count > 0) machine.sent(count, now);
			blocked = count < length;
		}
		if (machine.state === ConnectionState.DONE) {
			peer.shutdown();
			machine.lingers(now);
			if (peer.ended) machine.ended();
		}
		if (machine.state === ConnectionState.OVER) this.#close(peer);
		else peer.want((peer.ended ? Want.NOTHING : Want.READ) | (blocked ? Want.WRITE : Want.NOTHING));
	}

	/** Gives viewers that wait the newest frame. */
	#offer(): void {
		const now = monotonic();
		for (let i = 0; i < this.#peers.length; i++) {
			const peer = this.#peers[i];
			if (peer.machine.offer(now)) this.#drive(peer, now);
		}
	}

	#sweep(): void {
		const now = monotonic();
		for (let i = 0; i < this.#peers.length; i++) {
			const peer = this.#peers[i];
			if (!peer.opened || now < peer.machine.deadline) continue;
			peer.machine.expire(now);
			this.#drive(peer, now);
		}
		if (this.#open === 0) return;
		this.#timer.schedule(SWEEP);
		this.#listener?.want(Want.READ); /* by now somebody may have to give way */
	}

	#close(peer: Peer): void {
		if (!peer.opened) return;
		/* What a peer did not take in time is not kept for it. */
		if (peer.machine.outputLength > 0) peer.abort();
		else peer.close();
		peer.machine.close();
		this.#open--;
		this.#listener?.want(Want.READ);
	}
}
