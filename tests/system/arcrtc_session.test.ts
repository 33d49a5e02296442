/** Fletcher's media half of ArcRTC (`unit --probe arcrtc-session`) against the Node peer, over UDP: whole sessions, strict at both ends. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { encodeRow, protectedBy, readFec } from "../peers/arc_fec.ts";
import { streamKeys } from "../peers/arc_keys.ts";
import type { StreamKeys, Suite } from "../peers/arc_keys.ts";
import { ArcPeer } from "../peers/arc_peer.ts";
import type { Received } from "../peers/arc_receiver.ts";
import type { Auth } from "../peers/arc_srtp.ts";
import { canonicalHeader, ntpOf } from "../peers/arc_wire.ts";
import { ImpairedUdp } from "../peers/impaired_udp.ts";
import type { Conditions } from "../peers/impaired_udp.ts";

const PROBE = "build/linux64/unit";
const AUDIO = 1001;
const VIDEO = 1002;
const FEC = 1003;
const NODE = 1000;
const COLUMNS = 5;

interface Options {
	readonly suite?: Suite;
	readonly auth?: Auth;
	readonly reducedVideo?: boolean;
	readonly milliseconds?: number;
	/** When both take new keys; 0: never. */
	readonly rotation?: number;
	readonly conditions?: Partial<Conditions>;
	/** Sequence numbers of the peer's key frames, within their row, that are never sent. */
	readonly drop?: (position: number) => boolean;
	readonly during?: (peer: ArcPeer) => Promise<unknown>;
}

interface Outcome {
	readonly peer: ArcPeer;
	readonly figures: Record<string, number>;
	readonly sent: { audio: number; video: number };
	readonly parity: { right: number; wrong: string[] };
}

function keysOf(id: string, epoch: number, suite: Suite): StreamKeys {
	return streamKeys(Buffer.alloc(32, epoch + 7), id, suite);
}

/** Runs one session to its end. */
async function session(t: TestContext, options: Options): Promise<Outcome> {
	const { suite = "aes-128-gcm", auth = "aead", reducedVideo = false, milliseconds = 3000, rotation = 0 } = options;
	const lossless = options.conditions === undefined && options.drop === undefined;
	const parity = { right: 0, wrong: [] as string[] };
	const canonical = new Map<number, Buffer>();
	const check = (packet: Received): void => {
		const { payload, index } = packet;
		if (packet.stream.ssrc === FEC) {
			const header = readFec(payload);
			if (typeof header === "string") parity.wrong.push(header);
			else {
				const row = protectedBy(header).map((sequence) => canonical.get(sequence));
				const whole = row.filter((one) => one !== undefined);
				if (whole.length < row.length) return;
				if (encodeRow(whole).equals(payload)) parity.right += 1;
				else parity.wrong.push(`row of ${header.base}`);
			}
			if (packet.csrc[0] !== VIDEO) parity.wrong.push(`CSRC ${packet.csrc[0]}`);
			return;
		}
		assert.equal(payload[0], payload.at(-1));
		if (packet.stream.ssrc !== VIDEO) return;
		const { marker, payloadType, timestamp } = packet;
		const head = canonicalHeader(marker, payloadType, index % 65_536, timestamp, VIDEO);
		canonical.set(index % 65_536, Buffer.concat([head, payload]));
	};
	const peer = new ArcPeer({
		rules: {
			lossless,
			slack: 400,
			fromStart: true,
			reduced: { audio: true, video: reducedVideo },
			sendTime: true,
			wall: () => Date.now(),
		},
		nack: true,
		onPacket: check,
	});
	const network = new ImpairedUdp({ target: { port: await peer.listen() }, seed: 11, conditions: options.conditions ?? {} });
	t.after(() => {
		peer.close();
		network.close();
	});
	const port = await network.listen();
	const common = { suite, auth };
	const incoming = { ...common, keys: keysOf("fletcher", 0, suite) };
	const outgoing = { ...common, keys: keysOf("node", 0, suite) };
	peer.addIncoming({ ...incoming, ssrc: AUDIO, payloadTypes: [111], clock: 48000, kind: "audio" });
	peer.addIncoming({ ...incoming, ssrc: VIDEO, payloadTypes: [26], clock: 90000, kind: "video" });
	peer.addIncoming({ ...incoming, ssrc: FEC, payloadTypes: [127], clock: 90000, kind: "fec" });
	peer.addOutgoing({ ...outgoing, ssrc: AUDIO + NODE, payloadType: 111, kind: "audio", tsu: 960 });
	peer.addOutgoing({ ...outgoing, ssrc: VIDEO + NODE, payloadType: 26, kind: "video", tsu: reducedVideo ? 90 : 0 });
	peer.addOutgoing({ ...outgoing, ssrc: FEC + NODE, payloadType: 127, kind: "fec", tsu: 0, csrc: [VIDEO + NODE] });
	const program = spawn(PROBE, [
		"--probe",
		"arcrtc-session",
		String(port),
		String(milliseconds),
		suite,
		auth,
		reducedVideo ? "1" : "0",
		String(rotation),
	]);
	let output = "";
	program.stdout.on("data", (data: Buffer) => {
		output += String(data);
	});
	program.stderr.on("data", (data: Buffer) => {
		output += String(data);
	});
	const ended = new Promise<number | null>((resolve) => program.on("exit", resolve));
	t.after(() => program.kill("SIGKILL"));
	const sent = { audio: 0, video: 0 };
	const start = performance.now();
	let frame = 0;
	const sound = setInterval(() => {
		if (peer.target === undefined) return;
		peer.send(AUDIO + NODE, { payload: Buffer.alloc(60, sent.audio), timestamp: 960 * sent.audio, priority: 0 });
		sent.audio += 1;
	}, 20);
	const picture = setInterval(() => {
		if (peer.target === undefined) return;
		sent.video += sendFrame(peer, frame, Math.round(performance.now() - start) * 90, options.drop);
		frame += 1;
	}, 40);
	// Each side knows the other's next keys before the first packet of them, or a little behind it.
	const rotate = setTimeout(
		() => {
			for (const ssrc of [AUDIO, VIDEO, FEC]) {
				peer.rotateIncoming(ssrc, keysOf("fletcher", 1, suite));
				peer.rotateOutgoing(ssrc + NODE, keysOf("node", 1, suite));
			}
		},
		rotation || 2 ** 30,
	);
	await options.during?.(peer);
	const code = await ended;
	clearInterval(sound);
	clearInterval(picture);
	clearTimeout(rotate);
	assert.equal(code, 0, output);
	const figures: Record<string, number> = {};
	for (const line of output.trim().split("\n")) {
		const [name = "", value] = line.split(" ");
		figures[name] = Number(value);
	}
	t.diagnostic(JSON.stringify({ figures, forms: peer.rules.forms, parity, sent, resent: peer.resent }));
	return { peer, figures, sent, parity };
}

/** A picture; key frames have parity for rows of five. @returns packets, those not sent included */
function sendFrame(peer: ArcPeer, frame: number, timestamp: number, drop?: (position: number) => boolean): number {
	const key = frame % 25 === 0;
	const count = key ? 12 : 2;
	let row: Buffer[] = [];
	for (let at = 0; at < count; at += 1) {
		const payload = Buffer.alloc(100 + ((frame * 31 + at * 97) % 900), frame);
		const what = {
			payload,
			timestamp: timestamp >>> 0,
			marker: at === count - 1,
			priority: key ? 1 : 2,
			keyFrame: at === 0 && key,
			...(at === 0 ? { sendTime: ntpOf(Date.now()) } : {}),
		};
		if (key && drop?.(at)) {
			row.push(peer.sender.send(VIDEO + NODE, what, performance.now()).canonical);
		} else row.push(peer.send(VIDEO + NODE, what).canonical);
		if (!key || (row.length < COLUMNS && at < count - 1)) continue;
		peer.send(FEC + NODE, { payload: encodeRow(row), timestamp: timestamp >>> 0, priority: 3 });
		row = [];
	}
	return count;
}

const skip = existsSync(PROBE) ? false : "built by npm test";

for (const [suite, auth, reducedVideo] of [
	["aes-128-gcm", "aead", false],
	["aes-256-gcm", "aead", true],
	["chacha20-poly1305", "aead", true],
	["aes-128-gcm", "aead+hmac80", true],
] as const)
	test(`ARC-R1 ARC-R2 ARC-R3 ARC-P4 a session with ${suite}, ${auth}: no rule broken, all arrives`, { skip }, async (t) => {
		const { peer, figures, sent, parity } = await session(t, { suite, auth, reducedVideo });
		assert.deepEqual(peer.violations, []);
		assert.deepEqual(parity.wrong, []);
		assert.ok(parity.right >= 3, "rows of parity");
		assert.ok(peer.received.length >= 200, `${peer.received.length} came`);
		assert.ok(peer.rules.forms.reduced > (reducedVideo ? 200 : 100), JSON.stringify(peer.rules.forms));
		assert.ok((figures["audio"] ?? 0) >= sent.audio - 5 && (figures["video"] ?? 0) >= sent.video - 5);
		for (const name of ["wrong", "failed", "format", "unknown", "old", "replay", "auth", "lost", "fecFormat"])
			assert.equal(figures[name], 0, name);
		assert.ok((figures["roundTrip"] ?? -1) >= 0 && (figures["roundTrip"] ?? 99) < 20, "round trip");
		assert.ok(peer.controls.some(({ kind }) => kind === "rr") && peer.controls.some(({ kind }) => kind === "sr"));
	});

test("ARC-K7 ARC-C7 both take new keys in mid-session, with packets on their way", { skip }, async (t) => {
	const conditions = { delay: 15, jitter: 10 };
	const { peer, figures } = await session(t, { rotation: 1500, reducedVideo: true, conditions, milliseconds: 3500 });
	assert.deepEqual(peer.violations, []);
	assert.ok(peer.received.some(({ epoch }) => epoch === 1));
	assert.equal(figures["auth"], 0);
	assert.equal(figures["heldDropped"], 0);
	assert.equal(peer.receiver.counters.auth, 0);
});

test("ARC-E4 ARC-C9 one packet of each row is never sent: parity brings it back, byte by byte", { skip }, async (t) => {
	const { peer, figures } = await session(t, { drop: (position) => position % 5 === 3 });
	assert.deepEqual(peer.violations, []);
	assert.ok((figures["recovered"] ?? 0) >= 4, "recovered");
	assert.equal(figures["wrong"], 0);
	assert.equal(figures["lost"], 0);
});

test("ARC-E1 ARC-E2 5 % loss both ways: NACKs are answered with the same bytes, and obey the rules", { skip }, async (t) => {
	const conditions = { loss: 0.05, delay: 8, jitter: 4 };
	const { peer, figures } = await session(t, { reducedVideo: true, conditions, milliseconds: 5000 });
	assert.deepEqual(peer.violations, []);
	assert.ok((figures["resent"] ?? 0) > 3, "Fletcher resends");
	assert.ok(peer.resent > 0, "Fletcher asks");
	assert.equal(figures["auth"], 0);
	assert.equal(figures["wrong"], 0);
});

test("ARC-R9 ARC-R4 2,000 forged packets a second and replays: nothing is taken, the streams play on", { skip }, async (t) => {
	const { peer, figures, sent } = await session(t, {
		reducedVideo: false,
		milliseconds: 4000,
		during: async (one) => {
			await new Promise((resolve) => setTimeout(resolve, 500));
			await one.flood(AUDIO + NODE, 2000, 2500);
			one.replay(500);
		},
	});
	assert.deepEqual(peer.violations, []);
	assert.equal(figures["wrong"], 0);
	assert.ok((figures["auth"] ?? 0) > 500, "forged ones were tried");
	assert.ok((figures["audio"] ?? 0) > 0.95 * sent.audio, `${figures["audio"]} of ${sent.audio} sound packets`);
});
