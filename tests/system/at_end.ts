/** What a test has started, ended in the reverse order. */
import type { TestContext } from "node:test";

type Step = () => unknown;
const steps = new WeakMap<TestContext, Step[]>();

/** Runs `step` when the test is over, before everything asked for earlier. The first error is the test's. */
export function atEnd(test: TestContext, step: Step): void {
	const known = steps.get(test);
	if (known !== undefined) {
		known.push(step);
		return;
	}
	const list = [step];
	steps.set(test, list);
	test.after(async () => {
		let failure: unknown;
		for (let next = list.pop(); next !== undefined; next = list.pop()) {
			try {
				await next();
			} catch (error) {
				failure ??= error;
			}
		}
		if (failure !== undefined) throw failure;
	});
}
