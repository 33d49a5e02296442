import { ATTACK_PAUSE_MS, OLD_KEY_MS, PACKETS_PER_KEY, REQUEST_TIMES, ROTATION_MARGIN, ROTATION_MS } from "arcrtc/constants";
import { KeyBuffers } from "arcrtc/key_buffers";
import { deriveMaster, wipe } from "arcrtc/key_derivation";
import { KeyExchange } from "arcrtc/key_exchange";
import {
	REASON_INTERVAL,
	REASON_MANUAL,
	REASON_NONE,
	REASON_PACKETS,
	REASON_SECURITY,
	ROTATION_ASKED,
	ROTATION_BAD_KEY,
	ROTATION_BAD_STATE,
	ROTATION_FORGET,
	ROTATION_GAVE_UP,
	ROTATION_GRACE,
	ROTATION_IGNORED,
	ROTATION_INSTALL,
	ROTATION_NOTHING,
	ROTATION_PAUSED,
	ROTATION_RECONNECT,
	ROTATION_SEND_ANSWER,
	ROTATION_SEND_REQUEST,
	ROTATION_STEADY,
	ROTATION_STOPPED,
	ROTATION_TAKEN,
} from "arcrtc/rotation_words";

/** A request that nobody answered is made again after so many ms. */
const RETRY_MS = 10_000;
/** Old keys go after so many ms when nothing arrives under the new ones: later than the peer's second attempt at a request. */
const OLD_KEY_LONGEST_MS = 60_000;

export interface KeyRotationOptions {
	readonly sessionId: string;
	/** `peer_id` of this end and of the other. */
	readonly peerId: string;
	readonly remoteId: string;
	/** Key pair of the session, this object's from now on, and the peer's public key as signalled. */
	readonly exchange: KeyExchange;
	readonly remoteKey: string;
	/** Answers do not bring a new key of their own. */
	readonly oneSided?: boolean;
	readonly now: number;
	/** Where secrets lie; default buffers of its own. */
	readonly buffers?: KeyBuffers;
	/** Makes a pair; for known answers only. */
	readonly makeExchange?: () => KeyExchange;
}

/**
 * The master key of a session and its changes (section 2.6), without I/O: messages, the time and what happened in; what is to be done
 * out of {@link poll}; the next time for {@link tick} in {@link deadline}. Cold path.
 */
export class KeyRotation {
	state = ROTATION_STEADY;
	/** Of the keys in use; its lowest bit is K. */
	epoch = 0;
	/** Master of `epoch`, 32 bytes: for keys of streams that begin later, too. */
	readonly master: ArrayBuffer;
	/** When `tick` has something to do; Infinity: never. */
	deadline = Infinity;
	/** Of the request that is out. */
	requestEpoch = 0;
	requestReason = REASON_NONE;
	requestKey = "";
	attempt = 0;
	/** Of the answer that was given last: the key it was for, too. */
	answerEpoch = 0;
	answerKey = "";
	answerTo = 0;
	private answeredKey = "";
	/** Bit per event. */
	private events = 0;
	private readonly options: KeyRotationOptions;
	private readonly secret: ArrayBuffer;
	private exchange: KeyExchange;
	/** Pair of the request that is out. */
	private pending: KeyExchange | undefined;
	private remoteKey: string;
	/** A reason that waits until old keys are gone. */
	private wanted = REASON_NONE;
	/** Times: keys in use since, request begun, the last rotation for security. */
	private since: number;
	private begun = 0;
	private secured = -Infinity;
	/** When old keys go. */
	private forgetAt = Infinity;
	private arrived = false;

	/** @throws RangeError when the peer's key cannot be: {@link agrees} tells before. */
	constructor(options: KeyRotationOptions) {
		const buffers = options.buffers ?? new KeyBuffers();
		this.options = options;
		this.master = buffers.master;
		this.secret = buffers.secret;
		this.exchange = options.exchange;
		this.remoteKey = options.remoteKey;
		this.since = options.now;
		if (!this.derive(this.exchange, this.remoteKey)) throw new RangeError("arcrtc: the peer's public key cannot be");
		this.arm();
	}

	/** What is to be done next, one of `ROTATION_…`; each is told once. */
	poll(): number {
		for (let event = ROTATION_FORGET; event <= ROTATION_RECONNECT; event++) {
			if ((this.events & (1 << event)) === 0) continue;
			this.events &= ~(1 << event);
			return event;
		}
		return ROTATION_NOTHING;
	}

	/** Asks for new keys by hand. @returns false when the session must connect anew. */
	rotate(now: number): boolean {
		return this.want(REASON_MANUAL, now);
	}

	/** 100 authentication failures in a second, or the peer authenticated anew: new keys, at most once a minute. */
	attacked(now: number): void {
		if (now - this.secured < ATTACK_PAUSE_MS) return;
		this.secured = now;
		this.want(REASON_SECURITY, now);
	}

	/** The most packets that any SSRC has sent under the keys in use: to be told now and then, and when a sender was refused. */
	counted(packets: number, now: number): void {
		if (packets >= PACKETS_PER_KEY) this.stop();
		else if (packets >= PACKETS_PER_KEY - ROTATION_MARGIN) this.want(REASON_PACKETS, now);
	}

	/** The first packet under the new keys was authenticated: the old ones have one second left. */
	received(now: number): void {
		if (this.state !== ROTATION_GRACE || this.arrived) return;
		this.arrived = true;
		this.forgetAt = now + OLD_KEY_MS;
		this.arm();
	}

	/** KEY_ROTATE came, its `id` is to be named in the answer. */
	requested(epoch: number, publicKey: string, id: number, now: number, reason = REASON_NONE): number {
		if (this.state === ROTATION_STOPPED) return ROTATION_BAD_STATE;
		if (epoch === this.epoch && epoch === this.answerEpoch && epoch > 0 && publicKey === this.answeredKey) {
			// The answer was lost.
			this.answerTo = id;
			this.raise(ROTATION_SEND_ANSWER);
			return ROTATION_TAKEN;
		}
		if (epoch !== this.epoch + 1) return this.outOfStep(epoch);
		if (this.state === ROTATION_ASKED && this.outranks(publicKey)) return ROTATION_IGNORED;
		if (!this.fresh(publicKey)) return ROTATION_BAD_KEY;
		const own = this.options.oneSided === true ? this.exchange : this.make();
		if (!this.derive(own, publicKey)) {
			if (own !== this.exchange) own.close();
			return ROTATION_BAD_KEY;
		}
		if (reason === REASON_SECURITY) this.secured = now;
		this.answerEpoch = epoch;
		this.answerKey = own === this.exchange ? "" : own.publicKey;
		this.answeredKey = publicKey;
		this.answerTo = id;
		this.raise(ROTATION_SEND_ANSWER);
		this.withdraw();
		this.install(epoch, own, publicKey, now);
		return ROTATION_TAKEN;
	}

	/** KEY_ROTATE_ACK came. `publicKey`: undefined when it has none: the peer keeps its pair. */
	acknowledged(epoch: number, publicKey: string | undefined, now: number): number {
		const own = this.pending;
		if (own === undefined || epoch !== this.requestEpoch) return epoch <= this.epoch ? ROTATION_IGNORED : ROTATION_BAD_STATE;
		if (publicKey !== undefined && !this.fresh(publicKey)) return ROTATION_BAD_KEY;
		const remote = publicKey ?? this.remoteKey;
		if (!this.derive(own, remote)) return ROTATION_BAD_KEY;
		this.pending = undefined;
		this.withdraw();
		this.install(epoch, own, remote, now);
		return ROTATION_TAKEN;
	}

	/** The peer answered the request with ERROR: it has not taken it. A new one is made after a pause. */
	refused(now: number): void {
		if (this.state !== ROTATION_ASKED) return;
		this.pending?.close();
		this.pending = undefined;
		this.pause(now);
	}

	/** What the time brings. */
	tick(now: number): void {
		if (now < this.deadline) return;
		if (this.state === ROTATION_ASKED) {
			if (now - this.begun >= REQUEST_TIMES[LAST_TIME]) this.pause(now);
			else if (now - this.begun >= REQUEST_TIMES[this.attempt + 1]) {
				this.attempt++;
				this.raise(ROTATION_SEND_REQUEST);
			}
		} else if (this.state === ROTATION_PAUSED) {
			if (now - this.begun >= RETRY_MS) this.ask(this.requestReason, now);
		} else if (this.state === ROTATION_GRACE && now >= this.forgetAt) {
			this.forget();
			this.begin(now);
		}
		if (this.state !== ROTATION_STOPPED && now - this.since >= ROTATION_MS) this.want(REASON_INTERVAL, now);
		this.arm();
	}

	/** Overwrites all that is secret here. Safe twice. */
	close(): void {
		this.exchange.close();
		this.pending?.close();
		this.pending = undefined;
		wipe(this.master);
		this.state = ROTATION_STOPPED;
		this.deadline = Infinity;
		this.events = 0;
	}

	private want(reason: number, now: number): boolean {
		if (this.state === ROTATION_STOPPED) return false;
		// One that is under way serves every reason.
		if (this.state === ROTATION_ASKED || this.state === ROTATION_PAUSED) return true;
		if (reason > this.wanted) this.wanted = reason;
		if (this.state === ROTATION_STEADY) this.begin(now);
		return true;
	}

	private begin(now: number): void {
		const { wanted } = this;
		if (wanted === REASON_NONE) return;
		this.wanted = REASON_NONE;
		this.ask(wanted, now);
	}

	/** After a pause the same request again: the peer may have taken it, and only its answer was lost. */
	private ask(reason: number, now: number): void {
		this.pending ??= this.make();
		this.requestEpoch = this.epoch + 1;
		this.requestReason = reason;
		this.requestKey = this.pending.publicKey;
		this.attempt = 0;
		this.begun = now;
		this.state = ROTATION_ASKED;
		this.raise(ROTATION_SEND_REQUEST);
		this.arm();
	}

	private pause(now: number): void {
		this.begun = now;
		this.state = ROTATION_PAUSED;
		this.events &= ~(1 << ROTATION_SEND_REQUEST);
		this.raise(ROTATION_GAVE_UP);
		this.arm();
	}

	/** No request of ours is out any more. */
	private withdraw(): void {
		this.pending?.close();
		this.pending = undefined;
		this.requestKey = "";
		this.events &= ~(1 << ROTATION_SEND_REQUEST);
	}

	private install(epoch: number, own: KeyExchange, remote: string, now: number): void {
		// What was old before this goes at the latest now.
		if (this.state === ROTATION_GRACE) this.forget();
		if (own !== this.exchange) this.exchange.close();
		this.exchange = own;
		this.remoteKey = remote;
		this.epoch = epoch;
		this.since = now;
		this.arrived = false;
		this.forgetAt = now + OLD_KEY_LONGEST_MS;
		this.wanted = REASON_NONE;
		this.state = ROTATION_GRACE;
		this.raise(ROTATION_INSTALL);
		this.arm();
	}

	private forget(): void {
		this.forgetAt = Infinity;
		this.state = ROTATION_STEADY;
		this.raise(ROTATION_FORGET);
	}

	private stop(): void {
		if (this.state === ROTATION_STOPPED) return;
		this.withdraw();
		this.state = ROTATION_STOPPED;
		this.raise(ROTATION_RECONNECT);
		this.arm();
	}

	/** A peer that is ahead has keys that are not known here. */
	private outOfStep(epoch: number): number {
		if (epoch > this.epoch + 1) this.stop();
		return ROTATION_BAD_STATE;
	}

	/** Both asked at once: the lower `peer_id` wins. Of two equal ones the lower key. */
	private outranks(publicKey: string): boolean {
		const { peerId, remoteId } = this.options;
		return peerId === remoteId ? this.requestKey < publicKey : peerId < remoteId;
	}

	/** Neither the key that the peer has already, which would make the same keys again, nor one of ours come back. */
	private fresh(publicKey: string): boolean {
		return publicKey !== this.remoteKey && publicKey !== this.exchange.publicKey && publicKey !== this.requestKey;
	}

	private make(): KeyExchange {
		return this.options.makeExchange?.() ?? new KeyExchange();
	}

	/** The master of what two keys share. @returns false, and `master` as it was, when the peer's key cannot be. */
	private derive(own: KeyExchange, remote: string): boolean {
		const { secret } = this;
		if (!own.agree(remote, secret)) return false;
		deriveMaster(secret, this.options.sessionId, this.master);
		wipe(secret);
		return true;
	}

	private raise(event: number): void {
		this.events |= 1 << event;
	}

	private arm(): void {
		const { state } = this;
		let next = this.since + ROTATION_MS;
		if (state === ROTATION_ASKED) next = this.begun + REQUEST_TIMES[Math.min(this.attempt + 1, LAST_TIME)];
		else if (state === ROTATION_PAUSED) next = this.begun + RETRY_MS;
		else if (state === ROTATION_GRACE) next = this.forgetAt;
		else if (state === ROTATION_STOPPED) next = Infinity;
		this.deadline = next;
	}
}

/** Place of the time at which a request is given up. */
const LAST_TIME = REQUEST_TIMES.length - 1;
