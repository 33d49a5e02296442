/** Real programs as viewers and servers. */
import { execFile, spawn } from "node:child_process";
import type { TestContext } from "node:test";
import { atEnd } from "./at_end.ts";
import { promisify } from "node:util";

const execute = promisify(execFile);

export interface Output {
	readonly stdout: string;
	readonly stderr: string;
}

/** Runs a program to its end; a code other than 0, or the end of the time, rejects with what it said. */
export async function run(program: string, args: readonly string[], timeoutMs = 60_000): Promise<Output> {
	try {
		return await execute(program, args, { timeout: timeoutMs, maxBuffer: 64 * 1024 * 1024 });
	} catch (error) {
		const failure = error as Error & { code?: unknown; killed?: boolean; stderr?: string; stdout?: string };
		if (failure.code === "ENOENT") throw new Error(`${program} is missing: see the Debian packages in the README`);
		const why = failure.killed === true ? `was not done within ${timeoutMs} ms` : `ended with ${String(failure.code)}`;
		throw new Error(`${program} ${why}:\n${failure.stderr ?? ""}${failure.stdout ?? ""}`);
	}
}

/** A server that prints the port it listens on as its first line; it goes with the test. */
export function server(test: TestContext, program: string, args: readonly string[], timeoutMs = 15_000): Promise<number> {
	return new Promise((resolve, reject) => {
		const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
		let said = "";
		const timer = setTimeout(() => reject(new Error(`${program} named no port within ${timeoutMs} ms:\n${said}`)), timeoutMs);
		child.stderr.on("data", (text: Buffer) => {
			said += text.toString();
		});
		child.stdout.on("data", (text: Buffer) => {
			said += text.toString();
			const port = /^(\d+)$/m.exec(said)?.[1];
			if (port === undefined) return;
			clearTimeout(timer);
			resolve(Number(port));
		});
		child.once("error", reject);
		child.once("exit", () => {
			clearTimeout(timer);
			reject(new Error(`${program} ended:\n${said}`));
		});
		atEnd(
			test,
			() =>
				new Promise<void>((done) => {
					if (child.exitCode !== null || child.signalCode !== null) {
						done();
						return;
					}
					child.once("exit", () => done());
					child.kill("SIGKILL");
				}),
		);
	});
}
