import { type Config, parseConfig } from "device/config";
import { parseOptions } from "device/options";
import { bad, good } from "unit/config_cases";
import type { Suite } from "unit/suite";

export default function (suite: Suite): void {
	suite.test("config: what is right is taken", (check) => {
		for (const text of good) check.equal(parseConfig(text, false).errors.join("; "), "", text);
	});

	suite.test("config: what is wrong is named by its key, with what it must be and what it is", (check) => {
		for (const [text, line] of bad) {
			const result = parseConfig(text, false);
			check.equal(result.errors[0], line, text);
			check.equal(result.config, undefined);
		}
	});

	suite.test("config: defaults are filled in, those of small devices too", (check) => {
		const text = '{"arrow":{"service":"a","authorities":"b"},"camera":{"source":"c","http":{}}}';
		const large = parseConfig(text, false).config as Config;
		const small = parseConfig(text, true).config as Config;
		check.equal(large.arrow?.sessions, 64);
		check.equal(small.arrow?.sessions, 4);
		check.equal(large.arrow?.window, 65_536);
		check.equal(small.arrow?.window, 8192);
		check.equal(large.camera?.http?.address, "127.0.0.1");
		check.equal(large.camera?.rate, 10);
		check.equal(large.log.level, "info");
		check.equal(large.device.name, undefined);
		check.equal((parseConfig("{}", false).config as Config).camera, undefined, "an absent part stays absent");
		const audio = (parseConfig('{"audio":{}}', true).config as Config).audio;
		check.equal(audio?.rate, 16_000);
		check.equal(audio?.complexity, 0);
		check.equal(audio?.jitter.packets, 16, "a table that is always there");
		check.equal((parseConfig('{"camera":{"source":"c"}}', false).config as Config).camera?.http, undefined);
	});

	suite.test("config: all wrong keys are named at once, twenty at most", (check) => {
		check.equal(parseConfig('{"a":1,"b":2,"log":{"level":3}}', false).errors.length, 3);
		let text = '{"x0":0';
		for (let i = 1; i < 40; i++) text += ',"x' + i + '":0';
		check.equal(parseConfig(text + "}", false).errors.length, 20);
	});

	suite.test("options: the command line", (check) => {
		const both = parseOptions(["--config", "c.json", "--state=s"]);
		check.equal(both.error, "");
		check.equal(both.config, "c.json");
		check.equal(both.state, "s");
		check.equal(parseOptions(["--config=c", "--check-config"]).error, "");
		check.equal(parseOptions(["--config=c", "--print-memory"]).printMemory, true);
		check.equal(parseOptions(["--version"]).error, "");
		check.equal(parseOptions(["-h"]).help, true);
		check.equal(parseOptions([]).error, "--config FILE is needed");
		check.equal(parseOptions(["--config", "c"]).error, "--state DIR is needed: the device's identity is kept there");
		check.equal(parseOptions(["--config"]).error, "--config needs a value");
		check.equal(parseOptions(["--config="]).error, "--config needs a value");
		check.equal(parseOptions(["--help=1"]).error, "unknown argument --help=1");
		check.equal(parseOptions(["c.json"]).error, "unknown argument c.json");
	});
}
