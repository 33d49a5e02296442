import { PRIORITY_AUDIO } from "arcrtc/constants";
import { Header } from "arcrtc/header";
import type { SendStream } from "arcrtc/send_stream";
import { Pair } from "conformance/arcrtc/packets";
import { parseHex } from "wire/hex";

/** Any payload; ms and ticks of a packet of audio. */
export const PLAIN = "00112233445566778899";
export const FRAME = 20;
export const TICKS = 960;

export function isReduced(packet: string): boolean {
	return packet[0] >= "c";
}

/** The header of a full packet. */
export function headerOf(packet: string): Header {
	const header = new Header();
	const bytes = parseHex(packet, packet.length / 2) as Uint8Array;
	if (header.read(new DataView(bytes.buffer), 0, bytes.length, false) === 0) throw new Error("no full header: " + packet);
	return header;
}

/** A stream of audio, 20 ms a packet. */
export class Audio {
	readonly pair = new Pair();
	readonly stream: SendStream;
	now = 1000;
	timestamp = 5000;

	constructor() {
		this.stream = this.pair.audio();
	}

	next(): string {
		this.now += FRAME;
		this.timestamp += TICKS;
		return this.pair.seal(this.stream, PLAIN, this.timestamp, false, PRIORITY_AUDIO, this.now);
	}

	/** The next packet, which arrives. @returns its outcome. */
	pass(): number {
		return this.pair.open(this.next(), this.now);
	}

	/** What is due of CTX_ACK and CTX_NACK reaches the sender. */
	feedBack(): void {
		const { opener, sealer } = this.pair;
		sealer.confirmed(opener.takeAcks(this.now));
		sealer.refusedContexts(opener.takeNacks(this.now));
	}
}

/** Packets in letters: r reduced, C full with a context, f full without. */
export function sketch(packets: readonly string[]): string {
	let text = "";
	for (const packet of packets) text += isReduced(packet) ? "r" : headerOf(packet).cid >= 0 ? "C" : "f";
	return text;
}
