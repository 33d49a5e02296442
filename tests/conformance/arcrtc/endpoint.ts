import type { Agreement } from "arcrtc/agreement";
import { HEADROOM, TAILROOM } from "arcrtc/constants";
import { type ArcOwner, Endpoint, PATH_TEXT } from "arcrtc/endpoint";
import type { MediaPacket } from "arcrtc/media_packet";
import { type ArcSettings, planArc } from "arcrtc/options";
import { SESSION_TEXT } from "arcrtc/session";
import type { SessionSettings } from "arcrtc/session_options";
import { type FakeStream, Host, World } from "conformance/arcrtc/endpoint_world";
import { SMALL, settings } from "conformance/arcrtc/session_scene";
import { Counter, collectGarbage, readCounters } from "host/host";
import type { Arena } from "storage/arena";
import { MemoryPlan } from "storage/plan";
import type { Suite } from "unit/suite";

const PORT = 7000;
const SOUND = 60;

/** A device with an endpoint: it speaks, and counts what it hears. */
class Device implements ArcOwner {
	readonly endpoint: Endpoint;
	readonly host: Host;
	/** What happened: "opened", "ended", "none direct", with "@ms since the last mark". */
	events: string[] = [];
	log: string[] = [];
	heardCount = 0;
	wrong = 0;
	spoken = 0;
	lastHeard = 0;
	/** Longest time without sound. */
	gap = 0;
	fraction = 0.5;
	readonly #arena: Arena;
	readonly #sound: number;
	#time = 0;

	constructor(world: World, address: string, remote: string | undefined, changes: Partial<SessionSettings> = {}) {
		collectGarbage();
		this.host = new Host(world, address);
		const own: ArcSettings = {
			shape: SMALL,
			session: settings(remote === undefined ? "beta" : "alpha", remote !== undefined, changes),
			connect: remote === undefined ? undefined : { host: remote, port: PORT },
			listen: remote === undefined ? { host: "0.0.0.0", port: PORT } : undefined,
			port: 0,
			messageBytes: 4096,
			ahead: 4,
			fallback: 1500,
			pathDead: 2000,
			retry: { first: 1000, limit: 30_000 },
		};
		const plan = new MemoryPlan();
		planArc(plan, own);
		plan.reserve("sound", HEADROOM + SOUND + TAILROOM, "");
		this.#arena = plan.allocate();
		this.#sound = plan.offset("sound") + HEADROOM;
		this.endpoint = new Endpoint({
			settings: own,
			plan,
			io: this.host.io(),
			log: {
				log: (_level, _area, event, fields) => {
					this.log.push(
						event + (fields?.path === undefined ? "" : " " + fields.path) + (fields?.reason ? ": " + fields.reason : ""),
					);
				},
			},
			random: { fraction: () => this.fraction },
			owner: this,
		});
	}

	get path(): string {
		return PATH_TEXT[this.endpoint.path];
	}

	get state(): string {
		return SESSION_TEXT[this.endpoint.session.state];
	}

	speak(now: number): void {
		const { bytes } = this.#arena;
		for (let i = 0; i < SOUND; i++) bytes[this.#sound + i] = (this.spoken + i) & 0xff;
		this.#time = (this.#time + 960) >>> 0;
		if (this.endpoint.sendAudio(this.#sound, SOUND, this.#time, now)) this.spoken++;
	}

	heard(packet: MediaPacket, now: number): void {
		const { bytes } = this.#arena;
		this.heardCount++;
		if (packet.payloadLength !== SOUND) this.wrong++;
		for (let i = 1; i < packet.payloadLength; i++)
			if (bytes[packet.payload + i] !== ((bytes[packet.payload] + i) & 0xff)) {
				this.wrong++;
				break;
			}
		if (this.lastHeard > 0 && now - this.lastHeard > this.gap) this.gap = now - this.lastHeard;
		this.lastHeard = now;
	}

	opened(agreement: Agreement): void {
		this.events.push("opened " + agreement.peerId);
	}

	streamStarted(): void {
		this.events.push("stream");
	}

	ended(): void {
		this.events.push("ended");
	}

	seen(): void {}
	seenAll(): void {}
	keyFrameWanted(): void {}
	qualityWanted(): void {}
}

/** Two devices: `a` connects to `b`. */
class Scene {
	readonly world = new World();
	readonly b: Device;
	readonly a: Device;

	constructor(a: Partial<SessionSettings> = {}, b: Partial<SessionSettings> = {}) {
		this.b = new Device(this.world, "192.0.2.2", undefined, b);
		this.a = new Device(this.world, "192.0.2.1", "192.0.2.2", a);
	}

	start(): this {
		this.b.endpoint.start();
		this.a.endpoint.start();
		return this;
	}

	/** Time passes; both speak every 20 ms. */
	talk(ms: number): this {
		const { world, a, b } = this;
		for (const end = world.now + ms; world.now < end; ) {
			a.speak(world.now);
			b.speak(world.now);
			world.run(20);
		}
		return this;
	}

	get stream(): FakeStream {
		return this.a.host.streams[0];
	}

	/** The connection breaks, both ends know. */
	cut(): void {
		this.stream.abort();
		this.a.endpoint.link.fail("cable");
	}
}

export default function endpoint(suite: Suite): void {
	suite.test("ARC-N1 ARC-L2 a direct way is found at once, and sound goes over it both ways", (check) => {
		const scene = new Scene().start();
		const { a, b, world } = scene;
		world.delay = 20;
		world.run(200);
		check.equal(a.path + " " + b.path, "direct direct", a.log.join());
		const before = world.datagrams;
		scene.talk(2000);
		check.ok(b.heardCount >= 97 && a.heardCount >= 97, a.heardCount + " " + b.heardCount);
		check.equal(a.wrong + b.wrong, 0);
		check.ok(world.datagrams - before < 2 * 100 + 40, "few checks and reports: " + (world.datagrams - before));
		check.equal(a.events.join(), "opened beta,stream");
		const { drops } = b.endpoint.media;
		check.equal(drops.auth + drops.format + drops.unknown, 0);
		check.ok(Math.abs(a.endpoint.direct.roundTrip - 40) < 2, "round trip " + a.endpoint.direct.roundTrip);
	});
	suite.test("ARC-N5 a way without media stays: checks keep it", (check) => {
		const scene = new Scene({ audio: undefined }, { audio: undefined }).start();
		scene.world.run(60_000);
		check.equal(scene.a.path + scene.b.path, "directdirect");
		check.equal(scene.a.endpoint.switches + scene.b.endpoint.switches, 2);
	});
	suite.test(
		"ARC-E2 who only receives knows the round trip by checks of the path, else by heartbeats, and asks for lost sound",
		(check) => {
			const scene = new Scene();
			const { a, b, world } = scene;
			const { feedback } = b.endpoint.media;
			world.delay = 10;
			scene.start();
			world.run(600);
			for (let i = 0; i < 100; i++) {
				world.noUDP = i % 10 === 5;
				a.speak(world.now);
				world.noUDP = false;
				world.run(20);
			}
			world.run(100);
			check.equal(b.path + b.spoken, "direct0");
			const { roundTrip } = feedback.sending;
			check.ok(roundTrip >= 20 && roundTrip < 24, "round trip " + roundTrip);
			check.equal(feedback.counters.requested, 10);
			const other = new Scene();
			other.world.noUDP = true;
			other.start().world.run(30_000);
			check.equal(other.b.path, "tcp");
			check.ok(other.b.endpoint.session.roundTrip >= 0, "heartbeats");
			check.equal(other.b.endpoint.media.feedback.sending.roundTrip, other.b.endpoint.session.roundTrip);
		},
	);
	suite.test("ARC-N1 a peer behind a NAT is found by where its checks come from", (check) => {
		const scene = new Scene();
		scene.world.shift = 1000;
		scene.start().world.run(600);
		check.equal(scene.a.path + scene.b.path, "directdirect");
		const { places, pinned } = scene.a.host.sockets[0];
		const { peer } = scene.a.endpoint.direct;
		check.ok(places[peer].endsWith("000") && pinned[peer], places[peer]);
		// As many strangers as there are places do not take the peer's.
		for (let i = 0; i < 60; i++) scene.a.host.sockets[0].give(new Uint8Array([0x80, 0, 0, 0]), "198.51.100." + i, 9);
		scene.talk(100);
		check.equal(places[peer].split(" ")[0], "192.0.2.2");
		check.ok(scene.b.heardCount > 0);
	});
	suite.test("ARC-N3 ARC-E6 without UDP sound goes over the connection after 1.5 s", (check) => {
		const scene = new Scene();
		scene.world.noUDP = true;
		scene.start();
		scene.talk(1400);
		check.equal(scene.a.path, "none");
		check.ok(!scene.a.endpoint.sendAudio(0, 0, 0, 0));
		scene.talk(1100);
		check.equal(scene.a.path + scene.b.path, "tcptcp");
		check.ok(scene.a.heardCount > 20 && scene.b.heardCount > 20);
		check.equal(scene.a.wrong + scene.b.wrong, 0);
		check.ok(scene.a.endpoint.media.feedback.reliable);
		scene.talk(3000);
		check.equal(scene.b.endpoint.media.drops.auth, 0);
	});
	suite.test(
		"ARC-N5 ARC-E6 the direct way is cut in mid stream: the gap is 2.5 s at most, nothing is played twice, and it comes back",
		(check) => {
			const scene = new Scene().start();
			const { a, b, world } = scene;
			scene.talk(1000);
			world.noUDP = true;
			scene.talk(3000);
			check.equal(a.path + b.path, "tcptcp");
			check.ok(b.gap < 2500 && a.gap < 2500, "gap " + a.gap + " " + b.gap);
			const keys = a.endpoint.session.rotation;
			const { ssrc } = a.endpoint.media.outgoing.audio as { ssrc: number };
			world.noUDP = false;
			scene.talk(34_000);
			check.equal(a.path + b.path, "directdirect");
			check.equal(b.wrong + a.wrong, 0);
			check.equal(b.endpoint.media.drops.replay + b.endpoint.media.drops.auth, 0);
			check.ok(a.endpoint.session.rotation === keys && a.endpoint.media.outgoing.audio?.ssrc === ssrc, "keys and streams go on");
			check.equal(a.endpoint.sessions, 1);
			check.equal(a.log.filter((line) => line.startsWith("path")).join(), "path direct,path tcp,path direct");
		},
	);
	suite.test("ARC-N5 one direction of UDP dies: both ends take the connection", (check) => {
		const scene = new Scene().start();
		scene.talk(1000);
		scene.a.host.fault = -3;
		scene.talk(5000);
		check.equal(scene.a.path + scene.b.path, "tcptcp");
		check.ok(scene.b.gap < 2500, "gap " + scene.b.gap);
		const heard = scene.b.heardCount;
		scene.talk(1000);
		check.ok(scene.b.heardCount > heard + 45);
	});
	suite.test("ARC-N6 ARC-E5 connects again after 1, 2, 4 .. 30 s, a fifth more or less", (check) => {
		const times = (fraction: number): string => {
			const scene = new Scene();
			const { a, world } = scene;
			a.fraction = fraction;
			a.host.refused = true;
			const found: number[] = [];
			a.endpoint.start();
			const { failures } = a.endpoint;
			let last = failures;
			let before = world.now;
			for (let i = 0; i < 15_000 && found.length < 8; i++) {
				world.run(10);
				if (a.endpoint.failures === last) continue;
				last = a.endpoint.failures;
				found.push(Math.round((world.now - before) / 100) / 10);
				before = world.now;
			}
			return found.slice(1).join(" ");
		};
		check.equal(times(0.5), "1 2 4 8 16 30 30");
		check.equal(times(0), "0.8 1.6 3.2 6.4 12.8 24 24");
		check.ok(times(0.999).startsWith("1.2 2.4 4.8 9.6"));
	});
	suite.test(
		"ARC-N6 a connect that nobody answers is given up after 5 s, a name that is not known is asked for again",
		(check) => {
			const scene = new Scene();
			const { a, world } = scene;
			a.host.silent = true;
			scene.start();
			world.run(4900);
			check.equal(a.endpoint.failures, 0);
			world.run(200);
			check.equal(a.endpoint.failures, 1);
			check.equal(a.log.join(), "closed: no answer");
			a.host.silent = false;
			a.host.nameless = true;
			world.run(1000);
			check.equal(a.log[1], "closed: 192.0.2.2: host not found");
			a.host.nameless = false;
			world.run(3000);
			check.equal(a.state, "open");
		},
	);
	suite.test("ARC-G5 a second peer is turned away, and the first goes on", (check) => {
		const scene = new Scene().start();
		scene.talk(500);
		const other = new Device(scene.world, "192.0.2.3", "192.0.2.2");
		other.endpoint.start();
		scene.talk(2000);
		check.ok(scene.b.endpoint.link.turnedAway >= 1);
		check.equal(other.state, "closed");
		check.equal(scene.a.state + scene.b.state, "openopen");
		check.equal(scene.b.endpoint.sessions, 1);
		scene.a.endpoint.stop();
		scene.talk(8000);
		check.equal(other.state, "open", "its turn comes");
	});
	suite.test("ARC-G7 a connection over which nobody asks is closed, so that it keeps nobody out", (check) => {
		const scene = new Scene();
		const { b, world } = scene;
		b.endpoint.start();
		const stranger = new Host(world, "192.0.2.9");
		const io = stranger.io();
		const stream = new io.Stream({
			onWritable() {
				this.want(1);
			},
			onReadable() {
				this.close();
			},
		});
		stream.connect("192.0.2.2", PORT);
		world.run(6900);
		check.ok(b.endpoint.link.up);
		world.run(200);
		check.ok(!b.endpoint.link.up);
		scene.a.endpoint.start();
		world.run(300);
		check.equal(b.state, "open");
	});
	suite.test("ARC-N3 ARC-G16 a peer that takes no messages is given up, when the room for them is full", (check) => {
		const scene = new Scene().start();
		scene.talk(500);
		scene.b.host.room = 100;
		for (let i = 0; i < 100 && scene.b.state === "open"; i++) {
			scene.a.endpoint.session.writer.error("type", -1, "x".repeat(20));
			scene.a.endpoint.session.writer.heartbeat(70_000 + i);
			scene.world.run(10);
		}
		check.equal(scene.b.endpoint.link.overflows, 1);
		check.ok(
			scene.b.log.some((line) => line === "closed: the peer takes no messages"),
			scene.b.log.join(),
		);
		scene.b.host.room = Infinity;
		scene.talk(3000);
		check.equal(scene.a.state + scene.b.state, "openopen");
	});
	suite.test("ARC-N3 over a connection that is full sound waits, is dropped when it is old, and goes on", (check) => {
		const scene = new Scene();
		scene.world.noUDP = true;
		scene.start().talk(2500);
		const { a, b } = scene;
		a.host.room = 700;
		scene.talk(1000);
		const heard = b.heardCount;
		a.host.room = Infinity;
		scene.stream.drained();
		scene.talk(1000);
		check.ok(b.heardCount >= heard + 45, "goes on");
		check.ok(a.endpoint.media.queue.counters[0].stale + a.endpoint.media.queue.counters[0].dropped > 20);
		check.equal(b.wrong, 0);
		check.equal(b.endpoint.media.drops.auth, 0);
	});
	suite.test("ARC-E7 ARC-K9 a hundred lost connections: each session is back within 3 s, nothing grows", (check) => {
		const scene = new Scene().start();
		const { a, b, world } = scene;
		const before = new Int32Array(Counter.COUNT);
		const after = new Int32Array(Counter.COUNT);
		scene.talk(300);
		let id = "";
		const pulls = (count: number): void => {
			for (let i = 0; i < count; i++) {
				scene.cut();
				const at = world.now;
				scene.talk(1400);
				if (a.state !== "open" || b.state !== "open") throw new Error("not back after " + (world.now - at));
				const now = a.endpoint.session.sending?.streamId ?? "";
				if (now === id) throw new Error("the same stream");
				id = now;
				a.events = [];
				b.events = [];
				a.log = [];
				b.log = [];
			}
		};
		pulls(20);
		collectGarbage();
		collectGarbage();
		readCounters(before);
		pulls(suite.short ? 20 : 100);
		collectGarbage();
		collectGarbage();
		readCounters(after);
		const grown = (counter: number): number => after[counter] - before[counter];
		check.ok(grown(Counter.SLOTS) < 40, grown(Counter.SLOTS) + " slots");
		check.ok(grown(Counter.CHUNKS) < 1024, grown(Counter.CHUNKS) + " chunk bytes");
		check.equal(a.path + b.path, "directdirect");
		check.equal(a.host.sockets[0].pinned.filter((pin) => pin).length, 1, "places of the socket");
		check.equal(a.wrong + b.wrong, 0);
	});
	suite.test("ARC-P10 sound over UDP and over TCP costs no memory but for heartbeats and reports", (check) => {
		const scene = new Scene(
			{ heartbeat: { streaming: 60_000, idle: 60_000 } },
			{ heartbeat: { streaming: 60_000, idle: 60_000 } },
		);
		scene.start().talk(2000);
		const { a, world } = scene;
		const before = new Int32Array(Counter.COUNT);
		const after = new Int32Array(Counter.COUNT);
		readCounters(before);
		// What the world itself makes of a datagram is not the endpoint's: the socket takes none.
		a.host.fault = -2;
		readCounters(before);
		for (let i = 0; i < 4; i++) a.speak(world.now);
		readCounters(after);
		check.equal(after[Counter.SLOTS] - before[Counter.SLOTS], 0, "slots");
		check.equal(after[Counter.CHUNKS] - before[Counter.CHUNKS], 0, "chunks");
	});
	suite.test("ARC-G5 a device that stops says so, and takes no connection any more", (check) => {
		const scene = new Scene().start();
		scene.talk(500);
		scene.b.endpoint.stop();
		scene.world.run(100);
		check.equal(scene.b.events.join(), "opened alpha,stream,ended");
		check.ok(
			scene.a.log.some((line) => line === "closed: the peer has ended the session"),
			scene.a.log.join(),
		);
		scene.world.run(5000);
		check.equal(scene.b.endpoint.sessions, 1);
		scene.b.endpoint.close();
		scene.a.endpoint.close();
	});
}
