import type { LogFields, Logger } from "host/logger";

/** A log that keeps only the events' names and the last fields. */
export class Quiet implements Logger {
	readonly events: string[] = [];
	fields: LogFields | undefined;

	log(_level: number, area: string, event: string, fields?: LogFields): void {
		this.events.push(area + " " + event);
		this.fields = fields;
	}
}
