import { Log } from "device/log";
import { LEVEL_DEBUG, LEVEL_ERROR, LEVEL_INFO, LEVEL_WARNING } from "host/logger";
import type { Suite } from "unit/suite";

class Bench {
	readonly lines: string[] = [];
	readonly log: Log;
	now = 0;

	constructor(format: string, level: string, rate = 1000) {
		this.log = new Log({
			format,
			level,
			rate,
			write: (line) => this.lines.push(line),
			wall: () => 1_700_000_000_123,
			monotonic: () => this.now,
		});
	}
}

export default function (suite: Suite): void {
	suite.test("log: a text line has time, level, area, event and fields", (check) => {
		const bench = new Bench("text", "info");
		bench.log.log(LEVEL_WARNING, "arrow", "closed", {
			reason: "certificate has expired",
			retry: 60.5,
			again: true,
			host: "a.example",
		});
		check.equal(
			bench.lines[0],
			'2023-11-14T22:13:20.123Z warning arrow closed reason="certificate has expired" retry=60.5 again=true host=a.example',
		);
	});

	suite.test("log: a JSON line is one object with those members", (check) => {
		const bench = new Bench("json", "info");
		bench.log.log(LEVEL_ERROR, "device", "odd", { text: 'a "b"\n\\', number: -3, none: Number.NaN, flag: false });
		check.equal(
			bench.lines[0],
			'{"time":"2023-11-14T22:13:20.123Z","level":"error","area":"device","event":"odd","text":"a \\"b\\"\\n\\\\","number":-3,"none":null,"flag":false}',
		);
		check.equal((JSON.parse(bench.lines[0]) as { text: string }).text, 'a "b"\n\\');
	});

	suite.test("log: events below the level are not written", (check) => {
		const written: string[] = [];
		for (const level of ["error", "warning", "info", "debug"]) {
			const bench = new Bench("text", level);
			for (const one of [LEVEL_ERROR, LEVEL_WARNING, LEVEL_INFO, LEVEL_DEBUG]) bench.log.log(one, "a", "b");
			written.push(String(bench.lines.length));
		}
		check.equal(written.join(), "1,2,3,4");
	});

	suite.test("log: nothing that a peer says can break a line or drive a terminal", (check) => {
		const evil = 'a\r\n2023 error fake\u001b[2J\u009b31m\u007f\u0000 ="';
		for (const format of ["text", "json"]) {
			const bench = new Bench(format, "info");
			bench.log.log(LEVEL_INFO, "arrow", "closed", { reason: evil });
			for (let i = 0; i < bench.lines[0].length; i++) {
				const code = bench.lines[0].charCodeAt(i);
				check.ok(code >= 0x20 && (code < 0x7f || code >= 0xa0), format + " " + code);
			}
		}
		const bench = new Bench("json", "info");
		bench.log.log(LEVEL_INFO, "arrow", "closed", { reason: "x".repeat(10_000) });
		check.ok(bench.lines[0].length < 500, "long texts are cut off");
	});

	suite.test("log: lines over the rate are left out, and it says how many", (check) => {
		const bench = new Bench("text", "info", 10);
		for (let i = 0; i < 100; i++) bench.log.log(LEVEL_INFO, "a", "flood");
		check.equal(bench.lines.length, 10);
		bench.now = 500;
		bench.log.log(LEVEL_INFO, "a", "later");
		check.equal(bench.lines.length, 12);
		check.ok(bench.lines[10].endsWith("warning device log-suppressed lines=90"), bench.lines[10]);
		check.ok(bench.lines[11].endsWith("info    a later"));
		check.equal(bench.log.suppressed, 90);
	});
}
