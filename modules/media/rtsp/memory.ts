import { SETS_BYTES } from "media/rtsp/description";
import { reportsBytes } from "media/rtsp/reception";
import { REQUEST_BYTES, URL_BYTES } from "media/rtsp/requests";
import type { RTSPSettings } from "media/rtsp/settings";
import { TEXTS_BYTES } from "media/rtsp/texts";

/** Bytes of lines that are kept: parameter sets and challenges are long. */
export const LINE_KEPT = 768;
/** Free before what is read: whoever gets a packet may write there. */
export const ROOM_BEFORE = 36;
const UDP_INPUT = 1024;

/** Tracks: the video, and sound when it is wanted. */
export function tracksOf(settings: RTSPSettings): number {
	return settings.audio === 0 ? 1 : 2;
}

/** Bytes that are read from the connection at once, at most: with UDP there are only answers. */
export function inputBytes(settings: RTSPSettings): number {
	return settings.udp ? UDP_INPUT : settings.packetBytes;
}

/** Bytes of the arena that a client takes. */
export function clientBytes(settings: RTSPSettings): number {
	const own = LINE_KEPT + TEXTS_BYTES + REQUEST_BYTES + URL_BYTES + reportsBytes(tracksOf(settings));
	return ROOM_BEFORE + inputBytes(settings) + own + tracksOf(settings) * SETS_BYTES;
}
