import { addressOf } from "discovery/addresses";
import type { ProbeFace } from "discovery/inquiry";
import { INTERFACE_BYTES, InterfaceField, InterfaceFlag, NeighbourState } from "discovery/network";
import { NEXT_CONNECT, NEXT_DONE, NEXT_NOTHING, NEXT_SEND, NEXT_WAIT } from "discovery/probe";
import { Report, reportBytes } from "discovery/report";
import { Scanner, scannerBytes } from "discovery/scanner";
import { type DiscoveryOptions, type DiscoverySettings, discoverySettings } from "discovery/settings";
import {
	AGAIN,
	DENIED,
	DONE,
	FAILURE_REFUSED,
	FAILURE_ROOM,
	FAILURE_SILENT,
	STEP_CLOSE,
	STEP_CONNECT,
	STEP_ECHO,
	STEP_FINISHED,
	STEP_NEIGHBOURS,
	STEP_NONE,
	STEP_SEND,
	STEP_SOLICIT,
} from "discovery/steps";
import { TARGETS_BYTES, Targets } from "discovery/targets";
import { VERDICT_NOTHING } from "discovery/verdict";
import { Arena } from "storage/arena";
import type { Check } from "unit/suite";

/** A host of the fake network. */
export interface FakeHost {
	readonly open?: readonly number[];
	/** Drops what is not for an open port. */
	readonly firewalled?: boolean;
	/** Answers echo requests. Default true. */
	readonly icmp?: boolean;
	/** Last octet of its MAC. Default that of its address. */
	readonly mac?: number;
}

/** What happens later, by time. */
interface Event {
	readonly time: number;
	readonly slot: number;
	readonly connection: number;
	readonly kind: number;
	readonly address: number;
}

const OPENED = 1;
const REFUSED = 2;
const UNREACHABLE = 3;
const ECHOED = 4;
const REQUEST = "request";

/** Answers of a fake probe: a verdict by port, and a path. */
export type Verdict = (kind: number, address: string, port: number) => number;

/** A probe that connects, sends one request, and has its verdict when that has gone, or so many milliseconds later. */
class FakeProbe implements ProbeFace {
	answering = 0;
	malformed = 1;
	next: number = NEXT_NOTHING;
	deadline = Infinity;
	address = "";
	port = 0;
	connections = 0;
	outputOffset = 0;
	outputLength = REQUEST.length;
	verdict = VERDICT_NOTHING;
	path = "";
	#kind = 0;
	readonly #judge: Verdict;

	constructor(judge: Verdict) {
		this.#judge = judge;
	}

	begin(kind: number, address: string, port: number): void {
		this.#kind = kind;
		this.address = address;
		this.port = port;
		this.verdict = VERDICT_NOTHING;
		this.next = NEXT_CONNECT;
		this.connections++;
	}

	connected(now: number): void {
		this.next = NEXT_SEND;
		this.deadline = now + 2000;
	}

	sent(_count: number, now: number): void {
		if (this.answering > 0) {
			this.next = NEXT_WAIT;
			this.deadline = now + this.answering;
		} else this.#answer();
	}

	#answer(): void {
		this.next = NEXT_DONE;
		this.verdict = this.#judge(this.#kind, this.address, this.port);
		this.path = this.verdict === 1 || this.verdict === 6 ? "/" : "";
	}

	received(): void {}
	ended(): void {}

	failed(): void {
		this.next = NEXT_DONE;
	}

	expire(now: number): void {
		if (now < this.deadline) return;
		if (this.next === NEXT_WAIT) this.#answer();
		else if (this.next === NEXT_SEND) this.next = NEXT_DONE;
	}

	cancel(): void {
		this.next = NEXT_NOTHING;
	}
}

const OPTIONS: DiscoveryOptions = Object.freeze({
	interval: 300_000,
	expiry: 1_200_000,
	sockets: 32,
	rate: 200,
	hosts: 64,
	request: 2000,
	icmp: true,
});

export function fakeSettings(change: Partial<DiscoveryOptions> = {}): DiscoverySettings {
	return discoverySettings({ ...OPTIONS, ...change });
}

/** An interface of the device: "eth0 192.168.1.1/24". `flags` as of discovery/network. */
export interface FakeLink {
	readonly name: string;
	readonly address: string;
	readonly prefix: number;
	readonly flags?: number;
}

export const ETHERNET: FakeLink = Object.freeze({ name: "eth0", address: "192.168.1.1", prefix: 24 });

/** Writes records of interfaces, as `interfaces` of discovery/network does. */
export function fakeInterfaces(links: readonly FakeLink[]): (buffer: ArrayBuffer, offset: number, length: number) => number {
	return (buffer, offset, length) => {
		const view = new DataView(buffer);
		let count = 0;
		for (; count < links.length && (count + 1) * INTERFACE_BYTES <= length; count++) {
			const { name, address, prefix, flags = InterfaceFlag.UP | InterfaceFlag.ARP } = links[count];
			const at = offset + count * INTERFACE_BYTES;
			for (let i = 0; i < 16; i++) view.setUint8(at + i, i < name.length ? name.charCodeAt(i) : 0);
			view.setUint32(at + InterfaceField.ADDRESS, addressOf(address));
			view.setUint8(at + InterfaceField.PREFIX, prefix);
			view.setUint8(at + InterfaceField.FLAGS, flags);
			view.setUint32(at + InterfaceField.INDEX, count + 1);
		}
		return count;
	};
}

/** A network with a clock of its own, and a scanner on it that is watched. */
export class World {
	now = 1000;
	readonly settings: DiscoverySettings;
	readonly targets: Targets;
	readonly scanner: Scanner;
	report: Report;
	/** What the host lets the device do. */
	mayEcho = true;
	maySolicit = true;
	hasTable = true;
	/** A connect that the host has no room for, for so many connects. */
	roomless = 0;
	/** Echo and ARP requests that the host has no room for. */
	crowded = 0;
	/** When packets went, and to whom; of ARP and of all else apart. */
	readonly times: number[] = [];
	readonly asked = new Map<number, number>();
	readonly touched = new Map<number, number>();
	/** Neighbours as the host knows them. */
	readonly neighbours = new Map<number, number>();
	mostSockets = 0;
	readonly #probes: FakeProbe[] = [];
	readonly #hosts = new Map<number, FakeHost>();
	readonly #links: readonly FakeLink[];
	readonly #reports: Report[] = [];
	readonly #open: number[] = [];
	#events: Event[] = [];
	#connections = 0;
	#sockets = 0;

	constructor(
		change: Partial<DiscoveryOptions> = {},
		links: readonly FakeLink[] = [ETHERNET],
		judge: Verdict = () => VERDICT_NOTHING,
	) {
		const settings = fakeSettings(change);
		const tables = reportBytes(settings.hosts);
		const arena = new Arena(2 * tables + TARGETS_BYTES + scannerBytes(settings.sockets));
		const probes = this.#probes;
		for (let i = 0; i < Math.min(8, settings.sockets); i++) probes.push(new FakeProbe(judge));
		this.settings = settings;
		this.#links = links;
		this.#reports.push(new Report(arena, 0, settings), new Report(arena, tables, settings));
		this.report = this.#reports[0];
		this.targets = new Targets(arena, 2 * tables, settings);
		this.scanner = new Scanner(arena, 2 * tables + TARGETS_BYTES, settings, this.targets, probes, this.report);
		for (let i = 0; i < settings.sockets; i++) this.#open.push(0);
	}

	/** How long (ms) what listens at a port takes for its answer. */
	set answering(time: number) {
		for (let i = 0; i < this.#probes.length; i++) this.#probes[i].answering = time;
	}

	put(address: string, host: FakeHost): void {
		this.#hosts.set(addressOf(address), host);
	}

	remove(address: string): void {
		this.#hosts.delete(addressOf(address));
	}

	/** Packets that an address got, ARP requests not counted. */
	packetsTo(address: string): number {
		return this.touched.get(addressOf(address)) ?? 0;
	}

	requestsFor(address: string): number {
		return this.asked.get(addressOf(address)) ?? 0;
	}

	begin(): void {
		this.targets.prepare(fakeInterfaces(this.#links));
		this.report = this.#reports[this.report === this.#reports[0] ? 1 : 0];
		this.scanner.begin(this.report, this.mayEcho && this.settings.icmp, this.now);
	}

	/** Goes on with a scan until so many services were found. */
	work(check: Check, services: number): void {
		let turns = 0;
		while (!this.#turn(check) && this.report.serviceCount < services) {
			check.ok(++turns < 10_000, "the scan goes on");
			this.#pass();
		}
	}

	/** Ends a scan under way. */
	abort(): void {
		this.scanner.abort();
		for (let slot = 0; slot < this.#open.length; slot++) this.#close(slot);
	}

	#pass(): void {
		const next = Math.min(this.scanner.deadline, this.#events.length > 0 ? this.#events[0].time : Infinity);
		this.now = Math.max(this.now, next);
		this.#deliver();
	}

	/** Scans. @returns milliseconds that it took. */
	run(check: Check, patience = 600_000): number {
		const start = this.now;
		let idle = 0;
		this.begin();
		while (!this.#turn(check)) {
			const next = Math.min(this.scanner.deadline, this.#events.length > 0 ? this.#events[0].time : Infinity);
			check.ok(next !== Infinity, "the scan waits for something");
			check.ok(next - start < patience, "the scan ends");
			check.ok(next > this.now || ++idle < 1000, "time goes on");
			this.now = Math.max(this.now, next);
			this.#deliver();
		}
		check.equal(this.#sockets, 0, "sockets left open");
		check.ok(!this.scanner.running, "running");
		return this.now - start;
	}

	/** Does the scanner's steps. @returns whether the scan is over. */
	#turn(check: Check): boolean {
		const { scanner } = this;
		for (let steps = 0; ; steps++) {
			check.ok(steps < 5000, "steps of one turn");
			switch (scanner.next(this.now)) {
				case STEP_NONE:
					return false;
				case STEP_FINISHED:
					return true;
				case STEP_NEIGHBOURS:
					this.#tellNeighbours();
					break;
				case STEP_SOLICIT:
					scanner.solicited(this.#solicit(scanner.address), this.now);
					break;
				case STEP_ECHO:
					scanner.echoed(this.#echo(scanner.address), this.now);
					break;
				case STEP_CONNECT:
					this.#connect(check, scanner.slot);
					break;
				case STEP_SEND:
					check.ok(this.#open[scanner.slot] !== 0, "sending on an open socket");
					scanner.sent(scanner.slot, scanner.length, this.now);
					break;
				case STEP_CLOSE:
					this.#close(scanner.slot);
					break;
				default:
					break;
			}
		}
	}

	#deliver(): void {
		const { scanner } = this;
		while (this.#events.length > 0 && this.#events[0].time <= this.now) {
			const { slot, connection, kind, address } = this.#events.shift() as Event;
			if (kind === ECHOED) scanner.answered(address);
			else if (this.#open[slot] !== connection) continue;
			else if (kind === OPENED) scanner.opened(slot, this.now);
			else scanner.failed(slot, kind === REFUSED ? FAILURE_REFUSED : FAILURE_SILENT, this.now);
		}
	}

	#tellNeighbours(): void {
		const mac = new Uint8Array(6);
		for (const [address, state] of this.hasTable ? this.neighbours : []) {
			mac[0] = state === NeighbourState.SILENT ? 0 : 2;
			mac[5] = state === NeighbourState.SILENT ? 0 : (this.#hosts.get(address)?.mac ?? address & 255);
			this.scanner.neighbour(address, state, mac, 0);
		}
		this.scanner.neighboursTold(this.hasTable);
	}

	/** The host asks by ARP before it sends anything to a network of its own. */
	#resolve(address: number): boolean {
		if (this.scanner.target < 0 || !this.targets.targets[this.scanner.target].arp) return true;
		const there = this.#hosts.has(address);
		/* What was there once is believed to be, for a while. */
		if (!there && this.neighbours.get(address) === NeighbourState.STALE) return false;
		this.neighbours.set(address, there ? NeighbourState.LIVE : NeighbourState.SILENT);
		return there;
	}

	#solicit(address: number): number {
		if (!this.maySolicit) return DENIED;
		if (this.crowded > 0 && this.crowded-- > 0) return AGAIN;
		this.times.push(this.now);
		this.asked.set(address, (this.asked.get(address) ?? 0) + 1);
		this.#resolve(address);
		return DONE;
	}

	#echo(address: number): number {
		if (this.crowded > 0 && this.crowded-- > 0) return AGAIN;
		this.#touch(address);
		if (this.#resolve(address) && this.#hosts.has(address) && this.#hosts.get(address)?.icmp !== false)
			this.#later(3, -1, 0, ECHOED, address);
		return DONE;
	}

	#connect(check: Check, slot: number): void {
		const { address, port } = this.scanner;
		this.#close(slot);
		if (this.roomless > 0 && this.roomless-- > 0) {
			this.scanner.failed(slot, FAILURE_ROOM, this.now);
			return;
		}
		this.#open[slot] = ++this.#connections;
		this.mostSockets = Math.max(this.mostSockets, ++this.#sockets);
		check.ok(this.#sockets <= this.settings.sockets, "sockets");
		this.#touch(address);
		const host = this.#hosts.get(address);
		if (!this.#resolve(address)) this.#later(3000, slot, this.#connections, UNREACHABLE, address);
		else if (host?.open?.includes(port)) this.#later(2, slot, this.#connections, OPENED, address);
		else if (host !== undefined && !host.firewalled) this.#later(2, slot, this.#connections, REFUSED, address);
	}

	#touch(address: number): void {
		this.times.push(this.now);
		this.touched.set(address, (this.touched.get(address) ?? 0) + 1);
	}

	#close(slot: number): void {
		if (this.#open[slot] !== 0) this.#sockets--;
		this.#open[slot] = 0;
	}

	#later(delay: number, slot: number, connection: number, kind: number, address: number): void {
		const time = this.now + delay;
		let at = this.#events.length;
		while (at > 0 && this.#events[at - 1].time > time) at--;
		this.#events.splice(at, 0, { time, slot, connection, kind, address });
	}
}

/** Most packets in any span of a second. */
export function busiestSecond(times: readonly number[]): number {
	let most = 0;
	for (let first = 0, last = 0; last < times.length; last++) {
		while (times[last] - times[first] >= 1000) first++;
		most = Math.max(most, last - first + 1);
	}
	return most;
}
