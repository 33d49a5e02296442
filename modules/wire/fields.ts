/** Big-endian fields that `DataView` has no method for. Offsets are the caller's to check, once per message. */

/** 24 bits at `offset`. */
export function getUint24(view: DataView, offset: number): number {
	return (view.getUint8(offset) << 16) | view.getUint16(offset + 1);
}

/** Writes the low 24 bits of `value`. */
export function setUint24(view: DataView, offset: number, value: number): void {
	view.setUint8(offset, value >>> 16);
	view.setUint16(offset + 1, value);
}

/** 48 bits, exact as a number. */
export function getUint48(view: DataView, offset: number): number {
	return view.getUint16(offset) * 0x100000000 + view.getUint32(offset + 2);
}

/** Writes an integer of 0 .. 2^48 - 1. */
export function setUint48(view: DataView, offset: number, value: number): void {
	view.setUint16(offset, Math.floor(value / 0x100000000));
	view.setUint32(offset + 2, value);
}
