import { Listener, Stream } from "net/stream";
import Timer from "time/timer";

/** A stream whose callbacks a test may change. */
export class Peer {
	readonly stream: Stream;
	onReadable: (() => void) | undefined;
	onWritable: (() => void) | undefined;
	onError: (() => void) | undefined;
	onEnd: (() => void) | undefined;
	errors = 0;

	constructor() {
		this.stream = new Stream({
			onReadable: () => this.onReadable?.(),
			onWritable: () => this.onWritable?.(),
			onError: () => {
				this.errors++;
				this.onError?.();
			},
			onEnd: () => this.onEnd?.(),
		});
	}
}

/** Connects `client` to `server` over loopback, then calls `then` with nothing wanted on either side. */
export function connectPeers(client: Peer, server: Peer, then: () => void): void {
	let waiting = 2;
	const arrived = (): void => {
		if (--waiting > 0) return;
		listener.close();
		then();
	};
	const listener = new Listener({
		address: "127.0.0.1",
		port: 0,
		onReadable(): void {
			if (listener.accept(server.stream)) arrived();
		},
	});
	client.onWritable = () => {
		client.onWritable = undefined;
		client.stream.want(0);
		arrived();
	};
	if (client.stream.connect("127.0.0.1", listener.port) !== 0) throw new Error(`connect: ${client.stream.error}`);
}

/** Calls `then` after `delay` milliseconds. */
export function after(delay: number, then: () => void): void {
	const timer = new Timer({
		onTimer(): void {
			timer.close();
			then();
		},
	});
	timer.schedule(delay);
}

/** Reads until nothing is there and gives the bytes and the last status. */
export function drain(stream: Stream, buffer: ArrayBuffer): { total: number; status: number } {
	let total = 0;
	for (;;) {
		const count = stream.read(buffer, 0, buffer.byteLength);
		if (count <= 0) return { total, status: count };
		total += count;
	}
}

export function closeBoth(a: Peer, b: Peer): void {
	a.stream.close();
	b.stream.close();
}
