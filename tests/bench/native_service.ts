/** The Arrow service of the benchmarks, arrow_service.c, built when it is missing or out of date, in a process of its own. */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, renameSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL("arrow_service.c", import.meta.url));
const program = fileURLToPath(new URL("../../build/bench/arrow_service", import.meta.url));

export interface NativeService {
	readonly pid: number;
	/** The next port it prints: the device's, then the viewers'. */
	next(): Promise<number>;
	close(): void;
}

function time(path: string): number {
	return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function compile(): void {
	if (time(program) > time(source)) return;
	mkdirSync(dirname(program), { recursive: true });
	const made = join(dirname(program), `arrow_service.${process.pid}`);
	const result = spawnSync("cc", ["-O2", "-Wall", "-Wextra", "-o", made, source, "-lssl", "-lcrypto"], { encoding: "utf8" });
	if (result.status !== 0) {
		const reason = result.error?.message ?? result.stderr.split("\n").find((line) => line.includes("error")) ?? "cc failed";
		throw new Error(`the Arrow service of the benchmark needs gcc and libssl-dev: ${reason}`);
	}
	renameSync(made, program);
}

export function startService(chain: string, key: string): NativeService {
	compile();
	const child = spawn(program, [chain, key], { stdio: ["ignore", "pipe", "inherit"] });
	const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
	return {
		pid: child.pid ?? 0,
		next: async () => {
			const line = await lines.next();
			if (line.done) throw new Error("the Arrow service ended early");
			return Number(line.value);
		},
		close: () => child.kill(),
	};
}
