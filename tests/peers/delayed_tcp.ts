/**
 * A relay that delays what passes and does nothing else to it: every byte leaves `delay` milliseconds after it came, at full bandwidth.
 * In a process of its own, so that it does not take turns with what is measured.
 */
import { fork } from "node:child_process";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { fileURLToPath } from "node:url";

/** Bytes under way in one direction of one connection before the sender is held up: far above what a window lets out. */
const UNDER_WAY = 64 << 20;

export interface DelayedTcp {
	/** Connections to it go to the target. */
	readonly port: number;
	close(): void;
}

/** One direction of a connection. */
class Line {
	readonly #from: Socket;
	readonly #to: Socket;
	readonly #delay: number;
	readonly #queue: { readonly due: number; readonly data: Buffer | undefined }[] = [];
	#first = 0;
	#held = 0;
	#timer: NodeJS.Timeout | undefined;

	constructor(from: Socket, to: Socket, delay: number) {
		this.#from = from;
		this.#to = to;
		this.#delay = delay;
		from.on("data", (data: Buffer) => this.#take(data));
		from.on("end", () => this.#take(undefined));
		from.on("error", () => to.destroy());
		from.on("close", () => {
			if (!from.readableEnded) to.destroy();
		});
		to.on("drain", () => this.#send());
	}

	/** Bytes, or undefined for the end. */
	#take(data: Buffer | undefined): void {
		this.#queue.push({ due: performance.now() + this.#delay, data });
		this.#held += data?.length ?? 0;
		if (this.#held > UNDER_WAY) this.#from.pause();
		this.#arm();
	}

	#arm(): void {
		const next = this.#queue[this.#first];
		if (next === undefined || this.#timer !== undefined) return;
		this.#timer = setTimeout(
			() => {
				this.#timer = undefined;
				this.#send();
			},
			Math.max(0, next.due - performance.now()),
		);
	}

	#send(): void {
		const now = performance.now();
		this.#to.cork();
		for (;;) {
			const next = this.#queue[this.#first];
			// Timers come up to a millisecond early or late: half of one is nearer than a whole one.
			if (next === undefined || next.due > now + 0.5 || this.#to.writableNeedDrain) break;
			this.#first += 1;
			if (next.data === undefined) this.#to.end();
			else {
				this.#held -= next.data.length;
				this.#to.write(next.data);
			}
		}
		this.#to.uncork();
		if (this.#first > 1_000) {
			this.#queue.splice(0, this.#first);
			this.#first = 0;
		}
		if (this.#held < UNDER_WAY / 2 && this.#from.isPaused()) this.#from.resume();
		if (!this.#to.writableNeedDrain) this.#arm();
	}
}

/** Runs the relay in this process: `delay` milliseconds each way. @returns its port. */
export function serveDelayed(target: number, delay: number): Promise<number> {
	const server = createServer({ allowHalfOpen: true, noDelay: true, highWaterMark: 1 << 20 }, (near) => {
		const far = connect({ port: target, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
		new Line(near, far, delay);
		new Line(far, near, delay);
	});
	return new Promise((resolve, reject) => {
		server.once("error", reject);
		server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
	});
}

/** Starts a relay to a loopback port with this round trip in milliseconds. */
export async function startDelayed(target: number, roundTrip: number): Promise<DelayedTcp> {
	const script = fileURLToPath(new URL("delayed_tcp_process.ts", import.meta.url));
	const child = fork(script, [String(target), String(roundTrip / 2)], { execArgv: ["--import", "tsx"] });
	const port = await new Promise<number>((resolve, reject) => {
		child.once("message", (message) => resolve(Number(message)));
		child.once("error", reject);
		child.once("exit", () => reject(new Error("the relay ended early")));
	});
	return { port, close: () => child.kill() };
}
