import { AUTH_AEAD, HEADROOM, MATERIAL_BYTES, SUITE_AES_128_GCM, TAILROOM } from "arcrtc/constants";
import type { JitterBuffer } from "arcrtc/jitter_buffer";
import type { MediaPacket } from "arcrtc/media_packet";
import { type MediaOwner, MediaSession } from "arcrtc/media_session";
import { type MediaShape, planMedia, RECEIVED_BLOCK } from "arcrtc/media_shape";
import type { ReceiveKeys } from "arcrtc/receive_keys";
import { Numbers } from "fuzz/numbers";
import { H264Depacketizer, H264Packetizer } from "media/rtp/h264";
import { FRAME } from "media/rtp/format";
import { PREFIX_LENGTHS } from "media/rtp/nal_depacketizer";
import type { DatagramWriter } from "net/packet_queue";
import type { Arena } from "storage/arena";
import { MemoryPlan } from "storage/plan";

/** Bytes of a packet of sound, of the largest picture; ms of a frame of sound and between pictures. */
export const SOUND = 80;
export const PICTURE = 24_000;
const FRAME_MS = 20;
const PICTURE_MS = 40;
const SOUND_TICKS = 960;
const PICTURE_TICKS = 3600;

export const BOTH: MediaShape = Object.freeze({
	sendsAudio: true,
	sendsVideo: true,
	receivesAudio: true,
	receivesVideo: true,
	nack: true,
	fec: true,
	videoRate: 4000,
	burst: 8,
	reorder: 128,
	waiting: 16,
	replayWindow: 512,
});

/** One end: it makes sound and pictures, and notes what comes of the other's. */
export class End implements MediaOwner, DatagramWriter {
	readonly session: MediaSession;
	readonly arena: Arena;
	/** The network, for what this end sends. */
	send: (offset: number, length: number) => void = () => {};
	/** Packets of sound that came, whose bytes were wrong, and the last number. */
	heardCount = 0;
	heardWrong = 0;
	/** Pictures that came whole, wrong ones, damaged ones. */
	seenCount = 0;
	seenWrong = 0;
	keyFrames = 0;
	levels: number[] = [];
	sentSounds = 0;
	sentPictures = 0;
	bytesSent = 0;
	/** What the host answers instead of taking a packet: a DatagramStatus; 0: it takes it. */
	status = 0;
	receiveKeys: ReceiveKeys | undefined;
	readonly inbox: number;
	readonly #sound: number;
	readonly #picture: number;
	readonly #packetizer: H264Packetizer;
	readonly #depacketizer: H264Depacketizer;
	#soundTime = 0xffff_ff00;
	#pictureTime = 0xffff_0000;

	/** `plan`: one that {@link planEnd} was given; default its own. */
	constructor(shape: MediaShape, ssrc: number, plan = planEnd(new MemoryPlan(), shape)) {
		this.arena = plan.allocate();
		this.inbox = plan.offset("inbox") + HEADROOM;
		this.#sound = plan.offset("sound") + HEADROOM;
		this.#picture = plan.offset("picture");
		this.#packetizer = new H264Packetizer(this.arena, PREFIX_LENGTHS);
		this.#depacketizer = new H264Depacketizer(this.arena, plan.offset("seen"), plan.size("seen"), PREFIX_LENGTHS);
		this.session = new MediaSession({ shape, plan, suite: SUITE_AES_128_GCM, auth: AUTH_AEAD, writer: this, owner: this, ssrc });
	}

	write(_buffer: ArrayBuffer, offset: number, length: number): number {
		if (this.status < 0) return this.status;
		this.bytesSent += length;
		this.send(offset, length);
		return length;
	}

	heard(packet: MediaPacket): void {
		this.heardCount++;
		const { bytes } = this.arena;
		let wrong = packet.payloadLength !== SOUND;
		for (let i = 1; i < packet.payloadLength; i++)
			if (bytes[packet.payload + i] !== ((bytes[packet.payload] + i) & 0xff)) wrong = true;
		if (wrong) this.heardWrong++;
	}

	seen(jitter: JitterBuffer): void {
		const { offset, length, timestamp, marker, lost } = jitter;
		const depacketizer = this.#depacketizer;
		let outcome = depacketizer.push(offset, length, timestamp, marker, lost > 0);
		while (outcome === FRAME) {
			this.seenCount++;
			this.look(depacketizer.frameOffset, depacketizer.frameLength);
			outcome = depacketizer.more();
		}
	}

	keyFrameWanted(): void {
		this.keyFrames++;
	}

	qualityWanted(level: number): void {
		this.levels.push(level);
	}

	get damaged(): number {
		return this.#depacketizer.counters.damaged;
	}

	makeSound(now: number): void {
		const { bytes } = this.arena;
		const at = this.#sound;
		for (let i = 0; i < SOUND; i++) bytes[at + i] = (this.sentSounds + i) & 0xff;
		this.#soundTime = (this.#soundTime + SOUND_TICKS) >>> 0;
		if (this.session.outgoing.sendAudio(at, SOUND, this.#soundTime, now, now)) this.sentSounds++;
	}

	/** A picture of one unit: a key frame, or one that builds on another. */
	makePicture(length: number, key: boolean, now: number): boolean {
		const { bytes, view } = this.arena;
		const at = this.#picture;
		view.setUint32(at, length - 4);
		bytes[at + 4] = key ? 0x65 : 0x41;
		// The slice begins the picture: without that bit a receiver that lost something takes it for the rest of another.
		bytes[at + 5] = 0x80;
		for (let i = 6; i < length; i++) bytes[at + i] = (i * 7 + (i >> 8)) & 0xff;
		this.#pictureTime = (this.#pictureTime + PICTURE_TICKS) >>> 0;
		const sent = this.session.outgoing.sendPicture(this.#packetizer, at, length, this.#pictureTime, now, now);
		if (sent) this.sentPictures++;
		return sent;
	}

	private look(offset: number, length: number): void {
		const { bytes } = this.arena;
		for (let i = 6; i < length; i++)
			if (bytes[offset + i] !== ((i * 7 + (i >> 8)) & 0xff)) {
				this.seenWrong++;
				return;
			}
	}
}

/** Reserves what an end needs. */
export function planEnd(plan: MemoryPlan, shape: MediaShape): MemoryPlan {
	planMedia(plan, shape);
	plan.reserve("inbox", RECEIVED_BLOCK, "");
	plan.reserve("sound", HEADROOM + SOUND + TAILROOM, "");
	plan.reserve("picture", PICTURE, "");
	plan.reserve("seen", PICTURE + 1000, "");
	return plan;
}

/** A datagram under way: where it goes, when, its bytes. */
interface Flying {
	readonly to: End;
	readonly at: number;
	readonly bytes: Uint8Array;
}

/** Two ends and the network between them, on a clock of their own. */
export class TwoEnds {
	readonly a: End;
	readonly b: End;
	now = 1000;
	loss = 0;
	delay = 20;
	jitter = 0;
	/** Nothing arrives. */
	cut = false;
	/** Datagrams of a to b that the network lost. */
	lost = 0;
	/** Bytes that are flipped in a to b: for hostile tests. */
	tamper = -1;
	readonly #numbers: Numbers;
	readonly #flying: Flying[] = [];

	constructor(seed: number, shapeA: MediaShape = BOTH, shapeB: MediaShape = BOTH) {
		this.#numbers = new Numbers(seed);
		this.a = new End(shapeA, 0xa0000001);
		this.b = new End(shapeB, 0xb0000001);
		this.a.send = (offset, length) => this.#fly(this.a, this.b, offset, length);
		this.b.send = (offset, length) => this.#fly(this.b, this.a, offset, length);
	}

	/** Both begin: a under SSRCs 1.., b under 11... Fresh keys of an epoch are made of `epoch` and the sender. */
	start(reduced = true): boolean {
		return this.startOne(this.a, this.b, 1, reduced) && this.startOne(this.b, this.a, 11, reduced);
	}

	startOne(from: End, to: End, first: number, reduced: boolean): boolean {
		const seen = from.session.shape.sendsVideo;
		const video = seen ? { ssrc: first + 1, payloadType: 96 } : undefined;
		const fec = seen ? { ssrc: first + 2, payloadType: 127 } : undefined;
		const nack = true;
		const sent = from.session.send(
			{
				audio: { ssrc: first, payloadType: 111, clock: 48_000, unit: SOUND_TICKS },
				video,
				fec,
				reduced,
				reducedVideo: false,
				nack,
			},
			material(first, 0),
			0,
			this.now,
		);
		to.receiveKeys = to.session.receive(
			{
				audio: { ssrc: first, payloadType: 111, clock: 48_000 },
				video,
				fec,
				nack,
			},
			material(first, 0),
			0,
		);
		return sent && to.receiveKeys !== undefined;
	}

	/** Time passes, in steps of 1 ms: what is due arrives and is done; a sends sound and pictures of that many bytes, b only sound. */
	pass(ms: number, picture = 0, keyEvery = 1): void {
		for (const end = this.now + ms; this.now < end; this.now++) {
			const { now, a, b } = this;
			if (now % FRAME_MS === 0) {
				a.makeSound(now);
				b.makeSound(now);
			}
			if (picture > 0 && now % PICTURE_MS === 0) a.makePicture(picture, a.sentPictures % keyEvery === 0, now);
			this.#arrive();
			a.session.turn(now, now);
			b.session.turn(now, now);
		}
	}

	#fly(from: End, to: End, offset: number, length: number): void {
		if (this.cut || this.#numbers.below(10_000) < this.loss * 10_000) {
			if (to === this.b) this.lost++;
			return;
		}
		const bytes = from.arena.bytes.slice(offset, offset + length);
		if (this.tamper >= 0 && to === this.b) bytes[this.tamper % length] ^= 1 << (this.tamper & 7);
		const at = this.now + this.delay + (this.jitter > 0 ? this.#numbers.below(this.jitter + 1) : 0);
		this.#flying.push({ to, at, bytes });
	}

	#arrive(): void {
		const flying = this.#flying;
		for (let i = 0; i < flying.length; ) {
			const it = flying[i];
			if (it.at > this.now) {
				i++;
				continue;
			}
			flying.splice(i, 1);
			it.to.arena.bytes.set(it.bytes, it.to.inbox);
			it.to.session.received(it.to.inbox, it.bytes.length, this.now);
		}
	}
}

/** Keys of a stream that both ends know. */
export function material(first: number, epoch: number): ArrayBuffer {
	const bytes = new Uint8Array(MATERIAL_BYTES);
	for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 31 + first * 7 + epoch * 101) & 0xff;
	return bytes.buffer;
}
