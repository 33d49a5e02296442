import {
	COMMAND_CREATE,
	COMMAND_DELETE,
	COMMAND_GET_CHANNELS,
	COMMAND_GET_PORT,
	COMMAND_JOIN,
	COMMAND_LEAVE,
	COMMAND_REGISTER,
	EVENT_ALIVE,
	EVENT_CANCEL,
	EVENT_CLOSED,
	EVENT_CLOSE_IGNORED,
	EVENT_CREATED,
	EVENT_GONE,
	EVENT_JOINED,
	EVENT_LOST,
	EVENT_NONE,
	EVENT_PORT,
	EVENT_REFUSED,
	EVENT_REGISTERED,
	EVENT_REQUEST,
	EVENT_SEND,
	EVENT_STOPPED,
	PACKET_CLOSE,
	PACKET_VOICE,
	REASON_CLOSED,
	REASON_EVICTED,
	REASON_GONE,
	REASON_MOVED,
	REASON_NONE,
	REASON_REQUEST,
	RESULT_ERROR,
	RESULT_ILLEGAL_PORT,
	RESULT_ILLEGAL_UID,
	STATE_ABSENT,
	STATE_CREATING,
	STATE_IDLE,
	STATE_JOINED,
	STATE_JOINING,
	STATE_LEAVING,
	STATE_LOOKING,
	STATE_REFUSED,
	STATE_REGISTERING,
	STATE_STOPPED,
	STATE_WAITING,
} from "kv/constants";
import { ChannelCounters } from "kv/counters";
import { Holdings } from "kv/holdings";
import { Id, NO_ID } from "kv/id";
import type { KVSettings } from "kv/options";
import { MISSED_LIMIT, Presence } from "kv/presence";
import { Request, type RequestDone } from "kv/request";
import type { KVTimes } from "kv/times";
import { Watch } from "kv/watch";
import { PacketWire } from "kv/wire";
import type { Arena } from "storage/arena";
import { Backoff, type RandomSource } from "time/backoff";

/** Sends that fail in a row before it is looked whether the channel is still there (section 6). */
const ERRORS_LIMIT = 3;

/** Share of jitter that {@link Backoff} adds: ± 20 % of 1000 are 800 and half of that. */
const LEAST = 0.8;
const SPREAD = 0.5;

export interface SessionOptions {
	readonly settings: KVSettings;
	/** The channel to be joined; undefined: one of its own. */
	readonly channel: Id | undefined;
	readonly arena: Arena;
	/** Where system packets are written when they are polled: DATAGRAM_SIZE bytes, free in between. */
	readonly offset: number;
	readonly random: RandomSource;
	/** Called by the control side when `request` is done; it then calls `answered`. */
	readonly done: RequestDone;
}

/**
 * One user in one channel, without I/O (section 3 of docs/protocols/kv.md): registers, creates or finds the channel, joins, stays, notices
 * when it is out, begins anew, leaves.
 *
 * The contract: `start`, then `poll` until it says EVENT_NONE after each call. EVENT_REQUEST: `request` is to be submitted to the control
 * side, and `answered` called when it is done. EVENT_SEND: the system packet at `presence.offset` goes to port `presence.target`, and
 * `sent` is told. Datagrams go to `datagram`; `tick` at `deadline`. Nothing here allocates.
 */
export class Session {
	/** One of the STATE constants. */
	state = STATE_IDLE;
	readonly uid = new Id();
	readonly channel = new Id();
	readonly request: Request;
	readonly presence: Presence;
	readonly wire: PacketWire;
	readonly counters = new ChannelCounters();
	/** Why it is not joined, one of the REASON constants, and when it tries again; Infinity: never by itself. */
	reason = REASON_NONE;
	retryAt = Infinity;
	#events = 0;
	#asking = false;
	#stopping = false;
	#stopAt = Infinity;
	readonly #ids = new Holdings();
	#joinedAt = 0;
	readonly #watch: Watch;
	/** The server does not tell ports. */
	#portless = false;
	/** The port as JOIN gave it. */
	#port = 0;
	#errors = 0;
	readonly #settings: KVSettings;
	readonly #times: KVTimes;
	readonly #own: boolean;
	readonly #backoff: Backoff;

	constructor(options: SessionOptions) {
		const { settings, channel, arena, offset, random } = options;
		const { times } = settings;
		this.#settings = settings;
		this.#times = times;
		this.#watch = new Watch(times);
		this.#own = channel === undefined;
		if (channel !== undefined) this.channel.copy(channel);
		this.request = new Request(options.done);
		this.wire = new PacketWire(settings.switches);
		this.presence = new Presence(arena, offset, this.uid, this.wire, this.counters, settings);
		this.#backoff = new Backoff({ first: times.retry * LEAST, limit: times.retryLimit * LEAST, jitter: SPREAD, random });
		this.forget(true);
	}

	start(now: number): void {
		if (this.state !== STATE_IDLE && this.state !== STATE_STOPPED) return;
		this.#stopping = false;
		this.forget(true);
		this.proceed(now);
	}

	/** Leaves, and deletes what it had made when that is wanted; EVENT_STOPPED follows, at once when nothing is to be asked. */
	stop(now: number): void {
		if (this.#stopping) return;
		this.#stopping = true;
		const { state } = this;
		const making = state === STATE_REGISTERING || state === STATE_CREATING;
		if (state === STATE_JOINED) {
			this.leave(now);
			return;
		}
		this.#stopAt = now + this.#times.leave;
		// What is asked for may be there when its answer comes.
		if (state === STATE_JOINING || (making && this.#settings.cleanUp)) return;
		this.cancel();
		this.cleanUp();
	}

	get joined(): boolean {
		return this.state === STATE_JOINED;
	}

	/** The next thing that happened, one of the EVENT constants. */
	poll(now: number): number {
		const events = this.#events;
		const event = events & -events;
		if (event !== EVENT_NONE && event < EVENT_SEND) {
			this.#events = events ^ event;
			return event;
		}
		if (this.presence.compose(now)) return EVENT_SEND;
		this.#events = EVENT_NONE;
		return event;
	}

	/** When `tick` must be called; Infinity: not at all. */
	get deadline(): number {
		switch (this.state) {
			case STATE_JOINED: {
				const { deadline } = this.presence;
				if (this.#asking) return deadline;
				return this.#watch.deadline < deadline ? this.#watch.deadline : deadline;
			}
			case STATE_WAITING:
			case STATE_REFUSED:
			case STATE_ABSENT:
				return this.#asking ? Infinity : this.retryAt;
			default:
				return this.#stopAt;
		}
	}

	/** Does what is due by time. Early calls are harmless. */
	tick(now: number): void {
		switch (this.state) {
			case STATE_JOINED:
				this.stay(now);
				break;
			case STATE_WAITING:
			case STATE_REFUSED:
				if (now >= this.retryAt) this.proceed(now);
				break;
			case STATE_ABSENT:
				if (now >= this.retryAt && !this.#asking) this.askList(now);
				break;
			default:
				if (now >= this.#stopAt) this.stopped();
		}
	}

	/** `request` is done. */
	answered(now: number): void {
		if (!this.#asking) return;
		this.#asking = false;
		const { request } = this;
		const ids = this.#ids;
		switch (this.state) {
			case STATE_REGISTERING:
				if (!request.ok) this.failed(now);
				else {
					this.uid.copy(request.status);
					ids.registered();
					this.#events |= EVENT_REGISTERED;
					this.proceed(now);
				}
				break;
			case STATE_LOOKING:
				if (!request.ok && !request.refused) this.failed(now);
				else {
					ids.look = false;
					ids.listed = request.ok && request.listed;
					if (ids.listed) ids.made();
					this.proceed(now);
				}
				break;
			case STATE_CREATING:
				if (!request.ok) this.failed(now);
				else {
					this.channel.copy(request.status);
					ids.made();
					this.#events |= EVENT_CREATED;
					this.proceed(now);
				}
				break;
			case STATE_JOINING:
				this.joinAnswered(now);
				break;
			case STATE_JOINED:
				this.looked(now);
				break;
			case STATE_ABSENT:
				ids.listed = request.ok && request.listed;
				if (ids.listed) this.proceed(now);
				else this.retryAt = now + this.#times.check;
				break;
			case STATE_LEAVING:
				this.cleanUp();
		}
	}

	/**
	 * A datagram of `length` bytes came to `at`, from port number `source` of the channel's address (0 `presence.port`, 1
	 * `presence.otherPort`, else -1). @returns one of the PACKET constants; with PACKET_VOICE `presence.speaker` says whose the payload is.
	 */
	datagram(at: number, length: number, source: number, now: number): number {
		const { presence } = this;
		const { alive } = presence;
		const what = presence.datagram(at, length, source, now);
		if (presence.alive !== alive) this.#events |= EVENT_ALIVE | EVENT_PORT;
		if (what === PACKET_VOICE) this.#watch.heard(now);
		else if (what === PACKET_CLOSE) {
			this.counters.closes++;
			if (this.#watch.closed(now)) this.#events |= EVENT_CLOSED;
		}
		return what;
	}

	/** A datagram was given to the host, who took it or not. */
	sent(taken: boolean, now: number): void {
		if (taken) {
			if (this.#errors >= ERRORS_LIMIT && this.state === STATE_JOINED) this.presence.refresh(now);
			this.#errors = 0;
			return;
		}
		this.counters.sendErrors++;
		this.#errors++;
		if (this.state !== STATE_JOINED) return;
		this.presence.unsent(now);
		if (this.#errors === ERRORS_LIMIT) this.#watch.urge(now);
	}

	/** Takes the next step to being joined, by what is known. */
	private proceed(now: number): void {
		const { uid, channel } = this;
		this.retryAt = Infinity;
		if (this.#stopping) this.cleanUp();
		else if (!this.#ids.known) {
			const { administrator, permissions } = this.#settings;
			this.state = STATE_REGISTERING;
			this.ask(COMMAND_REGISTER, administrator, permissions);
		} else if (!this.#ids.found && this.#ids.look) {
			this.state = STATE_LOOKING;
			this.askList(now);
		} else if (!this.#ids.found) {
			this.state = STATE_CREATING;
			this.ask(COMMAND_CREATE, uid);
		} else {
			this.state = STATE_JOINING;
			this.#stopAt = Infinity;
			this.ask(COMMAND_JOIN, uid, uid, channel);
		}
	}

	private joinAnswered(now: number): void {
		const { request } = this;
		const listed = this.#ids.listed;
		this.#ids.listed = false;
		if (request.ok && this.#stopping) this.leave(now);
		else if (request.ok) this.join(request.port, now);
		else if (this.#stopping) this.cleanUp();
		else if (!this.#own && !listed && request.saysMissing) this.absent(REASON_REQUEST, now, true);
		else if (this.#own && listed && request.refused) {
			// Not the channel that it had created before, or no way back into it.
			this.#ids.found = false;
			this.proceed(now);
		} else this.failed(now);
	}

	private join(port: number, now: number): void {
		this.state = STATE_JOINED;
		this.reason = REASON_NONE;
		this.#joinedAt = now;
		this.#port = port;
		this.#errors = 0;
		this.#watch.open(now);
		this.presence.open(port, now);
		this.counters.joins++;
		this.#events |= EVENT_PORT | EVENT_JOINED;
	}

	/** What is due while joined. */
	private stay(now: number): void {
		const port = this.presence.otherPort;
		this.presence.tick(now);
		if (port !== this.presence.otherPort) this.#events |= EVENT_PORT;
		if (this.#asking) return;
		if (this.presence.missed >= MISSED_LIMIT) this.#watch.urge(now);
		if (now >= this.#watch.deadline) this.askList(now);
	}

	private askList(now: number): void {
		this.#watch.begin(now);
		this.counters.checks++;
		this.ask(COMMAND_GET_CHANNELS, this.channel);
	}

	/** What a look while joined has shown: first the list, then the port. */
	private looked(now: number): void {
		const { request } = this;
		if (request.command === COMMAND_JOIN) this.joinedAgain(now);
		else if (request.command === COMMAND_GET_PORT) {
			if (request.ok && request.port !== this.#port) {
				this.lose(REASON_MOVED, now);
				return;
			}
			if (request.refused) this.#portless = true;
			this.checked(now);
		} else if (request.ok) {
			this.#watch.answered();
			if (!request.listed) this.lose(this.#watch.closing ? REASON_CLOSED : REASON_GONE, now);
			else if (this.#portless) this.checked(now);
			else this.ask(COMMAND_GET_PORT, this.channel);
		} else if (request.refused) this.checked(now);
		else {
			this.counters.checksFailed++;
			const heard = now - this.presence.heardAt < this.#times.silence || request.result === RESULT_ERROR;
			if (this.#watch.failed(heard, now)) this.lose(REASON_REQUEST, now);
		}
	}

	/** The channel is where it was. */
	private checked(now: number): void {
		const { presence, uid } = this;
		if (presence.missed >= MISSED_LIMIT) {
			this.lose(REASON_EVICTED, now);
			return;
		}
		if (this.#watch.found(now)) {
			this.counters.forgedCloses++;
			this.#events |= EVENT_CLOSE_IGNORED;
		}
		if (presence.acknowledges || !this.#watch.doubts(presence.heardAt, now)) return;
		this.counters.rejoins++;
		this.ask(COMMAND_JOIN, uid, uid, this.channel);
	}

	/** JOIN of a member that hears nothing: whoever was dropped is in again, and members stay what they are. */
	private joinedAgain(now: number): void {
		const { request } = this;
		this.#watch.reassured(request.ok, now);
		if (request.refused) this.lose(REASON_EVICTED, now);
		else if (request.ok && request.port !== this.#port) this.lose(REASON_MOVED, now);
		else if (request.ok) this.presence.rejoined(now);
	}

	/** Not joined any more. */
	private lose(reason: number, now: number): void {
		this.presence.close();
		this.counters.losses++;
		if (now - this.#joinedAt >= this.#times.life) this.#backoff.reset();
		const gone = reason === REASON_GONE || reason === REASON_CLOSED;
		if (gone) this.#events |= EVENT_GONE;
		this.forget(gone);
		if (gone && !this.#own) this.absent(reason, now);
		else this.wait(reason, now);
	}

	/** A request on the way to being joined has failed. */
	private failed(now: number): void {
		const { request } = this;
		const { result } = request;
		if (this.#stopping) {
			this.cleanUp();
			return;
		}
		if (request.refused || result === RESULT_ILLEGAL_UID || result === RESULT_ILLEGAL_PORT) {
			this.counters.refusals++;
			this.forget(true, true);
			this.state = STATE_REFUSED;
			this.reason = REASON_REQUEST;
			this.retryAt = this.#settings.switches.refused === "slow" ? now + this.#times.refused : Infinity;
			this.#events |= EVENT_REFUSED;
			return;
		}
		// Without a word from the server it may be another one by now, that knows none of these ids.
		if (result !== RESULT_ERROR) this.forget(false);
		this.wait(REASON_REQUEST, now);
	}

	private wait(reason: number, now: number): void {
		this.state = STATE_WAITING;
		this.reason = reason;
		this.retryAt = now + this.#backoff.next();
		this.#events |= EVENT_LOST;
	}

	private absent(reason: number, now: number, same = false): void {
		this.forget(true, same);
		this.state = STATE_ABSENT;
		this.reason = reason;
		this.retryAt = now + this.#times.check;
		this.#events |= EVENT_LOST;
	}

	/** Ids that it was given by the server are of no use any more, a channel of its own perhaps not yet. */
	private forget(gone: boolean, same = false): void {
		const { uid } = this.#settings;
		if (uid !== undefined) this.uid.copy(uid);
		this.#ids.forget(uid !== undefined, !this.#own, this.#own && !gone && !this.channel.zero, same);
	}

	private leave(now: number): void {
		const { uid, channel } = this;
		this.cancel();
		this.presence.leave();
		this.state = STATE_LEAVING;
		this.#stopAt = now + this.#times.leave;
		this.ask(COMMAND_LEAVE, uid, uid, channel);
	}

	/** The next request of a stop: what it had made is deleted when that is wanted, as far as the server is known to have it. */
	private cleanUp(): void {
		const { uid } = this;
		const command = this.#settings.cleanUp ? this.#ids.delete() : 0;
		if (command === 0) this.stopped();
		else {
			this.state = STATE_LEAVING;
			this.ask(command, uid, command === COMMAND_DELETE ? this.channel : uid);
		}
	}

	private stopped(): void {
		this.cancel();
		this.presence.close();
		this.state = STATE_STOPPED;
		this.#stopping = false;
		this.#stopAt = Infinity;
		this.#events |= EVENT_STOPPED;
	}

	private ask(command: number, first: Id, second = NO_ID, third = NO_ID): void {
		this.request.set(command, first, second, third);
		this.#asking = true;
		this.#events |= EVENT_REQUEST;
	}

	private cancel(): void {
		if (!this.#asking) return;
		this.#asking = false;
		this.#events = (this.#events | EVENT_CANCEL) & ~EVENT_REQUEST;
	}
}
