import { MJPEG_PATHS, RTSP_PATHS } from "discovery/paths";
import { NEXT_DONE, Probe } from "discovery/probe";
import { pathFault } from "discovery/request";
import { PROBE_HTTP, PROBE_RTSP } from "discovery/verdict";
import { Arena } from "storage/arena";
import { Bench, type Request, SETTINGS, type Server } from "unit/discovery_bench";
import type { Suite } from "unit/suite";

const PAGE = "HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<html></html>";
const NOT_FOUND = "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope";
const STREAM = "HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n";
const ALL = "GET /, GET /, GET /video.mjpg, GET /shot.jpg";

/** A page at the root, 404 elsewhere, and `text` at `path`. */
function site(path: string, text: string, close = true): Server {
	return (request: Request) => {
		if (request.index > 0 && request.path === path) return { text, close };
		return { text: request.path === "/" ? PAGE : NOT_FOUND, close: true };
	};
}

interface Case {
	readonly title: string;
	readonly server: Server;
	readonly verdict: string;
	readonly asked?: string;
}

function cases(): Case[] {
	const list: Case[] = [];
	for (const type of [
		"multipart/x-mixed-replace",
		"Multipart/X-Mixed-Replace;boundary=x",
		"image/jpeg",
		"image/jpg",
		"image/jpeg; charset=x",
	]) {
		list.push({
			title: type,
			server: site("/video.mjpg", "HTTP/1.1 200 OK\r\nServer: x\r\nContent-type:" + type + "\r\n\r\n"),
			verdict: "mjpeg /video.mjpg",
			asked: "GET /, GET /, GET /video.mjpg",
		});
	}
	for (const type of ["image/jpegs", "image/png", "multipart/mixed", "text/html", "x-image/jpeg", ""])
		list.push({
			title: type || "no type",
			server: site("/shot.jpg", "HTTP/1.1 200 OK\r\nContent-Type: " + type + "\r\n\r\n"),
			verdict: "http",
			asked: ALL,
		});
	list.push(
		{ title: "a page alone", server: site("", ""), verdict: "http", asked: ALL },
		{
			title: "an endless stream, decided on its head",
			server: site("/video.mjpg", STREAM + "--frame\r\n".repeat(500), false),
			verdict: "mjpeg /video.mjpg",
		},
		{
			title: "pictures with another status",
			server: site("/shot.jpg", "HTTP/1.0 404 Not Found\r\nContent-Type: image/jpeg\r\n\r\n"),
			verdict: "http",
		},
		{
			title: "a password",
			server: site("/video.mjpg", "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\n\r\n"),
			verdict: "locked-mjpeg",
			asked: "GET /, GET /, GET /video.mjpg",
		},
		{
			title: "a redirection is not followed",
			server: () => ({ text: "HTTP/1.1 301 Moved\r\nLocation: http://10.0.0.1/\r\n\r\n", close: true }),
			verdict: "http",
			asked: ALL,
		},
		{
			title: "silence for every path",
			server: (request) => ({ text: request.index === 0 ? PAGE : "" }),
			verdict: "http",
			asked: ALL,
		},
		{ title: "silence", server: () => ({ text: "" }), verdict: "", asked: "GET /" },
		{ title: "RTSP", server: () => ({ text: "RTSP/1.0 400 Bad Request\r\n\r\n" }), verdict: "", asked: "GET /" },
		{ title: "SSH", server: () => ({ text: "SSH-2.0-x\r\n" }), verdict: "", asked: "GET /" },
		{ title: "bytes of no sense", server: () => ({ text: "\xff\x00\x80$\x00\x00\x08HTTP/1.0\n" }), verdict: "", asked: "GET /" },
		{ title: "a page without head", server: () => ({ text: "<html>\n</html>\n", close: true }), verdict: "", asked: "GET /" },
		{
			title: "empty lines in front",
			server: site("/shot.jpg", "\r\n\r\nHTTP/1.0 200\r\nContent-Type: image/jpeg\r\n\r\n"),
			verdict: "mjpeg /shot.jpg",
		},
	);
	return list;
}

export default function discoveryHTTP(suite: Suite): void {
	for (const { title, server, verdict, asked } of cases()) {
		suite.test("ARROW-42 HTTP probe: " + title + ": " + (verdict || "not HTTP") + ", however the bytes are cut", (check) => {
			const bench = new Bench();
			for (const piece of [2048, 1, 2, 3, 7, 64]) {
				check.equal(bench.run(PROBE_HTTP, server, piece, 80), verdict, "pieces of " + piece);
				if (asked !== undefined) check.equal(bench.asked(), asked, "pieces of " + piece);
			}
		});
	}

	suite.test("ARROW-42 HTTP probe: requests of HTTP/1.0 that name the host", (check) => {
		const bench = new Bench();
		bench.run(PROBE_HTTP, site("", ""), 2048, 8080);
		const rest = " HTTP/1.0\r\nHost: 192.168.1.23:8080\r\nUser-Agent: Fletcher\r\nAccept: */*\r\nConnection: keep-alive\r\n\r\n";
		check.equal(bench.requests[0].text, "GET /" + rest);
		check.equal(bench.requests[2].text, "GET /video.mjpg" + rest);
		bench.address = "fd00::1";
		bench.run(PROBE_HTTP, site("", ""), 2048, 80);
		check.ok(bench.requests[0].text.indexOf("\r\nHost: [fd00::1]:80\r\n") > 0);
	});

	suite.test("ARROW-42 HTTP probe: a connection serves for more when the server says so and tells the length", (check) => {
		const bench = new Bench();
		const kept = "HTTP/1.1 404 Not Found\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nHTTP/";
		check.equal(
			bench.run(PROBE_HTTP, () => ({ text: kept }), 1),
			"http",
		);
		check.equal(bench.connections, 1);
		check.equal(
			bench.run(PROBE_HTTP, () => ({ text: NOT_FOUND })),
			"http",
		);
		check.equal(bench.connections, 4);
		const noLength = "HTTP/1.1 404 Not Found\r\nConnection: keep-alive\r\n\r\n";
		check.equal(
			bench.run(PROBE_HTTP, () => ({ text: noLength })),
			"http",
		);
		check.equal(bench.connections, 4);
	});

	suite.test("ARROW-42 HTTP probe: nothing is waited for behind a head that tells enough", (check) => {
		const bench = new Bench();
		const began = bench.now;
		const picture = "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Type: image/jpeg\r\nContent-Length: 9000\r\n\r\n";
		check.equal(bench.run(PROBE_HTTP, site("/shot.jpg", picture, false)), "mjpeg /shot.jpg");
		for (const foreign of ["RTSP/1.0 400 Bad Request\r\n", "SSH-2.0-x\r\n"])
			check.equal(
				bench.run(PROBE_HTTP, () => ({ text: foreign })),
				"",
			);
		check.equal(
			bench.run(PROBE_RTSP, () => ({ text: "HTTP/1.1 400 Bad Request\r\n" })),
			"",
		);
		check.equal(bench.now, began);
	});

	suite.test("ARROW-42 HTTP probe: connections that cannot be made now and then end nothing", (check) => {
		const bench = new Bench();
		let refused = false;
		bench.refuses = () => {
			refused = !refused;
			return refused;
		};
		check.equal(bench.run(PROBE_HTTP, site("/shot.jpg", STREAM)), "mjpeg /shot.jpg");
		check.equal(bench.connections, 8);
	});

	suite.test("ARROW-42 HTTP probe: a server that promises to keep the connection and falls silent loses no path", (check) => {
		const bench = new Bench();
		let connection = 0;
		const server: Server = (request) => {
			if (bench.connections === connection) return { text: "" };
			connection = bench.connections;
			if (request.path === "/shot.jpg") return { text: "HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\n\r\n" };
			return { text: "HTTP/1.1 404 Not Found\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n" };
		};
		const began = bench.now;
		check.equal(bench.run(PROBE_HTTP, server), "mjpeg /shot.jpg");
		check.equal(bench.now - began, 2000, "it waited once");
	});

	suite.test("ARROW-42 probes: every path of the lists can be asked for; the longest fits", (check) => {
		for (const paths of [RTSP_PATHS, MJPEG_PATHS]) {
			for (let i = 0; i < paths.length; i++) {
				check.equal(pathFault(paths[i]), "");
				check.equal(paths.indexOf(paths[i]), i, paths[i]);
			}
		}
		const path = "/" + "x".repeat(254);
		const bench = new Bench({ ...SETTINGS, mjpegPaths: [path] });
		bench.address = "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff";
		bench.run(PROBE_HTTP, () => ({ text: PAGE }), 2048, 65535);
		check.ok(bench.requests[1].text.startsWith("GET " + path + " HTTP/1.0\r\n"));
		check.ok(bench.requests[1].text.endsWith("\r\n\r\n"));
	});

	suite.test("ARROW-42 probes: a path that would break a request is refused with its name", (check) => {
		const arena = new Arena(1024);
		check.throws(() => new Probe(arena, 0, { ...SETTINGS, rtspPaths: ["live"] }), "live: must begin with /");
		check.throws(() => new Probe(arena, 0, { ...SETTINGS, mjpegPaths: ["/a\r\nX: y"] }), "no path can hold");
		check.throws(() => new Probe(arena, 0, { ...SETTINGS, mjpegPaths: ["/" + "x".repeat(255)] }), "longer than 255");
	});

	suite.test("ARROW-42 probes: calls at the wrong time change nothing", (check) => {
		const bench = new Bench();
		const { probe } = bench;
		const state = () => probe.next + " " + probe.verdict + " " + probe.connections + " " + probe.deadline;
		for (const moment of [() => undefined, () => bench.run(PROBE_HTTP, site("/", STREAM))]) {
			moment();
			const before = state();
			probe.connected(5);
			probe.sent(5, 5);
			probe.received(0, 20, 5);
			probe.ended(5);
			probe.failed(5);
			probe.expire(1e9);
			check.equal(state(), before);
		}
		check.equal(probe.next, NEXT_DONE);
		probe.cancel();
		check.equal(probe.next, 0);
	});
}
