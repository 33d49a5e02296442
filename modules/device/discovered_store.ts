import { FOUND_RECORDS_LIMIT } from "arrow/constants";
import { SHA256 } from "crypto/crypto";
import { kind, read, rename, replace } from "files/files";
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
const PLAN_STORE = "arrow services file";

/** Reserves what a {@link DiscoveredStore} needs. */
export function planStore(plan: MemoryPlan): void {
	plan.reserve(PLAN_STORE, STORE_BYTES, "");
}

/**
 * Discovered services on disk, so that their ids stay for ever: records as the service table writes them, in the file `services` of
 * the state folder. Written at once, and only when the records are others than those in the file. A damaged file is renamed to
 * `services.damaged` and the device begins with none.
 */
export class DiscoveredStore {
	/** Where records to be saved are put: FOUND_RECORDS_LIMIT bytes of the plan's arena. */
	readonly offset: number;
	/** Times that the file was written, could not be written, was found damaged. */
	writes = 0;
	failures = 0;
	damaged = 0;
	readonly #path: string;
	readonly #arena: Arena;
	readonly #start: number;
	readonly #logger: Logger;
	readonly #digest = new SHA256();
	/** Digest of what the file holds; all zero: not known. */
	readonly #kept = new Uint8Array(DIGEST);
	/** The last write failed, and that was logged. */
	#failed = false;

	/** `folder` is there, or is made by whoever keeps the identity in it. */
	constructor(folder: string, plan: MemoryPlan, logger: Logger) {
		this.#path = folder + "/" + NAME;
		this.#arena = plan.allocate();
		this.#start = plan.offset(PLAN_STORE);
		this.offset = this.#start + HEAD;
		this.#logger = logger;
	}

	/** The records of the file; undefined when there is none that can be used. At boot. */
	load(): Uint8Array | undefined {
		const what = kind(this.#path);
		if (what === "") {
			// No file is as good as an empty one.
			this.#seal(0);
			this.#keep(0);
			return undefined;
		}
		let reason = "is no file";
		if (what === "file") {
			try {
				const bytes = new Uint8Array(read(this.#path, STORE_BYTES));
				if (this.#intact(bytes)) return bytes.subarray(HEAD, bytes.length - DIGEST);
				reason = "is damaged";
			} catch (error) {
				reason = (error as Error).message;
			}
		}
		this.damaged++;
		const aside = this.#path + DAMAGED;
		const problem = rename(this.#path, aside);
		reason += problem === "" ? "; set aside as " + aside : "; cannot be set aside: " + problem;
		this.#logger.log(LEVEL_WARNING, "arrow", "services-damaged", { file: this.#path, reason });
		return undefined;
	}

	/** Keeps the `length` bytes of records at `offset`, unless the file holds them already. */
	save(length: number): void {
		this.#seal(length);
		const { bytes, buffer } = this.#arena;
		const at = this.offset + length;
		let same = true;
		for (let i = 0; i < DIGEST; i++) if (bytes[at + i] !== this.#kept[i]) same = false;
		if (same) return;
		const reason = replace(this.#path, buffer, this.#start, HEAD + length + DIGEST, MODE);
		if (reason === "") {
			this.writes++;
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
