import { FOUND_RECORDS_LIMIT } from "arrow/constants";
import { SHA256 } from "crypto/crypto";
import { read, rename, replace } from "files/files";
import type { Logger } from "host/logger";
import { LEVEL_WARNING } from "host/logger";
import type { Arena } from "storage/arena";
import type { MemoryPlan } from "storage/plan";

/* The file: magic "FLSV", version, three bytes of zero, bytes of the records (32), the records, SHA-256 of all before it. */
const MAGIC = 0x464c_5356;
const VERSION = 0x0100_0000;
const HEAD = 12;
const DIGEST = 32;
const STORE_BYTES = HEAD + FOUND_RECORDS_LIMIT + DIGEST;

const MODE = 0o600;
const NAME = "services";
const DAMAGED = ".damaged";
/** Ends of the host's reasons: there is no file; there is something that can never be one of services. */
const MISSING = Object.freeze(["(ENOENT)", "(ENOTDIR)"]);
const USELESS = Object.freeze(["(EISDIR)", "(EFBIG)", "not a regular file"]);
const PLAN_STORE = "arrow services file";

/** Reserves what a {@link DiscoveredStore} needs. */
export function planStore(plan: MemoryPlan): void {
	plan.reserve(PLAN_STORE, STORE_BYTES, "");
}

/**
 * Discovered services on disk, so that their ids stay for ever: records as the service table writes them, in the file `services` of
 * the state folder. Written at once, and only when the records are others than those in the file. A damaged file is renamed to
 * `services.damaged` and the device begins with none. One that cannot be read now stays as it is: nothing is written over it until it
 * was read, or unless that is meant.
 */
export class DiscoveredStore {
	/** Where records to be saved are put: FOUND_RECORDS_LIMIT bytes of the plan's arena. */
	readonly offset: number;
	/** Times that the file was written, could not be written, was found damaged, could not be read. */
	writes = 0;
	failures = 0;
	damaged = 0;
	unreadable = 0;
	/** There is a file that could not be read yet. */
	unread = false;
	readonly #path: string;
	readonly #arena: Arena;
	readonly #start: number;
	readonly #logger: Logger;
	readonly #read: typeof read;
	readonly #digest = new SHA256();
	/** Digest of what the file holds; all zero: not known. */
	readonly #kept = new Uint8Array(DIGEST);
	/** The last write failed, and that was logged. */
	#failed = false;

	/** `folder` is there, or is made by whoever keeps the identity in it; `reader` reads files. */
	constructor(folder: string, plan: MemoryPlan, logger: Logger, reader = read) {
		this.#read = reader;
		this.#path = folder + "/" + NAME;
		this.#arena = plan.allocate();
		this.#start = plan.offset(PLAN_STORE);
		this.offset = this.#start + HEAD;
		this.#logger = logger;
	}

	/** The records of the file; undefined when there is none that can be used. At boot, and again while it is `unread`. */
	load(): Uint8Array | undefined {
		const reader = this.#read;
		let reason = "is damaged";
		try {
			const bytes = new Uint8Array(reader(this.#path, STORE_BYTES));
			this.unread = false;
			if (this.#intact(bytes)) return bytes.subarray(HEAD, bytes.length - DIGEST);
		} catch (error) {
			reason = (error as Error).message;
			if (says(reason, MISSING)) {
				// No file is as good as an empty one.
				this.unread = false;
				this.#seal(0);
				this.#keep(0);
				return undefined;
			}
			if (!says(reason, USELESS)) {
				this.unreadable++;
				if (!this.unread) this.#logger.log(LEVEL_WARNING, "arrow", "services-unread", { file: this.#path, reason });
				this.unread = true;
				return undefined;
			}
		}
		this.unread = false;
		this.damaged++;
		const aside = this.#path + DAMAGED;
		const problem = rename(this.#path, aside);
		reason += problem === "" ? "; set aside as " + aside : "; cannot be set aside: " + problem;
		this.#logger.log(LEVEL_WARNING, "arrow", "services-damaged", { file: this.#path, reason });
		return undefined;
	}

	/** Keeps the `length` bytes of records at `offset`, unless the file holds them already; over an `unread` file only when `anyway`. */
	save(length: number, anyway = false): void {
		if (this.unread && !anyway) return;
		this.#seal(length);
		const { bytes, buffer } = this.#arena;
		const at = this.offset + length;
		let same = true;
		for (let i = 0; i < DIGEST; i++) if (bytes[at + i] !== this.#kept[i]) same = false;
		if (same) return;
		const reason = replace(this.#path, buffer, this.#start, HEAD + length + DIGEST, MODE);
		if (reason === "") {
			this.writes++;
			this.unread = false;
			this.#failed = false;
			this.#keep(length);
			return;
		}
		this.failures++;
		if (!this.#failed) this.#logger.log(LEVEL_WARNING, "arrow", "services-failed", { file: this.#path, reason });
		this.#failed = true;
	}

	close(): void {
		this.#digest.close();
	}

	/** Puts the head before the records and the digest behind them. */
	#seal(length: number): void {
		const { view, buffer } = this.#arena;
		view.setUint32(this.#start, MAGIC);
		view.setUint32(this.#start + 4, VERSION);
		view.setUint32(this.#start + 8, length);
		this.#digest.update(buffer, this.#start, HEAD + length);
		this.#digest.digest(buffer, this.offset + length);
	}

	#keep(length: number): void {
		const { bytes } = this.#arena;
		for (let i = 0; i < DIGEST; i++) this.#kept[i] = bytes[this.offset + length + i];
	}

	/** Checks a file's content by sealing its records again. */
	#intact(file: Uint8Array): boolean {
		const length = file.length - HEAD - DIGEST;
		if (length < 0 || length > FOUND_RECORDS_LIMIT) return false;
		const { bytes } = this.#arena;
		for (let i = 0; i < length; i++) bytes[this.offset + i] = file[HEAD + i];
		this.#seal(length);
		for (let i = 0; i < file.length; i++) if (bytes[this.#start + i] !== file[i]) return false;
		this.#keep(length);
		return true;
	}
}

function says(reason: string, parts: readonly string[]): boolean {
	for (let i = 0; i < parts.length; i++) if (reason.indexOf(parts[i]) >= 0) return true;
	return false;
}
