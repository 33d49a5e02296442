import { Counter, readCounters } from "host/host";
import { Frame, FrameStore, frameStoreBytes } from "media/frames";
import { findPicture, JPEGScanner, Scan } from "media/jpeg";
import { MJPEGFile } from "media/mjpeg_file";
import { PictureFolder } from "media/picture_folder";
import { SourceStatus } from "media/source";
import { Arena } from "storage/arena";
import { join, picture } from "unit/pictures";
import { Scratch } from "unit/scratch";
import type { Check, Suite } from "unit/suite";

const HEADROOM = 32;
const TAILROOM = 16;

function makeStore(buffers: number, frameBytes: number): FrameStore {
	const arena = new Arena(frameStoreBytes(buffers, frameBytes, HEADROOM, TAILROOM));
	return new FrameStore({ arena, offset: 0, buffers, frameBytes, headroom: HEADROOM, tailroom: TAILROOM });
}

function fill(store: FrameStore, now: number): Frame {
	const frame = store.vacant() as Frame;
	store.commit(frame, 10, now);
	return frame;
}

/** Whether a frame holds exactly `expected`. */
function same(frame: Frame, length: number, expected: Uint8Array): boolean {
	if (length !== expected.length) return false;
	for (let i = 0; i < length; i++) if (frame.arena.bytes[frame.offset + i] !== expected[i]) return false;
	return true;
}

/** Reads until a picture comes, so many calls at most. */
function next(source: MJPEGFile | PictureFolder, frame: Frame, room: number): number {
	for (let i = 0; i < 1000; i++) {
		const length = source.read(frame, room);
		if (length !== SourceStatus.NOTHING) return length;
	}
	return 0;
}

/** Plays a file of `content`; each call of the result gives the next picture's index in `expected`, or -1. */
function player(
	check: Check,
	content: Uint8Array,
	room: number,
	expected: Uint8Array[],
	body: (play: () => number, source: MJPEGFile) => void,
): void {
	const scratch = new Scratch();
	const source = new MJPEGFile(scratch.write("clip.mjpeg", content));
	const frame = new Frame(new Arena(room + HEADROOM + TAILROOM), HEADROOM);
	body(() => {
		const length = next(source, frame, room);
		if (length < 0) return length;
		for (let i = 0; i < expected.length; i++) if (same(frame, length, expected[i])) return i;
		check.fail("a picture of " + length + " bytes that is none of the file");
	}, source);
	source.close();
	scratch.remove();
}

function frames(suite: Suite): void {
	suite.test("frames: the newest frame is given, older ones are replaced", (check) => {
		const store = makeStore(3, 100);
		check.equal(store.acquire(false), undefined, "before the first");
		const first = fill(store, 5);
		check.equal(first.sequence, 1);
		check.equal(first.time, 5);
		const second = fill(store, 6);
		check.equal(store.newest, second);
		check.equal(store.acquire(false), second);
		check.equal(store.release(second), true, "keeps up");
	});

	suite.test("frames: a frame that is being sent is never given to be filled", (check) => {
		const store = makeStore(3, 100);
		const held = fill(store, 0);
		store.acquire(false);
		for (let i = 0; i < 100; i++) check.ok(fill(store, i) !== held);
		check.equal(held.sequence, 1);
		check.equal(store.release(held), false, "overtaken");
	});

	suite.test("frames: without a free buffer the new frame is left out and counted", (check) => {
		const store = makeStore(3, 100);
		for (let i = 0; i < 3; i++) {
			fill(store, i);
			store.acquire(false);
		}
		check.equal(store.vacant(), undefined);
		check.equal(store.starved, 1);
	});

	suite.test("frames: slow viewers share one older frame, so that the fast ones go on", (check) => {
		const store = makeStore(3, 100);
		fill(store, 0);
		const first = store.acquire(true) as Frame;
		check.ok(first, "a slow viewer takes the newest frame");
		fill(store, 1);
		check.equal(store.acquire(true), undefined, "another slow one waits while an older frame is held");
		for (let i = 2; i < 50; i++) {
			const newest = fill(store, i);
			check.equal(store.acquire(false), newest, "fast");
			check.ok(store.release(newest));
		}
		check.equal(store.starved, 0);
		store.release(first);
		check.ok(store.acquire(true), "now it is its turn");
	});
}

function scanner(suite: Suite): void {
	suite.test("jpeg: the end is found, over thumbnails, stuffed bytes and restart markers", (check) => {
		const scan = new JPEGScanner();
		for (let seed = 0; seed < 40; seed++) {
			const bytes = picture(20 + seed, 60 + seed, seed);
			const room = join(bytes, bytes);
			scan.restart();
			check.equal(scan.scan(room, 0, room.length - 1), bytes.length);
		}
	});

	suite.test("jpeg: the end is the same however the bytes are cut", (check) => {
		const bytes = picture(40, 100, 3);
		const room = join(bytes, new Uint8Array(4));
		const scan = new JPEGScanner();
		for (let cut = 1; cut < bytes.length; cut++) {
			scan.restart();
			const kept = room[cut];
			check.equal(scan.scan(room, 0, cut), Scan.MORE);
			room[cut] = kept;
			check.equal(scan.scan(room, cut, room.length - 1), bytes.length);
		}
	});

	suite.test("jpeg: what is no picture is refused at once", (check) => {
		const scan = new JPEGScanner();
		for (const bytes of [
			[0],
			[0xff, 0xd9],
			[0xff, 0xd8, 0xff, 0xd9],
			[0xff, 0xd8, 0x12],
			[0xff, 0xd8, 0xff, 0xe0, 0, 1],
			[0xff, 0xd8, 0xff, 0x00],
		]) {
			scan.restart();
			check.equal(scan.scan(new Uint8Array([...bytes, 0]), 0, bytes.length), Scan.BAD);
		}
	});

	suite.test("jpeg: random bytes never lead out of the buffer", (check) => {
		const scan = new JPEGScanner();
		const bytes = new Uint8Array(257);
		let state = 1;
		for (let round = 0; round < 300; round++) {
			for (let i = 0; i < 256; i++) {
				state = (Math.imul(state, 1103515245) + 12345) >>> 0;
				bytes[i] = state >>> 24 < 100 ? 0xff : state >>> 16;
			}
			bytes[0] = 0xff;
			bytes[1] = 0xd8;
			scan.restart();
			const end = scan.scan(bytes, 0, 256);
			check.ok(end === Scan.MORE || end === Scan.BAD || (end > 4 && end <= 256));
			const start = findPicture(bytes, 1, 256);
			check.ok(start === -1 || (bytes[start] === 0xff && bytes[start + 1] === 0xd8 && start < 255));
		}
	});
}

function files(suite: Suite): void {
	const one = picture(20, 50, 1);
	const two = picture(30, 120, 2);
	const three = picture(12, 90, 3);

	suite.test("mjpeg file: all pictures come in order, over and over", (check) => {
		player(check, join(one, two, three), 200, [one, two, three], (play) => {
			for (let i = 0; i < 12; i++) check.equal(play(), i % 3);
		});
	});

	suite.test("mjpeg file: bytes between pictures are skipped", (check) => {
		const text = new Uint8Array(ArrayBuffer.fromString("--x\r\nContent-Type: image/jpeg\r\n\r\n"));
		const odd = new Uint8Array([0xff, 0xff, 0x00, 0xd8, 0xff]);
		player(
			check,
			join(text, one, odd, text, two, text, new Uint8Array(700), three, odd),
			200,
			[one, two, three],
			(play, source) => {
				for (let i = 0; i < 9; i++) check.equal(play(), i % 3);
				check.equal(source.damaged, 0);
			},
		);
	});

	suite.test("mjpeg file: a picture larger than the room is skipped whole and counted, its thumbnail is not shown", (check) => {
		player(check, join(one, picture(900, 3000, 7), two), 200, [one, two], (play, source) => {
			for (let i = 0; i < 6; i++) check.equal(play(), i % 2);
			check.ok(source.oversized >= 2);
			check.equal(source.damaged, 0);
		});
	});

	suite.test("mjpeg file: cut pictures are skipped, those behind them are found", (check) => {
		const cut = two.slice(0, 60);
		player(check, join(cut, one, three.slice(0, three.length - 1)), 200, [one], (play, source) => {
			for (let i = 0; i < 3; i++) check.equal(play(), 0);
			check.ok(source.damaged >= 2);
		});
	});

	suite.test("mjpeg file: pictures of exactly the room, and of one byte more", (check) => {
		player(check, join(two, one), two.length, [two, one], (play, source) => {
			for (let i = 0; i < 4; i++) check.equal(play(), i % 2);
			check.equal(source.oversized, 0);
		});
		player(check, join(two, one), two.length - 1, [one], (play, source) => {
			for (let i = 0; i < 3; i++) check.equal(play(), 0);
			check.ok(source.oversized >= 1);
		});
	});

	suite.test("mjpeg file: one without pictures fails and says so", (check) => {
		for (const content of [new Uint8Array(5000), new Uint8Array(0), one.slice(0, 40), new Uint8Array(3000).fill(0xff)])
			player(check, content, 200, [], (play, source) => {
				check.equal(play(), SourceStatus.FAILED);
				check.ok(source.error.indexOf("clip.mjpeg holds no picture of at most 200 bytes") >= 0, source.error);
			});
		check.throws(() => new MJPEGFile("/nowhere/clip.mjpeg"), "/nowhere/clip.mjpeg");
	});

	suite.test("mjpeg file: every byte flipped or cut off, it ends and gives only what looks whole", (check) => {
		const content = join(one, two);
		const frame = new Frame(new Arena(200 + HEADROOM + TAILROOM), HEADROOM);
		const scratch = new Scratch();
		for (let i = 0; i < content.length; i += 3) {
			const bad = content.slice();
			bad[i] ^= 0xff;
			const flipped = new MJPEGFile(scratch.write("a", bad));
			for (let k = 0; k < 4; k++) check.ok(next(flipped, frame, 200) !== 0);
			flipped.close();
			const cut = new MJPEGFile(scratch.write("a", content.slice(0, i)));
			for (let k = 0; k < 4; k++) check.ok(next(cut, frame, 200) !== 0);
			cut.close();
		}
		scratch.remove();
	});

	suite.test("mjpeg file: playing allocates nothing", (check) => {
		player(check, join(one, two, three), 200, [], (_, source) => {
			const frame = new Frame(new Arena(200 + HEADROOM + TAILROOM), HEADROOM);
			const before = new Int32Array(Counter.COUNT);
			const after = new Int32Array(Counter.COUNT);
			source.read(frame, 200);
			readCounters(before);
			for (let i = 0; i < 1000; i++) source.read(frame, 200);
			readCounters(after);
			check.equal(after[Counter.SLOTS], before[Counter.SLOTS], "slots");
			check.equal(after[Counter.CHUNKS], before[Counter.CHUNKS], "chunks");
			check.equal(after[Counter.COLLECTIONS], before[Counter.COLLECTIONS], "collections");
		});
	});

	suite.test("picture folder: the .jpg files come in the order of their names; others are left alone", (check) => {
		const scratch = new Scratch();
		scratch.write("b.JPG", two);
		scratch.write("a.jpg", one);
		scratch.write("c.jpeg", three);
		scratch.write("notes.txt", one);
		scratch.write("d.jpg", new Uint8Array(50));
		scratch.write("e.jpg", new Uint8Array(5000));
		const source = new PictureFolder(scratch.path);
		const frame = new Frame(new Arena(200 + HEADROOM + TAILROOM), HEADROOM);
		for (const expected of [one, two, three, one, two]) check.ok(same(frame, next(source, frame, 200), expected));
		check.equal(source.damaged, 1);
		check.equal(source.oversized, 1);
		source.close();
		scratch.remove();
		const empty = new Scratch();
		check.throws(() => new PictureFolder(empty.path), "holds no .jpg file");
		empty.remove();
		check.throws(() => new PictureFolder("/nowhere"), "/nowhere");
	});
}

export default function (suite: Suite): void {
	frames(suite);
	scanner(suite);
	files(suite);
}
