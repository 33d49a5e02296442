import { exit, print } from "host/host";
import type { AudioDecoder, AudioEncoder, AudioSink, AudioSource } from "media/audio/audio";
import { peak } from "media/audio/samples";
import { ByteReader } from "media/voice/packet_reader";
import type { VoiceSettings, VoiceTransport } from "media/voice/voice";
import { planVoice, VoicePath } from "media/voice/voice_path";
import { PacketPort, packetPortBytes } from "net/packet_port";
import type { PacketHandler } from "net/packet_receiver";
import { MemoryPlan } from "storage/plan";
import { monotonic } from "time/clock";
import Timer from "time/timer";

/**
 * A program of `npm run bench -- voice`: two voice paths that talk over the loopback network in real time, with a codec that has no
 * delay of its own. A burst of sound begins in the source every quarter of a second; what is measured is the time until its first
 * sample leaves the other one's sink.
 */

const RATE = 8000;
const PER_MS = RATE / 1000;
const FRAME = 20;
const BYTES = PER_MS * FRAME * 2;
const PERIOD = 250;
const BURST = 20;
const LOUD = 8000;
const HEADER = 8;
const CAPACITY = RATE / 5;

const SETTINGS: VoiceSettings = Object.freeze({
	rate: RATE,
	frame: FRAME,
	longest: FRAME,
	speakers: 1,
	packetBytes: BYTES,
	headroom: HEADER,
	jitter: Object.freeze({ minimum: 10, maximum: 200, packets: 12 }),
	halfDuplex: false,
	hangover: 500,
	silence: 3000,
});

/** Samples as they are. */
class Samples implements AudioEncoder, AudioDecoder {
	readonly #bytes: Uint8Array;
	constructor(bytes: Uint8Array) {
		this.#bytes = bytes;
	}
	encode(_buffer: ArrayBuffer, from: number, samples: number, to: number): number {
		this.#bytes.copyWithin(to, from, from + samples * 2);
		return samples * 2;
	}
	decode(_buffer: ArrayBuffer, from: number, length: number, to: number): number {
		this.#bytes.copyWithin(to, from, from + length);
		return length / 2;
	}
	conceal(_buffer: ArrayBuffer, _from: number, _length: number, to: number, samples: number): number {
		this.#bytes.fill(0, to, to + samples * 2);
		return samples;
	}
	reset(): void {}
	close(): void {}
}

/** A microphone: sample n of the bursts is there when the clock has passed it. */
class Bursts implements AudioSource {
	lost = 0;
	#began = 0;
	#taken = 0;
	/** When the first sample of the burst was that is played next by the other side. */
	readonly times: number[] = [];
	start(): void {
		this.#began = monotonic();
	}
	read(buffer: ArrayBuffer, offset: number, samples: number): number {
		if ((monotonic() - this.#began) * PER_MS < this.#taken + samples) return 0;
		const view = new Int16Array(buffer, offset, samples);
		for (let i = 0; i < samples; i++) {
			const ms = (this.#taken + i) / PER_MS;
			const at = ms % PERIOD;
			if (at === 0) this.times.push(this.#began + ms);
			view[i] = at < BURST ? LOUD : 0;
		}
		this.#taken += samples;
		return samples;
	}
	close(): void {}
}

/** A loudspeaker: what is written is played in turn. */
class Ear implements AudioSink {
	readonly capacity = CAPACITY;
	starved = 0;
	/** When bursts were heard, in ms of the clock. */
	readonly heard: number[] = [];
	#end = 0;
	#loud = false;
	start(): void {}
	get queued(): number {
		const left = (this.#end - monotonic()) * PER_MS;
		return left > 0 ? Math.floor(left) : 0;
	}
	write(buffer: ArrayBuffer, offset: number, samples: number): number {
		const now = monotonic();
		if (this.#end < now) this.#end = now;
		if (peak(buffer, offset, samples) > LOUD / 2) this.#look(new Int16Array(buffer, offset, samples));
		else this.#loud = false;
		this.#end += samples / PER_MS;
		return samples;
	}
	#look(samples: Int16Array): void {
		for (let i = 0; i < samples.length; i++) {
			const loud = (samples[i] as number) > LOUD / 2;
			if (loud && !this.#loud) this.heard.push(this.#end + i / PER_MS);
			this.#loud = loud;
		}
	}
	close(): void {}
}

class End implements VoiceTransport, PacketHandler {
	readonly source = new Bursts();
	readonly sink = new Ear();
	readonly path: VoicePath;
	readonly port: PacketPort;
	peer = -1;
	readonly #view: DataView;

	constructor() {
		const plan = new MemoryPlan();
		planVoice(plan, SETTINGS);
		plan.reserve("port", packetPortBytes(1, 4, BYTES + HEADER), "");
		const arena = plan.allocate();
		this.#view = arena.view;
		const codec = new Samples(arena.bytes);
		this.path = new VoicePath({
			settings: SETTINGS,
			plan,
			source: this.source,
			sink: this.sink,
			encoder: codec,
			decoders: [codec],
			reader: new ByteReader(RATE * 2),
		});
		this.port = new PacketPort({
			arena,
			offset: plan.offset("port"),
			receive: 1,
			send: 4,
			size: BYTES + HEADER,
			handler: this,
			socket: { address: "127.0.0.1" },
		});
	}

	sendVoice(offset: number, length: number, sequence: number, timestamp: number, now: number): void {
		this.#view.setUint32(offset - 8, sequence);
		this.#view.setUint32(offset - 4, timestamp >>> 0);
		this.port.send(offset - HEADER, length + HEADER, this.peer, 0, now);
	}

	received(block: number, offset: number, length: number, _source: number, now: number): number {
		const sequence = this.#view.getUint32(offset);
		const timestamp = this.#view.getUint32(offset + 4);
		this.path.receive(this.path.speaker(1, 1, now), offset + HEADER, length - HEADER, now, sequence, timestamp);
		return block;
	}
}

/** What comes earlier (ms) is not measured: the jitter buffers learn how calm the network is. */
const LEARNING = 8_000;

/** Prints the delays' percentiles after `seconds`, from 10 on. */
function delay(seconds: number): void {
	const a = new End();
	const b = new End();
	a.peer = a.port.datagram.peer("127.0.0.1", b.port.datagram.port);
	b.peer = b.port.datagram.peer("127.0.0.1", a.port.datagram.port);
	for (const end of [a, b]) {
		end.path.start();
		end.path.attach(end);
	}
	const began = monotonic();
	const held: number[] = [];
	const wanted: number[] = [];
	const sampler = new Timer({
		onTimer(): void {
			sampler.schedule(100);
			if (monotonic() - began < LEARNING) return;
			for (const end of [a, b]) {
				const { jitter } = end.path.listener.speakers[0];
				held.push(jitter.delay);
				wanted.push(jitter.target);
			}
		},
	});
	sampler.schedule(100);
	const median = (list: number[]): string => (list.sort((x, y) => x - y)[list.length >> 1] ?? Number.NaN).toFixed(1);
	const timer = new Timer({
		onTimer(): void {
			const delays: number[] = [];
			for (const [from, to] of [
				[a, b],
				[b, a],
			] as const)
				for (const heard of to.sink.heard) {
					let best = Infinity;
					for (const time of from.source.times) if (heard - time >= 0 && heard - time < best) best = heard - time;
					if (heard - began > LEARNING && best < PERIOD) delays.push(best);
				}
			delays.sort((x, y) => x - y);
			const at = (share: number): string => (delays[Math.floor((delays.length - 1) * share)] ?? Number.NaN).toFixed(1);
			const jitter = a.path.listener.speakers[0].jitter;
			print(`bursts ${delays.length}`);
			print(`p50 ${at(0.5)}`);
			print(`p99 ${at(0.99)}`);
			print(`jitter ${median(held)}`);
			print(`wanted ${median(wanted)}`);
			// A sample later in the frame waits less for its end, and is played as much later.
			print(`frame ${FRAME}`);
			print(`lost ${jitter.counters.lost + jitter.counters.late}`);
			print(`ticks ${(a.path.ticks / seconds).toFixed(1)}`);
			exit(0);
		},
	});
	timer.schedule(seconds * 1000);
}

/** @returns false when it is another program. */
export function runVoiceDelay(name: string, argument: string | undefined): boolean {
	if (name !== "voice-delay") return false;
	delay(Number(argument ?? "10"));
	return true;
}
