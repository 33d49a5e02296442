/** Constants of ArcRTC. Section numbers are those of docs/protocols/arcrtc.md. */

/** First byte of a datagram or frame (section 2.1): last of each range. */
export const LAST_STUN = 0x03;
export const FIRST_CHANNEL_DATA = 0x40;
export const LAST_CHANNEL_DATA = 0x4f;
export const SIGNALLING = 0x7b;
export const FIRST_RTP = 0x80;
export const LAST_RTP = 0xbf;
/** Second byte of RTCP. */
export const FIRST_RTCP = 192;
export const LAST_RTCP = 223;

/** Full header (section 2.2): bytes of the RTP header, of the extension word, of the send time and of the context. */
export const RTP_HEADER = 12;
export const WORD_BYTES = 4;
export const SEND_TIME_BYTES = 8;
export const CONTEXT_BYTES = 4;
/** Longest header that is made: CSRC, word, send time and context. */
export const LONGEST_HEADER = RTP_HEADER + 4 + WORD_BYTES + SEND_TIME_BYTES + CONTEXT_BYTES;
/** Extension word, its 16 bits: mark, and where each field is. */
export const WORD_MARK = 0xa000;
export const WORD_MARK_MASK = 0xf000;
export const WORD_QUALITY_SHIFT = 10;
export const WORD_PRIORITY_SHIFT = 8;
export const WORD_KEY_PHASE = 0x80;
export const WORD_SEND_TIME = 0x40;
export const WORD_CONTEXT = 0x20;
export const WORD_UPTIME = 0x10;
export const WORD_REQUEST = 0x08;
export const WORD_REQUESTED_SHIFT = 1;

/** Priorities PR (section 2.2): what a packet is worth when not all can be sent. */
export const PRIORITY_AUDIO = 0;
export const PRIORITY_KEY = 1;
export const PRIORITY_DELTA = 2;
export const PRIORITY_DROPPABLE = 3;
/** DSCP of each priority. */
export const DSCP = Object.freeze([46, 34, 36, 8]);

/** Reduced header (section 2.3). */
export const REDUCED_HEADER = 4;
export const REDUCED_MARK = 0xc0;
/** Contexts of one direction, over all streams; units of TSL. */
export const CONTEXTS = 8;
export const TSL_UNITS = 512;
/** A context is confirmed by so many full packets that carry it; refreshed after so many packets or ms. */
export const CONFIRMING_PACKETS = 3;
export const REFRESH_PACKETS = 100;
export const REFRESH_MS = 1000;
/** Failures in a row within so many ms that make a context invalid. */
export const CONTEXT_FAILURES = 6;
export const CONTEXT_FAILURE_MS = 500;
/** CTX_ACK and CTX_NACK come at most once in so many ms. */
export const CONTEXT_FEEDBACK_MS = 50;

/** Keys (section 2.4): bytes of the shared secret and of the master; labels of HKDF. */
export const SECRET_BYTES = 32;
export const MASTER_BYTES = 32;
export const LABEL_MASTER = "arcrtc-media-key";
export const LABEL_ENCRYPTION = "arcrtc-enc";
export const LABEL_AUTHENTICATION = "arcrtc-auth";
export const LABEL_SALT = "arcrtc-salt";
export const LABEL_PATH = "arcrtc-path";
/** Keys of one stream as they lie in one buffer: encryption (16 bytes of it with AES-128), authentication, salt. */
export const MATERIAL_ENCRYPTION = 0;
export const MATERIAL_AUTHENTICATION = 32;
export const MATERIAL_SALT = 64;
export const MATERIAL_BYTES = 76;

/** Suites (section 2.5). The first three are numbers of `Cipher`. */
export const SUITE_AES_128_GCM = 1;
export const SUITE_AES_256_GCM = 2;
export const SUITE_CHACHA20_POLY1305 = 3;
export const SUITE_AES_128_CTR_HMAC80 = 4;
/** Modes of authentication: the suite's own, and HMAC-SHA-256-80 besides. */
export const AUTH_AEAD = 0;
export const AUTH_AEAD_HMAC80 = 1;
export const HMAC80_BYTES = 10;
/** First sequence number, random below this. */
export const FIRST_SEQUENCE_LIMIT = 0x8000;
/** Replay window in packets: default and most. */
export const REPLAY_WINDOW = 64;
export const LONGEST_REPLAY_WINDOW = 1024;

/** Key rotation (section 2.6). */
export const ROTATION_MS = 24 * 3600 * 1000;
export const PACKETS_PER_KEY = 0x80000000;
export const ROTATION_MARGIN = 0x100000;
export const OLD_KEY_MS = 1000;
export const HELD_PACKETS = 16;
export const HELD_MS = 50;
/** Authentication failures within so many ms that ask for new keys, at most once in so many ms. */
export const ATTACK_FAILURES = 100;
export const ATTACK_MS = 1000;
export const ATTACK_PAUSE_MS = 60_000;
/** A request is sent at these times (ms) after the first, and given up at the last. */
export const REQUEST_TIMES = Object.freeze([0, 1000, 3000, 7000]);

/** Control packets (section 2.7): types and formats. */
export const RTCP_SR = 200;
export const RTCP_RR = 201;
export const RTCP_APP = 204;
export const RTCP_RTPFB = 205;
export const RTCP_PSFB = 206;
export const FMT_NACK = 1;
export const FMT_PLI = 1;
export const APP_NAME = 0x41524358;
export const APP_CTX_NACK = 1;
export const APP_CTX_ACK = 2;
/** Reports come every so many ms, and at once above this share of loss. */
export const REPORT_MS = 1000;
export const REPORT_LOSS = 0.05;
/** Requests for lost packets. */
export const NACK_FIRST_MS = 10;
export const NACK_LATER_PACKETS = 2;
export const NACK_TRIES = 3;
export const NACK_LONGEST_MS = 100;
export const NACK_DELTA_OUTSTANDING = 10;
export const RESEND_MS = 200;
export const RESEND_TIMES = 3;
export const RESEND_SHARE = 0.1;

/** FEC (section 2.8): columns, and the loss from which on each is used. */
export const FEC_COLUMNS_LEAST = 2;
export const FEC_COLUMNS_MOST = 10;
export const FEC_LIGHT_LOSS = 0.01;
export const FEC_LIGHT_COLUMNS = 10;
export const FEC_HEAVY_LOSS = 0.03;
export const FEC_HEAVY_COLUMNS = 5;
export const FEC_HEADER = 12;

/** Bytes of the length before a frame of a TCP connection (section 2.8, RFC 4571). */
export const FRAME_LENGTH = 2;

/** STUN (section 2.8, RFC 8489): types, cookie, attributes. */
export const STUN_HEADER = 20;
export const STUN_COOKIE = 0x2112a442;
export const STUN_REQUEST = 0x0001;
export const STUN_INDICATION = 0x0011;
export const STUN_SUCCESS = 0x0101;
export const STUN_ERROR = 0x0111;
export const STUN_USERNAME = 0x0006;
export const STUN_INTEGRITY = 0x0008;
export const STUN_ERROR_CODE = 0x0009;
export const STUN_XOR_MAPPED_ADDRESS = 0x0020;
export const STUN_FINGERPRINT = 0x8028;
/** Attributes below this number have to be understood. */
export const STUN_OPTIONAL = 0x8000;
/** Bytes of a transaction's id, of a user name at most. */
export const STUN_TRANSACTION = 12;
export const STUN_USERNAME_LIMIT = 193;

/** Signalling (sections 2.9 and 5): bytes of a message, of a string in it, nesting; heartbeats in ms; the peer is dead after so many lost and so long a silence. */
export const JSON_BYTES = 16_384;
export const JSON_TEXT = 4096;
export const JSON_DEPTH = 8;
export const HEARTBEAT_STREAMING_MS = 1000;
export const HEARTBEAT_IDLE_MS = 15_000;
export const HEARTBEATS_LOST = 3;
export const SILENCE_MS = 5000;

/** Jitter buffer in ms: at first, limits of what is wanted, the most that is held. */
export const JITTER_FIRST = 10;
export const JITTER_LEAST = 5;
export const JITTER_MOST = 30;
export const JITTER_FACTOR = 2;
export const JITTER_LIMIT = 50;

/** Bytes of a datagram at most, and streams of one direction (section 5). */
export const DATAGRAM_LIMIT = 1200;
export const STREAMS = 4;

/**
 * A packet is made around its payload: so many bytes are free before it (a header, and the length of a TCP frame) and behind it (tag,
 * HMAC, and 4 bytes while the rollover counter is signed).
 */
export const HEADROOM = 36;
export const TAILROOM = 32;
/** Bytes of a payload at most, whatever header and tags the packet gets. */
export const PAYLOAD_LIMIT = DATAGRAM_LIMIT - LONGEST_HEADER - 16 - HMAC80_BYTES;
