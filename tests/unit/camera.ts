import { Camera, type SourceOpener } from "media/camera";
import { type Frame, FrameStore, frameStoreBytes } from "media/frames";
import { type FrameSource, SourceStatus } from "media/source";
import V4L2 from "media/v4l2";
import { Arena } from "storage/arena";
import { Quiet } from "unit/quiet";
import { Scratch } from "unit/scratch";
import type { Suite } from "unit/suite";

/** A source whose answers the test decides. */
class Script implements FrameSource {
	readonly paced: boolean;
	patient = false;
	error = "";
	oversized = 0;
	damaged = 0;
	answer = 5;
	reads = 0;
	discarded = 0;
	closed = false;

	constructor(paced: boolean) {
		this.paced = paced;
	}

	read(): number {
		this.reads++;
		return this.answer;
	}

	discard(): void {
		this.discarded++;
	}

	close(): void {
		this.closed = true;
	}
}

class Bench implements SourceOpener {
	readonly #paced: boolean;
	readonly store: FrameStore;
	readonly log = new Quiet();
	readonly camera: Camera;
	source: Script | undefined;
	opened = 0;
	refuse = "";
	patient = false;

	constructor(rate: number, paced: boolean) {
		const arena = new Arena(frameStoreBytes(3, 100, 0, 1));
		this.store = new FrameStore({ arena, offset: 0, buffers: 3, frameBytes: 100, headroom: 0, tailroom: 1 });
		this.#paced = paced;
		this.camera = new Camera({ store: this.store, rate, logger: this.log, opener: this });
	}

	openSource(): FrameSource {
		this.opened++;
		if (this.refuse !== "") throw new Error(this.refuse);
		this.source = new Script(this.#paced);
		this.source.patient = this.patient;
		return this.source;
	}
}

export default function (suite: Suite): void {
	suite.test("camera: a file is read at the configured rate", (check) => {
		const bench = new Bench(10, false);
		check.equal(bench.camera.advance(1000), undefined, "opens");
		check.equal(bench.camera.deadline, 1000);
		for (let i = 0; i < 50; i++) {
			const now = bench.camera.deadline;
			check.equal(now, 1000 + 100 * i);
			check.equal(bench.camera.advance(now - 1), undefined, "not before its time");
			const frame = bench.camera.advance(now + 3) as Frame;
			check.equal(frame.sequence, i + 1);
			check.equal(frame.time, now + 3);
		}
		check.equal(bench.camera.frames, 50);
		check.equal(bench.camera.late, 0);
	});

	suite.test("camera: a late device leaves frames out and keeps the beat", (check) => {
		const bench = new Bench(10, false);
		bench.camera.advance(0);
		bench.camera.advance(0);
		bench.camera.advance(555);
		check.equal(bench.camera.deadline, 600);
		check.equal(bench.camera.late, 4);
		check.equal(bench.camera.frames, 2);
	});

	suite.test("camera: a source that paces itself is read when it says so, and dropped when no buffer is free", (check) => {
		const bench = new Bench(30, true);
		check.equal(bench.camera.captured(0), undefined, "not open yet");
		bench.camera.advance(0);
		for (let i = 0; i < 3; i++) {
			check.ok(bench.camera.captured(i * 33));
			bench.store.acquire(false);
		}
		check.equal(bench.camera.captured(100), undefined);
		check.equal((bench.source as Script).discarded, 1);
		check.equal(bench.store.starved, 1);
		check.equal(bench.camera.failures, 0);
	});

	suite.test("camera: one that gets its pictures back by itself is left alone when it falls silent", (check) => {
		const bench = new Bench(30, true);
		bench.patient = true;
		bench.camera.advance(0);
		check.equal(bench.camera.deadline, Infinity);
		check.ok(bench.camera.captured(40));
		check.equal(bench.camera.deadline, Infinity);
		check.equal(bench.camera.failures, 0);
		bench.camera.close();
		check.equal((bench.source as Script).closed, true);
	});

	suite.test("camera: one that falls silent is opened again", (check) => {
		const bench = new Bench(30, true);
		bench.camera.advance(0);
		bench.camera.captured(100);
		const first = bench.source as Script;
		check.equal(bench.camera.deadline, 5100);
		bench.camera.advance(5100);
		check.ok(first.closed);
		check.equal(bench.camera.failures, 1);
		check.equal(bench.log.events[1], "camera failed");
		bench.camera.advance(6100);
		check.equal(bench.opened, 2);
	});

	suite.test("camera: a source that cannot be opened is tried again, ever slower, for ever", (check) => {
		const bench = new Bench(10, false);
		bench.refuse = "no such camera";
		let now = 0;
		const waits: number[] = [];
		for (let i = 0; i < 10; i++) {
			bench.camera.advance(now);
			waits.push(bench.camera.deadline - now);
			now = bench.camera.deadline;
		}
		check.equal(waits.join(), "1000,2000,4000,8000,16000,32000,60000,60000,60000,60000");
		check.equal((bench.log.fields as { reason: string }).reason, "no such camera");
		bench.refuse = "";
		bench.camera.advance(now);
		check.ok(bench.camera.advance(now), "a frame");
		(bench.source as Script).answer = SourceStatus.FAILED;
		bench.camera.advance(bench.camera.deadline);
		check.equal((bench.log.fields as { retry: number }).retry, 1, "a frame makes it patient again");
	});

	suite.test("camera: counters outlive the source, nothing happens after close", (check) => {
		const bench = new Bench(10, false);
		bench.camera.advance(0);
		const first = bench.source as Script;
		first.oversized = 3;
		first.damaged = 2;
		first.answer = SourceStatus.FAILED;
		bench.camera.advance(0);
		bench.camera.advance(1000);
		(bench.source as Script).damaged = 1;
		check.equal(bench.camera.oversized, 3);
		check.equal(bench.camera.damaged, 3);
		bench.camera.close();
		check.ok((bench.source as Script).closed);
		check.equal(bench.camera.advance(1e9), undefined);
		check.equal(bench.camera.captured(1e9), undefined);
		check.equal(bench.opened, 2);
	});

	suite.test("v4l2: what cannot be opened is named with what to look at", (check) => {
		const open = (device: string) => () => new V4L2({ device, width: 640, height: 480, rate: 10 });
		const scratch = new Scratch();
		check.throws(
			open("/dev/video-none"),
			"/dev/video-none is not there: no camera is connected, or its driver is not loaded (ENOENT)",
		);
		check.throws(open(scratch.write("file", new Uint8Array(1))), "is no device");
		check.throws(open("/dev/null"), "/dev/null is no video device");
		check.throws(open("/dev/" + "v".repeat(100)), "too long");
		check.throws(() => new V4L2({ device: "/dev/video0", width: 5, height: 480, rate: 10 }), "width must be 16 to 16384");
		scratch.remove();
	});
}
