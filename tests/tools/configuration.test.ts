/** The configuration's schema, the device's table, and what the documentation says: one and the same. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { SWITCHES } from "../../modules/arrow/switches.ts";
import { TIMES } from "../../modules/arrow/times.ts";
import { SWITCHES as KV_SWITCHES } from "../../modules/kv/switches.ts";
import { TIMES as KV_TIMES } from "../../modules/kv/times.ts";
import { CONFIG, Kind, type Rule } from "../../modules/device/config_rules.ts";
import { VERSION } from "../../modules/device/version.ts";
import { makePage } from "../../tools/docs.ts";
import { bad, good } from "../unit/config_cases.ts";
import { type Schema, violations } from "./json_schema.ts";

const root = new URL("../../", import.meta.url);

function read(path: string): string {
	return readFileSync(new URL(path, root), "utf8");
}

const schema = JSON.parse(read("schema/config.schema.json")) as Schema;

const TYPES: Readonly<Record<number, string>> = {
	[Kind.OBJECT]: "object",
	[Kind.LIST]: "array",
	[Kind.WHOLE]: "integer",
	[Kind.NUMBER]: "number",
	[Kind.FLAG]: "boolean",
	[Kind.TEXT]: "string",
	[Kind.CHOICE]: "string",
};

/** Both say the same of this key and of all below it. */
function compare(rule: Rule, one: Schema, path: string): void {
	const numbers = rule.kind === Kind.CHOICE && typeof rule.choices[0] === "number";
	assert.equal(one.type, numbers ? "integer" : TYPES[rule.kind], `${path}: type`);
	assert.deepEqual([one["default"], one["x-small-default"]], [rule.fallback, rule.smallFallback], `${path}: defaults`);
	assert.ok(typeof one["description"] === "string" && one["description"].endsWith("."), `${path}: a description`);
	if (rule.kind === Kind.WHOLE || rule.kind === Kind.NUMBER)
		assert.deepEqual([one["minimum"], one["maximum"]], [rule.low, rule.high], `${path}: range`);
	if (rule.kind === Kind.TEXT) assert.deepEqual([one["minLength"], one["maxLength"]], [rule.low, rule.high], `${path}: length`);
	if (rule.kind === Kind.TEXT) assert.equal(one["pattern"] !== undefined, rule.form !== 0, `${path}: form`);
	if (rule.kind === Kind.CHOICE) assert.deepEqual(one["enum"], [...rule.choices], `${path}: choices`);
	if (rule.kind === Kind.LIST) {
		assert.equal(one["maxItems"], rule.high, `${path}: length`);
		compare(rule.item as Rule, one.items as Schema, `${path}[]`);
	}
	if (rule.kind !== Kind.OBJECT) return;
	assert.equal(one["additionalProperties"], false, `${path}: unknown keys`);
	const members = rule.members.map((member) => member.name);
	assert.deepEqual(members, Object.keys(one.properties ?? {}), `${path}: keys`);
	const required = rule.members.filter((member) => member.rule.required).map((member) => member.name);
	assert.deepEqual(required, one.required ?? [], `${path}: required keys`);
	for (const member of rule.members) compare(member.rule, one.properties?.[member.name] as Schema, `${path}.${member.name}`);
}

test("configuration: the schema and the device's table have the same keys, types, ranges and defaults", () => {
	compare(CONFIG, schema, "");
});

test("configuration: the schema takes what the device takes and refuses what it refuses", () => {
	for (const text of good) assert.deepEqual(violations(JSON.parse(text), schema), [], text);
	for (const [text] of bad) assert.notDeepEqual(violations(JSON.parse(text), schema), [], text);
});

test("configuration: defaults of timers and switches in the schema are those of the protocol", () => {
	for (const [protocol, name, values] of [
		["arrow", "times", TIMES],
		["arrow", "switches", SWITCHES],
		["kv", "times", KV_TIMES],
		["kv", "switches", KV_SWITCHES],
	] as const) {
		const members = Object.entries(schema.properties?.[protocol]?.properties?.[name]?.properties ?? {});
		assert.deepEqual(Object.fromEntries(members.map(([key, member]) => [key, member["x-default"]])), { ...values }, name);
	}
});

test("configuration: docs/configuration.md is what the schema says", () => {
	assert.equal(read("docs/configuration.md"), makePage(schema));
});

test("version: the device's is that of package.json", () => {
	assert.equal(VERSION, (JSON.parse(read("package.json")) as { version: string }).version);
});

test("log: docs/log-events.md lists exactly the events that the code has", () => {
	const found = new Set<string>();
	const files = readdirSync(new URL("modules/", root), { recursive: true }).map((name) => `modules/${String(name)}`);
	for (const file of [...files.filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts")), "main.ts"]) {
		const source = read(file);
		const area = /const AREA = "(\w+)"/.exec(source)?.[1];
		for (const match of source.matchAll(/\.(?:log|#log)\(\s*LEVEL_\w+,\s*"(\w+)",\s*"([\w-]+)"/g))
			found.add(`${match[1]} ${match[2]}`);
		if (area !== undefined)
			for (const match of source.matchAll(/this\.#?log\(\s*LEVEL_\w+,\s*"([\w-]+)"/g)) found.add(`${area} ${match[1]}`);
	}
	const listed = [...read("docs/log-events.md").matchAll(/^\| `(\w+)` \| `([\w-]+)` \|/gm)].map(
		(match) => `${match[1]} ${match[2]}`,
	);
	assert.deepEqual([...listed].sort(), [...found, "device log-suppressed"].sort());
});
