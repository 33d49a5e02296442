export function args() @ "fletcher_host_args";
export function print(text) @ "fletcher_host_print";
export function printError(text) @ "fletcher_host_print_error";
export function exit(code) @ "fletcher_host_exit";
export function onStop(handler) @ "fletcher_host_on_stop";
export function readCounters(view) @ "fletcher_host_read_counters";
export function collectGarbage() @ "fletcher_host_collect_garbage";
export function target() @ "fletcher_host_target";

export const Counter = Object.freeze({
	SLOTS: 0,
	SLOTS_TOTAL: 1,
	SLOTS_PEAK: 2,
	CHUNKS: 3,
	CHUNKS_TOTAL: 4,
	CHUNKS_PEAK: 5,
	COLLECTIONS: 6,
	STACK_TOTAL: 7,
	KEYS: 8,
	KEYS_TOTAL: 9,
	ALIASES: 10,
	ROM_SLOTS: 11,
	ROM_CHUNKS: 12,
	SLOT_SIZE: 13,
	RESIDENT: 14,
	DESCRIPTORS: 15,
	TABLES: 16,
	ROM_IMAGE: 17,
	TURNS: 18,
	COUNT: 19,
});
