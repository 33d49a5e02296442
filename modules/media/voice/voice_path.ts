import { type Logger, LEVEL_INFO, LEVEL_WARNING } from "host/logger";
import type { AudioDecoder, AudioEncoder, AudioSink, AudioSource } from "media/audio/audio";
import { Listener, listenerBytes } from "media/voice/listener";
import type { PacketReader } from "media/voice/packet_reader";
import { OpusReader } from "media/voice/packet_reader";
import { Talker, talkerBytes } from "media/voice/talker";
import { writeVoiceFigures } from "media/voice/voice_figures";
import type { Voice, VoiceSettings, VoiceTransport } from "media/voice/voice";
import type { MemoryPlan } from "storage/plan";
import { monotonic } from "time/clock";
import Timer from "time/timer";
import type { Figures } from "wire/figures";

const PLAN_TALKER = "voice, outgoing";
const PLAN_LISTENER = "voice, incoming";
/** Frames taken from the source in one turn, at most. */
const MOST_FRAMES = 8;
/** Default of {@link VoicePathOptions.again}. */
const AGAIN = 5000;
/** A deadline that is so near (ms) is met now, so that talker and listener share wake-ups. */
const NEAR = 1;

/** What a {@link VoicePath} is made from; `decoders` are as many as `settings.speakers`. */
export interface VoicePathOptions {
	readonly settings: VoiceSettings;
	/** Where {@link planVoice} has reserved. */
	readonly plan: MemoryPlan;
	readonly source: AudioSource;
	readonly sink: AudioSink;
	readonly encoder: AudioEncoder;
	readonly decoders: readonly AudioDecoder[];
	/** Is told when source or sink go and when they are back. */
	readonly log?: Logger;
	/** Milliseconds until a source that could not be opened is tried again. Default 5000. */
	readonly again?: number;
	/** How long packets are; default: they are Opus. */
	readonly reader?: PacketReader;
}

/** Reserves what a {@link VoicePath} needs. */
export function planVoice(plan: MemoryPlan, settings: VoiceSettings): void {
	plan.reserve(PLAN_TALKER, talkerBytes(settings), "audio.frame");
	plan.reserve(PLAN_LISTENER, listenerBytes(settings), "audio.jitter.packets");
}

/**
 * The device's voice: source -> {@link Talker} -> transport, and transport -> {@link Listener} -> sink, on one timer. It wakes up
 * once in a frame while there is something to send or somebody is heard, and not at all otherwise.
 */
export class VoicePath implements Voice {
	readonly talker: Talker;
	readonly listener: Listener;
	readonly settings: VoiceSettings;
	/** How often the timer came. */
	ticks = 0;
	readonly #source: AudioSource;
	readonly #sink: AudioSink;
	readonly #encoder: AudioEncoder;
	readonly #decoders: readonly AudioDecoder[];
	readonly #timer: Timer;
	readonly #log: Logger | undefined;
	readonly #again: number;
	#transport: VoiceTransport | undefined;
	/** When the timer will come, in ms; Infinity: it is not armed. */
	#armed = Infinity;
	#running = false;
	/** The source is open, or to be opened at `#openAt`. */
	#wanted = false;
	#openAt = Infinity;
	/** Why the source could not be opened; "": it could. */
	#closed = "";
	/** The log says that source or sink are gone. */
	#deaf = false;
	#mute = false;

	constructor(options: VoicePathOptions) {
		const { settings, plan, source, sink, encoder, decoders } = options;
		const arena = plan.allocate();
		const reader = options.reader ?? new OpusReader(arena.bytes);
		this.settings = settings;
		this.#source = source;
		this.#sink = sink;
		this.#encoder = encoder;
		this.#decoders = decoders;
		this.#log = options.log;
		this.#again = options.again ?? AGAIN;
		this.talker = new Talker({ settings, arena, offset: plan.offset(PLAN_TALKER), source, encoder });
		this.listener = new Listener({ settings, arena, offset: plan.offset(PLAN_LISTENER), sink, decoders, reader });
		this.#timer = new Timer({ onTimer: () => this.#tick() });
	}

	/**
	 * Begins to play. The source is only tried: it is open while a transport is attached and `talking` is true, so that a microphone
	 * listens when somebody is to hear it, and a file begins then. @throws Error naming the device or file that cannot be used.
	 */
	start(): void {
		this.#sink.start();
		this.#source.start();
		this.#source.close();
		this.#running = true;
		this.#take();
	}

	attach(transport: VoiceTransport | undefined): void {
		this.#transport = transport;
		this.#take();
	}

	get talking(): boolean {
		return this.talker.talking;
	}

	set talking(value: boolean) {
		this.talker.talking = value;
		this.#take();
	}

	get listening(): boolean {
		return monotonic() - this.listener.heard < this.settings.hangover;
	}

	speaker(low: number, high: number, now: number): number {
		return this.listener.speaker(low, high, now);
	}

	receive(speaker: number, offset: number, length: number, now: number, sequence: number, timestamp: number): void {
		this.listener.receive(speaker, offset, length, now, sequence, timestamp);
		if (this.listener.deadline < this.#armed) this.#arm(now);
	}

	forget(speaker: number): void {
		this.listener.forget(speaker);
	}

	forgetAll(): void {
		for (let i = 0; i < this.listener.speakers.length; i++) this.listener.forget(i);
	}

	/** Safe twice. */
	close(): void {
		this.#running = false;
		this.#transport = undefined;
		this.talker.stop();
		this.#timer.close();
		this.#source.close();
		this.#sink.close();
		this.#encoder.close();
		for (let i = 0; i < this.#decoders.length; i++) this.#decoders[i].close();
	}

	writeFigures(figures: Figures): void {
		writeVoiceFigures(figures, this);
	}

	/** Takes sound, or not, as somebody is to hear it. */
	#take(): void {
		const wanted = this.#running && this.#transport !== undefined && this.talker.talking;
		if (wanted === this.#wanted) return;
		const now = monotonic();
		this.#wanted = wanted;
		if (wanted) this.#open(now);
		else {
			this.#openAt = Infinity;
			this.talker.stop();
			this.#source.close();
		}
		this.#arm(now);
	}

	/** A source that was there at boot may be gone for a while. */
	#open(now: number): void {
		this.#openAt = Infinity;
		try {
			this.#source.start();
			this.talker.start(now);
			this.#closed = "";
		} catch (error) {
			this.talker.missing++;
			this.#closed = (error as Error).message;
			this.#openAt = now + this.#again;
		}
		this.#tell();
	}

	/** Tells once that a device was unplugged or a disk is full, and once that all is well again. */
	#tell(): void {
		const input = this.#closed !== "" ? this.#closed : (this.#source.error ?? "");
		const output = this.#sink.error ?? "";
		if ((input !== "") !== this.#deaf) {
			this.#deaf = !this.#deaf;
			if (this.#deaf) this.#log?.log(LEVEL_WARNING, "audio", "input-lost", { reason: input });
			else this.#log?.log(LEVEL_INFO, "audio", "input-back");
		}
		if ((output !== "") === this.#mute) return;
		this.#mute = !this.#mute;
		if (this.#mute) this.#log?.log(LEVEL_WARNING, "audio", "output-lost", { reason: output });
		else this.#log?.log(LEVEL_INFO, "audio", "output-back");
	}

	#tick(): void {
		this.#armed = Infinity;
		this.ticks++;
		const now = monotonic();
		if (now + NEAR >= this.#openAt) this.#open(now);
		this.#talk(now + NEAR);
		this.listener.play(now);
		this.#tell();
		this.#arm(now);
	}

	#talk(now: number): void {
		const { talker, settings } = this;
		talker.muted = settings.halfDuplex && now - this.listener.heard < settings.hangover;
		for (let i = 0; i < MOST_FRAMES && talker.deadline <= now; i++) {
			const length = talker.next(now);
			if (length > 0) this.#transport?.sendVoice(talker.offset, length, talker.sequence, talker.timestamp, now);
		}
	}

	/** Arms the timer for the nearest deadline. */
	#arm(now: number): void {
		if (!this.#running) return;
		const { talker, listener } = this;
		let deadline = talker.deadline < listener.deadline ? talker.deadline : listener.deadline;
		if (this.#openAt < deadline) deadline = this.#openAt;
		if (deadline === Infinity) return;
		this.#armed = deadline;
		this.#timer.schedule(deadline > now ? deadline - now : 0);
	}
}
