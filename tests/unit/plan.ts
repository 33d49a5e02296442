import { MemoryPlan } from "storage/plan";
import type { Suite } from "unit/suite";

function sample(): MemoryPlan {
	const plan = new MemoryPlan();
	plan.reserve("rings", 4000, "arrow.window");
	plan.reserve("output", 1001, "");
	plan.note("TLS engine", 9000, "");
	plan.note("frames", 2000, "camera.frames");
	return plan;
}

export default function plan(suite: Suite): void {
	suite.test("plan: regions follow one another, aligned, in one arena", (check) => {
		const plan = sample();
		plan.reserve("last", 1, "");
		const arena = plan.allocate();
		check.equal(plan.offset("rings"), 0);
		check.equal(plan.offset("output"), 4000);
		check.equal(plan.offset("last"), 5008);
		check.equal(plan.size("output"), 1001);
		check.equal(arena.buffer.byteLength, 5016);
		check.equal(arena.bytes.length, 5016);
		check.equal(arena.view.byteLength, 5016);
		check.ok(plan.allocate() === arena, "made once");
	});
	suite.test("plan: the sum counts the arena and what lies elsewhere", (check) => {
		check.equal(sample().total, 4000 + 1008 + 9000 + 2000);
	});
	suite.test("plan: what does not fit is refused with the largest key that can be changed", (check) => {
		const plan = sample();
		check.equal(plan.check(16008), "");
		check.equal(
			plan.check(16000),
			"memory plan: 16008 bytes needed, 16000 allowed, 8 too many; change arrow.window (rings: 4000 bytes)",
		);
	});
	suite.test("plan: one line per entry and the sum", (check) => {
		check.equal(
			sample().lines().join("|"),
			"      4000  rings  [arrow.window]|      1001  output|      9000  TLS engine|      2000  frames  [camera.frames]|         7  alignment|     16008  sum",
		);
	});
	suite.test("plan: a host can give the memory", (check) => {
		const plan = sample();
		let asked = 0;
		const arena = plan.allocate((bytes) => {
			asked = bytes;
			return new ArrayBuffer(bytes);
		});
		check.equal(asked, 5008);
		check.equal(arena.buffer.byteLength, 5008);
	});
	suite.test("plan: a program's mistakes are refused", (check) => {
		const plan = sample();
		check.throws(() => plan.reserve("rings", 1, ""), "twice");
		check.throws(() => plan.reserve("odd", 1.5, ""), "1.5 bytes");
		check.throws(() => plan.reserve("none", -1, ""), "-1 bytes");
		check.throws(() => plan.offset("TLS engine"), "nothing reserved");
		check.throws(() => plan.size("nobody"), "no entry");
		plan.allocate();
		check.throws(() => plan.reserve("late", 1, ""), "after allocation");
	});
}
