/** The native modules in a process that has used up what the host gives it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import { build } from "../../tools/build.ts";

let unit = "";

before(async () => {
	unit = (await build({ app: "unit" })).executable;
});

/** Runs a probe under the limits that a shell sets first. @returns what it printed, by the first word of each line. */
function probe(limits: string, name: string, argument = ""): Map<string, string> {
	const result = spawnSync("sh", ["-c", `${limits}; exec "$0" --probe "$1" "$2"`, unit, name, argument], {
		encoding: "utf8",
		timeout: 20_000,
	});
	assert.equal(result.status, 0, result.stdout + result.stderr);
	const lines = new Map<string, string>();
	for (const line of result.stdout.trim().split("\n")) {
		const space = line.indexOf(" ");
		lines.set(line.slice(0, space), line.slice(space + 1));
	}
	return lines;
}

test("without descriptors: connect and look-up give a reason, a waiting connection is kept and does not spin the loop", () => {
	const said = probe("ulimit -n 40", "descriptors");
	assert.equal(said.get("connect"), "0");
	assert.equal(said.get("files"), "true");
	assert.equal(said.get("second"), "-2 EMFILE");
	assert.equal(said.get("resolved"), "undefined true");
	const calls = Number(said.get("calls"));
	assert.ok(calls >= 1 && calls <= 6, `${calls} calls`);
	assert.equal(said.get("accepted"), "true");
});

test("a replacement that the host stops in the middle leaves the old file and nothing beside it", () => {
	const folder = mkdtempSync(join(tmpdir(), "fletcher-limits-"));
	try {
		// The signal that comes with the limit is ignored, as a full disk sends none. 2 blocks of 512 bytes.
		const said = probe('trap "" XFSZ; ulimit -f 2', "file-size", folder);
		assert.equal(said.get("small"), "''");
		assert.equal(said.get("large"), "'EFBIG'");
		assert.equal(said.get("old"), "500");
		assert.equal(said.get("names"), "state.json");
	} finally {
		rmSync(folder, { recursive: true });
	}
	assert.throws(() => statSync(folder));
});
