/** Reads back from a makefile that mcconfig wrote what a build would take in. */
import { readFileSync } from "node:fs";

export interface Makefile {
	/** Script modules: the name imports use and the source's path. */
	modules: { name: string; source: string }[];
	/** Names that xsl preloads. */
	preloads: string[];
	/** Paths of the C files. */
	sources: string[];
}

/** The words of a variable's last definition, whose value goes on over lines that end in a backslash. */
function variable(text: string, name: string): string[] {
	const value = [...text.matchAll(new RegExp(`^${name} =((?:[^\\n]*\\\\\\n)*[^\\n]*)`, "gm"))].at(-1)?.[1] ?? "";
	return value
		.replaceAll("\\\n", " ")
		.split(/\s+/)
		.filter((word) => word !== "");
}

export function readMakefile(path: string): Makefile {
	const text = readFileSync(path, "utf8");
	const makefile: Makefile = { modules: [], preloads: [], sources: [] };
	for (const word of variable(text, "PRELOADS")) if (word !== "-p") makefile.preloads.push(word.replace(/\.xsb$/, ""));
	const listed = new Set(variable(text, "MODULES"));
	for (const rule of text.matchAll(/^\$\(MODULES_DIR\)\/(\S+)\.xsb: (\S+)/gm)) {
		const name = rule[1] as string;
		let source = rule[2] as string;
		/* TypeScript is compiled to TMP_DIR/tsc/NAME/PATH.js first. */
		const compiled = `$(TMP_DIR)/tsc/${name}/`;
		if (source.startsWith(compiled)) source = `/${source.slice(compiled.length).replace(/\.js$/, ".ts")}`;
		if (listed.has(`$(MODULES_DIR)/${name}.xsb`)) makefile.modules.push({ name, source });
	}
	const objects = new Set(variable(text, "OBJECTS"));
	for (const rule of text.matchAll(/^(\$\(TMP_DIR\)\/\S+\.o): (\S+)/gm))
		if (objects.has(rule[1] as string)) makefile.sources.push(rule[2] as string);
	return makefile;
}
