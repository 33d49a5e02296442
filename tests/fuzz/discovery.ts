import { PROBE_HTTP, PROBE_RTSP } from "discovery/verdict";
import { Counter, collectGarbage, readCounters } from "host/host";
import { Bench, type Request, rtsp, sdp } from "unit/discovery_bench";
import type { Suite } from "unit/suite";

const ROUNDS = 600;
const SEEDS = 8;
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

/** Marsaglia's xorshift of 32 bits: the same numbers for the same seed everywhere. */
class Numbers {
	#state: number;

	constructor(seed: number) {
		this.#state = seed | 1;
	}

	/** An integer of 0 .. limit - 1. */
	below(limit: number): number {
		let state = this.#state;
		state ^= state << 13;
		state ^= state >>> 17;
		state ^= state << 5;
		this.#state = state;
		return (state >>> 0) % limit;
	}
}

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

function damaged(text: string, numbers: Numbers): string {
	let result = text;
	for (let damages = numbers.below(4); damages > 0; damages--) {
		const at = numbers.below(result.length + 1);
		const size = numbers.below(24);
		switch (numbers.below(5)) {
			case 0:
				result = result.slice(0, at) + String.fromCharCode(numbers.below(256)) + result.slice(at + 1);
				break;
			case 1:
				result = result.slice(0, at);
				break;
			case 2:
				result = result.slice(0, at) + result.slice(at + size);
				break;
			case 3:
				result = result.slice(0, at + size) + result.slice(at);
				break;
			default:
				result = result.slice(0, at) + PIECES[numbers.below(PIECES.length)] + result.slice(at);
		}
	}
	return result.slice(0, TEXT_LIMIT);
}

/** What a probe says of a server whose answers come from `seed`. */
function probe(bench: Bench, seed: number, piece: number): string {
	const numbers = new Numbers(seed);
	const kind = numbers.below(2) ? PROBE_RTSP : PROBE_HTTP;
	bench.refuseFrom = numbers.below(8) ? Infinity : 1 + numbers.below(4);
	return bench.run(
		kind,
		(request) => {
			const text = numbers.below(12) ? damaged(answer(request, numbers), numbers) : "";
			const end = numbers.below(4);
			return { text, close: end === 1, broken: end === 2 };
		},
		piece,
	);
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

export default function discoveryFuzz(suite: Suite): void {
	suite.test("fuzz: ARROW-42 damaged RTSP and HTTP answers from 8 seeds: each probe ends in time with a verdict", (check) => {
		const bench = new Bench();
		const seen = new Set<string>();
		for (let seed = 1; seed <= SEEDS; seed++) {
			for (let round = 0; round < ROUNDS / SEEDS; round++) {
				const number = seed * 0x9e3779b1 + round * 0x85ebca6b;
				const verdict = probe(bench, number, 1 + (round % 100));
				check.ok(VERDICTS.indexOf(verdict) >= 0, "seed " + seed + " round " + round + ": " + verdict);
				seen.add(verdict);
			}
		}
		check.ok(seen.size >= 8, "verdicts seen: " + seen.size);
	});

	suite.test("fuzz: ARROW-42 probes of damaged answers leave no memory behind", (check) => {
		const before = new Int32Array(Counter.COUNT);
		const after = new Int32Array(Counter.COUNT);
		const bench = new Bench();
		const run = (from: number, count: number): void => {
			for (let i = 0; i < count; i++) probe(bench, (from + i) * 0x9e3779b1, 512);
			bench.requests.length = 0;
			collectGarbage();
		};
		run(1000, 20);
		readCounters(before);
		run(2000, 300);
		readCounters(after);
		check.ok((after[Counter.SLOTS] - before[Counter.SLOTS]) * before[Counter.SLOT_SIZE] <= 1024, "slots");
		check.ok(after[Counter.CHUNKS] - before[Counter.CHUNKS] <= 1024, "chunk bytes");
	});
}
