/**
 * A networked camera: read from top to bottom, this is what it does.
 *
 * Everything is made here, once, in the memory of one plan; then the event loop runs and nothing more is made.
 */
import type { ArrowSettings } from "arrow/options";
import { ArrowPart, arrowIdentity, arrowSettings, planArrow } from "device/arrow_part";
import { CameraPart, planCamera } from "device/camera_part";
import { type Config, loadConfig } from "device/config";
import { Device } from "device/device";
import { IDENTITY_BYTES, Identity, loadIdentity } from "device/identity";
import { KVPart, kvSettings, planKV } from "device/kv_part";
import { Log } from "device/log";
import { checkMemory } from "device/memory_report";
import { Metrics } from "device/metrics";
import { Exit, HELP, parseOptions } from "device/options";
import type { Part } from "device/part";
import { VERSION } from "device/version";
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

	/* What this device is to do, and where it tells what happens. */
	const config = readConfig(options.config);
	if (config === undefined) return Exit.USAGE;
	const log = new Log({ ...config.log, write: print, wall, monotonic });

	/* Who it is. A trial is nobody. */
	const trial = options.checkConfig || options.printMemory;
	const identity = trial ? new Identity(new ArrayBuffer(IDENTITY_BYTES)) : readIdentity(options.state, log);
	if (identity === undefined) return Exit.IDENTITY;
	const arrowSelf = arrowIdentity(identity);

	/* What it needs of memory, before any of it is taken. */
	const plan = new MemoryPlan();
	let arrow: ArrowSettings | undefined;
	let kv: KVSettings | undefined;
	try {
		if (config.arrow !== undefined) {
			arrow = arrowSettings(config.arrow, config, arrowSelf);
			planArrow(plan, arrow, arrowSelf);
		}
		if (config.camera !== undefined) planCamera(plan, config.camera);
		if (config.kv !== undefined) {
			kv = kvSettings(config.kv);
			planKV(plan, kv);
		}
	} catch (error) {
		return refuse(options.config + ": " + (error as Error).message);
	}
	const excess = checkMemory(plan, config.device.memory);
	if (excess !== "") return refuse(options.config + ": " + excess);
	if (options.checkConfig) return answer(options.config + ": the configuration is right");

	/* The camera with its HTTP server, the tunnel to the Arrow service, the voice channels, and the figures of all. */
	const parts: Part[] = [];
	const metrics = new Metrics(plan, monotonic);
	if (config.camera !== undefined) parts.push(new CameraPart(config.camera, plan, log, (writer) => metrics.write(writer)));
	if (arrow !== undefined) parts.push(new ArrowPart(arrow, arrowSelf, plan, log));
	if (config.kv !== undefined && kv !== undefined) parts.push(new KVPart(config.kv, kv, plan, log, undefined));
	metrics.parts = parts;

	/* It works until the host asks it to stop. */
	const device = new Device({ parts, plan, logger: log, uuid: identity.uuid });
	if (options.printMemory) device.printMemory();
	else device.run();
	return Exit.NONE;
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
	const { config, errors } = loadConfig(path, SMALL_TARGETS.includes(target()));
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
