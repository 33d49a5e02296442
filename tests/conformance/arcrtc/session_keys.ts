import { Scene, SESSION_ID } from "conformance/arcrtc/session_scene";
import { PACKETS_PER_KEY, ROTATION_MARGIN } from "arcrtc/constants";
import type { Suite } from "unit/suite";

const DAY = 24 * 3600 * 1000;

/** Both ends have the same keys. */
function same(scene: Scene): boolean {
	const a = scene.a.session.rotation;
	const b = scene.b.session.rotation;
	if (a === undefined || b === undefined || a.epoch !== b.epoch) return false;
	const x = new Uint8Array(a.master);
	const y = new Uint8Array(b.master);
	for (let i = 0; i < 32; i++) if (x[i] !== y[i]) return false;
	return true;
}

export default function sessionKeys(suite: Suite): void {
	suite.test("ARC-K6 ARC-K7 new keys by hand: both ends have them for all streams, old ones go after a second", (check) => {
		const scene = new Scene().open();
		const { a, b } = scene;
		const sending = a.session.sending;
		a.session.rekey(scene.now);
		scene.pass(100);
		const [rotate] = a.sent;
		check.equal(rotate.type + " " + rotate.epoch + " " + rotate.reason, "KEY_ROTATE 1 manual");
		const [ack] = b.sent;
		check.equal(ack.type + " " + ack.re + " " + ack.epoch, "KEY_ROTATE_ACK " + rotate.id + " 1");
		check.ok(same(scene));
		check.equal(a.media.sendKeys.epoch + b.media.sendKeys.epoch, 2);
		const [keys] = a.media.receiveKeys;
		check.equal(keys.epoch, 1);
		check.ok(keys.olderKept, "nothing came under the new ones");
		check.ok(a.session.sending === sending, "streams go on");
		scene.pass(30_000);
		check.ok(keys.olderKept);
		// The first packet under the new keys, as the opener tells it.
		keys.turn(1, scene.now);
		b.media.receiveKeys[0].turn(1, scene.now);
		a.session.tick(scene.now);
		b.session.tick(scene.now);
		scene.pass(990);
		check.ok(keys.olderKept);
		scene.pass(20);
		check.ok(!keys.olderKept && keys.even.epoch === -1, "overwritten");
		b.session.rekey(scene.now);
		scene.pass(100);
		check.ok(same(scene));
		check.equal(a.media.receiveKeys[0].epoch, 2);
	});
	suite.test("ARC-K7 without packets the old keys go after a minute, and the next rotation finds a place", (check) => {
		const scene = new Scene().open();
		for (let epoch = 1; epoch <= 5; epoch++) {
			scene.a.session.rekey(scene.now);
			scene.pass(100);
			check.ok(same(scene), "epoch " + epoch);
			check.equal(scene.b.media.receiveKeys[0].epoch, epoch);
			scene.pass(61_000);
			check.ok(!scene.b.media.receiveKeys[0].olderKept);
		}
		check.equal(scene.a.state + scene.b.state, "openopen");
	});
	suite.test("ARC-K6 both ask at once: the lower peer_id wins, and both end up with the same keys", (check) => {
		const scene = new Scene().open();
		scene.a.session.rekey(scene.now);
		scene.b.session.rekey(scene.now);
		scene.pass(5000);
		check.ok(same(scene));
		check.equal(scene.a.session.rotation?.epoch, 1);
		check.equal(scene.a.sent.filter((message) => message.type === "KEY_ROTATE_ACK").length, 0, "alpha is lower");
		check.equal(scene.b.sent.filter((message) => message.type === "KEY_ROTATE_ACK").length, 1);
		check.equal(scene.a.session.errors + scene.b.session.errors, 0);
	});
	suite.test("ARC-K6 the one-sided way: the answer has no key", (check) => {
		const scene = new Scene({}, { oneSided: true }).open();
		scene.a.session.rekey(scene.now);
		scene.pass(100);
		check.equal(scene.b.sent[0].public_key, undefined);
		check.ok(same(scene));
	});
	suite.test("ARC-K4 KEY_ROTATE comes at 24 h, not at 23:59", (check) => {
		const scene = new Scene({ audio: undefined }, { audio: undefined }).open();
		const { a, b } = scene;
		a.keepsBeats = b.keepsBeats = false;
		scene.pass(DAY - 60_000 - 200);
		check.ok(!a.sent.concat(b.sent).some((message) => message.type === "KEY_ROTATE"));
		scene.pass(61_000);
		check.ok(a.sent.concat(b.sent).some((message) => message.type === "KEY_ROTATE" && message.reason === "interval"));
		check.ok(same(scene));
		check.equal(a.session.rotation?.epoch, 1);
	});
	suite.test(
		"ARC-K5 keys are changed 2^20 packets before they are used up; without an answer the session ends and begins anew",
		(check) => {
			const scene = new Scene().open();
			const { a } = scene;
			const stream = a.media.outgoing.audio;
			check.ok(stream !== undefined);
			if (stream === undefined) return;
			stream.packets = PACKETS_PER_KEY - ROTATION_MARGIN - 1;
			a.session.tick(scene.now);
			check.equal(a.sent.length, 0);
			stream.packets++;
			scene.lostOfA = "KEY_ROTATE";
			a.session.tick(scene.now);
			check.equal(a.sent[0].reason, "packets");
			scene.pass(7500);
			const asked = a.sent.filter((message) => message.type === "KEY_ROTATE");
			check.equal(asked.length, 3);
			check.equal(asked[0].id, asked[2].id, "one request, one id");
			check.equal(a.media.sendKeys.epoch, 0, "the old keys stay");
			stream.packets = PACKETS_PER_KEY;
			a.session.tick(scene.now);
			check.equal(a.told(), "ended, closed: the keys are used up");
		},
	);
	suite.test(
		"ARC-K6 100 packets that fail in a second ask for new keys, once a minute; an ERROR about it is no harm",
		(check) => {
			const scene = new Scene().open();
			const { a, b } = scene;
			const attack = (): void => {
				for (let i = 0; i < 100; i++) a.media.opener.failures.add(scene.now);
				a.session.tick(scene.now);
			};
			attack();
			check.equal(a.said(), "", "before anything was ever opened it is no attack");
			a.media.opener.succeeded = true;
			attack();
			scene.pass(50);
			check.equal(a.sent[0].type + " " + a.sent[0].reason, "KEY_ROTATE security");
			check.ok(same(scene));
			a.take();
			scene.pass(10_000);
			attack();
			b.session.rekey(scene.now);
			scene.pass(10);
			check.ok(!a.sent.some((message) => message.type === "KEY_ROTATE"));
			check.equal(a.media.opener.succeeded, true);
			a.session.lost("test");
			check.equal(a.media.opener.succeeded, false, "another session begins without it");
		},
	);
	suite.test("ARC-K6 an ERROR to something else does not end a rotation, one to it makes it pause", (check) => {
		const scene = new Scene().open();
		const { a } = scene;
		scene.lostOfA = "KEY_ROTATE";
		a.session.rekey(scene.now);
		const { id } = a.sent[0];
		a.give({ type: "ERROR", session_id: SESSION_ID, id: 60, re: (id as number) + 7, code: "state" });
		scene.pass(1100);
		check.equal(a.sent.filter((message) => message.type === "KEY_ROTATE").length, 2, "goes on");
		a.give({ type: "ERROR", session_id: SESSION_ID, id: 61, re: id, code: "state" });
		scene.pass(5000);
		check.equal(a.sent.filter((message) => message.type === "KEY_ROTATE").length, 2, "pauses");
		scene.lostOfA = "";
		scene.pass(10_000);
		check.ok(same(scene));
		check.equal(a.session.rotation?.epoch, 1);
	});
	suite.test("ARC-K8 ARC-K9 what was secret is overwritten when the session ends", (check) => {
		const scene = new Scene().open();
		const { a } = scene;
		const { rotation } = a.session;
		const master = new Uint8Array(rotation?.master as ArrayBuffer);
		check.ok(master.some((byte) => byte !== 0));
		a.session.stop("user_request");
		check.ok(!master.some((byte) => byte !== 0));
		check.equal(a.media.sendKeys.epoch, -1);
		check.equal(a.media.sendKeys.cipher.salt0, 0);
		check.equal(a.media.receiveKeys[0].epoch, -1);
	});
}
