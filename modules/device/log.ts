import { LEVEL_DEBUG, LEVEL_ERROR, LEVEL_INFO, LEVEL_WARNING, type LogFields, type Logger } from "host/logger";

/** Names of the levels, as the configuration and the lines have them. */
export const LEVEL_NAMES: readonly string[] = Object.freeze(["error", "warning", "info", "debug"]);

/** Longest text of one field; what is over it is cut off. */
const MAXIMUM_TEXT = 300;

export interface LogOptions {
	/** One of {@link LEVEL_NAMES}: events of that level and the more urgent ones are written. */
	level: string;
	/** "text" or "json". */
	format: string;
	/** Lines a second that may be written in the long run; as many may come at once. */
	rate: number;
	/** Takes one line without line end. */
	write(line: string): void;
	/** Milliseconds of the wall clock, for the lines. */
	wall(): number;
	/** Milliseconds of the monotonic clock, for the rate. */
	monotonic(): number;
}

/**
 * The device's log: one line an event, as text for people or as JSON for programs. Lines over the rate are left out;
 * "log-suppressed" then says how many.
 */
export class Log implements Logger {
	/** Lines left out since the start. */
	suppressed = 0;
	readonly #options: LogOptions;
	readonly #level: number;
	/** Lines that may be written now, and when that was reckoned. */
	#allowance: number;
	#reckoned: number;
	/** Left out since the last line. */
	#missing = 0;

	constructor(options: LogOptions) {
		this.#options = options;
		this.#level = levelOf(options.level);
		this.#allowance = options.rate;
		this.#reckoned = options.monotonic();
	}

	log(level: number, area: string, event: string, fields?: LogFields): void {
		if (level > this.#level) return;
		if (!this.#allowed()) {
			this.suppressed++;
			this.#missing++;
			return;
		}
		if (this.#missing > 0) {
			const lines = this.#missing;
			this.#missing = 0;
			this.#write(LEVEL_WARNING, "device", "log-suppressed", { lines });
		}
		this.#write(level, area, event, fields);
	}

	#allowed(): boolean {
		const now = this.#options.monotonic();
		const rate = this.#options.rate;
		this.#allowance = Math.min(rate, this.#allowance + ((now - this.#reckoned) * rate) / 1000);
		this.#reckoned = now;
		if (this.#allowance < 1) return false;
		this.#allowance--;
		return true;
	}

	#write(level: number, area: string, event: string, fields?: LogFields): void {
		const time = new Date(this.#options.wall()).toISOString();
		const name = LEVEL_NAMES[level];
		this.#options.write(
			this.#options.format === "json" ? asJSON(time, name, area, event, fields) : asText(time, name, area, event, fields),
		);
	}
}

/** The number of a level's name. */
export function levelOf(name: string): number {
	switch (name) {
		case "error":
			return LEVEL_ERROR;
		case "warning":
			return LEVEL_WARNING;
		case "debug":
			return LEVEL_DEBUG;
		default:
			return LEVEL_INFO;
	}
}

function asJSON(time: string, level: string, area: string, event: string, fields?: LogFields): string {
	let line = '{"time":"' + time + '","level":"' + level + '","area":' + quote(area) + ',"event":' + quote(event);
	if (fields !== undefined) {
		const names = Object.keys(fields);
		for (let i = 0; i < names.length; i++) {
			const value = fields[names[i]];
			if (value === undefined) continue;
			line += "," + quote(names[i]) + ":" + (typeof value === "string" ? quote(shorten(value)) : plain(value, "null"));
		}
	}
	return line + "}";
}

function asText(time: string, level: string, area: string, event: string, fields?: LogFields): string {
	let line = time + " " + level.padEnd(7) + " " + area + " " + event;
	if (fields !== undefined) {
		const names = Object.keys(fields);
		for (let i = 0; i < names.length; i++) {
			const value = fields[names[i]];
			if (value === undefined) continue;
			line += " " + names[i] + "=" + (typeof value === "string" ? quoteIfNeeded(shorten(value)) : plain(value, "none"));
		}
	}
	return line;
}

/** Numbers that are none have no form in JSON. */
function plain(value: number | boolean, none: string): string {
	return typeof value === "number" && !Number.isFinite(value) ? none : String(value);
}

function shorten(text: string): string {
	return text.length > MAXIMUM_TEXT ? text.slice(0, MAXIMUM_TEXT) + "..." : text;
}

function quoteIfNeeded(text: string): string {
	if (text === "") return '""';
	for (let i = 0; i < text.length; i++) {
		const code = text.charCodeAt(i);
		if (code <= 0x20 || code === 0x22 || code === 0x3d || (code >= 0x7f && code < 0xa0)) return quote(text);
	}
	return text;
}

/** As JSON, and without the control characters that JSON lets through but a terminal obeys. */
function quote(text: string): string {
	const json = JSON.stringify(text);
	let clean = "";
	let start = 0;
	for (let i = 0; i < json.length; i++) {
		const code = json.charCodeAt(i);
		if (code < 0x7f || code >= 0xa0) continue;
		clean += json.slice(start, i) + "\\u00" + code.toString(16);
		start = i + 1;
	}
	return start === 0 ? json : clean + json.slice(start);
}
