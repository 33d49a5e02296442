/**
 * Arithmetic that the voice path does for each packet, on tables that scripts own: in C, since the engine takes ten times as long.
 * What the tables hold is laid down in timing_voice.c; a table that is too short is a RangeError. No call allocates.
 */

/** `TransitClock.delay`. */
export function lateness(times: ArrayBuffer, media: number, now: number): number;
/** `TransitClock.observe`. */
export function arrive(times: ArrayBuffer, media: number, now: number): number;
/** `arrive`, and `count` with what it gives. @returns `target`; -1 and nothing is done when `lateness` is more than `limit` from 0. */
export function arriveCounted(times: ArrayBuffer, counts: ArrayBuffer, media: number, now: number, limit?: number): number;
/** `PercentileDelay.reset`: `weight` packets with the delay of a step of `width` ms; `target` until another one comes. */
export function uncount(counts: ArrayBuffer, width: number, step: number, weight: number, target: number): void;
/** `PercentileDelay.observe`. */
export function count(counts: ArrayBuffer, delay: number, now: number): void;
/** `PercentileDelay.target`. */
export function target(counts: ArrayBuffer): number;
/** `ArrivalSequencer.reset`. */
export function strange(state: ArrayBuffer, unitsPerMs: number): void;
/** `ArrivalSequencer.accept`. @returns the packet's number, -1: a copy. */
export function accept(state: ArrayBuffer, print: number, units: number, now: number): number;
/** `ArrivalSequencer.number`. @returns `sequence`. */
export function number(state: ArrayBuffer, sequence: number, units: number, now: number): number;
