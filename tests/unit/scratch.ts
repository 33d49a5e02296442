import { random } from "crypto/crypto";
import { list, makeFolder, remove, replace } from "files/files";
import { formatHex } from "wire/hex";

/** A folder of a test's own under the system's folder for temporary files. */
export class Scratch {
	readonly path: string;

	constructor() {
		const name = new ArrayBuffer(8);
		random(name, 0, 8);
		this.path = "/tmp/fletcher-unit-" + formatHex(new Uint8Array(name), 0, 8);
		const reason = makeFolder(this.path);
		if (reason !== "") throw new Error(this.path + ": " + reason);
	}

	/** Writes a file. @returns its path. */
	write(name: string, bytes: Uint8Array): string {
		const path = this.path + "/" + name;
		const copy = new Uint8Array(bytes).buffer;
		const reason = replace(path, copy, 0, copy.byteLength, 0o600);
		if (reason !== "") throw new Error(path + ": " + reason);
		return path;
	}

	/** Removes the folder and the files in it. */
	remove(): void {
		for (const name of list(this.path, 1000)) remove(this.path + "/" + name);
		remove(this.path);
	}
}
