import {
	AUTH_AEAD,
	HEADROOM,
	MATERIAL_BYTES,
	PAYLOAD_LIMIT,
	PRIORITY_DELTA,
	PRIORITY_KEY,
	SUITE_AES_128_GCM,
} from "arcrtc/constants";
import { DropCounters } from "arcrtc/counters";
import { PayloadTypes } from "arcrtc/codecs";
import { Opener, openerBytes } from "arcrtc/opener";
import { CIPHER_SCRATCH } from "arcrtc/packet_cipher";
import { ReceiveKeys } from "arcrtc/receive_keys";
import { FromRTP, RTP_TAKEN, ToRTP } from "arcrtc/rtp_bridge";
import { Sealer, sealerBytes } from "arcrtc/sealer";
import { SendKeys } from "arcrtc/send_keys";
import type { SendStream } from "arcrtc/send_stream";
import { UsedSources } from "arcrtc/used_sources";
import { random } from "crypto/crypto";
import { File, FileWriter } from "files/files";
import { args, exit, print } from "host/host";
import { AACDepacketizer, LARGEST_AAC } from "media/rtp/aac";
import { AV1Depacketizer } from "media/rtp/av1";
import { Codec, codecOfEncoding, isVideo } from "media/rtp/codecs";
import { type Depacketizer, FRAME, type Packetizer, refusalWords } from "media/rtp/format";
import { H264Depacketizer, H264Packetizer } from "media/rtp/h264";
import { H265Depacketizer, H265Packetizer } from "media/rtp/h265";
import { JPEGDepacketizer, jpegDepacketizerBytes } from "media/rtp/jpeg_depacketizer";
import { JPEG_PACKETIZER_BYTES, JPEGPacketizer } from "media/rtp/jpeg_packetizer";
import { PREFIX_START_CODES } from "media/rtp/nal_depacketizer";
import { OpusDepacketizer, OpusPacketizer } from "media/rtp/opus";
import { G711_TICK, L16_TICK, SampleDepacketizer } from "media/rtp/samples";
import { VP9Depacketizer } from "media/rtp/vp9";
import { Datagram } from "net/datagram";
import { Arena } from "storage/arena";
import { monotonic, wall } from "time/clock";
import Timer from "time/timer";

/**
 * Programs for tests with other people's senders and viewers:
 * `rtp-send ENCODING FILE PORT` sends the frames of a file as ArcRTP to itself and what it opened as plain RTP to a port of this machine;
 * `rtp-receive ENCODING FILE` prints a port, joins what comes there, writes the frames to a file and tells the counters.
 * Frames in files stand behind their length of 4 bytes, those of H.264 and H.265 have start codes.
 */

const LARGEST = 400_000;
const PACKET = 2048;
/** Ms between frames, and of silence before the end. */
const PACE = 20;
const END = 1500;
const SSRC = 0x5eed0001;

class Sender {
	readonly #arena: Arena;
	readonly #file: File;
	readonly #frame: number;
	readonly #packet: number;
	readonly #packetizer: Packetizer;
	readonly #sealer: Sealer;
	readonly #stream: SendStream;
	readonly #opener: Opener;
	readonly #bridge: ToRTP;
	readonly #socket = new Datagram({ address: "127.0.0.1" });
	readonly #peer: number;
	readonly #step: number;
	readonly #timer: Timer;
	#position = 0;
	#timestamp = 1;
	#frames = 0;
	#keys = 0;
	#packets = 0;
	#reduced = 0;

	constructor(codec: number, path: string, port: number) {
		const arena = new Arena(LARGEST + 8 + PACKET + JPEG_PACKETIZER_BYTES + CIPHER_SCRATCH + sealerBytes(1) + openerBytes(1) + 64);
		let free = 0;
		const region = (bytes: number): number => {
			const at = free;
			free = (at + bytes + 7) & ~7;
			return at;
		};
		this.#arena = arena;
		this.#file = new File(path);
		this.#frame = region(LARGEST + 1);
		this.#packet = region(PACKET);
		this.#packetizer = packetizerOf(codec, arena, region(JPEG_PACKETIZER_BYTES));
		const scratch = region(CIPHER_SCRATCH);
		const sending = new SendKeys(arena, scratch, SUITE_AES_128_GCM, AUTH_AEAD);
		const receiving = new ReceiveKeys(arena, scratch, SUITE_AES_128_GCM, AUTH_AEAD);
		const material = new ArrayBuffer(MATERIAL_BYTES);
		random(material, 0, MATERIAL_BYTES);
		sending.install(material, 0, 0);
		receiving.install(material, 0);
		const clock = codec === Codec.OPUS ? 48000 : 90000;
		this.#step = (clock / 1000) * PACE;
		this.#sealer = new Sealer({ arena, offset: region(sealerBytes(1)), streams: 1, sources: new UsedSources(1) });
		const counters = new DropCounters();
		this.#opener = new Opener({ arena, offset: region(openerBytes(1)), streams: 1, sources: new UsedSources(1), counters });
		const type = new PayloadTypes().typeOf(codec, 1);
		const video = codec !== Codec.OPUS;
		const tsu = video ? 90 : this.#step;
		const stream = this.#sealer.add({ keys: sending, ssrc: SSRC, payloadType: type, clock, video, tsu });
		this.#opener.add({ keys: receiving, ssrc: SSRC, payloadTypes: [type], clock, video });
		if (stream === undefined) throw new Error("no stream");
		this.#stream = stream;
		this.#bridge = new ToRTP(arena);
		this.#bridge.sendTimeId = 3;
		this.#peer = this.#socket.peer("127.0.0.1", port);
		this.#socket.want(0);
		this.#timer = new Timer({ onTimer: () => this.#next() });
		this.#timer.schedule(0);
	}

	#next(): void {
		const { bytes, buffer, view } = this.#arena;
		if (this.#file.read(buffer, this.#frame, 4, this.#position) !== 4) {
			print(`${this.#frames} frames ${this.#keys} keys ${this.#packets} packets ${this.#reduced} reduced`);
			exit(0);
			return;
		}
		const length = view.getUint32(this.#frame);
		if (length > LARGEST || this.#file.read(buffer, this.#frame, length, this.#position + 4) !== length)
			throw new Error("a frame is cut off");
		this.#position += 4 + length;
		const packetizer = this.#packetizer;
		if (!packetizer.begin(this.#frame, length)) throw new Error(refusalWords(packetizer.refusal));
		this.#frames++;
		if (packetizer.key) this.#keys++;
		const payload = this.#packet + HEADROOM;
		const priority = packetizer.key ? PRIORITY_KEY : PRIORITY_DELTA;
		for (let size = packetizer.next(payload, PAYLOAD_LIMIT); size > 0; size = packetizer.next(payload, PAYLOAD_LIMIT)) {
			const time = monotonic();
			const sealer = this.#sealer;
			const total = sealer.seal(this.#stream, payload, size, this.#timestamp, packetizer.marker, priority, time, wall());
			if (bytes[sealer.start] >= 0xc0) this.#reduced++;
			const opener = this.#opener;
			if (opener.open(sealer.start, total, time) !== 0) throw new Error("a packet does not open");
			const start = this.#bridge.write(opener.header, opener.extendedSequence, opener.payload, opener.payloadLength, -1);
			if (this.#socket.write(buffer, start, this.#bridge.length, this.#peer) !== this.#bridge.length)
				throw new Error("a packet is not sent");
			this.#packets++;
		}
		this.#timestamp += this.#step;
		this.#timer.schedule(PACE);
	}
}

class Receiver {
	readonly #arena: Arena;
	readonly #writer: FileWriter;
	readonly #bridge: FromRTP;
	readonly #depacketizer: Depacketizer;
	readonly #socket: Datagram;
	readonly #timer: Timer;
	#position = 0;
	#keys = 0;
	#missing = 0;
	#wrongPriority = 0;
	readonly #video: boolean;
	#packets = 0;

	constructor(codec: number, path: string) {
		const arena = new Arena(PACKET + LARGEST + 1024);
		this.#arena = arena;
		this.#writer = new FileWriter(path);
		const types = new PayloadTypes();
		types.agree(Codec.AAC, 101);
		this.#bridge = new FromRTP(arena, codec, types.typeOf(codec, 2));
		this.#video = isVideo(codec);
		this.#depacketizer = depacketizerOf(codec, arena, PACKET);
		this.#socket = new Datagram({ address: "127.0.0.1", receiveBuffer: 4_000_000, onReadable: () => this.#readable() });
		this.#timer = new Timer({ onTimer: () => this.#end() });
		print(String(this.#socket.port));
	}

	#readable(): void {
		for (let length = this.#socket.read(this.#arena.buffer, 4, PACKET - 4); length >= 0; ) {
			this.#packet(length);
			length = this.#socket.read(this.#arena.buffer, 4, PACKET - 4);
		}
		this.#timer.schedule(END);
	}

	#packet(length: number): void {
		const bridge = this.#bridge;
		if (bridge.read(4, length) !== RTP_TAKEN) return;
		this.#packets++;
		this.#missing += bridge.missing;
		const { rtp } = bridge;
		const depacketizer = this.#depacketizer;
		let outcome = depacketizer.push(rtp.payload, rtp.payloadLength, rtp.timestamp, rtp.marker, bridge.missing > 0);
		/* What the last packet was worth is what its frame is. */
		if (this.#video && outcome === FRAME && depacketizer.key !== (bridge.priority === PRIORITY_KEY)) this.#wrongPriority++;
		while (outcome === FRAME) {
			this.#frame(depacketizer);
			outcome = depacketizer.more();
		}
	}

	#frame(depacketizer: Depacketizer): void {
		const { frameOffset, frameLength } = depacketizer;
		if (depacketizer.key) this.#keys++;
		const { buffer, view } = this.#arena;
		view.setUint32(0, frameLength);
		this.#writer.write(buffer, 0, 4, this.#position);
		this.#writer.write(buffer, frameOffset, frameLength, this.#position + 4);
		this.#position += 4 + frameLength;
	}

	#end(): void {
		const { frames, damaged, format, oversized } = this.#depacketizer.counters;
		print(
			`${frames} frames ${this.#keys} keys ${damaged} damaged ${format} format ${oversized} oversized ` +
				`${this.#missing} missing ${this.#wrongPriority} priorities ${this.#packets} packets`,
		);
		this.#writer.close();
		exit(0);
	}
}

function packetizerOf(codec: number, arena: Arena, offset: number): Packetizer {
	switch (codec) {
		case Codec.JPEG:
			return new JPEGPacketizer(arena, offset);
		case Codec.H264:
			return new H264Packetizer(arena, PREFIX_START_CODES);
		case Codec.H265:
			return new H265Packetizer(arena, PREFIX_START_CODES);
		case Codec.OPUS:
			return new OpusPacketizer(arena);
		default:
			throw new Error("no packetizer of this codec");
	}
}

function depacketizerOf(codec: number, arena: Arena, offset: number): Depacketizer {
	switch (codec) {
		case Codec.JPEG: {
			const scan = LARGEST - 1000;
			if (jpegDepacketizerBytes(scan) > LARGEST) throw new Error("no room");
			return new JPEGDepacketizer(arena, offset, scan);
		}
		case Codec.H264:
			return new H264Depacketizer(arena, offset, LARGEST, PREFIX_START_CODES);
		case Codec.H265:
			return new H265Depacketizer(arena, offset, LARGEST, PREFIX_START_CODES);
		case Codec.VP9:
			return new VP9Depacketizer(arena, offset, LARGEST);
		case Codec.AV1:
			return new AV1Depacketizer(arena, offset, LARGEST);
		case Codec.OPUS:
			return new OpusDepacketizer(arena);
		case Codec.PCMU:
			return new SampleDepacketizer(G711_TICK);
		case Codec.L16:
			return new SampleDepacketizer(2 * L16_TICK);
		case Codec.AAC:
			return new AACDepacketizer(arena, offset, LARGEST_AAC);
		default:
			throw new Error("no depacketizer of this codec");
	}
}

/** @returns false when there is no such program. */
export function runRTPProbe(name: string): boolean {
	const [, , encoding, path, port] = args();
	const codec = codecOfEncoding(encoding ?? "");
	if (name === "rtp-send") new Sender(codec, path as string, Number(port));
	else if (name === "rtp-receive") new Receiver(codec, path as string);
	else return false;
	return true;
}
