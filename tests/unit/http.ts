import { INCOMPLETE, Method, RequestParser, Status } from "media/http";
import { REQUEST_BYTES } from "unit/http_bench";
import type { Suite } from "unit/suite";

function parse(text: string, size = REQUEST_BYTES): number {
	const bytes = new Uint8Array(size + 7);
	const source = new Uint8Array(ArrayBuffer.fromString(text));
	for (let i = 0; i < source.length && i < size; i++) bytes[7 + i] = source[i];
	return new RequestParser(bytes).parse(7, Math.min(source.length, size), size);
}

export default function (suite: Suite): void {
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
