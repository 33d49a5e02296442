// Starts a tool that is written in TypeScript: installs the npm packages first when they are missing or out of date.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const [name, ...rest] = process.argv.slice(2);
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 9)) {
	console.error(`Fletcher's tools need Node 20.9 or later; this is ${process.versions.node}.`);
	process.exit(1);
}

const stamp = join(root, "node_modules/.fletcher-lock");
const lock = readFileSync(join(root, "package-lock.json"), "utf8");
if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== lock) {
	// Not `npm ci`: it refuses a lock file in which a registry had no build of an optional package for some other system.
	console.error("Installing npm packages …");
	const installed = spawnSync("npm", ["install", "--no-save", "--ignore-scripts", "--loglevel=error", "--fetch-retries=1"], {
		cwd: root,
		stdio: ["ignore", "ignore", "inherit"],
	});
	if (installed.status !== 0) {
		console.error("npm install failed: is the npm registry reachable?");
		process.exit(1);
	}
	writeFileSync(stamp, lock);
}

const child = spawn(
	process.execPath,
	["--disable-warning=ExperimentalWarning", "--import", "tsx", join(root, "tools", `${name}.ts`), ...rest],
	{
		cwd: root,
		stdio: "inherit",
	},
);
// A terminal sends Ctrl-C to both processes, anybody else a signal to this one only: the tool ends in its own time.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("exit", (code) => process.exit(code ?? 1));
