import { ECDH, random, SHA256 } from "crypto/crypto";
import { kind, list, makeFolder, read, remove, rename, replace } from "files/files";
import { formatUUID } from "wire/hex";

/* The file: magic "FLID", version, three bytes of zero, UUID, key, P-256 private key, SHA-256 of all before it. */
const MAGIC = 0x464c_4944;
const VERSION = 1;
const UUID_OFFSET = 8;
const KEY_OFFSET = 24;
const PRIVATE_OFFSET = 40;
const DIGEST_OFFSET = 72;
/** Bytes of the file. */
export const IDENTITY_BYTES = 104;
/** Bytes of the UUID, of the key that proves it, of the P-256 private key. */
export const UUID_BYTES = 16;
export const KEY_BYTES = 16;
export const PRIVATE_KEY_BYTES = 32;

/** Only the device's user may read it. */
const MODE = 0o600;
const NAME = "identity";
const BACKUP = "identity.backup";
const DAMAGED = ".damaged-";
const MAXIMUM_DAMAGED = 9;
const MAXIMUM_NAMES = 256;

/** Who the device is, for ever (ARROW-2). Made once, from the platform's random source. */
export class Identity {
	readonly #bytes: ArrayBuffer;

	/** @param bytes the content of an intact file. */
	constructor(bytes: ArrayBuffer) {
		this.#bytes = bytes;
	}

	/** Where UUID, key and private key lie: use {@link uuidOffset}, {@link keyOffset}, {@link privateKeyOffset}. Not to be written, logged or sent whole. */
	get buffer(): ArrayBuffer {
		return this.#bytes;
	}

	get uuidOffset(): number {
		return UUID_OFFSET;
	}

	get keyOffset(): number {
		return KEY_OFFSET;
	}

	get privateKeyOffset(): number {
		return PRIVATE_OFFSET;
	}

	/** The UUID as people write it. */
	get uuid(): string {
		return formatUUID(new Uint8Array(this.#bytes), UUID_OFFSET);
	}
}

/** What became of the state folder. */
export interface IdentityResult {
	/** Undefined when there is none that may be used; `problem` then says why and what to do. */
	identity: Identity | undefined;
	/** True when it was made just now: first boot. */
	fresh: boolean;
	problem: string;
	/** Repairs and things a person should look at, in order. */
	notes: string[];
}

/**
 * Reads the identity from `folder`, making one when the folder has never held one. Two copies are kept: a damaged one is
 * renamed to `identity.damaged-N` and written anew from the other. With no good copy, and as long as damaged ones lie there,
 * no new identity is made: whoever owns the device decides.
 */
export function loadIdentity(folder: string): IdentityResult {
	const result: IdentityResult = { identity: undefined, fresh: false, problem: "", notes: [] };
	const main = readCopy(folder, NAME, undefined, result);
	const backup = readCopy(folder, BACKUP, main.bytes, result);
	const good = main.bytes ?? backup.bytes;
	if (good !== undefined) {
		result.identity = new Identity(good);
		repair(folder, main, good, result);
		repair(folder, backup, good, result);
	} else if (main.kind === "" && backup.kind === "") makeFirst(folder, result);
	else {
		setAside(folder, main, result);
		setAside(folder, backup, result);
		result.problem = lost(folder, damagedNames(folder));
	}
	return result;
}

interface Copy {
	readonly name: string;
	/** As of files/kind. */
	readonly kind: string;
	/** Its content when it is intact. */
	readonly bytes: ArrayBuffer | undefined;
}

/** `same` is what it must hold, when that is known. */
function readCopy(folder: string, name: string, same: ArrayBuffer | undefined, result: IdentityResult): Copy {
	const path = folder + "/" + name;
	const what = kind(path);
	if (what === "") return { name, kind: what, bytes: undefined };
	let problem = "is no file";
	if (what === "file") {
		try {
			const bytes = read(path, IDENTITY_BYTES);
			const intact = isIntact(bytes);
			if (intact && (same === undefined || isEqual(bytes, same))) return { name, kind: what, bytes };
			problem = intact ? "holds another identity" : "is damaged";
		} catch (error) {
			problem = "cannot be read: " + (error as Error).message;
		}
	}
	result.notes.push(path + " " + problem);
	return { name, kind: what, bytes: undefined };
}

/** Length, magic, version and digest are right. */
export function isIntact(bytes: ArrayBuffer): boolean {
	if (bytes.byteLength !== IDENTITY_BYTES) return false;
	const view = new DataView(bytes);
	if (view.getUint32(0) !== MAGIC || view.getUint32(4) !== VERSION * 0x0100_0000) return false;
	return isEqual(digestOf(bytes), bytes.slice(DIGEST_OFFSET));
}

function isEqual(one: ArrayBuffer, other: ArrayBuffer): boolean {
	const left = new Uint8Array(one);
	const right = new Uint8Array(other);
	for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
	return left.length === right.length;
}

function digestOf(bytes: ArrayBuffer): ArrayBuffer {
	const output = new ArrayBuffer(IDENTITY_BYTES - DIGEST_OFFSET);
	const digest = new SHA256();
	digest.update(bytes, 0, DIGEST_OFFSET);
	digest.digest(output, 0);
	digest.close();
	return output;
}

/** A new identity as the content of its file. */
export function makeIdentity(): ArrayBuffer {
	const bytes = new ArrayBuffer(IDENTITY_BYTES);
	const view = new DataView(bytes);
	view.setUint32(0, MAGIC);
	view.setUint8(4, VERSION);
	random(bytes, UUID_OFFSET, UUID_BYTES + KEY_BYTES);
	/* RFC 9562 5.4: version 4, variant 10. */
	view.setUint8(UUID_OFFSET + 6, (view.getUint8(UUID_OFFSET + 6) & 0x0f) | 0x40);
	view.setUint8(UUID_OFFSET + 8, (view.getUint8(UUID_OFFSET + 8) & 0x3f) | 0x80);
	const pair = new ECDH();
	pair.privateKey(bytes, PRIVATE_OFFSET);
	pair.close();
	new Uint8Array(bytes).set(new Uint8Array(digestOf(bytes)), DIGEST_OFFSET);
	return bytes;
}

function makeFirst(folder: string, result: IdentityResult): void {
	const reason = makeFolder(folder);
	if (reason !== "") {
		result.problem = folder + " cannot be made (" + reason + "): the identity needs a folder that lasts; see --state";
		return;
	}
	const damaged = damagedNames(folder);
	if (damaged !== "") {
		result.problem = lost(folder, damaged);
		return;
	}
	const bytes = makeIdentity();
	if (write(folder, NAME, bytes, result)) {
		write(folder, BACKUP, bytes, result);
		result.identity = new Identity(bytes);
		result.fresh = true;
	} else result.problem = "the new identity cannot be kept in " + folder + "; see --state";
}

/** Writes a copy that is missing or damaged from the good one. */
function repair(folder: string, copy: Copy, good: ArrayBuffer, result: IdentityResult): void {
	if (copy.bytes !== undefined) return;
	setAside(folder, copy, result);
	if (write(folder, copy.name, good, result)) result.notes.push(folder + "/" + copy.name + " written anew from the other copy");
}

function write(folder: string, name: string, bytes: ArrayBuffer, result: IdentityResult): boolean {
	const reason = replace(folder + "/" + name, bytes, 0, bytes.byteLength, MODE);
	if (reason === "") return true;
	result.notes.push(folder + "/" + name + " cannot be written: " + reason);
	return false;
}

function setAside(folder: string, copy: Copy, result: IdentityResult): void {
	if (copy.kind === "" || copy.bytes !== undefined) return;
	const path = folder + "/" + copy.name;
	let number = 1;
	while (number < MAXIMUM_DAMAGED && kind(folder + "/" + NAME + DAMAGED + number) !== "") number++;
	const aside = folder + "/" + NAME + DAMAGED + number;
	if (number === MAXIMUM_DAMAGED) remove(aside);
	const reason = rename(path, aside);
	result.notes.push(reason === "" ? path + " set aside as " + aside : path + " cannot be set aside: " + reason);
}

/** Names of the files set aside, "" when there are none. */
function damagedNames(folder: string): string {
	let names = "";
	const all = list(folder, MAXIMUM_NAMES);
	for (let i = 0; i < all.length; i++) if (all[i].startsWith(NAME + DAMAGED)) names += (names === "" ? "" : ", ") + all[i];
	return names;
}

function lost(folder: string, damaged: string): string {
	return (
		"the identity in " +
		folder +
		" is damaged and there is no good copy (" +
		damaged +
		"). Restore " +
		folder +
		"/" +
		NAME +
		" from a backup of your own; or, to give up the old identity, remove the damaged files: the device then makes a new one and must be paired anew"
	);
}
