/** What a test looks at in a ClientHello (RFC 8446 section 4.1.2). */
export interface ClientHello {
	/** Of the extension server_name, "" without it. */
	serverName: string;
	/** Of the extension supported_versions, else the version of the message itself. */
	versions: number[];
	ciphers: number[];
	/** Compression methods, joined by commas. */
	compressions: string;
	/** True when the extension session_ticket is there. */
	ticket: boolean;
}

const RECORD_HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const EXTENSION_SERVER_NAME = 0;
const EXTENSION_SESSION_TICKET = 35;
const EXTENSION_SUPPORTED_VERSIONS = 43;
/** Record header, then the type and length of the message, its version, 32 random bytes. */
const SESSION_ID_AT = 5 + 4 + 2 + 32;

/** @returns undefined when the first `length` bytes are not one record with a whole ClientHello. */
export function parseClientHello(buffer: ArrayBuffer, length: number): ClientHello | undefined {
	const view = new DataView(buffer);
	if (length < SESSION_ID_AT || view.getUint8(0) !== RECORD_HANDSHAKE || view.getUint8(5) !== CLIENT_HELLO) return undefined;
	if (view.getUint16(3) + 5 !== length) return undefined;
	const hello: ClientHello = { serverName: "", versions: [view.getUint16(9)], ciphers: [], compressions: "", ticket: false };
	let at = SESSION_ID_AT + 1 + view.getUint8(SESSION_ID_AT);
	const ciphersEnd = at + 2 + view.getUint16(at);
	for (at += 2; at < ciphersEnd; at += 2) hello.ciphers.push(view.getUint16(at));
	const methodsEnd = at + 1 + view.getUint8(at);
	const methods: number[] = [];
	for (at += 1; at < methodsEnd; at++) methods.push(view.getUint8(at));
	hello.compressions = methods.join(",");
	const end = at + 2 + view.getUint16(at);
	for (at += 2; at < end; ) {
		const type = view.getUint16(at);
		const size = view.getUint16(at + 2);
		at += 4;
		if (type === EXTENSION_SERVER_NAME) {
			// List length, kind of name, length, name.
			hello.serverName = String.fromArrayBuffer(buffer.slice(at + 5, at + 5 + view.getUint16(at + 3)));
		} else if (type === EXTENSION_SUPPORTED_VERSIONS) {
			hello.versions = [];
			for (let i = at + 1; i < at + size; i += 2) hello.versions.push(view.getUint16(i));
		} else if (type === EXTENSION_SESSION_TICKET) hello.ticket = true;
		at += size;
	}
	return at === length ? hello : undefined;
}
