import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** A key that changes with `text` and with the content of any of the files, whatever their times say: a file that is put back counts as changed. */
export function contentKey(text: string, files: readonly string[]): string {
	const digest = createHash("sha256").update(text);
	for (const file of files) {
		const content = readFileSync(file);
		digest.update(`${content.length}\n`).update(content);
	}
	return digest.digest("hex");
}
