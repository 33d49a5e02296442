import { IDENTITY_BYTES, type Identity, type IdentityResult, isIntact, loadIdentity, makeIdentity } from "device/identity";
import { kind, list, read, remove, replace } from "files/files";
import { Scratch } from "unit/scratch";
import type { Check, Suite } from "unit/suite";
import { formatHex } from "wire/hex";

function hex(identity: Identity): string {
	return formatHex(new Uint8Array(identity.buffer), 0, IDENTITY_BYTES);
}

function put(path: string, bytes: ArrayBuffer): void {
	replace(path, bytes, 0, bytes.byteLength, 0o600);
}

function names(scratch: Scratch): string {
	return list(scratch.path, 100).join();
}

/** A folder that holds a fresh identity. */
function withIdentity(check: Check, body: (scratch: Scratch, good: ArrayBuffer, text: string) => void): void {
	const scratch = new Scratch();
	const first = loadIdentity(scratch.path);
	check.ok(first.identity, first.problem);
	const identity = first.identity as Identity;
	body(scratch, identity.buffer.slice(0), hex(identity));
	scratch.remove();
}

function expectSame(check: Check, result: IdentityResult, text: string): void {
	check.ok(result.identity, result.problem);
	check.equal(hex(result.identity as Identity), text);
	check.equal(result.fresh, false);
}

export default function (suite: Suite): void {
	suite.test("ARROW-2 identity: the first boot makes one, every other boot finds it", (check) => {
		const scratch = new Scratch();
		const folder = scratch.path + "/state";
		const first = loadIdentity(folder);
		check.equal(first.fresh, true);
		check.equal(first.problem, "");
		const identity = first.identity as Identity;
		const uuid = identity.uuid;
		check.equal(uuid.length, 36);
		check.equal(uuid[14], "4", "version of UUIDv4");
		check.ok("89ab".indexOf(uuid[19]) >= 0, "variant");
		for (let i = 0; i < 3; i++) expectSame(check, loadIdentity(folder), hex(identity));
		check.equal(list(folder, 10).join(), "identity,identity.backup");
		for (const name of list(folder, 10)) remove(folder + "/" + name);
		remove(folder);
		scratch.remove();
	});

	suite.test("ARROW-2 identity: no two are alike", (check) => {
		const seen = new Map<string, number>();
		for (let i = 0; i < 20; i++) {
			const bytes = makeIdentity();
			check.ok(isIntact(bytes));
			for (const [offset, length] of [
				[8, 16],
				[24, 16],
				[40, 32],
			]) {
				const part = formatHex(new Uint8Array(bytes), offset, length);
				check.ok(!seen.has(part));
				seen.set(part, i);
			}
		}
	});

	suite.test("ARROW-2 identity: any one copy cut off at any byte is restored from the other", (check) => {
		withIdentity(check, (scratch, good, text) => {
			for (const name of ["identity", "identity.backup"])
				for (let length = 0; length < IDENTITY_BYTES; length++) {
					put(scratch.path + "/" + name, good.slice(0, length));
					expectSame(check, loadIdentity(scratch.path), text);
					check.ok(isIntact(read(scratch.path + "/" + name, 200)), "written anew");
					remove(scratch.path + "/identity.damaged-1");
					check.equal(names(scratch), "identity,identity.backup");
				}
		});
	});

	suite.test("ARROW-2 identity: any one copy with any byte changed is restored from the other and set aside", (check) => {
		withIdentity(check, (scratch, good, text) => {
			for (let at = 0; at < IDENTITY_BYTES; at++) {
				const name = at & 1 ? "identity" : "identity.backup";
				const bad = good.slice(0);
				new Uint8Array(bad)[at] ^= 1 << (at & 7);
				put(scratch.path + "/" + name, bad);
				const result = loadIdentity(scratch.path);
				expectSame(check, result, text);
				check.equal(result.notes.length, 3, result.notes.join("; "));
				check.ok(result.notes[0].indexOf(name + " is damaged") > 0);
				check.equal(
					formatHex(new Uint8Array(read(scratch.path + "/identity.damaged-1", 200)), 0, IDENTITY_BYTES),
					formatHex(new Uint8Array(bad), 0, IDENTITY_BYTES),
				);
				remove(scratch.path + "/identity.damaged-1");
			}
		});
	});

	suite.test("ARROW-2 identity: a copy that is missing or too long, and a folder in its place", (check) => {
		withIdentity(check, (scratch, good, text) => {
			for (const name of ["identity", "identity.backup"]) {
				remove(scratch.path + "/" + name);
				expectSame(check, loadIdentity(scratch.path), text);
				const long = new ArrayBuffer(5000);
				new Uint8Array(long).set(new Uint8Array(good));
				put(scratch.path + "/" + name, long);
				expectSame(check, loadIdentity(scratch.path), text);
			}
			check.equal(names(scratch), "identity,identity.backup,identity.damaged-1,identity.damaged-2");
		});
	});

	suite.test("ARROW-2 identity: with both copies damaged there is no new identity, now or at the next boot", (check) => {
		withIdentity(check, (scratch, good) => {
			put(scratch.path + "/identity", good.slice(1));
			put(scratch.path + "/identity.backup", good.slice(0, 50));
			for (let boot = 0; boot < 3; boot++) {
				const result = loadIdentity(scratch.path);
				check.equal(result.identity, undefined);
				check.equal(result.fresh, false);
				check.ok(result.problem.indexOf("identity.damaged-1, identity.damaged-2") > 0, result.problem);
				check.ok(result.problem.indexOf("Restore") > 0 && result.problem.indexOf("remove the damaged files") > 0);
				check.equal(names(scratch), "identity.damaged-1,identity.damaged-2");
			}
			put(scratch.path + "/identity", good);
			check.ok(loadIdentity(scratch.path).identity, "restored by hand");
			check.equal(kind(scratch.path + "/identity.backup"), "file");
		});
	});

	suite.test("ARROW-2 identity: one damaged copy and no other is no first boot", (check) => {
		for (const name of ["identity", "identity.backup"])
			withIdentity(check, (scratch, good) => {
				remove(scratch.path + "/identity");
				remove(scratch.path + "/identity.backup");
				put(scratch.path + "/" + name, good.slice(0, 103));
				check.equal(loadIdentity(scratch.path).identity, undefined);
				check.equal(names(scratch), "identity.damaged-1");
			});
	});

	suite.test("ARROW-2 identity: after the damaged files are removed a new one is made", (check) => {
		withIdentity(check, (scratch, good, text) => {
			put(scratch.path + "/identity", good.slice(1));
			remove(scratch.path + "/identity.backup");
			loadIdentity(scratch.path);
			remove(scratch.path + "/identity.damaged-1");
			const result = loadIdentity(scratch.path);
			check.equal(result.fresh, true);
			check.ok(hex(result.identity as Identity) !== text);
		});
	});

	suite.test("ARROW-2 identity: a backup of another identity gives way", (check) => {
		withIdentity(check, (scratch, _, text) => {
			put(scratch.path + "/identity.backup", makeIdentity());
			const result = loadIdentity(scratch.path);
			expectSame(check, result, text);
			check.ok(result.notes[0].indexOf("holds another identity") > 0);
		});
	});

	suite.test("ARROW-2 identity: a damaged file is set aside under a number of its own, nine at most", (check) => {
		withIdentity(check, (scratch, good, text) => {
			for (let i = 0; i < 12; i++) {
				put(scratch.path + "/identity", good.slice(0, i));
				expectSame(check, loadIdentity(scratch.path), text);
			}
			check.equal(list(scratch.path, 100).length, 11);
			check.equal(read(scratch.path + "/identity.damaged-9", 200).byteLength, 11, "the last one stays");
		});
	});

	suite.test("ARROW-2 identity: a folder that cannot be written is said", (check) => {
		const result = loadIdentity("/proc/fletcher-state");
		check.equal(result.identity, undefined);
		check.ok(result.problem.indexOf("/proc/fletcher-state cannot be made (") === 0, result.problem);
		check.ok(result.problem.indexOf("--state") > 0);
	});
}
