import { DATAGRAM_LIMIT, FRAME_LENGTH } from "arcrtc/constants";
import { PATH_ROOM } from "arcrtc/direct_path";
import { type MediaShape, planMedia, RECEIVED_BLOCK } from "arcrtc/media_shape";
import { MESSAGE_ROOM, type SessionSettings } from "arcrtc/session";
import { OUTBOX } from "arcrtc/signalling_link";
import type { MemoryPlan } from "storage/plan";
import type { HostPort } from "wire/host_port";

export const PLAN_RECEIVED = "arcrtc received datagrams";
export const PLAN_INBOX = "arcrtc frames of the connection";
export const PLAN_REST = "arcrtc frame under way";
export const PLAN_OUTBOX = "arcrtc messages that wait";
export const PLAN_MESSAGE = "arcrtc message";
export const PLAN_PATH = "arcrtc path checks";
/** Bytes that the host keeps for a socket and a stream. */
const SOCKETS = 1600;
/** Bytes of native ciphers of one set of keys. */
const CIPHER_BYTES = 1400;

/** What an endpoint is to do; checked by the configuration. */
export interface ArcSettings {
	readonly shape: MediaShape;
	readonly session: SessionSettings;
	/** Whom to connect to, or where to wait for the peer: one of both. */
	readonly connect: HostPort | undefined;
	readonly listen: HostPort | undefined;
	/** UDP port of media; 0: the host chooses. */
	readonly port: number;
	/** Bytes of a message at most. */
	readonly messageBytes: number;
	/** Datagrams read from the host at a time. */
	readonly ahead: number;
	/** Ms: without a direct way for so long media go over the connection; the direct way is dead after so long. */
	readonly fallback: number;
	readonly pathDead: number;
	/** Back-off of the connection, in ms. */
	readonly retry: { readonly first: number; readonly limit: number };
}

/** Reserves what an endpoint needs. */
export function planArc(plan: MemoryPlan, settings: ArcSettings): void {
	const { shape } = settings;
	planMedia(plan, shape);
	plan.reserve(PLAN_RECEIVED, settings.ahead * RECEIVED_BLOCK, "arcrtc.ahead");
	plan.reserve(PLAN_INBOX, settings.messageBytes + FRAME_LENGTH, "arcrtc.messageBytes");
	plan.reserve(PLAN_REST, DATAGRAM_LIMIT + FRAME_LENGTH, "");
	plan.reserve(PLAN_OUTBOX, OUTBOX, "");
	plan.reserve(PLAN_MESSAGE, FRAME_LENGTH + MESSAGE_ROOM, "");
	plan.reserve(PLAN_PATH, PATH_ROOM, "");
	const receives = (shape.receivesAudio ? 1 : 0) + (shape.receivesVideo ? 1 : 0);
	plan.note("arcrtc sockets", SOCKETS, "");
	plan.note("arcrtc keys", CIPHER_BYTES * (1 + 2 * receives), "");
}
