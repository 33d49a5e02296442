import { CODEC_H264, CODEC_H265, CODEC_JPEG, CODEC_L16, CODEC_NONE, CODEC_OPUS, CODEC_PCMA } from "media/rtsp/codecs";
import { MD5_ROOM, md5 } from "media/rtsp/md5";
import { OFFER_HELD, OFFER_LATE, OFFER_NOW, Reorder } from "media/rtsp/reorder";
import { RTSPTrack, TAKE_FOREIGN, TAKE_LATE, TAKE_MALFORMED, TAKE_PACKET } from "media/rtsp/track";
import { parseRTSPURL, type RTSPURL } from "media/rtsp/url";
import { Arena } from "storage/arena";
import { described, H264, RTSPBench, rtp, rtspCamera } from "unit/rtsp_bench";
import type { Suite } from "unit/suite";
import { decodeBase64, encodeBase64 } from "wire/base64";
import { formatHex } from "wire/hex";

function put(arena: Arena, offset: number, text: string): number {
	for (let i = 0; i < text.length; i++) arena.bytes[offset + i] = text.charCodeAt(i);
	return text.length;
}

function textOf(bytes: Uint8Array | undefined): string {
	let text = "";
	if (bytes !== undefined) for (let i = 0; i < bytes.length; i++) text += String.fromCharCode(bytes[i]);
	return text;
}

/** What a client makes of a description. */
function tracksOf(sdp: string): RTSPBench {
	return new RTSPBench().begin(rtspCamera(sdp));
}

export default function rtspParts(suite: Suite): void {
	suite.test("rtsp: MD5 as RFC 1321 A.5 has it, and around the ends of blocks", (check) => {
		const arena = new Arena(600);
		const cases: [string, string][] = [
			["", "d41d8cd98f00b204e9800998ecf8427e"],
			["a", "0cc175b9c0f1b6a831c399e269772661"],
			["abc", "900150983cd24fb0d6963f7d28e17f72"],
			["message digest", "f96b697d7cb7938d525a2f31aaf161d0"],
			["12345678901234567890123456789012345678901234567890123456789012345678901234567890", "57edf4a22be3c955ac49da2e2107b67a"],
			["x".repeat(55), "04364420e25c512fd958a70738aa8f72"],
			["x".repeat(56), "668a72d5ba17f08e62dabcafad6db14b"],
			["x".repeat(64), "c1bb4f81d892b2d57947682aeb252456"],
			["x".repeat(300), "8a4876ea55d998a5d91ed59db796af28"],
		];
		for (const [text, digest] of cases) {
			const length = put(arena, 7, text);
			arena.bytes.fill(0xa5, 7 + length);
			md5(arena.view, 7, length, 560);
			check.equal(formatHex(arena.bytes, 560, 16), digest, text);
			for (let i = 7 + length + MD5_ROOM; i < 560; i++) if (arena.bytes[i] !== 0xa5) check.fail("writes too far");
		}
	});

	suite.test("rtsp: Base64 as RFC 4648 10 has it, with and without padding; what is none is refused", (check) => {
		const arena = new Arena(64);
		const pairs = ["", "", "f", "Zg==", "fo", "Zm8=", "foo", "Zm9v", "foob", "Zm9vYg==", "\xfb\xff\xfe", "+//+"];
		for (let i = 0; i < pairs.length; i += 2) {
			const length = encodeBase64(arena.bytes, 0, put(arena, 0, pairs[i]), 32);
			check.equal(textOf(arena.bytes.slice(32, 32 + length)), pairs[i + 1]);
			let count = decodeBase64(arena.bytes, 32, length, 0, 16);
			check.equal(textOf(arena.bytes.slice(0, count)), pairs[i]);
			count = decodeBase64(arena.bytes, 32, put(arena, 32, pairs[i + 1].split("=")[0]), 0, 16);
			check.equal(textOf(arena.bytes.slice(0, count)), pairs[i], "without padding");
		}
		for (const bad of ["Z", "Zm9vY", "Zm9v!", "Z===", "Zg=a", "Zm 9"])
			check.equal(decodeBase64(arena.bytes, 32, put(arena, 32, bad), 0, 16), -1, bad);
		check.equal(decodeBase64(arena.bytes, 32, put(arena, 32, "Zm9vYg=="), 0, 3), -1, "no room");
	});

	suite.test("rtsp: URLs, user and password taken off; what is wrong is told without a letter of them", (check) => {
		const good: [string, string, number, string, string, string][] = [
			["rtsp://cam", "cam", 554, "rtsp://cam:554/", "", ""],
			["RTSP://10.0.0.1:8554/a?b=c", "10.0.0.1", 8554, "rtsp://10.0.0.1:8554/a?b=c", "", ""],
			["rtsp://u:p@w@[::1]/x@y", "::1", 554, "rtsp://[::1]:554/x@y", "u", "p@w"],
			["rtsp://u%3B:%41%25:%2F@c?user=x", "c", 554, "rtsp://c:554/?user=x", "u;", "A%:/"],
			["rtsp://u@c", "c", 554, "rtsp://c:554/", "u", ""],
			["rtsp://:@c", "c", 554, "rtsp://c:554/", "", ""],
		];
		for (const [text, host, port, target, user, password] of good) {
			const url = parseRTSPURL(text) as RTSPURL;
			check.equal(url.host, host, text);
			check.equal(url.port, port, text);
			check.equal(url.target, target, text);
			check.equal(textOf(url.user), user, text);
			check.equal(textOf(url.password), password, text);
		}
		const secret = "hushhush";
		for (const text of [
			"rtsps://a:S@c",
			"rtsp://a:S@",
			"rtsp://a:S@c:0/",
			"rtsp://a:S@c:65536/",
			"rtsp://a:S@c/ x",
			"rtsp://a:S@c/\xe4",
			"rtsp://a:%4@c",
			"rtsp://a:%zz@c",
			"rtsp://a%3Ab:S@c",
			'rtsp://a"b:S@c',
			"rtsp://a:S@c/" + "x".repeat(400),
			"rtsp://a:S" + "s".repeat(60) + "@c",
			"rtsp://a%0d:S@c",
			"rtsp://S S@c@/",
		]) {
			const fault = parseRTSPURL(text.split("S").join(secret));
			check.equal(typeof fault, "string", text);
			check.ok((fault as string).indexOf(secret) < 0, text);
		}
	});

	suite.test("rtsp: descriptions of H.264, H.265, JPEG and sound, as cameras write them", (check) => {
		const h265 = tracksOf(
			described(
				"m=video 0 RTP/AVP 98\r\na=control:rtsp://other/abs\r\na=fmtp:98 profile-id=1; sprop-vps=QAEMAQ==; sprop-sps=QgEB; sprop-pps=RAHA\r\na=rtpmap:98 h265/90000\r\n",
			),
		);
		const [video] = h265.client.tracks;
		check.equal(video.codec, CODEC_H265);
		check.hex(h265.arena.buffer, video.setsOffset, "0004 40010c01 0003 420101 0003 4401c0");
		check.equal(h265.requests[2].url, "rtsp://other/abs");
		check.equal(h265.last.url, "rtsp://cam/live/");
		const sound = tracksOf(described(H264, "m=audio 0 RTP/AVP 111\r\na=rtpmap:111 opus/48000/2\r\na=control:2\r\n")).client
			.tracks[1];
		check.equal([sound.codec, sound.clock, sound.channels, sound.payloadType].join(), [CODEC_OPUS, 48000, 2, 111].join());
		const stereo = tracksOf(described(H264, "m=audio 0 RTP/AVP 10\r\na=control:2\r\n")).client.tracks[1];
		check.equal([stereo.codec, stereo.clock, stereo.channels].join(), [CODEC_L16, 44100, 2].join());
		const aac = tracksOf(
			described(
				H264,
				"m=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/16000\r\na=control:2\r\nm=audio 0 RTP/AVP 8\r\na=control:3\r\n",
			),
		);
		check.equal(aac.client.tracks[1].codec, CODEC_PCMA, "the second sound");
		check.ok(aac.requests[3].url.endsWith("/3"));
		const second = tracksOf(
			described(
				"m=video 0 RTP/AVP 97\r\na=rtpmap:97 VP8/90000\r\na=control:1\r\n",
				"m=video 0 RTP/AVP 26\r\na=control:2\r\n",
				H264,
			),
		);
		check.equal(second.client.tracks[0].codec, CODEC_JPEG);
		check.ok(second.requests[2].url.endsWith("/2"));
		check.equal(second.client.tracks[0].setsLength, 0, "those of a medium that is not taken");
		const several = tracksOf(
			described("m=video 0 RTP/AVP 97 96\r\na=rtpmap:97 VP8/90000\r\na=rtpmap:96 H264/90000\r\na=control:1\r\n"),
		).client.tracks[0];
		check.equal(several.codec, CODEC_H264);
		check.equal(several.payloadType, 96);
		const alone = tracksOf("v=0\nm=video 0 RTP/AVP 26\n");
		check.equal(alone.requests[2].url, "rtsp://cam/live/", "no a=control");
		check.equal(alone.last.method, "PLAY");
		for (const [sdp, offers] of [
			["m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=2\r\n", "H264 with interleaved NAL units"],
			["m=video 0 RTP/AVP 96\r\na=rtpmap:96 H265/90000\r\na=fmtp:96 sprop-max-don-diff=2\r\n", "H265 with interleaved NAL units"],
			["m=video 0 RTP/AVP 99\r\na=rtpmap:99 AV1/90000\r\n", "AV1"],
			["m=video 0 RTP/AVP\r\n", ""],
			["m=video 0 RTP/AVP x\r\na=rtpmap:\r\na=fmtp:\r\na=control:\r\n", ""],
			["m=video 0 RTP/AVP 99\r\na=rtpmap:99 " + "v".repeat(500) + "\r\n", "v".repeat(16)],
		]) {
			const bench = tracksOf(described(sdp));
			check.equal(bench.client.tracks[0].codec, CODEC_NONE, sdp);
			check.equal(bench.client.reason, "the server offers nothing that can be used here" + (offers === "" ? "" : ": " + offers));
		}
		const long = tracksOf(
			described(
				"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 sprop-parameter-sets=" +
					"A".repeat(684) +
					",Z0LA\r\na=control:1\r\n",
			),
		);
		check.hex(long.arena.buffer, long.client.tracks[0].setsOffset, "0003 6742c0", "the set that fits");
		check.ok(long.guarded);
	});

	suite.test("rtsp: RTP of all forms is read (RFC 3550 5.1), what leaves the packet is refused", (check) => {
		const arena = new Arena(256);
		const track = new RTSPTrack(true, 0);
		track.clear();
		track.payloadType = 96;
		const take = (text: string): number => track.take(arena.view, 16, put(arena, 16, text), 0);
		check.equal(take(rtp(1, "abc", 96, 0xfffffff0, true)), TAKE_PACKET);
		check.equal([track.offset, track.length, track.timestamp, track.marker, track.lost].join(), "28,3,4294967280,true,true");
		const head = rtp(2, "");
		const form = (first: number, rest: string): string => String.fromCharCode(first) + head.slice(1) + rest;
		check.equal(take(form(0x82, "cccccccc" + "xy")), TAKE_PACKET);
		check.equal([track.offset, track.length].join(), "36,2");
		arena.bytes.fill(0);
		const next = (number: number, first: number, rest: string): number =>
			take(String.fromCharCode(first) + rtp(number, "").slice(1) + rest);
		check.equal(next(3, 0x90, "\xbe\xde\x00\x01eeeexyz"), TAKE_PACKET);
		check.equal([track.offset, track.length].join(), "36,3");
		check.equal(next(4, 0xa0, "xyz\x00\x00\x03"), TAKE_PACKET);
		check.equal([track.offset, track.length].join(), "28,3");
		check.equal(next(5, 0xb1, "cccc\xbe\xde\x00\x00z\x01"), TAKE_PACKET);
		check.equal([track.offset, track.length].join(), "36,1");
		check.equal(next(6, 0xa0, "\x01"), TAKE_PACKET, "an empty payload");
		check.equal(track.length, 0);
		for (const [first, rest] of [
			[0x40, "x"],
			[0xc0, "x"],
			[0x81, "ccc"],
			[0x90, "\xbe\xde\x00"],
			[0x90, "\xbe\xde\x00\x01eee"],
			[0xa0, "x\x00"],
			[0xa0, "x\x03"],
			[0xa0, ""],
			[0x90, "\xbe\xde\xff\xff"],
		] as const)
			check.equal(next(7, first, rest), TAKE_MALFORMED, first + rest);
		check.equal(take("\x80\x60\x00\x07"), TAKE_MALFORMED);
		check.equal(take(rtp(7, "x", 97)), TAKE_FOREIGN);
		check.equal(track.malformed, 10);
		check.equal(track.packets, 6);
	});

	suite.test("rtsp: sequence numbers go on over their end; what is late, missing or of another source is told", (check) => {
		const arena = new Arena(64);
		const track = new RTSPTrack(true, 0);
		track.clear();
		track.payloadType = 96;
		const take = (number: number, ssrc = 1): string => {
			const outcome = track.take(arena.view, 0, put(arena, 0, rtp(number, "x", 96, 0, false, ssrc)), 0);
			return outcome === TAKE_LATE ? "late" : track.sequence + (track.lost ? "!" : "");
		};
		check.equal(
			[65534, 65535, 0, 1, 4, 3, 4, 5].map((number) => take(number)).join(),
			"65534!,65535,65536,65537,65540!,late,late,65541",
		);
		check.equal(track.missing, 2);
		check.equal(track.late, 2);
		check.equal(take(30_000), "30000!", "a jump that no loss explains begins anew");
		check.equal(take(100, 2), "100!");
		check.equal(take(101, 2), "101");
		check.equal(track.restarts, 2);
		check.equal(track.missing, 2);
		check.equal(track.lostTotal, 0);
	});

	suite.test("rtsp: jitter is that of RFC 3550 A.8", (check) => {
		const arena = new Arena(64);
		const track = new RTSPTrack(true, 0);
		track.clear();
		track.payloadType = 96;
		let expected = 0;
		const arrivals = [0, 40, 75, 130, 160];
		for (let i = 0; i < arrivals.length; i++) {
			put(arena, 0, rtp(i, "x", 96, (0xfffff000 + i * 3600) >>> 0));
			track.take(arena.view, 0, 13, 1e6 + arrivals[i]);
			if (i > 0) expected += (Math.abs((arrivals[i] - arrivals[i - 1] - 40) * 90) - expected) / 16;
		}
		check.ok(Math.abs(track.jitter - expected) < 0.001, track.jitter + " " + expected);
	});

	suite.test("rtsp: packets of UDP that overtook each other come in order; none waits longer than 20 ms", (check) => {
		const order = (numbers: number[], times: number[] = []): string => {
			const reorder = new Reorder(4);
			const given: number[] = [];
			let now = 0;
			for (let i = 0; i < numbers.length; i++) {
				now = times[i] ?? now;
				const outcome = reorder.offer(numbers[i] & 0xffff, i, now);
				if (outcome === OFFER_NOW) given.push(numbers[i]);
				else if (outcome === OFFER_LATE) given.push(-numbers[i]);
				else check.equal(outcome, OFFER_HELD);
				for (let block = reorder.take(now); block >= 0; block = reorder.take(now)) given.push(numbers[block]);
			}
			check.ok(reorder.held <= 4);
			return given.join();
		};
		check.equal(order([5, 6, 7]), "5,6,7");
		check.equal(order([5, 7, 6, 8]), "5,6,7,8");
		check.equal(order([5, 9, 8, 7, 6, 10]), "5,6,7,8,9,10");
		check.equal(order([65535, 65537, 65536, 65538]), "65535,65536,65537,65538");
		check.equal(order([5, 7, 8, 9, 10]), "5,7,8,9,10", "all places are taken: the gap is given up");
		check.equal(order([5, 7, 6, 8], [0, 0, 19, 19]), "5,6,7,8");
		check.equal(order([5, 7, 8, 6], [0, 0, 20, 20]), "5,7,8,-6", "20 ms are over");
		check.equal(order([5, 5, 6]), "5,-5,6", "twice");
		check.equal(order([5, 30_000, 30_001]), "5,30000,30001", "another beginning");
		const waiting = new Reorder(4);
		check.equal(waiting.deadline, Infinity);
		waiting.offer(1, 0, 100);
		waiting.offer(3, 1, 100);
		check.equal(waiting.deadline, 120);
		check.equal(waiting.take(119), -1);
		check.equal(waiting.take(120), 1);
		check.equal(waiting.take(120), -1);
		waiting.offer(6, 2, 200);
		check.equal(waiting.flush(), 2);
		check.equal(waiting.held, 0);
	});
}
