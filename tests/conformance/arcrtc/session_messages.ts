import { streamStart } from "conformance/arcrtc/session";
import { type Message, Peer, Scene, SESSION_ID, settings } from "conformance/arcrtc/session_scene";
import { Counter, collectGarbage, readCounters } from "host/host";
import type { Suite } from "unit/suite";

/** A message without the member at `path` ("a.b"), or with another value there. */
function changed(message: Message, path: string, value?: unknown): Message {
	const copy = JSON.parse(JSON.stringify(message)) as Message;
	const names = path.split(".");
	let at = copy;
	for (let i = 0; i < names.length - 1; i++) at = at[names[i]] as Message;
	const last = names[names.length - 1];
	if (value === undefined) delete at[last];
	else at[last] = value;
	return copy;
}

/** A CONNECT as another end makes it. */
function connect(): Message {
	const peer = new Peer(settings("alpha", true), 3);
	peer.session.start(0);
	return peer.take()[0];
}

function waiting(): Peer {
	const peer = new Peer(settings("beta", false), 1);
	peer.session.start(0);
	return peer;
}

export default function sessionMessages(suite: Suite): void {
	suite.test(
		"ARC-G1 ARC-G16 each member of CONNECT that is missing or of a wrong type is named, and nothing happens",
		(check) => {
			const message = connect();
			const needed = [
				["type", "type"],
				["session_id", "session_id"],
				["id", "id"],
				["version", "version"],
				["peer_id", "peer_id"],
				["capabilities", "capabilities"],
				["capabilities.codecs", "codecs"],
				["capabilities.encryption", "encryption"],
				["capabilities.transport", "transport"],
				["network_info", "network_info"],
				["key_exchange", "key_exchange"],
				["key_exchange.public_key", "public_key"],
			];
			const peer = waiting();
			for (let i = 0; i < needed.length; i++) {
				const [path, field] = needed[i];
				check.ok(peer.give(changed(message, path)));
				const missing = peer.take()[0];
				check.equal(missing.code + " " + missing.field, "missing " + field, path);
				check.equal(missing.re, path === "id" ? undefined : message.id);
				check.ok(peer.give(changed(message, path, path === "id" ? "7" : 7.5)));
				check.equal(peer.said(), "ERROR field(" + field + ")", path);
			}
			check.equal(peer.state, "waiting");
			check.equal(peer.told(), "");
			peer.give({ ...message, unheard_of: [{}], ssrc: null });
			check.equal(peer.said(), "CONNECT_ACK accepted, STREAM_START", "unknown members are ignored");
		},
	);
	suite.test(
		"ARC-G2 ARC-G3 what cannot be is refused with its reason: version, profile, transport, key, codec, suite",
		(check) => {
			const message = connect();
			const peer = waiting();
			const key = (message.key_exchange as Message).public_key as string;
			const cases: [string, unknown, string][] = [
				["version", "2.0", "version"],
				["version", "10.0", "version"],
				["capabilities.features", undefined, "profile"],
				["capabilities.features", ["reduced"], "profile"],
				["capabilities.transport", ["quic"], "transport"],
				["key_exchange.method", "x25519", "key"],
				["key_exchange.public_key", key.slice(1), "key"],
				["key_exchange.public_key", key.slice(0, 86) + "!", "key"],
				["key_exchange.public_key", "A" + key.slice(1), "key"],
				["key_exchange.public_key", key.slice(0, 40) + (key[40] === "x" ? "y" : "x") + key.slice(41), "key"],
				["capabilities.kdf", ["other"], "key"],
				["capabilities.codecs", ["vp9", "aac"], "codec"],
				["capabilities.codecs", [], "codec"],
				["capabilities.encryption", ["aes-128-ctr-hmac80"], "suite"],
				["capabilities.encryption", [1, null, {}], "suite"],
				["capabilities.auth", ["aead+hmac80"], "suite"],
			];
			for (let i = 0; i < cases.length; i++) {
				const [path, value, reason] = cases[i];
				peer.give(changed(message, path, value));
				const answer = peer.take()[0];
				check.equal(answer.type + " " + answer.accepted + " " + answer.reason, "CONNECT_ACK false " + reason, path);
				check.equal(answer.re, message.id);
			}
			check.equal(peer.state, "waiting");
			peer.give(changed(message, "version", "1.7"));
			check.equal(peer.state, "open");
		},
	);
	suite.test("ARC-G5 ARC-G16 a CONNECT_ACK that cannot be is told, and the right one opens the session after all", (check) => {
		const scene = new Scene();
		const { a, b } = scene;
		scene.lostOfB = "CONNECT_ACK";
		scene.start().pass(50);
		const ack = b.sent[0];
		a.take();
		const cases: [string, unknown, string][] = [
			["accepted", undefined, "missing(accepted)"],
			["accepted", "true", "field(accepted)"],
			["peer_id", undefined, "missing(peer_id)"],
			["selected_codecs", undefined, "missing(selected_codecs)"],
			["selected_codecs.audio", "pcmu", ""],
			["features", undefined, "missing(features)"],
			["features", ["nack"], "field(features)"],
			["encryption", undefined, "missing(encryption)"],
			["encryption.algorithm", undefined, "missing(algorithm)"],
			["encryption.algorithm", "aes-128-ctr-hmac80", "field(algorithm)"],
			["encryption.auth", "aead+hmac80", "field(auth)"],
			["encryption.kdf", "other", "field(kdf)"],
			["encryption.public_key", undefined, "missing(public_key)"],
			["encryption.public_key", "A".repeat(87), "key(public_key)"],
		];
		for (let i = 0; i < cases.length; i++) {
			const [path, value, expected] = cases[i];
			if (expected === "") continue;
			a.give(changed(ack, path, value));
			check.equal(a.said(), "ERROR " + expected, path);
			check.equal(a.state, "offered");
		}
		a.give({ ...ack, re: 12345 });
		check.equal(a.said() + a.state, "offered", "an answer to something else");
		// Its own key come back.
		a.give(changed(ack, "encryption.public_key", (connectOf(scene) as Message).public_key));
		check.equal(a.said(), "ERROR key(public_key)");
		a.give(ack);
		check.equal(a.state, "open");
		a.take();
		a.give(ack);
		check.equal(a.said(), "", "twice is nothing");
		a.give({ ...ack, re: 999 });
		check.equal(a.said(), "ERROR state");
	});
	suite.test(
		"ARC-G6 ARC-G16 each member of STREAM_START, STREAM_STOP, HEARTBEAT and KEY_ROTATE that is missing or wrong is named",
		(check) => {
			const { b } = new Scene({ audio: undefined }, { audio: undefined }).open();
			const start = { ...streamStart("s1", 17), id: 40 };
			const beat = { type: "HEARTBEAT", session_id: SESSION_ID, id: 41, sequence: 1, timestamp: 5 };
			const stop = { type: "STREAM_STOP", session_id: SESSION_ID, id: 42, stream_id: "s1", reason: "error" };
			const rotate = {
				type: "KEY_ROTATE",
				session_id: SESSION_ID,
				id: 43,
				epoch: 1,
				reason: "manual",
				public_key: "A".repeat(87),
			};
			const ack = { type: "KEY_ROTATE_ACK", session_id: SESSION_ID, re: 43, epoch: 1, public_key: "A".repeat(87) };
			const cases: [Message, string, unknown, string][] = [
				[start, "id", undefined, "missing(id)"],
				[start, "stream_id", undefined, "missing(stream_id)"],
				[start, "stream_id", "", "field(stream_id)"],
				[start, "stream_id", "x".repeat(65), "field(stream_id)"],
				[start, "stream_type", undefined, "missing(stream_type)"],
				[start, "stream_type", "text", "field(stream_type)"],
				[start, "codec", undefined, "missing(codec)"],
				[start, "codec", "opus", "field(codec)"],
				[start, "codec.audio.name", "pcmu", "codec(codec)"],
				[start, "codec.audio", undefined, "codec(codec)"],
				[start, "codec.audio.sample_rate", "fast", "field(sample_rate)"],
				[start, "codec.audio.payload_type", 72, "field(payload_type)"],
				[start, "ssrc", undefined, "missing(ssrc)"],
				[start, "ssrc", -1, "field(ssrc)"],
				[start, "ssrc", 4_294_967_296, "field(ssrc)"],
				[start, "encryption.algorithm", "aes-256-gcm", "suite(algorithm)"],
				[stop, "stream_id", undefined, "missing(stream_id)"],
				[beat, "sequence", undefined, "missing(sequence)"],
				[beat, "sequence", -3, "field(sequence)"],
				[beat, "timestamp", "now", "field(timestamp)"],
				[rotate, "epoch", undefined, "missing(epoch)"],
				[rotate, "epoch", 1.5, "field(epoch)"],
				[rotate, "public_key", undefined, "missing(public_key)"],
				[rotate, "public_key", 5, "field(public_key)"],
				[rotate, "id", undefined, "missing(id)"],
				[rotate, "type", "KEY_ROTATE", "key(public_key)"],
				[rotate, "epoch", 0, "state(epoch)"],
				[ack, "epoch", undefined, "missing(epoch)"],
				[ack, "public_key", 5, "field(public_key)"],
				[beat, "re", "x", "field(re)"],
			];
			for (let i = 0; i < cases.length; i++) {
				const [message, path, value, expected] = cases[i];
				b.give(changed(message, path, value));
				check.equal(b.said(), "ERROR " + expected, message.type + " " + path + " " + i);
			}
			check.equal(b.told(), "");
			check.equal(b.session.receiving.length, 0);
			check.equal(b.session.rotation?.epoch, 0);
			check.equal(b.state, "open");
		},
	);
	suite.test("ARC-G16 unknown kinds, messages in the wrong state and of other sessions", (check) => {
		const peer = waiting();
		peer.give({ type: "HELLO", session_id: SESSION_ID, id: 4 });
		const [answer] = peer.take();
		check.equal(answer.code + " " + answer.re, "type 4");
		for (const type of [
			"STREAM_START",
			"STREAM_STOP",
			"HEARTBEAT",
			"HEARTBEAT_ACK",
			"KEY_ROTATE",
			"KEY_ROTATE_ACK",
			"CONNECT_ACK",
		]) {
			peer.give({ type, session_id: SESSION_ID, id: 5 });
			check.equal(peer.said(), "ERROR state", type);
		}
		peer.give({ type: "DISCONNECT", session_id: SESSION_ID, id: 6 });
		peer.give({ ...connect(), session_id: "another-one" });
		peer.give({ type: "HELLO", session_id: SESSION_ID + "x" });
		peer.give({ type: "ERROR", id: 9 });
		check.equal(peer.said(), "", "dropped, and an ERROR is never answered");
		check.equal(peer.state, "waiting");
	});
	suite.test("ARC-G16 ARC-C12 what is no JSON, too long or too deep is told; the third in 10 s ends the connection", (check) => {
		const peer = waiting();
		peer.now = 100;
		check.ok(peer.give("{}\n"));
		check.equal(peer.said(), "ERROR missing(type)");
		check.ok(peer.give('{"type":'));
		check.equal(peer.said(), "ERROR json");
		check.ok(peer.give('{"type":"CONNECT","a":[[[[[[[[[1]]]]]]]]]}'));
		check.equal(peer.said(), "ERROR limit");
		peer.now = 10_200;
		check.ok(peer.give('{"a":"' + "x".repeat(4097) + '"}'), "the first was 10 s ago");
		check.equal(peer.said(), "ERROR limit");
		peer.now = 10_300;
		check.ok(peer.session.tooLong(peer.now), "so was the second");
		check.equal(peer.said(), "ERROR limit");
		peer.now = 20_100;
		check.ok(!peer.give("[1,2"));
		peer.take();
		check.ok(peer.give(JSON.stringify({ ...connect(), more: "x".repeat(4096), rest: Array(1500).fill("1234") })), "almost 16 kB");
		check.equal(peer.said(), "CONNECT_ACK accepted, STREAM_START");
		const long = new Array(17).fill("y".repeat(1000));
		check.ok(peer.session.messages > 0);
		const text = JSON.stringify({ type: "HEARTBEAT", long }).slice(0, 16_385);
		peer.now = 40_000;
		peer.give(text);
		check.equal(peer.said(), "ERROR limit");
	});
	suite.test("ARC-G16 messages cost garbage that is bounded, and nothing that stays", (check) => {
		const scene = new Scene().open();
		const { b } = scene;
		const texts = [
			JSON.stringify({ type: "HEARTBEAT", session_id: SESSION_ID, id: 41, sequence: 1, timestamp: 5 }),
			JSON.stringify({ type: "HEARTBEAT", session_id: SESSION_ID, id: 41 }),
			JSON.stringify({ ...connect(), id: 700, version: "2.0" }),
			JSON.stringify({ ...streamStart("s9", 18), id: 701 }),
			JSON.stringify({ type: "X", session_id: SESSION_ID, list: Array(400).fill({ a: "b" }) }),
		].map((text) => new Uint8Array(ArrayBuffer.fromString(text)));
		b.keeps = false;
		const before = new Int32Array(Counter.COUNT);
		const after = new Int32Array(Counter.COUNT);
		const rounds = (count: number): void => {
			for (let i = 0; i < count; i++) for (let k = 0; k < texts.length; k++) b.giveBytes(texts[k], texts[k].length);
		};
		rounds(3);
		readCounters(before);
		for (let k = 0; k < texts.length; k++) {
			collectGarbage();
			readCounters(before);
			b.session.received(0, 0, 1);
			b.giveBytes(texts[k], texts[k].length);
			readCounters(after);
			const slots = after[Counter.SLOTS] - before[Counter.SLOTS];
			const chunks = after[Counter.CHUNKS] - before[Counter.CHUNKS];
			check.ok(slots < 600 && chunks < 12_000, "message " + k + ": " + slots + " slots, " + chunks + " bytes");
		}
		collectGarbage();
		readCounters(before);
		rounds(100);
		collectGarbage();
		readCounters(after);
		check.ok(after[Counter.SLOTS] - before[Counter.SLOTS] <= 0, "slots " + (after[Counter.SLOTS] - before[Counter.SLOTS]));
		check.ok(after[Counter.CHUNKS] - before[Counter.CHUNKS] <= 0, "chunks");
	});
}

function connectOf(scene: Scene): Message {
	const peer = scene.a;
	peer.take();
	peer.session.tick(scene.now + 1000);
	return peer.take()[0].key_exchange as Message;
}
