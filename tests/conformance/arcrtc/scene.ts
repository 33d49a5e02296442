import { getUint48, setUint48 } from "wire/fields";
import { AUTH_AEAD, PRIORITY_AUDIO, PRIORITY_DELTA, PRIORITY_KEY, SUITE_AES_128_GCM } from "arcrtc/constants";
import { DropCounters } from "arcrtc/counters";
import { HeldPackets } from "arcrtc/held_packets";
import { OPEN_HELD, OPEN_NOTHING, Opener, openerBytes } from "arcrtc/opener";
import { CIPHER_SCRATCH } from "arcrtc/packet_cipher";
import { ReceiveKeys } from "arcrtc/receive_keys";
import { Sealer, sealerBytes } from "arcrtc/sealer";
import { SendKeys } from "arcrtc/send_keys";
import type { SendStream } from "arcrtc/send_stream";
import { UsedSources } from "arcrtc/used_sources";
import { material } from "conformance/arcrtc/material";
import { Clock, type Conditions, Line, lineBytes } from "conformance/arcrtc/network";
import { Numbers } from "fuzz/numbers";
import { Arena } from "storage/arena";
import { PacketPool } from "storage/pool";

const PLACES = 256;
const BACK_PLACES = 64;
/** Where things lie in the arena: a packet that is made, one that has come, what goes back, then regions. */
const MAKE = 64;
const TAKE = 1536;
const NOTE = 3072;
const REGIONS = 3136;
const HELD_BLOCK = 1248;
const BLOCKS = 16;

/** Bytes of a payload that say what packet it is: index, send time, timestamp, kind; the rest follows from the index. */
const AT_INDEX = 0;
const AT_TIME = 8;
const AT_TIMESTAMP = 16;
const AT_KIND = 20;
const LEAST_PAYLOAD = 24;

export const AUDIO_SSRC = 0x1111;
export const VIDEO_SSRC = 0xfffffff0;
const AUDIO_TYPE = 111;
const VIDEO_TYPE = 26;
/** What the network carries behind each datagram: stream or FORGED, index, time. */
const TRAILER = 17;
const FORGED = 2;
const AUDIO_MS = 20;
const VIDEO_MS = 40;
const KEY_FRAMES = 50;

export interface SceneOptions {
	seed: number;
	suite?: number;
	auth?: number;
	/** Contexts for video too. */
	reducedVideo?: boolean;
	audioTsu?: number;
	/** First sequence numbers and rollover counters. */
	sequence?: number;
	roc?: number;
	replayWindow?: number;
	/** Error of the viewer's clock. */
	ppm?: number;
	up?: Conditions;
	down?: Conditions;
	/** First timestamp of both streams. */
	timestamp?: number;
}

/** What became of one stream's packets. */
export class Tally {
	sent = 0;
	/** Datagrams that came, copies too, and those of them that opened. */
	came = 0;
	opened = 0;
	/** Packets that came, did not open, and had not before; the last reason. */
	missed = 0;
	lastReason = 0;
	/** Highest index that opened. */
	newest = -1;
	/** Longest time between two packets that opened, ms, and its end. */
	gap = 0;
	gapEnd = 0;
	lastOpened = -1;
	/** When the first packet that was sent at `since` or later opened; Infinity: none yet. Set `since` to begin. */
	since = Infinity;
	recovered = Infinity;
	/** When the first packet sent at `since` or later was sent. */
	firstSent = Infinity;
}

/**
 * A camera that sends sound and pictures, a viewer that opens them, and a network between. The viewer's CTX_ACK and CTX_NACK go
 * back over the network too. Each payload says what packet it is in, so the viewer can tell whether what opened is right. Time is the scene's
 * own; the same seed makes the same events.
 */
export class Scene {
	now = 1000;
	readonly arena: Arena;
	readonly sealer: Sealer;
	opener: Opener;
	readonly counters = new DropCounters();
	readonly sendKeys: SendKeys;
	readonly receiveKeys: ReceiveKeys;
	readonly audio: SendStream;
	readonly video: SendStream;
	readonly up: Line;
	readonly down: Line;
	readonly tallies = [new Tally(), new Tally()];
	/** The first thing that was delivered and should not have been, or not so; "": all was right. */
	wrong = "";
	/** Datagrams that came by their form. */
	full = 0;
	reduced = 0;
	/** Times that feedback was sent. */
	acks = 0;
	nacks = 0;
	/** CTX_NACKs came closer than 50 ms. */
	hasty = 0;
	quality = 0;
	/** Nothing is sent while these are false. */
	sendsAudio = true;
	sendsVideo = true;
	/** Forged packets a second. */
	forgeries = 0;
	forged = 0;
	/** False: the viewer says nothing. */
	feedback = true;
	readonly #options: SceneOptions;
	readonly #opening: number;
	readonly #held: HeldPackets;
	readonly #numbers: Numbers;
	readonly #clock: Clock;
	readonly #indices = [new Uint8Array(1 << 15), new Uint8Array(1 << 15)];
	readonly #origin: number;
	readonly #timestamp: number;
	/** Highest index of each stream that was sealed. */
	readonly #sealed = new Float64Array([-1, -1]);
	#audioAt = 1000;
	#videoAt = 1003;
	#forgeAt = Infinity;
	#frames = 0;
	#lastNack = -Infinity;

	constructor(options: SceneOptions) {
		const lines = REGIONS + lineBytes(PLACES + BACK_PLACES);
		const pool = lines + BLOCKS * HELD_BLOCK;
		const arena = new Arena(pool + sealerBytes(2) + openerBytes(2) + 2 * CIPHER_SCRATCH + 64);
		const suite = options.suite ?? SUITE_AES_128_GCM;
		const auth = options.auth ?? AUTH_AEAD;
		const align = (offset: number): number => (offset + 7) & ~7;
		const sealing = align(pool);
		const opening = align(sealing + sealerBytes(2));
		const scratch = align(opening + openerBytes(2));
		this.arena = arena;
		this.up = new Line(arena, REGIONS, PLACES, options.seed);
		this.down = new Line(arena, REGIONS + lineBytes(PLACES), BACK_PLACES, options.seed + 1);
		this.up.set(options.up ?? {});
		this.down.set(options.down ?? options.up ?? {});
		this.#numbers = new Numbers(options.seed + 2);
		this.#clock = new Clock(123456, options.ppm ?? 0);
		this.#timestamp = options.timestamp ?? 0;
		const sources = new UsedSources(16);
		this.sealer = new Sealer({ arena, offset: sealing, streams: 2, sources });
		this.#options = options;
		this.#opening = opening;
		this.#held = new HeldPackets(arena, new PacketPool(arena, lines, BLOCKS, HELD_BLOCK));
		this.sendKeys = new SendKeys(arena, scratch, suite, auth);
		this.receiveKeys = new ReceiveKeys(arena, scratch, suite, auth);
		this.sendKeys.install(material(0), 0, this.now);
		const sequence = options.sequence ?? 0x7000;
		const roc = options.roc ?? 0;
		this.#origin = roc * 0x10000 + sequence;
		const common = { keys: this.sendKeys, sequence, roc };
		const audio = this.sealer.add({
			...common,
			ssrc: AUDIO_SSRC,
			payloadType: AUDIO_TYPE,
			clock: 48000,
			video: false,
			tsu: options.audioTsu ?? 960,
		});
		const tsu = options.reducedVideo ? 90 : 0;
		const video = this.sealer.add({ ...common, ssrc: VIDEO_SSRC, payloadType: VIDEO_TYPE, clock: 90000, video: true, tsu });
		if (!audio || !video) throw new Error("scene: no stream");
		this.audio = audio;
		this.video = video;
		this.opener = this.#newOpener();
		this.opener.install(this.receiveKeys, material(0), 0);
	}

	/** The viewer forgets all that it knew but its keys. */
	restart(): void {
		this.opener = this.#newOpener();
	}

	#newOpener(): Opener {
		const { arena, counters, receiveKeys: keys } = this;
		const opener = new Opener({
			arena,
			offset: this.#opening,
			streams: 2,
			sources: new UsedSources(4),
			counters,
			replayWindow: this.#options.replayWindow ?? 256,
			held: this.#held,
		});
		const roc = this.#options.roc ?? 0;
		opener.add({ keys, ssrc: AUDIO_SSRC, payloadTypes: [AUDIO_TYPE], clock: 48000, video: false, roc });
		opener.add({ keys, ssrc: VIDEO_SSRC, payloadTypes: [VIDEO_TYPE], clock: 90000, video: true, roc });
		return opener;
	}

	close(): void {
		this.sendKeys.close();
		this.receiveKeys.close();
	}

	/** Both sides take the keys of `epoch`, the viewer `late` ms after the camera (before it when negative). */
	rotate(epoch: number, late: number): void {
		const keys = material(epoch);
		if (late < 0) {
			this.opener.install(this.receiveKeys, keys, epoch);
			this.run(this.now - late);
			this.sendKeys.install(keys, epoch, this.now);
			return;
		}
		this.sendKeys.install(keys, epoch, this.now);
		this.run(this.now + late);
		this.opener.install(this.receiveKeys, keys, epoch);
		const now = this.#clock.at(this.now);
		for (let place = this.opener.openHeld(now); place !== OPEN_NOTHING; place = this.opener.openHeld(now))
			if (place >= 0) this.#delivered(place, -1, -1);
	}

	/** Begins to look for the first packet sent from `time` on that opens. */
	watch(time: number): void {
		for (let i = 0; i < 2; i++) {
			const tally = this.tallies[i];
			tally.since = time;
			tally.recovered = tally.firstSent = Infinity;
			tally.missed = 0;
		}
	}

	/** Lets the time pass until `until`. */
	run(until: number): void {
		while (this.now < until && this.wrong === "") {
			const next = this.#next();
			if (next > until) {
				this.now = until;
				return;
			}
			this.now = next > this.now ? next : this.now;
			this.#step();
		}
	}

	/** Times of what is not sent pass. */
	skip(): void {
		while (!this.sendsAudio && this.#audioAt <= this.now) this.#audioAt += AUDIO_MS;
		while (!this.sendsVideo && this.#videoAt <= this.now) this.#videoAt += VIDEO_MS;
	}

	#next(): number {
		this.skip();
		let next = this.sendsAudio ? this.#audioAt : Infinity;
		if (this.sendsVideo && this.#videoAt < next) next = this.#videoAt;
		if (this.up.deadline < next) next = this.up.deadline;
		if (this.down.deadline < next) next = this.down.deadline;
		if (this.forgeries > 0 && this.#forgeAt > this.now + 1000) this.#forgeAt = this.now;
		if (this.forgeries > 0 && this.#forgeAt < next) next = this.#forgeAt;
		const shown = this.#clock.at(this.now);
		const feedback = this.opener.feedbackDeadline;
		const tick = this.opener.deadline(shown);
		const due = feedback < tick ? feedback : tick;
		if (due !== Infinity) {
			// A hair later, so that what is due by the viewer's clock is due.
			const time = due === -Infinity ? this.now : this.#clock.when(due) + 0.001;
			if (time < next) next = time;
		}
		return next;
	}

	#step(): void {
		if (this.sendsAudio && this.#audioAt <= this.now) this.#sendAudio();
		if (this.sendsVideo && this.#videoAt <= this.now) this.#sendVideo();
		if (this.#forgeAt <= this.now) this.#forge();
		const shown = this.#clock.at(this.now);
		for (let length = this.up.receive(TAKE, this.now); length > 0; length = this.up.receive(TAKE, this.now)) {
			const size = length - TRAILER;
			if (this.arena.bytes[TAKE] >= 0xc0) this.reduced++;
			else this.full++;
			this.#judge(this.opener.open(TAKE, size, shown), size);
		}
		this.opener.tick(shown);
		if (this.feedback) this.#answer(shown);
		for (let length = this.down.receive(NOTE, this.now); length > 0; length = this.down.receive(NOTE, this.now)) {
			const { bytes } = this.arena;
			if (bytes[NOTE] !== 0) this.sealer.confirmed(bytes[NOTE]);
			if (bytes[NOTE + 1] !== 0) this.sealer.refusedContexts(bytes[NOTE + 1]);
		}
	}

	#sendAudio(): void {
		const ticks = Math.round((this.#audioAt - 1000) * 48);
		this.audio.quality = this.quality;
		this.#send(0, this.audio, 40 + this.#numbers.below(60), (this.#timestamp + ticks) >>> 0, false, PRIORITY_AUDIO);
		this.#audioAt += AUDIO_MS;
	}

	#sendVideo(): void {
		const key = this.#frames++ % KEY_FRAMES === 0;
		const packets = key ? 12 : 1 + this.#numbers.below(3);
		const timestamp = (this.#timestamp + Math.round((this.#videoAt - 1000) * 90)) >>> 0;
		this.video.quality = this.quality;
		for (let i = 0; i < packets; i++) {
			const last = i === packets - 1;
			this.#send(1, this.video, 100 + this.#numbers.below(900), timestamp, last, key ? PRIORITY_KEY : PRIORITY_DELTA);
		}
		this.#videoAt += VIDEO_MS;
	}

	#send(which: number, stream: SendStream, length: number, timestamp: number, marker: boolean, priority: number): void {
		const { view, bytes } = this.arena;
		const tally = this.tallies[which];
		// Its index is known once it is sealed; the next one it is.
		const index = stream.extendedSequence + 1;
		const size = length < LEAST_PAYLOAD ? LEAST_PAYLOAD : length;
		putNumber(view, MAKE + AT_INDEX, index);
		putNumber(view, MAKE + AT_TIME, this.now);
		view.setUint32(MAKE + AT_TIMESTAMP, timestamp);
		view.setUint32(MAKE + AT_KIND, kindOf(which, marker, priority, stream.quality));
		bytes.fill(index & 0xff, MAKE + LEAST_PAYLOAD, MAKE + size);
		const made = this.sealer.seal(stream, MAKE, size, timestamp, marker, priority, this.now, 1767225600000 + this.now);
		if (made < 0) return;
		this.#checkNonce(stream, index);
		if (stream.extendedSequence !== index) this.#fault("index " + stream.extendedSequence + " is used instead of " + index);
		tally.sent++;
		if (this.now >= tally.since && tally.firstSent === Infinity) tally.firstSent = this.now;
		const { start } = this.sealer;
		this.#note(start, made, which, index);
		this.up.send(start, made + TRAILER, this.now);
	}

	/** The nonce that was used is that of SSRC and index: as indices only grow, all are distinct. */
	#checkNonce(stream: SendStream, index: number): void {
		const { view } = this.arena;
		const { salt0, salt1, salt2 } = this.sendKeys.cipher;
		const head = view.getInt32(stream.nonce) ^ salt0;
		const middle = view.getInt32(stream.nonce + 4) ^ salt1;
		const tail = view.getInt32(stream.nonce + 8) ^ salt2;
		const roc = Math.floor(index / 0x10000);
		const wanted =
			head === stream.ssrc >>> 16 && middle === ((stream.ssrc << 16) | (roc >>> 16)) && tail === ((roc << 16) | (index & 0xffff));
		if (!wanted || index <= this.#sealed[stream.video ? 1 : 0]) this.#fault("nonce of packet " + index);
		this.#sealed[stream.video ? 1 : 0] = index;
	}

	/** Behind each datagram the network carries what it is, which no one but the scene looks at. */
	#note(start: number, length: number, which: number, index: number): void {
		const { view } = this.arena;
		view.setUint8(start + length, which);
		putNumber(view, start + length + 1, index);
		putNumber(view, start + length + 9, this.now);
	}

	#forge(): void {
		this.#forgeAt += 1000 / this.forgeries;
		this.forged++;
		const { bytes, view } = this.arena;
		const numbers = this.#numbers;
		const length = 60 + numbers.below(200);
		for (let i = 0; i < length; i += 4) view.setInt32(MAKE + i, numbers.below(0x100000000));
		const stream = numbers.below(2) === 0 ? this.audio : this.video;
		const sequence = (stream.extendedSequence + numbers.below(40) - 10) & 0xffff;
		switch (numbers.below(4)) {
			case 0:
				bytes[MAKE] |= 0xc0;
				view.setUint16(MAKE + 2, sequence);
				break;
			case 1:
				bytes[MAKE] = 0xc0;
				bytes[MAKE + 1] = stream.units & 0xff;
				view.setUint16(MAKE + 2, sequence);
				break;
			case 2:
				view.setUint16(MAKE, 0x9000 | stream.payloadType);
				view.setUint16(MAKE + 2, sequence);
				view.setUint32(MAKE + 8, stream.ssrc);
				view.setUint32(MAKE + 12, 0xa0200001);
				break;
			default:
		}
		this.#note(MAKE, length, FORGED, 0);
		this.up.send(MAKE, length + TRAILER, this.now);
	}

	#answer(shown: number): void {
		const { opener } = this;
		const acks = opener.takeAcks(shown);
		const nacks = opener.takeNacks(shown);
		if (acks === 0 && nacks === 0) return;
		if (acks !== 0) this.acks++;
		if (nacks !== 0) {
			this.nacks++;
			if (shown - this.#lastNack < 50) this.hasty++;
			this.#lastNack = shown;
		}
		this.arena.bytes[NOTE] = acks;
		this.arena.bytes[NOTE + 1] = nacks;
		this.down.send(NOTE, 2, this.now);
	}

	/** What the opener said of the datagram that lies at TAKE, `length` bytes of it and then what it is. */
	#judge(outcome: number, length: number): void {
		const { view } = this.arena;
		const which = view.getUint8(TAKE + length);
		if (which === FORGED) {
			if (outcome >= 0) this.#fault("a forged packet opened");
			return;
		}
		const index = getNumber(view, TAKE + length + 1);
		const tally = this.tallies[which];
		tally.came++;
		if (outcome >= 0) this.#delivered(outcome, which, index);
		else if (!this.#seen(which, index) && outcome !== OPEN_HELD) {
			tally.missed++;
			tally.lastReason = outcome;
		}
	}

	/** What opened is not what was sent, in words. `which` and `index`: what it is; negative when that is not known. */
	#differs(place: number, which: number, index: number): string {
		const { view, bytes } = this.arena;
		const { payload, payloadLength, header, extendedSequence } = this.opener;
		const said = getNumber(view, payload + AT_INDEX);
		const timestamp = view.getUint32(payload + AT_TIMESTAMP);
		const kind = view.getUint32(payload + AT_KIND);
		const is = kindOf(place, header.marker, header.priority, header.quality);
		if (which >= 0 && (place !== which || said !== index)) return "packet " + index + " opened as " + said;
		if (extendedSequence !== said) return "index " + extendedSequence + ", it is " + said;
		if (header.timestamp !== timestamp) return "timestamp " + header.timestamp + ", it is " + timestamp;
		if (is !== kind) return "kind " + is.toString(16) + ", it is " + kind.toString(16);
		if (header.payloadType !== (place === 0 ? AUDIO_TYPE : VIDEO_TYPE)) return "payload type " + header.payloadType;
		for (let i = payload + LEAST_PAYLOAD; i < payload + payloadLength; i += 16)
			if (bytes[i] !== (said & 0xff)) return "packet " + said + " has another payload";
		return this.#seen(place, said) ? "packet " + said + " opened twice" : "";
	}

	#delivered(place: number, which: number, index: number): void {
		const { view } = this.arena;
		const { payload } = this.opener;
		const tally = this.tallies[place];
		const said = getNumber(view, payload + AT_INDEX);
		const fault = this.#differs(place, which, index);
		if (fault !== "") {
			this.#fault(fault);
			return;
		}
		const at = said - this.#origin;
		this.#indices[place][at >> 3] |= 1 << (at & 7);
		tally.opened++;
		if (said > tally.newest) tally.newest = said;
		if (tally.lastOpened >= 0 && this.now - tally.lastOpened > tally.gap) {
			tally.gap = this.now - tally.lastOpened;
			tally.gapEnd = this.now;
		}
		tally.lastOpened = this.now;
		if (getNumber(view, payload + AT_TIME) >= tally.since && tally.recovered === Infinity) tally.recovered = this.now;
	}

	#seen(which: number, index: number): boolean {
		const at = index - this.#origin;
		return ((this.#indices[which][at >> 3] >> (at & 7)) & 1) === 1;
	}

	#fault(text: string): void {
		if (this.wrong === "") this.wrong = "at " + this.now.toFixed(3) + ": " + text;
	}
}

function kindOf(which: number, marker: boolean, priority: number, quality: number): number {
	return (which << 16) | (marker ? 256 : 0) | (priority << 4) | quality;
}

/** Numbers in 6 bytes, in parts of 1/4,096: ARM's doubles must lie at whole words, and these lie anywhere. */
function putNumber(view: DataView, at: number, value: number): void {
	setUint48(view, at, Math.ceil(value * 4096));
}

function getNumber(view: DataView, at: number): number {
	return getUint48(view, at) / 4096;
}
