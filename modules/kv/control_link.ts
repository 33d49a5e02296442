import { CONTROL_DONE, CONTROL_IDLE, CONTROL_OPENING, type Control } from "kv/control";
import type { KVIO } from "kv/io";
import type { Request } from "kv/request";
import type Resolver from "net/resolver";
import type { Stream } from "net/stream";
import type { HostPort } from "wire/host_port";

/* Wanted readiness and results as net/stream gives them. */
const WANT_READ = 1;
const END = -1;

/** Reads of one turn: a list of 1,024 channels needs 17 of them. */
const READS = 8;

/** Carries requests to the server: a name looked up, a connection for each request, one write, the answer, and closed. */
export class ControlLink {
	readonly control: Control;
	/** The server's numeric address as last looked up, "" before and after a connection failed: then it is looked up anew. */
	address = "";
	readonly #server: HostPort;
	readonly #io: KVIO;
	readonly #stream: Stream;
	readonly #resolver: Resolver;
	readonly #buffer: ArrayBuffer;
	readonly #input: number;
	readonly #inputSize: number;
	readonly #turn: () => void;
	#resolving = false;

	/**
	 * @param input offset of `inputSize` bytes that answers are read into; each is taken at once.
	 * @param turn called when requests are done, or a deadline changed.
	 */
	constructor(
		io: KVIO,
		buffer: ArrayBuffer,
		input: number,
		inputSize: number,
		control: Control,
		server: HostPort,
		turn: () => void,
	) {
		this.control = control;
		this.#server = server;
		this.#io = io;
		this.#buffer = buffer;
		this.#input = input;
		this.#inputSize = inputSize;
		this.#turn = turn;
		this.#resolver = new io.Resolver({ onResolved: (address) => this.resolved(address) });
		this.#stream = new io.Stream({
			onReadable: () => this.readable(),
			onWritable: () => this.writable(),
			onError: () => this.broken(),
		});
	}

	/** Begins with requests that wait, ends those that are done or late. */
	turn(now: number): void {
		const { control } = this;
		if (now >= control.deadline) control.tick(now);
		for (;;) {
			if (control.state === CONTROL_DONE) this.finish();
			if (!control.begin(now)) return;
			if (this.address !== "") this.connect();
			else {
				this.#resolving = true;
				this.#resolver.resolve(this.#server.host);
			}
		}
	}

	/** Takes a request back. */
	cancel(request: Request): void {
		if (this.control.cancel(request)) this.close();
	}

	/** Looks the name up again for the next request. */
	forget(): void {
		this.address = "";
	}

	/** Frees what is native. */
	dispose(): void {
		this.close();
		this.#stream.close();
		this.#resolver.close();
	}

	private resolved(address: string | undefined): void {
		if (!this.#resolving) return;
		this.#resolving = false;
		if (address === undefined) this.control.failed(this.#server.host + ": " + this.#resolver.error);
		else {
			this.address = address;
			this.connect();
		}
		this.#turn();
	}

	private connect(): void {
		if (this.#stream.connect(this.address, this.#server.port) < 0) this.control.failed(this.#stream.error);
	}

	private writable(): void {
		const { control } = this;
		if (control.state !== CONTROL_OPENING) return;
		control.opened(this.#io.monotonic());
		// One write: servers read the body with one read. A new connection takes all of it.
		const count = this.#stream.write(this.#buffer, control.offset, control.length);
		if (count === control.length) this.#stream.want(WANT_READ);
		else control.reset(this.#stream.error);
		this.#turn();
	}

	private readable(): void {
		const { control } = this;
		for (let i = 0; i < READS && control.state !== CONTROL_DONE && control.state !== CONTROL_IDLE; i++) {
			const count = this.#stream.read(this.#buffer, this.#input, this.#inputSize);
			if (count > 0) control.input(this.#input, count);
			else {
				if (count === END) control.ended();
				else if (count < 0) control.reset(this.#stream.error);
				break;
			}
		}
		if (control.state === CONTROL_DONE) this.#turn();
	}

	private broken(): void {
		const { control } = this;
		if (control.state === CONTROL_OPENING) control.failed(this.#stream.error);
		else control.reset(this.#stream.error);
		this.#turn();
	}

	/** The connection is closed first, so that who is told may ask again. */
	private finish(): void {
		this.close();
		const request = this.control.finish();
		// No word from the server: its name may mean another address by now.
		if (!request.ok && !request.refused) this.address = "";
		request.done(request);
	}

	private close(): void {
		if (this.#resolving) this.#resolver.cancel();
		this.#resolving = false;
		if (this.#stream.opened) this.#stream.close();
	}
}
