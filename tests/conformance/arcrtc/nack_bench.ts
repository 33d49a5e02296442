import { AUTH_AEAD, HEADROOM, SUITE_AES_128_GCM } from "arcrtc/constants";
import type { JitterBuffer } from "arcrtc/jitter_buffer";
import { type MediaOwner, MediaSession } from "arcrtc/media_session";
import { type MediaShape, planMedia, RECEIVED_BLOCK } from "arcrtc/media_shape";
import { Chance } from "conformance/arcrtc/chance";
import { material } from "conformance/arcrtc/two_ends";
import { type Packetizer, REFUSED_NOT } from "media/rtp/format";
import type { DatagramWriter } from "net/packet_queue";
import type { Arena } from "storage/arena";
import { MemoryPlan } from "storage/plan";

/** Packets of a key frame, and of the pictures between key frames that nothing depends on. */
export const PACKETS = 20;
const FILLERS = 3;
const PAYLOAD = 40;
const FILLER_PAYLOAD = 300;
/** Ms between pictures, and one way through the network. */
const PICTURE_MS = 20;
export const DELAY = 5;
const TICKS_PER_MS = 90;
const SSRC = 1;
const FEC_SSRC = 2;
const MIX = 2_654_435_761;
/** Datagrams under way in one direction, at most. */
const UNDER_WAY = 128;
/** A loss at which the sender makes a repair packet for each five of a key frame, and one at which it makes none (section 2.8). */
const LOSS_FIVE = 0.05;

/** Shape of an end: it sends pictures, or shows them. */
function shape(sends: boolean, rate: number): MediaShape {
	return Object.freeze({
		sendsAudio: false,
		sendsVideo: sends,
		receivesAudio: false,
		receivesVideo: !sends,
		nack: true,
		fec: true,
		videoRate: rate,
		burst: 8,
		reorder: 128,
		waiting: 16,
		replayWindow: 512,
	});
}

/** Pictures of as many packets as wanted; each payload says which it is. */
class Pictures implements Packetizer {
	readonly ticks = 0;
	readonly refusal = REFUSED_NOT;
	last = false;
	marker = false;
	key = false;
	droppable = false;
	number = 0;
	readonly #view: DataView;
	#made = 0;

	constructor(view: DataView) {
		this.#view = view;
	}

	begin(): boolean {
		this.#made = 0;
		this.last = this.marker = false;
		return true;
	}

	next(to: number): number {
		const { key, number } = this;
		const index = this.#made++;
		this.last = this.marker = this.#made === (key ? PACKETS : FILLERS);
		const view = this.#view;
		view.setInt32(to, number);
		view.setUint8(to + 4, key ? index : 255);
		const length = key ? PAYLOAD : FILLER_PAYLOAD;
		view.setInt32(to + length - 4, Math.imul(number * PACKETS + index, MIX));
		return length;
	}
}

/** One direction of the network: it loses each datagram with the same chance, and takes the same time for all of them. */
class Way implements DatagramWriter {
	loss = 0;
	bytesSent = 0;
	readonly #dice: Chance;
	readonly #world: NackBench;
	readonly #bytes = new Uint8Array(UNDER_WAY * RECEIVED_BLOCK);
	readonly #lengths = new Int32Array(UNDER_WAY);
	readonly #times = new Float64Array(UNDER_WAY);
	#first = 0;
	#count = 0;

	constructor(world: NackBench, seed: number) {
		this.#world = world;
		this.#dice = new Chance(seed);
	}

	write(buffer: ArrayBuffer, offset: number, length: number): number {
		this.bytesSent += length;
		if (this.#dice.fraction() < this.loss) return length;
		if (this.#count === UNDER_WAY) throw new RangeError("more datagrams under way than there is room for");
		const at = (this.#first + this.#count++) % UNDER_WAY;
		this.#bytes.set(new Uint8Array(buffer, offset, length), at * RECEIVED_BLOCK);
		this.#lengths[at] = length;
		this.#times[at] = this.#world.now + DELAY;
		return length;
	}

	/** When the next datagram arrives. */
	get next(): number {
		return this.#count === 0 ? Infinity : this.#times[this.#first];
	}

	arrive(session: MediaSession, arena: Arena, inbox: number, now: number): void {
		while (this.next <= now) {
			const at = this.#first;
			const length = this.#lengths[at];
			this.#first = (at + 1) % UNDER_WAY;
			this.#count--;
			arena.bytes.set(this.#bytes.subarray(at * RECEIVED_BLOCK, at * RECEIVED_BLOCK + length), inbox);
			session.received(inbox, length, now);
		}
	}
}

/**
 * A sender of pictures, a viewer, and a network between them that loses datagrams in both directions: media, repair packets, packets
 * sent again, and requests, all with the same chance and each for itself. The clock goes from event to event, in whole ms.
 */
export class NackBench implements MediaOwner {
	now = 1000;
	readonly frames: number;
	readonly fec: boolean;
	readonly camera: MediaSession;
	readonly viewer: MediaSession;
	/** Packets of key frames that were shown, by frame. */
	readonly shown: Uint8Array;
	/** Packets that were shown with wrong bytes or out of order. */
	wrong = 0;
	readonly forth: Way;
	readonly back: Way;
	readonly #pictures: Pictures;
	readonly #arenas: Arena[] = [];
	readonly #inboxes: number[] = [];
	#last = -1;

	/** @param fec a repair packet for each five packets of a key frame. @param rate kbit/s: 200 ms of it are kept. */
	constructor(frames: number, fec: boolean, seed: number, rate: number) {
		this.frames = frames;
		this.fec = fec;
		this.shown = new Uint8Array(frames);
		this.forth = new Way(this, seed);
		this.back = new Way(this, seed + 1000);
		this.camera = this.end(shape(true, rate), this.forth);
		this.viewer = this.end(shape(false, rate), this.back);
		this.#pictures = new Pictures(this.#arenas[0].view);
		const repair = { ssrc: FEC_SSRC, payloadType: 127 };
		const video = { ssrc: SSRC, payloadType: 96 };
		this.camera.send({ video, fec: repair, reduced: false, reducedVideo: false, nack: true }, material(1, 0), 0, this.now);
		this.viewer.receive({ video, fec: repair, nack: true }, material(1, 0), 0);
		// A viewer sends nothing, so reports tell it nothing of the round trip: checks of the path do.
		this.viewer.feedback.observeRoundTrip(2 * DELAY);
	}

	/** Sends the frames, with `between` droppable pictures after each, after a moment in which nothing is lost. */
	run(loss: number, between: number): void {
		this.picture(false, -1);
		this.pass(200);
		this.forth.loss = this.back.loss = loss;
		for (let frame = 0; frame < this.frames; frame++) {
			this.picture(true, frame);
			this.pass(PICTURE_MS);
			for (let i = 0; i < between; i++) {
				this.picture(false, frame);
				this.pass(PICTURE_MS);
			}
		}
		this.forth.loss = this.back.loss = 0;
		this.picture(false, -1);
		this.pass(300);
	}

	/** Key frames that were shown whole. */
	get whole(): number {
		let whole = 0;
		for (let i = 0; i < this.frames; i++) if (this.shown[i] === PACKETS) whole++;
		return whole;
	}

	heard(): void {}

	seen(jitter: JitterBuffer): void {
		const { view } = this.#arenas[1];
		const { offset, length } = jitter;
		const number = view.getInt32(offset);
		const index = view.getUint8(offset + 4);
		if (index === 255) return;
		const place = number * PACKETS + index;
		if (place <= this.#last || view.getInt32(offset + length - 4) !== Math.imul(place, MIX)) this.wrong++;
		else this.shown[number]++;
		this.#last = place;
	}

	keyFrameWanted(): void {}

	private picture(key: boolean, number: number): void {
		const { now, camera } = this;
		const pictures = this.#pictures;
		pictures.key = key;
		pictures.droppable = !key;
		pictures.number = number;
		// The share of repair packets does not follow the loss here: the analysis is for one of them.
		camera.outgoing.loss = this.fec ? LOSS_FIVE : 0;
		camera.outgoing.sendPicture(pictures, 0, 0, now * TICKS_PER_MS, now, now);
	}

	private pass(ms: number): void {
		const { camera, viewer, forth, back } = this;
		const end = this.now + ms;
		while (this.now < end) {
			const { now } = this;
			forth.arrive(viewer, this.#arenas[1], this.#inboxes[1], now);
			back.arrive(camera, this.#arenas[0], this.#inboxes[0], now);
			camera.turn(now, now);
			viewer.turn(now, now);
			const next = Math.min(forth.next, back.next, camera.deadline(now), viewer.deadline(now), end);
			this.now = Math.max(now + 1, Math.ceil(next));
		}
	}

	private end(media: MediaShape, writer: DatagramWriter): MediaSession {
		const plan = new MemoryPlan();
		planMedia(plan, media);
		plan.reserve("inbox", RECEIVED_BLOCK, "");
		this.#arenas.push(plan.allocate());
		this.#inboxes.push(plan.offset("inbox") + HEADROOM);
		return new MediaSession({
			shape: media,
			plan,
			suite: SUITE_AES_128_GCM,
			auth: AUTH_AEAD,
			writer,
			owner: this,
			ssrc: 0xa0000001 + this.#arenas.length,
		});
	}
}
