import { Answer } from "kv/answer";
import {
	COMMAND_CREATE,
	COMMAND_DELETE,
	COMMAND_GET_CHANNELS,
	COMMAND_GET_PORT,
	COMMAND_JOIN,
	COMMAND_LEAVE,
	COMMAND_REGISTER,
	COMMAND_UNREGISTER,
	REQUEST_SIZE,
	RESULT_CANCELLED,
	RESULT_CONNECT,
	RESULT_ERROR,
	RESULT_ILLEGAL_PORT,
	RESULT_ILLEGAL_UID,
	RESULT_MALFORMED,
	RESULT_NONE,
	RESULT_NO_REASON,
	RESULT_OK,
	RESULT_RESET,
	RESULT_TIME,
	RESULT_TRUNCATED,
} from "kv/constants";
import type { ControlCounters } from "kv/counters";
import { type Id, NO_ID } from "kv/id";
import type { Request } from "kv/request";
import type { KVSwitches } from "kv/switches";
import type { KVTimes } from "kv/times";
import { portOf, writeRequest } from "kv/wire";
import type { Arena } from "storage/arena";
import type { MemoryPlan } from "storage/plan";

/** States of the control side. */
export const CONTROL_IDLE = 0;
/** A name is looked up, a connection made. */
export const CONTROL_OPENING = 1;
/** The request went out. */
export const CONTROL_WAITING = 2;
/** The result is known: the connection is to be closed, and `finish` called. */
export const CONTROL_DONE = 3;

/** Requests of applications that may wait, the one under way included. */
export const QUEUE_LIMIT = 16;

const PLAN_REQUEST = "kv request";

/** Reserves what a {@link Control} needs. */
export function planControl(plan: MemoryPlan): void {
	plan.reserve(PLAN_REQUEST, REQUEST_SIZE, "");
}

/**
 * The control side without I/O (section 1 of docs/protocols/kv.md): requests in a queue, one at a time, each over a connection of its own.
 *
 * The contract: `begin` takes the next request; open a connection, call `opened`, send the `length` bytes at `offset` in one write, and give
 * what comes to `input` and `ended`. `failed` and `reset` when the network fails, `tick` at `deadline`. In CONTROL_DONE close the
 * connection and call `finish`. Nothing here allocates.
 */
export class Control {
	/** One of the CONTROL constants. */
	state = CONTROL_IDLE;
	/** When `tick` must be called; Infinity: not at all. */
	deadline = Infinity;
	readonly offset: number;
	length = 0;
	/** Requests that wait, the one under way included. */
	waiting = 0;
	/** The request under way. */
	current: Request | undefined;
	readonly counters: ControlCounters;
	#head: Request | undefined;
	#tail: Request | undefined;
	readonly #answer = new Answer();
	readonly #view: DataView;
	readonly #times: KVTimes;
	readonly #padded: boolean;
	readonly #portOrder: KVSwitches["portOrder"];

	/** `plan` was given to {@link planControl}. */
	constructor(plan: MemoryPlan, switches: KVSwitches, times: KVTimes, counters: ControlCounters) {
		const arena: Arena = plan.allocate();
		this.#view = arena.view;
		this.offset = plan.offset(PLAN_REQUEST);
		this.#times = times;
		this.#padded = switches.requestShape === "padded36";
		this.#portOrder = switches.portOrder;
		this.counters = counters;
	}

	/** A new channel of `uid`. Each command gives false when QUEUE_LIMIT requests wait or this one is pending. */
	create(request: Request, uid: Id): boolean {
		return this.make(request, COMMAND_CREATE, uid, NO_ID, NO_ID);
	}

	/** `uid` ends a channel. */
	delete(request: Request, uid: Id, channel: Id): boolean {
		return this.make(request, COMMAND_DELETE, uid, channel, NO_ID);
	}

	/** `uid` lets `member` join a channel. */
	join(request: Request, uid: Id, member: Id, channel: Id): boolean {
		return this.make(request, COMMAND_JOIN, uid, member, channel);
	}

	/** `uid` lets `member` leave a channel. */
	leave(request: Request, uid: Id, member: Id, channel: Id): boolean {
		return this.make(request, COMMAND_LEAVE, uid, member, channel);
	}

	/** A new user. With `administrator` zero the server gives it no permissions, else the sum of PERMISSION constants. */
	register(request: Request, administrator: Id, permissions: Id): boolean {
		return this.make(request, COMMAND_REGISTER, administrator, permissions, NO_ID);
	}

	/** `administrator`, who may be the user itself, deletes a user. */
	unregister(request: Request, administrator: Id, uid: Id): boolean {
		return this.make(request, COMMAND_UNREGISTER, administrator, uid, NO_ID);
	}

	/** The UDP port of a channel. */
	getPort(request: Request, channel: Id): boolean {
		return this.make(request, COMMAND_GET_PORT, channel, NO_ID, NO_ID);
	}

	/** All channels; with `request.ids` their ids, and whether `sought` is one of them. */
	getChannels(request: Request, sought: Id = NO_ID): boolean {
		return this.make(request, COMMAND_GET_CHANNELS, sought, NO_ID, NO_ID);
	}

	/** Submits a request whose command and fields are set, however many wait. @returns false when it is pending. */
	submit(request: Request): boolean {
		if (request.pending) return false;
		request.clear();
		request.pending = true;
		request.next = undefined;
		if (this.#tail) this.#tail.next = request;
		else this.#head = request;
		this.#tail = request;
		this.waiting++;
		return true;
	}

	/** Takes a request back; its `done` is not called. @returns whether the connection is to be closed because it was under way. */
	cancel(request: Request): boolean {
		if (!request.pending) return false;
		request.pending = false;
		request.result = RESULT_CANCELLED;
		this.waiting--;
		if (request === this.current) {
			this.idle();
			return true;
		}
		let before: Request | undefined;
		for (let item = this.#head; item !== undefined && item !== request; item = item.next) before = item;
		if (before) before.next = request.next;
		else this.#head = request.next;
		if (this.#tail === request) this.#tail = before;
		request.next = undefined;
		return false;
	}

	/** Begins with the next request. @returns false when there is none or one is under way. */
	begin(now: number): boolean {
		const request = this.#head;
		if (this.state !== CONTROL_IDLE || !request) return false;
		this.#head = request.next;
		if (!this.#head) this.#tail = undefined;
		request.next = undefined;
		this.current = request;
		this.#answer.begin(request);
		this.length = writeRequest(
			this.#view,
			this.offset,
			request.command,
			request.first,
			request.second,
			request.third,
			this.#padded,
		);
		this.state = CONTROL_OPENING;
		this.deadline = now + this.#times.connect;
		this.counters.requests++;
		return true;
	}

	/** The connection is up and the request goes out now. */
	opened(now: number): void {
		this.state = CONTROL_WAITING;
		this.deadline = now + this.#times.answer;
	}

	/** `length` bytes came, split anywhere. */
	input(offset: number, length: number): void {
		if (this.state !== CONTROL_WAITING) return;
		this.#answer.input(this.#view, offset, length);
		if (this.#answer.result !== RESULT_NONE) this.end(this.#answer.result);
	}

	/** The server has closed. */
	ended(): void {
		if (this.state !== CONTROL_WAITING) return;
		this.#answer.ended();
		this.end(this.#answer.result);
	}

	/** No connection; `detail` is the system's word for it. */
	failed(detail: string): void {
		this.broken(RESULT_CONNECT, detail);
	}

	/** The connection broke. */
	reset(detail: string): void {
		this.broken(RESULT_RESET, detail);
	}

	/** Ends what takes too long. Early calls are harmless. */
	tick(now: number): void {
		if (now >= this.deadline) this.broken(RESULT_TIME, this.state === CONTROL_OPENING ? "connecting" : "");
	}

	/** Hands the request with its result over. The control side is idle then. */
	finish(): Request {
		const request = this.current as Request;
		this.idle();
		this.waiting--;
		request.pending = false;
		return request;
	}

	private make(request: Request, command: number, first: Id, second: Id, third: Id): boolean {
		if (request.pending || this.waiting >= QUEUE_LIMIT) return false;
		request.set(command, first, second, third);
		return this.submit(request);
	}

	private broken(result: number, detail: string): void {
		if (this.state !== CONTROL_OPENING && this.state !== CONTROL_WAITING) return;
		const request = this.current as Request;
		request.detail = detail;
		request.dropList();
		this.end(result);
	}

	private idle(): void {
		this.current = undefined;
		this.state = CONTROL_IDLE;
		this.deadline = Infinity;
	}

	private end(result: number): void {
		const request = this.current as Request;
		this.state = CONTROL_DONE;
		this.deadline = Infinity;
		request.result = result === RESULT_OK ? this.judge(request) : result;
		this.tally(request.result);
	}

	/** What success means: ids and ports that cannot be are none (KV-8, KV-10). */
	private judge(request: Request): number {
		const { high, low } = request.status;
		if (request.command === COMMAND_REGISTER) return request.status.legal ? RESULT_OK : RESULT_ILLEGAL_UID;
		if (request.command !== COMMAND_JOIN && request.command !== COMMAND_GET_PORT) return RESULT_OK;
		request.port = portOf(high, low, this.#portOrder);
		return request.port === 0 ? RESULT_ILLEGAL_PORT : RESULT_OK;
	}

	private tally(result: number): void {
		const { counters } = this;
		switch (result) {
			case RESULT_ERROR:
			case RESULT_NO_REASON:
				counters.refused++;
				break;
			case RESULT_CONNECT:
				counters.connectFailures++;
				break;
			case RESULT_TIME:
				counters.timeouts++;
				break;
			case RESULT_RESET:
				counters.resets++;
				break;
			case RESULT_TRUNCATED:
				counters.truncated++;
				break;
			case RESULT_MALFORMED:
			case RESULT_ILLEGAL_UID:
			case RESULT_ILLEGAL_PORT:
				counters.malformed++;
		}
	}
}
