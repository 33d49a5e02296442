import { FOUND_RECORDS_LIMIT } from "arrow/constants";
import { arrowFiguresBytes, writeArrowFigures } from "device/arrow_figures";
import { arrowIdentity, ArrowPart, arrowSettings, planArrow } from "device/arrow_part";
import { type ArrowConfig, type Config, parseConfig } from "device/config";
import { DiscoveredStore, planStore } from "device/discovered_store";
import { Identity, makeIdentity } from "device/identity";
import { StateFile } from "device/state_file";
import { kind, list, makeFolder, read, remove } from "files/files";
import type { DiscoveryOptions, DiscoverySettings } from "discovery/settings";
import { FakeDiscovery, FakeResult, found } from "conformance/arrow/scans";
import { fakeSettings } from "unit/discovery_world";
import { Allocation } from "unit/allocation";
import { Quiet } from "unit/quiet";
import { Scratch } from "unit/scratch";
import { AUTHORITY } from "unit/tls_engine";
import type { Suite } from "unit/suite";
import { MemoryPlan } from "storage/plan";
import { AsciiWriter } from "wire/ascii";
import { Figures } from "wire/figures";

const SCANS = Object.freeze({ hosts: 64, ports: 32, expiry: 1200000 });
const RTSP = found("rtsp", "10.0.0.9", 554, "/1", "02:00:00:aa:bb:cc");

function textOf(path: string): string {
	return String.fromArrayBuffer(read(path, 100));
}

class Stored {
	readonly store: DiscoveredStore;
	readonly log = new Quiet();
	readonly plan = new MemoryPlan();

	/** Why the file cannot be read now. */
	trouble = "";

	constructor(folder: string) {
		planStore(this.plan);
		this.store = new DiscoveredStore(folder, this.plan, this.log, (path, limit) => {
			if (this.trouble !== "") throw new Error("cannot read " + path + ": " + this.trouble);
			return read(path, limit);
		});
	}

	/** Saves `length` bytes of a pattern. */
	save(length: number, first = 1): void {
		const { bytes } = this.plan.allocate();
		for (let i = 0; i < length; i++) bytes[this.store.offset + i] = (i + first) & 255;
		this.store.save(length);
	}
}

/** A tunnel to nowhere with a state folder. */
function part(
	scratch: Scratch,
	stateFile?: string,
	scope?: DiscoverySettings,
): { part: ArrowPart; log: Quiet; plan: MemoryPlan } {
	const ca = scratch.write("ca.pem", new Uint8Array(ArrayBuffer.fromString(AUTHORITY)));
	const { config } = parseConfig('{"arrow":{"service":"127.0.0.1:1","authorities":"' + ca + '","sessions":4}}', true);
	const identity = arrowIdentity(new Identity(makeIdentity()));
	const settings = arrowSettings((config as Config).arrow as ArrowConfig, config as Config, identity, SCANS);
	const plan = new MemoryPlan();
	const log = new Quiet();
	planArrow(plan, settings, identity);
	const options = { folder: scratch.path, stateFile, discovery: new FakeDiscovery(), scope };
	return { part: new ArrowPart(settings, identity, plan, log, options), log, plan };
}

export default function (suite: Suite): void {
	suite.test("ARROW-34 services file: what was saved is there after a restart; written only when it changed", (check) => {
		const scratch = new Scratch();
		const first = new Stored(scratch.path);
		check.equal(first.store.load(), undefined);
		first.save(0);
		check.equal(kind(scratch.path + "/services"), "", "nothing to keep: no file");
		first.save(100);
		first.save(100);
		check.equal(first.store.writes, 1);
		const second = new Stored(scratch.path);
		const loaded = second.store.load() as Uint8Array;
		check.equal(loaded.length, 100);
		for (let i = 0; i < 100; i++) if (loaded[i] !== i + 1) check.fail("byte " + i);
		second.save(100);
		check.equal(second.store.writes, 0, "the file holds them already");
		second.save(100, 2);
		second.save(FOUND_RECORDS_LIMIT);
		second.save(0);
		check.equal(second.store.writes, 3);
		check.equal((new Stored(scratch.path).store.load() as Uint8Array).length, 0);
		check.equal(list(scratch.path, 10).join(), "services");
		first.store.close();
		scratch.remove();
	});

	suite.test(
		"ARROW-34 services file: damaged anywhere it is set aside, counted and logged, and none is taken from it",
		(check) => {
			const scratch = new Scratch();
			const first = new Stored(scratch.path);
			first.save(40);
			const whole = new Uint8Array(read(scratch.path + "/services", 200));
			check.equal(whole.length, 84);
			const damages = [whole.slice(0, 83), whole.slice(0, 0), new Uint8Array(5000)];
			for (let i = 0; i < whole.length; i++) {
				const wrong = whole.slice();
				wrong[i] = (whole[i] as number) ^ 1;
				damages.push(wrong);
			}
			const again = new Stored(scratch.path);
			for (const damage of damages) {
				scratch.write("services", damage);
				if (again.store.load() !== undefined) check.fail("a damaged file was taken");
			}
			check.equal(again.store.damaged, damages.length);
			check.equal(again.log.events.length, damages.length);
			check.equal(again.log.events[0], "arrow services-damaged");
			check.equal(list(scratch.path, 10).join(), "services.damaged");
			again.save(40);
			check.equal(list(scratch.path, 10).join(), "services,services.damaged", "written anew");
			scratch.remove();
		},
	);

	suite.test("ARROW-34 services file: one that cannot be read now is kept, not written over, and read later", (check) => {
		const scratch = new Scratch();
		const file = scratch.path + "/services";
		new Stored(scratch.path).save(40);
		const before = read(file, 200);
		const stored = new Stored(scratch.path);
		for (const trouble of ["Input/output error (EIO)", "Too many open files (EMFILE)", "Permission denied (EACCES)"]) {
			stored.trouble = trouble;
			check.equal(stored.store.load(), undefined);
			check.ok(stored.store.unread);
			stored.save(10);
		}
		check.equal(stored.store.unreadable, 3);
		check.equal(stored.store.writes + stored.store.damaged, 0);
		check.equal(stored.log.events.join(), "arrow services-unread", "said once");
		check.equal(list(scratch.path, 10).join(), "services");
		check.equal(read(file, 200).byteLength, before.byteLength);
		stored.trouble = "";
		check.equal((stored.store.load() as Uint8Array).length, 40);
		check.ok(!stored.store.unread);
		stored.save(10);
		check.equal(stored.store.writes, 1);
		const meant = new Stored(scratch.path);
		meant.trouble = "Input/output error (EIO)";
		meant.store.load();
		meant.store.save(0, true);
		check.equal(read(file, 200).byteLength, 44, "an empty set that is meant");
		check.ok(!meant.store.unread);
		makeFolder(scratch.path + "/odd/services");
		const odd = new Stored(scratch.path + "/odd");
		check.equal(odd.store.load(), undefined);
		check.equal(odd.store.damaged, 1, "a folder is no file that could be read later");
		remove(scratch.path + "/odd/services.damaged");
		remove(scratch.path + "/odd");
		scratch.remove();
	});

	suite.test("ARROW-34 services file: a folder that cannot be written is said once and tried again", (check) => {
		const scratch = new Scratch();
		const stored = new Stored(scratch.path + "/missing");
		stored.store.load();
		stored.save(10);
		stored.save(10);
		check.equal(stored.store.failures, 2);
		check.equal(stored.log.events.join(), "arrow services-failed");
		makeFolder(scratch.path + "/missing");
		stored.save(10);
		check.equal(stored.store.writes, 1);
		remove(scratch.path + "/missing/services");
		remove(scratch.path + "/missing");
		scratch.remove();
	});

	suite.test("ARROW-40 state file: one line, replaced only on change, a failure said once", (check) => {
		const scratch = new Scratch();
		const path = scratch.path + "/state";
		const log = new Quiet();
		const file = new StateFile(path, log);
		file.write("connecting");
		check.equal(textOf(path), "connecting\n");
		for (let i = 0; i < 10; i++) file.write("unauthorized");
		check.equal(file.writes, 2);
		check.equal(textOf(path), "unauthorized\n");
		const again = new StateFile(path, log);
		again.write("unauthorized");
		check.equal(again.writes, 0, "what an earlier run left is right already");
		const nowhere = new StateFile(scratch.path + "/no/where", log);
		nowhere.write("connecting");
		nowhere.write("connected");
		check.equal(nowhere.failures, 2);
		check.equal(log.events.join(), "arrow state-file-failed");
		scratch.remove();
	});

	suite.test("ARROW-17 ARROW-34 ARROW-40 the tunnel keeps what scans found, and tells its state", (check) => {
		const scratch = new Scratch();
		const state = scratch.path + "/state";
		const first = part(scratch, state);
		first.part.scanFinished(new FakeResult([RTSP]));
		const id = first.part.endpoint.client.table.id(first.part.endpoint.client.table.first);
		first.part.scanFinished(new FakeResult([RTSP]));
		first.part.close();
		const file = read(scratch.path + "/services", 1000);
		check.equal(file.byteLength, 12 + 32 + 32);
		const second = part(scratch, state);
		const { table } = second.part.endpoint.client;
		check.equal(table.id(table.first), id);
		check.equal(table.host(table.first), "10.0.0.9");
		second.part.start();
		check.equal(textOf(state), "connecting\n");
		second.part.stop(() => {});
		check.equal(textOf(state), "stopped\n");
		table.reset();
		second.part.scanFinished(new FakeResult([]));
		second.part.close();
		check.equal(read(scratch.path + "/services", 1000).byteLength, 12 + 32);
		scratch.remove();
	});

	suite.test("ARROW-42 a stored service whose host is left out by now is not offered, nor kept", (check) => {
		const others = [found("tcp", "10.0.1.9", 22), found("rtsp", "10.0.0.10", 554, "/1", "02:00:00:aa:bb:cd")];
		const cases: readonly [Partial<DiscoveryOptions>, number][] = [
			[{}, 3],
			[{ exclude: ["10.0.0.9"] }, 2],
			[{ exclude: ["10.0.0.0/24"] }, 1],
			[{ exclude: ["02:00:00:AA:BB:CC"] }, 2],
			[{ networks: ["10.0.1.0/24"] }, 1],
			[{ exclude: ["10.0.0.0/8"] }, 0],
		];
		for (const [scope, kept] of cases) {
			const scratch = new Scratch();
			const first = part(scratch);
			first.part.scanFinished(new FakeResult([RTSP, ...others]));
			first.part.close();
			const second = part(scratch, undefined, fakeSettings(scope));
			check.equal(second.part.endpoint.client.table.count, kept, JSON.stringify(scope));
			second.part.scanFinished(new FakeResult([]));
			second.part.close();
			const third = part(scratch);
			check.equal(third.part.endpoint.client.table.count, kept, "in the file");
			third.part.close();
			scratch.remove();
		}
	});

	suite.test(
		"arrow figures: JSON with each kind of malformed message, the services and a bounded list of sessions, for free",
		(check) => {
			const scratch = new Scratch();
			const made = part(scratch);
			const { endpoint } = made.part;
			const { client } = endpoint;
			const size = arrowFiguresBytes(4);
			const bytes = new Uint8Array(size);
			const writer = new AsciiWriter(bytes);
			const figures = new Figures(writer);
			client.counters.badVersion = 3;
			client.counters.strayData = 4;
			client.state = 2;
			const long = Number.MAX_SAFE_INTEGER;
			for (let i = 0; i < 4; i++) {
				client.sessions.connect(0xfffff0 + i, 65535, 0);
				const session = client.sessions.table.find(0xfffff0 + i);
				if (session === undefined) throw new Error("no session");
				session.credit = 0xffffffff;
				session.bytesIn = long;
				session.bytesOut = long;
			}
			const write = (): void => {
				writer.begin(0, size);
				figures.begin(writer);
				figures.open();
				writeArrowFigures(figures, endpoint, 5000, undefined);
				figures.close();
			};
			write();
			check.equal(writer.overflowed, false);
			const { arrow } = JSON.parse(String.fromArrayBuffer(bytes.buffer, 0, writer.position)) as {
				arrow: {
					garbage: number;
					malformed: Record<string, number>;
					connection: { tls: string; bytesIn: number };
					sessionList: { id: number; service: number; state: string; windowIn: number; windowOut: number; queued: number }[];
				};
			};
			check.equal(arrow.garbage, 7);
			check.equal(arrow.malformed["badVersion"], 3);
			check.equal(arrow.malformed["strayData"], 4);
			check.equal(arrow.sessionList.length, 4);
			const [session] = arrow.sessionList;
			check.equal(
				JSON.stringify(session),
				JSON.stringify({
					id: 0xfffff0,
					service: 65535,
					state: "connecting",
					bytesIn: long,
					bytesOut: long,
					windowIn: 8192,
					windowOut: 0xffffffff,
					queued: 0,
				}),
			);
			const spent = new Allocation();
			for (let i = 0; i < 10; i++) write();
			spent.begin();
			write();
			const cost = spent.spent();
			check.equal(cost, "2 slots, 0 chunk bytes, 0 collections", "the name of the state only");
			client.state = 0;
			made.part.close();
			scratch.remove();
		},
	);
}
