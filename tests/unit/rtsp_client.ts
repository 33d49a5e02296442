import { STATE_IDLE, STATE_PLAYING, STATE_WAITING } from "media/rtsp/states";
import { CODEC_H264, CODEC_JPEG, CODEC_NONE, CODEC_PCMU } from "media/rtsp/codecs";
import { Failure } from "media/rtsp/failure";
import { Allocation } from "unit/allocation";
import { described, frameOf, H264, JPEG, PCMU, RTSPBench, type RTSPServer, reply, rtp, rtspCamera } from "unit/rtsp_bench";
import type { Suite } from "unit/suite";

const ALL = described(H264, PCMU);

/** A camera that answers one method in its own way. */
function except(method: string, server: RTSPServer, sdp = ALL): RTSPServer {
	const camera = rtspCamera(sdp);
	return (request) => (request.method === method ? server(request) : camera(request));
}

/** A camera that wants to be told who asks: 401 with `challenge` until `right` holds. */
function locked(challenge: string, right: (text: string) => boolean): RTSPServer {
	const camera = rtspCamera(ALL);
	return (request) =>
		request.method === "OPTIONS" || right(request.text) ? camera(request) : reply(request, "401 Unauthorized", challenge);
}

export default function rtspClient(suite: Suite): void {
	suite.test("rtsp: OPTIONS, DESCRIBE, SETUP of both media, PLAY; URLs stand behind Content-Base", (check) => {
		const bench = new RTSPBench().begin(rtspCamera(ALL));
		check.equal(bench.asked(), "OPTIONS DESCRIBE SETUP SETUP PLAY");
		check.equal(
			bench.requests.map((request) => request.url).join(" "),
			"rtsp://cam:554/live rtsp://cam:554/live rtsp://cam/live/trackID=0 rtsp://cam/live/trackID=1 rtsp://cam/live/",
		);
		check.equal(bench.requests.map((request) => request.sequence).join(), "1,2,3,4,5");
		check.ok(bench.requests[2].text.indexOf("Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n") > 0);
		check.ok(bench.requests[3].text.indexOf("interleaved=2-3\r\n") > 0);
		check.ok(bench.requests[3].text.indexOf("Session: abc\r\n") > 0, bench.requests[3].text);
		check.ok(bench.last.text.indexOf("Session: abc\r\nRange: npt=0.000-\r\n\r\n") > 0);
		check.equal(bench.client.state, STATE_PLAYING);
		check.equal(bench.begins, 1);
		const [video, audio] = bench.client.tracks;
		check.equal(video.codec, CODEC_H264);
		check.equal(video.payloadType, 96);
		check.hex(bench.arena.buffer, video.setsOffset, "0004 6742c01e 0004 68ce06e2");
		check.equal(video.setsLength, 12);
		check.equal(audio.codec, CODEC_PCMU);
		check.equal(audio.clock, 8000);
		check.ok(bench.guarded);
	});

	suite.test("rtsp: everything comes byte by byte, frames between and before answers too", (check) => {
		for (const piece of [1, 2, 3, 7, 100, 2048]) {
			const bench = new RTSPBench();
			const camera = rtspCamera(ALL);
			bench.piece = piece;
			bench.begin((request) => {
				const text = camera(request);
				return request.method === "PLAY" ? frameOf(0, rtp(1, "early")) + text + frameOf(0, rtp(2, "next", 96, 0, true)) : text;
			});
			bench.say(frameOf(2, rtp(9, "sound", 0)) + frameOf(0, rtp(3, "$RTSP/1.0 200 OK\r\n\r\n")) + frameOf(7, "stray"));
			check.equal(bench.packets.join("|"), "v1! early|v2m next|a9! sound|v3 $RTSP/1.0 200 OK\r\n\r\n");
			check.equal(bench.begins, 1);
			check.equal(bench.client.reception.strayFrames, 1);
			check.ok(bench.guarded);
		}
	});

	suite.test(
		"rtsp: the server chooses other channels, a frame as large as the memory comes, a larger one is left out",
		(check) => {
			const bench = new RTSPBench("rtsp://cam/live", "tcp", false, 2048);
			bench.begin(
				except("SETUP", (request) => reply(request, "200 OK", "Session: 1\r\nTransport: RTP/AVP/TCP;interleaved=4-5\r\n")),
			);
			bench.piece = 100;
			const most = "x".repeat(2048 - 4 - 12);
			bench.say(
				frameOf(4, rtp(1, most)) +
					frameOf(4, rtp(2, most + "y")) +
					frameOf(4, rtp(3, "z")) +
					frameOf(4, "x".repeat(65_535)) +
					frameOf(4, rtp(4, "end")),
			);
			check.equal(bench.packets.length, 3);
			check.equal(bench.packets[0].length, "v1! ".length + most.length);
			check.equal(bench.packets[1], "v3! z");
			check.equal(bench.packets[2], "v4 end");
			check.equal(bench.client.input.oversized, 2);
			check.ok(bench.guarded);
		},
	);

	suite.test("rtsp: digest with MD5 as RFC 2069 has it, for each request its own", (check) => {
		const bench = new RTSPBench("rtsp://Mufasa:Circle%20Of%20Life@cam/live");
		bench.begin(
			locked(
				'WWW-Authenticate: Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"\r\n',
				(text) => text.indexOf("Digest") > 0,
			),
		);
		check.equal(bench.asked(), "OPTIONS DESCRIBE DESCRIBE SETUP SETUP PLAY");
		check.ok(
			bench.requests[2].text.indexOf(
				'Authorization: Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="rtsp://cam:554/live", response="473c5fff24707ee7e47fcf0247d98586", opaque="5ccc069c403ebaf9f0171e9517f40e41"\r\n',
			) > 0,
			bench.requests[2].text,
		);
		check.ok(
			bench.requests[5].text.indexOf('uri="rtsp://cam/live/", response="1dbb0baf1d5f608be516c43025318374"') > 0,
			bench.requests[5].text,
		);
		check.equal(bench.client.state, STATE_PLAYING);
		for (const request of bench.requests) check.ok(request.text.indexOf("Circle") < 0);
	});

	suite.test("rtsp: digest with SHA-256 and qop, which counts its requests; the best of several ways is taken", (check) => {
		const bench = new RTSPBench("rtsp://Mufasa:Circle%20of%20Life@cam/live");
		const weak = 'WWW-Authenticate: Basic realm="b"\r\nWWW-Authenticate: Digest realm="m", nonce="n"\r\n';
		const odd = 'WWW-Authenticate: Digest realm="o", nonce="n", algorithm=SHA-512-256\r\n';
		const strong =
			'WWW-Authenticate: Digest realm="http-auth@example.org", qop="auth-int, auth", algorithm=SHA-256, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"\r\n';
		bench.begin(locked(weak + strong + odd + weak, (text) => text.indexOf("Authorization: ") > 0));
		const { text } = bench.requests[2];
		check.ok(text.indexOf('realm="http-auth@example.org"') > 0, text);
		check.ok(
			text.indexOf(
				'response="14324fc192dc3d8e029b93e2e242a126d2d4467ca7d58adf78d05ab9c202c72e", algorithm=SHA-256, qop=auth, nc=00000001, cnonce="0000000080000000"\r\n',
			) > 0,
			text,
		);
		check.ok(bench.requests[3].text.indexOf("nc=00000002,") > 0);
		check.ok(bench.requests[5].text.indexOf("nc=00000004,") > 0);
	});

	suite.test("rtsp: Basic, its text in one line with digests of others", (check) => {
		for (const challenge of [
			'WWW-Authenticate: Basic realm="IP Camera"\r\n',
			'www-authenticate:Digest realm="x", nonce="y", algorithm=MD5-sess, Basic realm="IP Camera"\r\n',
		]) {
			const bench = new RTSPBench("rtsp://Aladdin:open%20sesame@cam/live");
			bench.begin(locked(challenge, (text) => text.indexOf("Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n") > 0));
			check.equal(bench.client.state, STATE_PLAYING, challenge);
		}
	});

	suite.test(
		"rtsp: a wrong password is tried once, then once a minute; a nonce that is too old is no wrong password",
		(check) => {
			const challenge = 'WWW-Authenticate: Digest realm="r", nonce="n"\r\n';
			const bench = new RTSPBench("rtsp://a:b@cam/live").begin(locked(challenge, () => false));
			check.equal(bench.asked(), "OPTIONS DESCRIBE DESCRIBE");
			check.equal(bench.client.failure, Failure.PASSWORD_REFUSED);
			check.equal(bench.client.retry, 60_000);
			bench.wait(59_000);
			check.equal(bench.connections, 1);
			bench.wait(2000);
			check.equal(bench.connections, 2);
			const stale = new RTSPBench("rtsp://a:b@cam/live");
			stale.begin(locked('WWW-Authenticate: Digest realm="r", nonce="n", stale=TRUE\r\n', () => false));
			check.equal(stale.asked(), "OPTIONS DESCRIBE DESCRIBE DESCRIBE DESCRIBE", "not for ever");
			check.equal(stale.client.failure, Failure.PASSWORD_REFUSED);
			/* The nonce of the first requests is no longer good for the one that keeps the session alive. */
			let nonce = "one";
			const aging = new RTSPBench("rtsp://a:b@cam/live");
			const camera = rtspCamera(ALL);
			aging.begin((request) =>
				request.text.indexOf('nonce="' + nonce + '"') > 0
					? camera(request)
					: reply(request, "401 Unauthorized", 'WWW-Authenticate: Digest realm="r", nonce="' + nonce + '"\r\n'),
			);
			check.equal(aging.client.state, STATE_PLAYING);
			nonce = "two";
			aging.say(frameOf(0, rtp(1, "x")));
			aging
				.wait(8000)
				.say(frameOf(0, rtp(2, "x")))
				.wait(8000)
				.say(frameOf(0, rtp(3, "x")))
				.wait(8000)
				.say(frameOf(0, rtp(4, "x")))
				.wait(7000);
			check.equal(aging.asked().slice(-"GET_PARAMETER GET_PARAMETER".length), "GET_PARAMETER GET_PARAMETER");
			check.equal(aging.client.failures, 0);
		},
	);

	suite.test(
		"rtsp: without a password, with a way that is not known, and with a challenge that would write lines of its own",
		(check) => {
			const none = new RTSPBench().begin(locked('WWW-Authenticate: Basic realm="x"\r\n', () => false));
			check.equal(none.client.failure, Failure.PASSWORD_WANTED);
			check.ok(none.client.reason.indexOf("camera.source") > 0);
			const unknown = new RTSPBench("rtsp://a:b@cam/").begin(
				locked('WWW-Authenticate: Negotiate abc\r\nWWW-Authenticate: Digest realm="r"\r\n', () => false),
			);
			check.equal(unknown.client.failure, Failure.WAY_UNKNOWN);
			const evil = new RTSPBench("rtsp://a:b@cam/").begin(
				locked('WWW-Authenticate: Digest realm="r", nonce="a\rEvil: 1"\r\n', () => false),
			);
			check.equal(evil.client.failure, Failure.WAY_UNKNOWN);
			check.ok(evil.requests.every((request) => request.text.indexOf("Evil") < 0));
		},
	);

	suite.test("rtsp: a redirect is followed, five at most, and another host does not get the password", (check) => {
		const bench = new RTSPBench("rtsp://a:b@cam/live");
		const camera = rtspCamera(ALL);
		bench.begin((request) =>
			request.url.indexOf("cam:554") > 0
				? reply(request, "302 Moved", "Location: rtsp://c:d@[2001:db8::1]:8554/x?y=1\r\n")
				: camera(request),
		);
		check.equal(bench.places.join(), "cam:554,2001:db8::1:8554");
		check.equal(bench.client.state, STATE_PLAYING);
		check.equal(bench.requests[1].url, "rtsp://[2001:db8::1]:8554/x?y=1");
		const thief = new RTSPBench("rtsp://a:b@cam/live");
		thief.begin((request) =>
			request.url.indexOf("cam:") > 0
				? reply(request, "301 Moved", "Location: rtsp://evil/\r\n")
				: reply(request, "401 Unauthorized", 'WWW-Authenticate: Basic realm="x"\r\n'),
		);
		check.equal(thief.client.failure, Failure.PASSWORD_WANTED);
		check.ok(thief.requests.every((request) => request.text.indexOf("Authorization") < 0));
		const round = new RTSPBench().begin((request) => reply(request, "302 x", "Location: " + request.url + "\r\n"));
		check.equal(round.connections, 6);
		check.equal(round.client.failure, Failure.REDIRECTS);
		for (const where of ["http://x/", "", "rtsp://", "rtsp://x:0/"]) {
			const lost = new RTSPBench().begin((request) => reply(request, "302 x", "Location: " + where + "\r\n"));
			check.equal(lost.client.failure, Failure.REDIRECT, where);
		}
	});

	suite.test("rtsp: the session is kept alive at half of its time, at most every 30 s, with what the server knows", (check) => {
		const alive = (bench: RTSPBench, seconds: number): string => {
			bench.requests.length = 0;
			for (let i = 0; i < seconds; i++) bench.say(frameOf(0, rtp(bench.count + 1, "x"))).wait(1000);
			return bench.asked();
		};
		const usual = new RTSPBench().begin(rtspCamera(ALL));
		check.equal(alive(usual, 31), "GET_PARAMETER");
		check.equal(usual.last.url, "rtsp://cam/live/");
		const short = new RTSPBench().begin(except("SETUP", (request) => reply(request, "200 OK", "Session: 1 ; timeout=10\r\n")));
		check.equal(alive(short, 11), "GET_PARAMETER GET_PARAMETER");
		const plain = new RTSPBench().begin(except("OPTIONS", (request) => reply(request, "200 OK", "Public: SETUP, PLAY\r\n")));
		check.equal(alive(plain, 31), "OPTIONS");
		const liar = new RTSPBench().begin(except("GET_PARAMETER", (request) => reply(request, "501 Not Implemented")));
		check.equal(alive(liar, 61), "GET_PARAMETER OPTIONS");
		const mute = new RTSPBench().begin(except("GET_PARAMETER", () => ""));
		check.equal(alive(mute, 95), "GET_PARAMETER GET_PARAMETER GET_PARAMETER");
		check.equal(mute.client.failures, 0, "packets come: that counts");
		const gone = new RTSPBench().begin(except("GET_PARAMETER", (request) => reply(request, "454 Session Not Found")));
		alive(gone, 31);
		check.equal(gone.client.failure, Failure.STATUS);
		check.equal(gone.client.reason, "the server refuses: GET_PARAMETER is answered by 454");
	});

	suite.test("rtsp: ten seconds without a packet of video, or a goodbye, end the stream; it is asked for again", (check) => {
		const bench = new RTSPBench().begin(rtspCamera(ALL));
		bench
			.say(frameOf(0, rtp(1, "x")))
			.wait(9000)
			.say(frameOf(0, rtp(2, "x")) + frameOf(2, rtp(1, "a", 0)))
			.wait(9000);
		check.equal(bench.ends, 0);
		bench.say(frameOf(2, rtp(2, "a", 0))).wait(3000);
		check.equal(bench.client.failure, Failure.SILENCE);
		check.equal(bench.ends, 1);
		check.equal(bench.begins, 2, "again");
		const bye = "\x81\xcb\x00\x01\x00\x00\x00\x01";
		bench.say(frameOf(1, bye));
		check.equal(bench.ends, 1, "nobody sends yet");
		bench.say(frameOf(0, rtp(1, "x")) + frameOf(1, "\x80\xc9\x00\x01\x00\x00\x00\x01" + bye) + frameOf(0, rtp(2, "gone")));
		check.equal(bench.client.failure, Failure.GOODBYE);
		check.equal(bench.ends, 2);
		check.equal(bench.packets[bench.packets.length - 1], "v1! x");
	});

	suite.test("rtsp: a server that is away is asked for ever: 1, 2, 4 .. 30 s and a little", (check) => {
		const bench = new RTSPBench();
		bench.refuse = true;
		bench.begin(rtspCamera(ALL));
		const waits: number[] = [];
		for (let i = 0; i < 8; i++) {
			waits.push(bench.client.retry);
			bench.wait(bench.client.retry);
		}
		check.equal(waits.join(), "1050,2100,4200,8400,16800,31500,31500,31500");
		check.equal(bench.connections, 9);
		bench.refuse = false;
		bench.wait(40_000);
		check.equal(bench.client.state, STATE_PLAYING);
		/* One that takes everything and sends nothing does not begin at one second again. */
		const flapping = new RTSPBench().begin(except("PLAY", () => undefined));
		flapping.wait(100_000);
		check.ok(flapping.connections < 9, String(flapping.connections));
		check.equal(flapping.begins, 0);
	});

	suite.test("rtsp: what a server may get wrong, and the reason that is told", (check) => {
		const cases: [RTSPServer, number, string][] = [
			[
				except("DESCRIBE", (request) => reply(request, "404 Not Found")),
				Failure.STATUS,
				"the server refuses: DESCRIBE is answered by 404",
			],
			[
				except("DESCRIBE", (request) => reply(request, "200 OK")),
				Failure.NO_DESCRIPTION,
				"the server sends no session description",
			],
			[
				rtspCamera(described("m=video 0 RTP/AVP 97\r\na=rtpmap:97 VP8/90000\r\na=control:1\r\n")),
				Failure.NOTHING_USABLE,
				"the server offers nothing that can be used here: VP8",
			],
			[rtspCamera(described(PCMU)), Failure.NOTHING_USABLE, "the server offers nothing that can be used here"],
			[
				except("SETUP", (request) => reply(request, "461 Unsupported Transport")),
				Failure.TRANSPORT,
				"the server does not send this way: change camera.transport",
			],
			[except("SETUP", (request) => reply(request, "500 x")), Failure.STATUS, "the server refuses: SETUP is answered by 500"],
			[except("PLAY", (request) => reply(request, "455 x")), Failure.STATUS, "the server refuses: PLAY is answered by 455"],
			[except("PLAY", () => undefined), Failure.ENDED, "the server closed the connection"],
			[() => "RTSP/1.0 OK\r\n\r\n", Failure.NOT_RTSP, "what the server says is no RTSP, or over its limits"],
			[() => "HTTP/1.1 400 Bad Request\r\n".repeat(70), Failure.NOT_RTSP, "what the server says is no RTSP, or over its limits"],
			[
				(request) => "RTSP/1.0 200 OK\r\nCSeq: " + request.sequence + "\r\nX: " + "y".repeat(5000),
				Failure.NOT_RTSP,
				"what the server says is no RTSP, or over its limits",
			],
			[
				(request) => "RTSP/1.0 200 OK\r\nCSeq: " + request.sequence + "\r\n" + "X: y\r\n".repeat(64),
				Failure.NOT_RTSP,
				"what the server says is no RTSP, or over its limits",
			],
			[
				(request) => reply(request, "200 OK", "Content-Length: 65537\r\n"),
				Failure.NOT_RTSP,
				"what the server says is no RTSP, or over its limits",
			],
			[
				except("SETUP", (request) => reply(request, "200 OK", "Session: a\rb\r\n")),
				Failure.NOT_RTSP,
				"what the server says is no RTSP, or over its limits",
			],
			[rtspCamera(described(H264.replace("trackID=0", "t".repeat(256)))), Failure.TOO_LONG, "the server's URLs are too long"],
		];
		for (const [server, failure, reason] of cases) {
			const bench = new RTSPBench();
			const long = "rtsp://cam/" + "p".repeat(360) + "/";
			bench.begin((request) =>
				failure === Failure.TOO_LONG ? (server(request) ?? "").replace("rtsp://cam/live/", long) : server(request),
			);
			check.equal(bench.client.reason, reason);
			check.equal(bench.client.failure, failure);
			check.equal(bench.client.state, STATE_WAITING);
			check.ok(bench.guarded);
		}
	});

	suite.test("rtsp: a server that is silent, or drips a byte a second for ever, is given up in ten seconds", (check) => {
		const silent = new RTSPBench().begin(() => "");
		silent.wait(9999);
		check.equal(silent.client.failures, 0);
		silent.wait(1);
		check.equal(silent.client.failure, Failure.ANSWER_TIME);
		const dripping = new RTSPBench().begin(() => "");
		for (let i = 0; i < 11 && dripping.client.failures === 0; i++) dripping.say("RTSP/1.0 200 OK"[i]).wait(1000);
		check.equal(dripping.client.failure, Failure.ANSWER_TIME);
	});

	suite.test(
		"rtsp: answers to nobody's request, to an older one, and 100 Continue change nothing; requests of the server are refused",
		(check) => {
			const camera = rtspCamera(ALL);
			const bench = new RTSPBench().begin((request) =>
				request.method === "DESCRIBE"
					? "RTSP/1.0 404 Not Found\r\nCSeq: 1\r\n\r\n" + "RTSP/1.0 100 Continue\r\nCSeq: 2\r\n\r\n" + camera(request)
					: camera(request),
			);
			check.equal(bench.client.state, STATE_PLAYING);
			bench.say(
				"RTSP/1.0 454 x\r\nCSeq: 5\r\n\r\nOPTIONS * RTSP/1.0\r\nCSeq: 77\r\nContent-Length: 4\r\n\r\nabcd" +
					frameOf(0, rtp(1, "x")),
			);
			check.equal(bench.reports.join(), "RTSP/1.0 501 Not Implemented\r\nCSeq: 77\r\n\r\n");
			check.equal(bench.packets.join(), "v1! x");
			check.equal(bench.client.failures, 0);
			check.equal(bench.client.refusals, 1);
		},
	);

	suite.test("rtsp: sound that is refused does not cost the video; media that are not wanted are not asked for", (check) => {
		const bench = new RTSPBench().begin(
			except("SETUP", (request) => reply(request, request.url.indexOf("=1") > 0 ? "404 x" : "200 OK", "Session: 1\r\n")),
		);
		check.equal(bench.client.state, STATE_PLAYING);
		check.equal(bench.client.tracks[1].codec, CODEC_NONE);
		const mute = new RTSPBench("rtsp://cam/live", "tcp", false).begin(rtspCamera(described(PCMU, JPEG, H264)));
		check.equal(mute.asked(), "OPTIONS DESCRIBE SETUP PLAY");
		check.equal(mute.client.tracks[0].codec, CODEC_JPEG, "the first video");
	});

	suite.test("rtsp: by UDP the ports are told and learned, and reports go their own way", (check) => {
		const bench = new RTSPBench("rtsp://cam/live", "udp").begin(rtspCamera(ALL));
		check.ok(bench.requests[2].text.indexOf("Transport: RTP/AVP;unicast;client_port=5000-5001\r\n") > 0);
		check.ok(bench.requests[3].text.indexOf("client_port=5002-5003\r\n") > 0);
		check.equal(bench.client.tracks[0].port, 6970);
		check.equal(bench.client.tracks[0].controlPort, 6971);
		bench.say(frameOf(0, rtp(1, "not by TCP")));
		check.equal(bench.packets.length, 0);
		bench.wait(10_000);
		check.equal(bench.client.failure, Failure.UDP_SILENCE);
		const away = new RTSPBench("rtsp://cam/live", "udp");
		away.reachable = false;
		away.begin(rtspCamera(ALL));
		check.equal(away.client.failure, Failure.UDP_ADDRESS);
	});

	suite.test("rtsp: the sender is told every five seconds how its packets arrive (RFC 3550 6.4.2)", (check) => {
		const bench = new RTSPBench("rtsp://cam/live", "tcp", false).begin(rtspCamera(ALL));
		for (const number of [65534, 65535, 1, 2]) bench.say(frameOf(0, rtp(number, "x", 96, number * 90)));
		bench.say(frameOf(1, "\x80\xc8\x00\x06\x00\x00\x00\x01\x11\x11\x22\x22\x33\x33\x44\x44\x00\x00\x00\x09" + "\x00".repeat(8)));
		bench.wait(5000);
		check.equal(bench.reports.length, 1);
		const report = bench.reports[0];
		let hex = "";
		for (let i = 0; i < report.length; i++) hex += report.charCodeAt(i).toString(16).padStart(2, "0");
		/* One of five is missing: 51/256; extended 0x10002; the sender report of 5 s ago. */
		check.equal(hex.slice(0, 48), "81c90007" + "80000000" + "00000001" + "33000001" + "00010002" + hex.slice(40, 48));
		check.equal(hex.slice(48), "22223333" + "00050000" + "81ca0004" + "80000000" + "0108666c6574636865720000");
		check.equal(bench.client.tracks[0].ntpTimestamp, 9);
		bench.wait(4999);
		check.equal(bench.reports.length, 1);
	});

	suite.test("rtsp: stopping says goodbye, and does not wait for it longer than a second", (check) => {
		const bench = new RTSPBench().begin(rtspCamera(ALL));
		bench.client.stop(bench.now);
		bench.settle();
		check.equal(bench.last.method, "TEARDOWN");
		check.equal(bench.lefts, 1);
		check.equal(bench.ends, 1);
		check.equal(bench.client.state, STATE_IDLE);
		const mute = new RTSPBench().begin(except("TEARDOWN", () => ""));
		mute.client.stop(mute.now);
		mute.settle().wait(999);
		check.equal(mute.lefts, 0);
		mute.wait(1);
		check.equal(mute.lefts, 1);
		const idle = new RTSPBench();
		idle.refuse = true;
		idle.begin(rtspCamera(ALL));
		idle.client.stop(idle.now);
		idle.settle().wait(100_000);
		check.equal(idle.lefts, 1);
		check.equal(idle.connections, 1);
	});

	suite.test("rtsp: 13,000 packets over TCP cost no slot and no chunk byte, keeping alive and reports included", (check) => {
		const bench = new RTSPBench("rtsp://cam/live", "tcp", false, 4096).begin(rtspCamera(ALL));
		const { client, arena } = bench;
		bench.counts = true;
		const text = frameOf(0, rtp(0, "x".repeat(1300))) + frameOf(0, rtp(0, "y".repeat(700), 96, 0, true));
		let sequence = 0;
		const allocation = new Allocation();
		const packet = new Uint8Array(text.length);
		for (let i = 0; i < text.length; i++) packet[i] = text.charCodeAt(i);
		const feed = (count: number): void => {
			for (let i = 0; i < count; i += 2) {
				const { roomOffset } = client.input;
				for (let k = 0; k < packet.length; k++) arena.bytes[roomOffset + k] = packet[k];
				arena.view.setUint16(roomOffset + 6, sequence++ & 0xffff);
				arena.view.setUint16(roomOffset + 1316 + 6, sequence++ & 0xffff);
				client.received(packet.length, bench.now);
			}
		};
		/* A minute in steps of 5 s: reports, and the session kept alive, answers included. */
		const answer = new Uint8Array(ArrayBuffer.fromString("RTSP/1.0 200 OK\r\nSession: abc\r\n\r\n"));
		let reports = 0;
		let requests = 0;
		const pass = (): void => {
			bench.now += 5000;
			client.tick(bench.now);
			while (client.outputLength > 0) {
				const asks = arena.bytes[client.outputOffset] !== 0x24;
				if (asks) requests++;
				else reports++;
				client.sent(client.outputLength, bench.now);
				if (!asks) continue;
				const { roomOffset } = client.input;
				for (let k = 0; k < answer.length; k++) arena.bytes[roomOffset + k] = answer[k];
				client.received(answer.length, bench.now);
				client.tick(bench.now);
			}
		};
		feed(10);
		pass();
		allocation.begin();
		for (let step = 0; step < 13; step++) {
			feed(1000);
			pass();
		}
		allocation.expectNone(check);
		check.ok(reports > 8, String(reports));
		check.equal(requests, 2);
		check.equal(client.failures, 0);
		check.equal(bench.count, 13_010);
		check.equal(client.tracks[0].missing, 0);
	});
}
