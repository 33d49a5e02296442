import { File, kind, list, makeFolder, read, remove, rename, replace, size } from "files/files";
import { Counter, collectGarbage, readCounters } from "host/host";
import { Allocation } from "unit/allocation";
import type { Check, Suite } from "unit/suite";

/** Below the folder the tests are run in. */
const FOLDER = "build/unit_files";
const PATH = `${FOLDER}/state.json`;

function put(path: string, text: string): string {
	const buffer = ArrayBuffer.fromString(text);
	return replace(path, buffer, 0, buffer.byteLength, 0o600);
}

function get(path: string): string {
	return String.fromArrayBuffer(read(path, 1000));
}

/** An empty folder for one test. */
function begin(check: Check): void {
	check.equal(makeFolder(FOLDER), "");
	const names = list(FOLDER, 100);
	for (let i = 0; i < names.length; i++) check.equal(remove(`${FOLDER}/${names[i]}`), "");
}

function end(check: Check): void {
	begin(check);
	check.equal(list(FOLDER, 100).length, 0, "left over");
	check.equal(remove(FOLDER), "");
	check.equal(kind(FOLDER), "");
}

export default function (suite: Suite): void {
	suite.test("files: replace makes a file, then another in its place, and leaves nothing beside it", (check) => {
		begin(check);
		check.equal(put(PATH, "one"), "");
		check.equal(get(PATH), "one");
		check.equal(put(PATH, "the second"), "");
		check.equal(get(PATH), "the second");
		check.equal(size(PATH), 10);
		check.equal(put(PATH, ""), "");
		check.equal(size(PATH), 0);
		check.equal(read(PATH, 0).byteLength, 0);
		check.equal(list(FOLDER, 10).join(), "state.json");
		end(check);
	});

	suite.test("files: whoever has the old file open keeps the whole old content", (check) => {
		begin(check);
		put(PATH, "old content");
		const file = new File(PATH);
		check.equal(put(PATH, "new"), "");
		const buffer = new ArrayBuffer(20);
		check.equal(file.size, 11);
		check.equal(file.read(buffer, 0, 20, 0), 11);
		check.equal(String.fromArrayBuffer(buffer.slice(0, 11)), "old content");
		check.equal(get(PATH), "new");
		file.close();
		end(check);
	});

	suite.test("files: what a power cut left of a replacement does not disturb the next", (check) => {
		begin(check);
		put(PATH, "whole");
		put(`${PATH}.new`, "torn, and longer than what comes");
		check.equal(get(PATH), "whole");
		check.equal(put(PATH, "next"), "");
		check.equal(get(PATH), "next");
		check.equal(list(FOLDER, 10).join(), "state.json");
		end(check);
	});

	suite.test("files: a replacement that fails says why and leaves the old", (check) => {
		begin(check);
		check.equal(put(`${FOLDER}/none/state.json`, "x"), "ENOENT");
		put(PATH, "old");
		check.equal(put(`${PATH}/state.json`, "x"), "ENOTDIR");
		check.equal(get(PATH), "old");
		check.equal(put(FOLDER, "x"), "EISDIR", "over a folder");
		check.equal(kind(`${FOLDER}.new`), "", "left over");
		check.equal(put(`${FOLDER}/${"n".repeat(300)}`, "x"), "ENAMETOOLONG");
		check.equal(put("p/".repeat(3000), "x"), "ENAMETOOLONG");
		// A kernel file that takes no bytes: the write itself fails.
		check.ok(put("/proc/self/state.json", "x") !== "", "/proc");
		check.equal(list(FOLDER, 10).join(), "state.json");
		end(check);
	});

	suite.test("files: replace takes a part of a buffer", (check) => {
		begin(check);
		const buffer = ArrayBuffer.fromString("0123456789");
		check.equal(replace(PATH, buffer, 3, 4, 0o600), "");
		check.equal(get(PATH), "3456");
		check.throws(() => replace(PATH, buffer, 3, 8, 0o600), "outside a buffer");
		check.equal(get(PATH), "3456");
		end(check);
	});

	suite.test("files: read has a limit and tells what is wrong with a path", (check) => {
		begin(check);
		put(PATH, "0123456789");
		check.equal(read(PATH, 10).byteLength, 10);
		check.throws(() => read(PATH, 9), "EFBIG");
		check.throws(() => read(PATH, 9), PATH);
		check.throws(() => read(PATH, Number.NaN), "EFBIG");
		check.throws(() => read(`${FOLDER}/none`, 10), "ENOENT");
		check.throws(() => read(`${FOLDER}/none`, 10), `${FOLDER}/none`);
		check.throws(() => read(FOLDER, 10), "EISDIR");
		check.throws(() => read("/dev/zero", 10), "not a regular file");
		check.throws(() => read(`/${"long/".repeat(40)}end`, 10), "ENOENT");
		check.throws(() => read("x".repeat(5000), 10), "ENAMETOOLONG");
		end(check);
	});

	suite.test("files: size and kind of what is and what is not", (check) => {
		begin(check);
		put(PATH, "12345");
		check.equal(size(PATH), 5);
		check.equal(kind(PATH), "file");
		check.equal(size(FOLDER), -1);
		check.equal(kind(FOLDER), "directory");
		check.equal(size(`${FOLDER}/none`), -1);
		check.equal(kind(`${FOLDER}/none`), "");
		check.equal(kind(`${PATH}/below`), "");
		check.equal(kind("/dev/zero"), "");
		end(check);
	});

	suite.test("files: folders are made with those above them, and it is no error that they are there", (check) => {
		begin(check);
		check.equal(makeFolder(`${FOLDER}/../unit_files_deep//a/b/`), "");
		check.equal(kind("build/unit_files_deep/a/b"), "directory");
		check.equal(makeFolder("build/unit_files_deep/a/b"), "");
		check.equal(remove("build/unit_files_deep/a/b"), "");
		check.equal(remove("build/unit_files_deep/a"), "");
		check.equal(remove("build/unit_files_deep"), "");
		put(PATH, "x");
		check.equal(makeFolder(PATH), "ENOTDIR");
		check.equal(makeFolder(`${PATH}/below`), "ENOTDIR");
		check.ok(makeFolder("/proc/fletcher") !== "", "/proc");
		end(check);
	});

	suite.test("files: names are sorted and limited", (check) => {
		begin(check);
		const names = ["b", "a", "d", "c.txt", "é", "B"];
		for (let i = 0; i < names.length; i++) check.equal(put(`${FOLDER}/${names[i]}`, ""), "");
		check.equal(list(FOLDER, 100).join(" "), "B a b c.txt d é");
		check.equal(list(FOLDER, 3).join(" "), "B a b");
		check.equal(list(FOLDER, 0).length, 0);
		check.equal(list(FOLDER, -1).length, 0);
		check.equal(list(`${FOLDER}/none`, 10).length, 0);
		end(check);
	});

	suite.test("files: rename and remove", (check) => {
		begin(check);
		put(PATH, "damaged");
		check.equal(rename(PATH, `${PATH}.damaged`), "");
		check.equal(kind(PATH), "");
		check.equal(get(`${PATH}.damaged`), "damaged");
		check.equal(rename(PATH, `${FOLDER}/other`), "ENOENT");
		check.equal(remove(`${PATH}.damaged`), "");
		check.equal(remove(`${PATH}.damaged`), "", "not there is no error");
		put(PATH, "x");
		check.equal(remove(FOLDER), "ENOTEMPTY");
		end(check);
	});

	suite.test("files: a file is read at any position", (check) => {
		begin(check);
		put(PATH, "0123456789");
		const file = new File(PATH);
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
		check.throws(() => new File(`${FOLDER}/none`), "ENOENT");
		check.throws(() => new File(FOLDER), "EISDIR");
		check.throws(() => new File("/dev/zero"), "not a regular file");
		end(check);
	});

	suite.test("files: reading a file costs no slot and no chunk", (check) => {
		begin(check);
		put(PATH, "0123456789");
		const file = new File(PATH);
		const buffer = new ArrayBuffer(8);
		const allocation = new Allocation();
		let sum = 0;
		allocation.begin();
		for (let i = 0; i < 1000; i++) sum += file.read(buffer, 0, 8, i % 8) + file.size;
		allocation.expectNone(check);
		check.equal(sum, 125 * (8 + 8 + 8 + 7 + 6 + 5 + 4 + 3) + 10000);
		file.close();
		end(check);
	});

	suite.test("files: a file that is not closed gives its descriptor back when it is collected", (check) => {
		begin(check);
		put(PATH, "x");
		const before = new Int32Array(Counter.COUNT);
		const after = new Int32Array(Counter.COUNT);
		collectGarbage();
		readCounters(before);
		for (let i = 0; i < 10; i++) check.equal(new File(PATH).size, 1);
		collectGarbage();
		readCounters(after);
		check.equal(after[Counter.DESCRIPTORS], before[Counter.DESCRIPTORS]);
		end(check);
	});
}
