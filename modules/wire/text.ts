/** UTF-8 text in buffers. Cold paths: all of these allocate, but `isText`. */

/** Bytes of `text` in UTF-8. */
export function textLength(text: string): number {
	return ArrayBuffer.fromString(text).byteLength;
}

/** Writes `text` as UTF-8 at `offset`, at most up to `limit`. @returns its bytes, or -1 when it does not fit (nothing is written then). */
export function putText(bytes: Uint8Array, offset: number, limit: number, text: string): number {
	const source = new Uint8Array(ArrayBuffer.fromString(text));
	const length = source.byteLength;
	if (offset + length > limit) return -1;
	bytes.set(source, offset);
	return length;
}

/** Reads `length` bytes of UTF-8. @returns undefined when they are no UTF-8 or hold a NUL. */
export function getText(bytes: Uint8Array, offset: number, length: number): string | undefined {
	if (!isText(bytes, offset, length)) return undefined;
	return String.fromArrayBuffer(bytes.buffer as ArrayBuffer, bytes.byteOffset + offset, length);
}

/** Whether `length` bytes are well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates) without NUL. */
export function isText(bytes: Uint8Array, offset: number, length: number): boolean {
	const end = offset + length;
	let at = offset;
	while (at < end) {
		const first = bytes[at++];
		if (first < 0x80) {
			if (first === 0) return false;
			continue;
		}
		let more = 0;
		let low = 0x80;
		let high = 0xbf;
		if (first >= 0xc2 && first <= 0xdf) more = 1;
		else if (first >= 0xe0 && first <= 0xef) {
			more = 2;
			if (first === 0xe0) low = 0xa0;
			else if (first === 0xed) high = 0x9f;
		} else if (first >= 0xf0 && first <= 0xf4) {
			more = 3;
			if (first === 0xf0) low = 0x90;
			else if (first === 0xf4) high = 0x8f;
		} else return false;
		if (at + more > end) return false;
		for (; more > 0; more--) {
			const next = bytes[at++];
			if (next < low || next > high) return false;
			low = 0x80;
			high = 0xbf;
		}
	}
	return true;
}
