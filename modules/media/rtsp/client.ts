import { Authorization } from "media/rtsp/authorization";
import { Challenge, WAY_NONE } from "media/rtsp/challenge";
import { CODEC_NONE } from "media/rtsp/codecs";
import { Description, SETS_BYTES } from "media/rtsp/description";
import { Failure, failureText, isLasting } from "media/rtsp/failure";
import type { RTSPHandler } from "media/rtsp/handler";
import { Interleaved, PIECE_FRAME, PIECE_NOTHING } from "media/rtsp/interleaved";
import { MESSAGE_BAD, MESSAGE_READING, Message } from "media/rtsp/message";
import { REPORT_BYTES, readControl, writeReport } from "media/rtsp/reports";
import {
	METHOD_DESCRIBE,
	METHOD_KEEP,
	METHOD_OPTIONS,
	METHOD_PLAY,
	METHOD_SETUP,
	METHOD_TEARDOWN,
	methodName,
	REQUEST_BYTES,
	Requests,
	URL_BYTES,
} from "media/rtsp/requests";
import type { RTSPSettings } from "media/rtsp/settings";
import {
	TEXT_AGGREGATE,
	TEXT_BASE,
	TEXT_CONTROL,
	TEXT_LOCATION,
	TEXT_PASSWORD,
	TEXT_SESSION,
	TEXT_USER,
	TEXTS_BYTES,
	Texts,
} from "media/rtsp/texts";
import { RTSPTrack, TAKE_PACKET } from "media/rtsp/track";
import { parseRTSPURL, type RTSPURL } from "media/rtsp/url";
import type { Arena } from "storage/arena";
import { Backoff, type RandomSource } from "time/backoff";
import { LineReader } from "wire/line_reader";

/** States of a client. */
export const STATE_IDLE = 0;
/** Until the next attempt. */
export const STATE_WAITING = 1;
export const STATE_OPENING = 2;
export const STATE_GREETING = 3;
export const STATE_DESCRIBING = 4;
export const STATE_SETTING_UP = 5;
export const STATE_STARTING = 6;
export const STATE_PLAYING = 7;
export const STATE_LEAVING = 8;
export const STATE_TEXT = Object.freeze([
	"idle",
	"waiting",
	"opening",
	"greeting",
	"describing",
	"setting-up",
	"starting",
	"playing",
	"leaving",
]);

/** What the owner is to do with the connection. */
export const ORDER_NOTHING = 0;
/** Close what is open, connect to `host` and `port`; then `opened`, or `lost`. */
export const ORDER_OPEN = 1;
/** Close what is open. */
export const ORDER_CLOSE = 2;

/** What can happen. */
const BEGUN = 0;
const OPENED = 1;
const ANSWERED = 2;
const OVERDUE = 3;
const STOPPED = 4;

/** Times in ms: for a connection; for an answer; for the answer to TEARDOWN; without packets; between reports. */
const CONNECT_TIME = 5000;
const ANSWER_TIME = 10_000;
const LEAVE_TIME = 1000;
const SILENCE_TIME = 10_000;
const REPORT_TIME = 5000;
/** A session is kept alive by half of its time, at most so much. */
const KEEP_LONGEST = 30_000;
/** Waits before another attempt: first, longest, after a failure that lasts. A stream of such a length makes the next wait the first again. */
const RETRY_FIRST = 1000;
const RETRY_LONGEST = 30_000;
const RETRY_LASTING = 60_000;
const RETRY_RESET = 10_000;
const REDIRECTS = 5;
/** Authentications of one request, each for a nonce that was too old. */
const TRIES = 3;

const OK = 200;
const UNAUTHORIZED = 401;
const UNSUPPORTED_TRANSPORT = 461;
const SESSION_UNKNOWN = 454;

/** Bytes of lines that are kept: parameter sets and challenges are long. */
const LINE_KEPT = 768;
/** An interleaved frame's head before a report. */
const FRAME_HEAD = 4;
const DOLLAR = 0x24;
const ROOM_BEFORE = 36;
const UDP_INPUT = 1024;

/** Tracks: the video, and sound when it is wanted. */
export function tracksOf(settings: RTSPSettings): number {
	return settings.audio === 0 ? 1 : 2;
}

/** Bytes that are read from the connection at once, at most: with UDP there are only answers. */
function inputBytes(settings: RTSPSettings): number {
	return settings.udp ? UDP_INPUT : settings.packetBytes;
}

/** Bytes of the arena that a client takes. */
export function clientBytes(settings: RTSPSettings): number {
	const own = LINE_KEPT + TEXTS_BYTES + REQUEST_BYTES + URL_BYTES + FRAME_HEAD + REPORT_BYTES;
	return ROOM_BEFORE + inputBytes(settings) + own + tracksOf(settings) * SETS_BYTES;
}

/** What the client needs of whoever carries its packets. */
export interface RTSPLink {
	/** Local port of a track's packets by UDP; its control packets come to the next one. */
	port(track: number): number;
	/** The server's ports for a track, and its address if it is another one, are known. @returns false when it cannot be reached. */
	located(track: number): boolean;
	/** Sends a control packet of a track by UDP. */
	report(track: number, offset: number, length: number): void;
	/** `stop` is done. */
	left(): void;
}

/**
 * A client of RTSP 1.0 (RFC 2326) that gets one video stream, and sound if it is wanted, and gets it again for ever; without I/O: bytes and the
 * time in; bytes, an order, packets and a deadline out. Owners call `tick` at `deadline`, and look at `order` and the output after each call.
 */
export class RTSPClient {
	state = STATE_IDLE;
	order = ORDER_NOTHING;
	/** Where to connect. */
	host = "";
	port = 0;
	/** When `tick` must be called (ms), Infinity: not at all. */
	deadline = Infinity;
	/** Bytes to be sent; then `sent`. */
	outputOffset = 0;
	outputLength = 0;
	/** Streams that began, attempts that failed, and why and with which status the last one did; ms until the next attempt. */
	plays = 0;
	failures = 0;
	failure: number = Failure.NONE;
	status = 0;
	retry = 0;
	/** Frames of channels that nobody asked for; requests of the server that were refused. */
	strayFrames = 0;
	refusals = 0;
	readonly texts: Texts;
	readonly tracks: readonly RTSPTrack[];
	readonly input: Interleaved;
	private readonly arena: Arena;
	private readonly settings: RTSPSettings;
	private readonly handler: RTSPHandler;
	private readonly link: RTSPLink;
	private readonly random: RandomSource;
	private readonly message: Message;
	private readonly challenge: Challenge;
	private readonly description: Description;
	private readonly authorization: Authorization;
	private readonly requests: Requests;
	private readonly backoff: Backoff;
	private readonly reportOffset: number;
	private url: RTSPURL;
	private redirects = 0;
	private sequence = 0;
	private method = METHOD_OPTIONS;
	/** Index of the track that is set up. */
	private step = 0;
	/** The request waits until the output is free. */
	private pending = false;
	/** Authentications of the request under way. */
	private tries = 0;
	/** The server knows GET_PARAMETER. */
	private knows = false;
	private keepTime = KEEP_LONGEST;
	/** Who sends reports. */
	private ssrc = 0;
	private began = false;
	private begunAt = 0;
	/** When the last packet came. */
	private heard = 0;
	/** Deadlines: answer, or connection, or next attempt; keeping alive; silence; report. */
	private answerDue = Infinity;
	private keepDue = Infinity;
	private silenceDue = Infinity;
	private reportDue = Infinity;

	/** Uses {@link clientBytes} bytes at `offset`. */
	constructor(arena: Arena, offset: number, settings: RTSPSettings, handler: RTSPHandler, link: RTSPLink, random: RandomSource) {
		const { url } = settings;
		const size = inputBytes(settings);
		let at = offset + ROOM_BEFORE + size;
		this.arena = arena;
		this.settings = settings;
		this.handler = handler;
		this.link = link;
		this.random = random;
		this.url = url;
		this.input = new Interleaved(arena, offset + ROOM_BEFORE, size);
		const line = new LineReader(arena, at, LINE_KEPT);
		at += LINE_KEPT;
		this.texts = new Texts(arena, at);
		at += TEXTS_BYTES;
		const tracks: RTSPTrack[] = [];
		for (let i = 0; i < tracksOf(settings); i++, at += SETS_BYTES) tracks.push(new RTSPTrack(i === 0, at));
		this.tracks = tracks;
		this.challenge = new Challenge(this.texts);
		this.description = new Description(arena, this.texts, tracks, settings.video | settings.audio);
		this.message = new Message(line, this.texts, this.challenge, this.description);
		this.authorization = new Authorization(arena, at, this.texts, this.challenge, random);
		this.requests = new Requests(arena, at, at + REQUEST_BYTES, this.texts, this.authorization);
		this.reportOffset = at + REQUEST_BYTES + URL_BYTES;
		this.backoff = new Backoff({ first: RETRY_FIRST, limit: RETRY_LONGEST, random });
		if (url.user !== undefined) this.texts.put(TEXT_USER, url.user);
		if (url.password !== undefined) this.texts.put(TEXT_PASSWORD, url.password);
	}

	/** Begins, and goes on until `stop`. */
	start(now: number): void {
		if (this.state === STATE_IDLE) this.turn(BEGUN, now);
		this.arm();
	}

	/** Says goodbye to the server if it plays; `left` of the link follows, at once or within a second. */
	stop(now: number): void {
		this.turn(STOPPED, now);
		this.arm();
	}

	/** The connection is there. */
	opened(now: number): void {
		if (this.state !== STATE_OPENING) return;
		this.turn(OPENED, now);
		this.arm();
	}

	/** `count` bytes were read to the room of `input`. */
	received(count: number, now: number): void {
		const { input, message } = this;
		input.produced(count);
		while (this.order === ORDER_NOTHING) {
			const piece = input.next(message.isBetween);
			if (piece === PIECE_NOTHING) break;
			if (piece === PIECE_FRAME) {
				this.frame(input.channel, input.offset, input.length, now);
				continue;
			}
			input.consumed(message.take(input.offset, input.length));
			if (message.state === MESSAGE_READING) continue;
			if (message.state === MESSAGE_BAD) this.fail(Failure.NOT_RTSP, now);
			else {
				if (message.status === 0) this.answer();
				else this.turn(ANSWERED, now);
				message.begin();
			}
		}
		this.arm();
	}

	/** `count` bytes of the output have gone. */
	sent(count: number, now: number): void {
		this.outputOffset += count;
		this.outputLength -= count;
		if (this.outputLength > 0 || !this.pending) return;
		this.send(now);
		this.arm();
	}

	/** The connection could not be made, has broken or has ended: one of the failures. */
	lost(failure: number, now: number): void {
		if (this.state <= STATE_WAITING) return;
		if (this.state === STATE_LEAVING) this.leave();
		else this.fail(failure, now);
		this.arm();
	}

	/** An RTP packet of a track came by UDP. */
	packet(track: RTSPTrack, offset: number, length: number, now: number): void {
		if (this.state !== STATE_STARTING && this.state !== STATE_PLAYING) return;
		if (track.take(this.arena.view, offset, length, now) !== TAKE_PACKET) return;
		this.begin(now);
		if (track.video) this.heard = now;
		this.handler.packet(track, track.offset, track.length, now);
	}

	/** A control packet of a track came by UDP. */
	control(track: RTSPTrack, offset: number, length: number, now: number): void {
		if (this.state !== STATE_PLAYING) return;
		if (readControl(this.arena.view, offset, length, track, now)) return;
		if (track.video) this.fail(Failure.GOODBYE, now);
		this.arm();
	}

	/** Does what is due. */
	tick(now: number): void {
		if (now >= this.answerDue) this.turn(OVERDUE, now);
		if (now >= this.silenceDue) {
			this.silenceDue = this.heard + SILENCE_TIME;
			if (now >= this.silenceDue) this.fail(Failure.SILENCE, now);
		}
		if (now >= this.keepDue) {
			this.keepDue = now + this.keepTime;
			if (this.answerDue === Infinity) this.ask(this.knows ? METHOD_KEEP : METHOD_OPTIONS, now);
		}
		if (now >= this.reportDue) {
			this.reportDue = now + REPORT_TIME;
			this.report(now);
		}
		this.arm();
	}

	/** Why the last attempt failed, for people; cold path. */
	get reason(): string {
		const text = failureText(this.failure);
		if (this.failure === Failure.STATUS) return text + ": " + methodName(this.method) + " is answered by " + this.status;
		if (this.failure !== Failure.NOTHING_USABLE) return text;
		const { offers } = this.description;
		return text + (offers === "" ? "" : ": " + offers) + (this.settings.hint === "" ? "" : "; " + this.settings.hint);
	}

	close(): void {
		this.authorization.close();
	}

	/** Every change of state that an event causes. */
	private turn(event: number, now: number): void {
		switch (event) {
			case BEGUN:
				this.url = this.settings.url;
				this.redirects = 0;
				this.open(now);
				break;
			case OPENED:
				this.greet(now);
				break;
			case ANSWERED:
				if (this.message.status >= OK && (this.message.sequence < 0 || this.message.sequence === this.sequence)) this.judge(now);
				break;
			case OVERDUE:
				this.overdue(now);
				break;
			default:
				if (this.state >= STATE_STARTING && this.state <= STATE_PLAYING) {
					this.end(now);
					this.state = STATE_LEAVING;
					this.ask(METHOD_TEARDOWN, now);
					this.answerDue = now + LEAVE_TIME;
				} else if (this.state !== STATE_LEAVING) this.leave();
		}
	}

	private open(now: number): void {
		this.host = this.url.host;
		this.port = this.url.port;
		this.state = STATE_OPENING;
		this.order = ORDER_OPEN;
		this.outputLength = 0;
		this.pending = false;
		this.answerDue = now + CONNECT_TIME;
	}

	private greet(now: number): void {
		const { texts } = this;
		this.input.begin();
		this.message.begin();
		this.challenge.begin();
		texts.clear(TEXT_SESSION);
		texts.clear(TEXT_LOCATION);
		texts.clear(TEXT_AGGREGATE);
		texts.put(TEXT_BASE, new Uint8Array(ArrayBuffer.fromString(this.url.target)));
		for (let i = 0; i < this.tracks.length; i++) this.tracks[i].clear();
		this.knows = false;
		this.ssrc = Math.floor(this.random.fraction() * 0x1_0000_0000);
		this.state = STATE_GREETING;
		this.ask(METHOD_OPTIONS, now);
	}

	/** Asks for the next thing. */
	private ask(method: number, now: number): void {
		this.method = method;
		this.tries = 0;
		this.send(now);
	}

	/** Writes the request as soon as nothing of another output is left. */
	private send(now: number): void {
		this.pending = this.outputLength > 0;
		this.answerDue = now + ANSWER_TIME;
		if (this.pending) return;
		const { requests, method } = this;
		const setup = method === METHOD_SETUP;
		this.sequence++;
		const text = setup ? TEXT_CONTROL + this.step : method > METHOD_SETUP ? TEXT_AGGREGATE : TEXT_BASE;
		requests.write(method, text, this.sequence, this.settings.udp, setup ? this.firstPort() : 0);
		this.message.describes = method === METHOD_DESCRIBE;
		this.message.expected = this.sequence;
		if (requests.length === 0) this.fail(Failure.TOO_LONG, now);
		else {
			this.outputOffset = requests.offset;
			this.outputLength = requests.length;
		}
	}

	private firstPort(): number {
		return this.settings.udp ? this.link.port(this.step) : 2 * this.step;
	}

	/** What the answer to the request under way says. */
	private judge(now: number): void {
		const { status } = this.message;
		if (this.answerDue === Infinity) return;
		this.status = status;
		if (this.state === STATE_LEAVING) this.leave();
		else if (status === UNAUTHORIZED) this.authorize(now);
		else if (status >= 300 && status < 400 && this.state !== STATE_PLAYING) this.redirect(now);
		else {
			this.answerDue = Infinity;
			this.goOn(status, now);
		}
	}

	/** The request was answered; a refusal is one only where it matters. */
	private goOn(status: number, now: number): void {
		const { message } = this;
		switch (this.state) {
			case STATE_GREETING:
				this.knows = message.getParameter;
				this.state = STATE_DESCRIBING;
				this.ask(METHOD_DESCRIBE, now);
				break;
			case STATE_DESCRIBING:
				if (status !== OK) this.fail(Failure.STATUS, now);
				else if (!message.described) this.fail(Failure.NO_DESCRIPTION, now);
				else if (this.tracks[0].codec === CODEC_NONE) this.fail(Failure.NOTHING_USABLE, now);
				else {
					this.state = STATE_SETTING_UP;
					this.step = 0;
					this.ask(METHOD_SETUP, now);
				}
				break;
			case STATE_SETTING_UP:
				this.setUp(status, now);
				break;
			case STATE_STARTING:
				if (status !== OK) this.fail(Failure.STATUS, now);
				else this.play(now);
				break;
			default:
				/* Kept alive, or not: servers that do not know GET_PARAMETER know OPTIONS. */
				if (status === SESSION_UNKNOWN) this.fail(Failure.STATUS, now);
				else if (status !== OK) this.knows = false;
		}
	}

	/** The answer to a SETUP: the next track, or PLAY. */
	private setUp(status: number, now: number): void {
		const { message, tracks } = this;
		const track = tracks[this.step];
		if (status === OK) {
			this.keepTime = Math.min(message.timeout * 500, KEEP_LONGEST);
			track.channel = message.channel >= 0 ? message.channel : 2 * this.step;
			track.controlChannel = message.controlChannel >= 0 ? message.controlChannel : track.channel + 1;
			track.port = Math.max(0, message.port);
			track.controlPort = Math.max(0, message.controlPort);
			if (this.settings.udp && !this.link.located(this.step)) {
				this.fail(Failure.UDP_ADDRESS, now);
				return;
			}
		} else if (track.video) {
			this.fail(status === UNSUPPORTED_TRANSPORT ? Failure.TRANSPORT : Failure.STATUS, now);
			return;
		} else track.clear();
		do this.step++;
		while (this.step < tracks.length && tracks[this.step].codec === CODEC_NONE);
		if (this.step < tracks.length) this.ask(METHOD_SETUP, now);
		else {
			this.state = STATE_STARTING;
			this.ask(METHOD_PLAY, now);
		}
	}

	private play(now: number): void {
		this.state = STATE_PLAYING;
		this.heard = now;
		this.keepDue = now + this.keepTime;
		this.silenceDue = now + SILENCE_TIME;
		this.reportDue = now + REPORT_TIME;
		this.begin(now);
	}

	/** The stream begins: with the answer to PLAY, or with packets that are faster. */
	private begin(now: number): void {
		if (this.began) return;
		this.began = true;
		this.begunAt = now;
		this.plays++;
		this.handler.began(now);
	}

	private end(now: number): void {
		if (!this.began) return;
		this.began = false;
		if (now - this.begunAt >= RETRY_RESET) this.backoff.reset();
		this.handler.ended(now);
	}

	/** 401: once for each nonce, as servers lock accounts. */
	private authorize(now: number): void {
		const { challenge } = this;
		const own = this.url.host.toLowerCase() === this.settings.url.host.toLowerCase();
		if (this.settings.url.user === undefined || !own) this.fail(Failure.PASSWORD_WANTED, now);
		else if (challenge.way === WAY_NONE) this.fail(Failure.WAY_UNKNOWN, now);
		else if (this.tries >= TRIES || (this.tries > 0 && !challenge.stale)) this.fail(Failure.PASSWORD_REFUSED, now);
		else {
			this.tries++;
			this.send(now);
		}
	}

	/** 3xx (RFC 2326 11.3): another server, which does not get the password unless it is the same host. */
	private redirect(now: number): void {
		const url = this.texts.length(TEXT_LOCATION) === 0 ? "" : parseRTSPURL(this.texts.text(TEXT_LOCATION));
		if (typeof url === "string") this.fail(Failure.REDIRECT, now);
		else if (++this.redirects > REDIRECTS) this.fail(Failure.REDIRECTS, now);
		else {
			this.url = url;
			this.open(now);
		}
	}

	private overdue(now: number): void {
		switch (this.state) {
			case STATE_WAITING:
				this.turn(BEGUN, now);
				break;
			case STATE_OPENING:
				this.fail(Failure.CONNECT_TIME, now);
				break;
			case STATE_LEAVING:
				this.leave();
				break;
			case STATE_PLAYING:
				/* Some cameras never answer; that packets come is what counts. */
				this.answerDue = Infinity;
				break;
			default:
				this.fail(Failure.ANSWER_TIME, now);
		}
	}

	/** This connection is of no more use; another one is made when the wait is over. */
	private fail(failure: number, now: number): void {
		this.end(now);
		this.failures++;
		this.failure = failure;
		const wait = this.backoff.next();
		this.retry = isLasting(failure) ? Math.max(wait, RETRY_LASTING) : wait;
		this.rest(STATE_WAITING);
		this.answerDue = now + this.retry;
	}

	private leave(): void {
		this.rest(STATE_IDLE);
		this.link.left();
	}

	private rest(state: number): void {
		this.state = state;
		this.order = ORDER_CLOSE;
		this.outputLength = 0;
		this.pending = false;
		this.answerDue = Infinity;
		this.keepDue = Infinity;
		this.silenceDue = Infinity;
		this.reportDue = Infinity;
	}

	/** An interleaved frame. */
	private frame(channel: number, offset: number, length: number, now: number): void {
		const { tracks } = this;
		for (let i = 0; i < tracks.length; i++) {
			const track = tracks[i];
			if (track.codec === CODEC_NONE || this.settings.udp) continue;
			if (channel === track.channel) {
				this.packet(track, offset, length, now);
				return;
			}
			if (channel === track.controlChannel) {
				this.control(track, offset, length, now);
				return;
			}
		}
		this.strayFrames++;
	}

	/** A request of the server. */
	private answer(): void {
		this.refusals++;
		if (this.outputLength > 0) return;
		this.requests.refuse(this.message.sequence);
		this.outputOffset = this.requests.offset;
		this.outputLength = this.requests.length;
	}

	/** Tells the sender how its packets arrive. */
	private report(now: number): void {
		const at = this.reportOffset;
		for (let i = 0; i < this.tracks.length; i++) {
			const track = this.tracks[i];
			if (track.codec === CODEC_NONE || track.ssrc < 0) continue;
			if (this.settings.udp) {
				writeReport(this.arena, at, track, this.ssrc, now);
				this.link.report(i, at, REPORT_BYTES);
			} else if (this.outputLength === 0) {
				writeReport(this.arena, at + FRAME_HEAD, track, this.ssrc, now);
				this.arena.view.setUint16(at, (DOLLAR << 8) | (track.controlChannel & 0xff));
				this.arena.view.setUint16(at + 2, REPORT_BYTES);
				this.outputOffset = at;
				this.outputLength = FRAME_HEAD + REPORT_BYTES;
			}
		}
	}

	private arm(): void {
		let due = this.answerDue;
		if (this.keepDue < due) due = this.keepDue;
		if (this.silenceDue < due) due = this.silenceDue;
		if (this.reportDue < due) due = this.reportDue;
		this.deadline = due;
	}
}
