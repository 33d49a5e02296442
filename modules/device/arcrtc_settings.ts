import { AUTH_NAMES, SUITE_NAMES } from "arcrtc/words";
import { AUTH_AEAD, AUTH_AEAD_HMAC80, HEADROOM, HEARTBEAT_IDLE_MS, HEARTBEAT_STREAMING_MS, TAILROOM } from "arcrtc/constants";
import type { ArcSettings } from "arcrtc/options";
import { DEFAULT_QUALITY_MAP, qualityMap } from "arcrtc/quality";
import type { SentAudio, SentVideo } from "arcrtc/stream_terms";
import type { ArcRTCConfig, Config } from "device/config";
import { isRTSP } from "media/rtsp/url";
import { parseAddress } from "wire/address";
import { parseHostPort } from "wire/host_port";

/** What ArcRTC does to packets of the codec, and the largest that it takes. */
export const ARC_FRAMING = Object.freeze({ packetBytes: 504 + TAILROOM, headroom: HEADROOM });
/** Bytes of a packet of sound at most. */
export const SOUND_LIMIT = 504;

/** Ms: media go over the connection when there was no direct way for so long; a direct way is dead after so long. */
const FALLBACK = 1500;
const PATH_DEAD = 2000;
const RETRY_FIRST = 1000;
const RETRY_LIMIT = 30_000;
const OPUS_TYPE = 111;
const FEC_TYPE = 127;
/** Payload types of video codecs. */
const VIDEO_TYPES = Object.freeze({ jpeg: 26, h264: 96, h265: 100 } as const);
const IDS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Checks what the configuration says of ArcRTC beyond types and ranges. @throws RangeError naming the key and what it should be. */
export function arcSettings(config: ArcRTCConfig, all: Config): ArcSettings {
	const { switches, session, codec } = config;
	for (let i = 0; i < session.length; i++)
		if (IDS.indexOf(session[i]) < 0) throw new RangeError("arcrtc.session: letters, digits, - and _ only, is " + session);
	if ((config.connect === undefined) === (config.listen === undefined))
		throw new RangeError("arcrtc.connect, arcrtc.listen: one of both is needed, and only one");
	if (!switches.allowPlain)
		throw new RangeError(
			"arcrtc.switches.allowPlain: must be true, as the connection is not encrypted: in trusted networks only",
		);
	checkOutput(config.output?.video, "arcrtc.output.video");
	checkOutput(config.output?.audio, "arcrtc.output.audio");
	const { audio, camera } = all;
	const sendsAudio = audio !== undefined && (config.audio === "both" || config.audio === "send");
	const receivesAudio = audio !== undefined && (config.audio === "both" || config.audio === "receive");
	const sendsVideo = camera !== undefined && (config.video === "both" || config.video === "send");
	const receivesVideo = config.video === "both" || config.video === "receive";
	if (!sendsAudio && !receivesAudio && !sendsVideo && !receivesVideo)
		throw new RangeError(
			"arcrtc.audio, arcrtc.video: nothing is to be sent and nothing received; audio needs the key audio, video camera",
		);
	if (sendsVideo && codec !== "jpeg" && !isRTSP(camera.source))
		throw new RangeError("arcrtc.codec: a camera that is no RTSP server gives jpeg, is " + codec);
	const suites: number[] = [];
	const names = switches.suites ?? SUITE_NAMES.slice(1, 4);
	for (let i = 0; i < names.length; i++) suites.push(SUITE_NAMES.indexOf(names[i]));
	const map = switches.qualityMap === undefined ? DEFAULT_QUALITY_MAP : qualityMap(switches.qualityMap);
	if (map === undefined) throw new RangeError("arcrtc.switches.qualityMap: 1 to 4 names of levels, best first, each once");
	const soundCodec: SentAudio | undefined =
		audio === undefined || !sendsAudio
			? undefined
			: { codec: "opus", bitrate: audio.bitrate, rate: audio.rate, channels: 1, frame: audio.frame, payloadType: OPUS_TYPE };
	const videoCodec: SentVideo | undefined =
		camera === undefined || !sendsVideo
			? undefined
			: {
					codec,
					bitrate: config.bitrate * 1000,
					width: camera.width,
					height: camera.height,
					rate: camera.rate,
					payloadType: VIDEO_TYPES[codec as keyof typeof VIDEO_TYPES],
					fecType: FEC_TYPE,
				};
	return {
		shape: {
			sendsAudio,
			sendsVideo,
			receivesAudio,
			receivesVideo,
			nack: switches.nack,
			fec: switches.fec,
			videoRate: config.bitrate,
			burst: config.burst,
			reorder: config.reorder,
			waiting: config.waiting,
			replayWindow: switches.replayWindow,
		},
		session: {
			sessionId: session,
			peerId: config.peer,
			offers: config.connect !== undefined,
			abilities: {
				audioCodecs: sendsAudio || receivesAudio ? ["opus"] : [],
				// What comes is sent on as it is, whatever the codec.
				videoCodecs: sendsVideo ? [codec] : receivesVideo ? ["jpeg", "h264", "h265"] : [],
				suites,
				auths: [switches.auth === AUTH_NAMES[AUTH_AEAD_HMAC80] ? AUTH_AEAD_HMAC80 : AUTH_AEAD],
				reduced: switches.reduced,
				fec: switches.fec,
				nack: switches.nack,
				resolutions: camera === undefined ? [] : [camera.width + "x" + camera.height],
			},
			audio: soundCodec,
			video: videoCodec,
			reducedVideo: switches.reducedVideo,
			qualityMap: map,
			heartbeat: { streaming: HEARTBEAT_STREAMING_MS, idle: HEARTBEAT_IDLE_MS },
			oneSided: switches.rotation === "one-sided",
		},
		connect: config.connect === undefined ? undefined : parseHostPort(config.connect, 0),
		listen: config.listen === undefined ? undefined : parseHostPort(config.listen, 0),
		port: config.port,
		messageBytes: config.messageBytes,
		ahead: config.ahead,
		fallback: FALLBACK,
		pathDead: PATH_DEAD,
		retry: { first: RETRY_FIRST, limit: RETRY_LIMIT },
	};
}

function checkOutput(text: string | undefined, key: string): void {
	if (text === undefined) return;
	const target = parseHostPort(text, 0);
	if (target === undefined || parseAddress(target.host, new Uint8Array(16), 0) === 0)
		throw new RangeError(key + ": a numeric address and a port, is " + text);
}
