import { parseRTSPURL, type RTSPURL } from "media/rtsp/url";

export interface RTSPSettings {
	readonly url: RTSPURL;
	/** Packets come by UDP, else over the connection. */
	readonly udp: boolean;
	/** Bytes of the largest frame of a connection, its 4 bytes of head included; larger ones are left out. */
	readonly packetBytes: number;
	/** Codecs that are taken, as sums of `1 << codec`; no sound: 0. */
	readonly video: number;
	readonly audio: number;
	/** Said when the server offers nothing of it: what would have to be changed. */
	readonly hint: string;
}

/** What the configuration says of a camera with an RTSP source. */
interface RTSPConfig {
	readonly source: string;
	readonly transport: string;
	readonly packetBytes: number;
}

/** Settings for a source. @throws RangeError naming the key, and nothing of its value. */
export function rtspSettings(config: RTSPConfig, video: number, audio = 0, hint = ""): RTSPSettings {
	const url = parseRTSPURL(config.source);
	if (typeof url === "string") throw new RangeError("camera.source: must be a URL that " + url);
	return { url, udp: config.transport === "udp", packetBytes: config.packetBytes, video, audio, hint };
}
