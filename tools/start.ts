/**
 * The demo in one command: builds Fletcher, starts an Arrow service, a KV server, two devices, and a page with picture and sound.
 *
 * usage: npm start [-- --port N] [-- --check]
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "./build.ts";
import { checkPage, checkVoice } from "./demo/check.ts";
import { Demo, lastWords } from "./demo/demo.ts";
import { PageServer } from "./demo/page_server.ts";
import { PlainError } from "./demo/plain_error.ts";
import { ensure, toBuild } from "./packages.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const DEFAULT_PORT = 8080;
const USAGE = `usage: npm start [-- OPTIONS]

Builds Fletcher, starts an Arrow service and a KV server, a device with a clip as its camera, another one to talk to, and a page
with the live picture and the sound at both ends.

  --port N   port of the page on this machine (default ${DEFAULT_PORT}; 0: any free one)
  --check    without a person: looks and listens by itself and ends with 0 or 1
  --help     this text`;

interface Options {
	readonly port: number;
	readonly check: boolean;
}

function readOptions(): Options | undefined {
	let values: { port?: string; check?: boolean; help?: boolean };
	try {
		({ values } = parseArgs({ options: { port: { type: "string" }, check: { type: "boolean" }, help: { type: "boolean" } } }));
	} catch (error) {
		throw new PlainError(`${(error as Error).message.split(". ")[0]} (see --help)`);
	}
	if (values.help === true) return undefined;
	const check = values.check ?? false;
	const text = values.port ?? String(check ? 0 : DEFAULT_PORT);
	const port = /^\d{1,5}$/.test(text) ? Number(text) : 65_536;
	if (port > 65_535) throw new PlainError(`--port ${text}: a number from 0 to 65535 is wanted`);
	return { port, check };
}

async function buildDevice(): Promise<string> {
	const start = performance.now();
	console.log("building the device");
	try {
		const { executable } = await build({ quiet: true });
		console.log(`built in ${((performance.now() - start) / 1_000).toFixed(1)} s`);
		return executable;
	} catch (error) {
		const { message, detail } = error as Error & { detail?: string };
		if (detail) console.error(detail.trimEnd());
		throw new PlainError(`the build failed: ${message}`);
	}
}

/** Resolves with the name of the signal that asks for the end. */
function stopSignal(): Promise<string> {
	return new Promise((resolve) => {
		for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => resolve(name));
	});
}

async function run(options: Options): Promise<void> {
	const asked = stopSignal();
	if (ensure(toBuild).length > 0) throw new PlainError("tools are missing");
	if (!existsSync(`${root}demo/clip.mjpeg`)) throw new PlainError("demo/clip.mjpeg is missing: the camera has nothing to show");
	if (!existsSync(`${root}demo/dialogue.ulaw`))
		throw new PlainError("demo/dialogue.ulaw is missing: the devices have nothing to say");
	const demo = new Demo(root);
	const page = new PageServer(demo);
	try {
		// The port first: a taken one is told before anything else is done.
		const port = await page.listen(options.port);
		const executable = await buildDevice();
		await Promise.race([demo.start(executable), asked]);
		if (options.check) {
			console.log(await Promise.race([checkPage(port), asked]));
			console.log(await Promise.race([checkSound(demo, port), asked]));
		} else await watch(demo, port, asked);
	} finally {
		page.close();
		await demo.stop();
	}
	const violations = [...demo.service.violations, ...demo.voice.server.violations];
	if (violations.length > 0) console.error(`the services saw ${violations.length} violations: ${violations[0]}`);
	if (options.check && violations.length > 0) throw new PlainError("the device broke the protocol");
}

async function checkSound(demo: Demo, port: number): Promise<string> {
	await demo.voice.bothHeard(50, 10_000).catch((error: Error) => {
		const { house } = demo.voice;
		const words = house?.exit === undefined ? "" : `; the device in the house ended: ${lastWords(house)}`;
		throw new PlainError(`voice does not arrive: ${error.message}${words}`);
	});
	return checkVoice(port);
}

/** Until a signal, or the device's own end. */
async function watch(demo: Demo, port: number, asked: Promise<string>): Promise<void> {
	console.log(`\n  the live picture:  http://localhost:${port}/\n\n  Ctrl-C ends all of it.`);
	const ended = demo.device?.ended.then((exit) => {
		const words = demo.device === undefined ? "" : lastWords(demo.device);
		throw new PlainError(`the device ended by itself with ${exit.signal ?? `code ${exit.code}`}: ${words}`);
	});
	const house = demo.voice.house?.ended.then((exit) => {
		const words = demo.voice.house === undefined ? "" : lastWords(demo.voice.house);
		throw new PlainError(`the device in the house ended by itself with ${exit.signal ?? `code ${exit.code}`}: ${words}`);
	});
	await Promise.race([asked, ended, house]).catch(async (error: Error) => {
		// The terminal sends Ctrl-C to the device as well; it may be the first to be gone.
		const signal = await Promise.race([asked, new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 200))]);
		if (signal === undefined) throw error;
	});
	console.log("\nstopping");
}

try {
	const options = readOptions();
	if (options === undefined) console.log(USAGE);
	else await run(options);
} catch (error) {
	if (!(error instanceof PlainError)) throw error;
	console.error(`fletcher: ${error.message}`);
	process.exitCode = 1;
}
