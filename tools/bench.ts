/** usage: npm run bench [-- NAME...]   Runs benchmarks of tests/bench; they print figures and ratios and judge nothing. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { BuildError, build, root } from "./build.ts";
import { ensure, toBuild } from "./packages.ts";

const folder = join(root, "tests/bench");
const all = readdirSync(folder)
	.filter((file) => file.endsWith(".bench.ts"))
	.map((file) => file.slice(0, -".bench.ts".length))
	.sort();
const wanted = process.argv.slice(2);

try {
	for (const name of wanted)
		if (!existsSync(join(folder, `${name}.bench.ts`)))
			throw new BuildError(`${name}: no such benchmark; there are ${all.join(", ")}`, "");
	if (ensure(toBuild).length > 0) process.exit(1);
	await build({ quiet: true });
	for (const name of wanted.length ? wanted : all) {
		const bench = (await import(pathToFileURL(join(folder, `${name}.bench.ts`)).href)) as { default: () => Promise<void> };
		await bench.default();
	}
	process.exit(0);
} catch (error) {
	console.error(`bench: ${(error as Error).message}`);
	if (error instanceof BuildError && error.detail) console.error(error.detail);
	process.exit(1);
}
