/** One device at the service: reads and checks its messages, keeps its sessions, sends what a test or the demo wants. */
import { EventEmitter } from "node:events";
import type { TLSSocket } from "node:tls";
import { ArrowRules } from "./arrow_rules.ts";
import { ArrowSender } from "./arrow_sender.ts";
import { Requests, RoundTrips } from "./arrow_requests.ts";
import type { RoundTrip } from "./arrow_requests.ts";
import { ArrowSession } from "./arrow_session.ts";
import type { SessionLink } from "./arrow_session.ts";
import { readRegister, readScanReport, readTable } from "./arrow_table.ts";
import type { Registration, ScanReport, ServiceRecord } from "./arrow_table.ts";
import {
	Code,
	encodeCode,
	encodeConnect,
	encodeControl,
	encodeHeader,
	encodeRedirect,
	encodeSessionValue,
} from "./arrow_wire.ts";
import { MessageReader, Type } from "./arrow_wire.ts";
import type { Header, MessageSink } from "./arrow_wire.ts";

const SESSION_LIMIT = 0xffffff;
const KEPT_MESSAGES = 10_000;
/** DATA_ACKs that a whole window is worth at least. */
const ACKS_A_WINDOW = 4;

/** A message as it came; data messages are kept without their bytes. */
export interface ReceivedMessage {
	/** Milliseconds of the process's monotonic clock. */
	readonly at: number;
	readonly header: Header;
	/** Undefined for session data. */
	readonly control: { readonly id: number; readonly type: number; readonly data: Buffer } | undefined;
}

export interface DeviceStatus {
	readonly scanning: boolean;
	readonly sessions: number;
}

/** What the service decides for its devices. */
export interface DeviceHandling {
	/** Code of the REGISTER ACK; null: no answer. */
	registered(device: ArrowDevice, registration: Registration): number | null;
	/** Registered and acknowledged by code 0. */
	established(device: ArrowDevice): void;
	closed(device: ArrowDevice): void;
	violation(device: ArrowDevice, text: string): void;
	/** True: ids must follow section 2.4. */
	readonly derivedIds: boolean;
	/** Answers PING of the device by ACK 0. */
	readonly answerPings: boolean;
}

/**
 * Events: "established", "message" (ReceivedMessage), "update" (records), "close".
 * All bounds of time are milliseconds.
 */
export class ArrowDevice extends EventEmitter implements MessageSink, SessionLink {
	registration: Registration | undefined;
	/** The visible table: of REGISTER, then of each UPDATE. */
	services: readonly ServiceRecord[] = [];
	established = false;
	closed = false;
	/** True when the end came as a clean TLS close. */
	endedCleanly = false;
	/** Bytes of messages, headers included. */
	bytesIn = 0;
	bytesOut = 0;
	/** Payload of sessions, ended ones included. */
	payloadIn = 0;
	payloadOut = 0;
	sessionsOpened = 0;
	readonly openedAt = performance.now();
	readonly sessions = new Map<number, ArrowSession>();
	readonly messages: ReceivedMessage[] = [];
	readonly socket: TLSSocket;
	readonly #handling: DeviceHandling;
	readonly #rules: ArrowRules;
	readonly #sender: ArrowSender;
	readonly #reader: MessageReader;
	readonly #pings = new Requests<number>("PING");
	readonly #statuses = new Requests<DeviceStatus>("GET_STATUS");
	readonly #reports = new Requests<ScanReport>("GET_SCAN_REPORT");
	readonly #roundTrips = new RoundTrips();
	readonly #acks = new Map<ArrowSession, number>();
	#nextId = 0;
	#nextSession = 1;
	#incoming: ArrowSession | undefined;

	constructor(socket: TLSSocket, handling: DeviceHandling) {
		super();
		this.setMaxListeners(0);
		this.socket = socket;
		this.#handling = handling;
		this.#rules = new ArrowRules((text) => this.violation(text));
		this.#sender = new ArrowSender(socket);
		this.#reader = new MessageReader(this);
		socket.setNoDelay(true);
		socket.on("data", (chunk: Buffer) => {
			this.bytesIn += chunk.length;
			this.#reader.push(chunk);
		});
		socket.on("end", () => {
			this.endedCleanly = true;
		});
		socket.on("error", () => undefined);
		socket.on("close", () => this.#closed());
	}

	/** Undefined before REGISTER. */
	get uuid(): string | undefined {
		return this.registration?.uuid;
	}

	/** Capacity of a session in each direction. */
	get window(): number {
		return (this.registration?.windowSize ?? 0) + 1;
	}

	/** Figures of the service's own pings. */
	get roundTrip(): RoundTrip | undefined {
		return this.#roundTrips.figures;
	}

	/** One TLS record for every byte sent from now on. */
	set byteWise(on: boolean) {
		this.#sender.byteWise = on;
	}

	/** The first service of this type. */
	service(type: number): ServiceRecord {
		const record = this.services.find((one) => one.type === type);
		if (record === undefined) throw new Error(`the device shows no service of type ${type}`);
		return record;
	}

	// ---- what the service does -------------------------------------------------------------------------------

	/** CONNECT to a service; the session is usable at once, a refusal arrives as HUP 3. */
	openSession(service: number, id: number = this.#freeSession()): ArrowSession {
		if (this.closed) throw new Error("the device is not connected");
		const session = new ArrowSession(this, id, service, this.window);
		this.sessions.set(id, session);
		this.sessionsOpened += 1;
		this.#rules.opened(id);
		this.sendControl(Type.CONNECT, encodeConnect(service, id));
		return session;
	}

	/** Round trip of a PING in milliseconds. */
	async ping(timeoutMs = 20_000): Promise<number> {
		const closing = this.#rules.closing();
		const sent = performance.now();
		const id = this.sendControl(Type.PING);
		const code = await this.#pings.add(id, timeoutMs);
		if (code !== Code.NO_ERROR) this.violation(`ARROW-10: PING was answered by ACK ${code}`);
		this.#rules.settled(closing);
		const elapsed = performance.now() - sent;
		this.#roundTrips.add(elapsed);
		return elapsed;
	}

	getStatus(timeoutMs = 5_000): Promise<DeviceStatus> {
		return this.#statuses.add(this.sendControl(Type.GET_STATUS), timeoutMs);
	}

	getScanReport(timeoutMs = 5_000): Promise<ScanReport> {
		return this.#reports.add(this.sendControl(Type.GET_SCAN_REPORT), timeoutMs);
	}

	/** Sends a REDIRECT; the device closes. */
	redirect(target: string): void {
		this.sendControl(Type.REDIRECT, encodeRedirect(target));
	}

	resetServiceTable(): void {
		this.sendControl(Type.RESET_SVC_TABLE);
	}

	scanNetwork(): void {
		this.sendControl(Type.SCAN_NETWORK);
	}

	/** Answers REGISTER, for services that registered with `registerAck: null`. */
	acknowledgeRegister(code: number, id = 0): void {
		if (code === Code.NO_ERROR && id === 0) this.#establish();
		this.sendRaw(encodeControl(id, Type.ACK, encodeCode(code)), false);
	}

	/** Sends a control message under the service's next id (or `id`) and gives the id. */
	sendControl(type: number, data?: Buffer, options: { id?: number; header?: Partial<Header> } = {}): number {
		const id = options.id ?? this.#nextId;
		if (options.id === undefined) this.#nextId = (this.#nextId + 1) & 0xffff;
		this.#rules.asked(id, type);
		this.#send(encodeControl(id, type, data, options.header));
		return id;
	}

	/** Any bytes. Rules that need to know what was asked are off from here on, unless `free` is false. */
	sendRaw(data: Buffer, free = true): void {
		if (free) this.#rules.free();
		this.#send(data);
	}

	/** Orderly end of the TLS connection. */
	close(): void {
		this.socket.end();
	}

	/** The connection is torn down without a word. */
	cut(): void {
		this.socket.destroy();
	}

	/** The first message, past ones of this connection included, for which `wanted` is true. */
	waitForMessage(wanted: (message: ReceivedMessage) => boolean, timeoutMs = 5_000): Promise<ReceivedMessage> {
		const found = this.messages.find(wanted);
		if (found !== undefined) return Promise.resolve(found);
		return new Promise((resolve, reject) => {
			const stop = (): void => {
				clearTimeout(timer);
				this.off("message", look);
				this.off("close", gone);
			};
			const look = (message: ReceivedMessage): void => {
				if (!wanted(message)) return;
				stop();
				resolve(message);
			};
			const gone = (): void => {
				stop();
				reject(new Error("the device closed the connection before the message came"));
			};
			const timer = setTimeout(() => {
				stop();
				reject(new Error(`no such message within ${timeoutMs} ms`));
			}, timeoutMs);
			this.on("message", look);
			this.on("close", gone);
		});
	}

	waitForClose(timeoutMs = 5_000): Promise<void> {
		if (this.closed) return Promise.resolve();
		return new Promise((resolve, reject) => {
			const timer = setTimeout(() => reject(new Error(`the device did not close within ${timeoutMs} ms`)), timeoutMs);
			this.once("close", () => {
				clearTimeout(timer);
				resolve();
			});
		});
	}

	// ---- what the device sends -------------------------------------------------------------------------------

	control(header: Header, id: number, type: number, data: Buffer): void {
		this.#rules.control(header, id, type, data);
		this.#keep({ at: performance.now(), header, control: { id, type, data } });
		if (type === Type.REGISTER && this.registration === undefined) this.#register(data);
		else if (type === Type.ACK && data.length >= 4) this.#pings.answer(id, data.readUInt32BE(0));
		else if (type === Type.PING && this.#handling.answerPings) this.#send(encodeControl(id, Type.ACK, encodeCode(0)));
		else if (type === Type.UPDATE) this.#update(data);
		else if (type === Type.HUP && data.length >= 8) this.#hup(data);
		else if (type === Type.DATA_ACK && data.length >= 8) this.#dataAck(data);
		else if (type === Type.STATUS && data.length >= 10) this.#status(data);
		else if (type === Type.SCAN_REPORT) this.#scanReport(data);
	}

	dataHeader(header: Header): void {
		this.#incoming = this.sessions.get(header.session);
		this.#rules.data(header, this.#incoming);
		this.#keep({ at: performance.now(), header, control: undefined });
	}

	dataBody(_header: Header, piece: Buffer): void {
		this.payloadIn += piece.length;
		this.#incoming?.receive(piece);
	}

	broken(reason: string): void {
		this.violation(reason);
		this.cut();
	}

	// ---- what sessions send ----------------------------------------------------------------------------------

	sendData(session: ArrowSession, data: Buffer): void {
		this.payloadOut += data.length;
		this.bytesOut += 11 + data.length;
		this.#sender.sendTwo(encodeHeader({ service: session.service, session: session.id, bodySize: data.length }), data);
	}

	/** Gathered until the end of this turn, so that a burst costs one message, but not beyond a part of the window. */
	sendDataAck(session: ArrowSession, length: number): void {
		if (!session.autoAck) {
			this.sendControl(Type.DATA_ACK, encodeSessionValue(session.id, length));
			return;
		}
		const sum = (this.#acks.get(session) ?? 0) + length;
		if (sum * ACKS_A_WINDOW >= session.window) {
			// A sender that is told late stands still.
			this.#acks.delete(session);
			this.sendControl(Type.DATA_ACK, encodeSessionValue(session.id, sum));
			return;
		}
		if (this.#acks.size === 0) setImmediate(() => this.#flushAcks());
		this.#acks.set(session, sum);
	}

	sendHup(session: ArrowSession, code: number): void {
		if (this.closed) return;
		this.#rules.hungUp(session.id);
		this.sendControl(Type.HUP, encodeSessionValue(session.id, code));
	}

	released(session: ArrowSession): void {
		this.#acks.delete(session);
		if (this.sessions.get(session.id) === session) this.sessions.delete(session.id);
	}

	violation(text: string): void {
		this.#handling.violation(this, text);
	}

	// ---- inside ----------------------------------------------------------------------------------------------

	#send(data: Buffer): void {
		this.bytesOut += data.length;
		this.#sender.send(data);
	}

	#flushAcks(): void {
		for (const [session, length] of this.#acks) this.sendControl(Type.DATA_ACK, encodeSessionValue(session.id, length));
		this.#acks.clear();
	}

	#freeSession(): number {
		let id = this.#nextSession;
		while (this.sessions.has(id)) id = (id % SESSION_LIMIT) + 1;
		this.#nextSession = (id % SESSION_LIMIT) + 1;
		return id;
	}

	#keep(message: ReceivedMessage): void {
		if (message.control !== undefined) {
			this.messages.push(message);
			if (this.messages.length > KEPT_MESSAGES) this.messages.shift();
		}
		this.emit("message", message);
	}

	#register(data: Buffer): void {
		const registration = readRegister(data, (text) => this.violation(text));
		if (registration === undefined) return;
		this.registration = registration;
		this.services = registration.services;
		if (this.#handling.derivedIds) this.#rules.ids(this.services);
		const code = this.#handling.registered(this, registration);
		if (code !== null) this.acknowledgeRegister(code);
	}

	#establish(): void {
		this.established = true;
		// Listeners come after the ACK is on its way, so that nothing they send goes before it.
		setImmediate(() => {
			if (this.closed) return;
			this.emit("established");
			this.#handling.established(this);
		});
	}

	#update(data: Buffer): void {
		const records = readTable(data, 0, (text) => this.violation(text));
		if (JSON.stringify(records) === JSON.stringify(this.services)) this.violation("ARROW-14: UPDATE without any change");
		if (this.#handling.derivedIds) this.#rules.ids(records);
		this.services = records;
		this.emit("update", records);
	}

	#hup(data: Buffer): void {
		const id = data.readUIntBE(1, 3);
		const session = this.sessions.get(id);
		this.#rules.hup(id, data.readUInt32BE(4), session !== undefined);
		session?.receiveHup(data.readUInt32BE(4));
	}

	#dataAck(data: Buffer): void {
		const id = data.readUIntBE(1, 3);
		const session = this.sessions.get(id);
		this.#rules.dataAck(id, data.readUInt32BE(4), session !== undefined);
		session?.receiveAck(data.readUInt32BE(4));
	}

	#status(data: Buffer): void {
		const flags = data.readUInt32BE(2);
		if ((flags & ~1) !== 0) this.violation(`ARROW-19: STATUS flags ${flags.toString(16)}`);
		const answer = { scanning: (flags & 1) === 1, sessions: data.readUInt32BE(6) };
		if (!this.#statuses.answer(data.readUInt16BE(0), answer)) this.#rules.unasked("ARROW-19: STATUS nobody asked for");
	}

	#scanReport(data: Buffer): void {
		const report = readScanReport(data, (text) => this.violation(text));
		if (report === undefined) return;
		if (!this.#reports.answer(report.request, report)) this.#rules.unasked("ARROW-20: SCAN_REPORT nobody asked for");
	}

	#closed(): void {
		this.closed = true;
		this.#reader.stop();
		if (this.endedCleanly && this.#reader.midway) this.violation("ARROW-6: the connection ended within a message");
		const gone = new Error("the device's connection is closed");
		this.#pings.failAll(gone);
		this.#statuses.failAll(gone);
		this.#reports.failAll(gone);
		for (const session of [...this.sessions.values()]) session.lost();
		this.emit("close");
		this.#handling.closed(this);
	}
}
