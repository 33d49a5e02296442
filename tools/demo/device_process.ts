/** The device as a child process: its log read line by line, its end watched. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { EventEmitter } from "node:events";
import { createInterface } from "node:readline";

const KEPT_LINES = 2_000;

/** One event of the device's log, as `log.format: "json"` writes it. */
export interface LogEvent {
	readonly time: string | number;
	readonly level: string;
	readonly area: string;
	readonly event: string;
	readonly [field: string]: unknown;
}

export interface DeviceExit {
	readonly code: number | null;
	readonly signal: NodeJS.Signals | null;
}

/** Reads a line of the log; what is no such object becomes an event of the area "output". */
export function readLogLine(line: string): LogEvent {
	try {
		const value: unknown = JSON.parse(line);
		if (typeof value === "object" && value !== null && "event" in value && "area" in value) return value as LogEvent;
	} catch {
		// Reports of a script that threw are plain text.
	}
	return { time: new Date().toISOString(), level: "error", area: "output", event: line };
}

/** Devices that this process has to end if it ends itself in any way. */
const running = new Set<ChildProcess>();
process.on("exit", () => {
	for (const child of running) child.kill("SIGKILL");
});

/** Events: "log" (LogEvent), "exit" (DeviceExit). */
export class DeviceProcess extends EventEmitter {
	/** The last events of the log, oldest first. */
	readonly log: LogEvent[] = [];
	readonly child: ChildProcess;
	/** Resolves when the process ended and its output was read. */
	readonly ended: Promise<DeviceExit>;
	exit: DeviceExit | undefined;

	/** `command` is the executable, for cross builds behind the program that runs it. */
	constructor(command: readonly string[], args: readonly string[], environment: NodeJS.ProcessEnv = process.env) {
		super();
		this.setMaxListeners(0);
		const [program = "", ...before] = command;
		this.child = spawn(program, [...before, ...args], { stdio: ["ignore", "pipe", "pipe"], env: environment });
		running.add(this.child);
		this.#read(this.child.stdout);
		this.#read(this.child.stderr);
		this.ended = new Promise((resolve) => {
			this.child.once("error", (error) => {
				this.#take({ time: new Date().toISOString(), level: "error", area: "output", event: error.message });
				this.#end({ code: null, signal: null }, resolve);
			});
			this.child.once("close", (code, signal) => this.#end({ code, signal }, resolve));
		});
	}

	get pid(): number {
		return this.child.pid ?? 0;
	}

	/** Asks it to stop, and after `patienceMs` ends it. */
	async stop(patienceMs = 2_000): Promise<DeviceExit> {
		if (this.exit === undefined) this.child.kill("SIGTERM");
		const timer = setTimeout(() => this.child.kill("SIGKILL"), patienceMs);
		const exit = await this.ended;
		clearTimeout(timer);
		return exit;
	}

	#read(stream: NodeJS.ReadableStream | null): void {
		if (stream === null) return;
		createInterface({ input: stream }).on("line", (line) => {
			if (line.trim() !== "") this.#take(readLogLine(line));
		});
	}

	#take(event: LogEvent): void {
		this.log.push(event);
		if (this.log.length > KEPT_LINES) this.log.shift();
		this.emit("log", event);
	}

	#end(exit: DeviceExit, resolve: (exit: DeviceExit) => void): void {
		if (this.exit !== undefined) return;
		this.exit = exit;
		running.delete(this.child);
		this.emit("exit", exit);
		resolve(exit);
	}
}
