import { PROBE_RTSP } from "discovery/verdict";
import type { Suite } from "unit/suite";
import { Bench, camera, type Reply, type Request, rtsp, SETTINGS, type Server, sdp } from "unit/discovery_bench";

/** What a server is and what the probe must say of it. */
interface Case {
	readonly title: string;
	readonly server: Server;
	readonly verdict: string;
	readonly asked?: string;
	readonly connections?: number;
}

const ALL = "OPTIONS /, DESCRIBE /, DESCRIBE /live, DESCRIBE /stream?channel=1, DESCRIBE /11";

/** A server that says 200 to OPTIONS, and to DESCRIBE what `describe` gives. */
function describing(describe: (request: Request) => Reply): Server {
	return (request) => (request.method === "OPTIONS" ? { text: rtsp(request, "200 OK") } : describe(request));
}

/** 200 with `body` and `fields` to DESCRIBE of any path. */
function body(fields: string, text: string, close = false): Server {
	return describing((request) => ({ text: rtsp(request, "200 OK", fields) + text, close }));
}

const MEDIA = "v=0\r\ns=x\r\nm=video 0 RTP/AVP ";

function cases(): Case[] {
	const list: Case[] = [];
	for (const encoding of [
		"H264/90000",
		"H264-RCDO/90000",
		"H264-SVC/90000",
		"MP4V-ES/90000",
		"mpeg4-generic/90000",
		"JPEG/90000",
	])
		list.push({ title: "video of " + encoding, server: camera({ "/live": encoding }), verdict: "rtsp /live", connections: 1 });
	list.push({ title: "video of H265 (decision 25)", server: camera({ "/live": "H265/90000" }), verdict: "rtsp /live" });
	for (const encoding of ["VP8/90000", "H264X/90000", "H263-1998/90000", "H26/90000", "theora/90000"]) {
		list.push({
			title: "video of " + encoding,
			server: camera({ "/live": encoding, "/11": encoding }),
			verdict: "unsupported-rtsp /live",
			asked: ALL,
		});
	}
	list.push(
		{ title: "JPEG by its static type", server: body("", MEDIA + "26\r\n", true), verdict: "rtsp /" },
		{ title: "JPEG among other types", server: body("", MEDIA + "32 26 34\r\n", true), verdict: "rtsp /" },
		{
			title: "a port of 26",
			server: body("", "v=0\r\nm=video 26 RTP/AVP 96\r\n", true),
			verdict: "unsupported-rtsp /",
		},
		{ title: "another static type", server: body("", MEDIA + "32 126 2\r\n", true), verdict: "unsupported-rtsp /" },
		{
			title: "H264 of a medium that is no video",
			server: body("", "v=0\r\nm=video 0 RTP/AVP 32\r\nm=videos 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n", true),
			verdict: "unsupported-rtsp /",
		},
		{
			title: "H264 in front of any medium",
			server: body("", "v=0\r\na=rtpmap:96 H264/90000\r\nm=video 0 RTP/AVP 96\r\n", true),
			verdict: "unsupported-rtsp /",
		},
		{
			title: "sound alone",
			server: body("", "v=0\r\nm=audio 0 RTP/AVP 96\r\na=rtpmap:96 mpeg4-generic/44100\r\n", true),
			verdict: "unsupported-rtsp /",
		},
		{
			title: "a stream of no use in front of a good one",
			server: camera({ "/": "VP9/90000", "/stream?channel=1": "H264/90000" }),
			verdict: "rtsp /stream?channel=1",
			asked: "OPTIONS /, DESCRIBE /, DESCRIBE /live, DESCRIBE /stream?channel=1",
			connections: 1,
		},
		{ title: "no path known", server: camera({}), verdict: "unknown-rtsp", asked: ALL, connections: 1 },
		{
			title: "a password",
			server: describing((request) => ({ text: rtsp(request, "401 Unauthorized", 'WWW-Authenticate: Basic realm="x"\r\n') })),
			verdict: "locked-rtsp",
			asked: "OPTIONS /, DESCRIBE /",
		},
		{
			title: "a password for OPTIONS too",
			server: (request) => ({ text: rtsp(request, "401 Unauthorized") }),
			verdict: "locked-rtsp",
			asked: "OPTIONS /, DESCRIBE /",
		},
		{
			title: "a password behind a stream of no use",
			server: describing((request) =>
				request.path === "/live"
					? { text: rtsp(request, "401 Unauthorized") }
					: { text: rtsp(request, "200 OK", "", sdp("VP8/90000")) },
			),
			verdict: "locked-rtsp",
		},
		{
			title: "errors of all kinds",
			server: (request) => ({
				text: rtsp(request, ["501 Not Implemented", "302 Moved", "454 Session", "999 x", "100 C"][request.index]),
			}),
			verdict: "unknown-rtsp",
			asked: ALL,
		},
		{ title: "silence", server: () => ({ text: "" }), verdict: "", asked: "OPTIONS /" },
		{ title: "an end at once", server: () => ({ text: "", close: true }), verdict: "", asked: "OPTIONS /" },
		{ title: "a reset at once", server: () => ({ text: "", broken: true }), verdict: "", asked: "OPTIONS /" },
		{
			title: "HTTP",
			server: () => ({ text: "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n" }),
			verdict: "",
			asked: "OPTIONS /",
		},
		{ title: "SSH", server: () => ({ text: "SSH-2.0-OpenSSH_9.2\r\n" }), verdict: "", asked: "OPTIONS /" },
		{ title: "an answer without a number", server: () => ({ text: "RTSP/1.0 OK\r\n\r\n" }), verdict: "" },
		{
			title: "a head that ends in the middle",
			server: () => ({ text: "RTSP/1.0 200 OK\r\nCSeq: 1\r\n", close: true }),
			verdict: "",
		},
		{
			title: "line ends without CR, blanks around colons, letters in either case",
			server: (request) => ({ text: "rtsp/1.0  200\ncseq :\t" + request.sequence + "\nCONTENT-LENGTH:0\n\n" }),
			verdict: "unsupported-rtsp /",
			connections: 1,
		},
		{
			title: "no CSeq",
			server: describing(() => ({
				text: "RTSP/1.0 200 OK\r\nContent-Length: " + sdp("H264/90000").length + "\r\n\r\n" + sdp("H264/90000"),
			})),
			verdict: "rtsp /",
		},
		{ title: "a description without length up to the end", server: body("", sdp("H264/90000"), true), verdict: "rtsp /" },
		{ title: "a description without length and without end", server: body("", sdp("H264/90000")), verdict: "rtsp /" },
		{
			title: "a description without length and without end, of no use",
			server: body("", sdp("VP8/90000")),
			verdict: "unsupported-rtsp /",
			asked: ALL,
			connections: 4,
		},
		{ title: "a last line without end", server: body("", MEDIA + "96\r\na=rtpmap:96 H264/90000", true), verdict: "rtsp /" },
		{
			title: "a last line without end, cut by the length",
			server: describing((request) => ({ text: rtsp(request, "200 OK", "", MEDIA + "26") })),
			verdict: "rtsp /",
		},
		{
			title: "what stands behind the length does not count",
			server: describing((request) => ({
				text:
					rtsp(request, "200 OK", "Content-Length: " + (MEDIA + "96\r\n").length + "\r\n") +
					MEDIA +
					"96\r\na=rtpmap:96 H264/90000\r\n",
			})),
			verdict: "unsupported-rtsp /",
			asked: ALL,
		},
		{
			title: "an end in front of the length",
			server: body("Content-Length: 5000\r\n", sdp("H264/90000"), true),
			verdict: "rtsp /",
		},
		{
			title: "bodies of errors are skipped",
			server: describing((request) =>
				request.path === "/11"
					? { text: rtsp(request, "200 OK", "", sdp("H264/90000")) }
					: { text: rtsp(request, "404 Not Found", "", "RTSP/1.0 401 Unauthorized\r\n\r\n") },
			),
			verdict: "rtsp /11",
			connections: 1,
		},
		{
			title: "the body of an error without length: the next request goes another way",
			server: describing((request) =>
				request.path === "/11"
					? { text: rtsp(request, "200 OK", "", sdp("H264/90000")) }
					: { text: rtsp(request, "404 Not Found", "Content-Type: text/html\r\n") + "<html>not here</html>" },
			),
			verdict: "rtsp /11",
			connections: 4,
		},
		{
			title: "the server says that it closes",
			server: (request) =>
				request.method === "OPTIONS" || request.path !== "/live"
					? { text: rtsp(request, "404 Not Found", "Connection: close\r\n"), close: true }
					: { text: rtsp(request, "200 OK", "", sdp("H264/90000")) },
			verdict: "rtsp /live",
			asked: "OPTIONS /, DESCRIBE /, DESCRIBE /live",
			connections: 3,
		},
		{
			title: "interleaved frames and lines that are no answer in front of one",
			server: (request) => ({
				text:
					"$\x00\x00\x05RTSP/$\x01\x01\x04" +
					"\r\n".repeat(130) +
					"$\x01\x00\x00 \r\nplaying\r\n\r\n" +
					rtsp(request, "200 OK", "", request.method === "OPTIONS" ? "" : sdp("H264/90000")),
			}),
			verdict: "rtsp /",
		},
		{
			title: "a late answer to a request before is left aside with its body",
			server: describing((request) => ({
				text:
					"RTSP/1.0 401 Unauthorized\r\nCSeq: 0\r\nContent-Length: 4\r\n\r\nRTSP" +
					(request.path === "/live" ? rtsp(request, "200 OK", "", sdp("H264/90000")) : rtsp(request, "404 Not Found")),
			})),
			verdict: "rtsp /live",
			connections: 1,
		},
	);
	return list;
}

export default function discoveryRTSP(suite: Suite): void {
	for (const { title, server, verdict, asked, connections } of cases()) {
		suite.test("ARROW-42 RTSP probe: " + title + ": " + (verdict || "not RTSP") + ", however the bytes are cut", (check) => {
			const bench = new Bench();
			for (const piece of [2048, 1, 2, 3, 7, 64]) {
				check.equal(bench.run(PROBE_RTSP, server, piece), verdict, "pieces of " + piece);
				if (asked !== undefined) check.equal(bench.asked(), asked, "pieces of " + piece);
				if (connections !== undefined) check.equal(bench.connections, connections, "connections, pieces of " + piece);
			}
		});
	}

	suite.test("ARROW-42 RTSP probe: requests as RFC 2326 has them, CSeq counted, address and port named", (check) => {
		const bench = new Bench();
		bench.run(PROBE_RTSP, camera({ "/live": "H264/90000" }), 2048, 8554);
		check.equal(bench.requests[0].text, "OPTIONS rtsp://192.168.1.23:8554/ RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: Fletcher\r\n\r\n");
		check.equal(
			bench.requests[2].text,
			"DESCRIBE rtsp://192.168.1.23:8554/live RTSP/1.0\r\nCSeq: 3\r\nUser-Agent: Fletcher\r\nAccept: application/sdp\r\n\r\n",
		);
		bench.address = "fd00::23";
		bench.run(PROBE_RTSP, camera({}));
		check.ok(bench.requests[0].text.startsWith("OPTIONS rtsp://[fd00::23]:554/ "));
	});

	suite.test("ARROW-42 RTSP probe: the switch h265 makes H.265 unsupported, and nothing else", (check) => {
		const bench = new Bench({ ...SETTINGS, h265: false });
		check.equal(bench.run(PROBE_RTSP, camera({ "/live": "H265/90000" })), "unsupported-rtsp /live");
		check.equal(bench.run(PROBE_RTSP, camera({ "/live": "H265/90000", "/11": "H264/90000" })), "rtsp /11");
	});

	for (const name of ["HiIpcam/V100R003 VodServer/1.0.0", "Hipcam RealServer/V1.0"]) {
		suite.test("ARROW-42 RTSP probe: " + name + " says 200 to everything: only /11 and /12 count", (check) => {
			const bench = new Bench({ ...SETTINGS, rtspPaths: ["/", "/live", "/12", "/11"] });
			const fields = "Server: " + name + "\r\n";
			const anything = { "/": "H264/90000", "/live": "H264/90000", "/12": "H264/90000", "/11": "H264/90000" };
			check.equal(bench.run(PROBE_RTSP, camera(anything, fields)), "rtsp /12");
			check.equal(bench.asked(), "OPTIONS /, DESCRIBE /12");
			// It may name itself in the second answer only.
			const shy: Server = (request) =>
				request.method === "OPTIONS" ? { text: rtsp(request, "200 OK") } : camera(anything, fields)(request);
			check.equal(bench.run(PROBE_RTSP, shy), "rtsp /12");
			check.equal(bench.asked(), "OPTIONS /, DESCRIBE /, DESCRIBE /12");
			check.equal(bench.run(PROBE_RTSP, camera({ "/": "H264/90000", "/live": "VP8/90000" }, fields)), "unknown-rtsp");
			// The next server is another one.
			check.equal(bench.run(PROBE_RTSP, camera({ "/live": "H264/90000" })), "rtsp /live");
		});
	}

	suite.test("ARROW-42 RTSP probe: a server that closes after each answer without a word loses no path", (check) => {
		const bench = new Bench();
		// The end comes after the next request was sent: that request is repeated once on a connection of its own.
		let onConnection = 0;
		let connection = 0;
		const server: Server = (request) => {
			if (bench.connections !== connection) onConnection = 0;
			connection = bench.connections;
			if (onConnection++ > 0) return { text: "", close: true };
			return camera({ "/11": "H264/90000" })(request);
		};
		check.equal(bench.run(PROBE_RTSP, server), "rtsp /11");
		check.equal(bench.connections, 5);
		check.equal(bench.asked(), "OPTIONS /, DESCRIBE /, DESCRIBE /, DESCRIBE /live, DESCRIBE /stream?channel=1, DESCRIBE /11");
	});

	suite.test("ARROW-42 RTSP probe: no answer for a path in 2 s: the next path, on a new connection", (check) => {
		const bench = new Bench();
		const began = bench.now;
		const server: Server = (request) =>
			request.path === "/" && request.index > 0 ? { text: "" } : camera({ "/live": "H264/90000" })(request);
		check.equal(bench.run(PROBE_RTSP, server), "rtsp /live");
		// Once on the connection that served OPTIONS, once on its own.
		check.equal(bench.now - began, 4000);
		check.equal(bench.connections, 3);
	});

	suite.test(
		"ARROW-42 RTSP probe: a late answer behind which the server closes: the next path, on a new connection, at once",
		(check) => {
			const bench = new Bench();
			const began = bench.now;
			const server = describing((request) =>
				request.path === "/"
					? { text: "RTSP/1.0 200 OK\r\nCSeq: 77\r\nConnection: close\r\n\r\n" }
					: camera({ "/live": "H264/90000" })(request),
			);
			check.equal(bench.run(PROBE_RTSP, server), "rtsp /live");
			check.equal(bench.connections, 2);
			check.equal(bench.now, began);
		},
	);

	suite.test("ARROW-42 RTSP probe: a connection there already is used; two that cannot be made end the probe", (check) => {
		const bench = new Bench();
		bench.probe.begin(PROBE_RTSP, "192.168.1.23", 554, true, 0);
		check.ok(bench.probe.outputLength > 0);
		check.equal(bench.probe.connections, 1);
		bench.refuseFrom = 0;
		check.equal(bench.run(PROBE_RTSP, camera({})), "");
		check.equal(bench.connections, 2);
		bench.refuseFrom = 1;
		const closing: Server = (request) => ({ text: rtsp(request, "200 OK", "Connection: close\r\n"), close: true });
		check.equal(bench.run(PROBE_RTSP, closing), "unknown-rtsp");
		check.equal(bench.connections, 3);
	});
}
