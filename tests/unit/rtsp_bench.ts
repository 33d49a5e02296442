import { RTSPClient } from "media/rtsp/client";
import { clientBytes } from "media/rtsp/memory";
import type { RTSPLink } from "media/rtsp/link";
import { ORDER_CLOSE, ORDER_NOTHING, ORDER_OPEN, STATE_OPENING } from "media/rtsp/states";
import { AUDIO_CODECS, VIDEO_CODECS } from "media/rtsp/codecs";
import { Failure } from "media/rtsp/failure";
import type { RTSPHandler } from "media/rtsp/handler";
import { type RTSPSettings, rtspSettings } from "media/rtsp/settings";
import type { RTSPTrack } from "media/rtsp/track";
import { Arena } from "storage/arena";

const GUARD = 32;
/** More steps than any test may take. */
const STEPS = 20_000;

/** A request as the server sees it. */
export interface RTSPRequest {
	readonly text: string;
	readonly method: string;
	readonly url: string;
	readonly sequence: string;
	/** Counts the requests of a connection, from 0. */
	readonly index: number;
}

/** Gives the bytes of an answer, one character each; undefined: the connection ends. */
export type RTSPServer = (request: RTSPRequest) => string | undefined;

/** An answer: the status, further fields, a body. */
export function reply(request: RTSPRequest, status: string, fields = "", body = ""): string {
	const length = body === "" ? "" : "Content-Length: " + body.length + "\r\n";
	return "RTSP/1.0 " + status + "\r\nCSeq: " + request.sequence + "\r\n" + fields + length + "\r\n" + body;
}

/** A description of media. */
export function described(...media: string[]): string {
	return "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\na=control:*\r\n" + media.join("");
}

export const H264 =
	"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z0LAHg==,aM4G4g==\r\na=control:trackID=0\r\n";
export const JPEG = "m=video 0 RTP/AVP 26\r\na=control:trackID=0\r\n";
export const PCMU = "m=audio 0 RTP/AVP 0\r\na=control:trackID=1\r\n";

/** A camera that answers everything as it should; `sdp` describes it. */
export function rtspCamera(sdp: string, fields = ""): RTSPServer {
	return (request) => {
		switch (request.method) {
			case "OPTIONS":
				return reply(request, "200 OK", "Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN\r\n");
			case "DESCRIBE":
				return reply(request, "200 OK", "Content-Base: rtsp://cam/live/\r\nContent-Type: application/sdp\r\n" + fields, sdp);
			case "SETUP": {
				const transport = /Transport: ([^\r]*)/.exec(request.text)?.[1] ?? "";
				return reply(request, "200 OK", "Session: abc;timeout=60\r\nTransport: " + transport + ";server_port=6970-6971\r\n");
			}
			default:
				return reply(request, "200 OK", "Session: abc\r\n");
		}
	};
}

/** An interleaved frame of `payload`. */
export function frameOf(channel: number, packet: string): string {
	return "$" + String.fromCharCode(channel, packet.length >> 8, packet.length & 255) + packet;
}

/** An RTP packet. */
export function rtp(sequence: number, payload: string, type = 96, timestamp = 0, marker = false, ssrc = 1): string {
	return (
		String.fromCharCode(
			0x80,
			(marker ? 0x80 : 0) | type,
			(sequence >> 8) & 255,
			sequence & 255,
			(timestamp >>> 24) & 255,
			(timestamp >>> 16) & 255,
			(timestamp >>> 8) & 255,
			timestamp & 255,
			0,
			0,
			0,
			ssrc,
		) + payload
	);
}

/** A client with a scripted server and a clock of its own; it is the client's handler and link too. */
export class RTSPBench implements RTSPHandler, RTSPLink {
	readonly settings: RTSPSettings;
	readonly arena: Arena;
	readonly client: RTSPClient;
	now = 1000;
	server: RTSPServer = () => undefined;
	/** Requests of all connections. */
	readonly requests: RTSPRequest[] = [];
	connections = 0;
	places: string[] = [];
	/** Bytes of a piece in which the server's words come. */
	piece = 65_536;
	/** What the client did. */
	begins = 0;
	ends = 0;
	lefts = 0;
	/** "track sequence payload", and "!" where packets are missing before. */
	packets: string[] = [];
	/** Packets are only counted. */
	counts = false;
	count = 0;
	/** Control packets that the client sent, by TCP or UDP, as characters. */
	reports: string[] = [];
	reachable = true;
	refuse = false;
	connected = false;
	#asked = 0;
	#output = "";

	constructor(source = "rtsp://cam/live", transport = "tcp", audio = true, packetBytes = 2048) {
		this.settings = rtspSettings({ source, transport, packetBytes }, VIDEO_CODECS, audio ? AUDIO_CODECS : 0);
		const size = clientBytes(this.settings);
		this.arena = new Arena(GUARD + size + GUARD);
		this.arena.bytes.fill(0xa5);
		this.client = new RTSPClient(this.arena, GUARD, this.settings, this, this, { fraction: () => 0.5 });
	}

	/** Nothing was written outside of the client's memory. */
	get guarded(): boolean {
		const { bytes } = this.arena;
		for (let i = 0; i < GUARD; i++) if (bytes[i] !== 0xa5 || bytes[bytes.length - 1 - i] !== 0xa5) return false;
		return true;
	}

	/** Starts with `server` and goes on until nothing is to be done at this time. */
	begin(server: RTSPServer): this {
		this.server = server;
		this.client.start(this.now);
		return this.settle();
	}

	/** Does what is due at this time. */
	settle(): this {
		const { client } = this;
		for (let step = 0; step < STEPS; step++) {
			if (client.order === ORDER_OPEN) this.#open();
			else if (client.order === ORDER_CLOSE) {
				client.order = ORDER_NOTHING;
				this.connected = false;
			} else if (client.outputLength > 0 && this.connected) this.#serve();
			else return this;
		}
		throw new Error("it never rests");
	}

	/** Time goes by, everything that is due is done. */
	wait(ms: number): this {
		const end = this.now + ms;
		while (this.client.deadline <= end) {
			this.now = Math.max(this.now, this.client.deadline);
			this.client.tick(this.now);
			this.settle();
		}
		this.now = end;
		return this;
	}

	/** The server says this. */
	say(text: string): this {
		const { client, arena } = this;
		for (let at = 0; at < text.length && client.order === ORDER_NOTHING; ) {
			const { room, roomOffset } = client.input;
			const count = Math.min(this.piece, room, text.length - at);
			if (count === 0) throw new Error("no room to read to");
			for (let i = 0; i < count; i++) arena.bytes[roomOffset + i] = text.charCodeAt(at + i);
			at += count;
			client.received(count, this.now);
		}
		return this.settle();
	}

	asked(): string {
		return this.requests.map((request) => request.method).join(" ");
	}

	get last(): RTSPRequest {
		return this.requests[this.requests.length - 1];
	}

	began(): void {
		this.begins++;
	}

	packet(track: RTSPTrack, offset: number, length: number): void {
		this.count++;
		if (this.counts) return;
		let text = (track.video ? "v" : "a") + track.sequence + (track.lost ? "!" : "") + (track.marker ? "m " : " ");
		for (let i = 0; i < length; i++) text += String.fromCharCode(this.arena.bytes[offset + i]);
		this.packets.push(text);
	}

	ended(): void {
		this.ends++;
	}

	port(track: number): number {
		return 5000 + 2 * track;
	}

	located(): boolean {
		return this.reachable;
	}

	report(_track: number, offset: number, length: number): void {
		this.reports.push(this.#text(offset, length));
	}

	left(): void {
		this.lefts++;
	}

	#open(): void {
		const { client } = this;
		client.order = ORDER_NOTHING;
		this.connections++;
		this.places.push(client.host + ":" + client.port);
		this.#asked = 0;
		this.#output = "";
		this.connected = !this.refuse;
		if (client.state !== STATE_OPENING) throw new Error("an order to open in another state");
		if (this.refuse) client.lost(Failure.CONNECT, this.now);
		else client.opened(this.now);
	}

	#serve(): void {
		const { client } = this;
		/* In two pieces, as sockets do. */
		const count = client.outputLength > 10 ? 10 : client.outputLength;
		this.#output += this.#text(client.outputOffset, count);
		client.sent(count, this.now);
		if (client.outputLength > 0) return;
		while (this.#output !== "") {
			if (this.#output[0] === "$") {
				const length = 4 + (this.#output.charCodeAt(2) << 8) + this.#output.charCodeAt(3);
				if (this.#output.length < length) return;
				this.reports.push(this.#output.slice(4, length));
				this.#output = this.#output.slice(length);
				continue;
			}
			const end = this.#output.indexOf("\r\n\r\n");
			if (end < 0) return;
			const text = this.#output.slice(0, end + 4);
			this.#output = this.#output.slice(end + 4);
			if (text.slice(0, 5) === "RTSP/") {
				this.reports.push(text);
				continue;
			}
			const [method, url] = text.split(" ");
			const sequence = /CSeq: (\d+)/.exec(text)?.[1] ?? "";
			const request = { text, method, url, sequence, index: this.#asked++ };
			this.requests.push(request);
			const answer = this.server(request);
			if (answer === undefined) {
				this.connected = false;
				client.lost(Failure.ENDED, this.now);
				return;
			}
			this.say(answer);
			if (!this.connected) return;
		}
	}

	#text(offset: number, length: number): string {
		let text = "";
		for (let i = 0; i < length; i++) text += String.fromCharCode(this.arena.bytes[offset + i]);
		return text;
	}
}
