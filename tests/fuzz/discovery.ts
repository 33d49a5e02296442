import { PROBE_HTTP, PROBE_RTSP } from "discovery/verdict";
import type { Block, Fuzzer } from "fuzz/fuzzer";
import { Numbers } from "fuzz/numbers";
import { damagedText } from "fuzz/texts";
import { Bench, type Request, rtsp, sdp } from "unit/discovery_bench";

/** Servers that one block looks at. */
const SERVERS = 75;
const TEXT_LIMIT = 1800;
/** Pieces that sit on the limits of the grammar. */
const PIECES = Object.freeze([
	"\r\n",
	"\n",
	"\r",
	"\r\n\r\n",
	":",
	" ",
	"\t",
	"$\x00\x00\x04",
	"$\x00\xff\xff",
	"RTSP/1.0 200 OK\r\n",
	"HTTP/1.0 200 OK\r\n",
	"RTSP/1.0 401\r\n",
	"Content-Length: 0\r\n",
	"Content-Length: 4294967296\r\n",
	"Content-Length: -5\r\n",
	"CSeq: 999999999\r\n",
	"Connection: close\r\n",
	"Connection: keep-alive\r\n",
	"Content-Type: image/jpeg\r\n",
	"Server: Hipcam RealServer/V1.0\r\n",
	"m=video 0 RTP/AVP 26\r\n",
	"m=video 0 RTP/AVP 26 26 26 26",
	"a=rtpmap:96 H264/90000\r\n",
	"a=rtpmap:",
	"\x00",
	"\xff\xfe",
]);

/** An answer as a server of some kind might give it. */
function answer(request: Request, numbers: Numbers): string {
	switch (numbers.below(6)) {
		case 0:
			return rtsp(request, "200 OK", "Content-Type: application/sdp\r\n", sdp("H264/90000"));
		case 1:
			return rtsp(request, "200 OK", "", sdp("VP8/90000"));
		case 2:
			return rtsp(request, "404 Not Found", "Content-Type: text/html\r\n", "<html>\r\n</html>");
		case 3:
			return "HTTP/1.1 404 Not Found\r\nConnection: keep-alive\r\nContent-Length: 4\r\n\r\nnope";
		case 4:
			return "HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=x\r\n\r\n--x\r\n";
		default:
			return request.method === "GET" ? "HTTP/1.0 200 OK\r\n\r\n" : rtsp(request, "200 OK");
	}
}

const VERDICTS = Object.freeze([
	"",
	"rtsp /",
	"rtsp /live",
	"rtsp /stream?channel=1",
	"rtsp /11",
	"locked-rtsp",
	"unknown-rtsp",
	"unsupported-rtsp /",
	"unsupported-rtsp /live",
	"unsupported-rtsp /stream?channel=1",
	"unsupported-rtsp /11",
	"http",
	"mjpeg /",
	"mjpeg /video.mjpg",
	"mjpeg /shot.jpg",
	"locked-mjpeg",
]);

const RTSP = 0;
const HTTP = 1;

/** Damaged answers of RTSP and HTTP servers, in pieces of any size, from servers that close, break off and refuse. */
export class DiscoveryFuzzer implements Fuzzer {
	readonly name = "discovery";
	readonly states = Object.freeze(["answers of RTSP", "answers of HTTP"]);
	readonly share = 20000;
	readonly kept: readonly number[] = Object.freeze([]);

	block(seed: number): Block {
		const bench = new Bench();
		const numbers = new Numbers(seed);
		const messages = new Int32Array(2);
		let fault = "";
		for (let server = 0; server < SERVERS && fault === ""; server++) {
			const state = numbers.below(2) ? RTSP : HTTP;
			bench.refuseFrom = numbers.below(8) ? Infinity : 1 + numbers.below(4);
			const verdict = bench.run(
				state === RTSP ? PROBE_RTSP : PROBE_HTTP,
				(request) => {
					messages[state]++;
					const text = numbers.below(12) ? damagedText(answer(request, numbers), numbers, PIECES, TEXT_LIMIT) : "";
					const end = numbers.below(4);
					return { text, close: end === 1, broken: end === 2 };
				},
				1 + (server % 100),
			);
			/* It ended in time, or the bench says so; a path is one of those asked for. */
			if (VERDICTS.indexOf(verdict) < 0) fault = "server " + server + ": " + verdict;
		}
		return { messages, fault };
	}
}
