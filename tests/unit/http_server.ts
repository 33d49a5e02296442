import { Counter, readCounters } from "host/host";
import { MJPEGServer, SPARE_CONNECTIONS } from "media/mjpeg_server";
import { Stream, StreamStatus, Want } from "net/stream";
import { monotonic } from "time/clock";
import Timer from "time/timer";
import { Bench, FRAME_BYTES, get, REQUEST_BYTES } from "unit/http_bench";
import { Quiet } from "unit/quiet";
import type { Suite } from "unit/suite";

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

export default function (suite: Suite): void {
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
		const viewers = [
			new Client(mjpeg.port, get("/video.mjpeg"), () => {}),
			new Client(mjpeg.port, get("/video.mjpeg"), () => {}),
		];
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
				for (const viewer of viewers)
					for (let i = 2; i <= 20; i++) check.ok(viewer.text.indexOf("X-Sequence: " + i + "\r\n") > 0);
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
