import type { Voice, VoiceTransport } from "media/voice/voice";
import type { Arena } from "storage/arena";
import type { Figures } from "wire/figures";

/**
 * One voice path for two protocols: what the device says goes to both, what either brings is played. Packets are framed in place by who
 * sends them, so that the first one gets a copy.
 */
export class VoiceShare implements VoiceTransport {
	readonly first: Voice;
	readonly second: Voice;
	readonly #voice: Voice;
	readonly #bytes: Uint8Array;
	readonly #copy: number;
	readonly #room: number;
	#firstTransport: VoiceTransport | undefined;
	#secondTransport: VoiceTransport | undefined;

	/** @param offset of the copy: `headroom + packetBytes` bytes, as the voice path's settings have them. */
	constructor(voice: Voice, arena: Arena, offset: number, headroom: number, packetBytes: number) {
		this.#voice = voice;
		this.#bytes = arena.bytes;
		this.#copy = offset + headroom;
		this.#room = packetBytes;
		this.first = new SharedVoice(voice, (transport) => {
			this.#firstTransport = transport;
			this.attach();
		});
		this.second = new SharedVoice(voice, (transport) => {
			this.#secondTransport = transport;
			this.attach();
		});
	}

	sendVoice(offset: number, length: number, sequence: number, timestamp: number, now: number): void {
		const first = this.#firstTransport;
		const second = this.#secondTransport;
		if (first !== undefined && second !== undefined) {
			if (length > this.#room) return;
			this.#bytes.copyWithin(this.#copy, offset, offset + length);
			first.sendVoice(this.#copy, length, sequence, timestamp, now);
		} else first?.sendVoice(offset, length, sequence, timestamp, now);
		second?.sendVoice(offset, length, sequence, timestamp, now);
	}

	private attach(): void {
		const any = this.#firstTransport !== undefined || this.#secondTransport !== undefined;
		this.#voice.attach(any ? this : undefined);
	}
}

/** The voice path as one of the protocols sees it. */
class SharedVoice implements Voice {
	readonly #voice: Voice;
	readonly #attach: (transport: VoiceTransport | undefined) => void;

	constructor(voice: Voice, attach: (transport: VoiceTransport | undefined) => void) {
		this.#voice = voice;
		this.#attach = attach;
	}

	attach(transport: VoiceTransport | undefined): void {
		this.#attach(transport);
	}

	get talking(): boolean {
		return this.#voice.talking;
	}

	set talking(value: boolean) {
		this.#voice.talking = value;
	}

	speaker(low: number, high: number, now: number): number {
		return this.#voice.speaker(low, high, now);
	}

	receive(speaker: number, offset: number, length: number, now: number, sequence: number, timestamp: number): void {
		this.#voice.receive(speaker, offset, length, now, sequence, timestamp);
	}

	forget(speaker: number): void {
		this.#voice.forget(speaker);
	}

	forgetAll(): void {
		this.#voice.forgetAll();
	}

	get listening(): boolean {
		return this.#voice.listening;
	}

	writeFigures(figures: Figures): void {
		this.#voice.writeFigures(figures);
	}
}
