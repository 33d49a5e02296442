import { NEXT_CONNECT, NEXT_DONE, NEXT_SEND, NEXT_WAIT, PROBE_BYTES, Probe, type ProbeSettings } from "discovery/probe";
import { typeOf } from "discovery/verdict";
import { Arena } from "storage/arena";

/** A request as the server sees it. */
export interface Request {
	/** The whole of it. */
	readonly text: string;
	/** "OPTIONS", "DESCRIBE" or "GET"; the path; CSeq, "" when there is none. */
	readonly method: string;
	readonly path: string;
	readonly sequence: string;
	/** Counts the requests of the probe, from 0. */
	readonly index: number;
}

/** How a server answers. */
export interface Reply {
	/** Bytes of the answer, one character each; "" for silence. */
	readonly text: string;
	/** The connection ends behind them. */
	readonly close?: boolean;
	/** It ends by an error. */
	readonly broken?: boolean;
	/** Milliseconds between two pieces. */
	readonly drip?: number;
}

export type Server = (request: Request) => Reply;

const GUARD = 32;
const INPUT = 2048;
const ADDRESS = "192.168.1.23";
/** More steps than any probe may take. */
const STEPS = 20_000;

export const SETTINGS: ProbeSettings = Object.freeze({
	rtspPaths: Object.freeze(["/", "/live", "/stream?channel=1", "/11"]),
	mjpegPaths: Object.freeze(["/", "/video.mjpg", "/shot.jpg"]),
	h265: true,
	request: 2000,
});

/** A probe with a scripted server and a clock of its own. */
export class Bench {
	readonly arena = new Arena(GUARD + PROBE_BYTES + GUARD + INPUT);
	readonly probe: Probe;
	now = 1000;
	/** Requests of the last run. */
	readonly requests: Request[] = [];
	connections = 0;
	/** Connections that cannot be made, from which on. */
	refuseFrom = Infinity;
	/** Whether this connection cannot be made. */
	refuses: () => boolean = () => false;
	/** What went wrong with the probe itself, "" for nothing. */
	fault = "";
	address = ADDRESS;

	constructor(settings: ProbeSettings = SETTINGS) {
		this.arena.bytes.fill(0xa5);
		this.probe = new Probe(this.arena, GUARD, settings);
	}

	/** Probes `server` with pieces of `piece` bytes. @returns the verdict in words: "rtsp /live". */
	run(kind: number, server: Server, piece = INPUT, port = 554): string {
		const { probe } = this;
		this.requests.length = 0;
		this.connections = 0;
		this.fault = "";
		const began = this.now;
		let orders = 0;
		probe.begin(kind, this.address, port, false, this.now);
		for (let step = 0; step < STEPS && probe.next !== NEXT_DONE; step++) {
			if (probe.next === NEXT_CONNECT) {
				if (probe.connections === orders) this.fault = "an order to connect without a number";
				orders = probe.connections;
				if (++this.connections > this.refuseFrom || this.refuses()) probe.failed(this.now);
				else probe.connected(this.now);
			} else if (probe.next === NEXT_SEND) this.#serve(server, piece, orders);
			else if (probe.next === NEXT_WAIT) this.#wait();
			else this.fault = "a probe that was begun wants nothing";
		}
		if (probe.next !== NEXT_DONE) this.fault = "never done";
		if (probe.deadline !== Infinity) this.fault = "done, and waits";
		if (this.now - began > 35_000) this.fault = "took " + (this.now - began) + " ms";
		for (let i = 0; i < GUARD; i++) {
			if (this.arena.bytes[i] !== 0xa5 || this.arena.bytes[GUARD + PROBE_BYTES + i] !== 0xa5)
				this.fault = "wrote beside its memory";
		}
		if (this.fault !== "") return this.fault;
		return probe.path === "" ? typeOf(probe.verdict) : typeOf(probe.verdict) + " " + probe.path;
	}

	/** The paths asked for, in order, as "DESCRIBE /live". */
	asked(): string {
		let text = "";
		for (let i = 0; i < this.requests.length; i++)
			text += (i > 0 ? ", " : "") + this.requests[i].method + " " + this.requests[i].path;
		return text;
	}

	#serve(server: Server, piece: number, order: number): void {
		const { probe } = this;
		let text = "";
		while (probe.next === NEXT_SEND && probe.connections === order) {
			const count = Math.min(piece, probe.outputLength);
			for (let i = 0; i < count; i++) text += String.fromCharCode(this.arena.bytes[probe.outputOffset + i]);
			probe.sent(count, this.now);
			if (text.endsWith("\r\n\r\n")) break;
		}
		const request = parse(text, this.requests.length);
		this.requests.push(request);
		const reply = server(request);
		for (let at = 0; at < reply.text.length && this.#listens(order); at += piece) {
			this.#receive(reply.text.slice(at, at + piece));
			if (reply.drip === undefined) continue;
			this.now += reply.drip;
			probe.expire(this.now);
		}
		if (!this.#listens(order)) return;
		if (reply.close) probe.ended(this.now);
		else if (reply.broken) probe.failed(this.now);
	}

	#listens(order: number): boolean {
		return this.probe.next === NEXT_WAIT && this.probe.connections === order;
	}

	#receive(text: string): void {
		const at = GUARD + PROBE_BYTES + GUARD;
		for (let i = 0; i < text.length; i++) this.arena.bytes[at + i] = text.charCodeAt(i);
		this.probe.received(at, text.length, this.now);
	}

	#wait(): void {
		const { deadline } = this.probe;
		if (deadline === Infinity) {
			this.fault = "waits for ever";
			this.probe.cancel();
			return;
		}
		this.probe.expire(deadline - 1);
		this.now = deadline;
		this.probe.expire(deadline);
	}
}

function parse(text: string, index: number): Request {
	const [method, target] = text.split(" ");
	const host = target.indexOf("://");
	const path = host < 0 ? target : target.slice(target.indexOf("/", host + 3));
	const mark = text.indexOf("\r\nCSeq: ");
	const sequence = mark < 0 ? "" : text.slice(mark + 8, text.indexOf("\r\n", mark + 2));
	return { text, method, path, sequence, index };
}

/** An RTSP answer as servers give it. */
export function rtsp(request: Request, status: string, fields = "", body = ""): string {
	const length = body === "" ? "" : "Content-Length: " + body.length + "\r\n";
	return "RTSP/1.0 " + status + "\r\nCSeq: " + request.sequence + "\r\n" + fields + length + "\r\n" + body;
}

/** A session description with one video stream of `encoding`. */
export function sdp(encoding: string): string {
	return (
		"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n" +
		"m=video 0 RTP/AVP 96\r\na=control:track1\r\na=rtpmap:96 " +
		encoding +
		"\r\na=fmtp:96 packetization-mode=1\r\n"
	);
}

/** A camera whose streams are `streams[path]`, each an encoding. */
export function camera(streams: Readonly<Record<string, string>>, fields = ""): Server {
	return (request) => {
		if (request.method === "OPTIONS") return { text: rtsp(request, "200 OK", "Public: OPTIONS, DESCRIBE\r\n" + fields) };
		const encoding = streams[request.path];
		if (encoding === undefined) return { text: rtsp(request, "404 Not Found", fields) };
		return { text: rtsp(request, "200 OK", fields + "Content-Type: application/sdp\r\n", sdp(encoding)) };
	};
}
