/** Levels of the log, the more urgent the lower. */
export const LEVEL_ERROR = 0;
export const LEVEL_WARNING = 1;
export const LEVEL_INFO = 2;
export const LEVEL_DEBUG = 3;

/** What an event tells besides its name; keys are lower camel case and, like event names, stable. */
export type LogFields = Record<string, string | number | boolean>;

/** Where events go. Cold paths only: a call may allocate, so nothing that happens per packet is logged. */
export interface Logger {
	/** `area` is the module ("arrow"), `event` its stable name ("registered"). Never throws. */
	log(level: number, area: string, event: string, fields?: LogFields): void;
}
