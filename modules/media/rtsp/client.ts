import { Authorization } from "media/rtsp/authorization";
import { Challenge, WAY_NONE } from "media/rtsp/challenge";
import { CODEC_NONE } from "media/rtsp/codecs";
import { Deadlines } from "media/rtsp/deadlines";
import { Description, SETS_BYTES } from "media/rtsp/description";
import { Failure, isLasting, reasonOf } from "media/rtsp/failure";
import type { RTSPHandler } from "media/rtsp/handler";
import { Interleaved, PIECE_FRAME, PIECE_NOTHING } from "media/rtsp/interleaved";
import type { RTSPLink } from "media/rtsp/link";
import { inputBytes, LINE_KEPT, ROOM_BEFORE, tracksOf } from "media/rtsp/memory";
import { MESSAGE_BAD, MESSAGE_READING, Message } from "media/rtsp/message";
import { Reception } from "media/rtsp/reception";
import { Method, methodName, REQUEST_BYTES, Requests, URL_BYTES } from "media/rtsp/requests";
import type { RTSPSettings } from "media/rtsp/settings";
import {
	ORDER_CLOSE,
	ORDER_NOTHING,
	ORDER_OPEN,
	STATE_DESCRIBING,
	STATE_GREETING,
	STATE_IDLE,
	STATE_LEAVING,
	STATE_OPENING,
	STATE_PLAYING,
	STATE_SETTING_UP,
	STATE_STARTING,
	STATE_WAITING,
} from "media/rtsp/states";
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
import { REDIRECTS, TRIES, Time } from "media/rtsp/times";
import { RTSPTrack } from "media/rtsp/track";
import { parseRTSPURL, type RTSPURL } from "media/rtsp/url";
import type { Arena } from "storage/arena";
import { Backoff, type RandomSource } from "time/backoff";
import { LineReader } from "wire/line_reader";

/** What can happen. */
const BEGUN = 0;
const OPENED = 1;
const ANSWERED = 2;
const OVERDUE = 3;
const STOPPED = 4;

const OK = 200;
const UNAUTHORIZED = 401;
const UNSUPPORTED_TRANSPORT = 461;
const SESSION_UNKNOWN = 454;

/**
 * A client of RTSP 1.0 (RFC 2326) that gets one video stream, and sound if it is wanted, and gets it again for ever; without I/O: bytes and the
 * time in; bytes, an order, packets and a deadline out. Owners call `tick` at `deadline`, and look at `order` and the output after each call.
 */
export class RTSPClient {
	state: number = STATE_IDLE;
	order: number = ORDER_NOTHING;
	/** Where to connect. */
	host = "";
	port = 0;
	/** When `tick` must be called (ms), Infinity: not at all. */
	deadline = Infinity;
	/** Bytes to be sent; then `sent`. */
	outputOffset = 0;
	outputLength = 0;
	/** Attempts that failed, and why and with which status the last one did; ms until the next attempt. */
	failures = 0;
	failure: number = Failure.NONE;
	status = 0;
	retry = 0;
	/** Requests of the server that were refused. */
	refusals = 0;
	readonly texts: Texts;
	readonly reception: Reception;
	readonly input: Interleaved;
	private readonly settings: RTSPSettings;
	private readonly link: RTSPLink;
	private readonly random: RandomSource;
	private readonly message: Message;
	private readonly challenge: Challenge;
	private readonly description: Description;
	private readonly authorization: Authorization;
	private readonly requests: Requests;
	private readonly backoff: Backoff;
	private url: RTSPURL;
	private redirects = 0;
	private sequence = 0;
	private method: number = Method.OPTIONS;
	/** Index of the track that is set up. */
	private step = 0;
	/** The request waits until the output is free. */
	private pending = false;
	/** Authentications of the request under way. */
	private tries = 0;
	/** The server knows GET_PARAMETER. */
	private knows = false;
	private keepTime: number = Time.KEEP_LONGEST;
	private readonly due = new Deadlines();

	/** Uses `clientBytes` bytes at `offset`. */
	constructor(arena: Arena, offset: number, settings: RTSPSettings, handler: RTSPHandler, link: RTSPLink, random: RandomSource) {
		const { url } = settings;
		const size = inputBytes(settings);
		let at = offset + ROOM_BEFORE + size;
		this.settings = settings;
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
		this.challenge = new Challenge(this.texts);
		this.description = new Description(arena, this.texts, tracks, settings.video | settings.audio);
		this.message = new Message(line, this.texts, this.challenge, this.description);
		this.authorization = new Authorization(arena, at, this.texts, this.challenge, random);
		this.requests = new Requests(arena, at, at + REQUEST_BYTES, this.texts, this.authorization);
		this.reception = new Reception(arena, at + REQUEST_BYTES + URL_BYTES, tracks, settings.udp, handler, link);
		this.backoff = new Backoff({ first: Time.RETRY_FIRST, limit: Time.RETRY_LONGEST, random });
		if (url.user !== undefined) this.texts.put(TEXT_USER, url.user);
		if (url.password !== undefined) this.texts.put(TEXT_PASSWORD, url.password);
	}

	/** The video, and the sound when it is wanted. */
	get tracks(): readonly RTSPTrack[] {
		return this.reception.tracks;
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
				if (!this.reception.frame(input.channel, input.offset, input.length, now)) this.fail(Failure.GOODBYE, now);
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

	/** A control packet of a track came by UDP. */
	control(track: RTSPTrack, offset: number, length: number, now: number): void {
		if (this.reception.control(track, offset, length, now)) return;
		this.fail(Failure.GOODBYE, now);
		this.arm();
	}

	/** Does what is due. */
	tick(now: number): void {
		if (now >= this.due.answer) this.turn(OVERDUE, now);
		if (now >= this.due.silence) {
			this.due.silence = this.reception.heard + Time.SILENCE;
			if (now >= this.due.silence) this.fail(this.silence, now);
		}
		if (now >= this.due.keep) {
			this.due.keep = now + this.keepTime;
			if (this.due.answer === Infinity) this.ask(this.knows ? Method.KEEP : Method.OPTIONS, now);
		}
		if (now >= this.due.report) {
			this.due.report = now + Time.REPORT;
			this.report(now);
		}
		this.arm();
	}

	/** Why the last attempt failed, for people; cold path. */
	get reason(): string {
		return reasonOf(this.failure, methodName(this.method), this.status, this.description.offers, this.settings.hint);
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
					this.ask(Method.TEARDOWN, now);
					this.due.answer = now + Time.LEAVE;
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
		this.due.answer = now + Time.CONNECT;
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
		this.reception.ssrc = Math.floor(this.random.fraction() * 0x1_0000_0000);
		this.state = STATE_GREETING;
		this.ask(Method.OPTIONS, now);
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
		this.due.answer = now + Time.ANSWER;
		if (this.pending) return;
		const { requests, method } = this;
		const setup = method === Method.SETUP;
		this.sequence++;
		const text = setup ? TEXT_CONTROL + this.step : method > Method.SETUP ? TEXT_AGGREGATE : TEXT_BASE;
		requests.write(method, text, this.sequence, this.settings.udp, setup ? this.firstPort() : 0);
		this.message.describes = method === Method.DESCRIBE;
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
		if (this.due.answer === Infinity) return;
		this.status = status;
		if (this.state === STATE_LEAVING) this.leave();
		else if (status === UNAUTHORIZED) this.authorize(now);
		else if (status >= 300 && status < 400 && this.state !== STATE_PLAYING) this.redirect(now);
		else {
			this.due.answer = Infinity;
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
				this.ask(Method.DESCRIBE, now);
				break;
			case STATE_DESCRIBING:
				if (status !== OK) this.fail(Failure.STATUS, now);
				else if (!message.described) this.fail(Failure.NO_DESCRIPTION, now);
				else if (this.tracks[0].codec === CODEC_NONE) this.fail(Failure.NOTHING_USABLE, now);
				else {
					this.state = STATE_SETTING_UP;
					this.step = 0;
					this.ask(Method.SETUP, now);
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
			this.keepTime = Math.min(message.timeout * 500, Time.KEEP_LONGEST);
			track.place(
				message.channel >= 0 ? message.channel : 2 * this.step,
				message.controlChannel,
				message.port,
				message.controlPort,
			);
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
		if (this.step < tracks.length) this.ask(Method.SETUP, now);
		else {
			this.state = STATE_STARTING;
			this.reception.active = true;
			this.ask(Method.PLAY, now);
		}
	}

	private play(now: number): void {
		this.state = STATE_PLAYING;
		this.reception.heard = now;
		this.due.keep = now + this.keepTime;
		this.due.silence = now + Time.SILENCE;
		this.due.report = now + Time.REPORT;
		this.reception.begin(now);
	}

	private end(now: number): void {
		if (this.reception.end(now) >= Time.RETRY_RESET) this.backoff.reset();
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

	/** By UDP nothing at all may come through. */
	private get silence(): number {
		return this.settings.udp && this.tracks[0].ssrc < 0 ? Failure.UDP_SILENCE : Failure.SILENCE;
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
				this.due.answer = Infinity;
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
		this.retry = isLasting(failure) ? Math.max(wait, Time.RETRY_LASTING) : wait;
		this.rest(STATE_WAITING);
		this.due.answer = now + this.retry;
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
		this.due.clear();
	}

	/** A request of the server. */
	private answer(): void {
		this.refusals++;
		if (this.outputLength > 0) return;
		this.requests.refuse(this.message.sequence);
		this.outputOffset = this.requests.offset;
		this.outputLength = this.requests.length;
	}

	/** Reports wait for nothing: with a request under way there is none. */
	private report(now: number): void {
		if (this.outputLength > 0) return;
		this.outputLength = this.reception.report(now);
		this.outputOffset = this.reception.reports;
	}

	private arm(): void {
		this.deadline = this.due.next;
	}
}
