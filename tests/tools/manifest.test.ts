import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { readManifest } from "../../tools/manifest.ts";

let folder = "";

function put(path: string, content: unknown): void {
	const file = join(folder, path);
	mkdirSync(join(file, ".."), { recursive: true });
	writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
}

beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "fletcher-manifest-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("names mirror folders; declarations, texts and sub-folders of a glob are left out", () => {
	put("a/one.ts", "");
	put("a/two.js", "");
	put("a/two.d.ts", "");
	put("a/README.md", "");
	put("a/inner/three.ts", "");
	put("manifest.json", { modules: { "a/*": "./a/*" }, preload: ["a/one", "a/two"] });
	const manifest = readManifest(folder, join(folder, "manifest.json"), "linux/linux64");
	assert.deepEqual(manifest.modules, [
		{ name: "a/one", path: "a/one.ts" },
		{ name: "a/two", path: "a/two.js" },
	]);
});

test("a module that is not preloaded is refused, as it would cost RAM on a device", () => {
	put("one.ts", "");
	put("manifest.json", { modules: { one: "./one" } });
	assert.throws(
		() => readManifest(folder, join(folder, "manifest.json"), "linux"),
		/one\.ts: the module one is not in "preload"/,
	);
});

test("a preloaded module that is nowhere is refused", () => {
	put("manifest.json", { preload: ["none"] });
	assert.throws(() => readManifest(folder, join(folder, "manifest.json"), "linux"), /there is no module none/);
});

test("the longest prefix of the platform wins, and `...` takes the rest", () => {
	put("manifest.json", {
		platforms: {
			linux: { creation: { stack: 1 } },
			"linux/linux64": { creation: { stack: 2 } },
			"...": { error: "not here" },
		},
	});
	const read = (platform: string): number => readManifest(folder, join(folder, "manifest.json"), platform).creation.stack;
	assert.equal(read("linux/linux64"), 2);
	assert.equal(read("linux/armhf"), 1);
	assert.throws(() => read("mac"), /not here/);
});

test("an included manifest comes first: lists grow and the includer's values win", () => {
	put("inner/c/it.c", "");
	put("inner/manifest.json", {
		modules: { "*": "./c/*" },
		creation: { stack: 1, heap: { initial: 5, incremental: 0 } },
		build: { LIBRARIES: "-la" },
	});
	put("manifest.json", { include: "./inner/manifest.json", creation: { stack: 9 }, build: { LIBRARIES: "-lb" } });
	const manifest = readManifest(folder, join(folder, "manifest.json"), "linux");
	assert.equal(manifest.creation.stack, 9);
	assert.equal(manifest.creation.heap.initial, 5);
	assert.deepEqual(manifest.libraries, ["-la", "-lb"]);
	assert.deepEqual(manifest.sources, ["inner/c/it.c"]);
});

test("an unknown key, broken JSON and missing files are named", () => {
	put("manifest.json", { modulse: {} });
	assert.throws(() => readManifest(folder, join(folder, "manifest.json"), "linux"), /manifest\.json: "modulse" is not known/);
	put("manifest.json", "{");
	assert.throws(() => readManifest(folder, join(folder, "manifest.json"), "linux"), /manifest\.json: /);
	put("manifest.json", { include: "./none.json" });
	assert.throws(() => readManifest(folder, join(folder, "manifest.json"), "linux"), /none\.json: there is no such manifest/);
	put("manifest.json", { modules: { x: "./x" } });
	assert.throws(() => readManifest(folder, join(folder, "manifest.json"), "linux"), /x: there is no such module/);
});
