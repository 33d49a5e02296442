/**
 * Builds Fletcher for Linux: TypeScript checked and emitted, modules compiled to byte code, C compiled, the root's image made.
 *
 * usage: npm run build [-- TARGET...]   (linux64 by default; linux32, armhf, all)
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { contentKey } from "./content_key.ts";
import { appMakefile, compilerMakefile, flagsOf } from "./makefile.ts";
import { type Manifest, readManifest } from "./manifest.ts";
import { type Target, targetReady, targets } from "./targets.ts";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const out = "build";

export interface BuildOptions {
	target?: string;
	/** "fletcher", or "unit" for the tests that run on XS. */
	app?: string;
	/** Print nothing but errors. */
	quiet?: boolean;
}

const apps: Record<string, string> = { fletcher: "manifest.json", unit: "tests/unit/manifest.json" };

/** A failure with one line for a person; `detail` is what the tool printed. */
export class BuildError extends Error {
	readonly detail: string;
	constructor(message: string, detail: string) {
		super(message);
		this.detail = detail;
	}
}

function run(what: string, command: string, args: string[], input?: string): string {
	const result = spawnSync(command, args, { cwd: root, encoding: "utf8", input, maxBuffer: 64 * 1024 * 1024 });
	if (result.error) throw new BuildError(`${what}: ${command} cannot be started (${result.error.message})`, "");
	if (result.status !== 0)
		throw new BuildError(`${what} failed${result.signal ? ` (${result.signal})` : ""}`, `${result.stdout}${result.stderr}`);
	return result.stdout;
}

/** Writes a file only when its content changes, so that make sees no news where there is none. */
function update(path: string, content: string): void {
	const file = join(root, path);
	if (existsSync(file) && readFileSync(file, "utf8") === content) return;
	mkdirSync(dirname(file), { recursive: true });
	writeFileSync(file, content);
}

/** The XS sources: those inside an npm package, of the one version that hosts/linux is written for. */
function findEngine(): string {
	const engine = "node_modules/@agoric/xsnap/moddable/xs";
	if (!existsSync(join(root, engine))) throw new BuildError("there are no XS sources: run npm install", "");
	return engine;
}

/** Checks the whole project and emits JavaScript with source maps for the device. */
function emitTypeScript(): void {
	run("TypeScript", join(root, "node_modules/.bin/tsc"), [
		"-p",
		"tsconfig.json",
		"--noEmit",
		"false",
		"--outDir",
		`${out}/js`,
		"--rootDir",
		".",
		"--sourceMap",
	]);
}

/** Compiles the modules to byte code, when one of them, or the compiler, is not what it was the last time. */
function compileModules(manifest: Manifest, folder: string, compiler: string): void {
	const config = join(folder, "mc_config.js");
	update(config, `export default Object.freeze(${JSON.stringify(manifest.config)}, true);\n`);
	const modules: [name: string, file: string, shown: string][] = [["mc/config", config, "manifest.json"]];
	for (const name of manifest.preload) {
		const path = manifest.modules.find((module) => module.name === name)?.path;
		if (path !== undefined)
			modules.push([name, path.endsWith(".ts") ? join(out, "js", path.replace(/\.ts$/, ".js")) : path, path]);
	}
	const list = modules.map((module) => `${module.join("\t")}\n`).join("");
	const files = [compiler, ...modules.map((module) => module[1])].map((file) => join(root, file));
	const key = contentKey(list, files);
	const archive = join(folder, "archive.bin");
	const stamp = join(root, folder, "archive.sha256");
	if (existsSync(join(root, archive)) && existsSync(stamp) && readFileSync(stamp, "utf8") === key) return;
	rmSync(join(root, archive), { force: true });
	run("byte code", join(root, compiler), [archive], list);
	writeFileSync(stamp, key);
}

/** The C names that scripts use and the names that C uses of scripts. */
function generateTables(manifest: Manifest, folder: string): void {
	const hosts = new Set<string>();
	for (const module of manifest.modules)
		if (module.path.endsWith(".js"))
			for (const match of readFileSync(join(root, module.path), "utf8").matchAll(/@ "(\w+)"/g)) hosts.add(match[1] as string);
	const names = [...hosts].sort();
	update(
		join(folder, "hosts.c"),
		`#include "archive.h"\n${names.map((name) => `extern void ${name}();`).join("\n")}\nconst HostFunction gHostFunctions[] = {\n${names.map((name) => `\t{ "${name}", (void *)${name} },`).join("\n")}\n};\nconst unsigned gHostFunctionCount = ${names.length};\n`,
	);
	const ids = new Set<string>();
	for (const source of ["hosts/linux/main.c", ...manifest.sources])
		for (const match of readFileSync(join(root, source), "utf8").matchAll(/\bxsID_(\w+)/g)) ids.add(match[1] as string);
	const sorted = [...ids].sort();
	update(
		join(folder, "mc.xs.h"),
		`#ifndef MC_XS_H\n#define MC_XS_H\nextern xsIdentifier gHostIDs[];\n${sorted.map((id, index) => `#define xsID_${id} (gHostIDs[${index}])`).join("\n")}\n#endif\n`,
	);
	const { creation } = manifest;
	const all = [...sorted];
	const sizes: [string, number][] = [
		["CREATION_CHUNKS", creation.chunk.initial],
		["CREATION_SLOTS", creation.heap.initial],
		["CREATION_STACK", creation.stack],
		["CREATION_KEYS", creation.keys.initial],
		["CREATION_NAMES", creation.keys.name],
		["CREATION_SYMBOLS", creation.keys.symbol],
		["HOST_ID_COUNT", Math.max(1, all.length)],
	];
	for (const [name, value] of sizes)
		if (!value) throw new BuildError(`manifest.json: creation lacks what ${name} comes from`, "");
	if (creation.chunk.incremental || creation.heap.incremental || creation.keys.incremental)
		throw new BuildError("manifest.json: creation: the heap is fixed, incremental must be 0", "");
	update(
		join(folder, "creation.h"),
		`${sizes.map(([name, value]) => `#define ${name} ${value}`).join("\n")}\n#define CREATION_MAIN "${creation.main}"\n#define HOST_ID_NAMES ${all.map((id) => `"${id}"`).join(", ") || '""'}\n`,
	);
	const defines: string[] = [];
	const flatten = (prefix: string, value: unknown): void => {
		if (value && typeof value === "object")
			for (const [key, inner] of Object.entries(value)) flatten(`${prefix}_${key.toUpperCase()}`, inner);
		else defines.push(`#define ${prefix} (${value === true ? 1 : value === false ? 0 : String(value)})`);
	};
	flatten("MODDEF", manifest.defines);
	update(join(folder, "mc.defines.h"), `${defines.join("\n")}\n`);
}

function buildCompiler(engine: string): string {
	const folder = join(out, "compiler");
	const compiler = join(folder, "compile");
	update(join(folder, "Makefile"), compilerMakefile(engine, folder, compiler));
	make(join(folder, "Makefile"), "the byte code compiler");
	return compiler;
}

function make(makefile: string, what: string): void {
	run(what, "make", ["-s", `-j${availableParallelism()}`, "-f", makefile]);
}

let emitted = false;

/** Builds one executable. @throws BuildError with one line and the tool's output. */
export async function build(options: BuildOptions = {}): Promise<{ executable: string; target: Target }> {
	const target = targets[options.target ?? "linux64"];
	const app = options.app ?? "fletcher";
	const manifestPath = apps[app];
	if (!target) throw new BuildError(`${options.target}: not a target; there are ${Object.keys(targets).join(", ")}`, "");
	if (!manifestPath) throw new BuildError(`${app}: nothing to build by that name`, "");
	if (!targetReady(target)) throw new BuildError(`${target.name} needs Debian's ${target.packages.join(" ")}`, "");
	const engine = findEngine();
	const compiler = buildCompiler(engine);
	if (!emitted) emitTypeScript();
	emitted = true;
	let manifest: Manifest;
	try {
		manifest = readManifest(root, join(root, manifestPath), target.platform);
	} catch (error) {
		throw new BuildError((error as Error).message, "");
	}
	const folder = join(out, target.name, "obj", app);
	const executable = join(out, target.name, app);
	mkdirSync(join(root, folder), { recursive: true });
	generateTables(manifest, folder);
	compileModules(manifest, folder, compiler);
	const runs = target.runner.length === 0 || existsSync(`/usr/bin/${target.runner[0]}`);
	const engineFolder = join(out, target.name, "obj/xs");
	const input = { target, manifest, engine, folder, engineFolder, compiler, executable, runs };
	const flags = flagsOf(input);
	update(join(engineFolder, "flags"), flags.engine);
	update(join(folder, "flags"), flags.app);
	update(join(folder, "Makefile"), appMakefile(input));
	make(join(folder, "Makefile"), `${target.name}/${app}`);
	if (target.name === "linux64" && app === "fletcher") {
		const link = join(root, out, "fletcher");
		rmSync(link, { force: true });
		symlinkSync("linux64/fletcher", link);
	}
	return { executable: join(root, executable), target };
}

async function main(): Promise<void> {
	const wanted = process.argv.slice(2);
	const app = wanted.includes("--unit") ? "unit" : "fletcher";
	const names = wanted.filter((name) => !name.startsWith("--"));
	const list = names.includes("all") ? Object.keys(targets) : names.length ? names : ["linux64"];
	for (const name of list) {
		const start = Date.now();
		const { executable } = await build({ target: name, app });
		const size = execFileSync("size", [executable], { encoding: "utf8" }).split("\n")[1]?.trim().split(/\s+/);
		console.log(
			`${relative(root, executable)}  ${((Date.now() - start) / 1000).toFixed(1)} s  text ${size?.[0]} data ${size?.[1]} bss ${size?.[2]}`,
		);
	}
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
	main().catch((error: Error) => {
		console.error(`build: ${error.message}`);
		if (error instanceof BuildError && error.detail) console.error(error.detail);
		process.exitCode = 1;
	});
