/** A strict KV server for tests and for the demo (KV-B1), written from the reference alone. */
import { EventEmitter } from "node:events";
import type { AddressInfo, Server, Socket } from "node:net";
import { createServer } from "node:net";
import { listenOn } from "./arrow_service.ts";
import { KvChannel } from "./kv_channel.ts";
import type { ChannelHost, KvMember } from "./kv_channel.ts";
import { KvConnection } from "./kv_connection.ts";
import type { Answer, AnswerFault, ConnectionHost } from "./kv_connection.ts";
import { KvRules } from "./kv_rules.ts";
import type { ConnectionEnd, KvRuleOptions } from "./kv_rules.ts";
import { KvUsers } from "./kv_users.ts";
import type { PortOrder, Request, WireOrders } from "./kv_wire.ts";
import {
	Command,
	commandName,
	DOCUMENT_ORDERS,
	encodeFailure,
	encodeList,
	encodeStatus,
	ErrorCode,
	legalUid,
	Permission,
	portStatus,
	requestText,
} from "./kv_wire.ts";

const DEFAULT_WAIT_MS = 10_000;
const KEPT_REQUESTS = 10_000;
const FIRST_CHANNEL = 0x7fbb_f903_e6c0n;

export interface KvServerOptions {
	/** Address of both sockets. Default 127.0.0.1. */
	readonly address?: string;
	readonly portOrder?: PortOrder;
	readonly orders?: Partial<WireOrders>;
	/** True: members are reached only after SYS_JOIN; false (default): after KEEPALIVE. */
	readonly userJoin?: boolean;
	/** False: system packets stay unanswered, as by the original server. Default true. */
	readonly acknowledges?: boolean;
	/** Milliseconds; default 60,000. */
	readonly evictionMs?: number;
	readonly voiceKeepsAlive?: boolean;
	/** True: voice goes back to its speaker too. */
	readonly echo?: boolean;
	/** Milliseconds; default 5,000. */
	readonly readMs?: number;
	/** What users get who register with auid 0, whose own wish is ignored. Default: nothing. */
	readonly everybody?: bigint;
	/** Error for a request of a uid that is not known. Default ACCESS. */
	readonly unknownUser?: number;
	/** Port by which a channel is reached, when something stands before it. */
	readonly route?: (channel: KvChannel) => Promise<number>;
	/** True: members are told by CLOSE when their channel is deleted; false (default): silence. */
	readonly announceClose?: boolean;
	/** First uid and chid that are given. */
	readonly firstUid?: bigint;
	readonly firstChannel?: bigint;
	readonly rules?: Partial<KvRuleOptions>;
}

/** A request as it came. */
export interface KvRequest extends Request {
	/** Milliseconds of the process's monotonic clock. */
	readonly at: number;
	/** What the command gave: status, or 0 and the error. */
	status: bigint;
	error: number | undefined;
}

interface Outcome {
	readonly status: bigint;
	readonly error?: number;
	readonly bytes: Buffer;
}

const success = (status: bigint): Outcome => ({ status, bytes: encodeStatus(status) });
const failure = (error: number): Outcome => ({ status: 0n, error, bytes: encodeFailure(error) });

/**
 * Events: "request" (KvRequest, answered), "join" (KvChannel, uid), "leave" (KvChannel, uid), "channel" (KvChannel),
 * "heard" (KvChannel, KvMember, datagram, kind: "voice" or the operation's name), "evicted" (KvChannel, KvMember), "violation" (text).
 */
export class KvServer extends EventEmitter implements ChannelHost, ConnectionHost {
	readonly users: KvUsers;
	readonly channels = new Map<bigint, KvChannel>();
	readonly requests: KvRequest[] = [];
	/** Every breach of the reference, in order. Empty after a test means the device kept every rule that was looked at. */
	readonly violations: string[] = [];
	/** Breaches that were to be expected, see `tolerate`. */
	readonly tolerated: string[] = [];
	readonly rules: KvRules;
	readonly orders: WireOrders;
	readonly evictionMs: number;
	readonly voiceKeepsAlive: boolean;
	readonly echo: boolean;
	readonly userJoin: boolean;
	readonly acknowledges: boolean;
	readonly readMs: number;
	/** TCP connections taken; those that were given up for their slowness. */
	connections = 0;
	timeouts = 0;
	evictions = 0;
	readonly #options: KvServerOptions;
	readonly #address: string;
	readonly #faults: { readonly fault: AnswerFault; left: number }[] = [];
	readonly #tolerated: RegExp[] = [];
	readonly #open = new Set<KvConnection>();
	/** Every uid ever known, those unregistered since included. */
	readonly #known = new Set<bigint>();
	readonly #pastChannels = new Set<bigint>();
	readonly #pastPorts = new Set<number>();
	#nextChannel: bigint;
	#server: Server | undefined;

	constructor(options: KvServerOptions = {}) {
		super();
		this.setMaxListeners(0);
		this.#options = options;
		this.#address = options.address ?? "127.0.0.1";
		this.users = new KvUsers(options.firstUid ?? 1n);
		this.orders = { ...DOCUMENT_ORDERS, ...options.orders };
		this.evictionMs = options.evictionMs ?? 60_000;
		this.voiceKeepsAlive = options.voiceKeepsAlive ?? false;
		this.echo = options.echo ?? false;
		this.userJoin = options.userJoin ?? false;
		this.acknowledges = options.acknowledges ?? true;
		this.readMs = options.readMs ?? 5_000;
		this.#nextChannel = options.firstChannel ?? FIRST_CHANNEL;
		const rules: KvRuleOptions = {
			shape: "exact",
			userJoin: this.userJoin,
			payload: "opusPad",
			anyPadding: false,
			keepaliveLimit: 30_000,
			slack: 250,
			lossless: true,
			...options.rules,
		};
		this.rules = new KvRules(rules, (text) => this.violation(text));
	}

	/** The TCP port; 0 while it does not listen. */
	get port(): number {
		return (this.#server?.address() as AddressInfo | null | undefined)?.port ?? 0;
	}

	/** True between `listen` and `kill`. */
	get listening(): boolean {
		return this.port !== 0;
	}

	/** Listens and gives the port. Errors of the socket reject. */
	async listen(port = 0): Promise<number> {
		const server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
		const bound = await listenOn(server, port, this.#address);
		this.#server = server;
		return bound;
	}

	/** The whole server is gone, as a process that was killed: sockets, users and channels. */
	async kill(): Promise<void> {
		const server = this.#server;
		this.#server = undefined;
		for (const channel of this.channels.values()) this.#closeChannel(channel);
		for (const connection of this.#open) connection.destroy();
		this.#open.clear();
		this.users.forget();
		if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()));
	}

	/** Killed and there again on the same TCP port; uids, chids and UDP ports are other ones. */
	async restart(): Promise<void> {
		const { port } = this;
		await this.kill();
		await this.listen(port);
	}

	close(): Promise<void> {
		return this.kill();
	}

	// ---- what tests do to it ----------------------------------------------------------------------------------

	/** A channel that needs no CREATE. Owner 0: nobody. */
	async addChannel(owner = 0n, id?: bigint): Promise<KvChannel> {
		const channel = new KvChannel(id ?? this.#freeChannel(), owner, this);
		await channel.open(0, this.#address);
		while (this.#pastPorts.has(channel.port)) await channel.open(0, this.#address);
		if (this.#options.route !== undefined) channel.advertised = await this.#options.route(channel);
		this.channels.set(channel.id, channel);
		this.#pastChannels.delete(channel.id);
		this.emit("channel", channel);
		return channel;
	}

	/** The only channel there is. @throws Error when there is none or another one */
	get channel(): KvChannel {
		const [channel, other] = this.channels.values();
		if (channel === undefined || other !== undefined) throw new Error(`there are ${this.channels.size} channels`);
		return channel;
	}

	/** As by DELETE. */
	deleteChannel(channel: KvChannel = this.channel): void {
		if (this.#options.announceClose === true) channel.announceClose();
		// What was handed to the socket in this turn leaves before it closes.
		setImmediate(() => this.#closeChannel(channel));
		this.channels.delete(channel.id);
	}

	/** The channel's socket moves to another port; members stay. */
	async movePort(channel: KvChannel = this.channel): Promise<number> {
		await channel.open(0, this.#address);
		if (this.#options.route !== undefined) channel.advertised = await this.#options.route(channel);
		// What still goes to the old port is no fault of its sender.
		for (const member of channel.members.values()) member.lastKeepalive = undefined;
		return channel.port;
	}

	/** As by UNREGISTER: it is a member of nothing any more. */
	unregister(uid: bigint): boolean {
		for (const channel of this.channels.values()) channel.members.delete(uid);
		return this.users.remove(uid);
	}

	/** The next answer that fits is spoilt in this way; several faults are taken in order. */
	spoil(fault: AnswerFault): void {
		this.#faults.push({ fault, left: fault.times ?? 1 });
	}

	/** No fault any more. */
	heal(): void {
		this.#faults.length = 0;
	}

	/** Breaches that fit are expected from here on. */
	tolerate(pattern: RegExp): void {
		this.#tolerated.push(pattern);
	}

	/** Requests of a type, in order. */
	asked(type: number): KvRequest[] {
		return this.requests.filter((request) => request.type === type);
	}

	/** Resolves once `wanted` gives something else than undefined or false, looked at 100 times a second. */
	async until<Value>(what: string, wanted: () => Value | undefined | false, timeoutMs = DEFAULT_WAIT_MS): Promise<Value> {
		const end = performance.now() + timeoutMs;
		for (;;) {
			const value = wanted();
			if (value !== undefined && value !== false) return value;
			if (performance.now() > end) throw new Error(`the server saw no ${what} within ${timeoutMs} ms${this.#hint()}`);
			await new Promise((resolve) => setTimeout(resolve, 10));
		}
	}

	/** So many members of the only channel whose address is known. */
	located(count: number, timeoutMs = DEFAULT_WAIT_MS): Promise<KvMember[]> {
		return this.until(
			`${count} members`,
			() => {
				if (this.channels.size !== 1) return undefined;
				const members = [...this.channel.members.values()].filter((member) => member.port !== 0);
				return members.length >= count ? members : undefined;
			},
			timeoutMs,
		);
	}

	violation(text: string): void {
		if (this.#tolerated.some((pattern) => pattern.test(text))) {
			this.tolerated.push(text);
			return;
		}
		this.violations.push(text);
		this.emit("violation", text);
	}

	// ---- what channels tell -----------------------------------------------------------------------------------

	stranger(channel: KvChannel, uid: bigint, kind: string): void {
		const text = `${kind} of uid ${uid.toString(16)}`;
		if (!legalUid(uid)) this.violation(`KV-10: ${text}, which is illegal`);
		else if (this.users.isPast(uid) && !this.#pastPorts.has(channel.port))
			this.violation(`KV-19: ${text} of the server's earlier life`);
		else if (!this.users.knows(uid) && !this.#known.has(uid)) this.violation(`KV-6: ${text}, which was never given`);
	}

	evicted(channel: KvChannel, member: KvMember): void {
		this.evictions += 1;
		this.emit("evicted", channel, member);
	}

	heard(channel: KvChannel, member: KvMember, datagram: Buffer, kind: string): void {
		this.emit("heard", channel, member, datagram, kind);
	}

	// ---- requests ---------------------------------------------------------------------------------------------

	timedOut(): void {
		this.timeouts += 1;
	}

	ended(end: ConnectionEnd): void {
		this.rules.ended(end);
	}

	async execute(request: Request): Promise<Answer> {
		const kept: KvRequest = { ...request, at: performance.now(), status: 0n, error: undefined };
		this.#look(request);
		const fault = this.#takeFault(request.type);
		const outcome = await this.#outcome(request, fault);
		this.rules.answered(request, outcome.error);
		kept.status = outcome.status;
		kept.error = outcome.error;
		this.requests.push(kept);
		if (this.requests.length > KEPT_REQUESTS) this.requests.shift();
		this.emit("request", kept);
		return { bytes: outcome.bytes, fault };
	}

	async #outcome(request: Request, fault: AnswerFault | undefined): Promise<Outcome> {
		if (fault?.error !== undefined) return failure(fault.error);
		const outcome = await this.#carryOut(request);
		if (fault?.bytes !== undefined) return { ...outcome, bytes: fault.bytes };
		return fault?.status === undefined ? outcome : success(fault.status);
	}

	/** Ids that nobody ever told. */
	#look(request: Request): void {
		this.rules.asked(request);
		const text = requestText(request);
		const { type, fields } = request;
		const [first = 0n, second = 0n] = fields;
		const channelId = type === Command.GET_PORT ? first : type === Command.DELETE ? second : fields[2];
		const uids = type === Command.GET_PORT || type === Command.GET_CHANNELS ? [] : [first];
		if (type === Command.JOIN || type === Command.LEAVE || type === Command.UNREGISTER) uids.push(second);
		for (const uid of this.users.uids) this.#known.add(uid);
		for (const uid of new Set(uids)) {
			if (uid === 0n && type === Command.REGISTER) continue;
			if (!legalUid(uid)) this.violation(`KV-10: ${text}: an illegal uid`);
			else if (this.users.isPast(uid)) this.violation(`KV-19: ${text}: a uid of the server's earlier life`);
			else if (!this.#known.has(uid)) this.violation(`KV-6: ${text}: uid ${uid.toString(16)} was never given`);
		}
		if (channelId === undefined || this.channels.has(channelId)) return;
		if (!this.#pastChannels.has(channelId)) this.violation(`KV-6: ${text}: chid ${channelId.toString(16)} was never given`);
	}

	#carryOut(request: Request): Outcome | Promise<Outcome> {
		const [first = 0n, second = 0n, third = 0n] = request.fields;
		const { type } = request;
		if (type === Command.REGISTER) return this.#register(first, second);
		if (type === Command.GET_CHANNELS)
			return { status: BigInt(this.channels.size), bytes: encodeList([...this.channels.keys()]) };
		if (type === Command.GET_PORT) {
			const channel = this.channels.get(first);
			// Without a reason, which is what devices have to live with.
			return channel === undefined ? { status: 0n, bytes: encodeFailure() } : this.#port(channel);
		}
		if (!this.users.knows(first)) return failure(this.#options.unknownUser ?? ErrorCode.ACCESS);
		if (type === Command.CREATE) return this.#create(first);
		if (type === Command.DELETE) return this.#delete(first, second);
		if (type === Command.JOIN) return this.#join(first, second, third);
		if (type === Command.LEAVE) return this.#leave(first, second, third);
		return this.#unregister(first, second);
	}

	#port(channel: KvChannel): Outcome {
		return success(portStatus(channel.advertised, this.#options.portOrder ?? "be"));
	}

	#register(administrator: bigint, permissions: bigint): Outcome {
		if (administrator === 0n) return success(this.users.register(this.#options.everybody ?? Permission.NONE));
		if (!this.users.may(administrator, Permission.REGISTER_USER)) return failure(ErrorCode.ACCESS);
		return success(this.users.register(permissions));
	}

	#unregister(administrator: bigint, uid: bigint): Outcome {
		if (administrator !== uid && !this.users.may(administrator, Permission.DELETE_USER)) return failure(ErrorCode.ACCESS);
		return this.unregister(uid) ? success(uid) : failure(ErrorCode.PARAM);
	}

	async #create(uid: bigint): Promise<Outcome> {
		if (!this.users.may(uid, Permission.ADD_CHANNEL)) return failure(ErrorCode.ACCESS);
		return success((await this.addChannel(uid)).id);
	}

	#delete(uid: bigint, id: bigint): Outcome {
		const channel = this.channels.get(id);
		if (channel === undefined) return failure(ErrorCode.PARAM);
		if (channel.owner !== uid && !this.users.may(uid, Permission.RM_CHANNEL)) return failure(ErrorCode.ACCESS);
		this.deleteChannel(channel);
		return success(id);
	}

	#join(uid: bigint, joining: bigint, id: bigint): Outcome {
		if (uid !== joining && !this.users.may(uid, Permission.ADD_USER)) return failure(ErrorCode.ACCESS);
		const channel = this.channels.get(id);
		if (channel === undefined || !this.users.knows(joining)) return failure(ErrorCode.PARAM);
		channel.join(joining);
		this.emit("join", channel, joining);
		return this.#port(channel);
	}

	#leave(uid: bigint, leaving: bigint, id: bigint): Outcome {
		if (uid !== leaving && !this.users.may(uid, Permission.KICK_USER)) return failure(ErrorCode.ACCESS);
		const channel = this.channels.get(id);
		if (channel === undefined || !channel.leave(leaving)) return failure(ErrorCode.PARAM);
		this.emit("leave", channel, leaving);
		return success(1n);
	}

	// ---- inside -----------------------------------------------------------------------------------------------

	#accept(socket: Socket): void {
		this.connections += 1;
		const connection = new KvConnection(socket, this);
		this.#open.add(connection);
		socket.on("close", () => this.#open.delete(connection));
	}

	#takeFault(type: number): AnswerFault | undefined {
		const index = this.#faults.findIndex(({ fault }) => fault.command === undefined || fault.command === type);
		const entry = this.#faults[index];
		if (entry === undefined) return undefined;
		entry.left -= 1;
		if (entry.left <= 0) this.#faults.splice(index, 1);
		return entry.fault;
	}

	#freeChannel(): bigint {
		while (this.channels.has(this.#nextChannel) || this.#pastChannels.has(this.#nextChannel)) this.#nextChannel += 0x1000n;
		return this.#nextChannel;
	}

	#closeChannel(channel: KvChannel): void {
		this.#pastPorts.add(channel.port);
		this.#pastChannels.add(channel.id);
		this.channels.delete(channel.id);
		channel.close();
	}

	#hint(): string {
		const last = this.requests.at(-1);
		const parts = [`${this.connections} connections`, `${this.requests.length} requests`];
		if (last !== undefined) parts.push(`last ${requestText(last)} → ${last.error ?? last.status.toString(16)}`);
		for (const channel of this.channels.values()) {
			const members = [...channel.members.values()].map((one) => `${one.uid.toString(16)}@${one.port} ${one.voiceIn}`);
			parts.push(`channel ${channel.id.toString(16)}: ${members.join(" ") || "empty"}`);
		}
		if (this.violations.length > 0) parts.push(`violations: ${this.violations.join("; ")}`);
		return ` (${parts.join(", ")})`;
	}
}

/** "JOIN, LEAVE": what was asked, for messages of tests. */
export function askedText(requests: readonly KvRequest[]): string {
	return requests.map((request) => commandName(request.type)).join(", ");
}
