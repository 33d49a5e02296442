/* What XS has beyond the standard library. */

interface ArrayBufferConstructor {
	/** The UTF-8 bytes of a string. */
	fromString(text: string): ArrayBuffer;
}

interface StringConstructor {
	/** Decodes UTF-8 up to the first NUL; throws when it is malformed. */
	fromArrayBuffer(buffer: ArrayBuffer, offset?: number, length?: number): string;
}
