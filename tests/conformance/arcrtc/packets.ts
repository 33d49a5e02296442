import { AUTH_AEAD, MATERIAL_BYTES, MATERIAL_SALT, SUITE_AES_128_GCM } from "arcrtc/constants";
import { DropCounters } from "arcrtc/counters";
import { HeldPackets } from "arcrtc/held_packets";
import { Opener, openerBytes } from "arcrtc/opener";
import { CIPHER_SCRATCH } from "arcrtc/packet_cipher";
import { ReceiveKeys } from "arcrtc/receive_keys";
import type { ReceiveStream, ReceiveStreamOptions } from "arcrtc/receive_stream";
import { Sealer, sealerBytes } from "arcrtc/sealer";
import { SendKeys } from "arcrtc/send_keys";
import type { SendStream, SendStreamOptions } from "arcrtc/send_stream";
import { UsedSources } from "arcrtc/used_sources";
import { Arena } from "storage/arena";
import { PacketPool } from "storage/pool";
import { HKDF, KEY_ROTATION } from "vectors/arcrtc";
import { formatHex, parseHex } from "wire/hex";

/** Video's SSRC in the known answers. */
export const SSRC = 12345678;
export const VIDEO_TYPE = 96;
export const AUDIO_TYPE = 111;
/** Where packets are made, and where they are opened. */
export const MAKE = 64;
export const OPEN = 2048;
const STATE = 4096;
const STREAMS = 4;
const BLOCK = 1216;

interface KeyText {
	readonly enc: string;
	readonly auth: string;
	readonly salt: string;
}

/** Keys of a stream as one buffer. */
export function material(keys: KeyText): ArrayBuffer {
	const bytes = new Uint8Array(MATERIAL_BYTES);
	bytes.set(parseHex(keys.enc, keys.enc.length / 2) as Uint8Array, 0);
	bytes.set(parseHex(keys.auth, 32) as Uint8Array, 32);
	bytes.set(parseHex(keys.salt, 12) as Uint8Array, MATERIAL_SALT);
	return bytes.buffer;
}

export const VIDEO_KEYS: KeyText = HKDF.video;
export const VIDEO_KEYS_256: KeyText = HKDF.video_256;
export const NEXT_KEYS: KeyText = KEY_ROTATION.keys;

/** A sealer and an opener with one set of keys, one arena, and packets as text between them. */
export class Pair {
	readonly arena: Arena;
	readonly sealer: Sealer;
	readonly opener: Opener;
	readonly sendKeys: SendKeys;
	readonly receiveKeys: ReceiveKeys;
	readonly counters = new DropCounters();
	readonly held: HeldPackets;
	readonly pool: PacketPool;

	constructor(suite: number = SUITE_AES_128_GCM, auth: number = AUTH_AEAD, keys: KeyText | null = VIDEO_KEYS, replayWindow = 64) {
		const scratch = STATE;
		const sealerAt = scratch + CIPHER_SCRATCH;
		const openerAt = sealerAt + sealerBytes(STREAMS);
		const poolAt = openerAt + openerBytes(STREAMS);
		this.arena = new Arena(poolAt + 16 * BLOCK);
		const { arena } = this;
		this.pool = new PacketPool(arena, poolAt, 16, BLOCK);
		this.held = new HeldPackets(arena, this.pool);
		this.sendKeys = new SendKeys(arena, scratch, suite, auth);
		this.receiveKeys = new ReceiveKeys(arena, scratch, suite, auth);
		this.sealer = new Sealer({ arena, offset: sealerAt, streams: STREAMS, sources: new UsedSources(64) });
		this.opener = new Opener({
			arena,
			offset: openerAt,
			streams: STREAMS,
			sources: new UsedSources(64),
			counters: this.counters,
			replayWindow,
			replayCapacity: 1024,
			held: this.held,
		});
		if (keys !== null) this.install(material(keys), 0, 0);
	}

	install(keys: ArrayBuffer, epoch: number, now: number): void {
		this.sendKeys.install(keys, epoch, now);
		this.opener.install(this.receiveKeys, keys, epoch);
	}

	/** A stream that is sent, and received. */
	video(options: Partial<SendStreamOptions> = {}): SendStream {
		this.receive({ video: true, clock: 90000, payloadTypes: [options.payloadType ?? VIDEO_TYPE], ssrc: options.ssrc ?? SSRC });
		return this.send({ ssrc: SSRC, payloadType: VIDEO_TYPE, clock: 90000, video: true, tsu: 90, ...options });
	}

	audio(options: Partial<SendStreamOptions> = {}): SendStream {
		const ssrc = options.ssrc ?? SSRC + 1;
		this.receive({ video: false, clock: 48000, payloadTypes: [options.payloadType ?? AUDIO_TYPE], ssrc });
		return this.send({ ssrc, payloadType: AUDIO_TYPE, clock: 48000, video: false, tsu: 960, ...options });
	}

	send(options: Omit<SendStreamOptions, "keys">): SendStream {
		return this.sealer.add({ keys: this.sendKeys, ...options }) as SendStream;
	}

	receive(options: Omit<ReceiveStreamOptions, "keys">): ReceiveStream {
		return this.opener.add({ keys: this.receiveKeys, ...options }) as ReceiveStream;
	}

	/** Puts bytes at an offset. @returns how many. */
	put(hex: string, offset: number): number {
		const bytes = parseHex(hex, hex.length / 2) as Uint8Array;
		this.arena.bytes.set(bytes, offset);
		return bytes.length;
	}

	/** A packet as text; "" when it is refused. */
	seal(
		stream: SendStream,
		payload: string,
		timestamp: number,
		marker: boolean,
		priority: number,
		now: number,
		wall = -1,
	): string {
		const length = this.put(payload, MAKE);
		const bytes = this.sealer.seal(stream, MAKE, length, timestamp, marker, priority, now, wall);
		return bytes < 0 ? "" : formatHex(this.arena.bytes, this.sealer.start, bytes);
	}

	open(packet: string, now: number): number {
		return this.opener.open(OPEN, this.put(packet, OPEN), now);
	}

	/** Payload of the packet that was opened. */
	get payload(): string {
		return formatHex(this.arena.bytes, this.opener.payload, this.opener.payloadLength);
	}
}
