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
