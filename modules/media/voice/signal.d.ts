/** What the voice path does to samples and packets byte by byte: in C, since the engine takes a hundred times as long. No call allocates. */

/** A 31-bit fingerprint of `length` bytes at `offset`: two packets that differ have the same one once in 2,000,000,000 times. */
export function fingerprint(buffer: ArrayBuffer, offset: number, length: number): number;

/**
 * Makes a piece of speech shorter or longer by one period of its pitch (2.5 to 10 ms), where it looks alike: the two alike pieces
 * are faded into each other. The samples lie at `offset` (even); when it gets longer there must be room behind them.
 * @param samples how many there are: 10 ms or more, else nothing is done.
 * @param direction -1: shorter, 1: longer.
 * @param likeness how alike the pieces must be, 0 (take the best) to 100; silence is always alike.
 * @returns samples taken away (negative) or added, 0: nothing was done.
 */
export function stretch(
	buffer: ArrayBuffer,
	offset: number,
	samples: number,
	rate: number,
	direction: number,
	likeness: number,
): number;
