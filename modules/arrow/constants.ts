/** Constants of Arrow v2. Section numbers are those of docs/protocols/arrow.md. */

export const VERSION = 2;

/** Bytes of a header; of a control message's id and type behind it (section 1). */
export const HEADER = 11;
export const CONTROL = 4;
/** Offsets in a header. */
export const AT_SERVICE = 1;
export const AT_SESSION = 3;
export const AT_SIZE = 7;
export const AT_ID = 11;
export const AT_TYPE = 13;
export const AT_DATA = 15;
/** The session field has 24 bits; the octet above it is reserved. */
export const SESSION_MASK = 0xffffff;

/** Control message types (section 1). */
export const ACK = 0;
export const PING = 1;
export const REGISTER = 2;
export const REDIRECT = 3;
export const UPDATE = 4;
export const HUP = 5;
export const RESET_SVC_TABLE = 6;
export const SCAN_NETWORK = 7;
export const GET_STATUS = 8;
export const STATUS = 9;
export const GET_SCAN_REPORT = 10;
export const SCAN_REPORT = 11;
export const DATA_ACK = 12;
export const CONNECT = 13;

/** Error codes of ACK and HUP (section 1). */
export const NO_ERROR = 0;
export const UNSUPPORTED_PROTOCOL_VERSION = 1;
export const UNAUTHORIZED = 2;
export const CONNECTION_ERROR = 3;
export const UNSUPPORTED_METHOD = 4;

/** STATUS flag: a network scan runs. */
export const STATUS_SCANNING = 1;
/** REGISTER flag: the device opens connections to other hosts too. */
export const FLAG_GATEWAY = 1;

/** Whole messages, in bytes. */
export const ACK_LENGTH = AT_DATA + 4;
export const PING_LENGTH = AT_DATA;
export const HUP_LENGTH = AT_DATA + 8;
export const DATA_ACK_LENGTH = AT_DATA + 8;
export const STATUS_LENGTH = AT_DATA + 10;
/** Fixed part of REGISTER's data. */
export const REGISTER_FIXED = 44;

/** Table records (section 2). */
export const RECORD = 30;
export const TABLE_LIMIT = 64;
/** Offsets in a record (section 2.1); the path ends with a NUL. */
export const AT_RECORD_TYPE = 2;
export const AT_RECORD_MAC = 4;
export const AT_RECORD_VERSION = 10;
export const AT_RECORD_ADDRESS = 11;
export const AT_RECORD_PORT = 27;
export const AT_RECORD_PATH = 29;
export const MAC = 6;
export const ADDRESS = 16;
/** Longest path of a discovered service, and bytes of all discovered records together: a longer or a further one is left out. */
export const FOUND_PATH_LIMIT = 255;
export const FOUND_RECORDS_LIMIT = 3584;

/** SCAN_REPORT: bytes before its hosts; of a host record without its ports. */
export const REPORT_FIXED = 6;
export const HOST_RECORD = 26;

/** Wire types of services (section 2). */
export const TYPE_RTSP = 1;
export const TYPE_LOCKED_RTSP = 2;
export const TYPE_UNKNOWN_RTSP = 3;
export const TYPE_UNSUPPORTED_RTSP = 4;
export const TYPE_HTTP = 5;
export const TYPE_MJPEG = 6;
export const TYPE_LOCKED_MJPEG = 7;
export const TYPE_TCP = 0xffff;

/** Limits (section 5). */
export const CONTROL_BODY_LIMIT = 4096;
export const DATA_BODY_LIMIT = 0x100000;
export const WINDOW_LIMIT = 0x10000;
export const CREDIT_LIMIT = 0xffffffff;
export const DEFAULT_PORT = 8900;
/** Longest REDIRECT text that can be an address: 253 for a name, brackets, colon, port, NUL. */
export const REDIRECT_LIMIT = 253 + 2 + 1 + 5 + 1;

/** Connection machine (section 3). */
export const STATE_CLOSED = 0;
export const STATE_HANDSHAKE = 1;
export const STATE_ESTABLISHED = 2;

/** A session (section 4). */
export const SESSION_FREE = 0;
/** Local connect under way; data is kept. */
export const SESSION_CONNECTING = 1;
export const SESSION_OPEN = 2;
/** The local side is done; a HUP is due. */
export const SESSION_ENDING = 3;
/** Its id is free again; bytes already received still go to the local side. */
export const SESSION_FLUSHING = 4;

/** What `poll` reports. The session events are bits and come in this order. */
export const EVENT_NONE = 0;
/** Close the session's local connection: FIN behind what it was given. */
export const EVENT_CLOSE = 1;
/** Connect to the session's service. */
export const EVENT_OPEN = 2;
/** The session's ring holds bytes for the local side. */
export const EVENT_DATA = 4;
/** The session may send again. */
export const EVENT_CREDIT = 8;
/** REGISTER was accepted. */
export const EVENT_ESTABLISHED = 16;
/** The connection is over; `reason` says why. */
export const EVENT_CLOSED = 32;
/** Discovered services were dropped: drop the stored ones too. */
export const EVENT_RESET = 64;
/** A network scan is asked for. */
export const EVENT_SCAN = 128;

/** Why a connection ended. */
export const CLOSE_NONE = 0;
export const CLOSE_LOST = 1;
export const CLOSE_VERSION = 2;
export const CLOSE_BODY_SIZE = 3;
export const CLOSE_SHORT = 4;
export const CLOSE_UNEXPECTED = 5;
export const CLOSE_WRONG_ACK = 6;
export const CLOSE_UNSUPPORTED_VERSION = 7;
export const CLOSE_UNAUTHORIZED = 8;
export const CLOSE_REFUSED = 9;
export const CLOSE_NO_ACK = 10;
export const CLOSE_DEAD = 11;
export const CLOSE_REDIRECT = 12;
export const CLOSE_BAD_REDIRECT = 13;
export const CLOSE_UNKNOWN_TYPE = 14;
export const CLOSE_STRAY_ACK = 15;
export const CLOSE_TAIL = 16;
/** The device itself ended it: stop, or a new address. */
export const CLOSE_STOPPED = 17;

/** In words, by reason, for the log. */
export const CLOSE_TEXT: readonly string[] = Object.freeze([
	"",
	"connection lost",
	"another protocol version in a header",
	"message body too large",
	"message too short",
	"something other than ACK in the handshake",
	"ACK with another id in the handshake",
	"service does not support this protocol version",
	"not authorized: the device is not paired",
	"service refused the device",
	"no answer to REGISTER",
	"no answer to PING",
	"redirect",
	"malformed redirect",
	"unknown message type",
	"ACK that nothing asked for",
	"bytes behind a message's fields",
	"stopped",
]);
