import { PROBE_HTTP, PROBE_RTSP } from "discovery/verdict";
import { Counter, collectGarbage, readCounters } from "host/host";
import { Bench, camera, type Request, rtsp, SETTINGS, type Server, sdp } from "unit/discovery_bench";
import type { Suite } from "unit/suite";

const LONG = "x".repeat(4096);
const PROBES = 1000;

/** A server that says 200 to OPTIONS and `text` to everything else. */
function describing(text: (request: Request) => string, drip?: number): Server {
	return (request) => {
		if (request.method === "OPTIONS") return { text: rtsp(request, "200 OK") };
		return drip === undefined ? { text: text(request) } : { text: text(request), drip };
	};
}

function manyPaths(): string[] {
	const paths: string[] = [];
	for (let i = 0; i < 100; i++) paths.push("/" + i);
	return paths;
}

/** A head of `lines` lines besides the first, each of `length` bytes without its end. */
function head(first: string, lines: number, length: number): string {
	return first + "\r\n" + ("X: " + "y".repeat(length - 4) + "\r\n").repeat(lines) + "\r\n";
}

export default function discoveryHostile(suite: Suite): void {
	suite.test("ARROW-42 probes: a head of 64 lines of 4,096 bytes is read; one line or one byte more is none", (check) => {
		const bench = new Bench();
		// The CR counts, the LF does not.
		const most = 4096;
		for (const piece of [2048, 1000]) {
			check.equal(
				bench.run(PROBE_HTTP, () => ({ text: head("HTTP/1.0 200 OK", 64, most) }), piece),
				"http",
			);
			check.equal(
				bench.run(PROBE_HTTP, () => ({ text: head("HTTP/1.0 200 OK", 65, 10) }), piece),
				"",
			);
			check.equal(
				bench.run(PROBE_HTTP, () => ({ text: head("HTTP/1.0 200 OK", 1, most + 1) }), piece),
				"",
			);
			check.equal(
				bench.run(PROBE_RTSP, () => ({ text: head("RTSP/1.0 200 OK", 65, 10) }), piece),
				"",
			);
			check.equal(
				bench.run(PROBE_RTSP, () => ({ text: head("RTSP/1.0 200 OK", 1, most + 1) }), piece),
				"",
			);
			check.equal(
				bench.run(PROBE_RTSP, () => ({ text: LONG + LONG }), piece),
				"",
			);
			check.equal(bench.probe.malformed, 1);
			bench.run(PROBE_RTSP, () => ({ text: "HTTP/1.0 200 OK\r\n\r\n" }), piece);
			check.equal(bench.probe.malformed, 0, "another protocol is none");
		}
	});

	suite.test("ARROW-42 probes: an endless head or line for a path costs that path alone", (check) => {
		const bench = new Bench();
		const camera1 = camera({ "/live": "H264/90000" });
		for (const garbage of [
			"RTSP/1.0 200 OK\r\n" + "A: b\r\n".repeat(100),
			"RTSP/1.0 200 OK\r\nA: " + LONG,
			"\x00\xff\n".repeat(100),
		]) {
			const server: Server = (request) => (request.path === "/" && request.index > 0 ? { text: garbage } : camera1(request));
			check.equal(bench.run(PROBE_RTSP, server), "rtsp /live");
			check.equal(bench.asked(), "OPTIONS /, DESCRIBE /, DESCRIBE /live");
			check.equal(bench.connections, 2);
		}
	});

	suite.test("ARROW-42 probes: a body of 1 GiB is not waited for, and of a description 64 KiB are read", (check) => {
		const bench = new Bench();
		const declared = "Content-Length: 1073741824\r\n";
		const began = bench.now;
		check.equal(
			bench.run(PROBE_RTSP, (request) => ({ text: rtsp(request, "404 Not Found", declared) + LONG })),
			"unknown-rtsp",
		);
		check.equal(bench.now, began);
		check.equal(bench.connections, 5);
		const line = "a=nothing\r\n";
		const inside = describing((request) => rtsp(request, "200 OK", declared) + line.repeat(5900) + sdp("H264/90000"));
		check.equal(bench.run(PROBE_RTSP, inside), "rtsp /");
		let given = 0;
		const outside = describing((request) => {
			given++;
			return rtsp(request, "200 OK", declared) + line.repeat(5958) + sdp("H264/90000");
		});
		check.equal(bench.run(PROBE_RTSP, outside), "unsupported-rtsp /");
		check.equal(given, SETTINGS.rtspPaths.length);
		check.equal(bench.now, began);
	});

	suite.test("ARROW-42 probes: a line of a description over 4,096 bytes ends it", (check) => {
		const bench = new Bench();
		const server = describing((request) => rtsp(request, "200 OK", "", "a=" + LONG + "\r\n" + sdp("H264/90000")));
		check.equal(bench.run(PROBE_RTSP, server), "unsupported-rtsp /");
		check.equal(bench.connections, 4);
	});

	suite.test("ARROW-42 probes: bytes that drip have 2 s altogether", (check) => {
		const bench = new Bench();
		let began = bench.now;
		check.equal(
			bench.run(PROBE_HTTP, () => ({ text: "HTTP/1.0 200 OK\r\n" + LONG, drip: 300 }), 1),
			"",
		);
		check.ok(bench.now - began < 2300);
		began = bench.now;
		const slow = describing((request) => rtsp(request, "200 OK", "", sdp("H264/90000")), 200);
		check.equal(bench.run(PROBE_RTSP, slow, 1), "unknown-rtsp");
		check.ok(bench.now - began <= 2200 * (SETTINGS.rtspPaths.length + 1));
		const body = describing((request) => rtsp(request, "200 OK", "Content-Length: 99999\r\n") + "a=x\r\n".repeat(100), 100);
		check.equal(bench.run(PROBE_RTSP, body, 40), "unsupported-rtsp /");
	});

	suite.test("ARROW-42 probes: numbers over every limit in status, length and CSeq", (check) => {
		const bench = new Bench();
		const huge = "9".repeat(40);
		check.equal(
			bench.run(PROBE_RTSP, () => ({ text: "RTSP/1.0 " + huge + "\r\n\r\n" })),
			"",
		);
		check.equal(
			bench.run(PROBE_RTSP, () => ({ text: "RTSP/1.0 99\r\n\r\n" })),
			"",
		);
		check.equal(
			bench.run(PROBE_RTSP, () => ({ text: "RTSP/1.0 -200\r\n\r\n" })),
			"",
		);
		const lengths: Server = (request) => ({
			text: rtsp(request, "404 Not Found", "Content-Length: " + huge + "\r\nContent-Length: -1\r\n"),
		});
		check.equal(bench.run(PROBE_RTSP, lengths), "unknown-rtsp");
		const sequence: Server = () => ({ text: "RTSP/1.0 200 OK\r\nCSeq: " + huge + "\r\n\r\n" });
		check.equal(bench.run(PROBE_RTSP, sequence), "");
	});

	suite.test(
		"ARROW-42 probes: four requests in a row without answer end a probe; an answer between them begins anew",
		(check) => {
			const bench = new Bench({ ...SETTINGS, rtspPaths: manyPaths() });
			const began = bench.now;
			check.equal(
				bench.run(
					PROBE_RTSP,
					describing(() => ""),
				),
				"unknown-rtsp",
			);
			check.equal(bench.now - began, 8000);
			const answered: Server = (request) => {
				const last = request.path === "/9";
				if (request.method === "OPTIONS" || request.path === "/3" || request.path === "/6")
					return { text: rtsp(request, "404 Not Found", "Connection: close\r\n") };
				return { text: last ? rtsp(request, "200 OK", "", sdp("H264/90000")) : "" };
			};
			const hasty = new Bench({ ...SETTINGS, rtspPaths: manyPaths(), request: 1000 });
			check.equal(hasty.run(PROBE_RTSP, answered), "rtsp /9");
		},
	);

	suite.test("ARROW-42 probes: a slow server has 12 s, with many paths", (check) => {
		const bench = new Bench({ ...SETTINGS, rtspPaths: manyPaths() });
		const began = bench.now;
		const slow: Server = (request) => ({ text: rtsp(request, "404 Not Found"), drip: 1900 });
		check.equal(bench.run(PROBE_RTSP, slow), "unknown-rtsp");
		check.ok(bench.now - began >= 12_000 && bench.now - began <= 14_000 + 1900, "" + (bench.now - began));
	});

	suite.longTest("ARROW-42 probes: 1,000 probes of all kinds leave no memory behind", (check) => {
		const bench = new Bench();
		const servers: Server[] = [
			camera({ "/11": "H265/90000" }),
			camera({}),
			() => ({ text: "HTTP/1.0 200 OK\r\n\r\n", close: true }),
			() => ({ text: LONG + LONG }),
			describing((request) => rtsp(request, "200 OK", "", "a=x\r\n".repeat(1000))),
		];
		const before = new Int32Array(Counter.COUNT);
		const after = new Int32Array(Counter.COUNT);
		let count = 0;
		const run = (rounds: number): void => {
			for (let i = 0; i < rounds; i++, count++) bench.run(i % 2 ? PROBE_RTSP : PROBE_HTTP, servers[i % servers.length]);
			bench.requests.length = 0;
			collectGarbage();
		};
		run(50);
		readCounters(before);
		run(PROBES);
		readCounters(after);
		check.equal(count, PROBES + 50);
		check.equal(after[Counter.SLOTS], before[Counter.SLOTS], "slots");
		check.equal(after[Counter.CHUNKS], before[Counter.CHUNKS], "chunk bytes");
	});

	suite.test("ARROW-42 probes: what a server sends allocates nothing", (check) => {
		const bench = new Bench();
		const { probe, arena } = bench;
		const at = arena.bytes.length - 1024;
		const texts = [
			"RTSP/1.0 200 OK\r\nCSeq: 2\r\nServer: Hipcam\r\nContent-Length: 900\r\nX: y\r\n\r\n" + sdp("VP8/90000"),
			"a=rtpmap:96 VP9/1\r\n",
		];
		probe.begin(PROBE_RTSP, "10.0.0.1", 554, true, 0);
		const put = (text: string): number => {
			for (let i = 0; i < text.length; i++) arena.bytes[at + i] = text.charCodeAt(i);
			return text.length;
		};
		probe.sent(probe.outputLength, 0);
		probe.received(at, put("RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n"), 0);
		probe.sent(probe.outputLength, 0);
		const before = new Int32Array(Counter.COUNT);
		const after = new Int32Array(Counter.COUNT);
		readCounters(before);
		readCounters(after);
		let length = put(texts[0]);
		readCounters(before);
		probe.received(at, length, 0);
		readCounters(after);
		check.equal(after[Counter.SLOTS] - before[Counter.SLOTS], 0, "slots of a head");
		check.equal(after[Counter.CHUNKS] - before[Counter.CHUNKS], 0, "chunk bytes of a head");
		length = put(texts[1]);
		readCounters(before);
		for (let i = 0; i < 20; i++) probe.received(at, length, 0);
		readCounters(after);
		check.equal(after[Counter.SLOTS] - before[Counter.SLOTS], 0, "slots of a body");
		check.equal(after[Counter.CHUNKS] - before[Counter.CHUNKS], 0, "chunk bytes of a body");
	});
}
