import { AUTH_AEAD, HEADROOM, MATERIAL_BYTES, MATERIAL_SALT, SUITE_AES_128_GCM, TAILROOM } from "arcrtc/constants";
import { DropCounters } from "arcrtc/counters";
import { Header } from "arcrtc/header";
import { Opener, openerBytes } from "arcrtc/opener";
import { CIPHER_SCRATCH } from "arcrtc/packet_cipher";
import { ReceiveKeys } from "arcrtc/receive_keys";
import { FromRTP, RTP_FORMAT, RTP_OLD, RTP_TAKEN, RTP_UNKNOWN, ToRTP } from "arcrtc/rtp_bridge";
import { Sealer, sealerBytes } from "arcrtc/sealer";
import { SendKeys } from "arcrtc/send_keys";
import { UsedSources } from "arcrtc/used_sources";
import { Codec } from "media/rtp/codecs";
import { FRAME } from "media/rtp/format";
import { JPEGDepacketizer, jpegDepacketizerBytes } from "media/rtp/jpeg_depacketizer";
import { JPEG_PACKETIZER_BYTES, JPEGPacketizer } from "media/rtp/jpeg_packetizer";
import { LONGEST_RTP_HEADER, RTPReader, writeRTP } from "media/rtp/rtp_header";
import { Arena } from "storage/arena";
import { Allocation } from "unit/allocation";
import { bytesOf, pattern } from "unit/rtp_line";
import { jpeg, quantisers } from "unit/rtp_pictures";
import type { Check, Suite } from "unit/suite";
import { ARCSRTP, HEADERS, HKDF } from "vectors/arcrtc";
import { formatHex, parseHex } from "wire/hex";

const VIDEO_SSRC = 12345678;
const AUDIO_SSRC = 77;
const PACKET = 256;
const PICTURE = 4096;

function material(): ArrayBuffer {
	const bytes = new Uint8Array(MATERIAL_BYTES);
	const { enc, auth, salt } = HKDF.video;
	bytes.set(parseHex(enc, 16) as Uint8Array, 0);
	bytes.set(parseHex(auth, 32) as Uint8Array, 32);
	bytes.set(parseHex(salt, 12) as Uint8Array, MATERIAL_SALT);
	return bytes.buffer;
}

/** A sealer and an opener of one stream each of video and of sound under the keys of the known answers, and a bridge behind it. */
class Session {
	readonly arena = new Arena(65536);
	readonly counters = new DropCounters();
	readonly opener: Opener;
	readonly sealer: Sealer;
	readonly bridge = new ToRTP(this.arena);
	readonly reader = new RTPReader(this.arena);
	readonly #sendKeys: SendKeys;
	readonly #receiveKeys: ReceiveKeys;
	#free = 32768;

	constructor() {
		const { arena, counters } = this;
		const scratch = this.region(CIPHER_SCRATCH);
		this.#sendKeys = new SendKeys(arena, scratch, SUITE_AES_128_GCM, AUTH_AEAD);
		this.#receiveKeys = new ReceiveKeys(arena, scratch, SUITE_AES_128_GCM, AUTH_AEAD);
		this.sealer = new Sealer({ arena, offset: this.region(sealerBytes(2)), streams: 2, sources: new UsedSources(8) });
		this.opener = new Opener({ arena, offset: this.region(openerBytes(2)), streams: 2, sources: new UsedSources(8), counters });
		this.#sendKeys.install(material(), 0, 0);
		this.#receiveKeys.install(material(), 0);
		const keys = this.#receiveKeys;
		this.opener.add({ keys, ssrc: VIDEO_SSRC, payloadTypes: [96, 26], clock: 90000, video: true });
		this.opener.add({ keys, ssrc: AUDIO_SSRC, payloadTypes: [111], clock: 48000, video: false });
	}

	get sendKeys(): SendKeys {
		return this.#sendKeys;
	}

	region(bytes: number): number {
		const at = (this.#free + 7) & ~7;
		this.#free = at + bytes;
		return at;
	}

	close(): void {
		this.#sendKeys.close();
		this.#receiveKeys.close();
	}

	/** Opens a packet of hex. @returns the plain RTP packet in hex. */
	pass(check: Check, hex: string, payloadType = -1): string {
		const bytes = bytesOf(hex);
		this.arena.bytes.fill(0xee, 0, 4096);
		this.arena.bytes.set(bytes, PACKET);
		const { opener, bridge } = this;
		check.equal(opener.open(PACKET, bytes.length, 1000), 0);
		const start = bridge.write(opener.header, opener.extendedSequence, opener.payload, opener.payloadLength, payloadType);
		check.ok(opener.payload - start <= LONGEST_RTP_HEADER);
		return formatHex(this.arena.bytes, start, bridge.length);
	}
}

function golden(suite: Suite): void {
	suite.test("ARC-W3 full and reduced packets of the known answers become plain RTP, word for word", (check) => {
		const session = new Session();
		const payload = ARCSRTP.full_aead.plaintext;
		check.equal(session.pass(check, ARCSRTP.full_aead.packet), "806012350001000000bc614e" + payload);
		check.equal([session.bridge.quality, session.bridge.priority].join(), "1,1");
		check.equal(session.pass(check, ARCSRTP.reduced_aead.packet), "80e012360001000000bc614e" + ARCSRTP.reduced_aead.plaintext);
		check.equal([session.bridge.quality, session.bridge.priority].join(), "1,1");
		session.close();
	});

	suite.test("ARC-W3 ARC-P6 the send time has 24 bits in an element of RFC 8285; another payload type, a CSRC", (check) => {
		const arena = new Arena(128);
		const bridge = new ToRTP(arena);
		const header = new Header();
		arena.bytes.set(bytesOf(HEADERS.full_send_time.out + "a1a2"), 32);
		check.equal(header.read(arena.view, 32, 26, false), 24);
		const made = (type: number): string => formatHex(arena.bytes, bridge.write(header, 0x71234, 56, 2, type), bridge.length);
		check.equal(made(-1), "806012340001000000bc614ea1a2");
		bridge.sendTimeId = 3;
		check.equal(made(102), "906612340001000000bc614ebede000132007df3a1a2");
		check.equal(HEADERS.abs_send_time.webrtc_abs_send_time_24bit, "0x007df3");
		header.uptime = true;
		check.equal(made(-1), "806012340001000000bc614ea1a2");
		header.uptime = false;
		header.csrc = 7;
		header.marker = true;
		check.equal(made(-1), "91e012340001000000bc614e00000007bede000132007df3a1a2");
		check.equal(bridge.length, LONGEST_RTP_HEADER + 2);
	});
}

/** A plain RTP packet of one stream, at PACKET. */
function plain(arena: Arena, payload: string, sequence: number, timestamp: number, type = 96, ssrc = 5): number {
	const bytes = bytesOf(payload);
	arena.bytes.set(bytes, PACKET + 12);
	writeRTP(arena.view, PACKET + 12, type, false, sequence, timestamp, ssrc, -1, 0, 0);
	return bytes.length + 12;
}

/** Payloads of a stream, one a line: what each is, its timestamp, its PR. */
type Trace = readonly (readonly [string, number, number])[];

const H264_TRACE: Trace = Object.freeze([
	["6764001facd9", 0, 1], // SPS
	["68ebe3cb22c0", 0, 1], // PPS
	["7c8588aa", 0, 1], // IDR, fragments
	["7c05bb", 0, 1],
	["7c45cc", 0, 1],
	["4188", 1, 2], // P
	["0188", 2, 3], // B that no other needs
	["7c8188", 3, 2], // P, fragments
	["7c4188", 3, 2],
	["1c8188", 4, 3],
	["0600", 5, 2], // SEI
	["78000667640000000000036588aa", 6, 1], // STAP-A with an IDR
	["7800024188000601000000000a", 7, 2],
	["7800020188", 8, 3],
	["780002", 9, 2],
	["7c", 9, 2],
	["6588", 10, 1],
]);

const TRACES: readonly (readonly [number, Trace])[] = Object.freeze([
	[Codec.H264, H264_TRACE],
	[
		Codec.H265,
		[
			["40010c", 0, 1],
			["420101", 0, 1],
			["4401c1", 0, 1],
			["620193aa", 0, 1],
			["620153aa", 0, 1],
			["020180", 1, 2],
			["000180", 2, 3],
			["620180aa", 3, 3],
			["620181aa", 3, 2],
			["4e0105", 4, 2],
			["6001000340010c0003260180", 5, 1],
			["60010003000180", 6, 3],
			["2a0180", 7, 1],
			["02", 8, 2],
		],
	],
	[
		Codec.VP8,
		[
			["1000", 0, 1],
			["00aa", 0, 1],
			["1001", 1, 2],
			["3001", 2, 3],
			["90801500", 3, 1],
			["9080951500", 4, 1],
			["90f09515020300", 5, 1],
			["90f09515020301", 6, 2],
			["90", 7, 2],
			["1100", 8, 2],
		],
	],
	[
		Codec.VP9,
		[
			["0882", 0, 1],
			["0499", 0, 1],
			["4886", 1, 2],
			["4499", 1, 2],
			["0886", 2, 2],
		],
	],
	[
		Codec.AV1,
		[
			["680208aa3001", 0, 1],
			["9002", 0, 1],
			["103001", 1, 2],
			["983001", 2, 2],
		],
	],
	[
		Codec.JPEG,
		[
			["00000000014b0806aa", 0, 1],
			["00000001014b0806aa", 0, 1],
		],
	],
	[Codec.OPUS, [["08aa", 0, 0]]],
	[Codec.PCMU, [["ffff", 0, 0]]],
]);

function priorities(suite: Suite): void {
	suite.test(
		"ARC-W4 the priority of plain RTP is by the codec: PR 1 exactly on IDR packets and their parameter sets",
		(check) => {
			for (const [codec, trace] of TRACES) {
				const arena = new Arena(1024);
				const bridge = new FromRTP(arena, codec, 96);
				for (let i = 0; i < trace.length; i++) {
					const [payload, timestamp, priority] = trace[i] as Trace[number];
					const what = "codec " + codec + " payload " + payload;
					check.equal(bridge.read(PACKET, plain(arena, payload, i, timestamp)), RTP_TAKEN, what);
					check.equal(bridge.priority, priority, what);
					check.equal(formatHex(arena.bytes, bridge.rtp.payload, bridge.rtp.payloadLength), payload);
					check.equal(bridge.rtp.timestamp, timestamp);
					check.equal(bridge.missing, 0);
				}
			}
		},
	);

	suite.test("ARC-W4 packets that are old, foreign or none are counted; missing ones are told", (check) => {
		const arena = new Arena(1024);
		const bridge = new FromRTP(arena, Codec.H264, 96);
		const read = (sequence: number, type = 96, ssrc = 5): number =>
			bridge.read(PACKET, plain(arena, "4188", sequence, 1, type, ssrc));
		check.equal(read(65534), RTP_TAKEN);
		check.equal(read(65534), RTP_OLD);
		check.equal(read(1), RTP_TAKEN);
		check.equal(bridge.missing, 2);
		check.equal(read(65535), RTP_OLD);
		check.equal(read(2, 97), RTP_UNKNOWN);
		check.equal(read(2), RTP_TAKEN);
		check.equal(bridge.missing, 0);
		check.equal(read(40000, 96, 6), RTP_TAKEN);
		check.equal(bridge.missing, 0);
		check.equal(bridge.read(PACKET, plain(arena, "", 40001, 1, 96, 6)), RTP_FORMAT);
		check.equal(bridge.read(PACKET, 11), RTP_FORMAT);
		check.equal([bridge.old, bridge.unknown, bridge.format].join(), "2,1,2");
	});
}

function through(suite: Suite): void {
	suite.test("ARC-D3 ARC-W3 pictures go sealed, opened and as plain RTP to a viewer; 0 slots, 0 chunk bytes", (check) => {
		const session = new Session();
		const { arena, sealer, opener, bridge, reader, counters } = session;
		const stream = sealer.add({ keys: session.sendKeys, ssrc: VIDEO_SSRC, payloadType: 26, clock: 90000, video: true, tsu: 90 });
		if (stream === undefined) throw new Error("no stream");
		const packetizer = new JPEGPacketizer(arena, session.region(JPEG_PACKETIZER_BYTES));
		const depacketizer = new JPEGDepacketizer(arena, session.region(jpegDepacketizerBytes(8000)), 8000);
		const tables = quantisers(30);
		tables[1] = 99;
		const picture = jpeg({ tables, width: 640, height: 480, scan: pattern(5000, 1) });
		arena.bytes.set(picture, PICTURE);
		const payload = PACKET + HEADROOM;
		const limit = 1138;
		let reduced = 0;
		let frames = 0;
		let wrong = 0;
		const allocation = new Allocation();
		for (let frame = -3; frame < 500; frame++) {
			if (frame === 0) allocation.begin();
			const now = 10_000 + frame * 100;
			if (!packetizer.begin(PICTURE, picture.length)) wrong++;
			for (let size = packetizer.next(payload, limit); size > 0; size = packetizer.next(payload, limit)) {
				const total = sealer.seal(stream, payload, size, (frame + 3) * 9000, packetizer.marker, 1, now, 1.7e12 + now);
				if (total < 0 || payload + size + TAILROOM < sealer.start + total) wrong++;
				if (arena.bytes[sealer.start] >= 0xc0) reduced++;
				if (opener.open(sealer.start, total, now) !== 0) wrong++;
				const start = bridge.write(opener.header, opener.extendedSequence, opener.payload, opener.payloadLength, -1);
				if (!reader.read(start, bridge.length) || reader.payloadType !== 26 || bridge.priority !== 1) wrong++;
				if (depacketizer.push(reader.payload, reader.payloadLength, reader.timestamp, reader.marker, false) === FRAME) frames++;
			}
			opener.tick(now);
		}
		allocation.expectNone(check);
		check.equal(wrong, 0);
		check.equal(frames, 503);
		check.ok(reduced > 1000, "reduced: " + reduced);
		check.equal(counters.auth + counters.format + counters.replay, 0);
		check.equal(depacketizer.counters.damaged, 0);
		check.equal(depacketizer.width + "x" + depacketizer.height, "640x480");
		session.close();
	});
}

export default function bridge(suite: Suite): void {
	golden(suite);
	priorities(suite);
	through(suite);
}
