import {
	ACK,
	CLOSE_BAD_REDIRECT,
	CLOSE_DEAD,
	CLOSE_NONE,
	CLOSE_NO_ACK,
	CLOSE_REDIRECT,
	CLOSE_REFUSED,
	CLOSE_SHORT,
	CLOSE_STRAY_ACK,
	CLOSE_TAIL,
	CLOSE_UNAUTHORIZED,
	CLOSE_UNEXPECTED,
	CLOSE_UNKNOWN_TYPE,
	CLOSE_UNSUPPORTED_VERSION,
	CLOSE_WRONG_ACK,
	CONNECT,
	CONNECTION_ERROR,
	CONTROL,
	DATA_ACK,
	EVENT_CLOSE,
	EVENT_CLOSED,
	EVENT_ESTABLISHED,
	EVENT_NONE,
	EVENT_OPEN,
	EVENT_RESET,
	EVENT_SCAN,
	GET_SCAN_REPORT,
	GET_STATUS,
	HUP,
	NO_ERROR,
	PING,
	REDIRECT,
	REDIRECT_LIMIT,
	RESET_SVC_TABLE,
	SCAN_NETWORK,
	STATE_CLOSED,
	STATE_ESTABLISHED,
	STATE_HANDSHAKE,
	STATUS_SCANNING,
	UNAUTHORIZED,
	UNSUPPORTED_METHOD,
	UNSUPPORTED_PROTOCOL_VERSION,
} from "arrow/constants";
import { ArrowCounters } from "arrow/counters";
import { Pings } from "arrow/pings";
import type { ControlHandler } from "arrow/receiver";
import { RECEIVER_SIZE, Receiver } from "arrow/receiver";
import type { Registration } from "arrow/register";
import { RegisterMessage, registerSize } from "arrow/register";
import { reportSize, type ScanLimits, ScanReport } from "arrow/report";
import { Sender } from "arrow/sender";
import type { Service } from "arrow/service";
import type { Session } from "arrow/session";
import { Sessions } from "arrow/sessions";
import type { ArrowSwitches } from "arrow/switches";
import { SERVICE_VISIBLE, ServiceTable, tableMemory, tableSize } from "arrow/table";
import type { ArrowTimes } from "arrow/times";
import { readSession } from "arrow/wire";
import type { Discovery } from "discovery/result";
import type { Arena } from "storage/arena";
import type { MemoryPlan } from "storage/plan";
import type { HostPort } from "wire/host_port";
import { parseHostPort } from "wire/host_port";
import { getText } from "wire/text";

export interface ClientOptions {
	readonly registration: Registration;
	/** The services of the configuration; wanted at boot only. */
	readonly services: readonly Service[];
	/** Services on other hosts are opened too. */
	readonly gateway: boolean;
	/** Sessions at a time. */
	readonly sessions: number;
	/** Bytes of the output region, and of a data message at most. */
	readonly output: number;
	readonly dataLimit: number;
	/** What scans find at most; undefined: none can be run. */
	readonly scans: ScanLimits | undefined;
	readonly times: ArrowTimes;
	readonly switches: ArrowSwitches;
}

const PLAN_SESSIONS = "arrow session rings";
const PLAN_OUTPUT = "arrow output";
const PLAN_REGISTER = "arrow register";
const PLAN_CONTROL = "arrow control";
const PLAN_TABLE = "arrow services";

const NO_SCANS: ScanLimits = Object.freeze({ hosts: 0, ports: 0 });

/** Reserves what a {@link Client} with these options needs. */
export function planClient(plan: MemoryPlan, options: ClientOptions): void {
	plan.reserve(PLAN_SESSIONS, options.sessions * options.registration.window, "arrow.window");
	plan.reserve(PLAN_OUTPUT, options.output, "arrow.buffer");
	const scans = options.scans !== undefined;
	const tail = reportSize(options.scans ?? NO_SCANS, tableSize(options.services, scans));
	plan.reserve(PLAN_REGISTER, registerSize(options.registration.info, tail), scans ? "discovery.hosts" : "arrow.services");
	plan.reserve(PLAN_TABLE, tableMemory(options.services, scans), "arrow.services");
	plan.reserve(PLAN_CONTROL, RECEIVER_SIZE, "");
}

/**
 * The Arrow client without I/O (docs/protocols/arrow.md). It is given plaintext bytes and the time and says what is to be sent,
 * what happened, and when it must be called again. All offsets are in the arena of its plan.
 *
 * The contract: `open` when TLS is up. `input` bytes; then `poll` until it says EVENT_NONE; then `sender.collect`, data messages by
 * `sender.reserve` and `sender.commit`, and `sender.length` bytes at `sender.offset` are to be sent. `tick` at `deadline`.
 * After EVENT_CLOSED nothing more is sent and `open` begins anew. After boot it allocates nothing but the target of a REDIRECT.
 */
export class Client implements ControlHandler {
	readonly sender: Sender;
	readonly sessions: Sessions;
	/** One of the STATE constants. */
	state = STATE_CLOSED;
	/** The session that the event polled last is about. */
	session: Session;
	readonly table: ServiceTable;
	readonly counters = new ArrowCounters();
	/** When the last connection began, and some counters as they were then. */
	opened = 0;
	bytesInBefore = 0;
	bytesOutBefore = 0;
	messagesInBefore = 0;
	messagesOutBefore = 0;
	/** Why the last connection ended, one of the CLOSE constants. */
	reason = CLOSE_NONE;
	/** The last connection got as far as ACK 0. */
	established = false;
	/** The code of the last ACK to a REGISTER, -1: none came. */
	answer = -1;
	/** Where a REDIRECT led; set with CLOSE_REDIRECT. */
	target: HostPort | undefined;
	readonly pings: Pings;

	#events = 0;
	/** For the ACK of REGISTER. */
	#ackDeadline = Infinity;
	#pingAt = Infinity;
	#updateAt = Infinity;
	#revision = 0;
	readonly #view: DataView;
	readonly #arena: Arena;
	readonly #receiver: Receiver;
	readonly #times: ArrowTimes;
	readonly #switches: ArrowSwitches;
	readonly #discovery: Discovery | undefined;

	/**
	 * `plan` was given to {@link planClient} with the same options; `discovery` runs scans, `stored` are records of discovered services
	 * from an earlier run.
	 */
	constructor(plan: MemoryPlan, options: ClientOptions, now: number, discovery?: Discovery, stored?: Uint8Array) {
		const arena = plan.allocate();
		const { services, times, switches } = options;
		const table = new ServiceTable(arena, plan.offset(PLAN_TABLE), plan.size(PLAN_TABLE), options.gateway);
		table.fill(services, stored, now);
		this.pings = new Pings(times.ack);
		const register = new RegisterMessage(
			arena,
			plan.offset(PLAN_REGISTER),
			plan.size(PLAN_REGISTER),
			options.registration,
			table,
		);
		this.sessions = new Sessions(
			arena,
			plan.offset(PLAN_SESSIONS),
			options.sessions,
			options.registration.window,
			times,
			switches.hupFlush === "flush",
		);
		const reportEnd = plan.offset(PLAN_REGISTER) + plan.size(PLAN_REGISTER);
		const tableBytes = tableSize(services, options.scans !== undefined);
		const report = new ScanReport(arena, register.tableOffset, reportEnd, tableBytes, table, discovery);
		this.sender = new Sender(
			arena,
			plan.offset(PLAN_OUTPUT),
			options.output,
			options.dataLimit,
			this.sessions,
			register,
			report,
			this.pings,
			this.counters,
		);
		this.session = this.sessions.table.sessions[0];
		this.table = table;
		this.#view = arena.view;
		this.#arena = arena;
		this.#receiver = new Receiver(arena, plan.offset(PLAN_CONTROL), this, this.sessions, this.sender, this.counters);
		this.#times = times;
		this.#switches = switches;
		this.#discovery = discovery;
	}

	/** A new connection is up: REGISTER is to be sent. */
	open(now: number): void {
		this.state = STATE_HANDSHAKE;
		this.reason = CLOSE_NONE;
		this.established = false;
		this.answer = -1;
		this.target = undefined;
		this.#receiver.open();
		this.#events = 0;
		this.pings.clear();
		this.#ackDeadline = now + this.#times.ack;
		this.#pingAt = Infinity;
		this.#updateAt = Infinity;
		this.#revision = this.table.revision;
		this.sender.open();
		const { counters } = this;
		this.opened = now;
		this.bytesInBefore = counters.bytesIn;
		this.bytesOutBefore = counters.bytesOut;
		this.messagesInBefore = counters.messagesIn;
		this.messagesOutBefore = counters.messagesOut;
		counters.connections++;
	}

	/** Takes `length` bytes at `offset`, split anywhere. @returns bytes taken: fewer when answers must be sent first. */
	input(offset: number, length: number, now: number): number {
		return this.#receiver.input(offset, length, now);
	}

	/** The next thing that happened, one of the EVENT constants; `session` is the one it is about. */
	poll(): number {
		const session = this.sessions.table.eventful();
		if (session) {
			const events = session.events;
			const event = events & -events;
			session.events = events ^ event;
			if (event === EVENT_OPEN) session.local = true;
			else if (event === EVENT_CLOSE) session.local = false;
			this.session = session;
			return event;
		}
		const events = this.#events;
		if (events === 0) return EVENT_NONE;
		const event = events & -events;
		this.#events = events ^ event;
		return event;
	}

	/** When `tick` must be called; Infinity: not at all. */
	get deadline(): number {
		let deadline = this.sessions.deadline;
		if (this.#ackDeadline < deadline) deadline = this.#ackDeadline;
		if (this.pings.deadline < deadline) deadline = this.pings.deadline;
		if (this.#pingAt < deadline) deadline = this.#pingAt;
		if (this.#updateAt < deadline) deadline = this.#updateAt;
		return deadline;
	}

	/** Does what is due by time; call `poll` and `sender.collect` afterwards. Early calls are harmless. */
	tick(now: number): void {
		if (this.state === STATE_CLOSED) return;
		if (now >= this.#ackDeadline || now >= this.pings.deadline) {
			this.fail(this.state === STATE_HANDSHAKE ? CLOSE_NO_ACK : CLOSE_DEAD);
			return;
		}
		if (now >= this.#pingAt) {
			this.#pingAt = now + this.#times.ping;
			this.pings.ask(now);
		}
		if (now >= this.#updateAt) {
			this.#updateAt = Infinity;
			this.sender.update();
		}
		this.sessions.tick(now);
	}

	/** The service table may have changed: UPDATE follows when its visible part did. */
	tableChanged(now: number): void {
		if (this.state !== STATE_ESTABLISHED || this.table.revision === this.#revision) return;
		this.#revision = this.table.revision;
		if (this.#updateAt === Infinity) this.#updateAt = now + this.#times.update;
	}

	/** Ends the connection for one of the CLOSE reasons. */
	fail(reason: number): void {
		if (this.state === STATE_CLOSED) return;
		if (this.state === STATE_ESTABLISHED) this.counters.losses++;
		this.state = STATE_CLOSED;
		this.reason = reason;
		this.pings.clear();
		this.#ackDeadline = Infinity;
		this.#pingAt = Infinity;
		this.#updateAt = Infinity;
		this.#events |= EVENT_CLOSED;
		this.sessions.lost();
	}

	/** From the receiver: a control message whose body of `size` bytes is at `at`, at least as far as any field reaches. */
	control(at: number, size: number, now: number): void {
		const view = this.#view;
		const id = view.getUint16(at);
		const type = view.getUint16(at + 2);
		const data = at + CONTROL;
		const length = size - CONTROL;
		if (this.state === STATE_HANDSHAKE) {
			if (type === ACK) this.#registered(data, length, id, now);
			else {
				this.counters.unexpected++;
				this.fail(CLOSE_UNEXPECTED);
			}
			return;
		}
		switch (type) {
			case DATA_ACK:
				if (this.#has(length, 8)) this.#credited(readSession(view, data), view.getUint32(data + 4));
				break;
			case ACK:
				if (this.#has(length, 4)) this.#acknowledged(id, now);
				break;
			case PING:
				if (!this.#has(length, 0)) break;
				this.counters.pingsIn++;
				this.sender.ack(id, NO_ERROR);
				break;
			case CONNECT:
				if (this.#has(length, 6)) this.#connect(view.getUint16(data), readSession(view, data + 2), now);
				break;
			case HUP:
				if (this.#has(length, 8)) this.#hungUp(readSession(view, data), now);
				break;
			case GET_STATUS:
				if (this.#has(length, 0)) this.sender.status(id, this.#scanning ? STATUS_SCANNING : 0, this.sessions.table.active);
				break;
			case GET_SCAN_REPORT:
				if (!this.#has(length, 0)) break;
				if (this.#switches.scanReport === "report") this.sender.report(id);
				else this.sender.ack(id, UNSUPPORTED_METHOD);
				break;
			case SCAN_NETWORK:
				if (this.#has(length, 0) && this.#discovery) this.#events |= EVENT_SCAN;
				break;
			case RESET_SVC_TABLE:
				if (!this.#has(length, 0)) break;
				this.table.reset();
				this.#events |= EVENT_RESET;
				this.tableChanged(now);
				break;
			case REDIRECT:
				this.#redirect(data, length);
				break;
			default:
				this.counters.unknownTypes++;
				if (this.#switches.unknownMethod === "ack4") this.sender.ack(id, UNSUPPORTED_METHOD);
				else this.fail(CLOSE_UNKNOWN_TYPE);
		}
	}

	/** A scan runs, or is about to begin: it was asked for in the same burst. */
	get #scanning(): boolean {
		return (this.#events & EVENT_SCAN) !== 0 || this.#discovery?.scanning === true;
	}

	/** Whether a message of fixed size has the `fixed` data bytes of its fields; closes when it has fewer. */
	#has(length: number, fixed: number): boolean {
		if (length === fixed) return true;
		if (length < fixed) {
			this.#short();
			return false;
		}
		this.counters.longMessages++;
		if (this.#switches.shortTail === "ignore") return true;
		this.fail(CLOSE_TAIL);
		return false;
	}

	#registered(data: number, length: number, id: number, now: number): void {
		if (!this.#has(length, 4)) return;
		if (id !== 0 || !this.sender.registered) {
			this.counters.unexpected++;
			this.fail(CLOSE_WRONG_ACK);
			return;
		}
		const code = this.#view.getUint32(data);
		this.answer = code;
		if (code === NO_ERROR) {
			this.state = STATE_ESTABLISHED;
			this.established = true;
			this.#ackDeadline = Infinity;
			this.#pingAt = now + this.#times.ping;
			this.#events |= EVENT_ESTABLISHED;
			this.counters.established++;
			this.tableChanged(now);
		} else if (code === UNSUPPORTED_PROTOCOL_VERSION) this.fail(CLOSE_UNSUPPORTED_VERSION);
		else if (code === UNAUTHORIZED) this.fail(CLOSE_UNAUTHORIZED);
		else this.fail(CLOSE_REFUSED);
	}

	#acknowledged(id: number, now: number): void {
		if (this.pings.answered(id, now)) {
			this.counters.pingsOut++;
			return;
		}
		this.counters.strayAcks++;
		if (this.#switches.strayAck === "close") this.fail(CLOSE_STRAY_ACK);
	}

	#connect(serviceId: number, id: number, now: number): void {
		const { table } = this;
		const entry = serviceId === 0 ? -1 : table.find(serviceId);
		// The address of a host name may be old: where it leads now is checked when it is connected to.
		const allowed = entry >= 0 && (table.name(entry) < 0 ? table.allows(entry) : table.has(entry, SERVICE_VISIBLE));
		if (allowed && !this.sessions.table.find(id) && this.sessions.connect(id, serviceId, now)) {
			this.counters.sessions++;
			return;
		}
		this.counters.refused++;
		this.sender.hup(id, CONNECTION_ERROR);
	}

	#hungUp(id: number, now: number): void {
		const session = this.sessions.table.find(id);
		if (session) this.sessions.hangUp(session, now);
	}

	#credited(id: number, count: number): void {
		const session = this.sessions.table.find(id);
		if (session) this.sessions.credit(session, count);
	}

	#redirect(data: number, length: number): void {
		const last = data + length - 1;
		if (length > 1 && length <= REDIRECT_LIMIT && this.#view.getUint8(last) === 0) {
			const text = getText(this.#arena.bytes, data, length - 1);
			if (text !== undefined) this.target = parseHostPort(text, 0);
		}
		if (this.target) {
			this.counters.redirects++;
			this.fail(CLOSE_REDIRECT);
		} else {
			this.counters.badRedirects++;
			this.fail(CLOSE_BAD_REDIRECT);
		}
	}

	#short(): void {
		this.counters.shortMessages++;
		this.fail(CLOSE_SHORT);
	}
}
