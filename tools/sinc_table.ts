/**
 * Prints modules/media/audio/sinc_table.h: one half of the windowed sinc of the resampler.
 *
 * usage: node --import tsx tools/sinc_table.ts > modules/media/audio/sinc_table.h
 */
import { pathToFileURL } from "node:url";

/** Zero crossings on each side, table entries between two of them. */
const CROSSINGS = 16;
const STEPS = 128;
/** Where the filter has lost half, of half the lower sample rate. */
const CUTOFF = 0.9;
/** Of the Kaiser window: takes out 63 dB. */
const BETA = 6;

function bessel(x: number): number {
	let sum = 1;
	let term = 1;
	for (let k = 1; term > sum * 1e-17; k++) {
		term *= (x / (2 * k)) ** 2;
		sum += term;
	}
	return sum;
}

function weight(x: number): number {
	const window = bessel(BETA * Math.sqrt(Math.max(0, 1 - (x / CROSSINGS) ** 2))) / bessel(BETA);
	return x === 0 ? CUTOFF : (Math.sin(Math.PI * CUTOFF * x) / (Math.PI * x)) * window;
}

/** The header's text. */
export function sincTable(): string {
	const values: number[] = [];
	for (let i = 0; i <= CROSSINGS * STEPS; i++) values.push(Math.round(weight(i / STEPS) * 32768));
	const rows: string[] = [];
	for (let i = 0; i < values.length; i += 16) rows.push(`\t${values.slice(i, i + 16).join(", ")},`);
	return `/* Made by tools/sinc_table.ts: a sinc with its half power at ${CUTOFF} of half the rate, in a Kaiser window of ${BETA}. */
#ifndef FLETCHER_SINC_TABLE_H
#define FLETCHER_SINC_TABLE_H

#include <stdint.h>

#define SINC_CROSSINGS ${CROSSINGS}
#define SINC_STEPS ${STEPS}

static const int16_t sincTable[SINC_CROSSINGS * SINC_STEPS + 1] = {
${rows.join("\n")}
};

#endif
`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) process.stdout.write(sincTable());
