import { args } from "host/host";
import { runProbe } from "unit/probes";
import { Runner } from "unit/runner";
import crypto from "unit/crypto";
import engine from "unit/engine";
import clock from "unit/clock";
import timer from "unit/timer";
import stream from "unit/stream";
import datagram from "unit/datagram";
import resolver from "unit/resolver";
import files from "unit/files";
import mjpeg from "unit/mjpeg";

/** Every file of tests that runs on XS. */
export default function main(): void {
	const [first, second] = args();
	if (first === "--probe" && second !== undefined) {
		if (!runProbe(second)) throw new Error(`${second}: no such probe`);
		return;
	}
	const runner = new Runner();
	engine(runner);
	clock(runner);
	timer(runner);
	stream(runner);
	datagram(runner);
	resolver(runner);
	files(runner);
	crypto(runner);
	mjpeg(runner);
	runner.run(first);
}
