/**
 * Writes the makefile of one executable for one target. Make does what it does best: nothing is built again that did not change.
 *
 * engine objects + host objects + the modules' C -> stage1 (carries the byte code archive)
 * stage1 makes its root machine and writes it -> root.image
 * the same objects + root.image at its fixed address -> the executable
 */
import { basename, join } from "node:path";
import type { Manifest } from "./manifest.ts";
import type { Target } from "./targets.ts";

/** Engine sources the device needs: all but the parser. */
const ENGINE = (
	"xsAll xsAPI xsArguments xsArray xsAtomics xsBigInt xsBoolean xsCommon xsDataView xsDate xsDebug xsDefaults xsError xsFunction " +
	"xsGenerator xsGlobal xsJSON xsLockdown xsMapSet xsMarshall xsMath xsMemory xsModule xsNumber xsObject xsPlatforms xsProfile " +
	"xsPromise xsProperty xsProxy xsRegExp xsRun xsString xsSymbol xsType xsdtoa xsre xsmc"
).split(" ");
const PARSER = "xsCode xsLexical xsScope xsScript xsSourceMap xsSyntaxical xsTree".split(" ");

const HOST = [
	"hosts/linux/archive.c",
	"hosts/linux/engine.c",
	"hosts/linux/error_lines.c",
	"hosts/linux/main.c",
	"hosts/linux/memory.c",
	"hosts/linux/root.c",
];

const WARNINGS = "-Wall -Wextra -Wno-unused-parameter";
const HARDENING = "-D_FORTIFY_SOURCE=2 -fstack-protector-strong";
/** The interpreter's loop alone profits from the highest optimisation; see hosts/linux/xs_platform.h. */
const RUN = "-O3 -fno-gcse -fno-tree-vectorize -DFLETCHER_RUN";
/** Positions are fixed, so that the root's image can hold addresses of functions; see hosts/linux/README.md. */
const FIXED = "-fno-pie -no-pie";

export interface MakefileInput {
	target: Target;
	manifest: Manifest;
	/** Folder of the XS engine (holds includes, platforms, sources). */
	engine: string;
	/** Folder of everything this makefile makes, and of the target's engine objects. */
	folder: string;
	engineFolder: string;
	compiler: string;
	executable: string;
	/** False when executables of the target cannot run here: then the archive itself is linked, and the root made at boot. */
	runs: boolean;
}

function engineFlags(engine: string): string {
	return (
		`-I${engine}/includes -I${engine}/platforms -I${engine}/sources -Ihosts/linux -DINCLUDE_XSPLATFORM -DXSPLATFORM=\\"xs_platform.h\\" ` +
		"-DmxBoundsCheck=1 -DmxLockdown=1 -DmxParse=1 -DmxRun=1 -DmxSloppy=1 -DmxRegExpUnicodePropertyEscapes=0 -fno-common -fno-strict-aliasing"
	);
}

/** What decides how objects are compiled, for a file that they depend on: a changed flag compiles them again. */
export function flagsOf(input: MakefileInput): { engine: string; app: string } {
	const common = [input.target.compiler, ...input.target.flags, engineFlags(input.engine), FIXED].join(" ");
	return {
		engine: `${common} ${RUN}\n`,
		app: `${common} ${WARNINGS} ${HARDENING} ${input.manifest.folders.join(" ")} ${input.manifest.cFlags.join(" ")}\n`,
	};
}

export function appMakefile(input: MakefileInput): string {
	const { target, manifest, engine, folder, engineFolder, executable } = input;
	const lines: string[] = [];
	const common = `-O2 -g1 -ffunction-sections -fdata-sections ${FIXED} ${target.flags.join(" ")}`;
	const objects: string[] = [];
	lines.push(
		`CC = ${target.compiler}`,
		"MAKEFLAGS += --no-builtin-rules",
		".DELETE_ON_ERROR:",
		".SUFFIXES:",
		`all: ${executable}`,
		"",
	);
	for (const name of ENGINE) {
		const object = join(engineFolder, `${name}.o`);
		objects.push(object);
		const level = name === "xsRun" ? RUN : "";
		lines.push(
			`${object}: ${engine}/sources/${name}.c hosts/linux/xs_platform.h hosts/linux/memory.h ${engineFolder}/flags`,
			`\t@mkdir -p ${engineFolder}`,
			`\t$(CC) ${common} ${level} -w ${engineFlags(engine)} -c $< -o $@`,
			"",
		);
	}
	const includes = manifest.folders.map((path) => `-I${path}`).join(" ");
	for (const source of [...HOST, ...manifest.sources]) {
		const object = join(folder, `${basename(source, ".c")}.o`);
		objects.push(object);
		const own = HOST.includes(source) && source !== "hosts/linux/main.c";
		// The engine's private headers do not compile without warnings, our own files do.
		const flags = own
			? `${engineFlags(engine)} -w`
			: `-I${engine}/includes -I${engine}/platforms -Ihosts/linux -DINCLUDE_XSPLATFORM -DXSPLATFORM=\\"xs_platform.h\\" ${WARNINGS} ${HARDENING}`;
		lines.push(
			`${object}: ${source} ${folder}/mc.xs.h ${folder}/creation.h ${folder}/mc.defines.h ${folder}/flags`,
			`\t$(CC) ${common} ${flags} -Ihosts/posix ${includes} -I${folder} -DFLETCHER_TARGET=\\"${target.name}\\" ${manifest.cFlags.join(" ")} -MMD -MP -c $< -o $@`,
			"",
		);
		lines.push(`-include ${object.replace(/o$/, "d")}`, "");
	}
	const hosts = join(folder, "hosts.o");
	objects.push(hosts);
	lines.push(`${hosts}: ${folder}/hosts.c hosts/linux/archive.h`, `\t$(CC) ${common} -Ihosts/linux -c $< -o $@`, "");
	const link = (output: string, root: string, address: string): string =>
		`\t$(CC) ${common} ${objects.join(" ")} ${root} -o ${output} -Wl,--gc-sections -Wl,-z,relro,-z,now -Wl,--wrap=fxCaptureErrorStack ` +
		`-Wl,--section-start=.xsroot=${address} ${manifest.libraries.join(" ")} -lm -lpthread`;
	const part = (name: string, file: string): void => {
		lines.push(
			`${folder}/${name}.o: ${file}`,
			`\t@printf '.section .xsroot,"a",%%progbits\\n.balign 4096\\n.globl gRootSection\\ngRootSection:\\n.incbin "%s"\\n.section .note.GNU-stack,"",%%progbits\\n' ${file} > ${folder}/${name}.s`,
			`\t$(CC) ${target.flags.join(" ")} -c ${folder}/${name}.s -o $@`,
			"",
		);
	};
	part("archive_part", `${folder}/archive.bin`);
	const stage1 = input.runs ? `${folder}/stage1` : executable;
	lines.push(
		`${stage1}: ${objects.join(" ")} ${folder}/archive_part.o`,
		link("$@", `${folder}/archive_part.o`, "0x44000000"),
		"",
	);
	if (input.runs) {
		const run = target.runner.join(" ");
		part("image_part", `${folder}/root.image`);
		lines.push(
			`${folder}/root.image: ${stage1}`,
			// Once with room to spare, to learn how many slots it takes; once with just those.
			`\t@slots=$$(FLETCHER_WRITE_ROOT=$@ ${run} $<) && FLETCHER_ROOT_SLOTS=$$((slots + slots / 50 + 64)) FLETCHER_WRITE_ROOT=$@ ${run} $< > /dev/null`,
			"",
			`${executable}: ${stage1} ${folder}/image_part.o`,
			link(`${folder}/linked`, `${folder}/image_part.o`, "0x48000000"),
			// The image holds addresses of functions and constants of stage1: they must be the same here.
			`\t@for it in ${stage1} ${folder}/linked; do nm $$it | grep -i ' [tr] ' | grep -v '^0*4[48]000000 ' > $$it.symbols; done; ` +
				`cmp ${stage1}.symbols ${folder}/linked.symbols || { echo "the linker moved functions between stage1 and ${executable}"; exit 1; }`,
			`\t@mv ${folder}/linked $@`,
			"",
		);
	}
	return `${lines.join("\n")}\n`;
}

/** The byte code compiler, built for the machine at hand from the parser's sources. */
export function compilerMakefile(engine: string, folder: string, output: string): string {
	const lines = ["CC = gcc", "MAKEFLAGS += --no-builtin-rules", ".SUFFIXES:", `all: ${output}`, ""];
	const objects: string[] = [];
	for (const name of [...ENGINE, ...PARSER]) {
		const object = join(folder, `${name}.o`);
		objects.push(object);
		lines.push(
			`${object}: ${engine}/sources/${name}.c hosts/linux/xs_platform.h`,
			`\t$(CC) -O1 -w -ffunction-sections -DFLETCHER_COMPILER ${engineFlags(engine)} -c $< -o $@`,
			"",
		);
	}
	for (const name of ["compile", "memory"]) {
		const object = join(folder, `${name}.o`);
		objects.push(object);
		lines.push(
			`${object}: hosts/linux/${name}.c hosts/linux/archive.h hosts/linux/xs_platform.h`,
			`\t$(CC) -O1 -w -DFLETCHER_COMPILER ${engineFlags(engine)} -c $< -o $@`,
			"",
		);
	}
	lines.push(`${output}: ${objects.join(" ")}`, `\t$(CC) ${objects.join(" ")} -o $@ -Wl,--gc-sections -lm -lpthread`, "");
	return `${lines.join("\n")}\n`;
}
