export function lateness(times, media, now) @ "fletcher_timing_lateness";
export function arrive(times, media, now) @ "fletcher_timing_arrive";
export function arriveCounted(times, counts, media, now, limit) @ "fletcher_timing_arriveCounted";
export function uncount(counts, width, step, weight, target) @ "fletcher_timing_uncount";
export function count(counts, delay, now) @ "fletcher_timing_count";
export function target(counts) @ "fletcher_timing_target";
export function strange(state, unitsPerMs) @ "fletcher_timing_strange";
export function accept(state, print, units, now) @ "fletcher_timing_accept";
export function number(state, sequence, units, now) @ "fletcher_timing_number";
