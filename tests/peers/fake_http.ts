/** HTTP servers as cameras have them, as far as discovery talks to them. */
import type { Socket } from "node:net";

export interface FakeHttp {
	/** What each path gives; others are 404. "/" is always a page. */
	readonly paths?: Readonly<Record<string, "stream" | "picture" | "page">>;
	/** These paths want a password. */
	readonly locked?: readonly string[];
	/** Milliseconds before each answer. */
	readonly delay?: number;
	/** Header lines without end behind the first ones, so that the header never ends. */
	readonly endlessHeader?: boolean;
	/** One header line of this many bytes. */
	readonly longLine?: number;
}

/** Pictures of endless streams, one every so many milliseconds. */
const PICTURE_MS = 40;

/** Writes without end until the other side has had enough. */
function endless(socket: Socket, everyMs: number, make: () => string | Buffer): void {
	const timer = setInterval(() => {
		if (socket.destroyed) clearInterval(timer);
		else if (!socket.writableNeedDrain) socket.write(make());
	}, everyMs);
	socket.on("close", () => clearInterval(timer));
}

function answer(socket: Socket, camera: FakeHttp, method: string, path: string, picture: Buffer): void {
	const head = (status: string, type: string, more: readonly string[] = []): void => {
		socket.write([`HTTP/1.0 ${status}`, `Content-Type: ${type}`, "Server: camera", ...more, "", ""].join("\r\n"));
	};
	if (camera.endlessHeader === true) {
		socket.write("HTTP/1.0 200 OK\r\n");
		endless(socket, 5, () => "X-Again: and again\r\n");
		return;
	}
	if (camera.longLine !== undefined) {
		socket.end(`HTTP/1.0 200 OK\r\nX-Long: ${"x".repeat(camera.longLine)}\r\nContent-Type: text/html\r\n\r\n`);
		return;
	}
	const kind = path === "/" && camera.paths?.["/"] === undefined ? "page" : camera.paths?.[path];
	if (method !== "GET") {
		head("405 Method Not Allowed", "text/plain");
		socket.end();
	} else if (camera.locked?.includes(path)) {
		head("401 Unauthorized", "text/html", ['WWW-Authenticate: Basic realm="camera"']);
		socket.end("no");
	} else if (kind === "stream") {
		head("200 OK", "multipart/x-mixed-replace; boundary=frame");
		const part = Buffer.concat([
			Buffer.from(`--frame\r\nContent-Type: image/jpeg\r\nContent-Length: ${picture.length}\r\n\r\n`),
			picture,
			Buffer.from("\r\n"),
		]);
		endless(socket, PICTURE_MS, () => part);
	} else if (kind === "picture") {
		head("200 OK", "image/jpeg", [`Content-Length: ${picture.length}`]);
		socket.end(picture);
	} else {
		head(kind === "page" ? "200 OK" : "404 Not Found", "text/html");
		socket.end("<html><body>camera</body></html>");
	}
}

/** Speaks on one connection: one request, one answer. `picture` is what it shows. */
export function speakHttp(socket: Socket, camera: FakeHttp, picture: Buffer, report: (line: string) => void): void {
	let text = "";
	socket.on("data", (data: Buffer) => {
		const ended = text.includes("\r\n\r\n");
		text += data.toString("latin1");
		if (ended || !text.includes("\r\n\r\n")) return;
		const first = text.slice(0, text.indexOf("\r\n"));
		report(first);
		const found = /^([A-Z]+) (\/\S*) HTTP\/1\.[01]$/.exec(first);
		if (found === null) {
			// An RTSP request, for one: a web server does not know it.
			socket.end("HTTP/1.0 400 Bad Request\r\n\r\n");
			return;
		}
		setTimeout(() => answer(socket, camera, found[1] ?? "", found[2] ?? "", picture), camera.delay ?? 0);
	});
}
