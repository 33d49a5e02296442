import { args, exit, print } from "host/host";
import type { AudioDecoder, AudioEncoder, AudioSource } from "media/audio/audio";
import { OpusDecoder, OpusEncoder } from "media/audio/opus";
import { padTo } from "media/audio/opus_packet";
import { tone } from "media/audio/samples";
import { TAKE_PACKET } from "media/voice/jitter_buffer";
import { Listener, listenerBytes } from "media/voice/listener";
import { OpusReader } from "media/voice/packet_reader";
import { Talker, talkerBytes } from "media/voice/talker";
import type { VoiceSettings } from "media/voice/voice";
import { Datagram } from "net/datagram";
import { PacketPort, packetPortBytes } from "net/packet_port";
import type { PacketHandler } from "net/packet_receiver";
import { Arena } from "storage/arena";
import Timer from "time/timer";
import { Allocation } from "unit/allocation";
import { ClockedSink } from "unit/voice_line";

/**
 * Programs of `npm run bench -- voice`, one process each: `voice-load` sends KV's voice packets as fast as it can, `voice-device`
 * passes each one through the voice path and sends one back. The path's clock moves on by a frame with each packet.
 */

const PACKET = 512;
const HEADER = 8;
const PAYLOAD = 504;
const RATE = 16000;
const FRAME = 20;
const SAMPLES = (RATE / 1000) * FRAME;
const BITRATE = 24000;
/** Different packets that are sent in turns. */
const VARIETY = 50;
const UID_LOW = 7;
const UID_HIGH = 0;
const OWN_UID = 9;
/** Packets sent at a time, and received. */
const BURST = 32;

const SETTINGS: VoiceSettings = Object.freeze({
	rate: RATE,
	frame: FRAME,
	longest: 60,
	speakers: 2,
	packetBytes: PAYLOAD,
	headroom: HEADER + 3,
	jitter: Object.freeze({ minimum: 20, maximum: 200, packets: 12 }),
	halfDuplex: false,
	hangover: 500,
	silence: 3000,
});

/** Sends to a port of this machine until it is killed: a burst in each turn of the loop. */
function load(port: number): void {
	const arena = new Arena(VARIETY * PACKET + SAMPLES * 2);
	const { buffer, view, bytes } = arena;
	const encoder = new OpusEncoder({ rate: RATE, frame: FRAME, bitrate: BITRATE, complexity: 5 });
	const pcm = VARIETY * PACKET;
	let phase = 0;
	for (let i = 0; i < VARIETY; i++) {
		const at = i * PACKET;
		phase = tone(buffer, pcm, SAMPLES, phase, (200 + 10 * i) / RATE, 8000);
		view.setUint32(at, UID_LOW, true);
		view.setUint32(at + 4, UID_HIGH, true);
		const length = encoder.encode(buffer, pcm, SAMPLES, at + HEADER, PAYLOAD);
		padTo(bytes, at + HEADER, length, PAYLOAD, PAYLOAD);
	}
	let next = 0;
	const socket = new Datagram({ address: "127.0.0.1" });
	const peer = socket.peer("127.0.0.1", port);
	socket.want(0);
	const timer = new Timer({
		onTimer(): void {
			for (let i = 0; i < BURST; i++) {
				socket.write(buffer, next * PACKET, PACKET, peer);
				next = next + 1 < VARIETY ? next + 1 : 0;
			}
			timer.schedule(0);
		},
	});
	timer.schedule(0);
}

/** A codec that does nothing, so that the path's own work is seen. */
class NoCodec implements AudioDecoder, AudioEncoder {
	decode(_buffer: ArrayBuffer, _from: number, _length: number, _to: number, limit: number): number {
		return limit < SAMPLES ? -1 : SAMPLES;
	}
	conceal(_buffer: ArrayBuffer, _from: number, _length: number, _to: number, samples: number): number {
		return samples;
	}
	encode(): number {
		return PAYLOAD;
	}
	reset(): void {}
	close(): void {}
}

class ToneSource implements AudioSource {
	lost = 0;
	#phase = 0;
	start(): void {}
	read(buffer: ArrayBuffer, offset: number, samples: number): number {
		this.#phase = tone(buffer, offset, samples, this.#phase, 300 / RATE, 8000);
		return samples;
	}
	close(): void {}
}

/** `echo`: sent back at once. `packets`: jitter buffer only, the packet taken from it is sent back. `sound`: mixed and played, and a frame of the source is sent, without a codec. `opus`: with it. */
type Mode = "echo" | "packets" | "sound" | "opus";

class Device implements PacketHandler {
	readonly port: PacketPort;
	readonly listener: Listener;
	readonly talker: Talker;
	packets = 0;
	returned = 0;
	refused = 0;
	readonly #mode: Mode;
	readonly #arena: Arena;
	readonly #sink = new ClockedSink(RATE, RATE / 5);
	readonly #reply: number;
	/** The clock of the path, in ms. */
	#now = 1000;

	constructor(mode: Mode) {
		this.#mode = mode;
		const codec = new NoCodec();
		const opus = mode === "opus";
		const heard = listenerBytes(SETTINGS);
		const sent = talkerBytes(SETTINGS);
		this.#reply = heard + sent;
		this.#arena = new Arena(this.#reply + PACKET + packetPortBytes(BURST, 8, PACKET));
		const { bytes } = this.#arena;
		const decoder = (): AudioDecoder => (opus ? new OpusDecoder(RATE) : codec);
		this.listener = new Listener({
			settings: SETTINGS,
			arena: this.#arena,
			offset: 0,
			sink: this.#sink,
			decoders: [decoder(), decoder()],
			reader: new OpusReader(bytes),
		});
		this.talker = new Talker({
			settings: SETTINGS,
			arena: this.#arena,
			offset: heard,
			source: new ToneSource(),
			encoder: opus ? new OpusEncoder({ rate: RATE, frame: FRAME, bitrate: BITRATE, complexity: 5 }) : codec,
		});
		this.talker.start(this.#now);
		this.port = new PacketPort({
			arena: this.#arena,
			offset: this.#reply + PACKET,
			receive: BURST,
			ahead: BURST,
			send: 8,
			size: PACKET,
			handler: this,
			socket: { address: "127.0.0.1", peers: BURST + 2, receiveBuffer: 1 << 20 },
		});
	}

	received(block: number, offset: number, length: number, source: number, now: number): number {
		const { view } = this.#arena;
		const low = view.getUint32(offset, true);
		const high = view.getUint32(offset + 4, true);
		if (length !== PACKET || low === OWN_UID || (low === 0xffffffff && high >>> 31 === 1)) {
			this.refused++;
			return block;
		}
		this.#now += FRAME;
		this.packets++;
		if (this.#mode === "echo") {
			this.#send(offset, source, now);
			return block;
		}
		const speaker = this.listener.speaker(low, high, this.#now);
		this.listener.receive(speaker, offset + HEADER, PAYLOAD, this.#now, -1, -1);
		if (this.#mode === "packets") this.#return(speaker, source, now);
		else this.#play(source, now);
		return block;
	}

	#return(speaker: number, source: number, now: number): void {
		const jitter = this.listener.speakers[speaker].jitter;
		if (jitter.take(this.#now) !== TAKE_PACKET) return;
		const { bytes } = this.#arena;
		const reply = this.#reply;
		bytes.copyWithin(reply + HEADER, jitter.offset, jitter.offset + jitter.length);
		this.#send(reply, source, now);
	}

	#play(source: number, now: number): void {
		this.#sink.pass(this.#now);
		this.listener.play(this.#now);
		const { talker } = this;
		talker.deadline = this.#now;
		const length = talker.next(this.#now);
		if (length <= 0) return;
		if (length < PAYLOAD) padTo(this.#arena.bytes, talker.offset, length, PAYLOAD, PAYLOAD);
		this.#send(talker.offset - HEADER, source, now);
	}

	#send(offset: number, peer: number, now: number): void {
		const { view } = this.#arena;
		view.setUint32(offset, OWN_UID, true);
		view.setUint32(offset + 4, 0, true);
		if (this.port.send(offset, PACKET, peer, 0, now) >= 0) this.returned++;
	}
}

/** Prints its port, then after `seconds` of load what came through. */
function device(mode: Mode, seconds: number): void {
	const it = new Device(mode);
	const allocation = new Allocation();
	let begun = false;
	let ended = false;
	let packets = 0;
	let returned = 0;
	print(`port ${it.port.datagram.port}`);
	const timer = new Timer({
		onTimer(): void {
			if (it.packets < 1000) {
				timer.schedule(100);
				return;
			}
			if (!begun) {
				begun = true;
				packets = it.packets;
				returned = it.returned;
				allocation.begin();
				print("begin");
				timer.schedule(seconds * 1000);
				return;
			}
			if (!ended) {
				const garbage = allocation.spent();
				ended = true;
				print(`count ${it.packets - packets}`);
				print(`returned ${it.returned - returned}`);
				print(`garbage ${garbage === "" ? "none" : garbage}`);
				print("end");
				// Whoever measures the process looks now.
				timer.schedule(100);
			} else exit(0);
		},
	});
	timer.schedule(100);
}

/** @returns false when there is no such program. */
export function runVoiceBench(name: string): boolean {
	const words = args();
	if (name === "voice-load") load(Number(words[2]));
	else if (name === "voice-device") device(words[2] as Mode, Number(words[3]));
	else return false;
	return true;
}
