import { SESSION_FREE, STATE_ESTABLISHED } from "arrow/constants";
import type { Endpoint } from "arrow/endpoint";
import type { Session } from "arrow/session";
import type { DiscoveredStore } from "device/discovered_store";
import { type AsciiText, constantText } from "wire/ascii";
import type { Figures } from "wire/figures";

/** Sessions that are listed at most. */
const LISTED = 64;
/** Bytes of one listed session, and of the rest, at most. */
const SESSION_BYTES = 176;
const FIXED_BYTES = 1536;

const KEY = Object.freeze({
	address: constantText("address"),
	arrow: constantText("arrow"),
	attempts: constantText("attempts"),
	badRedirects: constantText("badRedirects"),
	badSize: constantText("badSize"),
	badVersion: constantText("badVersion"),
	bytesIn: constantText("bytesIn"),
	bytesOut: constantText("bytesOut"),
	connection: constantText("connection"),
	connects: constantText("connects"),
	dropped: constantText("dropped"),
	fileDamaged: constantText("fileDamaged"),
	fileUnread: constantText("fileUnread"),
	fileFailures: constantText("fileFailures"),
	fileWrites: constantText("fileWrites"),
	garbage: constantText("garbage"),
	id: constantText("id"),
	limit: constantText("limit"),
	longMessages: constantText("longMessages"),
	losses: constantText("losses"),
	malformed: constantText("malformed"),
	messagesIn: constantText("messagesIn"),
	messagesOut: constantText("messagesOut"),
	overruns: constantText("overruns"),
	queued: constantText("queued"),
	redirects: constantText("redirects"),
	refused: constantText("refused"),
	roundTripMicroseconds: constantText("roundTripMicroseconds"),
	seconds: constantText("seconds"),
	service: constantText("service"),
	services: constantText("services"),
	sessionList: constantText("sessionList"),
	sessions: constantText("sessions"),
	sessionsOpened: constantText("sessionsOpened"),
	shortMessages: constantText("shortMessages"),
	state: constantText("state"),
	strayAcks: constantText("strayAcks"),
	strayData: constantText("strayData"),
	tls: constantText("tls"),
	unexpected: constantText("unexpected"),
	unknownTypes: constantText("unknownTypes"),
	windowIn: constantText("windowIn"),
	windowOut: constantText("windowOut"),
});

/** By session state. */
const STATES: readonly AsciiText[] = Object.freeze([
	constantText("free"),
	constantText("connecting"),
	constantText("open"),
	constantText("ending"),
	constantText("flushing"),
]);

/** Bytes of the figures of a tunnel with so many sessions, at most. */
export function arrowFiguresBytes(sessions: number): number {
	return FIXED_BYTES + SESSION_BYTES * (sessions < LISTED ? sessions : LISTED);
}

/** Writes the tunnel's figures: one member of /metrics.json. Allocates nothing but for the name of the state. */
export function writeArrowFigures(figures: Figures, endpoint: Endpoint, now: number, store: DiscoveredStore | undefined): void {
	const { client } = endpoint;
	const { counters, sessions } = client;
	figures.open(KEY.arrow);
	figures.text(KEY.state, endpoint.state);
	figures.number(KEY.sessions, sessions.table.active);
	figures.number(KEY.limit, sessions.table.sessions.length);
	figures.number(KEY.bytesIn, counters.bytesIn);
	figures.number(KEY.bytesOut, counters.bytesOut);
	figures.number(KEY.messagesIn, counters.messagesIn);
	figures.number(KEY.messagesOut, counters.messagesOut);
	figures.number(KEY.sessionsOpened, counters.sessions);
	figures.number(KEY.refused, counters.refused);
	figures.number(KEY.attempts, endpoint.attempts);
	figures.number(KEY.connects, counters.established);
	figures.number(KEY.losses, counters.losses);
	figures.number(KEY.redirects, counters.redirects);
	figures.number(KEY.overruns, counters.overruns);
	figures.number(KEY.garbage, counters.malformed);
	figures.number(KEY.roundTripMicroseconds, microseconds(client.pings.roundTrip));
	writeMalformed(figures, endpoint);
	if (client.state === STATE_ESTABLISHED) writeConnection(figures, endpoint, now);
	figures.open(KEY.services);
	figures.number(KEY.services, client.table.count);
	figures.number(KEY.dropped, client.table.dropped);
	if (store !== undefined) {
		figures.number(KEY.fileWrites, store.writes);
		figures.number(KEY.fileFailures, store.failures);
		figures.number(KEY.fileDamaged, store.damaged);
		figures.number(KEY.fileUnread, store.unreadable);
	}
	figures.close();
	writeSessions(figures, sessions.table.sessions);
	figures.close();
}

function writeMalformed(figures: Figures, endpoint: Endpoint): void {
	const { counters } = endpoint.client;
	figures.open(KEY.malformed);
	figures.number(KEY.badVersion, counters.badVersion);
	figures.number(KEY.badSize, counters.badSize);
	figures.number(KEY.shortMessages, counters.shortMessages);
	figures.number(KEY.longMessages, counters.longMessages);
	figures.number(KEY.unexpected, counters.unexpected);
	figures.number(KEY.unknownTypes, counters.unknownTypes);
	figures.number(KEY.strayData, counters.strayData);
	figures.number(KEY.strayAcks, counters.strayAcks);
	figures.number(KEY.badRedirects, counters.badRedirects);
	figures.close();
}

/** What this connection has done since it began. */
function writeConnection(figures: Figures, endpoint: Endpoint, now: number): void {
	const { client } = endpoint;
	const { counters } = client;
	figures.open(KEY.connection);
	figures.text(KEY.address, endpoint.address);
	figures.text(KEY.tls, endpoint.security);
	figures.number(KEY.seconds, (now - client.opened) / 1000);
	figures.number(KEY.bytesIn, counters.bytesIn - client.bytesInBefore);
	figures.number(KEY.bytesOut, counters.bytesOut - client.bytesOutBefore);
	figures.number(KEY.messagesIn, counters.messagesIn - client.messagesInBefore);
	figures.number(KEY.messagesOut, counters.messagesOut - client.messagesOutBefore);
	figures.number(KEY.roundTripMicroseconds, microseconds(client.pings.roundTrip));
	figures.close();
}

function writeSessions(figures: Figures, sessions: readonly Session[]): void {
	let room = LISTED;
	figures.openList(KEY.sessionList);
	for (let i = 0; i < sessions.length && room > 0; i++) {
		const session = sessions[i];
		if (session.state === SESSION_FREE) continue;
		const { inbound } = session;
		room--;
		figures.open();
		figures.number(KEY.id, session.id);
		figures.number(KEY.service, session.service);
		figures.text(KEY.state, STATES[session.state]);
		figures.number(KEY.bytesIn, session.bytesIn);
		figures.number(KEY.bytesOut, session.bytesOut);
		figures.number(KEY.windowIn, inbound.capacity - inbound.length - session.acknowledge);
		figures.number(KEY.windowOut, session.credit);
		figures.number(KEY.queued, inbound.length);
		figures.close();
	}
	figures.closeList();
}

function microseconds(milliseconds: number): number {
	return milliseconds < 0 ? -1 : milliseconds * 1000;
}
