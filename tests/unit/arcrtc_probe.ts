import {
	AUTH_AEAD,
	AUTH_AEAD_HMAC80,
	HEADROOM,
	MATERIAL_BYTES,
	PAYLOAD_LIMIT,
	PRIORITY_AUDIO,
	PRIORITY_DELTA,
	PRIORITY_DROPPABLE,
	PRIORITY_KEY,
	SUITE_AES_128_GCM,
	SUITE_AES_256_GCM,
	SUITE_CHACHA20_POLY1305,
	TAILROOM,
} from "arcrtc/constants";
import { EVENT_CONTEXT_ACK, EVENT_CONTEXT_NACK, EVENT_NONE, EVENT_PICTURE_LOSS, EVENT_REPORT } from "arcrtc/control_events";
import { DropCounters } from "arcrtc/counters";
import { FecDecoder, fecDecoderBytes } from "arcrtc/fec_decoder";
import { FecEncoder, fecEncoderBytes } from "arcrtc/fec_encoder";
import { CONTROL_ROOM, Feedback, resendBytes } from "arcrtc/feedback";
import { KIND_RTCP, kindOf } from "arcrtc/header";
import { HeldPackets } from "arcrtc/held_packets";
import { JitterBuffer } from "arcrtc/jitter_buffer";
import { deriveStream } from "arcrtc/key_derivation";
import { OpenedPacket } from "arcrtc/opened_packet";
import { OPEN_NOTHING, Opener, openerBytes } from "arcrtc/opener";
import { CIPHER_SCRATCH } from "arcrtc/packet_cipher";
import { ReceiveKeys } from "arcrtc/receive_keys";
import { ReceivedPackets, receivedPacketsBytes } from "arcrtc/received_packets";
import { Sealer, sealerBytes } from "arcrtc/sealer";
import { SendKeys } from "arcrtc/send_keys";
import type { SendStream } from "arcrtc/send_stream";
import { UsedSources } from "arcrtc/used_sources";
import { args, exit, print } from "host/host";
import { Datagram } from "net/datagram";
import { MemoryPlan } from "storage/plan";
import { PacketPool } from "storage/pool";
import { monotonic } from "time/clock";
import Timer from "time/timer";

/**
 *   arcrtc-session PORT MILLISECONDS SUITE AUTH VIDEO ROTATION
 *
 * One end of a media session with the peer at a port of this machine (tests/system/arcrtc_session.test.ts has the other): sound every
 * 20 ms, a picture every 40 ms, parity of key frames, control. Stream ids are "fletcher" and "node", the master of epoch n is 32 times
 * n + 7. VIDEO 1: reduced headers for pictures too. ROTATION: milliseconds after which the sender takes new keys; 0: never. At the end it
 * prints what it counted, one `name number` a line.
 */

const SUITES = Object.freeze([SUITE_AES_128_GCM, SUITE_AES_256_GCM, SUITE_CHACHA20_POLY1305]);
const NAMES = Object.freeze(["aes-128-gcm", "aes-256-gcm", "chacha20-poly1305"]);
const AUDIO = 0;
const VIDEO = 1;
const FEC = 2;
const SOUND_MS = 20;
const PICTURE_MS = 40;
const KEY_FRAMES = 25;
const KEY_PACKETS = 12;
const COLUMNS = 5;
const STORED = 32;
const BLOCK = 1248;
const BLOCKS = 16;

class Session {
	readonly #socket: Datagram;
	readonly #peer: number;
	readonly #sealer: Sealer;
	readonly #opener: Opener;
	readonly #packet: OpenedPacket;
	readonly #feedback: Feedback;
	readonly #streams: SendStream[] = [];
	readonly #encoder: FecEncoder;
	readonly #decoder: FecDecoder;
	readonly #jitter: JitterBuffer;
	readonly #sendKeys: SendKeys;
	readonly #receiveKeys: ReceiveKeys;
	readonly #plan = new MemoryPlan();
	readonly #suite: number;
	readonly #drops = new DropCounters();
	readonly #figures = [0, 0, 0];
	readonly #made: number;
	readonly #taken: number;
	readonly #ticker: Timer;
	readonly #start: number;
	#soundAt: number;
	#pictureAt: number;
	#frames = 0;
	#sent = 0;
	#resent = 0;
	#played = 0;
	#lost = 0;
	#wrong = 0;
	#pictures = 0;
	#failed = 0;
	#rotateAt: number;
	readonly #endAt: number;

	constructor(port: number, milliseconds: number, suite: number, auth: number, reducedVideo: boolean, rotation: number) {
		const plan = this.#plan;
		plan.reserve("made", HEADROOM + 1200 + TAILROOM, "");
		plan.reserve("taken", 2048, "");
		plan.reserve("scratch", CIPHER_SCRATCH, "");
		plan.reserve("sealer", sealerBytes(3), "");
		plan.reserve("opener", openerBytes(3), "");
		plan.reserve("room", CONTROL_ROOM, "");
		plan.reserve("ring", resendBytes(2000), "");
		plan.reserve("encoder", fecEncoderBytes(PAYLOAD_LIMIT), "");
		plan.reserve("decoder", fecDecoderBytes(2, PAYLOAD_LIMIT), "");
		plan.reserve("packets", receivedPacketsBytes(STORED, PAYLOAD_LIMIT), "");
		plan.reserve("held", BLOCKS * BLOCK, "");
		const arena = plan.allocate();
		this.#suite = suite;
		this.#made = plan.offset("made") + HEADROOM;
		this.#taken = plan.offset("taken") + 64;
		const sources = new UsedSources(16);
		this.#sealer = new Sealer({ arena, offset: plan.offset("sealer"), streams: 3, sources });
		this.#opener = new Opener({
			arena,
			offset: plan.offset("opener"),
			streams: 3,
			sources,
			counters: this.#drops,
			replayWindow: 128,
			held: new HeldPackets(arena, new PacketPool(arena, plan.offset("held"), BLOCKS, BLOCK)),
		});
		this.#packet = new OpenedPacket(this.#opener);
		const scratch = plan.offset("scratch");
		const now = monotonic();
		const sendKeys = new SendKeys(arena, scratch, suite, auth);
		const receiveKeys = new ReceiveKeys(arena, scratch, suite, auth);
		this.#sendKeys = sendKeys;
		this.#receiveKeys = receiveKeys;
		sendKeys.install(this.#keys("fletcher", 0), 0, now);
		this.#opener.install(receiveKeys, this.#keys("node", 0), 0);
		const feedback = new Feedback({
			arena,
			room: plan.offset("room"),
			ring: plan.offset("ring"),
			ringBytes: plan.size("ring"),
			ssrc: 0xfeedbac0,
			drops: this.#drops,
		});
		this.#feedback = feedback;
		const add = (ssrc: number, payloadType: number, clock: number, tsu: number, csrc?: number): void => {
			const options = { keys: sendKeys, ssrc, payloadType, clock, video: clock === 90000, tsu };
			const stream = this.#sealer.add(csrc === undefined ? options : { ...options, csrc });
			const heard = this.#opener.add({
				keys: receiveKeys,
				ssrc: ssrc + 1000,
				payloadTypes: [payloadType],
				clock,
				video: clock === 90000,
			});
			if (stream === undefined || heard === undefined) throw new Error("arcrtc-session: no stream");
			this.#streams.push(stream);
			feedback.openSender(stream.index, ssrc, clock, sendKeys, csrc === undefined);
			feedback.openReceiver(heard.index, ssrc + 1000, clock, receiveKeys, csrc === undefined);
			feedback.setPlayout(heard.index, 50);
		};
		add(1001, 111, 48000, 960);
		add(1002, 26, 90000, reducedVideo ? 90 : 0);
		add(1003, 127, 90000, 0, 1002);
		this.#encoder = new FecEncoder({ arena, offset: plan.offset("encoder"), limit: PAYLOAD_LIMIT });
		this.#encoder.columns = COLUMNS;
		const packets = new ReceivedPackets(arena, plan.offset("packets"), STORED, PAYLOAD_LIMIT);
		this.#jitter = new JitterBuffer({ packets, clock: 90000, repaired: true });
		const repairs = { arena, offset: plan.offset("decoder"), repairs: 2, limit: PAYLOAD_LIMIT };
		this.#decoder = new FecDecoder({ ...repairs, packets, priority: PRIORITY_KEY });
		const read = (): void => this.#read();
		this.#socket = new Datagram({ address: "127.0.0.1", receiveBuffer: 262144, onReadable: () => read() });
		this.#peer = this.#socket.peer("127.0.0.1", port);
		this.#start = now;
		this.#soundAt = now + 5;
		this.#pictureAt = now + 7;
		this.#rotateAt = rotation > 0 ? now + rotation : Infinity;
		this.#endAt = now + milliseconds;
		this.#ticker = new Timer({ onTimer: () => this.#tick() });
		this.#ticker.schedule(2);
	}

	#keys(id: string, epoch: number): ArrayBuffer {
		const keys = new ArrayBuffer(MATERIAL_BYTES);
		deriveStream(new Uint8Array(32).fill(epoch + 7).buffer, id, this.#suite, keys);
		return keys;
	}

	#tick(): void {
		const now = monotonic();
		if (now >= this.#endAt) {
			this.#end();
			return;
		}
		if (now >= this.#rotateAt) {
			this.#rotateAt = Infinity;
			if (!this.#sendKeys.install(this.#keys("fletcher", 1), 1, now)) this.#wrong++;
			if (!this.#opener.install(this.#receiveKeys, this.#keys("node", 1), 1)) this.#wrong++;
			for (let place = this.#opener.openHeld(now); place !== OPEN_NOTHING; place = this.#opener.openHeld(now))
				if (place >= 0) this.#opened(place, now);
		}
		while (this.#soundAt <= now) {
			this.#send(AUDIO, 40 + (this.#sent % 50), (((this.#soundAt - this.#start) * 48) / 960) | 0, false, PRIORITY_AUDIO, now);
			this.#soundAt += SOUND_MS;
		}
		while (this.#pictureAt <= now) this.#picture(now);
		for (; this.#jitter.deadline <= now && this.#jitter.take(now); ) {
			this.#played++;
			this.#lost += this.#jitter.lost;
		}
		this.#opener.tick(now);
		this.#control(now);
		this.#ticker.schedule(2);
	}

	#picture(now: number): void {
		const key = this.#frames++ % KEY_FRAMES === 0;
		const count = key ? KEY_PACKETS : 2;
		const frame = Math.round(this.#pictureAt - this.#start);
		for (let i = 0; i < count; i++)
			this.#send(VIDEO, 200 + ((this.#sent * 37) % 700), frame, i === count - 1, key ? PRIORITY_KEY : PRIORITY_DELTA, now);
		this.#pictureAt += PICTURE_MS;
	}

	/** `time` in units of the stream: 960 ticks of sound, a millisecond of pictures. */
	#send(which: number, length: number, time: number, marker: boolean, priority: number, now: number): void {
		const arena = this.#plan.allocate();
		const stream = this.#streams[which];
		const timestamp = which === AUDIO ? time * 960 : time * 90;
		arena.bytes.fill(this.#sent & 0xff, this.#made, this.#made + length);
		this.#sent++;
		const encoder = this.#encoder;
		if (priority === PRIORITY_KEY)
			encoder.add((stream.extendedSequence + 1) & 0xffff, timestamp, marker, stream.payloadType, this.#made, length);
		this.#seal(stream, this.#made, length, timestamp, marker, priority, now);
		if (priority !== PRIORITY_KEY || !(encoder.full || marker)) return;
		const parity = encoder.finish();
		if (parity > 0) this.#seal(this.#streams[FEC], encoder.offset, parity, timestamp, false, PRIORITY_DROPPABLE, now);
	}

	#seal(
		stream: SendStream,
		offset: number,
		length: number,
		timestamp: number,
		marker: boolean,
		priority: number,
		now: number,
	): void {
		const sealer = this.#sealer;
		const size = sealer.seal(stream, offset, length, timestamp, marker, priority, now, Date.now());
		if (size < 0) {
			this.#failed++;
			return;
		}
		this.#feedback.sent(stream.index, stream.extendedSequence & 0xffff, timestamp, sealer.start, size, length, priority, now);
		this.#write(sealer.start, size);
	}

	#write(offset: number, length: number): void {
		if (this.#socket.write(this.#plan.allocate().buffer, offset, length, this.#peer) < 0) this.#failed++;
	}

	#read(): void {
		const { buffer, view } = this.#plan.allocate();
		const now = monotonic();
		const at = this.#taken;
		for (let length = this.#socket.read(buffer, at, 1500); length >= 0; length = this.#socket.read(buffer, at, 1500)) {
			if (length >= 2 && kindOf(view.getUint8(at), view.getUint8(at + 1)) === KIND_RTCP) {
				this.#feedback.open(at, length, now);
				this.#hear();
				continue;
			}
			const place = this.#opener.open(at, length, now);
			if (place >= 0) this.#opened(place, now);
		}
		this.#control(now);
	}

	#opened(place: number, now: number): void {
		const opener = this.#opener;
		const { header, payload, payloadLength } = opener;
		const jitter = this.#jitter;
		this.#figures[place]++;
		this.#feedback.received(place, opener.extendedSequence, header.timestamp, header.priority, now);
		if (place === FEC) {
			const newest = opener.streams[VIDEO].newest;
			if (this.#decoder.receive(payload, payloadLength, newest, now)) this.#recovered(now);
			return;
		}
		const { bytes } = this.#plan.allocate();
		if (bytes[payload] !== bytes[payload + payloadLength - 1]) this.#wrong++;
		if (place !== VIDEO) return;
		if (jitter.insert(this.#packet, now) && this.#decoder.noticed(opener.extendedSequence, now)) this.#recovered(now);
	}

	#recovered(now: number): void {
		const { bytes } = this.#plan.allocate();
		const { payload, payloadLength, extendedSequence } = this.#decoder;
		if (bytes[payload] !== bytes[payload + payloadLength - 1]) this.#wrong++;
		if (this.#jitter.insert(this.#decoder, now, true)) this.#feedback.recovered(VIDEO, extendedSequence, now);
	}

	#control(now: number): void {
		const feedback = this.#feedback;
		const acks = this.#opener.takeAcks(now);
		const nacks = this.#opener.takeNacks(now);
		if (acks !== 0) feedback.contextAck(acks);
		if (nacks !== 0) feedback.contextNack(nacks);
		for (let length = feedback.next(now, Date.now()); length > 0; length = feedback.next(now, Date.now()))
			this.#write(feedback.offset, length);
		for (; feedback.nextResend(); this.#resent++) this.#write(feedback.offset, feedback.length);
		this.#hear();
	}

	#hear(): void {
		const feedback = this.#feedback;
		const sealer = this.#sealer;
		for (let event = feedback.event(); event !== EVENT_NONE; event = feedback.event()) {
			if (event === EVENT_CONTEXT_ACK) sealer.confirmed(feedback.value);
			else if (event === EVENT_CONTEXT_NACK) sealer.refusedContexts(feedback.value);
			else if (event === EVENT_REPORT) sealer.reported(this.#streams[feedback.place], feedback.value);
			else if (event === EVENT_PICTURE_LOSS) this.#pictures++;
		}
	}

	#end(): void {
		const { counters } = this.#decoder;
		const drops = this.#drops;
		const lines: [string, number][] = [
			["audio", this.#figures[AUDIO]],
			["video", this.#figures[VIDEO]],
			["fec", this.#figures[FEC]],
			["played", this.#played],
			["lost", this.#lost],
			["recovered", counters.recovered],
			["needless", counters.needless],
			["fecFormat", counters.format],
			["resent", this.#resent],
			["pictures", this.#pictures],
			["wrong", this.#wrong],
			["failed", this.#failed],
			["roundTrip", this.#feedback.sending.roundTrip],
			["format", drops.format],
			["unknown", drops.unknown],
			["old", drops.old],
			["replay", drops.replay],
			["auth", drops.auth],
			["held", drops.held],
			["heldDropped", drops.heldDropped],
			["sent", this.#sent],
		];
		for (let i = 0; i < lines.length; i++) print(lines[i][0] + " " + lines[i][1]);
		this.#socket.close();
		this.#sendKeys.close();
		this.#receiveKeys.close();
		exit(0);
	}
}

/** @returns false when it is another program. */
export function runArcrtcProbe(name: string): boolean {
	if (name !== "arcrtc-session") return false;
	const [port, milliseconds, suite, auth, video, rotation] = args().slice(2);
	const number = NAMES.indexOf(suite);
	if (number < 0) throw new RangeError("arcrtc-session: suite " + suite);
	const mode = auth === "aead+hmac80" ? AUTH_AEAD_HMAC80 : AUTH_AEAD;
	new Session(Number(port), Number(milliseconds), SUITES[number], mode, video === "1", Number(rotation));
	return true;
}
