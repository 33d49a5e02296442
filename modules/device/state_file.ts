import { kind, read, replace } from "files/files";
import type { Logger } from "host/logger";
import { LEVEL_WARNING } from "host/logger";

/** Everybody may read it: it tells nothing that is secret. */
const MODE = 0o644;
const LONGEST = 64;

/**
 * The tunnel's state for other programs (ARROW-40): a file of one line, replaced at once, and only when the line changes.
 * A file that cannot be written is logged once and tried again at the next change.
 */
export class StateFile {
	/** Times that it was written, and could not be. */
	writes = 0;
	failures = 0;
	readonly #path: string;
	readonly #logger: Logger;
	/** What the file holds; undefined: not known. */
	#line: string | undefined;
	#failed = false;

	constructor(path: string, logger: Logger) {
		this.#path = path;
		this.#logger = logger;
		try {
			if (kind(path) === "file") this.#line = String.fromArrayBuffer(read(path, LONGEST));
		} catch {
			this.#line = undefined;
		}
	}

	write(state: string): void {
		const line = state + "\n";
		if (line === this.#line) return;
		const bytes = ArrayBuffer.fromString(line);
		const reason = replace(this.#path, bytes, 0, bytes.byteLength, MODE);
		if (reason === "") {
			this.writes++;
			this.#failed = false;
			this.#line = line;
			return;
		}
		this.failures++;
		if (!this.#failed) this.#logger.log(LEVEL_WARNING, "arrow", "state-file-failed", { file: this.#path, reason });
		this.#failed = true;
	}
}
