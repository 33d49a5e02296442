/**
 * A networked camera: read from top to bottom, this is what it does.
 *
 * Everything is made here, once, in the memory of one plan; then the event loop runs and nothing more is made.
 */
import type { ArrowSettings } from "arrow/options";
import { arrowFiguresBytes } from "device/arrow_figures";
import { ArrowPart, arrowIdentity, arrowSettings, planArrow, scansOf } from "device/arrow_part";
import { CameraPart, planCamera } from "device/camera_part";
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
import { planVoicePart, VoicePart, voiceFiguresBytes } from "device/voice_part";
import { planDiscovery } from "discovery/endpoint";
import { type DiscoverySettings, discoverySettings } from "discovery/settings";
import { args, exit, print, printError, target } from "host/host";
import type { KVSettings } from "kv/options";
import { LEVEL_ERROR, LEVEL_INFO, LEVEL_WARNING } from "host/logger";
import { MemoryPlan } from "storage/plan";
import { monotonic, wall } from "time/clock";

/** Devices of the ESP32's size: other defaults. */
const SMALL_TARGETS = Object.freeze(["esp32", "linux32", "armhf"]);

export default function main(): void {
	const code = makeDevice();
	if (code !== Exit.NONE) exit(code);
}

/** Makes what the command line and the configuration ask for. @returns an exit status, NONE when the device is to run. */
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
	const arrowSelf = arrowIdentity(identity);

	/* Whether the way to the Arrow service is free: one attempt, told in words. */
	if (options.diagnose && !trial) {
		const problem = diagnose(config, identity);
		return problem === "" ? Exit.NONE : refuse(options.config + ": " + problem);
	}

	/* What it needs of memory, before any of it is taken. */
	const plan = new MemoryPlan();
	let discovery: DiscoverySettings | undefined;
	let arrow: ArrowSettings | undefined;
	let kv: KVSettings | undefined;
	try {
		if (config.discovery !== undefined) {
			discovery = discoverySettings(config.discovery, takesH265(config));
			planDiscovery(plan, discovery);
		}
		if (config.arrow !== undefined) {
			arrow = arrowSettings(config.arrow, config, arrowSelf, scansOf(discovery));
			planArrow(plan, arrow, arrowSelf);
		}
		if (config.kv !== undefined) {
			kv = kvSettings(config.kv);
			planKV(plan, kv);
			if (config.audio !== undefined) planVoicePart(plan, config.audio, KV_FRAMING);
		}
		let figures = 0;
		if (arrow !== undefined) figures += arrowFiguresBytes(arrow.sessions);
		if (kv !== undefined) figures += kvFiguresBytes(kv.channels.length);
		if (kv !== undefined && config.audio !== undefined) figures += voiceFiguresBytes(config.audio.speakers);
		if (config.camera !== undefined) planCamera(plan, config.camera, figures);
	} catch (error) {
		return refuse(options.config + ": " + (error as Error).message);
	}
	const excess = checkMemory(plan, config.device.memory);
	if (excess !== "") return refuse(options.config + ": " + excess);
	if (options.checkConfig) return answer(options.config + ": the configuration is right");

	/* The camera with its HTTP server, the tunnel to the Arrow service, scans for cameras, voice, and the figures of all. */
	const parts: Part[] = [];
	const metrics = new Metrics(plan, monotonic);
	try {
		if (config.camera !== undefined) parts.push(new CameraPart(config.camera, plan, log, (writer) => metrics.write(writer)));
		let scans: DiscoveryPart | undefined;
		if (discovery !== undefined) {
			scans = new DiscoveryPart(discovery, plan, log);
			parts.push(scans);
		}
		if (arrow !== undefined) {
			const files = trial ? {} : { folder: options.state, stateFile: config.arrow?.stateFile };
			const tunnel = new ArrowPart(arrow, arrowSelf, plan, log, { ...files, discovery: scans, scope: discovery });
			if (scans !== undefined) scans.onFinished = (result) => tunnel.scanFinished(result);
			parts.push(tunnel);
		}
		if (config.kv !== undefined && kv !== undefined) {
			const sound = config.audio === undefined ? undefined : new VoicePart(config.audio, KV_FRAMING, plan);
			if (sound !== undefined) parts.push(sound);
			parts.push(new KVPart(config.kv, kv, plan, log, sound?.voice));
		}
	} catch (error) {
		return refuse(options.config + ": " + (error as Error).message);
	}
	metrics.parts = parts;

	/* It works until the host asks it to stop. */
	const device = new Device({ parts, plan, logger: log, uuid: identity.uuid });
	if (options.printMemory) device.printMemory();
	else device.run();
	return Exit.NONE;
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
