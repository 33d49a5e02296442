/**
 * Makes docs/configuration.md from schema/config.schema.json.
 *
 * usage: npx tsx tools/docs.ts [--check]     (--check: exit 1 when the file is not what the schema says)
 */
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

interface Schema {
	readonly type: string;
	readonly title?: string;
	readonly description?: string;
	readonly properties?: Readonly<Record<string, Schema>>;
	readonly required?: readonly string[];
	readonly items?: Schema;
	readonly minimum?: number;
	readonly maximum?: number;
	readonly maxItems?: number;
	readonly maxLength?: number;
	readonly enum?: readonly (string | number)[];
	readonly default?: unknown;
	/** Default on devices of the ESP32's size. */
	readonly "x-small-default"?: unknown;
	/** Default that is not filled in, but known where the value is used. */
	readonly "x-default"?: unknown;
}

const SCHEMA = new URL("../schema/config.schema.json", import.meta.url);
const PAGE = new URL("../docs/configuration.md", import.meta.url);

const INTRODUCTION = `# Configuration

<!-- Made from schema/config.schema.json by tools/docs.ts: change it there. -->

\`fletcher --config FILE --state DIR\` reads one JSON file. \`--check-config\` checks it and stops: exit status 0, or 2 with a line for
each wrong key. Editors that know JSON Schema complete and check it with
[schema/config.schema.json](../schema/config.schema.json).

Where a second default is given, it holds on devices of the ESP32's size (\`esp32\`, \`linux32\`, \`armhf\`).

\`\`\`json
{
	"camera": { "source": "demo/clip.mjpeg", "http": { "port": 8080 } },
	"arrow": {
		"service": "arrow.example.com",
		"authorities": "/etc/fletcher/ca.pem",
		"services": [{ "type": "rtsp", "url": "rtsp://127.0.0.1:554/live" }]
	}
}
\`\`\`
`;

/** The page as the schema says it. */
export function makePage(schema: Schema): string {
	const lines = [INTRODUCTION];
	section(lines, schema, "");
	return `${lines.join("\n").trimEnd()}\n`;
}

/** A table of the object's own keys, then a section for each object in it. */
function section(lines: string[], schema: Schema, path: string): void {
	const members = Object.entries(schema.properties ?? {});
	if (path !== "") lines.push(`## ${path}`, "", schema.description ?? "", "");
	const plain = members.filter(([, member]) => inner(member) === undefined);
	if (plain.length > 0) {
		lines.push("| key | value | default | meaning |", "| --- | --- | --- | --- |");
		for (const [name, member] of plain)
			lines.push(`| \`${name}\` | ${rangeOf(member)} | ${fallbackOf(member, name, schema)} | ${cell(member.description)} |`);
		lines.push("");
	}
	for (const [name, member] of members) {
		const object = inner(member);
		const own = path === "" ? name : `${path}.${name}`;
		if (object === undefined) continue;
		if (object === member) section(lines, object, own);
		else section(lines, { ...object, description: `A list of at most ${member.maxItems}. ${member.description}` }, `${own}[]`);
	}
}

/** The object that a member is, or is a list of. */
function inner(member: Schema): Schema | undefined {
	if (member.type === "object") return member;
	return member.items?.type === "object" ? member.items : undefined;
}

function rangeOf(member: Schema): string {
	if (member.enum !== undefined) return member.enum.map((one) => `\`${JSON.stringify(one)}\``).join(" ");
	if (member.type === "integer") return `whole number, ${member.minimum}..${member.maximum}`;
	if (member.type === "number") return `number, ${member.minimum}..${member.maximum}`;
	if (member.type === "boolean") return "`true` `false`";
	if (member.items !== undefined) return `list of at most ${member.maxItems}: ${rangeOf(member.items)}`;
	return `text, ${member.maxLength} characters at most`;
}

function fallbackOf(member: Schema, name: string, parent: Schema): string {
	if (parent.required?.includes(name)) return "must be given";
	const value = member.default ?? member["x-default"];
	if (value === undefined) return "";
	const small = member["x-small-default"];
	return `\`${JSON.stringify(value)}\`${small === undefined ? "" : `, \`${JSON.stringify(small)}\``}`;
}

function cell(text = ""): string {
	return text.replaceAll("|", "\\|");
}

function main(): void {
	const page = makePage(JSON.parse(readFileSync(SCHEMA, "utf8")) as Schema);
	if (!process.argv.includes("--check")) writeFileSync(PAGE, page);
	else if (readFileSync(PAGE, "utf8") !== page) {
		console.error("docs/configuration.md is not what schema/config.schema.json says: run npx tsx tools/docs.ts");
		process.exitCode = 1;
	}
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) main();
