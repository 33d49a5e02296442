/** The tables of tests/conformance: no requirement and no case is missing, and what they name is there. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const tests = fileURLToPath(new URL("../", import.meta.url));
const root = join(tests, "..");
const folder = join(tests, "conformance/arrow");

interface Row {
	readonly ids: readonly string[];
	readonly text: string;
}

function numbered(prefix: string, last: number): string[] {
	return Array.from({ length: last }, (_, index) => `${prefix}${index + 1}`);
}

/** "ARROW-C4, C5, C6" and "ARROW-C7 .. C10" as single ids. */
function idsOf(cell: string): string[] {
	const range = /^ARROW-C(\d+) \.\. C(\d+)$/.exec(cell);
	if (range !== null) return numbered("ARROW-C", Number(range[2])).slice(Number(range[1]) - 1);
	return cell.split(/,\s*/).map((id) => (id.startsWith("ARROW-") ? id : `ARROW-${id}`));
}

const rows: readonly Row[] = readFileSync(join(folder, "README.md"), "utf8")
	.split("\n")
	.filter((line) => line.startsWith("| ARROW-"))
	.map((line) => {
		const [, ids = "", text = ""] = line.split("|");
		return { ids: idsOf(ids.trim()), text };
	});

/** Files that a name of the table stands for. */
function filesOf(name: string): string[] {
	for (const path of [join(root, name), join(folder, name), join(tests, "system", name), join(tests, "fault", name)]) {
		if (existsSync(path)) return [path];
		if (!name.includes("*") || !existsSync(dirname(path))) continue;
		const [start = "", end = ""] = basename(path).split("*");
		const found = readdirSync(dirname(path)).filter((one) => one.startsWith(start) && one.endsWith(end));
		if (found.length > 0) return found.map((one) => join(dirname(path), one));
	}
	return [];
}

test("each requirement and each case of Arrow has a row", () => {
	const listed = rows.flatMap((row) => row.ids);
	const wanted = [...numbered("ARROW-", 42), "ARROW-B1", "ARROW-B2", ...numbered("ARROW-C", 18)];
	assert.deepEqual([...listed].sort(), wanted.sort());
});

test("each file that the table names is there, and has a test of each title that is quoted for it", () => {
	for (const { ids, text } of rows) {
		let files: string[] = [];
		const all: string[] = [];
		for (const [, name, title] of text.matchAll(/`([^`]+)`|"([^"]+)"/g)) {
			if (name !== undefined) {
				files = filesOf(name);
				all.push(...files);
				assert.notEqual(files.length, 0, `${ids[0]}: ${name} is not there`);
			} else if (title !== undefined)
				assert.ok(
					files.some((file) => readFileSync(file, "utf8").includes(title)),
					`${ids[0]}: no test "${title}" in ${files.join()}`,
				);
		}
		assert.ok(all.length > 0, `${ids[0]}: no file is named`);
		// A case is named by the title of its test.
		const content = all.map((file) => (statSync(file).isFile() ? readFileSync(file, "utf8") : "")).join("\n");
		for (const id of ids.filter((one) => one.startsWith("ARROW-C"))) assert.match(content, new RegExp(`\\b${id}\\b`), id);
	}
});

test("each requirement is named by the title of a test", () => {
	const all = readdirSync(tests, { recursive: true, encoding: "utf8" })
		.filter((name) => name.endsWith(".ts") && !name.startsWith("peers/arrow_"))
		.map((name) => readFileSync(join(tests, name), "utf8"))
		.join("\n");
	for (const id of numbered("ARROW-", 42)) assert.match(all, new RegExp(`["\`][^"\`]*\\b${id}\\b`), id);
});

/** ArcRTC: rows of three cells; of what is there each id has one with a test, the rest are named as what is still to come. */
const arcFolder = join(tests, "conformance/arcrtc");
const arcSections = readFileSync(join(arcFolder, "README.md"), "utf8").split("## Not yet");
const arcRows = (arcSections[0] ?? "")
	.split("\n")
	.filter((line) => line.startsWith("| ARC-"))
	.map((line) => {
		const [, ids = "", what = "", where = ""] = line.split("|");
		return { ids: [...ids.matchAll(/ARC-[A-Z]\d+/g)].map(([id]) => id), what: what.trim(), where: where.trim() };
	});
const arcMedia = [
	...[1, 2, 3, 5, 6, 7, 8, 10, 11, 13, 16].map((number) => `ARC-G${number}`),
	...[1, 3, 5, 6].map((number) => `ARC-N${number}`),
	...["ARC-E5", "ARC-E6", "ARC-E7", "ARC-C10"],
	...numbered("ARC-K", 9),
	...numbered("ARC-P", 12),
	...numbered("ARC-R", 9),
	...numbered("ARC-J", 6),
	...["ARC-A6", "ARC-E1", "ARC-E2", "ARC-E4", "ARC-E9", "ARC-W3", "ARC-W4", "ARC-W5"],
	...numbered("ARC-D", 3),
	...[1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12].map((number) => `ARC-C${number}`),
];
const arcLater = [
	...[4, 9, 12, 14, 15].map((number) => `ARC-G${number}`),
	...[2, 4, 7, 8, 9].map((number) => `ARC-N${number}`),
	...[1, 2, 3, 4, 5, 7, 8].map((number) => `ARC-A${number}`),
	...[3, 8].map((number) => `ARC-E${number}`),
	...numbered("ARC-M", 6),
	...[1, 2, 6, 7].map((number) => `ARC-W${number}`),
	...["ARC-L1", "ARC-L2", "ARC-B1", "ARC-C13"],
];
/** No test can show these; the row says why. */
const arcStated = ["ARC-P12"];

function arcFile(name: string): string {
	const found = [name, join("tests/conformance/arcrtc", name), join("tests", name)]
		.map((one) => join(root, one))
		.find(existsSync);
	assert.notEqual(found, undefined, `${name} is not there`);
	return found as string;
}

test("ArcRTC: each requirement and case that is there has a row, each other one is named as still to come", () => {
	const listed = new Set(arcRows.flatMap((row) => row.ids));
	assert.deepEqual([...listed].sort(), [...arcMedia].sort());
	const later = [...(arcSections[1] ?? "").matchAll(/ARC-([A-Z])(\d+)(?:-(\d+))?/g)].flatMap(([, letter, first, last]) =>
		Array.from({ length: Number(last ?? first) - Number(first) + 1 }, (_, index) => `ARC-${letter}${Number(first) + index}`),
	);
	assert.deepEqual(later.sort(), [...arcLater].sort());
});

test("ArcRTC: each file of the table is there, has a test of each title that is quoted, and titles name the ids", () => {
	const named = new Set<string>(arcStated);
	for (const { ids, what, where } of arcRows) {
		assert.notEqual(what, "", `${ids[0]}: nothing is said`);
		let content = "";
		for (const [, name, title] of where.matchAll(/`([^`]+)`|"([^"]+)"/g)) {
			if (name !== undefined) content = readFileSync(arcFile(name), "utf8");
			else if (title !== undefined) assert.ok(content.includes(title), `${ids[0]}: no test "${title}" in ${where}`);
			for (const [, quoted = ""] of content.matchAll(/(?:[tT]est\(|title: |name: )\s*["'`]([^"'`]+)/g))
				for (const id of ids) if (new RegExp(`\\b${id}\\b`).test(quoted)) named.add(id);
		}
		if (!ids.every((id) => arcStated.includes(id))) assert.notEqual(content, "", `${ids[0]}: no file is named`);
	}
	assert.deepEqual(
		arcMedia.filter((id) => !named.has(id)),
		[],
		"no test of these files is called by them",
	);
});
