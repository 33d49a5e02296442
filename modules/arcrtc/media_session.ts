import { FIRST_RTP } from "arcrtc/constants";
import {
	EVENT_CONTEXT_ACK,
	EVENT_CONTEXT_NACK,
	EVENT_NONE,
	EVENT_PICTURE_LOSS,
	EVENT_REPORT,
	EVENT_UNREPAIRED,
} from "arcrtc/control_events";
import { DropCounters } from "arcrtc/counters";
import { Feedback } from "arcrtc/feedback";
import { KIND_FULL, KIND_REDUCED, KIND_RTCP, kindOf } from "arcrtc/header";
import { HeldPackets } from "arcrtc/held_packets";
import { IncomingMedia, type MediaSink, type ReceiveTerms } from "arcrtc/incoming_media";
import { type MediaShape, mediaPlaces, RECEIVED_BLOCK, receiveStreams, sendStreams, WAITING_BLOCK } from "arcrtc/media_shape";
import { OPEN_NOTHING, Opener } from "arcrtc/opener";
import { OutgoingMedia, type SendTerms } from "arcrtc/outgoing_media";
import { ReceiveKeys } from "arcrtc/receive_keys";
import { Sealer } from "arcrtc/sealer";
import { SendKeys } from "arcrtc/send_keys";
import { SendQueue } from "arcrtc/send_queue";
import { UsedSources } from "arcrtc/used_sources";
import type { DatagramWriter } from "net/packet_queue";
import type { Arena } from "storage/arena";
import type { MemoryPlan } from "storage/plan";
import { PacketPool } from "storage/pool";

/** SSRCs of one session: streams start anew after each loss of the connection, under new ones. */
const SOURCES = 64;
/** stream_ids of the peer at a time: sound and pictures may be two. */
export const RECEIVE_KEYS = 2;
/** A packet that waited for so long (ms) is of no use any more. */
const AGE = 100;
/** Control packets made in one turn, at most. */
const MOST_CONTROLS = 16;

/** Who is told what a session brings about; cold paths. */
export interface MediaOwner extends MediaSink {
	/** The peer cannot show our pictures until it gets a key frame. */
	keyFrameWanted(now: number): void;
	/** The peer asks for another quality of our video: the encoder is to be set to `level` of `quality` before its next frame. */
	qualityWanted?(level: number, now: number): void;
}

export interface MediaSessionOptions {
	readonly shape: MediaShape;
	/** The plan that `planMedia` was given. */
	readonly plan: MemoryPlan;
	/** Negotiated, or the first that is offered: see {@link MediaSession.renew}. */
	readonly suite: number;
	readonly auth: number;
	readonly writer: DatagramWriter;
	readonly owner: MediaOwner;
	/** SSRC of reports, random. */
	readonly ssrc: number;
}

/**
 * The media of one ArcRTC session, without I/O: what is sent becomes protected packets, what comes becomes sound and pictures, and
 * both ends tell each other what was lost.
 *
 * ```
 *  sound, pictures --> OutgoingMedia --> Sealer --> SendQueue --> writer
 *                           |  ^                        ^
 *                  Feedback: reports, NACK, packets sent again
 *                           |  v
 *  sound, pictures <-- IncomingMedia <-- Opener <-- received()
 * ```
 */
export class MediaSession {
	readonly opener: Opener;
	readonly feedback: Feedback;
	readonly incoming: IncomingMedia;
	readonly outgoing: OutgoingMedia;
	readonly queue: SendQueue;
	readonly sealer: Sealer;
	readonly drops = new DropCounters();
	sendKeys: SendKeys;
	readonly receiveKeys: ReceiveKeys[] = [];
	readonly #bytes: Uint8Array;
	readonly #owner: MediaOwner;
	readonly #arena: Arena;
	readonly #ciphers: number;
	#suite: number;
	#auth: number;
	readonly #sources = new UsedSources(SOURCES);

	constructor(options: MediaSessionOptions) {
		const { shape, plan, suite, auth, writer, owner, ssrc } = options;
		const arena = plan.allocate();
		const places = mediaPlaces(plan, shape);
		const sources = this.#sources;
		const { drops } = this;
		this.#bytes = arena.bytes;
		this.#owner = owner;
		this.#arena = arena;
		this.#ciphers = places.ciphers;
		this.#suite = suite;
		this.#auth = auth;
		const pool = new PacketPool(arena, places.waiting, shape.waiting, WAITING_BLOCK);
		this.queue = new SendQueue({ arena, pool, writer, age: AGE });
		this.sealer = new Sealer({ arena, offset: places.sealer, streams: sendStreams(shape), sources });
		const receives = receiveStreams(shape) > 0;
		const held = receives
			? new HeldPackets(arena, new PacketPool(arena, places.held, places.heldBlocks, RECEIVED_BLOCK))
			: undefined;
		this.opener = new Opener({
			arena,
			offset: places.opener,
			streams: receiveStreams(shape),
			sources,
			counters: drops,
			replayWindow: shape.replayWindow,
			held,
		});
		this.feedback = new Feedback({
			arena,
			room: places.control,
			ring: places.resends,
			ringBytes: places.resendBytes,
			ssrc,
			drops,
		});
		this.sendKeys = new SendKeys(arena, places.ciphers, suite, auth);
		const count = !receives ? 0 : shape.receivesAudio && shape.receivesVideo ? RECEIVE_KEYS : 1;
		for (let i = 0; i < count; i++) {
			this.receiveKeys.push(new ReceiveKeys(arena, places.ciphers, suite, auth));
		}
		const { feedback, opener, queue, sealer } = this;
		this.outgoing = new OutgoingMedia({ arena, shape, places, sealer, keys: this.sendKeys, feedback, queue });
		this.incoming = new IncomingMedia({ arena, shape, places, opener, feedback, sink: owner });
	}

	/** Another suite or mode was agreed on: keys are made anew. Cold path; nothing is sent or received then. */
	renew(suite: number, auth: number): void {
		if (suite === this.#suite && auth === this.#auth) return;
		this.clear();
		this.close();
		this.#suite = suite;
		this.#auth = auth;
		this.sendKeys = new SendKeys(this.#arena, this.#ciphers, suite, auth);
		this.outgoing.keys = this.sendKeys;
		for (let i = 0; i < this.receiveKeys.length; i++)
			this.receiveKeys[i] = new ReceiveKeys(this.#arena, this.#ciphers, suite, auth);
	}

	/** A new session: all keys are new, every SSRC may be taken again. */
	clear(): void {
		this.outgoing.stop();
		for (let i = 0; i < this.receiveKeys.length; i++) this.stopReceiving(this.receiveKeys[i]);
		this.sendKeys.wipe();
		this.sendKeys.epoch = -1;
		this.#sources.clear();
		this.queue.clear();
	}

	/** Begins to send under keys of `material`, which the caller wipes. @returns false when an SSRC was used before in this session. */
	send(terms: SendTerms, material: ArrayBuffer, epoch: number, now: number): boolean {
		this.sendKeys.wipe();
		this.sendKeys.epoch = -1;
		return this.sendKeys.install(material, epoch, now) && this.outgoing.start(terms);
	}

	/**
	 * Streams of the peer begin, under one stream_id and keys of `material`, which the caller wipes.
	 * @returns the keys, to end them by; undefined: there is no place, or an SSRC was used before in this session.
	 */
	receive(terms: ReceiveTerms, material: ArrayBuffer, epoch: number): ReceiveKeys | undefined {
		for (let i = 0; i < this.receiveKeys.length; i++) {
			const keys = this.receiveKeys[i];
			if (keys.epoch >= 0) continue;
			if (!this.opener.install(keys, material, epoch)) return undefined;
			if (this.incoming.start(terms, keys)) return keys;
			this.stopReceiving(keys);
			return undefined;
		}
		return undefined;
	}

	stopReceiving(keys: ReceiveKeys): void {
		this.incoming.stop(keys);
		keys.wipe();
	}

	/** New keys of what is sent: the next packet of each stream is under them. @returns false while keys before the last are kept. */
	rekeySending(material: ArrayBuffer, epoch: number, now: number): boolean {
		return this.sendKeys.install(material, epoch, now);
	}

	/** New keys of what is received. Packets that came before them are opened now. */
	rekeyReceiving(keys: ReceiveKeys, material: ArrayBuffer, epoch: number, now: number): boolean {
		if (!this.opener.install(keys, material, epoch)) return false;
		for (let place = this.opener.openHeld(now); place !== OPEN_NOTHING; place = this.opener.openHeld(now))
			if (place >= 0) this.incoming.received(place, now);
		return true;
	}

	/** Another path is used from now on: `reliable`, it loses nothing (TCP). Keys, numbers and contexts go on. */
	pathChanged(reliable: boolean, now: number): void {
		this.outgoing.reliable = reliable;
		this.feedback.reliable = reliable;
		this.sealer.forceRefresh();
		this.feedback.pathChanged(now);
	}

	/**
	 * A datagram or frame of media or control, with 12 bytes before it that may be overwritten; it is opened where it lies. Call `turn`
	 * behind the last one of a batch. @returns true when it was authentic.
	 */
	received(offset: number, length: number, now: number): boolean {
		const bytes = this.#bytes;
		const first = bytes[offset];
		if (length < 2 || first < FIRST_RTP) {
			this.drops.format++;
			return false;
		}
		const kind = kindOf(first, bytes[offset + 1]);
		if (kind === KIND_REDUCED || kind === KIND_FULL) {
			const place = this.opener.open(offset, length, now);
			if (place < 0) return false;
			const { requested } = this.opener.header;
			this.incoming.received(place, now);
			if (requested >= 0) this.asked(requested, now);
			return true;
		}
		return kind === KIND_RTCP && this.feedback.open(offset, length, now) === 0;
	}

	/** Does what is due: plays, reports, asks, sends again. `wall`: Unix ms, below 0 when they are not known. */
	turn(now: number, wall: number): void {
		const { feedback, incoming, opener, queue } = this;
		this.handleEvents(now);
		incoming.play(now);
		const acks = opener.takeAcks(now);
		if (acks !== 0) feedback.contextAck(acks);
		const nacks = opener.takeNacks(now);
		if (nacks !== 0) feedback.contextNack(nacks);
		if (feedback.nextResend()) this.resend(now);
		if (now >= feedback.deadline) this.control(now, wall);
		if (now >= opener.deadline(now)) opener.tick(now);
		const { sendKeys } = this;
		if (now >= sendKeys.deadline) sendKeys.tick(now);
		if (queue.waiting > 0 && now >= queue.deadline) queue.flush(now);
	}

	/** When `turn` is to be called at the latest; Infinity: when something comes. */
	deadline(now: number): number {
		const { feedback, opener, queue } = this;
		let deadline = feedback.deadline;
		let other = this.incoming.deadline;
		if (other < deadline) deadline = other;
		other = opener.deadline(now);
		if (other < deadline) deadline = other;
		other = opener.feedbackDeadline;
		if (other < deadline) deadline = other;
		other = this.sendKeys.deadline;
		if (other < deadline) deadline = other;
		other = queue.deadline;
		return other < deadline ? other : deadline;
	}

	/** Frees what is native. */
	close(): void {
		this.sendKeys.close();
		for (let i = 0; i < this.receiveKeys.length; i++) this.receiveKeys[i].close();
	}

	private asked(requested: number, now: number): void {
		const { quality } = this.outgoing;
		quality.asked(requested);
		const level = quality.change;
		if (level >= 0) this.#owner.qualityWanted?.(level, now);
	}

	private handleEvents(now: number): void {
		const { feedback, sealer, outgoing } = this;
		for (let event = feedback.event(); event !== EVENT_NONE; event = feedback.event()) {
			const { place, value } = feedback;
			switch (event) {
				case EVENT_PICTURE_LOSS:
					this.#owner.keyFrameWanted(now);
					break;
				case EVENT_REPORT:
					this.reported(place, value);
					break;
				case EVENT_CONTEXT_ACK:
					sealer.confirmed(value);
					break;
				case EVENT_CONTEXT_NACK:
					sealer.refusedContexts(value);
					break;
				case EVENT_UNREPAIRED:
					if (this.incoming.video?.index === place) feedback.wantKeyFrame(place, now);
					break;
			}
		}
		if (outgoing.wantsKeyFrame) this.#owner.keyFrameWanted(now);
	}

	private reported(place: number, highest: number): void {
		const { outgoing, feedback } = this;
		const stream =
			outgoing.audio?.index === place ? outgoing.audio : outgoing.video?.index === place ? outgoing.video : undefined;
		if (stream === undefined) return;
		this.sealer.reported(stream, highest);
		if (stream === outgoing.video) outgoing.loss = feedback.sending.fraction / 256;
	}

	private resend(now: number): void {
		const { feedback, outgoing, queue } = this;
		const stream = outgoing.video?.index ?? 0;
		queue.begin();
		do queue.give(feedback.offset, feedback.length, outgoing.peer, feedback.priority, stream, false, now);
		while (feedback.nextResend());
		queue.end(now);
	}

	private control(now: number, wall: number): void {
		const { feedback, queue } = this;
		for (let i = 0; i < MOST_CONTROLS; i++) {
			const bytes = feedback.next(now, wall);
			if (bytes === 0) return;
			queue.give(feedback.offset, bytes, this.outgoing.peer, 0, 0, false, now);
		}
	}
}
