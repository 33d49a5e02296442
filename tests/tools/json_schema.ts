/** As much of JSON Schema 2020-12 as schema/config.schema.json uses, and no more: an unknown keyword is an error. */

export interface Schema {
	readonly [keyword: string]: unknown;
	readonly type: string;
	readonly properties?: Readonly<Record<string, Schema>>;
	readonly required?: readonly string[];
	readonly items?: Schema;
}

const ANNOTATIONS = new Set(["$schema", "title", "description", "default", "x-default", "x-small-default"]);

/** Paths of what a value breaks; empty when it is right. */
export function violations(value: unknown, schema: Schema, path = ""): string[] {
	if (!hasType(value, schema.type)) return [`${path}: type`];
	const found: string[] = [];
	for (const [keyword, rule] of Object.entries(schema)) {
		if (keyword === "type" || ANNOTATIONS.has(keyword)) continue;
		if (keyword === "properties" || keyword === "items") found.push(...inner(value, schema, path));
		else if (!holds(value, keyword, rule, schema)) found.push(`${path}: ${keyword}`);
	}
	return found;
}

function inner(value: unknown, schema: Schema, path: string): string[] {
	if (Array.isArray(value)) return value.flatMap((item, index) => violations(item, schema.items as Schema, `${path}[${index}]`));
	const properties = schema.properties ?? {};
	const own = Object.keys(value as object).filter((name) => Object.hasOwn(properties, name));
	return own.flatMap((name) =>
		violations((value as Record<string, unknown>)[name], properties[name] as Schema, `${path}.${name}`),
	);
}

function hasType(value: unknown, type: string): boolean {
	switch (type) {
		case "object":
			return typeof value === "object" && value !== null && !Array.isArray(value);
		case "array":
			return Array.isArray(value);
		case "integer":
			return Number.isInteger(value);
		case "number":
		case "string":
		case "boolean":
			return typeof value === type;
		default:
			throw new Error(`type ${type}: not known here`);
	}
}

function holds(value: unknown, keyword: string, rule: unknown, schema: Schema): boolean {
	switch (keyword) {
		case "additionalProperties":
			return Object.keys(value as object).every((name) => Object.hasOwn(schema.properties ?? {}, name));
		case "required":
			return (rule as string[]).every((name) => Object.hasOwn(value as object, name));
		case "minimum":
			return (value as number) >= (rule as number);
		case "maximum":
			return (value as number) <= (rule as number);
		case "minLength":
			return (value as string).length >= (rule as number);
		case "maxLength":
			return (value as string).length <= (rule as number);
		case "maxItems":
			return (value as unknown[]).length <= (rule as number);
		case "pattern":
			return new RegExp(rule as string, "u").test(value as string);
		case "enum":
			return (rule as unknown[]).includes(value);
		default:
			throw new Error(`keyword ${keyword}: not known here`);
	}
}
