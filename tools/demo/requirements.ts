/** What the demo needs of the machine: looked for, named in one line, and on Debian installed when this runs as root. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

const NODE_MAJOR = 20;
const NODE_MINOR = 9;

/** What each Debian package is needed for, and how its absence shows. */
const NEEDED: readonly { readonly debian: string; readonly present: () => boolean }[] = [
	{ debian: "gcc", present: () => inPath("gcc") },
	{ debian: "make", present: () => inPath("make") },
	{ debian: "libc6-dev", present: () => existsSync("/usr/include/stdio.h") },
	{ debian: "libssl-dev", present: () => existsSync("/usr/include/openssl/ssl.h") },
	{ debian: "openssl", present: () => inPath("openssl") },
];

/** A failure that one line explains; no stack is wanted. */
export class PlainError extends Error {}

function inPath(program: string): boolean {
	return (process.env["PATH"] ?? "").split(":").some((folder) => folder !== "" && existsSync(`${folder}/${program}`));
}

function checkNode(): void {
	const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
	if (major > NODE_MAJOR || (major === NODE_MAJOR && minor >= NODE_MINOR)) return;
	throw new PlainError(`Node ${process.versions.node} is too old: Fletcher needs ${NODE_MAJOR}.${NODE_MINOR} or newer`);
}

/** @throws PlainError with the one line that says what to do. */
export function checkRequirements(say: (line: string) => void): void {
	checkNode();
	const missing = NEEDED.filter((one) => !one.present()).map((one) => one.debian);
	if (missing.length === 0) return;
	const line = `apt-get install --no-install-recommends ${missing.join(" ")}`;
	if (process.getuid?.() !== 0 || !inPath("apt-get")) throw new PlainError(`tools are missing; as root: ${line}`);
	say(`installing ${missing.join(", ")}`);
	const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
	const install = (): boolean =>
		spawnSync("apt-get", ["-q", "-o", "DPkg::Lock::Timeout=120", "install", "-y", "--no-install-recommends", ...missing], {
			env: environment,
			stdio: ["ignore", "ignore", "inherit"],
		}).status === 0;
	if (!install()) {
		// A fresh machine has no package lists yet.
		spawnSync("apt-get", ["-q", "update"], { env: environment, stdio: "ignore" });
		if (!install()) throw new PlainError(`tools are missing and could not be installed; try: ${line}`);
	}
}
