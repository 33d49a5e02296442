/**
 * A networked camera: read from top to bottom, this is what it does.
 *
 * Everything is made here, once, in the memory of one plan; then the event loop runs and nothing more is made.
 */
import type { ArcSettings } from "arcrtc/options";
import type { ArrowIdentity, ArrowSettings } from "arrow/options";
import { ARC_FIGURES_BYTES, ArcPart, planArcPart } from "device/arcrtc_part";
import { ARC_FRAMING, arcSettings } from "device/arcrtc_settings";
import { arrowFiguresBytes } from "device/arrow_figures";
import { ArrowPart, arrowIdentity, arrowSettings, planArrow, scansOf } from "device/arrow_part";
import { CameraPart, planCamera, SHOWN_CODECS } from "device/camera_part";
import { type Config, type DiscoveryConfig, loadConfig } from "device/config";
import { Device } from "device/device";
import { diagnose } from "device/diagnose";
import { defaultDiscovery, discover } from "device/discover";
import { DiscoveryPart } from "device/discovery_part";
import { IDENTITY_BYTES, Identity, loadIdentity } from "device/identity";
import { KV_FRAMING, KVPart, kvFiguresBytes, kvSettings, planKV } from "device/kv_part";
import { Log } from "device/log";
import { checkMemory } from "device/memory_report";
import { Metrics } from "device/metrics";
import { Exit, HELP, parseOptions } from "device/options";
import type { Part } from "device/part";
import { VERSION } from "device/version";
import { planVoicePart, type VoiceFraming, VoicePart, voiceFiguresBytes } from "device/voice_part";
import { planDiscovery } from "discovery/endpoint";
import { type DiscoverySettings, discoverySettings } from "discovery/settings";
import { args, exit, print, printError, target } from "host/host";
import { LEVEL_ERROR, LEVEL_INFO, LEVEL_WARNING } from "host/logger";
import type { KVSettings } from "kv/options";
import { CODEC_H264, CODEC_H265 } from "media/rtsp/codecs";
import { MemoryPlan } from "storage/plan";
import { monotonic, wall } from "time/clock";

/** Devices of the ESP32's size: other defaults. */
const SMALL_TARGETS = Object.freeze(["esp32", "linux32", "armhf"]);

export default function main(): void {
	const code = makeDevice();
	if (code !== Exit.NONE) exit(code);
}

/** Makes what the command line and the configuration ask for. @returns an exit status, NONE when the event loop is to run. */
function makeDevice(): number {
	/* What the command line asks for. */
	const options = parseOptions(args());
	if (options.error !== "") return refuse(options.error + "; see --help");
	if (options.help) return answer(HELP);
	if (options.version) return answer("fletcher " + VERSION + " " + target());

	/* Cameras on the local networks, once, without the cloud. */
	if (options.discover && options.config === "") return discoverOnce(defaultDiscovery(isSmall()), options.json);

	/* What this device is to do, and where it tells what happens. */
	const config = readConfig(options.config);
	if (config === undefined) return Exit.USAGE;
	if (options.discover) return discoverOnce(config.discovery ?? defaultDiscovery(isSmall()), options.json, config);
	const log = new Log({ ...config.log, write: options.diagnose ? printError : print, wall, monotonic });

	/* Who it is. A trial is nobody. */
	const trial = options.checkConfig || options.printMemory;
	const identity = trial ? new Identity(new ArrayBuffer(IDENTITY_BYTES)) : readIdentity(options.state, log);
	if (identity === undefined) return Exit.IDENTITY;

	/* Whether the way to the Arrow service is free: one attempt, told in words. */
	if (options.diagnose && !trial) {
		const problem = diagnose(config, identity);
		return problem === "" ? Exit.NONE : refuse(options.config + ": " + problem);
	}

	try {
		/* What its parts need of memory, before any of it is taken. */
		const plan = new MemoryPlan();
		const settings = planParts(plan, config, identity);
		const excess = checkMemory(plan, config.device.memory);
		if (excess !== "") return refuse(options.config + ": " + excess);
		if (options.checkConfig) return answer(options.config + ": the configuration is right");

		/* It works until the host asks it to stop. */
		const parts = makeParts(plan, config, settings, log, trial ? undefined : options.state);
		const device = new Device({ parts, plan, logger: log, uuid: identity.uuid });
		if (options.printMemory) device.printMemory();
		else device.run();
		return Exit.NONE;
	} catch (error) {
		return refuse(options.config + ": " + (error as Error).message);
	}
}

/** What the parts are to do, beyond what the configuration says in so many words; undefined: not configured. */
interface Settings {
	readonly self: ArrowIdentity;
	readonly discovery: DiscoverySettings | undefined;
	readonly arrow: ArrowSettings | undefined;
	readonly kv: KVSettings | undefined;
	readonly arcrtc: ArcSettings | undefined;
}

/** Checks what each part is to do and reserves its memory. A part that is not configured needs none. @throws Error naming the key that is wrong. */
function planParts(plan: MemoryPlan, config: Config, identity: Identity): Settings {
	const { camera, audio } = config;
	const self = arrowIdentity(identity);
	const discovery = config.discovery && discoverySettings(config.discovery, takesH265(config));
	const arrow = config.arrow && arrowSettings(config.arrow, config, self, scansOf(discovery));
	const kv = config.kv && kvSettings(config.kv);
	const arcrtc = config.arcrtc && arcSettings(config.arcrtc, config);
	let figures = 0;
	if (discovery !== undefined) planDiscovery(plan, discovery);
	if (arrow !== undefined) {
		planArrow(plan, arrow, self);
		figures += arrowFiguresBytes(arrow.sessions);
	}
	if (kv !== undefined) {
		planKV(plan, kv, config.kv?.talk);
		figures += kvFiguresBytes(kv.channels.length);
	}
	if (arcrtc !== undefined && config.arcrtc !== undefined) {
		planArcPart(plan, config.arcrtc, arcrtc, camera?.frameBytes ?? 0);
		figures += ARC_FIGURES_BYTES;
	}
	const framing = voiceFraming(config);
	if (audio !== undefined && framing !== undefined) {
		planVoicePart(plan, audio, framing, config.kv !== undefined && config.arcrtc !== undefined);
		figures += voiceFiguresBytes(audio.speakers);
	}
	if (camera !== undefined) planCamera(plan, camera, figures, takenCodecs(config));
	return { self, discovery, arrow, kv, arcrtc };
}

/**
 * Makes the parts, in the order in which they start. Files of the tunnel are kept in `folder`.
 * @throws Error naming the key whose device or file is of no use.
 */
function makeParts(plan: MemoryPlan, config: Config, settings: Settings, log: Log, folder: string | undefined): Part[] {
	const { self, discovery, arrow, kv, arcrtc } = settings;
	const parts: Part[] = [];
	const metrics = new Metrics(plan, monotonic);

	/* The camera, and the HTTP server that shows its pictures and everybody's figures. */
	const camera =
		config.camera && new CameraPart(config.camera, plan, log, (writer) => metrics.write(writer), takenCodecs(config));
	if (camera !== undefined) parts.push(camera);

	/* Scans for cameras on the local networks. */
	const scans = discovery && new DiscoveryPart(discovery, plan, log);
	if (scans !== undefined) parts.push(scans);

	/* The tunnel, through which the Arrow service reaches what is configured, and what scans find. */
	if (arrow !== undefined) {
		const stateFile = folder === undefined ? undefined : config.arrow?.stateFile;
		const tunnel = new ArrowPart(arrow, self, plan, log, { folder, stateFile, discovery: scans, scope: discovery });
		if (scans !== undefined) scans.onFinished = (result) => tunnel.scanFinished(result);
		parts.push(tunnel);
	}

	/* Microphone and loudspeaker: for a KV channel, for an ArcRTC peer, or for both. */
	const framing = voiceFraming(config);
	const sound = config.audio && framing && new VoicePart(config.audio, framing, plan, log);
	if (sound !== undefined) parts.push(sound);
	const shared = sound !== undefined && config.kv !== undefined && config.arcrtc !== undefined ? sound.share(plan) : undefined;

	/* The KV channels in which it talks and listens. */
	if (config.kv !== undefined && kv !== undefined)
		parts.push(new KVPart(config.kv, kv, plan, log, shared === undefined ? sound?.voice : shared.first));

	/* The ArcRTC peer that hears the device and sees its camera, and is heard. */
	if (config.arcrtc !== undefined && arcrtc !== undefined) {
		const peer = new ArcPart(config.arcrtc, arcrtc, plan, log, shared === undefined ? sound?.voice : shared.second);
		if (camera !== undefined && peer.feed !== undefined) {
			camera.viewer = peer.feed;
			camera.packets = peer.feed;
		}
		parts.push(peer);
	}

	metrics.parts = parts;
	return parts;
}

/** What packets of the voice must fit into; undefined: nobody carries it. */
function voiceFraming(config: Config): VoiceFraming | undefined {
	if (config.arcrtc !== undefined) return ARC_FRAMING;
	return config.kv === undefined ? undefined : KV_FRAMING;
}

/** Codecs of an RTSP camera that somebody takes. */
function takenCodecs(config: Config): number {
	const codec = config.arcrtc === undefined || config.arcrtc.video === "receive" ? "" : config.arcrtc.codec;
	return codec === "h264" ? 1 << CODEC_H264 : codec === "h265" ? 1 << CODEC_H265 : SHOWN_CODECS;
}

function isSmall(): boolean {
	return SMALL_TARGETS.includes(target());
}

/** Whether cameras with H.265 count as RTSP. */
function takesH265(config: Config | undefined): boolean {
	return config?.arrow?.switches?.h265 !== "unsupported";
}

function discoverOnce(settings: DiscoveryConfig, json: boolean, config?: Config): number {
	const problem = discover(settings, takesH265(config), json);
	return problem === "" ? Exit.NONE : refuse(problem);
}

function answer(text: string): number {
	print(text);
	return Exit.OK;
}

function refuse(reason: string): number {
	printError("fletcher: " + reason);
	return Exit.USAGE;
}

function readConfig(path: string): Config | undefined {
	const { config, errors } = loadConfig(path, isSmall());
	for (let i = 0; i < errors.length; i++) printError("fletcher: " + errors[i]);
	return config;
}

function readIdentity(folder: string, log: Log): Identity | undefined {
	const { identity, fresh, notes, problem } = loadIdentity(folder);
	for (let i = 0; i < notes.length; i++) log.log(LEVEL_WARNING, "device", "identity-note", { note: notes[i] });
	if (problem !== "") log.log(LEVEL_ERROR, "device", "identity-lost", { reason: problem });
	if (fresh && identity !== undefined) log.log(LEVEL_INFO, "device", "identity-made", { uuid: identity.uuid, folder });
	return identity;
}
