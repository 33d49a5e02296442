import { EPOCH, Peer, Scene, SESSION_ID, SMALL, settings } from "conformance/arcrtc/session_scene";
import type { Suite } from "unit/suite";

/** Times of the messages of a kind, in whole ms. */
function timesOf(peer: Peer, type: string): string {
	return peer.sent
		.filter((message) => message.type === type)
		.map((message) => Math.round((message.timestamp as number) - EPOCH - 1000))
		.join(" ");
}

export default function session(suite: Suite): void {
	suite.test(
		"ARC-G1 ARC-G5 ARC-G6 ARC-G7 two ends agree and send each other sound: messages as the protocol has them",
		(check) => {
			const scene = new Scene().start();
			const { a, b } = scene;
			scene.pass(100);
			check.equal(a.state + " " + b.state, "open open");
			const [connect, start] = a.sent;
			check.equal(connect.type, "CONNECT");
			check.equal(connect.version, "1.0");
			check.equal(connect.session_id, SESSION_ID);
			check.equal(connect.peer_id, "alpha");
			check.equal(connect.id, 1);
			check.equal(connect.timestamp, EPOCH + 1000);
			check.equal(
				JSON.stringify(connect.capabilities),
				'{"codecs":["opus","h264","jpeg"],"resolutions":["640x480"],"encryption":["aes-128-gcm","aes-256-gcm","chacha20-poly1305"],' +
					'"transport":["udp","tcp"],"features":["arc-1","reduced","nack"],"kdf":["arc-hkdf-1"],"auth":["aead"]}',
			);
			check.equal(
				JSON.stringify(connect.network_info),
				'{"public_ip":"192.0.2.7","public_port":5004,"nat_type":"unknown","local":[{"ip":"192.0.2.7","port":5004}]}',
			);
			check.equal((connect.key_exchange as { method: string }).method, "ecdh-p256");
			check.equal((connect.key_exchange as { public_key: string }).public_key.length, 87);
			const [ack, own, echo] = b.sent;
			check.equal(ack.type + " " + ack.re + " " + ack.accepted + " " + ack.peer_id, "CONNECT_ACK 1 true beta");
			check.equal(JSON.stringify(ack.selected_codecs), '{"audio":"opus","video":"h264"}');
			check.equal(JSON.stringify(ack.features), '["arc-1","reduced","nack"]');
			const { algorithm, key_exchange, kdf, auth } = ack.encryption as Record<string, string>;
			check.equal([algorithm, key_exchange, kdf, auth].join(), "aes-128-gcm,ecdh-p256,arc-hkdf-1,aead");
			check.equal(start.type + " " + start.stream_type, "STREAM_START audio");
			check.equal(
				JSON.stringify(start.codec),
				'{"audio":{"name":"opus","bitrate":24000,"sample_rate":48000,"channels":1,"payload_type":111,"ptime":20}}',
			);
			check.equal((start.ssrcs as { audio: number }).audio, start.ssrc);
			check.equal(JSON.stringify(start.quality_map), '["high","medium","low","very_low"]');
			check.ok(start.stream_id !== own.stream_id && (start.stream_id as string).length === 16);
			check.equal(echo.type + " " + echo.stream_id + " " + echo.re, "STREAM_START " + start.stream_id + " " + start.id);
			check.equal(a.told() + "; " + b.told(), "opened opus/h264, stream opus/; opened opus/h264, stream opus/");
			check.equal(b.candidates.join(), "192.0.2.7:5004,192.0.2.7:5004");
			check.equal(a.session.errors + b.session.errors, 0);
			check.equal(a.media.sendKeys.epoch, 0);
		},
	);
	suite.test("ARC-G3 the offerer's order decides: eight offers", (check) => {
		const cases: readonly [string[], string[], number[], string][] = [
			[["opus"], ["jpeg", "h264"], [1, 2, 3], "opus/jpeg aes-128-gcm"],
			[["opus"], ["h264", "jpeg"], [3, 1], "opus/h264 chacha20-poly1305"],
			[["opus"], [], [2], "opus/ aes-256-gcm"],
			[[], ["h264"], [4, 2], "/h264 aes-256-gcm"],
			[["pcmu", "opus"], ["av1"], [1], "opus/ aes-128-gcm"],
			[["pcmu"], ["vp9"], [1], "no codec"],
			[["opus"], ["jpeg"], [4], "no suite"],
			[[], [], [1], "no codec"],
		];
		for (let i = 0; i < cases.length; i++) {
			const [audioCodecs, videoCodecs, suites, expected] = cases[i];
			const abilities = { ...settings("x", true).abilities, audioCodecs, videoCodecs, suites };
			const { a, b } = new Scene({ abilities }).start().pass(100);
			const [ack] = b.sent;
			const { algorithm } = (ack.encryption ?? {}) as Record<string, string>;
			const codecs = (ack.selected_codecs ?? {}) as Record<string, string | null>;
			check.equal(
				ack.accepted ? (codecs.audio ?? "") + "/" + (codecs.video ?? "") + " " + algorithm : "no " + ack.reason,
				expected,
			);
			check.equal(a.state, expected.startsWith("no") ? "closed" : "open");
			if (a.state === "closed") check.equal(a.told(), "closed: the peer refuses: " + ack.reason);
		}
	});
	suite.test("ARC-G7 without an answer a request is sent at 0, 1 and 3 s, and given up at 7 s", (check) => {
		const silent = new Scene().start();
		silent.lostOfB = "CONNECT_ACK";
		const { a } = silent;
		silent.pass(6999);
		check.equal(a.state, "offered");
		check.equal(timesOf(a, "CONNECT"), "0 1000 3000");
		const asked = a.sent.filter((message) => message.type === "CONNECT");
		check.equal(new Set(asked.map((message) => message.id)).size, 1, "one id");
		silent.pass(2);
		check.ok(
			a.sent.some((message) => message.code === "timeout" && message.re === asked[0].id),
			a.said(),
		);
		check.equal(a.told(), "closed: the peer does not answer");
		const scene = new Scene();
		scene.lostOfB = "STREAM_START";
		scene.start().pass(7050);
		check.equal(timesOf(scene.a, "STREAM_START").split(" ").length, 3);
		const [first, second, third] = scene.a.sent.filter((message) => message.codec !== undefined);
		check.equal(first.id, third.id);
		check.equal((second.timestamp as number) - (first.timestamp as number), 1000);
		check.equal((third.timestamp as number) - (first.timestamp as number), 3000);
		check.ok(scene.a.sent.some((message) => message.code === "timeout" && message.re === first.id));
		check.ok(scene.a.sent.some((message) => message.type === "STREAM_STOP" && message.reason === "timeout"));
		check.equal(scene.a.session.sending, undefined);
		check.equal(scene.a.state, "open");
		check.ok(scene.a.media.outgoing.audio === undefined);
	});
	suite.test("ARC-G7 who waits for a CONNECT waits for 7 s", (check) => {
		const peer = new Peer(settings("beta", false), 1);
		peer.session.start(0);
		check.equal(peer.session.deadline, 7000);
		peer.session.tick(6999);
		check.equal(peer.state, "waiting");
		peer.session.tick(7000);
		check.equal(peer.told(), "closed: the peer does not ask");
	});
	suite.test("ARC-G7 ARC-G16 over a carrier that loses, doubles and reorders messages a session comes about", (check) => {
		let opened = 0;
		for (let seed = 1; seed <= 12; seed++) {
			const scene = new Scene({}, {}, seed);
			scene.loss = 0.2;
			scene.twice = 0.3;
			scene.jitter = 400;
			const { a, b } = scene.start().pass(6500);
			if (a.state !== "open" || b.state !== "open") continue;
			opened++;
			check.equal(b.told().split("stream").length - 1 <= 1, true, "a stream begins once");
			check.equal(a.session.receiving.length <= 1 && b.session.receiving.length <= 1, true);
			check.hex(
				a.session.rotation?.master as ArrayBuffer,
				0,
				Array.from(new Uint8Array(b.session.rotation?.master as ArrayBuffer), (byte) => byte.toString(16).padStart(2, "0")).join(
					"",
				),
			);
		}
		check.ok(opened >= 9, opened + " of 12");
	});
	suite.test("ARC-G10 ten seconds are ten heartbeats with consecutive numbers, idle they come every 15 s", (check) => {
		const scene = new Scene().open();
		scene.pass(10_000);
		const beats = scene.a.sent.filter((message) => message.type === "HEARTBEAT");
		check.equal(beats.length, 10);
		for (let i = 1; i < beats.length; i++) check.equal(beats[i].sequence, (beats[i - 1].sequence as number) + 1);
		const idle = new Scene({ audio: undefined }, { audio: undefined }).open();
		idle.pass(60_000);
		check.equal(idle.a.sent.filter((message) => message.type === "HEARTBEAT").length, 4);
		check.equal(idle.a.state, "open");
	});
	suite.test("ARC-G11 the round trip is the originator's, whatever the other's clock says", (check) => {
		const scene = new Scene().open();
		scene.b.clockOffset = 3_600_000;
		scene.delay = 40;
		scene.pass(3000);
		check.ok(Math.abs(scene.a.session.roundTrip - 80) <= 1, "round trip " + scene.a.session.roundTrip);
		check.ok(Math.abs(scene.b.session.roundTrip - 80) <= 1);
		const ack = scene.b.sent.filter((message) => message.type === "HEARTBEAT_ACK")[0];
		const beat = scene.a.sent.filter((message) => message.id === ack.re)[0];
		check.equal(ack.original_timestamp, beat.timestamp);
		check.equal(ack.sequence, beat.sequence);
		check.equal(ack.latency_ms, 3_600_040);
	});
	suite.test("ARC-G10 dead after three heartbeats lost and 5 s of silence, not while media come", (check) => {
		const scene = new Scene().open();
		const { a } = scene;
		scene.lostOfB = "HEARTBEAT_ACK";
		scene.pass(20_000);
		check.equal(a.state, "open", "its heartbeats are heard");
		a.told();
		scene.b.carry = undefined;
		scene.drop();
		scene.pass(4000);
		a.session.heard(scene.now);
		scene.pass(4900);
		check.equal(a.state, "open", "media were heard");
		scene.pass(200);
		check.equal(a.told(), "ended, closed: the peer is silent");
		check.equal(a.session.deadline, Infinity);
		const idle = new Scene({ audio: undefined }, { audio: undefined }).open();
		idle.b.carry = undefined;
		idle.pass(45_500);
		check.equal(idle.a.state, "open", "the third is waited for");
		idle.pass(700);
		check.equal(idle.a.state, "closed");
	});
	suite.test("ARC-G8 STREAM_STOP ends a stream at once, both ways; the session goes on", (check) => {
		const scene = new Scene().open();
		const { a, b } = scene;
		b.give({
			type: "STREAM_STOP",
			session_id: SESSION_ID,
			id: 900,
			stream_id: a.session.sending?.streamId,
			reason: "user_request",
		});
		check.equal(b.told(), "stopped");
		check.equal(b.session.receiving.length, 0);
		check.ok(b.media.incoming.audio === undefined && b.media.receiveKeys[0].epoch === -1);
		a.give({
			type: "STREAM_STOP",
			session_id: SESSION_ID,
			id: 900,
			stream_id: a.session.sending?.streamId,
			reason: "user_request",
		});
		check.equal(a.session.sending, undefined);
		check.ok(!a.media.outgoing.sendAudio(0, 20, 0, scene.now, -1), "no packet any more");
		check.equal(a.state + b.state, "openopen");
		check.equal(a.said(), "");
	});
	suite.test("ARC-C10 ARC-R7 an SSRC that was used is refused, and its sender begins again under other ids", (check) => {
		const scene = new Scene().open();
		const { a, b } = scene;
		const before = b.session.sending;
		const start = { ...streamStart("other", a.session.sending?.audio ?? 0), id: 77 };
		// The SSRC of the peer's own stream, as if two ends had chosen the same.
		a.give({ type: "STREAM_STOP", session_id: SESSION_ID, id: 76, stream_id: before?.streamId, reason: "user_request" });
		a.take();
		a.give(start);
		check.equal(a.said(), "STREAM_STOP error");
		check.equal(a.session.receiving.length, 0);
		a.give({ ...streamStart("other2", before?.audio ?? 0), id: 78 });
		check.equal(a.said(), "STREAM_STOP error", "used before, although stopped");
		a.give({ ...streamStart("other3", 4242), id: 79 });
		check.equal(a.said(), "STREAM_START");
		// The sender's side.
		b.take();
		b.give({ type: "STREAM_STOP", session_id: SESSION_ID, id: 80, stream_id: before?.streamId, reason: "error" });
		const after = b.session.sending;
		check.ok(after !== undefined && after.streamId !== before?.streamId && after.audio !== before?.audio);
		check.equal(b.said(), "STREAM_START");
		for (let i = 0; i < 2; i++)
			b.give({
				type: "STREAM_STOP",
				session_id: SESSION_ID,
				id: 81 + i,
				stream_id: b.session.sending?.streamId,
				reason: "error",
			});
		check.equal(b.session.sending, undefined, "not for ever");
		check.equal(b.said(), "STREAM_START");
	});
	suite.test("ARC-G6 ARC-C10 both with one SSRC: the video's is the next one, over the end of the numbers", (check) => {
		const { b } = new Scene({ audio: undefined }, { audio: undefined }, 1, { ...SMALL, receivesVideo: true }).open();
		b.give({
			...streamStart("both", 0xffff_ffff),
			stream_type: "both",
			codec: { audio: { name: "opus" }, video: { name: "h264", payload_type: 96 } },
			id: 50,
		});
		check.equal(b.said(), "STREAM_START");
		check.equal(b.told(), "stream opus/h264");
		check.equal(b.media.incoming.audio?.word, -1);
		check.equal(b.media.incoming.video?.word, 0);
	});
	suite.test("ARC-G16 a stream besides one of its kind is refused, and that one plays on", (check) => {
		const { b } = new Scene().open();
		const plays = b.media.incoming.audio;
		b.give({ ...streamStart("second", 99), id: 51 });
		check.equal(b.said(), "ERROR limit(stream_type)");
		check.ok(plays !== undefined && b.media.incoming.audio === plays && plays.live);
		check.equal(b.session.receiving.length, 1);
	});
	suite.test(
		"ARC-G6 what this end has no use for is not wanted: STREAM_STOP user_request, and it is not begun again",
		(check) => {
			const shape = { ...SMALL, receivesAudio: false };
			const scene = new Scene({}, {}, 1, shape).start().pass(300);
			check.ok(scene.b.said().endsWith("STREAM_STOP user_request"));
			check.equal(scene.a.session.sending, undefined);
			check.equal(scene.a.state, "open");
		},
	);
	suite.test(
		"ARC-K9 ARC-E7 another CONNECT in an open session opens a new one with new keys; one that cannot be changes nothing",
		(check) => {
			const scene = new Scene().open();
			const { a, b } = scene;
			const other = new Peer(settings("alpha", true), 3);
			other.session.start(scene.now);
			const [connect] = other.take();
			const keys = b.session.rotation;
			b.give({ ...connect, id: 500, version: "2.0" });
			b.give({ ...connect, id: 501, key_exchange: { method: "ecdh-p256", public_key: "A".repeat(87) } });
			b.give({ ...connect, id: 502, peer_id: 7 });
			check.equal(b.said(), "CONNECT_ACK version, CONNECT_ACK key, ERROR field(peer_id)");
			check.ok(b.session.rotation === keys && b.state === "open" && b.session.receiving.length === 1);
			check.equal(b.told(), "");
			b.give({ ...connect, id: 503 });
			check.equal(b.told(), "ended, opened opus/h264");
			check.ok(b.session.rotation !== keys);
			check.equal(b.session.receiving.length, 0);
			check.equal(b.said(), "CONNECT_ACK accepted, STREAM_START");
			b.give({ ...connect, id: 503 });
			check.equal(b.said(), "CONNECT_ACK accepted", "the same again is answered again");
			check.equal(b.told(), "");
			a.give({ ...connect, id: 9 });
			check.equal(a.said(), "ERROR state", "who asks is not asked");
			check.equal(a.state, "open");
		},
	);
	suite.test("ARC-G5 DISCONNECT ends the session in order", (check) => {
		const scene = new Scene().open();
		scene.a.session.stop("user_request");
		check.equal(scene.a.said(), "DISCONNECT user_request");
		scene.pass(50);
		check.equal(scene.b.told(), "ended, closed: the peer has ended the session");
		check.equal(scene.b.said(), "");
		check.equal(scene.b.session.rotation, undefined);
		check.equal(scene.b.media.sendKeys.epoch, -1);
	});
}

/** STREAM_START of sound. */
export function streamStart(streamId: string, ssrc: number): Record<string, unknown> {
	return {
		type: "STREAM_START",
		session_id: SESSION_ID,
		stream_id: streamId,
		stream_type: "audio",
		codec: { audio: { name: "opus", bitrate: 24_000, sample_rate: 48_000, channels: 1 } },
		ssrc,
		encryption: { key_id: "k", algorithm: "aes-128-gcm" },
	};
}
