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
	/** Bytes of memory of its own besides the engine's arena, which is of fixed size and is touched bit by bit. */
	readonly outside: number;
}

/** Adds what Linux tells of the process, mapping by mapping; `statm` would tell a sum in steps of 128 KiB. */
export function sample(pid: number, metrics: Metrics): Sample {
	let sum = 0;
	let largest = { size: 0, own: 0 };
	let named = true;
	let size = 0;
	for (const line of readFileSync(`/proc/${pid}/smaps`, "latin1").split("\n")) {
		// A mapping without a name ends in its inode, which is 0; what cannot be written is only reserved.
		if (/^[0-9a-f]+-[0-9a-f]+ /.test(line)) named = !/ rw-p .* 0\s*$/.test(line);
		else if (line.startsWith("Size:")) size = Number.parseInt(line.slice(5), 10);
		else if (line.startsWith("Anonymous:")) {
			const own = Number.parseInt(line.slice(10), 10) * 1_024;
			sum += own;
			if (!named && size > largest.size) largest = { size, own };
		}
	}
	// The arena is the largest mapping that is nobody's file, heap or stack.
	return { ...metrics, outside: sum - largest.own };
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
	let step = LEAST_CHUNKS;
	const of = (samples: readonly Sample[]): number | undefined => {
		const used = samples.map((one) => one.memory.chunks.used);
		let moved = false;
		for (const [index, bytes] of used.entries()) {
			const before = used[index - 1] ?? bytes;
			if (bytes < before) moved = true;
			step = Math.max(step, bytes - before);
		}
		return moved ? Math.min(...used) : undefined;
	};
	const [before, after] = [of(early), of(late)];
	if (before === undefined || after === undefined) return "chunks were never moved together";
	assert.ok(after <= before + step, `${after - before} chunk bytes more in use`);
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
 * Fails when a piece of work, `pieces` of which lie between any two samples, takes a slot, or more chunk bytes than `most`: beside what the
 * sample itself costs, which the first two tell, as nothing happened between them. Where the engine moved chunks together, they must be back.
 * @returns the figures in a line.
 */
export function assertCost(samples: readonly Sample[], warmUp: number, pieces: number, most: number): string {
	const [one, two, ...rest] = samples;
	const settled = rest.slice(warmUp);
	const [first, last] = [settled[0], settled.at(-1)];
	assert.ok(one !== undefined && two !== undefined && first !== undefined && last !== undefined);
	assert.equal(
		one.memory.collections,
		two.memory.collections,
		"garbage was collected in the idle samples: their cost is not known",
	);
	const own = two.memory.slots.used - one.memory.slots.used;
	const ownChunks = two.memory.chunks.used - one.memory.chunks.used;
	let slots = 0;
	let chunks = 0;
	let told = 0;
	for (const [index, { memory }] of settled.entries()) {
		const before = settled[index - 1]?.memory;
		if (before === undefined || before.collections !== memory.collections) continue;
		told += 1;
		slots = Math.max(slots, memory.slots.used - before.slots.used - own);
		chunks = Math.max(chunks, memory.chunks.used - before.chunks.used - ownChunks);
	}
	assert.ok(told > settled.length / 4, `only ${told} of ${settled.length} spans without a collection`);
	assert.ok(slots <= 0, `${slots} slots were taken by ${pieces} pieces of work`);
	assert.ok(
		chunks <= pieces * most,
		`${chunks} chunk bytes were taken by ${pieces} pieces of work, ${most} for each are allowed`,
	);
	const half = settled.length >> 1;
	const kept = leastChunks(settled.slice(0, half), settled.slice(half));
	return `each takes 0 slots and ${(chunks / pieces).toFixed(0)} chunk bytes, ${kept}, ${assertOutside(first, last, settled.length)}`;
}
