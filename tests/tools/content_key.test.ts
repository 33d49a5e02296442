import assert from "node:assert/strict";
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { contentKey } from "../../tools/content_key.ts";

test("a file that is put back with its old time counts as changed; its time alone does not", (t) => {
	const folder = mkdtempSync(join(tmpdir(), "fletcher-key-"));
	t.after(() => rmSync(folder, { recursive: true }));
	const file = join(folder, "module.js");
	const put = (content: string, seconds: number): string => {
		writeFileSync(file, content);
		utimesSync(file, seconds, seconds);
		return contentKey("list", [file]);
	};
	const first = put("one", 1_000_000);
	assert.equal(put("one", 2_000_000), first);
	assert.notEqual(put("two", 1_000_000), first);
	assert.notEqual(contentKey("another list", [file]), contentKey("list", [file]));
});

test("bytes that move from one file to the next are a change", (t) => {
	const folder = mkdtempSync(join(tmpdir(), "fletcher-key-"));
	t.after(() => rmSync(folder, { recursive: true }));
	const files = [join(folder, "a"), join(folder, "b")] as const;
	const key = (a: string, b: string): string => {
		writeFileSync(files[0], a);
		writeFileSync(files[1], b);
		return contentKey("", files);
	};
	assert.notEqual(key("ab", "c"), key("a", "bc"));
});
