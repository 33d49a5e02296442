import {
	AT_DATA,
	AT_ID,
	AT_SERVICE,
	AT_SESSION,
	AT_SIZE,
	AT_TYPE,
	CONTROL,
	HEADER,
	SESSION_MASK,
	VERSION,
} from "arrow/constants";

/*
 * Messages in place (section 1). A reader checks that HEADER bytes, or the whole body, are there and then trusts these.
 * The session field is read and written as 32 bits: the reserved octet lies above the 24 bits of the id.
 */

/** Session id of the header, or of the field of a HUP or DATA_ACK, at `offset`. */
export function readSession(view: DataView, offset: number): number {
	return view.getUint32(offset) & SESSION_MASK;
}

/** A header of a data message. */
export function putHeader(view: DataView, at: number, service: number, session: number, size: number): void {
	view.setUint8(at, VERSION);
	view.setUint16(at + AT_SERVICE, service);
	view.setUint32(at + AT_SESSION, session);
	view.setUint32(at + AT_SIZE, size);
}

/** Header, id and type of a control message with `size` bytes of data behind them. */
export function putControl(view: DataView, at: number, id: number, type: number, size: number): void {
	putHeader(view, at, 0, 0, CONTROL + size);
	view.setUint16(at + AT_ID, id);
	view.setUint16(at + AT_TYPE, type);
}

/** ACK: ACK_LENGTH bytes. */
export function putAck(view: DataView, at: number, id: number, code: number): void {
	putControl(view, at, id, 0, 4);
	view.setUint32(at + AT_DATA, code);
}

/** HUP or DATA_ACK: a session and 32 bits. HUP_LENGTH bytes. */
export function putSession(view: DataView, at: number, id: number, type: number, session: number, value: number): void {
	putControl(view, at, id, type, 8);
	view.setUint32(at + AT_DATA, session);
	view.setUint32(at + AT_DATA + 4, value);
}

/** STATUS: STATUS_LENGTH bytes. */
export function putStatus(
	view: DataView,
	at: number,
	id: number,
	type: number,
	request: number,
	flags: number,
	sessions: number,
): void {
	putControl(view, at, id, type, 10);
	view.setUint16(at + AT_DATA, request);
	view.setUint32(at + AT_DATA + 2, flags);
	view.setUint32(at + AT_DATA + 6, sessions);
}

/** Bytes of the header that a message of `size` data bytes has in front. */
export const DATA_OFFSET = HEADER;
