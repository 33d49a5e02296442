/** What the host gives the program: arguments, output, signals, exit, and the engine's own counters. */

/** The command line after the program's name; empty on hosts without one. */
export function args(): string[];

/** Writes one line and a line end to standard output, unbuffered. Never throws; a closed output is ignored. */
export function print(text: string): void;

/** The same on standard error. */
export function printError(text: string): void;

/** Ends the event loop and then the process with `code` (0..255). Returns; nothing further is dispatched. */
export function exit(code: number): void;

/** Calls `handler` on the event loop when the host is asked to stop (SIGTERM, SIGINT). One handler; a later one replaces it. */
export function onStop(handler: () => void): void;

/** The engine's counters, each an integer. Filled by {@link readCounters}. */
export declare const Counter: {
	/** Slots in use (16 bytes each on 32-bit targets, 32 on 64-bit ones). */
	readonly SLOTS: 0;
	/** Slots the heap holds. */
	readonly SLOTS_TOTAL: 1;
	/** Most slots ever in use. */
	readonly SLOTS_PEAK: 2;
	/** Bytes of chunks in use. */
	readonly CHUNKS: 3;
	/** Bytes of chunks the heap holds. */
	readonly CHUNKS_TOTAL: 4;
	/** Most chunk bytes ever in use. */
	readonly CHUNKS_PEAK: 5;
	/** Garbage collections since the start. */
	readonly COLLECTIONS: 6;
	/** Stack slots the machine has. */
	readonly STACK_TOTAL: 7;
	/** Keys the running program added, and how many it may. */
	readonly KEYS: 8;
	readonly KEYS_TOTAL: 9;
	/** Aliases: one pointer each, for objects of the read-only root that the program may replace. */
	readonly ALIASES: 10;
	/** Slots of the read-only root (ROM), and bytes of its chunks and code. */
	readonly ROM_SLOTS: 11;
	readonly ROM_CHUNKS: 12;
	/** Bytes of a slot on this target. */
	readonly SLOT_SIZE: 13;
	/** Resident set of the process in bytes; 0 where the host cannot tell. */
	readonly RESIDENT: 14;
	/** Open file descriptors (sockets); 0 where the host cannot tell. */
	readonly DESCRIPTORS: 15;
	/** Bytes of other engine tables in RAM (name and symbol tables, the machine's own record). */
	readonly TABLES: 16;
	/** 1 when the root is a read-only image made at build time, 0 when it was made at boot and then protected. */
	readonly ROM_IMAGE: 17;
	/** Turns of the event loop since the start: wake-ups of the process. */
	readonly TURNS: 18;
	readonly COUNT: 19;
};

/** Fills `view` (an array over its whole buffer, at least `Counter.COUNT` elements) without allocating. Does not collect garbage. */
export function readCounters(view: Int32Array): void;

/** Collects garbage now: for tests and for the memory report, not for packet paths. */
export function collectGarbage(): void;

/** The target this program was built for: "linux64", "linux32", "armhf", "lin", "esp32". */
export function target(): string;
