/**
 * A UDP network that loses, delays, duplicates, reorders and cuts, and a NAT in it: each client gets a line and a socket of its own
 * towards the target, which can change its port or address at any time. All chance comes from a seed.
 *
 * ```
 *  client ── front port ──[ up: loss, delay … ]── a socket per client ── target
 *         <──           ──[ down             ]──                      <──
 * ```
 */
import { createSocket } from "node:dgram";
import type { Socket } from "node:dgram";
import { SeededRandom } from "./random.ts";

/** What one direction does to datagrams. Probabilities are 0..1, times milliseconds. */
export interface Conditions {
	/** Probability that a datagram is lost. */
	loss: number;
	/** Mean number of datagrams lost in a row; 1: each for itself. */
	burst: number;
	delay: number;
	/** Further delay from 0 to this, evenly spread. Like in a queue, no datagram overtakes another by it. */
	jitter: number;
	/** Probability that a datagram arrives twice. */
	duplicate: number;
	/** Probability that a datagram is held back until the next one has passed, 40 ms at most. */
	reorder: number;
}

export const CLEAR: Readonly<Conditions> = Object.freeze({ loss: 0, burst: 1, delay: 0, jitter: 0, duplicate: 0, reorder: 0 });

/** What became of the datagrams of one direction. */
export interface DirectionFigures {
	received: number;
	sent: number;
	lost: number;
	duplicated: number;
	reordered: number;
	/** Dropped while the line was cut, or for want of room. */
	cut: number;
	/** Sum of the delays of all sent, in milliseconds. */
	delaySum: number;
}

const HOLD_MS = 40;
/** Datagrams under way in one direction; more are dropped. */
const QUEUE_LIMIT = 20_000;

interface Waiting {
	readonly due: number;
	readonly came: number;
	readonly send: () => void;
}

const noFigures = (): DirectionFigures => ({ received: 0, sent: 0, lost: 0, duplicated: 0, reordered: 0, cut: 0, delaySum: 0 });

/** What all lines of one direction have in common. */
class Direction {
	readonly conditions: Conditions = { ...CLEAR };
	cut = false;
	readonly lines: Line[] = [];

	/** Sums over all clients. */
	get figures(): DirectionFigures {
		const sum = noFigures();
		for (const { figures } of this.lines)
			for (const name of Object.keys(sum) as (keyof DirectionFigures)[]) sum[name] += figures[name];
		return sum;
	}

	line(seed: number): Line {
		const line = new Line(this, seed);
		this.lines.push(line);
		return line;
	}

	close(): void {
		this.cut = true;
		for (const line of this.lines) line.close();
	}
}

/** One client's way in one direction. */
class Line {
	readonly figures = noFigures();
	readonly #direction: Direction;
	readonly #random: SeededRandom;
	/** Ordered by `due`. */
	readonly #queue: Waiting[] = [];
	#held: Waiting | undefined;
	#lastDue = 0;
	#losing = false;
	#timer: NodeJS.Timeout | undefined;

	constructor(direction: Direction, seed: number) {
		this.#direction = direction;
		this.#random = new SeededRandom(seed);
	}

	take(send: () => void): void {
		const { figures } = this;
		const { conditions, cut } = this.#direction;
		figures.received += 1;
		if (cut || this.#queue.length >= QUEUE_LIMIT) {
			figures.cut += 1;
			return;
		}
		if (this.#loses()) {
			figures.lost += 1;
			return;
		}
		const now = performance.now();
		const due = Math.max(this.#lastDue, now + conditions.delay + conditions.jitter * this.#random.next());
		this.#lastDue = due;
		if (this.#random.chance(conditions.duplicate)) {
			figures.duplicated += 1;
			this.#insert({ due, came: now, send });
		}
		if (this.#held === undefined && this.#random.chance(conditions.reorder)) {
			figures.reordered += 1;
			this.#hold({ due, came: now, send });
			return;
		}
		this.#insert({ due, came: now, send });
		this.#release(due);
	}

	close(): void {
		clearTimeout(this.#timer);
		this.#queue.length = 0;
		this.#held = undefined;
	}

	/** Two states, losing and not, so that losses come in runs of `burst` and their share is still `loss`. */
	#loses(): boolean {
		const { loss, burst } = this.#direction.conditions;
		if (loss <= 0) return false;
		if (loss >= 1) return true;
		if (burst <= 1) return this.#random.chance(loss);
		const leave = 1 / burst;
		const enter = Math.min(1, (leave * loss) / (1 - loss));
		this.#losing = this.#random.chance(this.#losing ? 1 - leave : enter);
		return this.#losing;
	}

	#hold(waiting: Waiting): void {
		this.#held = waiting;
		setTimeout(() => {
			if (this.#held === waiting) this.#release(performance.now());
		}, HOLD_MS + this.#direction.conditions.delay).unref();
	}

	/** What was held back follows what passed it. */
	#release(due: number): void {
		const held = this.#held;
		if (held === undefined) return;
		this.#held = undefined;
		this.#insert({ ...held, due: Math.max(held.due, due) });
	}

	#insert(waiting: Waiting): void {
		let index = this.#queue.length;
		while (index > 0 && (this.#queue[index - 1] as Waiting).due > waiting.due) index -= 1;
		this.#queue.splice(index, 0, waiting);
		if (index === 0) this.#arm();
	}

	#arm(): void {
		clearTimeout(this.#timer);
		const first = this.#queue[0];
		if (first === undefined) return;
		const wait = first.due - performance.now();
		if (wait <= 0) this.#flush();
		else this.#timer = setTimeout(() => this.#flush(), wait);
	}

	#flush(): void {
		const now = performance.now();
		// A timer may fire up to a millisecond early.
		for (let first = this.#queue[0]; first !== undefined && first.due <= now + 1; first = this.#queue[0]) {
			this.#queue.shift();
			if (this.#direction.cut) {
				this.figures.cut += 1;
				continue;
			}
			this.figures.sent += 1;
			this.figures.delaySum += now - first.came;
			first.send();
		}
		this.#arm();
	}
}

interface Client {
	readonly address: string;
	readonly port: number;
	readonly up: Line;
	readonly down: Line;
	/** Towards the target; undefined until something is to be sent by it. */
	back: Socket | undefined;
	/** Port of `back`; 0: not known yet. */
	backPort: number;
}

export interface ImpairedUdpOptions {
	readonly target: { readonly port: number; readonly address?: string };
	readonly seed?: number;
	/** Address of the front. Default 127.0.0.1. */
	readonly address?: string;
	readonly conditions?: Partial<Conditions>;
}

export class ImpairedUdp {
	readonly up = new Direction();
	readonly down = new Direction();
	/** Where datagrams go; may be changed at any time. */
	target: { port: number; address: string };
	readonly #seed: number;
	readonly #front: Socket;
	readonly #address: string;
	readonly #clients = new Map<string, Client>();
	#backAddress: string | undefined;
	#closed = false;

	constructor(options: ImpairedUdpOptions) {
		this.#seed = options.seed ?? 1;
		this.target = { port: options.target.port, address: options.target.address ?? "127.0.0.1" };
		this.#address = options.address ?? "127.0.0.1";
		this.#front = createSocket("udp4");
		if (options.conditions !== undefined) this.set(options.conditions);
	}

	/** Opens the front. Port 0: any. @returns its port */
	async listen(port = 0): Promise<number> {
		await new Promise<void>((resolve, reject) => {
			this.#front.once("error", reject);
			this.#front.bind(port, this.#address, () => {
				this.#front.off("error", reject);
				resolve();
			});
		});
		this.#front.on("error", () => undefined);
		this.#front.on("message", (datagram, from) => {
			const client = this.#client(from.address, from.port);
			client.up.take(() => this.#forward(client, datagram));
		});
		return this.port;
	}

	get port(): number {
		return this.#front.address().port;
	}

	/** Clients that have sent something. */
	get clients(): readonly { readonly address: string; readonly port: number; readonly backPort: number }[] {
		return [...this.#clients.values()];
	}

	/** Changes both directions, or one. */
	set(conditions: Partial<Conditions>, direction?: "up" | "down"): void {
		if (direction !== "down") Object.assign(this.up.conditions, conditions);
		if (direction !== "up") Object.assign(this.down.conditions, conditions);
	}

	/** True: nothing passes, in either direction. */
	cut(on: boolean): void {
		this.up.cut = on;
		this.down.cut = on;
	}

	/**
	 * The NAT forgets its mappings: from the next datagram on each client comes from another port and, if given, from another
	 * address of this machine. What is still sent to the old ones is lost.
	 */
	rebind(address?: string): void {
		this.#backAddress = address ?? this.#backAddress;
		for (const client of this.#clients.values()) {
			client.back?.close();
			client.back = undefined;
			client.backPort = 0;
		}
	}

	close(): void {
		if (this.#closed) return;
		this.#closed = true;
		this.up.close();
		this.down.close();
		for (const client of this.#clients.values()) client.back?.close();
		this.#clients.clear();
		this.#front.close();
	}

	#client(address: string, port: number): Client {
		const key = `${address}:${port}`;
		let client = this.#clients.get(key);
		if (client === undefined) {
			const seed = this.#seed + 2 * this.#clients.size;
			client = { address, port, up: this.up.line(seed), down: this.down.line(seed + 1), back: undefined, backPort: 0 };
			this.#clients.set(key, client);
		}
		return client;
	}

	#forward(client: Client, datagram: Buffer): void {
		if (this.#closed) return;
		client.back ??= this.#open(client);
		client.back.send(datagram, this.target.port, this.target.address);
	}

	#open(client: Client): Socket {
		const back = createSocket("udp4");
		back.on("error", () => undefined);
		back.on("message", (datagram) => {
			client.down.take(() => {
				if (!this.#closed) this.#front.send(datagram, client.port, client.address);
			});
		});
		// Until it is bound, what is sent waits in the socket.
		back.bind(0, this.#backAddress ?? this.#address, () => {
			if (client.back === back) client.backPort = back.address().port;
		});
		return back;
	}
}
