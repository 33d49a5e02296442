import { args } from "host/host";
import { Runner } from "unit/runner";
import crypto from "unit/crypto";
import engine from "unit/engine";

/** Every file of tests that runs on XS. */
export default function main(): void {
	const runner = new Runner();
	engine(runner);
	crypto(runner);
	runner.run(args()[0]);
}
