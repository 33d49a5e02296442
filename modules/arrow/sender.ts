import {
	ACK_LENGTH,
	AT_DATA,
	DATA_ACK,
	DATA_ACK_LENGTH,
	HEADER,
	HUP,
	HUP_LENGTH,
	PING,
	PING_LENGTH,
	SCAN_REPORT,
	SESSION_ENDING,
	SESSION_FLUSHING,
	SESSION_FREE,
	STATUS,
	STATUS_LENGTH,
	UPDATE,
} from "arrow/constants";
import type { ArrowCounters } from "arrow/counters";
import type { Pings } from "arrow/pings";
import type { RegisterMessage } from "arrow/register";
import type { ScanReport } from "arrow/report";
import type { Session } from "arrow/session";
import type { Sessions } from "arrow/sessions";
import { putAck, putControl, putHeader, putSession, putStatus } from "arrow/wire";
import type { Arena } from "storage/arena";

/** Answers that wait to be sent. */
const REPLIES = 16;
const STRIDE = 4;
const REPLY_ACK = 0;
const REPLY_HUP = 1;
const REPLY_STATUS = 2;
const REPLY_REPORT = 3;
/** The longest message that is written in one piece besides data. */
const LONGEST = STATUS_LENGTH;
/** A message shorter than this is not begun only because the output is nearly full. */
const FRAGMENT = 512;

/**
 * The outgoing half of the connection: what is to be sent, in the order in which it may be, written into one output region.
 * Control messages first, then DATA_ACK and HUP, then data. REGISTER, UPDATE and SCAN_REPORT go out in parts, from their own region.
 */
export class Sender {
	/** Arena offset of bytes to be sent, and of their end. */
	offset: number;
	end: number;
	/** Where the body of a reserved data message goes. */
	place = 0;
	readonly #view: DataView;
	readonly #arena: Arena;
	readonly #start: number;
	readonly #limit: number;
	readonly #dataLimit: number;
	readonly #sessions: Sessions;
	readonly #register: RegisterMessage;
	readonly #report: ScanReport;
	readonly #pings: Pings;
	readonly #counters: ArrowCounters;
	/** Answers as kind, two values and one more; the oldest at the head. */
	readonly #replies = new Uint32Array(REPLIES * STRIDE);
	#head = 0;
	#count = 0;
	/** Rest of a message that is sent in parts. */
	#partOffset = 0;
	#partLength = 0;
	#nextId = 0;
	#registerDue = false;
	#updateDue = false;
	/** REGISTER has begun to go out. */
	registered = false;

	/** The output region is `offset .. offset + size`; data messages carry at most `dataLimit` bytes. */
	constructor(
		arena: Arena,
		offset: number,
		size: number,
		dataLimit: number,
		sessions: Sessions,
		register: RegisterMessage,
		report: ScanReport,
		pings: Pings,
		counters: ArrowCounters,
	) {
		if (size < LONGEST + HEADER) throw new RangeError("arrow output: " + size + " bytes are too few");
		this.offset = offset;
		this.end = offset;
		this.#view = arena.view;
		this.#arena = arena;
		this.#start = offset;
		this.#limit = offset + size;
		this.#dataLimit = dataLimit;
		this.#sessions = sessions;
		this.#register = register;
		this.#report = report;
		this.#pings = pings;
		this.#counters = counters;
	}

	/** Begins a connection with REGISTER. */
	open(): void {
		this.offset = this.#start;
		this.end = this.#start;
		this.#head = 0;
		this.#count = 0;
		this.#partLength = 0;
		this.#nextId = 0;
		this.#registerDue = true;
		this.#updateDue = false;
		this.registered = false;
	}

	/** Bytes at `offset` that wait to be sent. */
	get length(): number {
		return this.end - this.offset;
	}

	/** No further answer can be queued: take no further input. */
	get full(): boolean {
		return this.#count === REPLIES;
	}

	/** The first `count` bytes at `offset` were sent. */
	sent(count: number): void {
		const offset = this.offset + count;
		if (count < 0 || offset > this.end) throw new RangeError("arrow output: sent more than there was");
		if (offset === this.end) {
			this.offset = this.#start;
			this.end = this.#start;
		} else this.offset = offset;
	}

	/** Queues ACK. */
	ack(id: number, code: number): void {
		this.#reply(REPLY_ACK, id, code, 0);
	}

	/** Queues HUP for an id that no session has, unless one is queued already. */
	hup(id: number, code: number): void {
		let place = this.#head;
		for (let i = this.#count; i > 0; i--) {
			if (this.#replies[place] === REPLY_HUP && this.#replies[place + 1] === id) return;
			place = place + STRIDE === REPLIES * STRIDE ? 0 : place + STRIDE;
		}
		this.#reply(REPLY_HUP, id, code, 0);
	}

	/** Queues STATUS. */
	status(request: number, flags: number, sessions: number): void {
		this.#reply(REPLY_STATUS, request, flags, sessions);
	}

	/** Queues SCAN_REPORT. */
	report(request: number): void {
		this.#reply(REPLY_REPORT, request, 0, 0);
	}

	/** Queues UPDATE; nothing is sent when the visible table is the one sent last. */
	update(): void {
		this.#updateDue = true;
	}

	/** Writes what is due, data excepted, as far as there is room. */
	collect(now: number): void {
		if (this.#partLength > 0 && !this.#part()) return;
		if (this.#registerDue) {
			this.#registerDue = false;
			this.registered = true;
			this.#partOffset = this.#register.offset;
			this.#partLength = this.#register.register(this.#takeId());
			this.#counters.messagesOut++;
			if (!this.#part()) return;
		}
		while (this.#count > 0) {
			if (this.#limit - this.end < LONGEST) return;
			this.#answer();
			if (this.#partLength > 0 && !this.#part()) return;
		}
		if (this.#pings.due && this.#limit - this.end >= PING_LENGTH) {
			const id = this.#takeId();
			this.#pings.sent(id, now);
			putControl(this.#view, this.end, id, PING, 0);
			this.#wrote(PING_LENGTH);
		}
		const table = this.#sessions.table;
		while (table.dues > 0 && this.#limit - this.end >= DATA_ACK_LENGTH + HUP_LENGTH)
			this.#settle(table.takeDue() as Session, now);
		if (this.#updateDue && this.#limit - this.end >= AT_DATA) this.#startUpdate();
	}

	/**
	 * Room for data of `session`: bytes that may be put at `place` before `commit`; 0: none now. For one message, or for as many as
	 * the output has room for when `alone`: nobody else waits.
	 */
	reserve(session: Session, alone = false): number {
		if (this.#partLength > 0) return 0;
		const credit = session.credit;
		const limit = this.#dataLimit;
		const place = this.end + HEADER;
		let room = this.#limit - place;
		let wanted = credit;
		if (credit > limit) {
			if (alone) room -= HEADER * Math.floor(room / (HEADER + limit));
			else wanted = limit;
		}
		if (wanted === 0 || (room < wanted && room < FRAGMENT)) return 0;
		this.place = place;
		return wanted < room ? wanted : room;
	}

	/** Sends the `count` (1 or more) bytes at `place` as data of `session`, in messages of the greatest length. */
	commit(session: Session, count: number): void {
		const { service } = session;
		const limit = this.#dataLimit;
		let length = count;
		if (count > limit) {
			// One read of the local side was for several messages: from the last one on, each moves behind a header of its own.
			const { bytes } = this.#arena;
			let more = Math.ceil(count / limit) - 1;
			length = count - more * limit;
			const end = this.end + more * HEADER;
			for (; more > 0; more--) {
				const from = this.place + more * limit;
				const to = from + more * HEADER;
				bytes.copyWithin(to, from, from + length);
				putHeader(this.#view, to - HEADER, service, session.id, length);
				this.#counters.messagesOut++;
				length = limit;
			}
			this.end = end;
			putHeader(this.#view, this.place - HEADER, service, session.id, limit);
		} else putHeader(this.#view, this.end, service, session.id, count);
		session.credit -= count;
		session.bytesOut += count;
		this.#counters.bytesOut += count;
		this.#wrote(HEADER + count);
	}

	/** Copies the rest of a long message. @returns false when it did not all fit. */
	#part(): boolean {
		const room = this.#limit - this.end;
		const count = this.#partLength < room ? this.#partLength : room;
		this.#arena.bytes.copyWithin(this.end, this.#partOffset, this.#partOffset + count);
		this.end += count;
		this.#partOffset += count;
		this.#partLength -= count;
		return this.#partLength === 0;
	}

	#startUpdate(): void {
		this.#updateDue = false;
		if (!this.#register.refresh()) return;
		this.#partOffset = this.#register.tableOffset;
		this.#partLength = this.#register.tableLength;
		putControl(this.#view, this.end, this.#takeId(), UPDATE, this.#partLength);
		this.#wrote(AT_DATA);
		this.#part();
	}

	/** DATA_ACK, then HUP, of one session. */
	#settle(session: Session, now: number): void {
		if (session.state === SESSION_FREE || session.state === SESSION_FLUSHING) return;
		if (session.acknowledge > 0) {
			putSession(this.#view, this.end, this.#takeId(), DATA_ACK, session.id, session.acknowledge);
			session.acknowledge = 0;
			this.#wrote(DATA_ACK_LENGTH);
		}
		if (session.state === SESSION_ENDING) {
			putSession(this.#view, this.end, this.#takeId(), HUP, session.id, session.code);
			this.#wrote(HUP_LENGTH);
			this.#sessions.hungUp(session, now);
		}
	}

	#answer(): void {
		const replies = this.#replies;
		const place = this.#head;
		const first = replies[place + 1];
		const second = replies[place + 2];
		switch (replies[place]) {
			case REPLY_ACK:
				putAck(this.#view, this.end, first, second);
				this.#wrote(ACK_LENGTH);
				break;
			case REPLY_HUP:
				putSession(this.#view, this.end, this.#takeId(), HUP, first, second);
				this.#wrote(HUP_LENGTH);
				break;
			case REPLY_STATUS:
				putStatus(this.#view, this.end, this.#takeId(), STATUS, first, second, replies[place + 3]);
				this.#wrote(STATUS_LENGTH);
				break;
			case REPLY_REPORT:
				this.#partOffset = this.#report.offset;
				this.#partLength = this.#report.write(first);
				putControl(this.#view, this.end, this.#takeId(), SCAN_REPORT, this.#partLength);
				this.#wrote(AT_DATA);
				break;
		}
		this.#head = place + STRIDE === REPLIES * STRIDE ? 0 : place + STRIDE;
		this.#count--;
	}

	#reply(kind: number, first: number, second: number, third: number): void {
		if (this.#count === REPLIES) throw new RangeError("arrow: answer queue overrun");
		const replies = this.#replies;
		let place = this.#head + this.#count * STRIDE;
		if (place >= REPLIES * STRIDE) place -= REPLIES * STRIDE;
		replies[place] = kind;
		replies[place + 1] = first;
		replies[place + 2] = second;
		replies[place + 3] = third;
		this.#count++;
	}

	#wrote(count: number): void {
		this.end += count;
		this.#counters.messagesOut++;
	}

	#takeId(): number {
		const id = this.#nextId;
		this.#nextId = (id + 1) & 0xffff;
		return id;
	}
}
