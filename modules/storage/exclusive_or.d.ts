/**
 * XORs the `length` bytes at `from` into those at `to`, both in `buffer`; the two must not overlap unless they are the same. In C,
 * since the engine takes a hundred times as long; does not allocate. @throws RangeError when either does not lie in the buffer.
 */
export function exclusiveOr(buffer: ArrayBuffer, to: number, from: number, length: number): void;
