/** RTSP servers as cameras have them (RFC 2326), as far as discovery talks to them: OPTIONS and DESCRIBE, no media. */
import type { Socket } from "node:net";

/** What a session description offers. */
export type Media = "h264" | "h265" | "mpeg4" | "jpeg" | "vp8" | "pcmu";

export interface FakeRtsp {
	/** Session descriptions by path; "*": any path. */
	readonly streams?: Readonly<Record<string, Media>>;
	/** DESCRIBE without a password is answered by 401. */
	readonly locked?: boolean;
	/** The Server field; default none. */
	readonly server?: string;
	/** Milliseconds before each answer. */
	readonly delay?: number;
	/** Answers go out a few bytes at a time. */
	readonly dribble?: boolean;
	/** The connection is closed behind each answer. */
	readonly closes?: boolean;
}

const RTPMAPS: Readonly<Record<Media, readonly [media: string, map: string]>> = {
	h264: ["video 0 RTP/AVP 96", "96 H264/90000"],
	h265: ["video 0 RTP/AVP 98", "98 H265/90000"],
	mpeg4: ["video 0 RTP/AVP 97", "97 MP4V-ES/90000"],
	// Its payload type is fixed (RFC 3551): many cameras send no rtpmap.
	jpeg: ["video 0 RTP/AVP 26", ""],
	vp8: ["video 0 RTP/AVP 100", "100 VP8/90000"],
	pcmu: ["audio 0 RTP/AVP 0", "0 PCMU/8000"],
};

function description(media: Media): string {
	const [line, map] = RTPMAPS[media];
	const lines = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=camera", "t=0 0", "a=control:*"];
	// A camera with sound tells it first or last; first is the harder case.
	if (media !== "pcmu") lines.push("m=audio 0 RTP/AVP 8", "a=rtpmap:8 PCMA/8000", "a=control:audio");
	lines.push(`m=${line}`, ...(map === "" ? [] : [`a=rtpmap:${map}`]), "a=control:video");
	return `${lines.join("\r\n")}\r\n`;
}

/** What a client wants: method, path with query, headers in lower case. */
interface Request {
	readonly method: string;
	readonly path: string;
	readonly url: string;
	readonly sequence: string;
	readonly authorized: boolean;
}

function parse(text: string): Request | undefined {
	const [first = "", ...fields] = text.split("\r\n");
	const found = /^([A-Z_]+) (rtsp:\/\/[^/ ]+(\/\S*)?|\*) RTSP\/1\.0$/.exec(first);
	if (found === null) return undefined;
	const field = (name: string): string | undefined =>
		fields.find((line) => line.toLowerCase().startsWith(`${name}:`))?.slice(name.length + 1);
	return {
		method: found[1] ?? "",
		url: found[2] ?? "",
		path: found[3] ?? "",
		sequence: field("cseq")?.trim() ?? "",
		authorized: field("authorization") !== undefined,
	};
}

function answer(camera: FakeRtsp, request: Request): string {
	const head = (status: string, more: readonly string[] = []): string =>
		[
			`RTSP/1.0 ${status}`,
			`CSeq: ${request.sequence}`,
			...(camera.server === undefined ? [] : [`Server: ${camera.server}`]),
			...more,
			"",
			"",
		].join("\r\n");
	if (request.method === "OPTIONS") return head("200 OK", ["Public: OPTIONS, DESCRIBE, SETUP, TEARDOWN, PLAY"]);
	if (request.method !== "DESCRIBE") return head("501 Not Implemented");
	if (camera.locked === true && !request.authorized)
		return head("401 Unauthorized", ['WWW-Authenticate: Digest realm="camera", nonce="0123456789abcdef"']);
	const media = camera.streams?.[request.path === "" ? "/" : request.path] ?? camera.streams?.["*"];
	if (media === undefined) return head("404 Stream Not Found");
	const body = description(media);
	const fields = ["Content-Type: application/sdp", `Content-Base: ${request.url}/`, `Content-Length: ${body.length}`];
	return head("200 OK", fields) + body;
}

/** Speaks on one connection. `report` is told each request line, and what breaks the rules of a request. */
export function speakRtsp(socket: Socket, camera: FakeRtsp, report: (line: string) => void): void {
	let text = "";
	let queue: Promise<void> = Promise.resolve();
	socket.on("data", (data: Buffer) => {
		text += data.toString("latin1");
		for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
			const request = parse(text.slice(0, end));
			report(text.slice(0, text.indexOf("\r\n")));
			text = text.slice(end + 4);
			if (request === undefined || request.sequence === "") {
				report("! not a request of RTSP 1.0 with a CSeq");
				socket.end("RTSP/1.0 400 Bad Request\r\n\r\n");
				return;
			}
			queue = queue.then(() => send(socket, answer(camera, request), camera));
		}
	});
}

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function send(socket: Socket, text: string, camera: FakeRtsp): Promise<void> {
	if (camera.delay !== undefined) await sleep(camera.delay);
	if (camera.dribble === true) {
		for (let at = 0; at < text.length && !socket.destroyed; at += 7) {
			socket.write(text.slice(at, at + 7), "latin1");
			await sleep(2);
		}
	} else if (!socket.destroyed) socket.write(text, "latin1");
	if (camera.closes === true) socket.end();
}
