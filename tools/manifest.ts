/**
 * Reads `manifest.json` as Moddable's mcconfig does, in the subset that Fletcher uses:
 * `include`, `modules` (names and globs, `~` excludes), `preload`, `creation`, `config`, `defines`, `build` (LIBRARIES, C_FLAGS)
 * and `platforms` (the longest prefix of the platform wins, `...` is the rest, `error` stops).
 * An included manifest comes before the one that includes it; lists grow, objects merge, the includer's values win.
 */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, extname, join, relative, resolve } from "node:path";

export interface Heap {
	initial: number;
	incremental: number;
}

export interface Creation {
	chunk: Heap;
	heap: Heap;
	stack: number;
	keys: { initial: number; incremental: number; name: number; symbol: number };
	main: string;
}

export interface ScriptModule {
	/** Name that imports use. */
	name: string;
	/** Path of the source, from the project's root. */
	path: string;
}

export interface Manifest {
	modules: ScriptModule[];
	/** Names in the order in which they are preloaded. */
	preload: string[];
	/** C files and the folders of headers, from the project's root. */
	sources: string[];
	folders: string[];
	creation: Creation;
	config: Record<string, unknown>;
	defines: Record<string, unknown>;
	libraries: string[];
	cFlags: string[];
	/** Every manifest that was read. */
	files: string[];
}

type Json = Record<string, unknown>;

const KNOWN = [
	"include",
	"modules",
	"preload",
	"creation",
	"config",
	"defines",
	"build",
	"platforms",
	"strip",
	"typescript",
	"error",
	"//",
];

class Reader {
	readonly #platform: string;
	readonly #root: string;
	readonly #seen = new Set<string>();
	readonly #scripts = new Map<string, string>();
	readonly #excluded = new Set<string>();
	readonly result: Manifest = {
		modules: [],
		preload: [],
		sources: [],
		folders: [],
		creation: {
			chunk: { initial: 0, incremental: 0 },
			heap: { initial: 0, incremental: 0 },
			stack: 0,
			keys: { initial: 0, incremental: 0, name: 0, symbol: 0 },
			main: "main",
		},
		config: {},
		defines: {},
		libraries: [],
		cFlags: [],
		files: [],
	};

	constructor(root: string, platform: string) {
		this.#root = root;
		this.#platform = platform;
	}

	read(path: string): void {
		const file = resolve(path);
		if (this.#seen.has(file)) return;
		this.#seen.add(file);
		if (!existsSync(file)) throw new Error(`${relative(this.#root, file)}: there is no such manifest`);
		let manifest: Json;
		try {
			manifest = JSON.parse(readFileSync(file, "utf8")) as Json;
		} catch (error) {
			throw new Error(`${relative(this.#root, file)}: ${(error as Error).message}`);
		}
		this.result.files.push(file);
		for (const key of Object.keys(manifest))
			if (!KNOWN.includes(key)) throw new Error(`${relative(this.#root, file)}: "${key}" is not known to this builder`);
		const platforms = (manifest.platforms ?? {}) as Record<string, Json>;
		const section = this.#choose(platforms);
		this.#apply(manifest, dirname(file));
		if (section) {
			if (section.error) throw new Error(`${relative(this.#root, file)}: ${section.error as string}`);
			this.#apply(section, dirname(file));
		}
	}

	finish(): Manifest {
		for (const [name, path] of this.#scripts) {
			if (this.#excluded.has(path)) continue;
			this.result.modules.push({ name, path });
			if (!this.result.preload.includes(name))
				throw new Error(`${path}: the module ${name} is not in "preload": on a device it would cost RAM`);
		}
		for (const name of this.result.preload) if (!this.#scripts.has(name)) throw new Error(`preload: there is no module ${name}`);
		return this.result;
	}

	#choose(platforms: Record<string, Json>): Json | undefined {
		const parts = this.#platform.split("/");
		for (let count = parts.length; count > 0; count--) {
			const section = platforms[parts.slice(0, count).join("/")];
			if (section) return section;
		}
		return platforms["..."];
	}

	#apply(manifest: Json, folder: string): void {
		const result = this.result;
		for (const path of list(manifest.include)) this.read(join(folder, path));
		for (const [key, value] of Object.entries((manifest.modules ?? {}) as Json))
			for (const path of list(value)) this.#module(key, path, folder);
		result.preload.push(...list(manifest.preload).filter((name) => !result.preload.includes(name)));
		merge(result.creation as unknown as Json, (manifest.creation ?? {}) as Json);
		merge(result.config, (manifest.config ?? {}) as Json);
		merge(result.defines, (manifest.defines ?? {}) as Json);
		const build = (manifest.build ?? {}) as Record<string, string>;
		result.libraries.push(...words(build.LIBRARIES));
		result.cFlags.push(...words(build.C_FLAGS));
	}

	#module(key: string, path: string, folder: string): void {
		for (const file of this.#files(join(folder, path))) {
			const extension = extname(file);
			const shown = relative(this.#root, file);
			if (key === "~") this.#excluded.add(shown);
			else if (extension === ".c") {
				if (!this.result.sources.includes(shown)) this.result.sources.push(shown);
				this.#folder(dirname(shown));
			} else if (extension === ".h") this.#folder(dirname(shown));
			else if ((extension === ".ts" && !file.endsWith(".d.ts")) || extension === ".js") {
				const base = file.slice(file.lastIndexOf("/") + 1, -extension.length);
				const name = key.endsWith("*") ? key.slice(0, -1) + base : key;
				this.#scripts.set(name, shown);
			}
		}
	}

	#folder(path: string): void {
		if (!this.result.folders.includes(path)) this.result.folders.push(path);
	}

	#files(pattern: string): string[] {
		if (pattern.endsWith("/*")) {
			const folder = pattern.slice(0, -2);
			if (!existsSync(folder)) throw new Error(`${relative(this.#root, folder)}: there is no such folder`);
			return readdirSync(folder)
				.sort()
				.map((name) => join(folder, name))
				.filter((file) => statSync(file).isFile());
		}
		for (const extension of ["", ".ts", ".js", ".c", ".h"])
			if (existsSync(pattern + extension) && statSync(pattern + extension).isFile()) return [pattern + extension];
		throw new Error(`${relative(this.#root, pattern)}: there is no such module`);
	}
}

function list(value: unknown): string[] {
	return value === undefined ? [] : Array.isArray(value) ? (value as string[]) : [value as string];
}

function words(value: string | undefined): string[] {
	return value ? value.split(/\s+/).filter((word) => word !== "") : [];
}

function merge(target: Json, source: Json): void {
	for (const [key, value] of Object.entries(source)) {
		const old = target[key];
		if (value && typeof value === "object" && !Array.isArray(value) && old && typeof old === "object")
			merge(old as Json, value as Json);
		else target[key] = value;
	}
}

/** Reads the manifest at `path` for a platform such as "linux/linux64". @throws Error naming the file and what is wrong with it. */
export function readManifest(root: string, path: string, platform: string): Manifest {
	const reader = new Reader(root, platform);
	reader.read(path);
	return reader.finish();
}
