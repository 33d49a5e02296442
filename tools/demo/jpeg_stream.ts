/** Pictures out of a `multipart/x-mixed-replace` answer, and the question whether a picture is a whole JPEG. */
import type { IncomingMessage } from "node:http";

const HEAD_LIMIT = 4_096;
const PICTURE_LIMIT = 8 * 1024 * 1024;

/** Why `picture` is no whole JPEG, or undefined. Every segment is walked; the scan must end in EOI at the last byte. */
export function jpegFault(picture: Buffer): string | undefined {
	if (picture.length < 4 || picture.readUInt16BE(0) !== 0xffd8) return "it does not begin with SOI";
	let offset = 2;
	let sized = false;
	for (;;) {
		if (offset + 4 > picture.length || picture[offset] !== 0xff) return `no marker at byte ${offset}`;
		const marker = picture.readUInt8(offset + 1);
		const next = offset + 2 + picture.readUInt16BE(offset + 2);
		if (next > picture.length) return `segment ${marker.toString(16)} goes beyond the end`;
		if (marker >= 0xc0 && marker <= 0xc2) sized = picture.readUInt16BE(offset + 5) > 0 && picture.readUInt16BE(offset + 7) > 0;
		offset = next;
		if (marker === 0xda) break;
	}
	if (!sized) return "no size before the scan";
	return picture.readUInt16BE(picture.length - 2) === 0xffd9 ? undefined : "it does not end with EOI";
}

/** The parts of an answer, one after the other, until it ends. @throws Error when the framing is broken. */
export async function* pictures(response: IncomingMessage): AsyncGenerator<Buffer> {
	const type = response.headers["content-type"] ?? "";
	const boundary = /^multipart\/x-mixed-replace\s*;.*boundary="?([^";]+)"?/i.exec(type)?.[1];
	if (boundary === undefined) throw new Error(`not an MJPEG stream: ${response.statusCode} ${type}`);
	let data = Buffer.alloc(0);
	for await (const chunk of response) {
		data = Buffer.concat([data, chunk as Buffer]);
		for (;;) {
			const part = takePart(data, boundary);
			if (part === undefined) break;
			data = data.subarray(part.end);
			yield part.picture;
		}
	}
}

function takePart(data: Buffer, boundary: string): { picture: Buffer; end: number } | undefined {
	const headEnd = data.indexOf("\r\n\r\n");
	if (headEnd < 0) {
		if (data.length > HEAD_LIMIT) throw new Error("the head of a part has no end");
		return undefined;
	}
	const head = data.toString("latin1", 0, headEnd);
	if (!head.trimStart().startsWith(`--${boundary}`)) throw new Error(`a part begins with ${JSON.stringify(head.slice(0, 40))}`);
	const length = Number(/content-length:\s*(\d+)/i.exec(head)?.[1] ?? Number.NaN);
	if (!(length > 0 && length <= PICTURE_LIMIT)) throw new Error("a part without a usable Content-Length");
	const start = headEnd + 4;
	if (data.length < start + length) return undefined;
	return { picture: Buffer.from(data.subarray(start, start + length)), end: start + length };
}
