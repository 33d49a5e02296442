import {
	COMMAND_GET_CHANNELS,
	COMMAND_TEXT,
	ERROR_ACCESS,
	ERROR_INVAL,
	ERROR_NOIMPL,
	ERROR_PARAM,
	ERROR_TEXT,
	LIST_LIMIT,
	RESULT_ERROR,
	RESULT_NO_REASON,
	RESULT_NONE,
	RESULT_OK,
	RESULT_TEXT,
} from "kv/constants";
import { Id } from "kv/id";

/** Called once when a request has ended, from the event loop. It may submit another one, this one too. */
export type RequestDone = (request: Request) => void;

/**
 * One command to the server and what came of it. Made once, by who has something to ask, and used again and again: asking allocates
 * nothing. While it is `pending` it is the control side's.
 */
export class Request {
	/** One of the COMMAND constants, and the fields of its body. */
	command = 0;
	readonly first = new Id();
	readonly second = new Id();
	readonly third = new Id();
	/** Submitted and not done. */
	pending = false;
	/** One of the RESULT constants. */
	result = RESULT_NONE;
	/** The server's code with RESULT_ERROR. */
	error = 0;
	/** What a server says to success: the id or the port. */
	readonly status = new Id();
	/** Of JOIN and GET_PORT: the port, as the switch `portOrder` reads it. */
	port = 0;
	/** The system's word for RESULT_CONNECT and RESULT_RESET. */
	detail = "";
	/** GET_CHANNELS: how many there are, and whether `first` is one of them. */
	count = 0;
	listed = false;
	/** GET_CHANNELS: where the ids go, a high and a low half each, as many as it holds; none when it is undefined. */
	ids: Uint32Array | undefined;
	/** Next in the queue. */
	next: Request | undefined;
	readonly done: RequestDone;

	constructor(done: RequestDone) {
		this.done = done;
	}

	get ok(): boolean {
		return this.result === RESULT_OK;
	}

	/** The server does not want it, and asking again is of no use (KV-9). */
	get refused(): boolean {
		if (this.result === RESULT_NO_REASON) return true;
		if (this.result !== RESULT_ERROR) return false;
		const error = this.error;
		return error === ERROR_PARAM || error === ERROR_INVAL || error === ERROR_ACCESS || error === ERROR_NOIMPL;
	}

	/** The refusal may mean that there is no such channel. */
	get saysMissing(): boolean {
		if (this.result === RESULT_NO_REASON) return true;
		return this.result === RESULT_ERROR && (this.error === ERROR_PARAM || this.error === ERROR_INVAL);
	}

	/** "JOIN: ACCESS", "REGISTER: no connection (ECONNREFUSED)". Cold path. */
	get text(): string {
		let text = COMMAND_TEXT[this.command] + ": ";
		if (this.result !== RESULT_ERROR) text += RESULT_TEXT[this.result];
		else text += this.error < ERROR_TEXT.length ? ERROR_TEXT[this.error] : "code " + this.error;
		return this.detail === "" ? text : text + " (" + this.detail + ")";
	}

	/** One more id of the list. */
	list(high: number, low: number): void {
		const { ids } = this;
		const at = 2 * this.count++;
		if (high === this.first.high && low === this.first.low) this.listed = true;
		if (ids === undefined || at + 1 >= ids.length) return;
		ids[at] = high;
		ids[at + 1] = low;
	}

	/** One of the COMMAND constants, with the fields of its body. */
	set(command: number, first: Id, second: Id, third: Id): void {
		this.command = command;
		this.first.copy(first);
		this.second.copy(second);
		this.third.copy(third);
	}

	/** Forgets what came of it the last time. */
	clear(): void {
		this.result = RESULT_NONE;
		this.error = 0;
		this.status.set(0, 0);
		this.port = 0;
		this.detail = "";
		this.dropList();
	}

	/** Keeps nothing of a list that turned out to be none. */
	dropList(): void {
		this.count = 0;
		this.listed = false;
	}

	/** Whether the answer is a list. */
	get lists(): boolean {
		return this.command === COMMAND_GET_CHANNELS;
	}
}

/** Halves that {@link Request.ids} needs for the longest list. */
export const IDS_LENGTH = 2 * LIST_LIMIT;
