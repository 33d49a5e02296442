import { MemoryReport } from "device/memory_report";
import { Exit } from "device/options";
import type { Part } from "device/part";
import { VERSION } from "device/version";
import { Counter, collectGarbage, exit, onStop, print, readCounters, target } from "host/host";
import { LEVEL_ERROR, LEVEL_INFO, LEVEL_WARNING, type Logger } from "host/logger";
import type { MemoryPlan } from "storage/plan";
import Timer from "time/timer";

/** An orderly stop that is not done by then (ms) is cut short. */
const STOP_TIME = 1800;
/** How often (ms) it is looked whether cold paths left this many bytes of garbage, which nothing else would collect for days. */
const TIDY_TIME = 60_000;
const TIDY_BYTES = 65_536;

const State = Object.freeze({ MADE: 0, REPORTING: 1, RUNNING: 2, STOPPING: 3, STOPPED: 4 } as const);

export interface DeviceOptions {
	/** In the order in which they start; they stop in the reverse order. */
	parts: readonly Part[];
	plan: MemoryPlan;
	logger: Logger;
	/** Who it is, for the log. */
	uuid: string;
}

/**
 * The device as a whole, when everything is made: it starts to work, and stops in order when the host asks for it.
 * Starting waits for the first turn of the event loop: what making it needed is garbage by then, and the figures are true.
 */
export class Device {
	readonly #parts: readonly Part[];
	readonly #plan: MemoryPlan;
	readonly #logger: Logger;
	readonly #uuid: string;
	readonly #timer: Timer;
	readonly #counters = new Int32Array(Counter.COUNT);
	/** Chunk bytes in use after the last collection. */
	#chunks = 0;
	#state: number = State.MADE;
	/** Parts that have not ended yet, and one for the asking itself. */
	#ending = 0;

	constructor(options: DeviceOptions) {
		this.#parts = options.parts;
		this.#plan = options.plan;
		this.#logger = options.logger;
		this.#uuid = options.uuid;
		this.#timer = new Timer({ onTimer: () => this.#due() });
		this.#timer.schedule(0);
	}

	/** Prints what it takes of memory, and ends the program. */
	printMemory(): void {
		this.#state = State.REPORTING;
	}

	/** Works until the host asks for a stop. */
	run(): void {
		onStop(() => this.#stop());
	}

	#due(): void {
		if (this.#state === State.STOPPING) {
			this.#finish();
			return;
		}
		if (this.#state === State.RUNNING) {
			this.#tidy();
			return;
		}
		collectGarbage();
		const report = new MemoryReport(this.#plan);
		if (this.#state === State.REPORTING) {
			report.print(print);
			exit(Exit.OK);
		} else if (this.#state === State.MADE) this.#start(report);
	}

	#start(report: MemoryReport): void {
		try {
			for (let i = 0; i < this.#parts.length; i++) this.#parts[i].start();
		} catch (error) {
			this.#logger.log(LEVEL_ERROR, "device", "start-failed", { reason: (error as Error).message });
			exit(Exit.FAILED);
			return;
		}
		this.#state = State.RUNNING;
		this.#logger.log(LEVEL_INFO, "device", "started", {
			version: VERSION,
			target: target(),
			uuid: this.#uuid,
			...report.summary(),
		});
		this.#tidy();
		if (this.#parts.length === 0)
			this.#logger.log(LEVEL_WARNING, "device", "nothing-to-do", {
				reason: "the configuration has none of arrow, camera, discovery, kv and arcrtc",
			});
	}

	/** Collects the garbage of reconnects and log lines, so that their memory is used again and the heap's unused pages stay untouched. */
	#tidy(): void {
		readCounters(this.#counters);
		if (this.#counters[Counter.CHUNKS] - this.#chunks > TIDY_BYTES) {
			collectGarbage();
			readCounters(this.#counters);
			this.#chunks = this.#counters[Counter.CHUNKS];
		}
		this.#timer.schedule(TIDY_TIME);
	}

	#stop(): void {
		if (this.#state >= State.STOPPING) return;
		this.#state = State.STOPPING;
		this.#logger.log(LEVEL_INFO, "device", "stopping");
		this.#timer.schedule(STOP_TIME);
		const parts = this.#parts;
		const ended = (): void => {
			if (--this.#ending === 0) this.#finish();
		};
		this.#ending = 1;
		for (let i = parts.length - 1; i >= 0; i--) {
			const part = parts[i];
			if (part.stop === undefined) continue;
			this.#ending++;
			part.stop(ended);
		}
		ended();
	}

	#finish(): void {
		if (this.#state === State.STOPPED) return;
		this.#state = State.STOPPED;
		for (let i = this.#parts.length - 1; i >= 0; i--) this.#parts[i].close();
		this.#logger.log(LEVEL_INFO, "device", "stopped");
		exit(Exit.OK);
	}
}
