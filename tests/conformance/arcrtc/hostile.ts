import { DATAGRAM_LIMIT, HEADROOM, PRIORITY_AUDIO } from "arcrtc/constants";
import { BOTH, type End, material, SOUND, TwoEnds } from "conformance/arcrtc/two_ends";
import { planRTPOutput, RTPOutput } from "device/rtp_output";
import { DatagramStatus } from "net/datagram";
import { MemoryPlan } from "storage/plan";
import type { Suite } from "unit/suite";

/** Full packets of a stream that is known, under the other K, of nobody who has keys. */
function forge(end: End, ssrc: number, now: number, count: number): void {
	const { view, bytes } = end.arena;
	const at = end.inbox;
	for (let i = 0; i < count; i++) {
		bytes.fill(i, at, at + 100);
		view.setInt32(at, 0x906f0000 | i);
		view.setUint32(at + 8, ssrc);
		view.setInt32(at + 12, 0xa0800000 | 0);
		end.session.received(at, 100, now);
	}
}

export default function hostile(suite: Suite): void {
	suite.test("ARC-R9 forged packets of keys that are not there leave room for what this end has to send", (check) => {
		const world = new TwoEnds(21);
		const { a, b } = world;
		world.start();
		world.pass(500);
		forge(b, 1, world.now, 40);
		check.ok(b.session.drops.held > 0);
		const { queue } = b.session;
		b.status = DatagramStatus.AGAIN;
		for (let i = 0; i < 5; i++) b.makeSound(world.now);
		check.equal(queue.waiting, 5);
		check.equal(queue.counters[PRIORITY_AUDIO].dropped, 0);
		b.status = 0;
		const heard = a.heardCount;
		queue.flush(world.now);
		world.pass(100);
		check.ok(a.heardCount >= heard + 5);
	});

	suite.test("ARC-K9 what waited for keys of one session is not kept for the next", (check) => {
		const world = new TwoEnds(22);
		const { b } = world;
		world.start();
		world.pass(100);
		forge(b, 1, world.now, 4);
		check.ok(b.session.opener.deadline(world.now) <= world.now + 50);
		b.session.clear();
		check.equal(b.session.opener.deadline(world.now), Infinity);
	});

	suite.test("ARC-P1 a frame of the connection longer than a packet may be is dropped", (check) => {
		const world = new TwoEnds(23);
		const { b } = world;
		world.start();
		world.pass(100);
		const { format } = b.session.drops;
		b.arena.view.setInt32(b.inbox, 0x906f0000 | 0);
		check.ok(!b.session.received(b.inbox, DATAGRAM_LIMIT + 1, world.now));
		check.equal(b.session.drops.format, format + 1);
		check.ok(HEADROOM + SOUND < DATAGRAM_LIMIT);
	});

	suite.test("ARC-W3 a payload longer than ours are stays within the room of plain RTP, a longer one is refused", (check) => {
		const plan = new MemoryPlan();
		planRTPOutput(plan);
		plan.reserve("guard", 64, "");
		plan.reserve("packet", 2000, "");
		const { bytes } = plan.allocate();
		const guard = plan.offset("guard");
		const payload = plan.offset("packet");
		bytes.fill(0x55, payload, payload + 2000);
		const output = new RTPOutput({ video: undefined, audio: { host: "127.0.0.1", port: 9 }, description: "" }, plan);
		for (const payloadLength of [1180, 2000]) {
			const fields = { extendedSequence: 1, timestamp: 2, marker: false, payloadType: 111, priority: 0, quality: 0 };
			output.audio({ payload, payloadLength, ...fields });
			for (let i = 0; i < 64; i++) if (bytes[guard + i] !== 0) check.fail("byte " + i + " behind the room");
		}
		check.equal(output.packets + output.refused, 2);
		check.ok(output.refused >= 1);
		output.close();
	});

	suite.test("ARC-K7 two changes of keys while the peer is silent: what it sends then is opened", (check) => {
		const world = new TwoEnds(24);
		const { a, b } = world;
		world.start();
		world.pass(500);
		const keys = b.receiveKeys;
		if (keys === undefined) return;
		for (let epoch = 1; epoch < 4; epoch++) {
			world.now += 2000;
			a.session.turn(world.now, world.now);
			b.session.turn(world.now, world.now);
			check.ok(b.session.rekeyReceiving(keys, material(1, epoch), epoch, world.now), "epoch " + epoch);
			check.ok(a.session.rekeySending(material(1, epoch), epoch, world.now));
		}
		const heard = b.heardCount;
		world.pass(500);
		check.ok(b.heardCount > heard + 20, "heard " + (b.heardCount - heard));
	});

	suite.test("ARC-R5 with NACK packets sent again are taken 128 packets later at least", (check) => {
		const world = new TwoEnds(25, { ...BOTH, replayWindow: 64 }, { ...BOTH, replayWindow: 64 });
		world.start();
		check.ok((world.b.session.incoming.video?.replayWindow ?? 0) >= 128);
		const other = new TwoEnds(26, BOTH, { ...BOTH, nack: false, replayWindow: 64 });
		other.start();
		check.equal(other.b.session.incoming.video?.replayWindow, 64);
	});

	suite.test("ARC-G8 packets that wait are not sent when their stream has ended", (check) => {
		const world = new TwoEnds(27);
		const { a, b } = world;
		world.start();
		world.pass(100);
		const { queue, outgoing } = a.session;
		const sent = a.bytesSent;
		a.status = DatagramStatus.AGAIN;
		a.makeSound(world.now);
		a.makePicture(9000, true, world.now);
		a.makePicture(9000, false, world.now);
		check.ok(queue.waiting > 0);
		outgoing.stop();
		a.status = 0;
		queue.flush(world.now);
		check.equal(a.bytesSent, sent);
		check.equal(queue.waiting, 0);
		check.equal(queue.broken, 0);
		check.ok(b.heardWrong === 0);
	});

	suite.test("ARC-K8 after its keys were wiped no control packet is authentic under a key of zeros", (check) => {
		const world = new TwoEnds(28);
		const { a } = world;
		world.start();
		world.pass(500);
		a.session.sendKeys.wipe();
		check.equal(a.session.sendKeys.epoch, -1);
		check.ok(!a.session.rekeySending(material(1, 0), 0, world.now), "the same epoch again");
		check.ok(a.session.rekeySending(material(1, 1), 1, world.now));
	});
}
