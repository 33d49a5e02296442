import { Endpoint } from "arcrtc/endpoint";
import { FRAME_LENGTH } from "arcrtc/constants";
import { DirectPath } from "arcrtc/direct_path";
import { MediaSession } from "arcrtc/media_session";
import { MESSAGE_ROOM } from "arcrtc/message_writer";
import { type ArcSettings, planArc } from "arcrtc/options";
import { Session } from "arcrtc/session";
import { SignallingLink } from "arcrtc/signalling_link";
import { Host, World } from "conformance/arcrtc/endpoint_world";
import { settings } from "conformance/arcrtc/session_scene";
import { Counter, collectGarbage, readCounters } from "host/host";
import { Datagram } from "net/datagram";
import Resolver from "net/resolver";
import { Listener, Stream } from "net/stream";
import { MemoryPlan } from "storage/plan";
import { monotonic, wall } from "time/clock";
import Timer from "time/timer";
import type { Suite } from "unit/suite";

/** Sound both ways and video that is sent at the level Low. */
const CAMERA: ArcSettings = Object.freeze({
	shape: {
		sendsAudio: true,
		sendsVideo: true,
		receivesAudio: true,
		receivesVideo: false,
		nack: true,
		fec: false,
		videoRate: 400,
		burst: 1,
		reorder: 0,
		waiting: 2,
		replayWindow: 64,
	},
	session: settings("camera", true),
	connect: { host: "192.0.2.2", port: 1 },
	listen: undefined,
	port: 0,
	messageBytes: 2048,
	ahead: 1,
	fallback: 1500,
	pathDead: 2000,
	retry: { first: 1000, limit: 30_000 },
});
/** Bytes of a slot on a device of 32 bits. */
const SLOT = 16;

/** Bytes of the heap that what `make` makes takes, with slots of 32-bit devices. */
function heapOf(make: () => unknown): number {
	const before = new Int32Array(Counter.COUNT);
	const after = new Int32Array(Counter.COUNT);
	readCounters(before);
	readCounters(after);
	collectGarbage();
	collectGarbage();
	readCounters(before);
	const made = make();
	collectGarbage();
	readCounters(after);
	if (made === undefined) throw new Error("nothing was made");
	return (after[Counter.SLOTS] - before[Counter.SLOTS]) * SLOT + after[Counter.CHUNKS] - before[Counter.CHUNKS];
}

const NOBODY = Object.freeze({
	message() {},
	candidate() {},
	opened() {},
	streamStarted() {},
	streamStopped() {},
	ended() {},
	closed() {},
	wall: () => -1,
	localAddress: "",
	localPort: 0,
	heard() {},
	seen() {},
	seenAll() {},
	keyFrameWanted() {},
	qualityWanted() {},
	write: () => -1,
	check() {},
	keep: () => -1,
	forget() {},
	peerAddress: () => "",
	peerPort: () => 0,
	linkUp() {},
	linkDown() {},
	frame() {},
	framesEnded() {},
	tooLong() {},
	log() {},
	fraction: () => 0.5,
});

export default function sessionFootprint(suite: Suite): void {
	suite.test("ARC-P11 a session with sound both ways and video sent at 400 kbit/s takes less than 50 kB: its parts", (check) => {
		const plan = new MemoryPlan();
		planArc(plan, CAMERA);
		plan.reserve("here", 4096, "");
		const arena = plan.allocate();
		const host = new Host(new World(), "192.0.2.1");
		const io = host.io();
		const room = plan.offset("here") + FRAME_LENGTH;
		const media = new MediaSession({ shape: CAMERA.shape, plan, suite: 1, auth: 0, writer: NOBODY, owner: NOBODY, ssrc: 1 });
		const own = CAMERA.session;
		const session = heapOf(() => new Session({ settings: own, arena, room, media, owner: NOBODY }));
		const link = heapOf(
			() =>
				new SignallingLink({
					io,
					arena,
					inbox: room,
					inboxBytes: 512,
					rest: room,
					restBytes: 64,
					outbox: room,
					remote: CAMERA.connect,
					listen: undefined,
					owner: NOBODY,
				}),
		);
		const direct = heapOf(() => new DirectPath(arena, room, NOBODY));
		const real = { Stream, Listener, Datagram, Resolver, Timer, monotonic, wall };
		const whole = new MemoryPlan();
		planArc(whole, CAMERA);
		whole.allocate();
		let made: Endpoint | undefined;
		const mediaHeap = heapOf(
			() => new MediaSession({ shape: CAMERA.shape, plan, suite: 1, auth: 0, writer: NOBODY, owner: NOBODY, ssrc: 1 }),
		);
		collectGarbage();
		const all = heapOf(() => {
			made = new Endpoint({ settings: CAMERA, plan: whole, io: real, log: NOBODY, random: NOBODY, owner: NOBODY });
			return made;
		});
		made?.close();
		media.close();
		const figures = new Int32Array(Counter.COUNT);
		readCounters(figures);
		// Native records and ids are longer on 64 bits.
		const wide = figures[Counter.SLOT_SIZE] > SLOT;
		const text = `session ${session}, link ${link} with its fakes, direct ${direct}, media ${mediaHeap}, all ${all} of the heap and ${whole.total} of the plan`;
		check.ok(MESSAGE_ROOM < 2048 && session < (wide ? 2560 : 2048), text);
		check.ok(direct < 1536, text);
		check.ok(all + whole.total < (wide ? 52 : 50) * 1024, text);
	});
}
