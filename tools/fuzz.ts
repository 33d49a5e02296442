/**
 * usage: npm run fuzz -- NAME [COUNT [SEED [TARGET]]]
 * Feeds COUNT (1000000) damaged messages of the protocol NAME to the device's state machines on XS, in blocks of the seeds SEED,
 * SEED + 1 and so on (default: by the clock), and tells what was fed, how fast, and what memory did. A failure names its block's seed:
 * `npm run fuzz -- NAME 1 THAT_SEED` shows it again, and the fuzzer's `kept` makes a test of it. Exit code 1 when something failed.
 */
import { spawnSync } from "node:child_process";
import { BuildError, build } from "./build.ts";
import { ensure, toBuild } from "./packages.ts";

const [name, count = "1000000", seed = String(Date.now() % 1_000_000_000), target = "linux64"] = process.argv.slice(2);

try {
	if (name === undefined) throw new BuildError("usage: npm run fuzz -- NAME [COUNT [SEED [TARGET]]]", "");
	for (const number of [count, seed])
		if (!/^\d{1,9}$/.test(number)) throw new BuildError(`${number}: must be a number of at most 9 digits`, "");
	if (ensure(toBuild).length > 0) process.exit(1);
	const made = await build({ target, app: "unit", quiet: true });
	const [program = "", ...before] = [...made.target.runner, made.executable];
	const { status } = spawnSync(program, [...before, "--fuzz", name, count, seed], { stdio: "inherit" });
	process.exit(status ?? 1);
} catch (error) {
	console.error(`fuzz: ${(error as Error).message}`);
	if (error instanceof BuildError && error.detail) console.error(error.detail);
	process.exit(1);
}
