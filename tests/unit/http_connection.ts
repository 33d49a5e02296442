import { Counter, readCounters } from "host/host";
import { ConnectionState, type HTTPConnection } from "media/http_connection";
import { ask, Bench, drain, FIGURES, FRAME_BYTES, get, REQUEST_BYTES } from "unit/http_bench";
import type { Suite } from "unit/suite";

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

export default function (suite: Suite): void {
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
		check.ok(
			first.endsWith(
				"\r\n\r\n--fletcher-frame\r\nContent-Type: image/jpeg\r\nX-Sequence: 1\r\nContent-Length: 12\r\n\r\nAAAAAAAAAAAA\r\n--fletcher-frame\r\n",
			),
		);
		check.equal(connection.state, ConnectionState.WAITING);
		check.equal(connection.offer(0), false, "not twice");
		bench.show(3, 0x42);
		check.equal(connection.offer(0), true);
		check.equal(
			drain(bench, connection),
			"Content-Type: image/jpeg\r\nX-Sequence: 2\r\nContent-Length: 3\r\n\r\nBBB\r\n--fletcher-frame\r\n",
		);
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
