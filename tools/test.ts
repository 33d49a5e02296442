/**
 * Every test there is: formatting and lint, types, the tests that run on XS (on each target), and those that run on Node against
 * the real executable. Ends in the line `N passed, N failed` (and `, N skipped`); exit code 1 when one failed.
 *
 * usage: npm test [-- PART...]   parts: lint, types, unit, tools, peers, system, fault
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { run } from "node:test";
import { BuildError, build, root } from "./build.ts";
import { ensure, toBuild, toTest } from "./packages.ts";
import { targetReady, targets } from "./targets.ts";

const total = { passed: 0, failed: 0, skipped: 0 };

function pass(title: string): void {
	total.passed++;
	console.log(`ok   ${title}`);
}

function fail(title: string, detail: string): void {
	total.failed++;
	console.log(`FAIL ${title}`);
	for (const line of detail.trimEnd().split("\n").slice(0, 60)) console.log(`     ${line}`);
}

function skip(title: string, why: string): void {
	total.skipped++;
	console.log(`skip ${title}: ${why}`);
}

/** A tool that says all is well by its exit code. */
function command(title: string, name: string, args: string[]): void {
	const result = spawnSync(join(root, "node_modules/.bin", name), args, { cwd: root, encoding: "utf8" });
	if (result.status === 0) pass(title);
	else fail(title, `${result.stdout}${result.stderr}`);
}

/** The unit tests on XS for one target: a line a test, then the sum, which must agree. */
async function unit(name: string): Promise<void> {
	const target = targets[name];
	if (!target) throw new Error(`${name}: no such target`);
	if (!targetReady(target)) return skip(`${name}: tests on XS`, `Debian's ${target.packages.join(" ")} could not be installed`);
	let executable: string;
	try {
		({ executable } = await build({ target: name, app: "unit" }));
		await build({ target: name });
		pass(`${name}: builds`);
	} catch (error) {
		return fail(`${name}: builds`, `${(error as Error).message}\n${error instanceof BuildError ? error.detail : ""}`);
	}
	// What an emulator runs takes twenty times as long.
	const [runner, ...rest] = [...target.runner, executable, ...(target.runner.length > 0 ? ["--short"] : [])];
	const child = spawn(runner as string, rest, { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
	let passed = 0;
	let failed = 0;
	let sum = "";
	for await (const line of createInterface({ input: child.stdout })) {
		if (line.startsWith("ok ")) passed++;
		else if (line.startsWith("not ok ")) {
			failed++;
			fail(`${name}: ${line.slice(7)}`, "");
		} else if (/^\d+ passed, \d+ failed$/.test(line)) sum = line;
	}
	const code = await new Promise<number | null>((resolve) =>
		child.exitCode !== null ? resolve(child.exitCode) : child.on("close", resolve),
	);
	total.passed += passed;
	if (sum === `${passed} passed, ${failed} failed` && passed > 0) console.log(`ok   ${name}: ${passed} tests on XS`);
	else fail(`${name}: the tests on XS ended early`, `exit code ${code}, sum "${sum}" after ${passed + failed} tests`);
}

/** The tests that run on Node: `tests/<folder>/*.test.ts`. */
async function node(folder: string): Promise<void> {
	const path = join(root, "tests", folder);
	const files = existsSync(path)
		? readdirSync(path, { recursive: true })
				.map(String)
				.filter((file) => file.endsWith(".test.ts"))
				.sort()
				.map((file) => join(path, file))
		: [];
	if (files.length === 0) return;
	// One file after the other: most of them measure the device's memory and times, and share two cores.
	const stream = run({ files, concurrency: 1, timeout: 600_000 });
	for await (const event of stream) {
		if (event.type !== "test:pass" && event.type !== "test:fail") continue;
		const data = event.data as {
			name: string;
			nesting: number;
			skip?: string | boolean;
			details: { type?: string; error?: Error };
		};
		// A file and a suite are counted by what they hold, unless they fail by themselves.
		if (data.details.type === "suite" || data.name.endsWith(".test.ts")) {
			if (event.type === "test:fail" && data.name.endsWith(".test.ts"))
				fail(`${folder}: ${data.name}`, String(data.details.error?.message ?? ""));
			continue;
		}
		if (data.skip !== undefined && data.skip !== false) skip(`${folder}: ${data.name}`, String(data.skip));
		else if (event.type === "test:pass") pass(`${folder}: ${data.name}`);
		else
			fail(
				`${folder}: ${data.name}`,
				String((data.details.error?.cause as Error | undefined)?.stack ?? data.details.error?.stack ?? ""),
			);
	}
}

async function main(): Promise<void> {
	const parts = process.argv.slice(2);
	const wanted = (part: string): boolean => parts.length === 0 || parts.includes(part);
	const start = Date.now();
	if (ensure(toBuild).length > 0) process.exit(1);
	ensure(toTest);
	if (wanted("lint")) command("lint and format", "biome", ["check", "--error-on-warnings", "."]);
	if (wanted("types")) {
		command("types of the device", "tsc", ["-p", "tsconfig.json"]);
		command("types of tools and peers", "tsc", ["-p", "tests/tsconfig.json"]);
	}
	if (wanted("unit")) for (const name of Object.keys(targets)) await unit(name);
	else await build({ quiet: true });
	for (const folder of ["tools", "peers", "system", "fault"]) if (wanted(folder)) await node(folder);
	console.log(`\n${((Date.now() - start) / 1000).toFixed(0)} s`);
	console.log(`${total.passed} passed, ${total.failed} failed${total.skipped ? `, ${total.skipped} skipped` : ""}`);
	process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);
}

main().catch((error: Error) => {
	console.error(`test: ${error.message}`);
	if (error instanceof BuildError && error.detail) console.error(error.detail);
	process.exit(1);
});
