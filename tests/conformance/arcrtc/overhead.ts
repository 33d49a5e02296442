import {
	AUTH_AEAD,
	AUTH_AEAD_HMAC80,
	HEADROOM,
	MATERIAL_BYTES,
	PRIORITY_AUDIO,
	SUITE_AES_128_CTR_HMAC80,
	SUITE_AES_128_GCM,
	TAILROOM,
} from "arcrtc/constants";
import { CIPHER_SCRATCH } from "arcrtc/packet_cipher";
import { Sealer, sealerBytes } from "arcrtc/sealer";
import { SendKeys } from "arcrtc/send_keys";
import { SEND_TIME_OFF, SEND_TIME_USUAL, type SendStream } from "arcrtc/send_stream";
import { UsedSources } from "arcrtc/used_sources";
import { Arena } from "storage/arena";
import type { Suite } from "unit/suite";
import { OVERHEAD } from "vectors/arcrtc";

/** Bytes of Opus at 24 kbps in 20 ms, and of the headers of IP and UDP. */
export const OPUS_BYTES = 60;
export const IP_UDP_BYTES = 28;
const CLOCK = 48000;
const FRAME = 960;
const FRAME_MS = 20;

interface Form {
	/** As in V: overhead. */
	readonly form: string;
	readonly suite: number;
	readonly auth: number;
	readonly reduced: boolean;
}

/** What Fletcher may send an Opus packet as. */
export const FORMS: readonly Form[] = Object.freeze([
	{ form: "ArcSRTP full AEAD", suite: SUITE_AES_128_GCM, auth: AUTH_AEAD, reduced: false },
	{ form: "ArcSRTP full AEAD+HMAC80", suite: SUITE_AES_128_GCM, auth: AUTH_AEAD_HMAC80, reduced: false },
	{ form: "ArcSRTP reduced AEAD", suite: SUITE_AES_128_GCM, auth: AUTH_AEAD, reduced: true },
	{ form: "ArcSRTP reduced AEAD+HMAC80", suite: SUITE_AES_128_GCM, auth: AUTH_AEAD_HMAC80, reduced: true },
	{ form: "ArcSRTP reduced CTR+HMAC80", suite: SUITE_AES_128_CTR_HMAC80, auth: AUTH_AEAD, reduced: true },
]);

/** Seals packets of Opus, 20 ms apart. */
export class OpusSender {
	readonly #sealer: Sealer;
	readonly #stream: SendStream;
	readonly #keys: SendKeys;
	#count = 0;

	constructor(form: Form, sendTime: number) {
		const at = HEADROOM + OPUS_BYTES + TAILROOM;
		const arena = new Arena(at + CIPHER_SCRATCH + sealerBytes(1));
		this.#sealer = new Sealer({ arena, offset: at + CIPHER_SCRATCH, streams: 1, sources: new UsedSources(1) });
		const keys = new SendKeys(arena, at, form.suite, form.auth);
		this.#keys = keys;
		keys.install(new ArrayBuffer(MATERIAL_BYTES), 0, 0);
		const tsu = form.reduced ? FRAME : 0;
		this.#stream = this.#sealer.add({ keys, ssrc: 1, payloadType: 111, clock: CLOCK, video: false, tsu, sendTime }) as SendStream;
	}

	close(): void {
		this.#keys.close();
	}

	/** @returns bytes of the next packet, without IP and UDP. */
	next(): number {
		const i = this.#count++;
		return this.#sealer.seal(this.#stream, HEADROOM, OPUS_BYTES, i * FRAME, false, PRIORITY_AUDIO, i * FRAME_MS, i * FRAME_MS);
	}
}

/** Bytes of one packet, when contexts are confirmed. */
export function packetBytes(form: Form): number {
	const sender = new OpusSender(form, SEND_TIME_OFF);
	for (let i = 0; i < 10; i++) sender.next();
	const bytes = sender.next();
	sender.close();
	return bytes;
}

/** Bytes of a packet on average over a minute, with refreshes and send times as they are by default. */
export function averageBytes(form: Form): number {
	const sender = new OpusSender(form, SEND_TIME_USUAL);
	let sum = 0;
	for (let i = 0; i < 3000; i++) sum += sender.next();
	sender.close();
	return sum / 3000;
}

function rowOf(form: Form): (typeof OVERHEAD)[number] {
	const row = OVERHEAD.find((one) => one.form === form.form);
	if (row === undefined) throw new Error(form.form + " is not in the table");
	return row;
}

export default function overhead(suite: Suite): void {
	suite.test("ARC-P4 ARC-R3 V: overhead: bytes of an Opus packet in each form", (check) => {
		for (const form of FORMS) {
			const row = rowOf(form);
			const bytes = packetBytes(form);
			check.equal(bytes - OPUS_BYTES, row.header_plus_tag, form.form);
			check.equal(bytes + IP_UDP_BYTES, row.ip_packet, form.form);
			check.equal(
				Math.round(((bytes - OPUS_BYTES + IP_UDP_BYTES) * 1000) / (bytes + IP_UDP_BYTES)) / 10,
				row.percent_of_ip_packet,
				form.form,
			);
		}
	});

	suite.test("ARC-P4 refreshes and send times cost less than a byte a packet", (check) => {
		for (const form of FORMS) {
			const more = averageBytes(form) - packetBytes(form);
			// 8 bytes on every 8th full packet; with reduced headers one in 50 is full, 12 + 4 + 8 bytes longer.
			check.ok(more > 0 && more <= 1, form.form + " " + more);
		}
	});
}
