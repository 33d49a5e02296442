import type { Endpoint } from "arrow/endpoint";
import type { CameraPart } from "device/camera_part";
import { Counter, readCounters, target } from "host/host";
import type { MemoryPlan } from "storage/plan";
import { type AsciiText, type AsciiWriter, constantText } from "wire/ascii";

/** Keys of the figures, in ROM: writing them costs nothing. */
const KEY = Object.freeze({
	accepted: constantText("accepted"),
	aliases: constantText("aliases"),
	arrow: constantText("arrow"),
	attempts: constantText("attempts"),
	bytes: constantText("bytes"),
	bytesIn: constantText("bytesIn"),
	bytesOut: constantText("bytesOut"),
	camera: constantText("camera"),
	chunks: constantText("chunks"),
	collections: constantText("collections"),
	connections: constantText("connections"),
	connects: constantText("connects"),
	damaged: constantText("damaged"),
	descriptors: constantText("descriptors"),
	failures: constantText("failures"),
	frames: constantText("frames"),
	framesSent: constantText("framesSent"),
	garbage: constantText("garbage"),
	http: constantText("http"),
	key: constantText("key"),
	keys: constantText("keys"),
	late: constantText("late"),
	limit: constantText("limit"),
	losses: constantText("losses"),
	memory: constantText("memory"),
	messagesIn: constantText("messagesIn"),
	messagesOut: constantText("messagesOut"),
	name: constantText("name"),
	oversized: constantText("oversized"),
	overruns: constantText("overruns"),
	peak: constantText("peak"),
	plan: constantText("plan"),
	planned: constantText("planned"),
	redirects: constantText("redirects"),
	refused: constantText("refused"),
	requests: constantText("requests"),
	resident: constantText("resident"),
	rom: constantText("rom"),
	roundTripMicroseconds: constantText("roundTripMicroseconds"),
	sessions: constantText("sessions"),
	sessionsOpened: constantText("sessionsOpened"),
	skipped: constantText("skipped"),
	slotSize: constantText("slotSize"),
	slots: constantText("slots"),
	stack: constantText("stack"),
	starved: constantText("starved"),
	state: constantText("state"),
	tables: constantText("tables"),
	target: constantText("target"),
	timeouts: constantText("timeouts"),
	total: constantText("total"),
	unavailable: constantText("unavailable"),
	uptime: constantText("uptime"),
	used: constantText("used"),
	viewers: constantText("viewers"),
});

const QUOTE = 0x22;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;

/** The device's figures as one JSON object. Numbers and names; no secrets. */
export class Metrics {
	/** Set when they are made; absent parts are left out. */
	camera: CameraPart | undefined;
	endpoint: Endpoint | undefined;
	readonly #plan: MemoryPlan;
	readonly #monotonic: () => number;
	readonly #counters = new Int32Array(Counter.COUNT);
	readonly #target = target();
	readonly #start: number;
	#writer: AsciiWriter | undefined;
	/** The next member needs a comma before it. */
	#comma = false;

	constructor(plan: MemoryPlan, monotonic: () => number) {
		this.#plan = plan;
		this.#monotonic = monotonic;
		this.#start = monotonic();
	}

	/** Writes all figures. Costs the engine two slots for each name that is not a constant. */
	write(writer: AsciiWriter): void {
		this.#writer = writer;
		this.#comma = false;
		this.#open(undefined, OPEN);
		this.#text(KEY.target, this.#target);
		this.#number(KEY.uptime, (this.#monotonic() - this.#start) / 1000);
		this.#writeMemory();
		if (this.endpoint !== undefined) this.#writeArrow(this.endpoint);
		if (this.camera !== undefined) this.#writeCamera(this.camera);
		this.#close(CLOSE);
	}

	#writeMemory(): void {
		const counters = this.#counters;
		const plan = this.#plan;
		readCounters(counters);
		this.#open(KEY.memory, OPEN);
		this.#number(KEY.slotSize, counters[Counter.SLOT_SIZE]);
		this.#usage(KEY.slots, counters[Counter.SLOTS], counters[Counter.SLOTS_TOTAL], counters[Counter.SLOTS_PEAK]);
		this.#usage(KEY.chunks, counters[Counter.CHUNKS], counters[Counter.CHUNKS_TOTAL], counters[Counter.CHUNKS_PEAK]);
		this.#number(KEY.collections, counters[Counter.COLLECTIONS]);
		this.#number(KEY.stack, counters[Counter.STACK_TOTAL]);
		this.#number(KEY.keys, counters[Counter.KEYS]);
		this.#number(KEY.aliases, counters[Counter.ALIASES]);
		this.#number(KEY.tables, counters[Counter.TABLES]);
		this.#number(KEY.rom, counters[Counter.ROM_SLOTS] * counters[Counter.SLOT_SIZE] + counters[Counter.ROM_CHUNKS]);
		this.#number(KEY.resident, counters[Counter.RESIDENT]);
		this.#number(KEY.descriptors, counters[Counter.DESCRIPTORS]);
		this.#number(KEY.planned, plan.total);
		this.#open(KEY.plan, OPEN_LIST);
		for (let i = 0; i < plan.count; i++) {
			this.#open(undefined, OPEN);
			this.#text(KEY.name, plan.nameAt(i));
			this.#number(KEY.bytes, plan.bytesAt(i));
			this.#text(KEY.key, plan.keyAt(i));
			this.#close(CLOSE);
		}
		this.#close(CLOSE_LIST);
		this.#close(CLOSE);
	}

	#writeArrow(endpoint: Endpoint): void {
		const counters = endpoint.counters;
		this.#open(KEY.arrow, OPEN);
		this.#text(KEY.state, endpoint.state);
		this.#number(KEY.sessions, endpoint.sessions);
		this.#number(KEY.limit, endpoint.sessionLimit);
		this.#number(KEY.bytesIn, counters.bytesIn);
		this.#number(KEY.bytesOut, counters.bytesOut);
		this.#number(KEY.messagesIn, counters.messagesIn);
		this.#number(KEY.messagesOut, counters.messagesOut);
		this.#number(KEY.sessionsOpened, counters.sessions);
		this.#number(KEY.refused, counters.refused);
		this.#number(KEY.attempts, endpoint.attempts);
		this.#number(KEY.connects, counters.established);
		this.#number(KEY.losses, counters.losses);
		this.#number(KEY.redirects, counters.redirects);
		this.#number(KEY.overruns, counters.overruns);
		this.#number(
			KEY.garbage,
			counters.badVersion +
				counters.badSize +
				counters.shortMessages +
				counters.unexpected +
				counters.unknownTypes +
				counters.strayData +
				counters.strayAcks +
				counters.badRedirects +
				counters.longMessages,
		);
		this.#number(KEY.roundTripMicroseconds, endpoint.roundTrip < 0 ? -1 : endpoint.roundTrip * 1000);
		this.#close(CLOSE);
	}

	#writeCamera(part: CameraPart): void {
		const { camera, store, site, server } = part;
		this.#open(KEY.camera, OPEN);
		this.#number(KEY.frames, camera.frames);
		this.#number(KEY.late, camera.late);
		this.#number(KEY.failures, camera.failures);
		this.#number(KEY.oversized, camera.oversized);
		this.#number(KEY.damaged, camera.damaged);
		this.#number(KEY.starved, store.starved);
		if (site !== undefined && server !== undefined) {
			this.#number(KEY.viewers, site.viewers);
			this.#number(KEY.limit, site.viewersMaximum);
			this.#number(KEY.framesSent, site.framesSent);
			this.#number(KEY.skipped, site.framesSkipped);
			this.#open(KEY.http, OPEN);
			this.#number(KEY.connections, server.connections);
			this.#number(KEY.accepted, server.accepted);
			this.#number(KEY.requests, site.requests);
			this.#number(KEY.refused, site.refused);
			this.#number(KEY.unavailable, site.unavailable);
			this.#number(KEY.timeouts, site.timeouts);
			this.#close(CLOSE);
		}
		this.#close(CLOSE);
	}

	#usage(key: AsciiText, used: number, total: number, peak: number): void {
		this.#open(key, OPEN);
		this.#number(KEY.used, used);
		this.#number(KEY.total, total);
		this.#number(KEY.peak, peak);
		this.#close(CLOSE);
	}

	#open(key: AsciiText | undefined, mark: number): void {
		this.#member(key);
		(this.#writer as AsciiWriter).byte(mark);
		this.#comma = false;
	}

	#close(mark: number): void {
		(this.#writer as AsciiWriter).byte(mark);
		this.#comma = true;
	}

	#number(key: AsciiText, value: number): void {
		this.#member(key);
		(this.#writer as AsciiWriter).integer(value);
	}

	/** Texts of the program's own: nothing in them needs an escape. */
	#text(key: AsciiText, text: AsciiText): void {
		this.#member(key);
		this.#quoted(text);
	}

	#member(key: AsciiText | undefined): void {
		const writer = this.#writer as AsciiWriter;
		if (this.#comma) writer.byte(COMMA);
		this.#comma = true;
		if (key === undefined) return;
		this.#quoted(key);
		writer.byte(COLON);
	}

	#quoted(text: AsciiText): void {
		const writer = this.#writer as AsciiWriter;
		writer.byte(QUOTE);
		writer.text(text);
		writer.byte(QUOTE);
	}
}
