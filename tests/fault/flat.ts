/** Whether the memory of a device stays where it was, by samples over many cycles. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { Metrics } from "../system/device.ts";

/** Slots by which two samples differ anyway. */
const LEAST_SLOTS = 400;
/** Chunk bytes by which two samples differ anyway: one may be taken right behind a collection, the other a cycle later. */
const LEAST_CHUNKS = 65_536;
const GROWTH_BYTES = 65_536;

/** A device between two cycles. */
export interface Sample extends Metrics {
	/** Bytes of memory of its own besides the engine's heap, which is of fixed size and is touched bit by bit until its first compaction. */
	readonly outside: number;
}

/** Adds what Linux tells of the process; `statm` would tell it in steps of 128 KiB. */
export function sample(pid: number, metrics: Metrics): Sample {
	const anonymous = /^Anonymous:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "latin1"))?.[1];
	return { ...metrics, outside: Number(anonymous) * 1_024 - metrics.memory.chunks.peak };
}

/** The fewest slots in use that were seen: what a collection left. */
const least = (samples: readonly Sample[]): number => Math.min(...samples.map((one) => one.memory.slots.used));

/** The most slots that one cycle takes before they are collected. */
function largestStep(samples: readonly Sample[]): number {
	let largest = 0;
	for (const [index, { memory }] of samples.entries()) {
		const before = samples[index - 1]?.memory;
		if (before?.collections === memory.collections) largest = Math.max(largest, memory.slots.used - before.slots.used);
	}
	return largest;
}

/** The engine moves chunks together only when their heap is full: where that was seen in both halves, the second must not keep more. */
function leastChunks(early: readonly Sample[], late: readonly Sample[]): string {
	const of = (samples: readonly Sample[]): number | undefined => {
		const used = samples.map((one) => one.memory.chunks.used);
		return used.some((bytes, index) => bytes < (used[index - 1] ?? 0)) ? Math.min(...used) : undefined;
	};
	const [before, after] = [of(early), of(late)];
	if (before === undefined || after === undefined) return "chunks were never moved together";
	assert.ok(after <= before + LEAST_CHUNKS, `${after - before} chunk bytes more in use`);
	return `chunk bytes ${before} → ${after}`;
}

/** What the process has more of at the end, besides the engine's heap. */
function assertOutside(first: Sample, last: Sample, cycles: number): string {
	const growth = last.outside - first.outside;
	assert.ok(growth <= GROWTH_BYTES, `the process has ${growth} bytes more after ${cycles} cycles`);
	assert.equal(last.memory.descriptors, first.memory.descriptors, "open descriptors");
	const sign = growth >= 0 ? "+" : "";
	return `descriptors ${last.memory.descriptors}, outside the heap ${sign}${growth} bytes, ${last.memory.collections} collections`;
}

/** Fails when the later half of the samples has more memory in use than the earlier one. The first `warmUp` do not count. @returns the figures in a line. */
export function assertFlat(samples: readonly Sample[], warmUp: number): string {
	const settled = samples.slice(warmUp);
	const [first, last] = [settled[0], settled.at(-1)];
	assert.ok(first !== undefined && last !== undefined);
	const half = settled.length >> 1;
	const collections = last.memory.collections - first.memory.collections;
	assert.ok(collections >= 4, `${collections} collections: too few to tell anything`);
	// A sample is taken up to a cycle after the collection before it.
	const slots = [least(settled.slice(0, half)), least(settled.slice(half))] as const;
	const grown = slots[1] - slots[0];
	assert.ok(grown <= Math.max(largestStep(settled), LEAST_SLOTS), `${grown} slots more in use over ${half} cycles`);
	const chunks = leastChunks(settled.slice(0, half), settled.slice(half));
	const rest = assertOutside(first, last, settled.length);
	return `slots ${slots.join(" → ")}, ${chunks}, ${rest}`;
}

/**
 * Fails when anything was taken between any two samples but what the sample itself costs, which the first two tell: nothing happened
 * between them. For work that makes no garbage at all. @returns the figures in a line.
 */
export function assertNothingTaken(samples: readonly Sample[], warmUp: number): string {
	const [one, two, ...rest] = samples;
	const settled = rest.slice(warmUp);
	const [first, last] = [settled[0], settled.at(-1)];
	assert.ok(one !== undefined && two !== undefined && first !== undefined && last !== undefined);
	assert.equal(
		one.memory.collections,
		two.memory.collections,
		"garbage was collected in the idle samples: their cost is not known",
	);
	const slots = two.memory.slots.used - one.memory.slots.used;
	const chunks = two.memory.chunks.used - one.memory.chunks.used;
	let most = 0;
	for (const [index, { memory }] of settled.entries()) {
		const before = settled[index - 1]?.memory;
		if (before === undefined || before.collections !== memory.collections) continue;
		most = Math.max(most, memory.slots.used - before.slots.used - slots);
		const more = memory.chunks.used - before.chunks.used - chunks;
		assert.ok(more <= 0, `${more} chunk bytes were taken`);
	}
	assert.ok(most <= 0, `${most} slots were taken`);
	return `slots and chunk bytes taken: 0 (a sample takes ${slots} and ${chunks}), ${assertOutside(first, last, settled.length)}`;
}
