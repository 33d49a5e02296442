import { AUTH_AEAD, DATAGRAM_LIMIT, HEADROOM, MATERIAL_BYTES, PRIORITY_DROPPABLE, TAILROOM } from "arcrtc/constants";
import { DropCounters } from "arcrtc/counters";
import { Opener, openerBytes } from "arcrtc/opener";
import { CIPHER_SCRATCH } from "arcrtc/packet_cipher";
import { ReceiveKeys } from "arcrtc/receive_keys";
import { Sealer, sealerBytes } from "arcrtc/sealer";
import { SendKeys } from "arcrtc/send_keys";
import { SEND_TIME_ALL } from "arcrtc/send_stream";
import { UsedSources } from "arcrtc/used_sources";
import { averageBytes, FORMS, IP_UDP_BYTES, packetBytes } from "conformance/arcrtc/overhead";
import { read } from "files/files";
import { args, exit, print } from "host/host";
import { Arena } from "storage/arena";
import { formatHex, parseHex } from "wire/hex";

/** Programs for tests/system/libsrtp.test.ts: full packets of the sealer as text, and text to the opener. */

const VIDEO = 0x00bc614e;
const AUDIO = 0xdeadbeef;
const REPAIR = 0x80000001;
const TYPES = Object.freeze([96, 111, 97]);
const WALL = 1767225600123;
const TEXT_LIMIT = 4 << 20;

function materialOf(hex: string): ArrayBuffer {
	const material = parseHex(hex, MATERIAL_BYTES);
	if (material === undefined) throw new Error("no key material: " + hex);
	return material.buffer;
}

/** Prints for each packet its payload and what the sealer made of it. All kinds of full headers, over the wrap of the sequence number. */
function seal(suite: number, material: ArrayBuffer, count: number): void {
	const room = HEADROOM + DATAGRAM_LIMIT + TAILROOM;
	const keysAt = sealerBytes(3);
	const block = keysAt + CIPHER_SCRATCH;
	const arena = new Arena(block + room);
	const sealer = new Sealer({ arena, offset: 0, streams: 3, sources: new UsedSources(3) });
	const keys = new SendKeys(arena, keysAt, suite, AUTH_AEAD);
	keys.install(material, 0, 0);
	const common = { keys, sequence: 65500, clock: 90000 };
	const streams = [
		sealer.add({ ...common, ssrc: VIDEO, payloadType: TYPES[0], video: true, tsu: 0 }),
		sealer.add({ ...common, ssrc: AUDIO, payloadType: TYPES[1], video: false, tsu: 960, clock: 48000, sendTime: SEND_TIME_ALL }),
		sealer.add({ ...common, ssrc: REPAIR, payloadType: TYPES[2], video: true, tsu: 0, csrc: VIDEO }),
	];
	const payload = block + HEADROOM;
	for (let i = 0; i < count; i++) {
		const stream = streams[i % 3];
		if (stream === undefined) throw new Error("no stream");
		const length = i < 6 ? i : (i * 37) % (DATAGRAM_LIMIT - HEADROOM - TAILROOM);
		for (let at = 0; at < length; at++) arena.bytes[payload + at] = i * 31 + at;
		const plain = formatHex(arena.bytes, payload, length);
		// Each packet is a refresh: full, and with its context.
		sealer.forceRefresh();
		stream.quality = i & 3;
		const priority = i % 3 === 2 ? PRIORITY_DROPPABLE : i % 3 === 1 ? 0 : 1 + (i & 1);
		if (i % 10 === 0) sealer.requestQuality(stream, i & 3);
		const bytes = sealer.seal(
			stream,
			payload,
			length,
			(0xfffff000 + 960 * i) >>> 0,
			i % 7 === 0,
			priority,
			i * 20,
			WALL + i * 20,
		);
		print(plain + " " + formatHex(arena.bytes, sealer.start, bytes));
	}
}

/** Opens the packets of a file, a line each, and prints what each one came to. */
function open(suite: number, material: ArrayBuffer, path: string): void {
	const lines = String.fromArrayBuffer(read(path, TEXT_LIMIT)).trim().split("\n");
	const keysAt = openerBytes(3);
	const block = keysAt + CIPHER_SCRATCH;
	const arena = new Arena(block + HEADROOM + 2 * DATAGRAM_LIMIT);
	const counters = new DropCounters();
	const opener = new Opener({ arena, offset: 0, streams: 3, sources: new UsedSources(3), counters });
	const keys = new ReceiveKeys(arena, keysAt, suite, AUTH_AEAD);
	opener.install(keys, material, 0);
	for (const ssrc of [VIDEO, AUDIO, REPAIR]) opener.add({ keys, ssrc, payloadTypes: TYPES, clock: 90000, video: true });
	const at = block + HEADROOM;
	let now = 0;
	for (const line of lines) {
		const packet = parseHex(line, line.length / 2) as Uint8Array;
		arena.bytes.set(packet, at);
		const place = opener.open(at, packet.length, now++);
		if (place < 0) {
			print("refused " + place);
			continue;
		}
		const { header } = opener;
		const fields = [place, opener.extendedSequence, header.timestamp, header.marker ? 1 : 0, header.quality, header.priority];
		print(fields.join(" ") + " " + formatHex(arena.bytes, opener.payload, opener.payloadLength));
	}
}

/** Prints for each form of a packet its bytes and the average over a minute, IP and UDP included. */
function sizes(): void {
	for (const form of FORMS)
		print(packetBytes(form) + IP_UDP_BYTES + " " + (averageBytes(form) + IP_UDP_BYTES).toFixed(1) + " " + form.form);
}

/** @returns false when there is no such program. */
export function runSRTPProbe(name: string): boolean {
	const words = args();
	if (name === "srtp-sizes") {
		sizes();
		exit(0);
		return true;
	}
	if (name !== "srtp-seal" && name !== "srtp-open") return false;
	const suite = Number(words[2]);
	const material = materialOf(words[3] as string);
	if (name === "srtp-seal") seal(suite, material, Number(words[4]));
	else open(suite, material, words[4] as string);
	exit(0);
	return true;
}
