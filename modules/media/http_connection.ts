import type { Frame } from "media/frames";
import { INCOMPLETE, Method, reasonOf, Status } from "media/http";
import { FIRST_BOUNDARY, type Site, STREAM_TYPE } from "media/site";
import { type AsciiText, constantText } from "wire/ascii";

export const ConnectionState = Object.freeze({
	/** No connection. */
	FREE: 0,
	/** The request comes in. */
	READING: 1,
	/** `outputLength` bytes at `outputOffset` of the arena want to be sent. */
	SENDING: 2,
	/** A viewer has had its frame and waits for the next. */
	WAITING: 3,
	/** All is sent: shut the sending side down and call `lingers`. */
	DONE: 4,
	/** What the peer still sends is read and dropped, so that its end is no reset. */
	LINGERING: 5,
	/** Close the connection. */
	OVER: 6,
} as const);

/** Milliseconds from the connection to the whole request. */
export const REQUEST_TIME = 10_000;
/** Milliseconds without any byte taken; for one answer or frame; for the peer to close. */
const STALL_TIME = 10_000;
const ANSWER_TIME = 60_000;
const LINGER_TIME = 2000;

/** What comes behind the head that is being sent. */
const Body = Object.freeze({ NONE: 0, PICTURE: 1, FIGURES: 2, STREAM: 3 } as const);

const VERSION = constantText("HTTP/1.1 ");
const COMMON_HEADERS = constantText(
	"\r\nConnection: close\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nContent-Type: ",
);
const LENGTH_HEADER = constantText("\r\nContent-Length: ");
const ALLOW_HEADER = constantText("\r\nAllow: GET, HEAD");
const RETRY_HEADER = constantText("\r\nRetry-After: 2");
const HEAD_END = constantText("\r\n\r\n");
const HTML = constantText("text/html");
const JPEG = constantText("image/jpeg");
const JSON_TYPE = constantText("application/json");
const PLAIN = constantText("text/plain");
const NO_TEXT = constantText("");
const STREAM_PATH = constantText("/video.mjpeg");
const PICTURE_PATH = constantText("/frame.jpg");
const FIGURES_PATH = constantText("/metrics.json");
const PAGE_PATH = constantText("/");
const PAGE = constantText(
	'<!doctype html><html lang="en"><title>Fletcher</title><meta name="viewport" content="width=device-width">' +
		"<style>body{margin:0;background:#111;color:#ccc;font:16px sans-serif;text-align:center}img{max-width:100%}a{color:#9cf}</style>" +
		'<img src="video.mjpeg" alt="live picture"><p><a href="frame.jpg">picture</a> <a href="metrics.json">figures</a></html>\n',
);
/** Smallest space for a request: the page with its head is written there too. */
export const MINIMUM_REQUEST_BYTES = 1024;

/**
 * One HTTP connection as a state machine without I/O: bytes and the time in; bytes, a state and a deadline out.
 * Request and answer head share one piece of memory: the answer is written when the request has been understood.
 */
export class HTTPConnection {
	state: number = ConnectionState.FREE;
	/** When `expire` wants to be called. */
	deadline = Infinity;
	outputOffset = 0;
	outputLength = 0;
	readonly #site: Site;
	readonly #base: number;
	readonly #size: number;
	#received = 0;
	#body: number = Body.NONE;
	/** The head is being sent, and a body of its own memory comes behind it. */
	#bodyFollows = false;
	#frame: Frame | undefined;
	#slow = false;
	/** Sequence of the last frame taken, 0 before the first. */
	#sequence = 0;
	#answerDeadline = Infinity;

	/** Uses the `size` (at least {@link MINIMUM_REQUEST_BYTES}) bytes at `base` of the site's arena. */
	constructor(site: Site, base: number, size: number) {
		this.#site = site;
		this.#base = base;
		this.#size = size;
	}

	/** Where received bytes of the request belong, and how many fit. */
	get inputOffset(): number {
		return this.#base + this.#received;
	}

	get inputRoom(): number {
		return this.#size - this.#received;
	}

	open(now: number): void {
		this.#received = 0;
		this.#enter(ConnectionState.READING, now + REQUEST_TIME);
	}

	/** `count` bytes of the request have been put at `inputOffset`. */
	received(count: number, now: number): void {
		this.#received += count;
		const status = this.#site.parser.parse(this.#base, this.#received, this.#size);
		if (status === Status.OK) this.#answer(now);
		else if (status !== INCOMPLETE) this.#refuse(status, now);
	}

	/** `count` bytes of the output have been taken. */
	sent(count: number, now: number): void {
		this.outputOffset += count;
		this.outputLength -= count;
		if (this.outputLength === 0) this.#next(now);
		else if (count > 0) this.deadline = Math.min(now + STALL_TIME, this.#answerDeadline);
	}

	/** There is a new frame. @returns whether a viewer takes it: there is output now. */
	offer(now: number): boolean {
		return this.state === ConnectionState.WAITING && this.#takeFrame(now);
	}

	/** The peer closed its sending side. */
	ended(): void {
		const streaming = this.state === ConnectionState.SENDING && this.#body === Body.STREAM;
		if (this.state !== ConnectionState.SENDING || streaming) this.#enter(ConnectionState.OVER, Infinity);
	}

	/** The sending side has been shut down. */
	lingers(now: number): void {
		this.#enter(ConnectionState.LINGERING, now + LINGER_TIME);
	}

	/** Ends what is overdue. */
	expire(now: number): void {
		if (now < this.deadline) return;
		if (this.state === ConnectionState.LINGERING) {
			this.#enter(ConnectionState.OVER, Infinity);
			return;
		}
		this.#site.timeouts++;
		this.#site.parser.method = Method.GET;
		if (this.state === ConnectionState.READING && this.#received > 0) this.#refuse(Status.REQUEST_TIMEOUT, now);
		else this.#enter(ConnectionState.OVER, Infinity);
	}

	/** The connection is closed: gives back what it held. */
	close(): void {
		if (this.#body === Body.STREAM) this.#site.viewers--;
		this.#giveBack();
		this.outputLength = 0;
		this.#enter(ConnectionState.FREE, Infinity);
	}

	#enter(state: number, deadline: number): void {
		this.state = state;
		this.deadline = deadline;
	}

	#answer(now: number): void {
		const parser = this.#site.parser;
		if (parser.isPath(STREAM_PATH)) this.#answerStream(now);
		else if (parser.isPath(PICTURE_PATH)) this.#answerPicture(now);
		else if (parser.isPath(FIGURES_PATH)) this.#answerFigures(now);
		else if (parser.isPath(PAGE_PATH)) this.#send(Status.OK, HTML, PAGE.length, PAGE, Body.NONE, now);
		else this.#refuse(Status.NOT_FOUND, now);
	}

	#answerStream(now: number): void {
		const site = this.#site;
		if (site.viewers >= site.viewersMaximum) {
			this.#refuse(Status.UNAVAILABLE, now);
			return;
		}
		const streaming = this.#site.parser.method === Method.GET;
		this.#slow = false;
		this.#sequence = 0;
		if (streaming) site.viewers++;
		this.#send(Status.OK, STREAM_TYPE, -1, FIRST_BOUNDARY, streaming ? Body.STREAM : Body.NONE, now);
	}

	#answerPicture(now: number): void {
		const frame = this.#site.isStale(now) ? undefined : this.#site.store.acquire(false);
		if (frame === undefined) {
			this.#refuse(Status.UNAVAILABLE, now);
			return;
		}
		this.#frame = frame;
		this.#send(Status.OK, JPEG, frame.length, NO_TEXT, Body.PICTURE, now);
	}

	#answerFigures(now: number): void {
		const figures = this.#site.metrics;
		if (figures.acquire()) this.#send(Status.OK, JSON_TYPE, figures.length, NO_TEXT, Body.FIGURES, now);
		else this.#refuse(Status.UNAVAILABLE, now);
	}

	#refuse(status: number, now: number): void {
		if (status === Status.UNAVAILABLE) this.#site.unavailable++;
		else this.#site.refused++;
		const reason = reasonOf(status);
		this.#send(status, PLAIN, reason.length + 1, reason, Body.NONE, now);
	}

	/** Writes the head, over the request, and `text` behind it; `length` of -1 is not declared. */
	#send(status: number, type: AsciiText, length: number, text: AsciiText, body: number, now: number): void {
		const writer = this.#site.writer;
		writer.begin(this.#base, this.#size);
		writer.text(VERSION);
		writer.integer(status);
		writer.byte(0x20);
		writer.text(reasonOf(status));
		writer.text(COMMON_HEADERS);
		writer.text(type);
		if (length >= 0) {
			writer.text(LENGTH_HEADER);
			writer.integer(length);
		}
		if (status === Status.METHOD_NOT_ALLOWED) writer.text(ALLOW_HEADER);
		if (status === Status.UNAVAILABLE) writer.text(RETRY_HEADER);
		writer.text(HEAD_END);
		if (status === Status.OK) this.#site.requests++;
		this.#body = body;
		if (this.#site.parser.method === Method.HEAD) this.#giveBack();
		else {
			writer.text(text);
			if (status !== Status.OK) writer.byte(0x0a);
		}
		this.#bodyFollows = this.#body === Body.PICTURE || this.#body === Body.FIGURES;
		this.#emit(this.#base, writer.position - this.#base, now);
	}

	#emit(offset: number, length: number, now: number): void {
		this.outputOffset = offset;
		this.outputLength = length;
		this.#answerDeadline = now + ANSWER_TIME;
		this.#enter(ConnectionState.SENDING, now + STALL_TIME);
	}

	/** All of the output has been taken: what comes now? */
	#next(now: number): void {
		const frame = this.#frame;
		if (this.#body === Body.STREAM) {
			if (frame !== undefined) {
				this.#site.framesSent++;
				this.#frame = undefined;
				this.#slow = !this.#site.store.release(frame);
			}
			this.#takeFrame(now);
		} else if (this.#bodyFollows) {
			this.#bodyFollows = false;
			if (frame !== undefined) this.#emit(frame.offset, frame.length, now);
			else this.#emit(this.#site.metrics.offset, this.#site.metrics.length, now);
		} else {
			this.#giveBack();
			this.#enter(ConnectionState.DONE, Infinity);
		}
	}

	/** Takes the newest frame unless it was sent already; waits otherwise. */
	#takeFrame(now: number): boolean {
		const store = this.#site.store;
		const newest = store.newest;
		const frame = newest === undefined || newest.sequence === this.#sequence ? undefined : store.acquire(this.#slow);
		if (frame === undefined) {
			this.#enter(ConnectionState.WAITING, Infinity);
			return false;
		}
		if (this.#sequence !== 0) this.#site.framesSkipped += (frame.sequence - this.#sequence - 1) >>> 0;
		this.#sequence = frame.sequence;
		this.#frame = frame;
		this.#emit(frame.start, frame.end - frame.start, now);
		return true;
	}

	#giveBack(): void {
		if (this.#frame !== undefined) this.#site.store.release(this.#frame);
		else if (this.#body === Body.FIGURES) this.#site.metrics.release();
		this.#frame = undefined;
		this.#body = Body.NONE;
	}
}
