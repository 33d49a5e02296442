import { addressText } from "discovery/addresses";
import type { Counters } from "discovery/counters";
import type { DiscoveryIO, SlotStream } from "discovery/io";
import { EchoStatus } from "discovery/echo";
import { NeighbourField, SolicitStatus } from "discovery/network";
import { PROBE_BYTES, Probe } from "discovery/probe";
import { Report, reportBytes } from "discovery/report";
import type { Discovery, ScanResult } from "discovery/result";
import { Scanner, scannerBytes } from "discovery/scanner";
import type { DiscoverySettings } from "discovery/settings";
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
	STEP_NETWORK,
	STEP_SEND,
	STEP_SOLICIT,
} from "discovery/steps";
import { TARGETS_BYTES, type Target, Targets } from "discovery/targets";
import type { StreamOptions } from "net/stream";
import type { Arena } from "storage/arena";
import type { MemoryPlan } from "storage/plan";

const PLAN_TABLES = "discovery tables";
const PLAN_PROBES = "discovery probes";
const PLAN_NATIVE = "discovery sockets (native)";
/** Bytes taken from a socket at once. */
const INPUT_BYTES = 2048;
/** Echo answers taken in a turn of the loop. */
const ECHOES = 64;
/** Probes at work at a time, at most; not more than half of the sockets. */
const PROBES = 8;
/** Records of C: of each stream, of the neighbour table with its piece, of echo requests, of the timer. */
const NATIVE_STREAM = 384;
const NATIVE_OTHERS = 9216;

/* As net/stream has them. */
const WANT_NOTHING = 0;
const WANT_READ = 1;
const WANT_BOTH = 3;
const END = -1;

/** Who is told of scans. */
export interface DiscoveryOwner {
	/** A network begins to be scanned. */
	networkBegun?(target: Target): void;
	/** A scan is over; `result` is what it found. */
	finished(result: Report): void;
}

function probesOf(settings: DiscoverySettings): number {
	return Math.min(PROBES, Math.ceil(settings.sockets / 2));
}

/** Reserves what a {@link DiscoveryEndpoint} needs. */
export function planDiscovery(plan: MemoryPlan, settings: DiscoverySettings): void {
	const tables = 2 * reportBytes(settings.hosts) + scannerBytes(settings.sockets) + TARGETS_BYTES;
	plan.reserve(PLAN_TABLES, tables, "discovery.hosts");
	plan.reserve(PLAN_PROBES, probesOf(settings) * PROBE_BYTES + INPUT_BYTES, "discovery.sockets");
	plan.note(PLAN_NATIVE, settings.sockets * NATIVE_STREAM + NATIVE_OTHERS, "discovery.sockets");
}

/** Runs scans over the host's sockets: all of them are made at boot, and open only while a scan uses them. */
export class DiscoveryEndpoint implements Discovery {
	readonly #io: DiscoveryIO;
	readonly #owner: DiscoveryOwner;
	readonly #arena: Arena;
	readonly #targets: Targets;
	readonly #scanner: Scanner;
	readonly #streams: SlotStream[] = [];
	readonly #neighbours: InstanceType<DiscoveryIO["Neighbours"]>;
	readonly #echo: InstanceType<DiscoveryIO["Echo"]>;
	readonly #timer: InstanceType<DiscoveryIO["Timer"]>;
	readonly #input: number;
	readonly #echoes: boolean;
	/** The report that is read, and the one that the next scan fills. */
	#finished: Report;
	#draft: Report;
	#reported = false;

	constructor(settings: DiscoverySettings, plan: MemoryPlan, io: DiscoveryIO, owner: DiscoveryOwner) {
		const arena = plan.allocate();
		const endpoint = this;
		let at = plan.offset(PLAN_TABLES);
		const take = (bytes: number): number => {
			at += bytes;
			return at - bytes;
		};
		this.#io = io;
		this.#owner = owner;
		this.#arena = arena;
		this.#echoes = settings.icmp;
		this.#draft = new Report(arena, take(reportBytes(settings.hosts)), settings);
		this.#finished = new Report(arena, take(reportBytes(settings.hosts)), settings);
		this.#targets = new Targets(arena, take(TARGETS_BYTES), settings);
		const scanner = take(scannerBytes(settings.sockets));
		at = plan.offset(PLAN_PROBES);
		this.#input = take(INPUT_BYTES);
		const probes: Probe[] = [];
		for (let i = 0; i < probesOf(settings); i++) probes.push(new Probe(arena, take(PROBE_BYTES), settings));
		this.#scanner = new Scanner(arena, scanner, settings, this.#targets, probes, this.#draft);
		this.#neighbours = new io.Neighbours();
		this.#echo = new io.Echo({ onReadable: () => this.#takeEchoes() });
		this.#timer = new io.Timer({ onTimer: () => this.#turn() });
		const options: StreamOptions = {
			onReadable(this: SlotStream) {
				endpoint.#readable(this);
			},
			onWritable(this: SlotStream) {
				endpoint.#writable(this);
			},
			onError(this: SlotStream) {
				endpoint.#broken(this);
			},
		};
		for (let slot = 0; slot < settings.sockets; slot++) {
			const stream = new io.Stream(options) as SlotStream;
			stream.slot = slot;
			stream.connected = false;
			this.#streams.push(stream);
		}
	}

	get scanning(): boolean {
		return this.#scanner.running;
	}

	get result(): ScanResult | undefined {
		return this.#reported ? this.#finished : undefined;
	}

	get counters(): Counters {
		return this.#scanner.counters;
	}

	/** Sockets in use. */
	get sockets(): number {
		return this.#scanner.sockets;
	}

	/** What the last scan was about, and what was left out. */
	get targets(): Targets {
		return this.#targets;
	}

	/** Begins a scan. @returns false when one runs already. */
	scan(): boolean {
		if (this.scanning) return false;
		this.#targets.prepare(this.#io.interfaces);
		this.#scanner.begin(this.#draft, this.#echoes && this.#echo.open(), this.#io.monotonic());
		this.#timer.schedule(0);
		return true;
	}

	/** Ends a scan under way: it has no result. */
	abort(): void {
		this.#scanner.abort();
		this.#release();
	}

	close(): void {
		this.abort();
		this.#timer.close();
	}

	/** Gives back every descriptor. */
	#release(): void {
		this.#timer.cancel();
		this.#neighbours.close();
		this.#echo.close();
		for (let i = 0; i < this.#streams.length; i++) if (this.#streams[i].opened) this.#streams[i].close();
	}

	/** Does what is to be done now. */
	#turn(): void {
		const scanner = this.#scanner;
		const now = this.#io.monotonic();
		for (;;) {
			switch (scanner.next(now)) {
				case STEP_NETWORK:
					this.#owner.networkBegun?.(this.#targets.targets[scanner.target]);
					break;
				case STEP_NEIGHBOURS:
					this.#tellNeighbours();
					break;
				case STEP_SOLICIT:
					scanner.solicited(this.#solicit(scanner.address), now);
					break;
				case STEP_ECHO:
					scanner.echoed(this.#ask(scanner.address), now);
					break;
				case STEP_CONNECT:
					this.#connect(scanner.slot, now);
					break;
				case STEP_SEND:
					this.#send(scanner.slot, now);
					break;
				case STEP_CLOSE:
					this.#streams[scanner.slot].close();
					break;
				case STEP_FINISHED:
					this.#finish();
					return;
				default:
					this.#arm(now);
					return;
			}
		}
	}

	#arm(now: number): void {
		const { deadline } = this.#scanner;
		if (deadline === Infinity) this.#timer.cancel();
		else this.#timer.schedule(Math.max(0, deadline - now));
	}

	#finish(): void {
		const report = this.#draft;
		this.#draft = this.#finished;
		this.#finished = report;
		this.#reported = true;
		this.#release();
		this.#owner.finished(report);
	}

	#tellNeighbours(): void {
		/* One that changes under the reader is read again; what is told twice does no harm. */
		this.#scanner.neighboursTold(this.#readNeighbours() || this.#readNeighbours());
	}

	/** @returns whether all neighbours were told: one that is missing may be one that is excluded. */
	#readNeighbours(): boolean {
		const { bytes, view, buffer } = this.#arena;
		const at = this.#input;
		const neighbours = this.#neighbours;
		if (!neighbours.open()) return false;
		while (neighbours.next(buffer, at)) {
			const state = bytes[at + NeighbourField.STATE];
			this.#scanner.neighbour(view.getUint32(at + NeighbourField.ADDRESS), state, bytes, at + NeighbourField.MAC);
		}
		return neighbours.whole;
	}

	#solicit(address: number): number {
		switch (this.#neighbours.solicit(this.#targets.targets[this.#scanner.target].link, address)) {
			case SolicitStatus.SENT:
				return DONE;
			case SolicitStatus.AGAIN:
				return AGAIN;
			default:
				return DENIED;
		}
	}

	#ask(address: number): number {
		switch (this.#echo.send(address)) {
			case EchoStatus.SENT:
				return DONE;
			case EchoStatus.AGAIN:
				return AGAIN;
			default:
				return DENIED;
		}
	}

	#takeEchoes(): void {
		/* What is left comes in the next turn: a flood of answers must not hold up the rest of the device. */
		for (let i = 0; i < ECHOES; i++) {
			const address = this.#echo.read();
			if (address < 0) break;
			this.#scanner.answered(address);
		}
		this.#turn();
	}

	#connect(slot: number, now: number): void {
		const stream = this.#streams[slot];
		if (stream.opened) stream.close();
		stream.connected = false;
		if (stream.connect(addressText(this.#scanner.address), this.#scanner.port) !== 0)
			this.#scanner.failed(slot, failureOf(stream.error), now);
	}

	#send(slot: number, now: number): void {
		const { offset, length } = this.#scanner;
		const count = this.#streams[slot].write(this.#arena.buffer, offset, length);
		if (count < 0) {
			/* What came before it is read first; then the stream tells of the failure. */
			this.#scanner.sent(slot, length, now);
			return;
		}
		this.#scanner.sent(slot, count, now);
		if (count < length) this.#streams[slot].want(WANT_BOTH);
	}

	#readable(stream: SlotStream): void {
		const { slot } = stream;
		const now = this.#io.monotonic();
		const count = stream.read(this.#arena.buffer, this.#input, INPUT_BYTES);
		if (count > 0) this.#scanner.received(slot, this.#input, count, now);
		else if (count === END) {
			stream.want(WANT_NOTHING);
			this.#scanner.ended(slot, now);
		}
		this.#turn();
	}

	#writable(stream: SlotStream): void {
		const now = this.#io.monotonic();
		stream.want(WANT_READ);
		if (stream.connected) this.#scanner.writable(stream.slot);
		else {
			stream.connected = true;
			this.#scanner.opened(stream.slot, now);
		}
		this.#turn();
	}

	#broken(stream: SlotStream): void {
		const now = this.#io.monotonic();
		const failure = stream.connected ? FAILURE_REFUSED : failureOf(stream.error);
		this.#scanner.failed(stream.slot, failure, now);
		this.#turn();
	}
}

/** What the host's name for a failed connect says. */
function failureOf(error: string): number {
	switch (error) {
		case "ECONNREFUSED":
		case "ECONNRESET":
			return FAILURE_REFUSED;
		case "EMFILE":
		case "ENFILE":
		case "ENOBUFS":
		case "ENOMEM":
		case "EADDRNOTAVAIL":
		case "EAGAIN":
			return FAILURE_ROOM;
		default:
			return FAILURE_SILENT;
	}
}
