import type { Block, Fuzzer } from "fuzz/fuzzer";
import { Numbers } from "fuzz/numbers";
import { damagedText } from "fuzz/texts";
import { STATE_PLAYING } from "media/rtsp/states";
import { described, frameOf, H264, JPEG, PCMU, RTSPBench, type RTSPRequest, reply, rtp, rtspCamera } from "unit/rtsp_bench";

/** Cameras that one block asks, and what each of them says when it plays. */
const CAMERAS = 6;
const SAYINGS = 12;
const TEXT_LIMIT = 3000;
/** Pieces that sit on the limits of the grammar. */
const PIECES = Object.freeze([
	"\r\n",
	"\n",
	"\r",
	"\r\n\r\n",
	":",
	" ",
	";",
	"=",
	"-",
	'"',
	",",
	"$\x00\x00\x04",
	"$\x00\xff\xff",
	"$\x01\x00\x08\x81\xcb\x00\x01\x00\x00\x00\x01",
	"RTSP/1.0 200 OK\r\n",
	"RTSP/1.0 401 x\r\n",
	"RTSP/1.0 302 x\r\nLocation: rtsp://cam/other\r\n",
	"OPTIONS * RTSP/1.0\r\n",
	"Content-Length: 0\r\n",
	"Content-Length: 4294967296\r\n",
	"Content-Length: -5\r\n",
	"CSeq: 999999999\r\n",
	"Session: x;timeout=1\r\n",
	"Session: x;timeout=99999999999\r\n",
	"Transport: interleaved=255-0\r\n",
	"Transport: interleaved=-1;server_port=99999999\r\n",
	'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"\r\n',
	'WWW-Authenticate: Digest nonce="\\',
	"WWW-Authenticate: Basic\r\n",
	"Content-Base: rtsp://\r\n",
	"m=video 0 RTP/AVP 26\r\n",
	"m=audio 0 RTP/AVP 0 8 9 10 11\r\n",
	"a=rtpmap:96 H265/0\r\n",
	"a=rtpmap:",
	"a=fmtp:96 sprop-parameter-sets=,,,,====,A,AA,AAA,AAAA;packetization-mode=9",
	"a=control:" + "c".repeat(250) + "\r\n",
	"x".repeat(800),
	"\x00",
	"\xff\xfe",
]);
const DESCRIPTIONS = Object.freeze([described(H264, PCMU), described(JPEG), described(PCMU, H264)]);
const CHALLENGES = Object.freeze([
	'WWW-Authenticate: Digest realm="r", nonce="0123456789abcdef", opaque="o"\r\n',
	'WWW-Authenticate: Digest realm="r", nonce="n", algorithm=SHA-256, qop="auth"\r\n',
	'WWW-Authenticate: Basic realm="r"\r\n',
]);
/** More than any time of the client: everything that is due comes. */
const LONG = 61_000;

/** What a camera sends that plays. */
function saying(numbers: Numbers, sequence: number): string {
	switch (numbers.below(6)) {
		case 0:
			return frameOf(1, "\x80\xc8\x00\x06\x00\x00\x00\x01" + "t".repeat(20) + "\x81\xca\x00\x01\x00\x00\x00\x01");
		case 1:
			return "RTSP/1.0 200 OK\r\nCSeq: " + (5 + numbers.below(3)) + "\r\nSession: abc\r\n\r\n";
		case 2:
			return frameOf(2, rtp(sequence, "s".repeat(160), 0));
		default:
			return frameOf(0, rtp(sequence, "v".repeat(numbers.below(1400)), 96, sequence * 3600, numbers.below(2) === 1));
	}
}

/** Damaged answers, descriptions and frames of RTSP servers, in pieces of any size, by TCP. */
export class RTSPFuzzer implements Fuzzer {
	readonly name = "rtsp";
	readonly states = Object.freeze(["answers", "frames"]);
	readonly share = 5000;
	readonly kept: readonly number[] = Object.freeze([]);

	block(seed: number): Block {
		const numbers = new Numbers(seed);
		const messages = new Int32Array(2);
		const bench = new RTSPBench("rtsp://u:p@cam/live", "tcp", true, 2048);
		bench.counts = true;
		let camera = rtspCamera(DESCRIPTIONS[0]);
		let harm = 0;
		const server = (request: RTSPRequest): string | undefined => {
			messages[0]++;
			let text = camera(request) as string;
			if (numbers.below(12) === 0 && request.text.indexOf("Authorization") < 0)
				text = reply(request, "401 x", CHALLENGES[numbers.below(CHALLENGES.length)]);
			if (numbers.below(16) === 0) return undefined;
			return numbers.below(harm) === 0 ? damagedText(text, numbers, PIECES, TEXT_LIMIT) : text;
		};
		bench.begin(server);
		let fault = "";
		let sequence = 0;
		for (let round = 0; round < CAMERAS && fault === ""; round++) {
			camera = rtspCamera(DESCRIPTIONS[numbers.below(DESCRIPTIONS.length)]);
			harm = 1 + numbers.below(8);
			bench.piece = 1 + numbers.below(numbers.below(2) ? 40 : 2048);
			bench.requests.length = 0;
			bench.reports.length = 0;
			bench.places.length = 0;
			for (let i = 0; i < SAYINGS; i++) {
				if (bench.client.state !== STATE_PLAYING) {
					bench.wait(LONG);
					continue;
				}
				messages[1]++;
				let text = saying(numbers, sequence++ & 0xffff);
				if (numbers.below(3) === 0) text = damagedText(text, numbers, PIECES, TEXT_LIMIT);
				bench.say(text).wait(numbers.below(400));
			}
			fault = faultOf(bench);
			if (fault !== "") fault = "camera " + round + ": " + fault;
		}
		return { messages, fault };
	}
}

/** What does not hold. */
function faultOf(bench: RTSPBench): string {
	const { client } = bench;
	if (!bench.guarded) return "memory of others was written";
	if (client.deadline === Infinity || Number.isNaN(client.deadline)) return "it would wait for ever in state " + client.state;
	if (client.deadline > bench.now + LONG) return "it waits for too long";
	if (bench.begins - bench.ends !== 0 && bench.begins - bench.ends !== 1)
		return "begun " + bench.begins + ", ended " + bench.ends;
	for (let i = 0; i < bench.requests.length; i++) {
		const { text } = bench.requests[i];
		const lines = text.split("\r\n");
		for (let k = 0; k < lines.length; k++) if (/[\r\n\0]/.test(lines[k])) return "a line break of others in a request";
	}
	return "";
}
