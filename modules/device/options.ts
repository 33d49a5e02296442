/** What the command line asks for. */
export interface Options {
	/** Path of the configuration, "" when none was given. */
	config: string;
	/** Folder of the device's state, "" when none was given. */
	state: string;
	checkConfig: boolean;
	printMemory: boolean;
	diagnose: boolean;
	discover: boolean;
	/** With `discover`: as JSON. */
	json: boolean;
	version: boolean;
	help: boolean;
	/** What is wrong with the command line, "" when nothing is. */
	error: string;
}

export const HELP =
	"usage: fletcher --config FILE --state DIR [--diagnose]\n" +
	"       fletcher --config FILE --check-config | --print-memory\n" +
	"       fletcher --discover [--json] [--config FILE]\n" +
	"       fletcher --version | --help\n" +
	"\n" +
	"  --config FILE    configuration, JSON\n" +
	"  --state DIR      folder that keeps the device's identity; made when it is not there\n" +
	"  --diagnose       try once to reach the Arrow service and the configured services, say in words what is wrong, and stop\n" +
	"  --discover       look for cameras on the local networks once, print what is found, and stop; nothing goes to the cloud\n" +
	"  --json           with --discover: print one JSON document\n" +
	"  --check-config   check the configuration and stop: exit 0, or 2 with a line for each wrong key\n" +
	"  --print-memory   print what the configuration takes of ROM and RAM and stop\n" +
	"  --version        print the version and stop\n" +
	"  --help           print this and stop\n" +
	"\n" +
	"exit status: 0 stopped in order, 1 failed to start, 2 wrong usage or configuration, 3 damaged identity, 70 a script failed\n" +
	"with --diagnose: 0 registered, 10 name not found, 11 no connection, 12 no TLS, 13 certificate of an unknown authority,\n" +
	"  14 certificate expired, 15 certificate not valid yet, 16 certificate for another name, 17 device not paired,\n" +
	"  18 protocol version not supported, 19 refused, 20 no answer, 21 no Arrow service, 22 redirects that lead nowhere";

/** Exit status of the process; NONE is none: it runs on. From NO_NAME on: what `--diagnose` found. */
export const Exit = Object.freeze({
	NONE: -1,
	OK: 0,
	FAILED: 1,
	USAGE: 2,
	IDENTITY: 3,
	NO_NAME: 10,
	NO_CONNECTION: 11,
	NO_TLS: 12,
	UNTRUSTED: 13,
	EXPIRED: 14,
	NOT_YET: 15,
	WRONG_NAME: 16,
	NOT_PAIRED: 17,
	NO_SUCH_VERSION: 18,
	REFUSED: 19,
	NO_ANSWER: 20,
	NO_ARROW: 21,
	REDIRECTS: 22,
} as const);

/** Reads the arguments after the program's name: `--name value` or `--name=value`. */
export function parseOptions(args: string[]): Options {
	const options: Options = {
		config: "",
		state: "",
		checkConfig: false,
		printMemory: false,
		diagnose: false,
		discover: false,
		json: false,
		version: false,
		help: false,
		error: "",
	};
	for (let i = 0; i < args.length && options.error === ""; i++) {
		const argument = args[i];
		const mark = argument.indexOf("=");
		const name = mark < 0 ? argument : argument.slice(0, mark);
		if (name === "--config" || name === "--state") {
			const value = mark < 0 ? args[++i] : argument.slice(mark + 1);
			if (value === undefined || value === "") options.error = name + " needs a value";
			else if (name === "--config") options.config = value;
			else options.state = value;
		} else if (mark >= 0 || !takeSwitch(options, name)) options.error = "unknown argument " + argument;
	}
	if (options.error === "") options.error = missing(options);
	return options;
}

function takeSwitch(options: Options, name: string): boolean {
	switch (name) {
		case "--check-config":
			options.checkConfig = true;
			return true;
		case "--print-memory":
			options.printMemory = true;
			return true;
		case "--diagnose":
			options.diagnose = true;
			return true;
		case "--discover":
			options.discover = true;
			return true;
		case "--json":
			options.json = true;
			return true;
		case "--version":
			options.version = true;
			return true;
		case "--help":
		case "-h":
			options.help = true;
			return true;
		default:
			return false;
	}
}

function missing(options: Options): string {
	if (options.help || options.version) return "";
	if (options.json && !options.discover) return "--json goes with --discover";
	if (options.discover && options.config === "") return "";
	if (options.config === "") return "--config FILE is needed";
	if (options.state === "" && !options.checkConfig && !options.printMemory && !options.discover)
		return "--state DIR is needed: the device's identity is kept there";
	return "";
}
