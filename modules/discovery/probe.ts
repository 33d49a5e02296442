import { ANSWER_BAD, ANSWER_HEAD, ANSWER_READING, Answer, TYPE_PICTURE, TYPE_UNKNOWN } from "discovery/answer";
import { BODY_READING, BODY_WHOLE, Body } from "discovery/body";
import { LINE_KEPT, LineReader } from "wire/line_reader";
import { pathFault, REQUEST_BYTES, RequestWriter } from "discovery/request";
import { SessionDescription } from "discovery/sdp";
import {
	PROBE_RTSP,
	VERDICT_HTTP,
	VERDICT_LOCKED_MJPEG,
	VERDICT_LOCKED_RTSP,
	VERDICT_MJPEG,
	VERDICT_NOTHING,
	VERDICT_RTSP,
	VERDICT_UNKNOWN_RTSP,
	VERDICT_UNSUPPORTED_RTSP,
} from "discovery/verdict";
import type { Arena } from "storage/arena";

/** What a probe wants next. */
/** Nothing was begun. */
export const NEXT_NOTHING = 0;
/** Close what is open and connect to `address` and `port`; then `connected` or `failed`. Each raise of `connections` is an order of its own. */
export const NEXT_CONNECT = 1;
/** Send `outputLength` bytes at `outputOffset`, then `sent`. */
export const NEXT_SEND = 2;
/** Wait for bytes (`received`), for the end (`ended`), for an error (`failed`), until `deadline` (`expire`). */
export const NEXT_WAIT = 3;
/** Close what is open: `verdict` and `path` are final. */
export const NEXT_DONE = 4;

/** Bytes of the arena that each probe needs of its own. What is received may lie anywhere in the arena, in one place for all probes. */
export const PROBE_BYTES = LINE_KEPT + REQUEST_BYTES;
/** Milliseconds after which a probe ends with what it knows, however many paths are left. */
export const PROBE_TIME = 12_000;

/** Bytes of a body of no interest that are skipped rather than the connection given up. */
const SKIP_LIMIT = 0x4000;
/** Connections in a row that could not be made, and requests in a row that nothing came to in time, after which it ends too. */
const REFUSAL_LIMIT = 2;
const SILENCE_LIMIT = 4;

const OK = 200;
const UNAUTHORIZED = 401;
/** Paths that count with a Hipcam server (section 2.7, quirk). */
const HIPCAM_PATHS = Object.freeze(["/11", "/12"]);

/** States of a probe. */
const IDLE = 0;
const CONNECTING = 1;
const SENDING = 2;
const HEAD = 3;
const BODY = 4;
const OVER = 5;

/** What can happen to it. */
const BEGUN = 0;
const CONNECTED = 1;
const SENT = 2;
const ANSWERED = 3;
/** The answer cannot be read, or is one of another protocol. */
const MISUNDERSTOOD = 4;
/** The connection has ended, broken, or could not be made. */
const LOST = 5;
const OVERDUE = 6;

/** The request in front of those for the paths: OPTIONS, or GET of the root. */
const GREETING = -1;

export interface ProbeSettings {
	/** Paths of RTSP streams and of MJPEG pictures, in the order of asking; see {@link pathFault}. */
	readonly rtspPaths: readonly string[];
	readonly mjpegPaths: readonly string[];
	/** H.265 counts as RTSP (switch `h265`). */
	readonly h265: boolean;
	/** Milliseconds for each connection and for each answer. */
	readonly request: number;
}

/**
 * Finds out what speaks at an open TCP port (section 2.7), without I/O: bytes and the time in; bytes, `next` and a deadline out.
 * Made once, used for one port after the other. Every call may change `next`; a call that makes no sense at the time is ignored.
 */
export class Probe {
	/** When `expire` must be called, in milliseconds; Infinity: not at all. */
	deadline = Infinity;
	/** Where it looks. */
	address = "";
	port = 0;
	/** How many connections it has asked for since `begin`. */
	connections = 0;
	outputOffset = 0;
	outputLength = 0;
	/** One of the VERDICT constants (discovery/verdict). */
	verdict = VERDICT_NOTHING;
	/** The path that was found; "" for verdicts that have none. */
	path = "";
	/** Answers since `begin` that were over a limit or could not be read. */
	malformed = 0;
	readonly #bytes: Uint8Array;
	readonly #settings: ProbeSettings;
	readonly #line: LineReader;
	readonly #answer: Answer;
	readonly #description: SessionDescription;
	readonly #body: Body;
	readonly #outputOffset: number;
	#state = IDLE;
	#rtsp = false;
	/** Index of the path asked for, or GREETING. */
	#step = GREETING;
	#sequence = 0;
	/** The connection was made for the request under way: its end is an answer, not one that came between two requests. */
	#fresh = false;
	/** The connection serves for the next request too. */
	#reusable = false;
	/** It has been seen that a connection serves for one request only, whatever the server says. */
	#single = false;
	#refusals = 0;
	#silences = 0;
	#hipcam = false;
	/** The first path with a stream of no use. */
	#unsupported = "";
	/** The answer is a late one to a request before. */
	#stale = false;
	#end = Infinity;

	/** Uses the PROBE_BYTES bytes at `offset`. @throws Error naming a path that cannot be asked for. */
	constructor(arena: Arena, offset: number, settings: ProbeSettings) {
		checkPaths(settings.rtspPaths);
		checkPaths(settings.mjpegPaths);
		this.#bytes = arena.bytes;
		this.#settings = settings;
		this.#line = new LineReader(arena, offset);
		this.#answer = new Answer(this.#line);
		this.#description = new SessionDescription(settings.h265);
		this.#body = new Body(this.#line, this.#description);
		this.#outputOffset = offset + LINE_KEPT;
	}

	/** One of the NEXT constants. */
	get next(): number {
		switch (this.#state) {
			case IDLE:
				return NEXT_NOTHING;
			case CONNECTING:
				return NEXT_CONNECT;
			case SENDING:
				return NEXT_SEND;
			case OVER:
				return NEXT_DONE;
			default:
				return NEXT_WAIT;
		}
	}

	/** Begins. `kind`: one of the PROBE constants; `address`: numeric; `connected`: a connection to the port is there already. */
	begin(kind: number, address: string, port: number, connected: boolean, now: number): void {
		this.#rtsp = kind === PROBE_RTSP;
		this.address = address;
		this.port = port;
		this.verdict = VERDICT_NOTHING;
		this.path = "";
		this.malformed = 0;
		this.connections = 0;
		this.#step = GREETING;
		this.#sequence = 0;
		this.#fresh = true;
		this.#single = false;
		this.#refusals = 0;
		this.#silences = 0;
		this.#hipcam = false;
		this.#unsupported = "";
		this.#end = now + PROBE_TIME;
		this.#state = IDLE;
		this.#turn(BEGUN, now);
		if (connected) this.#turn(CONNECTED, now);
	}

	/** The connection asked for is there. */
	connected(now: number): void {
		if (this.#state === CONNECTING) this.#turn(CONNECTED, now);
	}

	/** `count` bytes of the output have gone. */
	sent(count: number, now: number): void {
		if (this.#state !== SENDING) return;
		this.outputOffset += count;
		this.outputLength -= count;
		if (this.outputLength <= 0) this.#turn(SENT, now);
	}

	/** Takes all of the `length` bytes at `offset` of the arena; what nobody asked for is dropped. */
	received(offset: number, length: number, now: number): void {
		let at = 0;
		while (at < length && (this.#state === HEAD || this.#state === BODY)) {
			if (this.#state === HEAD) at += this.#takeHead(offset + at, length - at, now);
			else at += this.#takeBody(offset + at, length - at, now);
		}
	}

	/** The peer has closed its sending side. */
	ended(now: number): void {
		if (this.#state > CONNECTING && this.#state < OVER) this.#turn(LOST, now);
	}

	/** The connection could not be made, or broke. */
	failed(now: number): void {
		if (this.#state > IDLE && this.#state < OVER) this.#turn(LOST, now);
	}

	/** Ends what is overdue. */
	expire(now: number): void {
		if (now >= this.deadline) this.#turn(OVERDUE, now);
	}

	/** Gives up: close what is open. */
	cancel(): void {
		this.#state = IDLE;
		this.deadline = Infinity;
	}

	/** Every change of state. */
	#turn(event: number, now: number): void {
		switch (event) {
			case BEGUN:
				this.#connect(now);
				break;
			case CONNECTED:
				this.#refusals = 0;
				this.#ask(now);
				break;
			case SENT:
				this.#state = HEAD;
				this.#answer.begin(this.#rtsp);
				break;
			case ANSWERED:
				this.#silences = 0;
				this.#judge(now);
				break;
			case MISUNDERSTOOD:
				this.#unanswered(now);
				break;
			case OVERDUE:
				if (this.#state !== CONNECTING) this.#silences++;
				this.#lost(now);
				break;
			default:
				this.#lost(now);
		}
	}

	#connect(now: number): void {
		this.#state = CONNECTING;
		this.#fresh = true;
		this.connections++;
		this.deadline = now + this.#settings.request;
	}

	/** The connection is gone or silent. */
	#lost(now: number): void {
		this.#reusable = false;
		if (this.#state === CONNECTING) this.#refused(now);
		else if (this.#state === BODY && !this.#stale) {
			this.#body.end();
			this.#endBody(now);
		} else if (this.#fresh) this.#unanswered(now);
		else {
			this.#single = true;
			this.#connect(now);
		}
	}

	#refused(now: number): void {
		if (++this.#refusals < REFUSAL_LIMIT) this.#connect(now);
		else if (this.#step === GREETING) this.#finish(VERDICT_NOTHING);
		else this.#conclude();
	}

	#ask(now: number): void {
		// Made for each request: a probe waits most of its time, and this is 16 slots less to keep.
		const request = new RequestWriter(this.#bytes, this.#outputOffset);
		const { address, port } = this;
		this.#sequence++;
		if (this.#step === GREETING) {
			if (this.#rtsp) request.options(address, port, this.#sequence);
			else request.get(address, port, "/");
		} else if (this.#rtsp) request.describe(address, port, this.#paths[this.#step], this.#sequence);
		else request.get(address, port, this.#paths[this.#step]);
		this.outputOffset = this.#outputOffset;
		this.outputLength = request.length;
		this.#state = SENDING;
		this.deadline = now + this.#settings.request;
	}

	#takeHead(offset: number, length: number, now: number): number {
		const answer = this.#answer;
		const taken = answer.take(this.#bytes, offset, length);
		if (answer.state === ANSWER_HEAD) this.#takeAnswer(now);
		else if (answer.state !== ANSWER_READING) {
			if (answer.state === ANSWER_BAD) this.malformed++;
			this.#turn(MISUNDERSTOOD, now);
		}
		return taken;
	}

	/** The head of an answer is there: what about its body? */
	#takeAnswer(now: number): void {
		const answer = this.#answer;
		let { length } = answer;
		if (answer.hipcam) this.#hipcam = true;
		this.#stale = this.#rtsp && answer.sequence >= 0 && answer.sequence !== this.#sequence;
		const describes = this.#rtsp && !this.#stale && answer.status === OK && this.#counts(this.#step);
		if (this.#rtsp) this.#reusable = !answer.closes && (length >= 0 || answer.type === TYPE_UNKNOWN) && length <= SKIP_LIMIT;
		else this.#reusable = answer.keeps && length >= 0 && length <= SKIP_LIMIT && answer.type !== TYPE_PICTURE;
		if (length < 0) length = describes ? Infinity : 0;
		else if (!this.#reusable && !describes) length = 0;
		this.#body.begin(length, describes);
		this.#state = BODY;
		if (length === 0) this.#endBody(now);
	}

	#takeBody(offset: number, length: number, now: number): number {
		const body = this.#body;
		const taken = body.take(offset, length);
		if (body.state !== BODY_READING) this.#endBody(now);
		return taken;
	}

	/** The body, if any, has been read as far as it matters. */
	#endBody(now: number): void {
		if (this.#body.state !== BODY_WHOLE) this.#reusable = false;
		if (!this.#stale) this.#turn(ANSWERED, now);
		else this.#turn(this.#reusable ? SENT : MISUNDERSTOOD, now);
	}

	/** What an answer says. */
	#judge(now: number): void {
		const { status, type } = this.#answer;
		if (!this.#counts(this.#step) || (status !== OK && status !== UNAUTHORIZED)) {
			this.#goOn(now);
			return;
		}
		const path = this.#paths[this.#step];
		if (status === UNAUTHORIZED) this.#finish(this.#rtsp ? VERDICT_LOCKED_RTSP : VERDICT_LOCKED_MJPEG);
		else if (this.#rtsp && this.#description.usable) this.#finish(VERDICT_RTSP, path);
		else if (!this.#rtsp && type === TYPE_PICTURE) this.#finish(VERDICT_MJPEG, path);
		else {
			if (this.#rtsp && this.#unsupported === "") this.#unsupported = path;
			this.#goOn(now);
		}
	}

	#unanswered(now: number): void {
		this.#reusable = false;
		if (this.#step === GREETING) this.#finish(VERDICT_NOTHING);
		else this.#goOn(now);
	}

	/** The next path, if there is one. */
	#goOn(now: number): void {
		do this.#step++;
		while (this.#step < this.#paths.length && !this.#counts(this.#step));
		if (this.#step >= this.#paths.length || now >= this.#end || this.#silences >= SILENCE_LIMIT) this.#conclude();
		else if (this.#reusable && !this.#single) {
			this.#fresh = false;
			this.#ask(now);
		} else this.#connect(now);
	}

	/** Whether the answer to this request says anything about a path. */
	#counts(step: number): boolean {
		if (step === GREETING) return false;
		return !this.#hipcam || HIPCAM_PATHS.indexOf(this.#paths[step]) >= 0;
	}

	/** No path led to anything. */
	#conclude(): void {
		if (!this.#rtsp) this.#finish(VERDICT_HTTP);
		else if (this.#unsupported !== "") this.#finish(VERDICT_UNSUPPORTED_RTSP, this.#unsupported);
		else this.#finish(VERDICT_UNKNOWN_RTSP);
	}

	#finish(verdict: number, path = ""): void {
		this.verdict = verdict;
		this.path = path;
		this.#state = OVER;
		this.deadline = Infinity;
		this.outputLength = 0;
	}

	get #paths(): readonly string[] {
		return this.#rtsp ? this.#settings.rtspPaths : this.#settings.mjpegPaths;
	}
}

function checkPaths(paths: readonly string[]): void {
	for (let i = 0; i < paths.length; i++) {
		const fault = pathFault(paths[i]);
		if (fault !== "") throw new Error(paths[i] + ": " + fault);
	}
}
