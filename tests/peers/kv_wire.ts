/** KV on the wire, seen from the server: constants, encoders and readers of requests, answers and datagrams (reference section 2). */

export const PACKET_BYTES = 512;
export const UID_BYTES = 8;
/** Voice data of a datagram. */
export const DATA_BYTES = PACKET_BYTES - UID_BYTES;
/** System fields; what follows them is zero. */
export const SYSTEM_BYTES = 24;
export const TYPE_BYTES = 4;
/** Length of every request of shape `padded36`, and the most of a request that is looked at. */
export const PADDED_BYTES = 36;

export const Command = Object.freeze({
	CREATE: 0,
	DELETE: 1,
	JOIN: 2,
	LEAVE: 3,
	REGISTER: 4,
	UNREGISTER: 5,
	GET_PORT: 6,
	GET_CHANNELS: 7,
});

/** Fields of the body by type: each a u64. */
const FIELDS: readonly (readonly string[])[] = [
	["uid"],
	["uid", "chid"],
	["uid", "juid", "chid"],
	["uid", "luid", "chid"],
	["auid", "perm"],
	["auid", "uid"],
	["chid"],
	[],
];

const COMMAND_NAMES = Object.keys(Command);

export function commandName(type: number): string {
	return COMMAND_NAMES[type] ?? `type ${type.toString(16)}`;
}

/** Bytes of the body; undefined for types that are none. */
export function bodyBytes(type: number): number | undefined {
	const fields = FIELDS[type];
	return fields === undefined ? undefined : fields.length * 8;
}

export const ErrorCode = Object.freeze({
	SUCCESS: 0,
	SERV: 1,
	PARAM: 2,
	INVAL: 3,
	ACCESS: 4,
	NOIMPL: 5,
	INTERNAL: 6,
});

const ERROR_NAMES = Object.keys(ErrorCode);

export function errorName(code: number): string {
	return ERROR_NAMES[code] ?? `code ${code}`;
}

export const Permission = Object.freeze({
	NONE: 0x00n,
	REGISTER_USER: 0x02n,
	DELETE_USER: 0x04n,
	ADD_CHANNEL: 0x08n,
	RM_CHANNEL: 0x10n,
	ADD_USER: 0x20n,
	KICK_USER: 0x40n,
	ADMIN: 0x7fffffffn,
});

/** How the server writes a port into its 64 bits (2.2). */
export type PortOrder = "be" | "le-quirk";
export type RequestShape = "exact" | "padded36";
export type ByteOrder = "le" | "be";

/** Which of the wire's variants is spoken (section 4). */
export interface WireOrders {
	/** uid, ackid and checksum of datagrams. */
	readonly udp: ByteOrder;
	/** uid of KEEPALIVE and LEAVE alone; their checksum stays one over the bytes as sent. */
	readonly keepaliveUid: ByteOrder;
}

export const DOCUMENT_ORDERS: WireOrders = Object.freeze({ udp: "le", keepaliveUid: "le" });

// ---- requests and answers -------------------------------------------------------------------------------------

export interface Request {
	readonly type: number;
	readonly fields: readonly bigint[];
}

/** A request; `padded36` adds its zero tail. */
export function encodeRequest(type: number, fields: readonly bigint[], shape: RequestShape = "exact"): Buffer {
	const bytes = Buffer.alloc(shape === "exact" ? TYPE_BYTES + fields.length * 8 : PADDED_BYTES);
	bytes.writeUInt32BE(type, 0);
	fields.forEach((value, index) => {
		bytes.writeBigUInt64BE(value, TYPE_BYTES + index * 8);
	});
	return bytes;
}

/** What has arrived so far: undefined while more is needed, "unknown" for a type that is none. */
export function readRequest(bytes: Buffer): Request | "unknown" | undefined {
	if (bytes.length < TYPE_BYTES) return undefined;
	const type = bytes.readUInt32BE(0);
	const body = bodyBytes(type);
	if (body === undefined) return "unknown";
	if (bytes.length < TYPE_BYTES + body) return undefined;
	const fields: bigint[] = [];
	for (let offset = TYPE_BYTES; offset < TYPE_BYTES + body; offset += 8) fields.push(bytes.readBigUInt64BE(offset));
	return { type, fields };
}

/** "JOIN uid=4 juid=4 chid=7fbb…", for messages. */
export function requestText(request: Request): string {
	const names = FIELDS[request.type] ?? [];
	return [commandName(request.type), ...request.fields.map((value, index) => `${names[index]}=${value.toString(16)}`)].join(" ");
}

export function encodeStatus(status: bigint): Buffer {
	const bytes = Buffer.alloc(8);
	bytes.writeBigUInt64BE(status, 0);
	return bytes;
}

/** Eight zero bytes and the reason; without one the eight alone. */
export function encodeFailure(code?: number): Buffer {
	if (code === undefined) return Buffer.alloc(8);
	const bytes = Buffer.alloc(12);
	bytes.writeUInt32BE(code, 8);
	return bytes;
}

export function encodeList(channels: readonly bigint[]): Buffer {
	return Buffer.concat([encodeStatus(BigInt(channels.length)), ...channels.map(encodeStatus), encodeStatus(0n)]);
}

/** The low 16 bits change places in `le-quirk`; it is its own reverse. */
export function portStatus(port: number, order: PortOrder): bigint {
	return BigInt(order === "be" ? port : ((port & 0xff) << 8) | (port >> 8));
}

// ---- datagrams ------------------------------------------------------------------------------------------------

export const Operation = Object.freeze({
	KEEPALIVE: 0x80000000,
	JOIN: 0x80000001,
	LEAVE: 0x80000002,
	ACK: 0x80000003,
	CLOSE: 0x80000004,
});

const OPERATION_NAMES = new Map<number, string>(Object.entries(Operation).map(([name, code]) => [code, name]));

export function operationName(operation: number): string {
	return OPERATION_NAMES.get(operation) ?? `operation ${operation.toString(16)}`;
}

const MAGIC = 0xffffffff;
const CHECKSUM_SEED = 0x0acdd400n;
const LOW = 0xffffffffn;

/** Checksum of a system packet (2.3): the same for all operations. */
export function systemChecksum(uid: bigint, ackid: number): number {
	return Number(((uid << 8n) ^ CHECKSUM_SEED ^ BigInt(ackid)) & LOW);
}

/** A uid with 32 ones in either half would look like a system packet. */
export function legalUid(uid: bigint): boolean {
	return (uid & LOW) !== LOW && uid >> 32n !== LOW;
}

export interface SystemPacket {
	readonly operation: number;
	readonly uid: bigint;
	readonly ackid: number;
	/** True when the checksum in the packet is the right one. */
	readonly sound: boolean;
}

export interface VoicePacket {
	readonly uid: bigint;
	readonly data: Buffer;
}

export function isSystem(datagram: Buffer): boolean {
	return datagram.readUInt32BE(0) === MAGIC && (datagram.readUInt8(4) & 0x80) !== 0;
}

function uidOrder(operation: number, orders: WireOrders): ByteOrder {
	const swapped = operation === Operation.KEEPALIVE || operation === Operation.LEAVE;
	return swapped && orders.keepaliveUid === "be" ? "be" : orders.udp;
}

/** The uid as the checksum sees it: as the packet's own order reads the bytes. */
function checksumUid(datagram: Buffer, orders: WireOrders): bigint {
	return orders.udp === "le" ? datagram.readBigUInt64LE(8) : datagram.readBigUInt64BE(8);
}

/** `datagram` must have 512 bytes and be a system packet. */
export function readSystem(datagram: Buffer, orders: WireOrders = DOCUMENT_ORDERS): SystemPacket {
	const operation = datagram.readUInt32BE(4);
	const uid = uidOrder(operation, orders) === "le" ? datagram.readBigUInt64LE(8) : datagram.readBigUInt64BE(8);
	const word = (offset: number): number => (orders.udp === "le" ? datagram.readUInt32LE(offset) : datagram.readUInt32BE(offset));
	const ackid = word(16);
	return { operation, uid, ackid, sound: word(20) === systemChecksum(checksumUid(datagram, orders), ackid) };
}

export interface SystemFields {
	readonly operation: number;
	readonly uid: bigint;
	readonly ackid?: number;
	/** Instead of the right one, for bad input. */
	readonly checksum?: number;
}

export function encodeSystem(fields: SystemFields, orders: WireOrders = DOCUMENT_ORDERS): Buffer {
	const { operation, uid, ackid = 0 } = fields;
	const datagram = Buffer.alloc(PACKET_BYTES);
	datagram.writeUInt32BE(MAGIC, 0);
	datagram.writeUInt32BE(operation, 4);
	if (uidOrder(operation, orders) === "le") datagram.writeBigUInt64LE(uid, 8);
	else datagram.writeBigUInt64BE(uid, 8);
	const checksum = fields.checksum ?? systemChecksum(checksumUid(datagram, orders), ackid);
	if (orders.udp === "le") {
		datagram.writeUInt32LE(ackid, 16);
		datagram.writeUInt32LE(checksum, 20);
	} else {
		datagram.writeUInt32BE(ackid, 16);
		datagram.writeUInt32BE(checksum, 20);
	}
	return datagram;
}

/** The same packet as an ACK, which is what answers it. */
export function acknowledge(datagram: Buffer): Buffer {
	const answer = Buffer.from(datagram);
	answer.writeUInt32BE(Operation.ACK, 4);
	return answer;
}

export function readVoice(datagram: Buffer, orders: WireOrders = DOCUMENT_ORDERS): VoicePacket {
	const uid = orders.udp === "le" ? datagram.readBigUInt64LE(0) : datagram.readBigUInt64BE(0);
	return { uid, data: datagram.subarray(UID_BYTES) };
}

/** `data` shorter than 504 bytes is filled with zeros. @throws RangeError when it is longer. */
export function encodeVoice(uid: bigint, data: Buffer, orders: WireOrders = DOCUMENT_ORDERS): Buffer {
	if (data.length > DATA_BYTES) throw new RangeError(`${data.length} bytes of voice, at most ${DATA_BYTES} fit`);
	const datagram = Buffer.alloc(PACKET_BYTES);
	if (orders.udp === "le") datagram.writeBigUInt64LE(uid, 0);
	else datagram.writeBigUInt64BE(uid, 0);
	data.copy(datagram, UID_BYTES);
	return datagram;
}
