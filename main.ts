/**
 * A networked camera: read from top to bottom, this is what it does.
 *
 * Everything is made here, once, in the memory of one plan; then the event loop runs and nothing more is made.
 */
import type { Endpoint } from "arrow/endpoint";
import type { ArrowSettings } from "arrow/options";
import { arrowIdentity, arrowSettings, makeEndpoint, planArrow } from "device/arrow_part";
import { CameraPart, planCamera } from "device/camera_part";
import { type Config, loadConfig } from "device/config";
import { IDENTITY_BYTES, Identity, loadIdentity } from "device/identity";
import { Log } from "device/log";
import { checkHeap, MemoryReport } from "device/memory_report";
import { Metrics } from "device/metrics";
import { Exit, HELP, type Options, parseOptions } from "device/options";
import { VERSION } from "device/version";
import { args, collectGarbage, exit, onStop, print, printError, target } from "host/host";
import { LEVEL_ERROR, LEVEL_INFO, LEVEL_WARNING, type Logger } from "host/logger";
import { MemoryPlan } from "storage/plan";
import { monotonic, wall } from "time/clock";
import Timer from "time/timer";

/** An orderly stop that is not done by then (ms) is cut short. */
const STOP_TIME = 1800;

export default function main(): void {
	const options = parseOptions(args());
	if (options.error !== "") refuse(options.error + "; see --help");
	else if (options.help) print(HELP);
	else if (options.version) print("fletcher " + VERSION + " " + target());
	else run(options);
	if (options.error !== "" || options.help || options.version) exit(options.error === "" ? Exit.OK : Exit.USAGE);
}

function run(options: Options): void {
	const config = readConfig(options.config);
	if (config === undefined) {
		exit(Exit.USAGE);
		return;
	}
	const trial = options.checkConfig || options.printMemory;
	const log = new Log({ ...config.log, write: print, wall, monotonic });

	/* Who this device is. A trial needs nobody. */
	const identity = trial ? new Identity(new ArrayBuffer(IDENTITY_BYTES)) : readIdentity(options.state, log);
	if (identity === undefined) {
		exit(Exit.IDENTITY);
		return;
	}
	const arrowSelf = arrowIdentity(identity);

	/* What it will need of memory, before any of it is taken. */
	const plan = new MemoryPlan();
	let arrow: ArrowSettings | undefined;
	try {
		if (config.arrow !== undefined) {
			arrow = arrowSettings(config.arrow, config, arrowSelf);
			planArrow(plan, arrow, arrowSelf);
		}
		if (config.camera !== undefined) planCamera(plan, config.camera);
	} catch (error) {
		refuse(options.config + ": " + (error as Error).message);
		exit(Exit.USAGE);
		return;
	}
	const excess = checkMemory(plan, config);
	if (excess !== "") {
		refuse(options.config + ": " + excess);
		exit(Exit.USAGE);
		return;
	}
	if (options.checkConfig) {
		print(options.config + ": the configuration is right");
		exit(Exit.OK);
		return;
	}

	/* The camera with its HTTP server, the tunnel, and the figures of both. */
	const metrics = new Metrics(plan, monotonic);
	let camera: CameraPart | undefined;
	if (config.camera !== undefined) camera = new CameraPart(config.camera, plan, log, (writer) => metrics.write(writer));
	let endpoint: Endpoint | undefined;
	if (arrow !== undefined) endpoint = makeEndpoint(arrow, arrowSelf, plan, log);
	metrics.camera = camera;
	metrics.endpoint = endpoint;

	collectGarbage();
	const report = new MemoryReport(plan);
	if (options.printMemory) {
		report.print(print);
		exit(Exit.OK);
		return;
	}
	start(camera, endpoint, log, identity, report);
}

/** Begins to work, until the host asks for a stop. */
function start(camera: CameraPart | undefined, endpoint: Endpoint | undefined, log: Logger, identity: Identity, report: MemoryReport): void {
	try {
		camera?.start();
	} catch (error) {
		log.log(LEVEL_ERROR, "device", "start-failed", { reason: (error as Error).message });
		exit(Exit.FAILED);
		return;
	}
	endpoint?.start();
	log.log(LEVEL_INFO, "device", "started", { version: VERSION, target: target(), uuid: identity.uuid, ...report.summary() });
	if (camera === undefined && endpoint === undefined)
		log.log(LEVEL_WARNING, "device", "nothing-to-do", { reason: "the configuration has neither arrow nor camera" });

	let stopping = false;
	const finish = () => {
		camera?.close();
		log.log(LEVEL_INFO, "device", "stopped");
		exit(Exit.OK);
	};
	const late = new Timer({ onTimer: finish });
	onStop(() => {
		if (stopping) return;
		stopping = true;
		log.log(LEVEL_INFO, "device", "stopping");
		late.schedule(STOP_TIME);
		if (endpoint === undefined) finish();
		else endpoint.stop(finish);
	});
}

function readConfig(path: string): Config | undefined {
	const name = target();
	const { config, errors } = loadConfig(path, name === "esp32" || name === "linux32");
	for (let i = 0; i < errors.length; i++) refuse(path + ": " + errors[i]);
	return config;
}

function readIdentity(folder: string, log: Logger): Identity | undefined {
	const { identity, fresh, notes, problem } = loadIdentity(folder);
	for (let i = 0; i < notes.length; i++) log.log(LEVEL_WARNING, "device", "identity-note", { note: notes[i] });
	if (problem !== "") log.log(LEVEL_ERROR, "device", "identity-lost", { reason: problem });
	if (fresh && identity !== undefined) log.log(LEVEL_INFO, "device", "identity-made", { uuid: identity.uuid, folder });
	return identity;
}

/** @returns "" when the plan fits the configured budget and the engine's heap, else a line with the sums and the key to change. */
function checkMemory(plan: MemoryPlan, config: Config): string {
	const budget = config.device.memory;
	const excess = budget === undefined ? "" : plan.check(budget);
	return excess !== "" ? "device.memory: " + excess : checkHeap(plan);
}

function refuse(line: string): void {
	printError("fletcher: " + line);
}
