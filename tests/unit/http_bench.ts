import { FrameStore, frameStoreBytes } from "media/frames";
import { ConnectionState, HTTPConnection } from "media/http_connection";
import { serverBytes } from "media/mjpeg_server";
import { HEADROOM, SharedBody, Site, TAILROOM } from "media/site";
import { Arena } from "storage/arena";
import { AsciiWriter } from "wire/ascii";

export const REQUEST_BYTES = 1024;
export const FRAME_BYTES = 400;
export const FIGURES = '{"figures":1}';

/** A site in an arena of its own, with what a server for it takes. */
export class Bench {
	readonly arena: Arena;
	readonly site: Site;
	readonly store: FrameStore;
	readonly serverOffset: number;
	figuresWritten = 0;

	constructor(viewers: number, buffers: number, frameBytes = FRAME_BYTES, staleAfter = 1e9) {
		const frames = frameStoreBytes(buffers, frameBytes, HEADROOM, TAILROOM);
		this.arena = new Arena(frames + 64 + serverBytes(viewers, REQUEST_BYTES));
		this.store = new FrameStore({ arena: this.arena, offset: 0, buffers, frameBytes, headroom: HEADROOM, tailroom: TAILROOM });
		const writer = new AsciiWriter(this.arena.bytes);
		const metrics = new SharedBody(writer, frames, 64, (to) => {
			this.figuresWritten++;
			to.text(FIGURES);
		});
		this.site = new Site({ arena: this.arena, writer, store: this.store, viewers, metrics, staleAfter });
		this.serverOffset = frames + 64;
	}

	/** Puts a frame of `length` bytes of `fill` into the store. */
	show(length: number, fill: number, now = 0): void {
		const frame = this.store.vacant();
		if (frame === undefined) return;
		this.arena.bytes.fill(fill, frame.offset, frame.offset + length);
		this.store.commit(frame, length, now);
		this.site.frame(frame);
	}

	connection(index: number): HTTPConnection {
		return new HTTPConnection(this.site, this.serverOffset + index * REQUEST_BYTES, REQUEST_BYTES);
	}

	text(offset: number, length: number): string {
		let text = "";
		for (let i = 0; i < length; i++) text += String.fromCharCode(this.arena.bytes[offset + i]);
		return text;
	}
}

/** Gives a request to a connection as one piece. */
export function ask(bench: Bench, connection: HTTPConnection, request: string, now = 0): void {
	const bytes = new Uint8Array(ArrayBuffer.fromString(request));
	bench.arena.bytes.set(bytes, connection.inputOffset);
	connection.received(bytes.length, now);
}

/** Takes all output until the machine has none. */
export function drain(bench: Bench, connection: HTTPConnection, now = 0): string {
	let text = "";
	while (connection.state === ConnectionState.SENDING) {
		text += bench.text(connection.outputOffset, connection.outputLength);
		connection.sent(connection.outputLength, now);
	}
	return text;
}

export function get(path: string): string {
	return "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n";
}
