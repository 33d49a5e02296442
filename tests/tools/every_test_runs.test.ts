/** A file of tests that nobody calls cannot fail: each one that runs on XS stands in a list that runs it. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const TESTS = fileURLToPath(new URL("..", import.meta.url));

/** Folders below tests, with what their modules' names begin with. */
const FOLDERS = ["unit", "conformance/arrow", "conformance/arcrtc", "conformance/kv"];

for (const folder of FOLDERS)
	test(`every file of tests in ${folder} is called`, () => {
		const path = join(TESTS, folder);
		const main = readFileSync(join(path, "main.ts"), "utf8");
		let files = 0;
		for (const name of readdirSync(path)) {
			if (!name.endsWith(".ts") || name === "main.ts") continue;
			const text = readFileSync(join(path, name), "utf8");
			if (!/^export default function \w*\s*\(\w+: Suite\)/m.test(text)) continue;
			const found = new RegExp(`^import (\\w+) from "${folder}/${name.slice(0, -3)}";$`, "m").exec(main);
			assert.ok(found, `${folder}/${name} is not in main.ts`);
			assert.match(main, new RegExp(`^\\t${found[1]}\\((suite|runner)\\);$`, "m"), `${folder}/${name} is not called`);
			files += 1;
		}
		assert.ok(files > 5, `${files} files`);
	});
