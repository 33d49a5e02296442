import { Counter, readCounters } from "host/host";
import { FrameStore, frameStoreBytes } from "media/frames";
import { INCOMPLETE, Method, RequestParser, Status } from "media/http";
import { ConnectionState, HTTPConnection } from "media/http_connection";
import { MJPEGServer, SPARE_CONNECTIONS, serverBytes } from "media/mjpeg_server";
import { HEADROOM, SharedBody, Site, TAILROOM } from "media/site";
import { Stream, StreamStatus, Want } from "net/stream";
import { Arena } from "storage/arena";
import { monotonic } from "time/clock";
import Timer from "time/timer";
import { Quiet } from "unit/quiet";
import type { Suite } from "unit/suite";
import { AsciiWriter } from "wire/ascii";

const REQUEST_BYTES = 1024;
const FRAME_BYTES = 400;
const FIGURES = '{"figures":1}';

/** A site in an arena of its own, with what a server for it takes. */
class Bench {
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
function ask(bench: Bench, connection: HTTPConnection, request: string, now = 0): void {
	const bytes = new Uint8Array(ArrayBuffer.fromString(request));
	bench.arena.bytes.set(bytes, connection.inputOffset);
	connection.received(bytes.length, now);
}

/** Takes all output until the machine has none. */
function drain(bench: Bench, connection: HTTPConnection, now = 0): string {
	let text = "";
	while (connection.state === ConnectionState.SENDING) {
		text += bench.text(connection.outputOffset, connection.outputLength);
		connection.sent(connection.outputLength, now);
	}
	return text;
}

function get(path: string): string {
	return "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n";
}

function parse(text: string, size = REQUEST_BYTES): number {
	const bytes = new Uint8Array(size + 7);
	const source = new Uint8Array(ArrayBuffer.fromString(text));
	for (let i = 0; i < source.length && i < size; i++) bytes[7 + i] = source[i];
	return new RequestParser(bytes).parse(7, Math.min(source.length, size), size);
}

function parser(suite: Suite): void {
	suite.test("http: a request is understood however it is cut", (check) => {
		const text = "GET /video.mjpeg?x=1 HTTP/1.1\r\nHost: camera:8080\r\nUser-Agent: a b\r\nX-Empty:\r\n\r\n";
		const source = new Uint8Array(ArrayBuffer.fromString(text));
		for (let cut = 1; cut < source.length; cut++) {
			const bytes = new Uint8Array(200);
			const request = new RequestParser(bytes);
			for (let i = 0; i < cut; i++) bytes[i] = source[i];
			check.equal(request.parse(0, cut, 200), INCOMPLETE);
			for (let i = cut; i < source.length; i++) bytes[i] = source[i];
			check.equal(request.parse(0, source.length, 200), Status.OK);
			check.ok(request.isPath("/video.mjpeg"));
			check.equal(request.method, Method.GET);
		}
	});

	suite.test("http: forms that are allowed", (check) => {
		check.equal(parse("GET / HTTP/1.0\r\n\r\n"), Status.OK, "HTTP/1.0 needs no Host");
		check.equal(parse("HEAD /frame.jpg HTTP/1.1\r\nhOsT:x\r\n\r\n"), Status.OK);
		check.equal(parse("\r\nGET / HTTP/1.1\nHost: x\n\n"), Status.OK, "bare LF, an empty line before");
		check.equal(parse("GET http://camera/frame.jpg HTTP/1.1\r\nHost: camera\r\n\r\n"), Status.OK, "absolute form");
	});

	suite.test("http: forms that are refused", (check) => {
		const cases: [string, number][] = [
			["BLAH\r\n", Status.BAD_REQUEST],
			["GET /\r\n", Status.BAD_REQUEST],
			["GET  / HTTP/1.1\r\n", Status.BAD_REQUEST],
			["GET / HTTP/1.1 \r\n", Status.BAD_REQUEST],
			["GET / HTTP/2.0\r\n", Status.VERSION_NOT_SUPPORTED],
			["GET / JUNK/1.1\r\n", Status.BAD_REQUEST],
			["GET frame.jpg HTTP/1.1\r\n", Status.BAD_REQUEST],
			["GET http://camera HTTP/1.1\r\n", Status.BAD_REQUEST],
			["G\u0001T / HTTP/1.1\r\n", Status.BAD_REQUEST],
			["POST / HTTP/1.1\r\n", Status.METHOD_NOT_ALLOWED],
			["GET / HTTP/1.1\r\n\r\n", Status.BAD_REQUEST],
			["GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", Status.BAD_REQUEST],
			["GET / HTTP/1.1\r\nHost : a\r\n", Status.BAD_REQUEST],
			["GET / HTTP/1.1\r\n Host: a\r\n", Status.BAD_REQUEST],
			["GET / HTTP/1.1\r\nHost: a\u0007\r\n", Status.BAD_REQUEST],
			["GET / HTTP/1.1\r\nno colon\r\n", Status.BAD_REQUEST],
			["GET /" + "a".repeat(256) + " HTTP/1.1\r\n", Status.URI_TOO_LONG],
			["GET /" + "a".repeat(600), Status.URI_TOO_LONG],
			["\u0016\u0003\u0001" + "a".repeat(600), Status.BAD_REQUEST],
			["GET / HTTP/1.1\r\n" + "A: b\r\n".repeat(65), Status.HEADERS_TOO_LARGE],
			["GET / HTTP/1.1\r\nA: " + "b".repeat(2000), Status.HEADERS_TOO_LARGE],
		];
		for (const [text, status] of cases) check.equal(parse(text), status, text.slice(0, 40));
	});
}

function machine(suite: Suite): void {
	suite.test("http: pictures, figures and the page are answered with their length", (check) => {
		const bench = new Bench(1, 3);
		bench.show(40, 0x41);
		const connection = bench.connection(0);
		const cases = [
			["/frame.jpg", "image/jpeg", "A".repeat(40)],
			["/metrics.json", "application/json", FIGURES],
		];
		for (const [path, type, body] of cases) {
			connection.open(0);
			ask(bench, connection, get(path));
			const answer = drain(bench, connection);
			check.ok(answer.startsWith("HTTP/1.1 200 OK\r\n"), path);
			check.ok(answer.indexOf("\r\nContent-Type: " + type + "\r\n") > 0, path);
			check.ok(answer.endsWith("\r\nContent-Length: " + body.length + "\r\n\r\n" + body), path);
			check.equal(connection.state, ConnectionState.DONE);
			connection.close();
		}
		connection.open(0);
		ask(bench, connection, get("/"));
		const page = drain(bench, connection);
		check.ok(page.endsWith("</html>\n"), "page");
		const length = Number(page.slice(page.indexOf("Content-Length: ") + 16, page.indexOf("\r\n\r\n")));
		check.equal(page.length - page.indexOf("\r\n\r\n") - 4, length);
		connection.close();
		check.equal((bench.store.newest as { holders: number }).holders, 0);
		check.equal(bench.site.requests, 3);
	});

	suite.test("http: HEAD is answered without body and holds nothing", (check) => {
		const bench = new Bench(1, 3);
		bench.show(40, 0x41);
		const connection = bench.connection(0);
		for (const path of ["/frame.jpg", "/metrics.json", "/", "/video.mjpeg", "/nothing"]) {
			connection.open(0);
			ask(bench, connection, "HEAD " + path + " HTTP/1.0\r\n\r\n");
			check.ok(drain(bench, connection).endsWith("\r\n\r\n"), path);
			connection.close();
		}
		check.equal((bench.store.newest as { holders: number }).holders, 0);
		check.equal(bench.site.viewers, 0);
		check.ok(bench.site.metrics.acquire());
		check.equal(bench.figuresWritten, 2, "the figures are free again");
	});

	suite.test("http: refusals are answered, counted and closed", (check) => {
		const bench = new Bench(1, 3);
		const connection = bench.connection(0);
		for (const [request, line] of [
			[get("/nothing"), "404 Not Found"],
			["PUT / HTTP/1.1\r\n", "405 Method Not Allowed"],
			["nonsense\r\n", "400 Bad Request"],
			[get("/frame.jpg"), "503 Service Unavailable"],
		]) {
			connection.open(0);
			ask(bench, connection, request);
			check.ok(drain(bench, connection).startsWith("HTTP/1.1 " + line + "\r\n"), line);
			check.equal(connection.state, ConnectionState.DONE);
			connection.close();
		}
		check.equal(bench.site.refused, 3);
		check.equal(bench.site.unavailable, 1);
	});

	suite.test("http: a camera that has stopped gives no old picture", (check) => {
		const bench = new Bench(1, 3, FRAME_BYTES, 5000);
		bench.show(40, 0x41, 1000);
		const connection = bench.connection(0);
		connection.open(6000);
		ask(bench, connection, get("/frame.jpg"), 6000);
		check.ok(drain(bench, connection).startsWith("HTTP/1.1 200"));
		connection.close();
		connection.open(6001);
		ask(bench, connection, get("/frame.jpg"), 6001);
		check.ok(drain(bench, connection).startsWith("HTTP/1.1 503"));
	});

	suite.test("http: the stream is parts with sequence and length; each frame is sent once", (check) => {
		const bench = new Bench(1, 3);
		bench.show(12, 0x41);
		const connection = bench.connection(0);
		connection.open(0);
		ask(bench, connection, get("/video.mjpeg"));
		const first = drain(bench, connection);
		check.ok(first.indexOf("Content-Type: multipart/x-mixed-replace; boundary=fletcher-frame\r\n") > 0);
		check.ok(first.endsWith(
			"\r\n\r\n--fletcher-frame\r\nContent-Type: image/jpeg\r\nX-Sequence: 1\r\nContent-Length: 12\r\n\r\nAAAAAAAAAAAA\r\n--fletcher-frame\r\n"));
		check.equal(connection.state, ConnectionState.WAITING);
		check.equal(connection.offer(0), false, "not twice");
		bench.show(3, 0x42);
		check.equal(connection.offer(0), true);
		check.equal(drain(bench, connection), "Content-Type: image/jpeg\r\nX-Sequence: 2\r\nContent-Length: 3\r\n\r\nBBB\r\n--fletcher-frame\r\n");
		check.equal(bench.site.framesSent, 2);
		connection.ended();
		check.equal(connection.state, ConnectionState.OVER);
		connection.close();
		check.equal(bench.site.viewers, 0);
	});

	suite.test("http: one viewer over the limit gets 503; a place that is left is taken again", (check) => {
		const bench = new Bench(2, 3);
		bench.show(12, 0x41);
		const connections = [bench.connection(0), bench.connection(1), bench.connection(2)];
		for (const connection of connections) {
			connection.open(0);
			ask(bench, connection, get("/video.mjpeg"));
		}
		check.equal(bench.site.viewers, 2);
		check.ok(drain(bench, connections[2]).startsWith("HTTP/1.1 503"));
		connections[2].close();
		connections[0].close();
		connections[2].open(0);
		ask(bench, connections[2], get("/video.mjpeg"));
		check.equal(bench.site.viewers, 2);
		check.ok(drain(bench, connections[2]).startsWith("HTTP/1.1 200"));
	});

	suite.test("http: a slow viewer gets whole frames, skips those in between, and does not hold up a fast one", (check) => {
		const bench = new Bench(2, 3);
		const slow = bench.connection(0);
		const fast = bench.connection(1);
		bench.show(FRAME_BYTES, 1);
		for (const connection of [slow, fast]) {
			connection.open(0);
			ask(bench, connection, get("/video.mjpeg"));
			connection.sent(connection.outputLength, 0);
		}
		drain(bench, fast);
		const start = slow.outputOffset;
		const part = bench.text(start, slow.outputLength);
		for (let i = 2; i <= 50; i++) {
			bench.show(FRAME_BYTES, i & 0x7f);
			check.ok(fast.offer(0));
			check.ok(drain(bench, fast).indexOf("X-Sequence: " + i + "\r\n") > 0);
			if (i % 10 === 0) slow.sent(1, 0);
		}
		check.equal(bench.text(start, part.length), part, "the slow viewer's frame is untouched");
		slow.sent(slow.outputLength, 0);
		check.ok(drain(bench, slow).indexOf("X-Sequence: 50\r\n") > 0);
		check.equal(bench.site.framesSkipped, 48);
		check.equal(bench.store.starved, 0);
	});

	suite.test("http: what takes too long is ended", (check) => {
		const bench = new Bench(1, 3);
		bench.show(FRAME_BYTES, 1);
		const connection = bench.connection(0);
		connection.open(0);
		check.equal(connection.deadline, 10_000);
		connection.expire(10_000);
		check.equal(connection.state, ConnectionState.OVER, "no byte of a request");
		connection.close();
		connection.open(0);
		ask(bench, connection, "GET / HT", 9000);
		check.equal(connection.deadline, 10_000, "the time for the request is not renewed by its bytes");
		connection.expire(10_000);
		check.ok(drain(bench, connection).startsWith("HTTP/1.1 408"), "part of a request");
		connection.lingers(10_000);
		connection.expire(12_000);
		check.equal(connection.state, ConnectionState.OVER, "a peer that does not close");
		connection.close();
		connection.open(0);
		ask(bench, connection, get("/frame.jpg"), 0);
		for (let now = 0; now < 60_000 && connection.state === ConnectionState.SENDING; now += 5000) {
			connection.expire(now);
			if (connection.outputLength > 1) connection.sent(1, now);
		}
		connection.expire(60_000);
		check.equal(connection.state, ConnectionState.OVER, "a byte now and then is not enough for ever");
		connection.close();
		check.equal((bench.store.newest as { holders: number }).holders, 0);
		check.equal(bench.site.timeouts, 3);
	});

	suite.test("http: any bytes lead to an answer or a wait, never out of the buffer", (check) => {
		const bench = new Bench(1, 3);
		const connection = bench.connection(0);
		let state = 7;
		for (let round = 0; round < 300; round++) {
			connection.open(0);
			for (let piece = 0; piece < 40 && connection.state === ConnectionState.READING; piece++) {
				const count = Math.min(connection.inputRoom, 1 + (state % 60));
				const offset = connection.inputOffset;
				for (let i = 0; i < count; i++) {
					state = (Math.imul(state, 1103515245) + 12345) >>> 0;
					bench.arena.bytes[offset + i] = (state >>> 24) & 15 ? 0x20 + ((state >>> 16) & 0x5f) : state >>> 20;
				}
				connection.received(count, 0);
			}
			check.ok(connection.state === ConnectionState.SENDING || connection.state === ConnectionState.READING);
			check.ok(connection.outputLength <= REQUEST_BYTES);
			connection.close();
		}
	});

	suite.test("http: a frame sent to several viewers in pieces costs no slot and no chunk", (check) => {
		const bench = new Bench(2, 3);
		const viewers = [bench.connection(0), bench.connection(1)];
		bench.show(FRAME_BYTES, 1);
		for (let i = 0; i < viewers.length; i++) {
			viewers[i].open(0);
			ask(bench, viewers[i], get("/video.mjpeg"));
		}
		const before = new Int32Array(Counter.COUNT);
		const after = new Int32Array(Counter.COUNT);
		serve(bench, viewers, 10);
		readCounters(before);
		serve(bench, viewers, 1000);
		readCounters(after);
		check.equal(after[Counter.SLOTS], before[Counter.SLOTS], "slots");
		check.equal(after[Counter.CHUNKS], before[Counter.CHUNKS], "chunks");
		check.equal(after[Counter.COLLECTIONS], before[Counter.COLLECTIONS], "collections");
		check.ok(bench.site.framesSent > 1900);
	});
}

function serve(bench: Bench, viewers: HTTPConnection[], rounds: number): void {
	for (let round = 0; round < rounds; round++) {
		const frame = bench.store.vacant();
		if (frame === undefined) continue;
		bench.store.commit(frame, 100 + (round % 200), round);
		bench.site.frame(frame);
		for (let i = 0; i < viewers.length; i++) {
			viewers[i].offer(round);
			while (viewers[i].state === ConnectionState.SENDING) viewers[i].sent(Math.min(97, viewers[i].outputLength), round);
		}
	}
}

/** A client over loopback that collects what it is sent. */
class Client {
	readonly stream: Stream;
	text = "";
	ended = false;
	#request: string;
	#buffer = new ArrayBuffer(4096);
	#done: (client: Client) => void;

	/** `done` is called at the connection's end. */
	constructor(port: number, request: string, done: (client: Client) => void) {
		this.#request = request;
		this.#done = done;
		this.stream = new Stream({
			onWritable: () => this.#send(),
			onReadable: () => this.#receive(),
			onError: () => this.#end(),
		});
		this.stream.connect("127.0.0.1", port);
	}

	#send(): void {
		const bytes = ArrayBuffer.fromString(this.#request);
		this.stream.write(bytes, 0, bytes.byteLength);
		this.stream.want(Want.READ);
	}

	#receive(): void {
		const count = this.stream.read(this.#buffer, 0, 4096);
		if (count > 0) this.text += String.fromArrayBuffer(this.#buffer.slice(0, count));
		else if (count !== StreamStatus.AGAIN) this.#end();
	}

	#end(): void {
		this.ended = true;
		this.stream.close();
		this.#done(this);
	}
}

function startServer(bench: Bench): MJPEGServer {
	const server = new MJPEGServer({
		site: bench.site,
		address: "127.0.0.1",
		port: 0,
		requestBytes: REQUEST_BYTES,
		offset: bench.serverOffset,
		logger: new Quiet(),
	});
	server.start();
	return server;
}

function later(delay: number, body: () => void): void {
	new Timer({
		onTimer() {
			this.close();
			body();
		},
	}).schedule(delay);
}

function server(suite: Suite): void {
	suite.asyncTest("http server: answers over TCP and closes in order", 5000, (check, done) => {
		const bench = new Bench(1, 3);
		bench.show(40, 0x41, monotonic());
		const mjpeg = startServer(bench);
		new Client(mjpeg.port, get("/frame.jpg"), (picture) => {
			check.ok(picture.text.endsWith("\r\n\r\n" + "A".repeat(40)));
			new Client(mjpeg.port, "GET /nothing HTTP/1.0\r\n\r\n" + "x".repeat(3000), (refused) => {
				check.ok(refused.text.startsWith("HTTP/1.1 404"), "an answer reaches a peer that still sends");
				later(50, () => {
					check.equal(mjpeg.connections, 0);
					mjpeg.close();
					done();
				});
			});
		});
	});

	suite.asyncTest("http server: two viewers get all frames, in order", 5000, (check, done) => {
		const bench = new Bench(2, 4);
		const mjpeg = startServer(bench);
		const viewers = [new Client(mjpeg.port, get("/video.mjpeg"), () => {}), new Client(mjpeg.port, get("/video.mjpeg"), () => {})];
		let shown = 0;
		const timer = new Timer({
			onTimer() {
				if (bench.site.viewers === 2 && shown < 20) {
					bench.show(FRAME_BYTES, 0x61 + shown++, monotonic());
					mjpeg.show();
				}
				if (shown < 20 || viewers[0].text.indexOf("X-Sequence: 20") < 0 || viewers[1].text.indexOf("X-Sequence: 20") < 0) {
					this.schedule(5);
					return;
				}
				for (const viewer of viewers) for (let i = 2; i <= 20; i++) check.ok(viewer.text.indexOf("X-Sequence: " + i + "\r\n") > 0);
				mjpeg.close();
				for (const viewer of viewers) viewer.stream.close();
				this.close();
				done();
			},
		});
		timer.schedule(5);
	});

	suite.asyncTest("http server: with all connections idle a new one is still served", 8000, (check, done) => {
		const bench = new Bench(1, 3);
		bench.show(40, 0x41, monotonic());
		const mjpeg = startServer(bench);
		const idle: Client[] = [];
		for (let i = 0; i < 1 + SPARE_CONNECTIONS + 2; i++) idle.push(new Client(mjpeg.port, "G", () => {}));
		new Client(mjpeg.port, get("/frame.jpg"), (client) => {
			check.ok(client.text.startsWith("HTTP/1.1 200"));
			mjpeg.close();
			for (const other of idle) other.stream.close();
			done();
		});
	});

	suite.asyncTest("http server: a thousand frames to a viewer over TCP cost no slot and no chunk", 20_000, (check, done) => {
		const bench = new Bench(1, 3);
		const mjpeg = startServer(bench);
		const sink = new ArrayBuffer(65536);
		const request = ArrayBuffer.fromString(get("/video.mjpeg"));
		const stream = new Stream({
			onWritable() {
				this.write(request, 0, request.byteLength);
				this.want(Want.READ);
			},
			onReadable() {
				this.read(sink, 0, 65536);
			},
		});
		stream.connect("127.0.0.1", mjpeg.port);
		const before = new Int32Array(Counter.COUNT);
		const after = new Int32Array(Counter.COUNT);
		let shown = 0;
		const timer = new Timer({
			onTimer() {
				if (shown === 50) readCounters(before);
				if (shown < 1050) {
					if (bench.site.viewers > 0) {
						feed(bench, mjpeg);
						shown++;
					}
					this.schedule(0);
					return;
				}
				readCounters(after);
				check.ok(bench.site.framesSent > 900, "frames sent");
				check.equal(after[Counter.SLOTS], before[Counter.SLOTS], "slots");
				check.equal(after[Counter.CHUNKS], before[Counter.CHUNKS], "chunks");
				check.equal(after[Counter.COLLECTIONS], before[Counter.COLLECTIONS], "collections");
				mjpeg.close();
				stream.close();
				this.close();
				done();
			},
		});
		timer.schedule(1);
	});
}

function feed(bench: Bench, mjpeg: MJPEGServer): void {
	const frame = bench.store.vacant();
	if (frame === undefined) return;
	bench.store.commit(frame, FRAME_BYTES, 0);
	mjpeg.show();
}

export default function (suite: Suite): void {
	parser(suite);
	machine(suite);
	server(suite);
}

