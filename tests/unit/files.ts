import { File, kind, list, makeFolder, read, remove, rename, replace, size } from "files/files";
import { Counter, collectGarbage, readCounters } from "host/host";
import { Allocation } from "unit/allocation";
import { Scratch } from "unit/scratch";
import type { Check, Suite } from "unit/suite";

function put(path: string, text: string): string {
	const buffer = ArrayBuffer.fromString(text);
	return replace(path, buffer, 0, buffer.byteLength, 0o600);
}

function get(path: string): string {
	return String.fromArrayBuffer(read(path, 1000));
}

/** An empty folder for one test, and a file in it. */
class Place {
	readonly scratch = new Scratch();
	readonly folder = this.scratch.path;
	readonly path = `${this.folder}/state.json`;

	/** Removes it, with the files in it. */
	end(check: Check): void {
		this.scratch.remove();
		check.equal(kind(this.folder), "", "left over");
	}
}

export default function (suite: Suite): void {
	suite.test("files: replace makes a file, then another in its place, and leaves nothing beside it", (check) => {
		const place = new Place();
		check.equal(put(place.path, "one"), "");
		check.equal(get(place.path), "one");
		check.equal(put(place.path, "the second"), "");
		check.equal(get(place.path), "the second");
		check.equal(size(place.path), 10);
		check.equal(put(place.path, ""), "");
		check.equal(size(place.path), 0);
		check.equal(read(place.path, 0).byteLength, 0);
		check.equal(list(place.folder, 10).join(), "state.json");
		place.end(check);
	});

	suite.test("files: whoever has the old file open keeps the whole old content", (check) => {
		const place = new Place();
		put(place.path, "old content");
		const file = new File(place.path);
		check.equal(put(place.path, "new"), "");
		const buffer = new ArrayBuffer(20);
		check.equal(file.size, 11);
		check.equal(file.read(buffer, 0, 20, 0), 11);
		check.equal(String.fromArrayBuffer(buffer.slice(0, 11)), "old content");
		check.equal(get(place.path), "new");
		file.close();
		place.end(check);
	});

	suite.test("files: what a power cut left of a replacement does not disturb the next", (check) => {
		const place = new Place();
		put(place.path, "whole");
		put(`${place.path}.new`, "torn, and longer than what comes");
		check.equal(get(place.path), "whole");
		check.equal(put(place.path, "next"), "");
		check.equal(get(place.path), "next");
		check.equal(list(place.folder, 10).join(), "state.json");
		place.end(check);
	});

	suite.test("files: a replacement that fails says why and leaves the old", (check) => {
		const place = new Place();
		check.equal(put(`${place.folder}/none/state.json`, "x"), "ENOENT");
		put(place.path, "old");
		check.equal(put(`${place.path}/state.json`, "x"), "ENOTDIR");
		check.equal(get(place.path), "old");
		check.equal(put(place.folder, "x"), "EISDIR", "over a folder");
		check.equal(kind(`${place.folder}.new`), "", "left over");
		check.equal(put(`${place.folder}/${"n".repeat(300)}`, "x"), "ENAMETOOLONG");
		check.equal(put("p/".repeat(3000), "x"), "ENAMETOOLONG");
		// A kernel file that takes no bytes: the write itself fails.
		check.ok(put("/proc/self/state.json", "x") !== "", "/proc");
		check.equal(list(place.folder, 10).join(), "state.json");
		place.end(check);
	});

	suite.test("files: replace takes a part of a buffer", (check) => {
		const place = new Place();
		const buffer = ArrayBuffer.fromString("0123456789");
		check.equal(replace(place.path, buffer, 3, 4, 0o600), "");
		check.equal(get(place.path), "3456");
		check.throws(() => replace(place.path, buffer, 3, 8, 0o600), "outside a buffer");
		check.equal(get(place.path), "3456");
		place.end(check);
	});

	suite.test("files: read has a limit and tells what is wrong with a path", (check) => {
		const place = new Place();
		put(place.path, "0123456789");
		check.equal(read(place.path, 10).byteLength, 10);
		check.throws(() => read(place.path, 9), "EFBIG");
		check.throws(() => read(place.path, 9), place.path);
		check.throws(() => read(place.path, Number.NaN), "EFBIG");
		check.throws(() => read(`${place.folder}/none`, 10), "ENOENT");
		check.throws(() => read(`${place.folder}/none`, 10), `${place.folder}/none`);
		check.throws(() => read(place.folder, 10), "EISDIR");
		check.throws(() => read("/dev/zero", 10), "not a regular file");
		check.throws(() => read(`/${"long/".repeat(40)}end`, 10), "ENOENT");
		check.throws(() => read("x".repeat(5000), 10), "ENAMETOOLONG");
		place.end(check);
	});

	suite.test("files: size and kind of what is and what is not", (check) => {
		const place = new Place();
		put(place.path, "12345");
		check.equal(size(place.path), 5);
		check.equal(kind(place.path), "file");
		check.equal(size(place.folder), -1);
		check.equal(kind(place.folder), "directory");
		check.equal(size(`${place.folder}/none`), -1);
		check.equal(kind(`${place.folder}/none`), "");
		check.equal(kind(`${place.path}/below`), "");
		check.equal(kind("/dev/zero"), "");
		place.end(check);
	});

	suite.test("files: folders are made with those above them, and it is no error that they are there", (check) => {
		const place = new Place();
		check.equal(makeFolder(`${place.folder}/none/../a//b/`), "");
		check.equal(kind(`${place.folder}/a/b`), "directory");
		check.equal(makeFolder(`${place.folder}/a/b`), "");
		check.equal(remove(`${place.folder}/a/b`), "");
		put(place.path, "x");
		check.equal(makeFolder(place.path), "ENOTDIR");
		check.equal(makeFolder(`${place.path}/below`), "ENOTDIR");
		check.ok(makeFolder("/proc/fletcher") !== "", "/proc");
		place.end(check);
	});

	suite.test("files: names are sorted and limited", (check) => {
		const place = new Place();
		const names = ["b", "a", "d", "c.txt", "é", "B"];
		for (let i = 0; i < names.length; i++) check.equal(put(`${place.folder}/${names[i]}`, ""), "");
		check.equal(list(place.folder, 100).join(" "), "B a b c.txt d é");
		check.equal(list(place.folder, 3).join(" "), "B a b");
		check.equal(list(place.folder, 0).length, 0);
		check.equal(list(place.folder, -1).length, 0);
		check.equal(list(`${place.folder}/none`, 10).length, 0);
		place.end(check);
	});

	suite.test("files: rename and remove", (check) => {
		const place = new Place();
		put(place.path, "damaged");
		check.equal(rename(place.path, `${place.path}.damaged`), "");
		check.equal(kind(place.path), "");
		check.equal(get(`${place.path}.damaged`), "damaged");
		check.equal(rename(place.path, `${place.folder}/other`), "ENOENT");
		check.equal(remove(`${place.path}.damaged`), "");
		check.equal(remove(`${place.path}.damaged`), "", "not there is no error");
		put(place.path, "x");
		check.equal(remove(place.folder), "ENOTEMPTY");
		place.end(check);
	});

	suite.test("files: a file is read at any position", (check) => {
		const place = new Place();
		put(place.path, "0123456789");
		const file = new File(place.path);
		const buffer = new ArrayBuffer(8);
		check.equal(file.size, 10);
		check.equal(file.read(buffer, 2, 4, 3), 4);
		check.hex(buffer, 0, "0000 33343536 0000");
		check.equal(file.read(buffer, 0, 8, 8), 2);
		check.equal(file.read(buffer, 0, 8, 10), 0);
		check.equal(file.read(buffer, 0, 8, 5000000000), 0, "far behind the end");
		check.equal(file.read(buffer, 0, 8, -1), -1);
		check.equal(file.read(buffer, 0, 8, Number.NaN), -1);
		check.throws(() => file.read(buffer, 1, 8, 0), "outside a buffer");
		file.close();
		file.close();
		check.equal(file.read(buffer, 0, 8, 0), -1);
		check.equal(file.size, 0);
		check.throws(() => new File(`${place.folder}/none`), "ENOENT");
		check.throws(() => new File(place.folder), "EISDIR");
		check.throws(() => new File("/dev/zero"), "not a regular file");
		place.end(check);
	});

	suite.test("files: reading a file costs no slot and no chunk", (check) => {
		const place = new Place();
		put(place.path, "0123456789");
		const file = new File(place.path);
		const buffer = new ArrayBuffer(8);
		const allocation = new Allocation();
		let sum = 0;
		allocation.begin();
		for (let i = 0; i < 1000; i++) sum += file.read(buffer, 0, 8, i % 8) + file.size;
		allocation.expectNone(check);
		check.equal(sum, 125 * (8 + 8 + 8 + 7 + 6 + 5 + 4 + 3) + 10000);
		file.close();
		place.end(check);
	});

	suite.test("files: a file that is not closed gives its descriptor back when it is collected", (check) => {
		const place = new Place();
		put(place.path, "x");
		const before = new Int32Array(Counter.COUNT);
		const after = new Int32Array(Counter.COUNT);
		collectGarbage();
		readCounters(before);
		for (let i = 0; i < 10; i++) check.equal(new File(place.path).size, 1);
		collectGarbage();
		readCounters(after);
		check.equal(after[Counter.DESCRIPTORS], before[Counter.DESCRIPTORS]);
		place.end(check);
	});
}
