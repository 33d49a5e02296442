/** The rules a device must keep on one connection, apart from the layout of REGISTER. Every breach is reported with its requirement. */
import { isDerivedId } from "./arrow_service_id.ts";
import type { ArrowSession } from "./arrow_session.ts";
import type { Report, ServiceRecord } from "./arrow_table.ts";
import { Code, Type, typeName } from "./arrow_wire.ts";
import type { Header } from "./arrow_wire.ts";

/** Largest data message of a device (ARROW-26). */
const MESSAGE_LIMIT = 8_192;
/** Exact lengths of data; types not named here have a length of their own. */
const LENGTHS = new Map<number, number>([
	[Type.ACK, 4],
	[Type.PING, 0],
	[Type.HUP, 8],
	[Type.STATUS, 10],
	[Type.DATA_ACK, 8],
]);
const TO_SERVICE: readonly number[] = [
	Type.ACK,
	Type.PING,
	Type.REGISTER,
	Type.UPDATE,
	Type.HUP,
	Type.STATUS,
	Type.SCAN_REPORT,
	Type.DATA_ACK,
];
/** Types of the service that are answered by an ACK: PING, and what a device does not know. */
const WITHOUT_ACK: readonly number[] = [
	Type.ACK,
	Type.REDIRECT,
	Type.HUP,
	Type.RESET_SVC_TABLE,
	Type.SCAN_NETWORK,
	Type.GET_STATUS,
	Type.GET_SCAN_REPORT,
	Type.DATA_ACK,
	Type.CONNECT,
];

export class ArrowRules {
	readonly #report: Report;
	#free = false;
	#first = true;
	#nextId = 0;
	/** Ids of requests that must be acknowledged, with the type that asked. */
	readonly #owed = new Map<number, number>();
	/** Sessions this side hung up, whose last messages may still be under way. */
	readonly #closing = new Set<number>();

	constructor(report: Report) {
		this.#report = report;
	}

	/** Raw bytes go out: what the device answers to them is not known here. */
	free(): void {
		this.#free = true;
	}

	asked(id: number, type: number): void {
		if (!WITHOUT_ACK.includes(type)) this.#owed.set(id, type);
	}

	opened(session: number): void {
		this.#closing.delete(session);
	}

	hungUp(session: number): void {
		this.#closing.add(session);
	}

	/** Sessions that are closing now; `settled` takes them once a PING sent after them was answered. */
	closing(): readonly number[] {
		return [...this.#closing];
	}

	settled(sessions: readonly number[]): void {
		for (const session of sessions) this.#closing.delete(session);
	}

	unasked(text: string): void {
		if (!this.#free) this.#report(text);
	}

	ids(table: readonly ServiceRecord[]): void {
		for (const record of table) {
			if (!isDerivedId(record, table)) this.#report(`ARROW-34: service id ${record.id.toString(16)} is not its fingerprint`);
		}
	}

	control(header: Header, id: number, type: number, data: Buffer): void {
		this.#header(header);
		if (this.#first && type !== Type.REGISTER) this.#report(`ARROW-6: the first message is ${typeName(type)}`);
		if (!this.#first && type === Type.REGISTER) this.#report("ARROW-6: a second REGISTER on one connection");
		this.#first = false;
		if (!TO_SERVICE.includes(type)) this.#report(`2.1: ${typeName(type)} is not a message of a device`);
		const length = LENGTHS.get(type);
		if (length !== undefined && data.length !== length) {
			this.#report(`2.1: ${typeName(type)} with ${data.length} bytes of data, must be ${length}`);
		}
		if (type === Type.ACK) this.#ack(id, data);
		else this.#id(id, type);
		if ((type === Type.HUP || type === Type.DATA_ACK) && data.length > 0 && data.readUInt8(0) !== 0) {
			this.#report(`ARROW-32: reserved octet of ${typeName(type)} is ${data.readUInt8(0)}`);
		}
	}

	data(header: Header, session: ArrowSession | undefined): void {
		if (this.#first) this.#report("ARROW-6: the first message is session data");
		this.#first = false;
		if (header.reserved !== 0) this.#report(`ARROW-32: reserved octet of the header is ${header.reserved}`);
		if (header.bodySize > MESSAGE_LIMIT) this.#report(`ARROW-26: a data message of ${header.bodySize} bytes`);
		if (session === undefined) {
			if (!this.#closing.has(header.session)) this.unasked(`ARROW-33: data for session ${header.session}, which is not open`);
		} else if (session.service !== header.service) {
			this.#report(`ARROW-24: session ${header.session} carries service id ${header.service}, not ${session.service}`);
		}
	}

	hup(session: number, code: number, open: boolean): void {
		if (code !== Code.NO_ERROR && code !== Code.CONNECTION_ERROR) this.#report(`2.1: HUP with code ${code}`);
		if (!open && !this.#closing.has(session)) this.unasked(`ARROW-25: HUP for session ${session}, which is not open`);
	}

	dataAck(session: number, length: number, open: boolean): void {
		if (length === 0) this.#report("ARROW-29: DATA_ACK of length 0");
		if (!open && !this.#closing.has(session)) this.unasked(`ARROW-29: DATA_ACK for session ${session}, which is not open`);
	}

	#header(header: Header): void {
		if (header.reserved !== 0) this.#report(`ARROW-32: reserved octet of the header is ${header.reserved}`);
		if (header.session !== 0) this.#report(`2.1: a control message carries session ${header.session}`);
	}

	#id(id: number, type: number): void {
		if (id !== this.#nextId) this.#report(`ARROW-9: ${typeName(type)} has id ${id}, the next is ${this.#nextId}`);
		this.#nextId = (id + 1) & 0xffff;
	}

	#ack(id: number, data: Buffer): void {
		const type = this.#owed.get(id);
		this.#owed.delete(id);
		if (type === undefined) {
			this.unasked(`ARROW-10: ACK for ${id}, which was not asked for`);
			return;
		}
		const code = data.length >= 4 ? data.readUInt32BE(0) : -1;
		const expected = type === Type.PING ? Code.NO_ERROR : Code.UNSUPPORTED_METHOD;
		if (code !== expected) this.#report(`ARROW-12: ${typeName(type)} is answered by ACK ${code}, must be ${expected}`);
	}
}
