import { type Frame, FrameStore, frameStoreBytes } from "media/frames";
import { CODEC_H264, CODEC_JPEG } from "media/rtsp/codecs";
import { planRTSP, RTSPEndpoint } from "media/rtsp/endpoint";
import { JPEGSource, jpegSourceBytes } from "media/rtsp/jpeg_source";
import { readControl } from "media/rtsp/reports";
import { rtspSettings } from "media/rtsp/settings";
import { RTSPTrack } from "media/rtsp/track";
import { Datagram } from "net/datagram";
import Resolver from "net/resolver";
import { Listener, Stream } from "net/stream";
import { Arena } from "storage/arena";
import { MemoryPlan } from "storage/plan";
import { monotonic } from "time/clock";
import Timer from "time/timer";
import { Quiet } from "unit/quiet";
import { described, JPEG, reply, rtp, rtspCamera } from "unit/rtsp_bench";
import type { Check, Suite } from "unit/suite";

const LOCAL = "127.0.0.1";
const FRAME_BYTES = 4000;
/** Type 1 (4:2:0), quality 75, 64 x 48 pixels (RFC 2435 3.1), the offset in front. */
const HEAD = "\x01\x4b\x08\x06";
const SCAN = "scan".repeat(100);

function part(sequence: number, offset: number, text: string, marker: boolean, timestamp: number, ssrc = 1): string {
	return rtp(sequence, String.fromCharCode(0, 0, offset >> 8, offset & 255) + HEAD + text, 26, timestamp, marker, ssrc);
}

/** A camera of this process: RTSP at a port of loopback, packets by UDP. */
class LocalCamera {
	readonly methods: string[] = [];
	readonly listener: Listener;
	readonly media = new Datagram({ address: LOCAL });
	readonly control: Datagram;
	/** Reports that came. */
	reports = 0;
	peer = -1;
	/** Whether it tells its ports. */
	readonly #tells: boolean;
	readonly #stream: Stream;
	readonly #buffer = new ArrayBuffer(4096);
	readonly #bytes = new Uint8Array(this.#buffer);
	readonly #playing: () => void;

	constructor(tells: boolean, playing: () => void) {
		const camera = this;
		this.#tells = tells;
		this.#playing = playing;
		this.control = new Datagram({
			address: LOCAL,
			onReadable(): void {
				if (camera.control.read(camera.#buffer, 0, 2048) > 0) camera.reports++;
			},
		});
		this.media.want(0);
		this.#stream = new Stream({ onReadable: () => this.#readable() });
		this.listener = new Listener({
			address: LOCAL,
			port: 0,
			onReadable(): void {
				camera.listener.accept(camera.#stream);
				camera.#stream.want(1);
			},
		});
	}

	send(packet: string, from = this.media): void {
		from.write(
			this.#buffer,
			0,
			this.#put(packet),
			from === this.media ? this.peer : from.peer(LOCAL, this.media.peerPort(this.peer)),
		);
	}

	close(): void {
		this.listener.close();
		this.#stream.close();
		this.media.close();
		this.control.close();
	}

	#put(text: string): number {
		for (let i = 0; i < text.length; i++) this.#bytes[i] = text.charCodeAt(i);
		return text.length;
	}

	#readable(): void {
		const count = this.#stream.read(this.#buffer, 0, 4096);
		if (count < 0) this.#stream.close();
		if (count <= 0) return;
		const text = String.fromArrayBuffer(this.#buffer, 0, count);
		const [method, url] = text.split(" ");
		const sequence = /CSeq: (\d+)/.exec(text)?.[1] ?? "";
		const request = { text, method, url, sequence, index: 0 };
		this.methods.push(method);
		let answer = rtspCamera(described(JPEG))(request) as string;
		const port = /client_port=(\d+)/.exec(text)?.[1];
		if (port !== undefined) {
			this.peer = this.media.peer(LOCAL, Number(port));
			const ports = this.#tells ? ";server_port=" + this.media.port + "-" + this.control.port : "";
			answer = reply(request, "200 OK", "Session: 1\r\nTransport: RTP/AVP;unicast;client_port=" + port + ports + "\r\n");
		}
		this.#stream.write(this.#buffer, 0, this.#put(answer));
		if (method === "PLAY") this.#playing();
	}
}

/** Pictures by UDP from a camera of this process, in disorder and with strangers between. */
function pictures(tells: boolean): (check: Check, done: () => void) => void {
	return (check, done) => {
		const stranger = new Datagram({ address: LOCAL });
		const camera = new LocalCamera(tells, () => {
			/* The second half overtakes the first. */
			camera.send(part(10, 0, SCAN, false, 90));
			camera.send(part(12, 0, SCAN, false, 3690));
			camera.send(part(11, 400, SCAN, true, 90));
			camera.send(part(13, 400, SCAN, true, 3690), stranger);
			camera.send("\x80\x1a\x00", camera.media);
			camera.send("x".repeat(1501), camera.media);
			camera.send(part(13, 400, SCAN, true, 3690));
		});
		const settings = rtspSettings(
			{ source: "rtsp://" + LOCAL + ":" + camera.listener.port + "/live", transport: "udp", packetBytes: 4096 },
			1 << CODEC_JPEG,
		);
		const plan = new MemoryPlan();
		planRTSP(plan, settings);
		plan.reserve("picture", jpegSourceBytes(FRAME_BYTES), "");
		plan.reserve("frames", frameStoreBytes(3, FRAME_BYTES, 0, 1), "");
		const arena = plan.allocate();
		const store = new FrameStore({
			arena,
			offset: plan.offset("frames"),
			buffers: 3,
			frameBytes: FRAME_BYTES,
			headroom: 0,
			tailroom: 1,
		});
		let endpoint: RTSPEndpoint;
		let count = 0;
		const source = new JPEGSource(arena, plan.offset("picture"), FRAME_BYTES, () => {
			const frame = store.vacant() as Frame;
			const length = source.read(frame, FRAME_BYTES);
			check.equal(source.read(frame, FRAME_BYTES), 0, "a picture is there once");
			check.ok(length > 800, "length " + length);
			check.equal(arena.view.getUint16(frame.offset), 0xffd8);
			check.equal(arena.view.getUint16(frame.offset + length - 2), 0xffd9);
			if (++count === 2) endpoint.stop(finish);
		});
		const finish = (): void => {
			const track = endpoint.video;
			check.equal(camera.methods.join(" "), "OPTIONS DESCRIBE SETUP PLAY TEARDOWN");
			check.equal([track.packets, track.missing, track.late, track.malformed].join(), "4,0,0,1");
			check.equal(source.damaged + source.oversized, 0);
			let text = "";
			const figures = {
				open(): void {},
				close(): void {},
				openList(): void {},
				closeList(): void {},
				text(): void {},
				number(key: object | undefined, value: number): void {
					text += String(key) + value + " ";
				},
			};
			endpoint.writeFigures(figures as never);
			check.ok(text.indexOf("oversized1 strangers1 ") > 0, text);
			check.equal(camera.reports, tells ? 1 : 0, "the way is opened where it is known");
			endpoint.close();
			camera.close();
			stranger.close();
			done();
		};
		const io = { Stream, Datagram, Resolver, Timer, monotonic };
		endpoint = new RTSPEndpoint(settings, plan, io, new Quiet(), { fraction: () => 0.5 }, source);
		check.equal(endpoint.port(0) & 1, 0, "an even port");
		endpoint.start();
	};
}

export default function rtspEndpoint(suite: Suite): void {
	suite.asyncTest("rtsp: pictures come by UDP, in disorder and with strangers between", 5000, pictures(true));
	suite.asyncTest("rtsp: a server by UDP that does not tell its ports is known by its address", 5000, pictures(false));

	suite.test(
		"rtsp: a picture that does not fit, and packets of another codec, give none; who sends on gets all of it",
		(check) => {
			const arena = new Arena(jpegSourceBytes(1000) + 2000);
			let captured = 0;
			const source = new JPEGSource(arena, 0, 1000, () => captured++);
			const track = new RTSPTrack(true, 0);
			const told: string[] = [];
			source.next = {
				began: () => told.push("began"),
				packet: (_track, _offset, length) => told.push("packet " + length),
				turnEnded: () => told.push("turn"),
				ended: () => told.push("ended"),
			};
			const at = arena.bytes.length - 1500;
			const push = (offset: number, text: string, marker: boolean): void => {
				const payload = String.fromCharCode(0, 0, offset >> 8, offset & 255) + HEAD + text;
				for (let i = 0; i < payload.length; i++) arena.bytes[at + i] = payload.charCodeAt(i);
				track.marker = marker;
				source.packet(track, at, payload.length, 0);
			};
			track.codec = CODEC_H264;
			source.began(0);
			push(0, "abc", true);
			check.equal(captured, 0);
			track.codec = CODEC_JPEG;
			push(0, "abc", true);
			check.equal(captured, 1);
			push(0, "x".repeat(900), false);
			push(900, "x".repeat(200), true);
			check.equal(captured, 1);
			check.equal(source.oversized, 1);
			check.equal(source.damaged, 0);
			source.turnEnded(0);
			source.ended(0);
			check.equal(told.join(), "began,packet 11,packet 11,packet 908,packet 208,turn,ended");
		},
	);

	suite.test("rtsp: control packets are read to their end, and not beyond it", (check) => {
		const arena = new Arena(64);
		const track = new RTSPTrack(true, 0);
		track.ssrc = 1;
		const bye = "\x81\xcb\x00\x01\x00\x00\x00\x01";
		const read = (text: string, length = text.length): boolean => {
			arena.bytes.fill(0);
			for (let i = 0; i < text.length; i++) arena.bytes[8 + i] = text.charCodeAt(i);
			return readControl(arena.view, 8, length, track, 5);
		};
		check.equal(read(bye), false);
		check.equal(read(bye, 7), true, "cut off");
		check.equal(read("\x81\xcb\x00\x01\x00\x00\x00\x02"), true, "of another");
		check.equal(read("\x80\xcb\x00\x00" + bye), false, "one without sender in front");
		check.equal(read("\x40\xc9\x00\x01\x00\x00\x00\x01" + bye), true, "another version ends it");
		check.equal(read("\x80\xc9\x00\x02\x00\x00\x00\x01" + bye), true, "a length that leaves the packet");
		check.equal(read("\x80\xc8\x00\x01\x00\x00\x00\x01" + bye), false, "a sender report that is too short");
		check.equal(track.ntpHigh, 0);
		track.ssrc = -1;
		check.equal(read(bye), true, "nobody sends yet");
	});
}
