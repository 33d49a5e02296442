/** Constants of KV. Section numbers are those of docs/protocols/kv.md. */

/** TCP port of the control side when the address has none (section 1). */
export const DEFAULT_PORT = 8085;

/** Commands (section 1.1). */
export const COMMAND_CREATE = 0;
export const COMMAND_DELETE = 1;
export const COMMAND_JOIN = 2;
export const COMMAND_LEAVE = 3;
export const COMMAND_REGISTER = 4;
export const COMMAND_UNREGISTER = 5;
export const COMMAND_GET_PORT = 6;
export const COMMAND_GET_CHANNELS = 7;

export const COMMAND_TEXT = Object.freeze([
	"CREATE",
	"DELETE",
	"JOIN",
	"LEAVE",
	"REGISTER",
	"UNREGISTER",
	"GET_PORT",
	"GET_CHANNELS",
]);

/** 64-bit fields in the body of each command. */
export const COMMAND_FIELDS = Object.freeze([1, 2, 3, 3, 2, 2, 1, 0]);

/** Bytes of the longest request, and of all requests in the padded shape. */
export const REQUEST_SIZE = 36;
/** Channels that a list may have (section 1.2). */
export const LIST_LIMIT = 1024;

/** Errors that a server names (section 1.3). */
export const ERROR_SUCCESS = 0;
export const ERROR_SERV = 1;
export const ERROR_PARAM = 2;
export const ERROR_INVAL = 3;
export const ERROR_ACCESS = 4;
export const ERROR_NOIMPL = 5;
export const ERROR_INTERNAL = 6;

export const ERROR_TEXT = Object.freeze(["SUCCESS", "SERV", "PARAM", "INVAL", "ACCESS", "NOIMPL", "internal"]);

/** Permission bits of REGISTER (section 1.3). */
export const PERMISSION_REGISTER_USER = 0x02;
export const PERMISSION_DELETE_USER = 0x04;
export const PERMISSION_ADD_CHANNEL = 0x08;
export const PERMISSION_REMOVE_CHANNEL = 0x10;
export const PERMISSION_ADD_USER = 0x20;
export const PERMISSION_KICK_USER = 0x40;
export const PERMISSION_ADMIN = 0x7fffffff;

/** How a request ended. */
export const RESULT_NONE = 0;
export const RESULT_OK = 1;
/** The server says no; `error` is its code. */
export const RESULT_ERROR = 2;
/** The server says no and nothing more: counts as PARAM. */
export const RESULT_NO_REASON = 3;
/** Name not found, refused, no route. */
export const RESULT_CONNECT = 4;
export const RESULT_TIME = 5;
export const RESULT_RESET = 6;
/** The answer ended before its end. */
export const RESULT_TRUNCATED = 7;
/** A list that is none, or too long. */
export const RESULT_MALFORMED = 8;
/** An id that may not be one (KV-10), a port that is none (KV-8). */
export const RESULT_ILLEGAL_UID = 9;
export const RESULT_ILLEGAL_PORT = 10;
export const RESULT_CANCELLED = 11;

export const RESULT_TEXT = Object.freeze([
	"",
	"done",
	"refused",
	"refused, no reason given (PARAM)",
	"no connection",
	"no answer in time",
	"connection reset",
	"truncated answer",
	"malformed list",
	"illegal user id",
	"illegal port",
	"cancelled",
]);

/** Datagrams (section 2). */
export const DATAGRAM_SIZE = 512;
export const PAYLOAD_SIZE = 504;
/** Also what is free before a packet that is to be sent. */
export const AT_PAYLOAD = 8;
/** Bytes of a system packet that mean something; the rest is zero. */
export const SYSTEM_SIZE = 24;
export const AT_OPERATION = 4;
export const AT_UID = 8;
export const AT_ACK = 16;
export const AT_CHECKSUM = 20;
export const MAGIC = 0xffffffff;
export const CHECKSUM_SEED = 0x0acdd400;

/** System operations (section 2.1); the top bit tells them from voice. */
export const OPERATION_KEEPALIVE = 0x80000000;
export const OPERATION_JOIN = 0x80000001;
export const OPERATION_LEAVE = 0x80000002;
export const OPERATION_ACK = 0x80000003;
export const OPERATION_CLOSE = 0x80000004;

/** States of a session (section 3). */
export const STATE_IDLE = 0;
export const STATE_REGISTERING = 1;
/** Looks whether the channel that it had created is still there. */
export const STATE_LOOKING = 2;
export const STATE_CREATING = 3;
export const STATE_JOINING = 4;
export const STATE_JOINED = 5;
export const STATE_LEAVING = 6;
/** Between two attempts. */
export const STATE_WAITING = 7;
/** The server said no: tried again at the slow rate only. */
export const STATE_REFUSED = 8;
/** The configured channel does not exist: joined when the server lists it. */
export const STATE_ABSENT = 9;
export const STATE_STOPPED = 10;

export const STATE_TEXT = Object.freeze([
	"idle",
	"registering",
	"looking",
	"creating",
	"joining",
	"joined",
	"leaving",
	"waiting",
	"refused",
	"absent",
	"stopped",
]);

/** What a session reports, one bit each; polled from the lowest up. */
export const EVENT_NONE = 0;
/** The request under way is of no use any more. */
export const EVENT_CANCEL = 1;
export const EVENT_REGISTERED = 2;
export const EVENT_CREATED = 4;
/** The channel's port is known or another one: `port`, and `otherPort` while both are tried. */
export const EVENT_PORT = 8;
export const EVENT_JOINED = 0x10;
/** The first packet or acknowledgement from the channel: the way there and back works. */
export const EVENT_ALIVE = 0x20;
/** CLOSE came: it is looked whether that is so. */
export const EVENT_CLOSED = 0x40;
/** CLOSE came, but the server still lists the channel. */
export const EVENT_CLOSE_IGNORED = 0x80;
/** The channel does not exist any more. */
export const EVENT_GONE = 0x100;
/** Joined no more, or an attempt has failed: `reason`, `retryAt`. */
export const EVENT_LOST = 0x200;
/** As EVENT_LOST, but the server refuses. */
export const EVENT_REFUSED = 0x400;
/** A request is to be made: `request`. */
export const EVENT_REQUEST = 0x800;
/** A system packet is to be sent: DATAGRAM_SIZE bytes at `offset`. */
export const EVENT_SEND = 0x1000;
/** Left, or given up leaving: nothing more comes. */
export const EVENT_STOPPED = 0x2000;

/** Why a session is not joined any more. */
export const REASON_NONE = 0;
/** A request failed: its `result` and `error` say how. */
export const REASON_REQUEST = 1;
export const REASON_GONE = 2;
export const REASON_CLOSED = 3;
export const REASON_EVICTED = 4;
export const REASON_MOVED = 5;

export const REASON_TEXT = Object.freeze([
	"",
	"request failed",
	"channel gone",
	"channel closed",
	"no member any more",
	"the channel's port changed",
]);

/** What a datagram turned out to be. */
export const PACKET_DROPPED = 0;
export const PACKET_ACK = 1;
export const PACKET_CLOSE = 2;
export const PACKET_VOICE = 3;
