/**
 * Takes the one manifest through the Moddable SDK that $MODDABLE names, and runs in its simulator platform what can be run there:
 *
 *   1. the loader (hosts/simulator/loader.c) that runs a simulator program without a display,
 *   2. the device for `lin`: built, started, and run against the Arrow service of tests/peers,
 *   3. the device for `esp32/xiao_esp32s3_sense`, up to the makefile,
 *   4. the unit tests for `lin`, built with the engine's debugger (errors name their line) and run.
 *
 * Whatever is built is checked: every module of the manifest is there and preloaded, and nothing of the device stays mutable in ROM.
 *
 * usage: npm run test:sdk [-- FILTER]    FILTER: only unit tests whose title holds it
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { readManifest } from "./manifest.ts";
import { type Makefile, readMakefile } from "./sdk_makefile.ts";

/** mcconfig names its folders after the real path. */
const root = realpathSync(resolve(dirname(fileURLToPath(import.meta.url)), ".."));
const out = join(root, "build/sdk");
const loader = join(out, "loader");
const deviceManifest = "manifest.json";
const unitManifest = "tests/unit/manifest.json";
const simulator: Record<string, string> = { [deviceManifest]: "lin/mc/release", [unitManifest]: "lin/mc/debug" };
const board = "esp32/xiao_esp32s3_sense";
/** Starting takes seconds, the unit tests with the debugging engine a minute or two. */
const PATIENCE = 300_000;

/** A failed step: one line, and what the tool printed. */
class StepError extends Error {
	readonly detail: string;
	constructor(message: string, detail = "") {
		super(message);
		this.detail = detail;
	}
}

interface Sdk {
	folder: string;
	/** Where mcconfig, xsc, xsl and the others are. */
	tools: string;
}

function findSdk(folder: string): Sdk | undefined {
	const bin = join(folder, "build/bin/lin");
	for (const kind of ["release", "debug"])
		if (existsSync(join(bin, kind, "mcconfig"))) return { folder: resolve(folder), tools: join(bin, kind) };
	return undefined;
}

/** The lines of a long output that say what went wrong; else its end. */
function excerpt(text: string): string {
	const lines = text.trimEnd().split("\n");
	const errors = lines.filter((line) => /\berror\b|^### warning|^not ok /i.test(line));
	return (errors.length ? errors.slice(0, 30) : lines.slice(-30)).join("\n");
}

function start(sdk: Sdk, what: string, command: string, args: string[]): { status: number | string; text: string } {
	const environment = {
		...process.env,
		MODDABLE: sdk.folder,
		PATH: `${sdk.tools}:${join(root, "node_modules/.bin")}:${process.env.PATH ?? ""}`,
	};
	const result = spawnSync(command, args, {
		cwd: root,
		env: environment,
		encoding: "utf8",
		timeout: PATIENCE,
		maxBuffer: 64 * 1024 * 1024,
	});
	if (result.error) throw new StepError(`${what}: ${command}: ${result.error.message}`);
	return { status: result.status ?? result.signal ?? "nothing", text: `${result.stdout}${result.stderr}` };
}

function run(sdk: Sdk, what: string, command: string, args: string[]): string {
	const { status, text } = start(sdk, what, command, args);
	if (status !== 0) throw new StepError(`${what}: exit code ${status}`, text);
	return text;
}

function buildLoader(sdk: Sdk): string {
	const flags = run(sdk, "loader", "pkg-config", ["--cflags", "--libs", "glib-2.0"]).trim().split(/\s+/);
	const source = join(root, "hosts/simulator/loader.c");
	const warnings = ["-Wall", "-Wextra", "-Werror", "-O2"];
	run(sdk, "loader", "cc", [
		...warnings,
		`-I${sdk.folder}/build/simulators/modules`,
		"-rdynamic",
		source,
		"-o",
		loader,
		...flags,
		"-ldl",
		"-lpthread",
	]);
	return "built";
}

/** Where mcconfig puts the files of a manifest: both paths hold the name of the manifest's folder. */
function folderOf(manifest: string, kind: "bin" | "tmp", platform: string): string {
	return join(out, kind, platform, basename(dirname(join(root, manifest))));
}

/** Compares what mcconfig made of a manifest with what the Linux builder makes of the same file. */
function checkModules(manifest: string, makefile: Makefile): string {
	const wanted = readManifest(root, join(root, manifest), "linux/linux64").modules.map((module) => module.name);
	const ours = makefile.modules.filter((module) => module.source.startsWith(`${root}/`) && module.name !== "mc/config");
	const names = ours.map((module) => module.name);
	const unknown = names.filter((name) => !wanted.includes(name));
	if (unknown.length) throw new StepError(`modules that the Linux build does not have: ${unknown.join(", ")}`);
	const loose = names.filter((name) => !makefile.preloads.includes(name));
	if (loose.length) throw new StepError(`modules that are not preloaded: ${loose.join(", ")}`);
	const absent = wanted.filter((name) => !names.includes(name));
	if (absent.length) throw new StepError(`modules that are missing: ${absent.join(", ")}`);
	const objects = makefile.sources.filter((source) => source.startsWith(`${root}/`)).length;
	return `${names.length} modules, all preloaded, and ${objects} C files of ours`;
}

/** xsl warns of what it finds mutable in preloaded modules; the SDK's own modules are its own affair. */
function checkFrozen(log: string, makefile: Makefile): void {
	const ours = makefile.modules.filter((module) => module.source.startsWith(`${root}/`)).map((module) => module.name);
	const warnings = log.split("\n").filter((line) => line.startsWith("### warning:"));
	const bad = warnings.filter((line) => ours.includes(line.slice("### warning:".length).trim().split(":")[0] ?? ""));
	if (bad.length) throw new StepError("preloaded modules hold mutable state", bad.join("\n"));
}

function programOf(manifest: string): string {
	return join(folderOf(manifest, "bin", simulator[manifest] as string), "mc.so");
}

function buildForSimulator(sdk: Sdk, manifest: string): string {
	/* What an earlier run left must not pass for what this one builds. */
	rmSync(programOf(manifest), { force: true });
	const debug = manifest === unitManifest ? ["-d"] : [];
	const log = run(sdk, "mcconfig lin", "nice", ["mcconfig", ...debug, "-m", "-p", "lin", "-o", out, "-t", "build", manifest]);
	const makefile = readMakefile(join(folderOf(manifest, "tmp", simulator[manifest] as string), "makefile"));
	const found = checkModules(manifest, makefile);
	if (manifest === deviceManifest) checkFrozen(log, makefile);
	return found;
}

function runInSimulator(sdk: Sdk, manifest: string, args: string[]): { status: number | string; text: string } {
	return start(sdk, "simulator", loader, [programOf(manifest), ...args]);
}

function startDevice(sdk: Sdk): string {
	const { status, text } = runInSimulator(sdk, deviceManifest, ["--version"]);
	if (status !== 0) throw new StepError(`--version: exit code ${status}`, text);
	const version = (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }).version;
	if (!text.includes(version)) throw new StepError(`--version does not name ${version}`, text);
	return `--version says ${version}`;
}

/** The tests of the Linux executable that only need an Arrow service and local servers, with this device in its place. */
function testDevice(sdk: Sdk): string {
	const device = join(out, "fletcher");
	writeFileSync(device, `#!/bin/sh\nexec ${loader} ${programOf(deviceManifest)} "$@"\n`, { mode: 0o755 });
	process.env.FLETCHER = device;
	const tests = ["register", "local_services"].map((name) => join(root, `tests/system/${name}.test.ts`));
	const { status, text } = start(sdk, "tests", process.execPath, ["--import", "tsx", "--test", "--test-reporter=tap", ...tests]);
	const count = (what: string): string => new RegExp(`^# ${what} (\\d+)$`, "m").exec(text)?.[1] ?? "?";
	const summary = `${count("pass")} passed, ${count("fail")} failed`;
	if (status !== 0) throw new StepError(summary, text);
	return summary;
}

function makefileForBoard(sdk: Sdk): string {
	run(sdk, `mcconfig ${board}`, "mcconfig", ["-p", board, "-o", out, deviceManifest]);
	const makefile = readMakefile(join(folderOf(deviceManifest, "tmp", `${board}/release`), "makefile"));
	return checkModules(deviceManifest, makefile);
}

function runUnitTests(sdk: Sdk, filter: string[]): string {
	const { status, text } = runInSimulator(sdk, unitManifest, ["--short", ...filter]);
	const summary = /^(\d+) passed, (\d+) failed$/m.exec(text)?.[0];
	if (!summary) throw new StepError(`no result, exit code ${status}`, text.split("\n").slice(-20).join("\n"));
	const failures = text.split("\n").filter((line) => line.startsWith("not ok "));
	if (status !== 0 || failures.length) throw new StepError(`${summary}, exit code ${status}`, failures.join("\n"));
	return summary;
}

function main(): number {
	const moddable = process.env.MODDABLE;
	if (!moddable) {
		console.log("skipped: MODDABLE is not set");
		return 0;
	}
	/* No xsbug: at a closed port the engine of a debug build goes on at once. */
	process.env.XSBUG_HOST = "127.0.0.1";
	process.env.XSBUG_PORT = "1";
	process.env.MAKEFLAGS = `--jobs ${availableParallelism()}`;
	mkdirSync(out, { recursive: true });
	const steps: [string, (sdk: Sdk) => string][] = [
		["loader", buildLoader],
		["device for lin", (sdk) => buildForSimulator(sdk, deviceManifest)],
		["device started in the simulator", startDevice],
		["device in the simulator against the Arrow service", testDevice],
		[`device for ${board}, makefile`, makefileForBoard],
		["unit tests for lin", (sdk) => buildForSimulator(sdk, unitManifest)],
		["unit tests run in the simulator", (sdk) => runUnitTests(sdk, process.argv.slice(2))],
	];
	const sdk = findSdk(moddable);
	if (!sdk) {
		console.log(
			`not ok: MODDABLE is ${moddable}, but there is no build/bin/lin/release/mcconfig in it: build the SDK's command line tools first`,
		);
		return 1;
	}
	let passed = 0;
	let failed = 0;
	for (const [title, step] of steps) {
		try {
			console.log(`ok ${title}: ${step(sdk)}`);
			passed++;
		} catch (error) {
			failed++;
			console.log(`not ok ${title}: ${error instanceof Error ? error.message : String(error)}`);
			if (error instanceof StepError && error.detail) console.log(excerpt(error.detail));
		}
	}
	console.log(`${passed} passed, ${failed} failed`);
	return failed ? 1 : 0;
}

process.exitCode = main();
