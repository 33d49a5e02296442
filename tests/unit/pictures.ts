/** Small made-up pictures with the structure of JPEG, for tests of what finds and carries them. */

/** SOI, a segment of `segment` bytes that holds a whole small picture when there is room, SOS, `data` entropy-coded bytes, EOI. */
export function picture(segment: number, data: number, seed: number): Uint8Array {
	const bytes = new Uint8Array(2 + 2 + segment + 2 + 4 + data + 2);
	let at = 0;
	bytes[at++] = 0xff;
	bytes[at++] = 0xd8;
	bytes[at++] = 0xff;
	bytes[at++] = 0xe1;
	const start = at;
	bytes[at++] = segment >> 8;
	bytes[at++] = segment & 255;
	const thumbnail = [0xff, 0xd8, 0xff, 0xda, 0, 2, 1, 0xff, 0xd9];
	if (segment >= 2 + thumbnail.length) for (let i = 0; i < thumbnail.length; i++) bytes[at + i] = thumbnail[i];
	at = start + segment;
	bytes[at++] = 0xff;
	bytes[at++] = 0xda;
	bytes[at++] = 0;
	bytes[at++] = 4;
	bytes[at++] = 1;
	bytes[at++] = 2;
	for (let i = 0; i < data; i++) {
		/* Stuffed and restart markers in between look like ends to a careless eye. */
		const phase = (i + seed) % 16;
		bytes[at + i] =
			phase === 3 && i + 1 < data ? 0xff : phase === 4 ? (i === 0 ? 7 : i % 32 < 16 ? 0 : 0xd3) : (i * 7 + seed) & 0x7f;
	}
	at += data;
	bytes[at++] = 0xff;
	bytes[at++] = 0xd9;
	return bytes;
}

/** Joins byte strings. */
export function join(...parts: Uint8Array[]): Uint8Array {
	let size = 0;
	for (const part of parts) size += part.length;
	const all = new Uint8Array(size);
	let at = 0;
	for (const part of parts) {
		all.set(part, at);
		at += part.length;
	}
	return all;
}
