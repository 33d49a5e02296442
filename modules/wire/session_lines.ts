import { type AsciiText, constantText } from "wire/ascii";
import type { LineReader } from "wire/line_reader";

/* Lines of a session description (RFC 8866), as far as more than one looks at them. */

const RTPMAP = constantText("a=rtpmap:");
/** Formats stand behind medium, port and protocol (RFC 8866 5.14). */
const BEFORE_FORMATS = 3;
const SLASH = 0x2f;

/** Where the encoding of a line "a=rtpmap:type encoding/clock" (RFC 8866 6.6) begins, -1 when it is another line. */
export function encodingAt(line: LineReader): number {
	if (!line.holds(0, RTPMAP)) return -1;
	return line.afterBlanks(line.nextBlank(line.afterBlanks(RTPMAP.length)));
}

/** The payload type of a line "a=rtpmap:type ..." or "a=fmtp:type ..." whose name has `length` bytes. */
export function payloadTypeOf(line: LineReader, length: number): number {
	return line.number(line.afterBlanks(length));
}

/** Whether the encoding at `at` is `name` (lower case). */
export function isEncoding(line: LineReader, at: number, name: AsciiText): boolean {
	return line.holds(at, name) && line.at(at + name.length) === SLASH;
}

/** The how manieth format, from 0, of a line "m=medium port protocol formats" is `type`; -1: none. */
export function formatIndex(line: LineReader, type: number): number {
	let at = 0;
	for (let i = 0; at < line.length; i++) {
		const end = line.nextBlank(at);
		if (i >= BEFORE_FORMATS && line.number(at) === type && end === at + (type < 10 ? 1 : type < 100 ? 2 : 3))
			return i - BEFORE_FORMATS;
		at = line.afterBlanks(end);
	}
	return -1;
}

/** The format at place `index`, from 0, of a line "m=medium port protocol formats"; -1: none. */
export function formatAt(line: LineReader, index: number): number {
	let at = 0;
	for (let i = 0; at < line.length; i++) {
		if (i === BEFORE_FORMATS + index) return line.number(at);
		at = line.afterBlanks(line.nextBlank(at));
	}
	return -1;
}
