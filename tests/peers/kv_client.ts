/** A KV client for tests (KV-B2): all commands in both request shapes, and voice by UDP. */
import { createSocket } from "node:dgram";
import type { RemoteInfo, Socket } from "node:dgram";
import { EventEmitter } from "node:events";
import { connect } from "node:net";
import type { PortOrder, RequestShape, SystemFields, WireOrders } from "./kv_wire.ts";
import {
	Command,
	DOCUMENT_ORDERS,
	encodeRequest,
	encodeSystem,
	encodeVoice,
	errorName,
	isSystem,
	Operation,
	PACKET_BYTES,
	portStatus,
	readSystem,
	readVoice,
} from "./kv_wire.ts";

const ANSWER_MS = 8_000;

/** A command that failed. `code` is undefined when the server gave no reason. */
export class KvError extends Error {
	readonly code: number | undefined;

	constructor(code: number | undefined) {
		super(code === undefined ? "no reason given" : errorName(code));
		this.code = code;
	}
}

export interface KvClientOptions {
	readonly host?: string;
	readonly shape?: RequestShape;
	readonly portOrder?: PortOrder;
	readonly orders?: Partial<WireOrders>;
}

/** Sends bytes in pieces, reads until the server closes, and closes `lingerMs` later. @throws Error on a reset, or when it does not close in time. */
export function exchange(
	port: number,
	pieces: readonly Buffer[],
	options: { host?: string; gapMs?: number; fin?: boolean; lingerMs?: number; timeoutMs?: number } = {},
): Promise<Buffer> {
	return new Promise((resolve, reject) => {
		const answer: Buffer[] = [];
		const socket = connect({ port, host: options.host ?? "127.0.0.1", noDelay: true, allowHalfOpen: true }, async () => {
			for (const [index, piece] of pieces.entries()) {
				if (index > 0) await new Promise((next) => setTimeout(next, options.gapMs ?? 20));
				if (!socket.destroyed) socket.write(piece);
			}
			if (options.fin === true) socket.end();
		});
		const timer = setTimeout(() => {
			socket.destroy();
			reject(new Error(`no end of the answer within ${options.timeoutMs ?? ANSWER_MS} ms`));
		}, options.timeoutMs ?? ANSWER_MS);
		socket.on("data", (chunk: Buffer) => answer.push(chunk));
		socket.on("end", () => setTimeout(() => socket.end(), options.lingerMs ?? 0));
		socket.on("error", (error) => {
			clearTimeout(timer);
			reject(error);
		});
		socket.on("close", () => {
			clearTimeout(timer);
			resolve(Buffer.concat(answer));
		});
	});
}

export class KvClient {
	readonly port: number;
	readonly options: KvClientOptions;

	constructor(port: number, options: KvClientOptions = {}) {
		this.port = port;
		this.options = options;
	}

	/** One command. @returns the answer's bytes as they came */
	raw(type: number, ...fields: readonly bigint[]): Promise<Buffer> {
		return exchange(this.port, [encodeRequest(type, fields, this.options.shape)], { host: this.options.host ?? "127.0.0.1" });
	}

	/** @returns the status. @throws KvError */
	async command(type: number, ...fields: readonly bigint[]): Promise<bigint> {
		const answer = await this.raw(type, ...fields);
		if (answer.length < 8) throw new Error(`an answer of ${answer.length} bytes`);
		const status = answer.readBigUInt64BE(0);
		if (status > 0n) return status;
		throw new KvError(answer.length < 12 ? undefined : answer.readUInt32BE(8));
	}

	register(administrator = 0n, permissions = 0n): Promise<bigint> {
		return this.command(Command.REGISTER, administrator, permissions);
	}

	unregister(administrator: bigint, uid: bigint): Promise<bigint> {
		return this.command(Command.UNREGISTER, administrator, uid);
	}

	create(uid: bigint): Promise<bigint> {
		return this.command(Command.CREATE, uid);
	}

	delete(uid: bigint, channel: bigint): Promise<bigint> {
		return this.command(Command.DELETE, uid, channel);
	}

	/** @returns the port */
	async join(uid: bigint, channel: bigint, joining = uid): Promise<number> {
		return this.#port(await this.command(Command.JOIN, uid, joining, channel));
	}

	leave(uid: bigint, channel: bigint, leaving = uid): Promise<bigint> {
		return this.command(Command.LEAVE, uid, leaving, channel);
	}

	async getPort(channel: bigint): Promise<number> {
		return this.#port(await this.command(Command.GET_PORT, channel));
	}

	async getChannels(): Promise<bigint[]> {
		const answer = await this.raw(Command.GET_CHANNELS);
		const count = Number(answer.readBigUInt64BE(0));
		if (count === 0 && answer.length === 12 && answer.readUInt32BE(8) !== 0) throw new KvError(answer.readUInt32BE(8));
		if (answer.length !== 16 + count * 8) throw new Error(`a list of ${count} channels in ${answer.length} bytes`);
		if (answer.readBigUInt64BE(answer.length - 8) !== 0n) throw new Error("the list does not end with zero");
		return Array.from({ length: count }, (_, index) => answer.readBigUInt64BE(8 + index * 8));
	}

	/** Joins and opens a socket for the channel; nothing is sent by UDP yet. */
	async open(uid: bigint, channel: bigint): Promise<KvVoice> {
		const port = await this.join(uid, channel);
		const voice = new KvVoice(uid, this.options.host ?? "127.0.0.1", port, { ...DOCUMENT_ORDERS, ...this.options.orders });
		await voice.bind();
		return voice;
	}

	#port(status: bigint): number {
		if (status > 0xffffn) throw new Error(`port ${status}`);
		return Number(portStatus(Number(status), this.options.portOrder ?? "be"));
	}
}

/** Events: "voice" (uid, data), "system" (SystemPacket), each with the sender's port as last argument. */
export class KvVoice extends EventEmitter {
	readonly uid: bigint;
	readonly host: string;
	port: number;
	/** Voice that came, in order. */
	readonly received: { readonly uid: bigint; readonly data: Buffer; readonly at: number }[] = [];
	/** Operations that came, in order. */
	readonly operations: number[] = [];
	readonly #orders: WireOrders;
	#socket: Socket | undefined;
	#timer: NodeJS.Timeout | undefined;

	constructor(uid: bigint, host: string, port: number, orders: WireOrders) {
		super();
		this.uid = uid;
		this.host = host;
		this.port = port;
		this.#orders = orders;
	}

	/** A socket on any port; a further call moves to another one. */
	async bind(): Promise<void> {
		this.#socket?.close();
		const socket = createSocket("udp4");
		await new Promise<void>((resolve) => {
			socket.bind(0, this.host, resolve);
		});
		socket.on("error", () => undefined);
		socket.on("message", (datagram, from) => this.#receive(datagram, from));
		this.#socket = socket;
	}

	/** Any bytes. */
	send(datagram: Buffer): void {
		this.#socket?.send(datagram, this.port, this.host);
	}

	speak(data: Buffer): void {
		this.send(encodeVoice(this.uid, data, this.#orders));
	}

	system(operation: number, fields: Partial<SystemFields> = {}): void {
		this.send(encodeSystem({ uid: this.uid, operation, ...fields }, this.#orders));
	}

	/** KEEPALIVE at once and again every `intervalMs`. */
	keepAlive(intervalMs = 20_000): void {
		clearInterval(this.#timer);
		this.system(Operation.KEEPALIVE);
		this.#timer = setInterval(() => this.system(Operation.KEEPALIVE), intervalMs);
	}

	/** Resolves once so much voice came. */
	async heard(count: number, timeoutMs = 2_000): Promise<void> {
		const end = performance.now() + timeoutMs;
		while (this.received.length < count) {
			if (performance.now() > end) throw new Error(`${this.received.length} of ${count} voice packets within ${timeoutMs} ms`);
			await new Promise((resolve) => setTimeout(resolve, 5));
		}
	}

	close(): void {
		clearInterval(this.#timer);
		this.#socket?.close();
		this.#socket = undefined;
	}

	#receive(datagram: Buffer, from: RemoteInfo): void {
		if (datagram.length !== PACKET_BYTES) throw new Error(`a datagram of ${datagram.length} bytes`);
		if (isSystem(datagram)) {
			const packet = readSystem(datagram, this.#orders);
			this.operations.push(packet.operation);
			this.emit("system", packet, from.port);
			return;
		}
		const { uid, data } = readVoice(datagram, this.#orders);
		this.received.push({ uid, data, at: performance.now() });
		this.emit("voice", uid, data, from.port);
	}
}
