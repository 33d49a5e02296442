/** `--diagnose`: each thing that can be wrong on the way to the Arrow service has its line, its advice and its exit status. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { before, type TestContext, test } from "node:test";
import { build } from "../../tools/build.ts";
import { targetReady, targets } from "../../tools/targets.ts";
import type { ArrowDevice } from "../peers/arrow_device.ts";
import { type ArrowServiceOptions, type ArrowService, freePort, listenOn } from "../peers/arrow_service.ts";
import { encodeControl, Type } from "../peers/arrow_wire.ts";
import { type Certificate, type IssueOptions, issue, makeAuthority } from "../peers/certificates.ts";
import { sink } from "../peers/local_services.ts";
import { atEnd } from "./at_end.ts";
import { executable, root, type ServiceUrl, startService, tcp, temporaryFolder, testAuthority } from "./device.ts";

const FOLDER = join(root, "build/certificates/diagnose");
const RUN_MS = 20_000;

/** The other TLS library, when this machine can build it. */
let small: string | undefined;

before(async () => {
	const target = targets["linux32"];
	if (target !== undefined && targetReady(target)) small = (await build({ target: "linux32", quiet: true })).executable;
});

interface Outcome {
	readonly code: number | null;
	/** What it printed, and its log. */
	readonly text: string;
	readonly log: string;
	readonly state: string;
	readonly elapsed: number;
}

interface Options {
	readonly service: string;
	readonly authorities?: string;
	readonly services?: readonly ServiceUrl[];
	readonly times?: Readonly<Record<string, number>>;
	/** Further keys of the configuration, and of `arrow`. */
	readonly more?: Readonly<Record<string, unknown>>;
	readonly arrow?: Readonly<Record<string, unknown>>;
	readonly state?: string;
	readonly executable?: string;
	/** A program and its arguments in front of the command. */
	readonly wrapper?: readonly string[];
}

/** Runs the command to its end. */
async function diagnose(t: TestContext, options: Options): Promise<Outcome> {
	const folder = temporaryFolder(t);
	const file = join(folder, "config.json");
	const state = options.state ?? join(folder, "state");
	const { service, services = [], times = {} } = options;
	const arrow = { service, authorities: options.authorities ?? testAuthority().cert, services, times, ...options.arrow };
	writeFileSync(file, JSON.stringify({ arrow, ...options.more }));
	const start = performance.now();
	const command = [
		...(options.wrapper ?? []),
		options.executable ?? executable,
		"--config",
		file,
		"--state",
		state,
		"--diagnose",
	];
	const child = spawn(command[0] as string, command.slice(1), { stdio: ["ignore", "pipe", "pipe"], timeout: RUN_MS });
	let text = "";
	let log = "";
	child.stdout.on("data", (data: Buffer) => {
		text += data.toString();
	});
	child.stderr.on("data", (data: Buffer) => {
		log += data.toString();
	});
	const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
	return { code, text, log, state, elapsed: performance.now() - start };
}

function expect(outcome: Outcome, code: number, ...patterns: RegExp[]): void {
	assert.equal(outcome.code, code, outcome.text + outcome.log);
	for (const pattern of patterns) assert.match(outcome.text, pattern);
}

function certificate(options: Omit<IssueOptions, "dns" | "issuer"> & Partial<IssueOptions>): Certificate {
	return issue(FOLDER, { dns: ["localhost"], issuer: testAuthority(), ...options });
}

/** A plain TCP server that goes with the test. */
async function plainServer(t: TestContext, serve: (socket: net.Socket) => void): Promise<number> {
	const sockets = new Set<net.Socket>();
	const server = net.createServer((socket) => {
		sockets.add(socket);
		socket.on("error", () => undefined);
		serve(socket);
	});
	atEnd(t, () => {
		for (const socket of sockets) socket.destroy();
		server.close();
	});
	return listenOn(server, 0);
}

async function against(t: TestContext, options: Partial<ArrowServiceOptions>, more: Partial<Options> = {}): Promise<Outcome> {
	const service = await startService(t, options);
	return diagnose(t, { service: `localhost:${service.port}`, ...more });
}

test("ARROW-41 --diagnose: all is well: every step says so, exit 0; the service sees one clean visit", async (t) => {
	const service = await startService(t);
	const local = await sink();
	atEnd(t, () => local.close());
	const unused = await freePort();
	const camera = { source: "/no/such/clip.mjpeg", http: { port: await freePort() } };
	const outcome = await diagnose(t, {
		service: `localhost:${service.port}`,
		services: [
			tcp(local),
			{ type: "rtsp", url: `rtsp://admin:secret@127.0.0.1:${unused}/live` },
			{ type: "tcp", url: "tcp://192.0.2.7:22" },
		],
		more: { camera, log: { level: "debug" } },
	});
	expect(
		outcome,
		0,
		/^Arrow service localhost:\d+$/m,
		/^ {2}name {8}ok {6}localhost is 127\.0\.0\.1$/m,
		/^ {2}connection {2}ok {6}127\.0\.0\.1:\d+ answers in \d+ ms; the device is 127\.0\.0\.1$/m,
		/^ {2}TLS {9}ok {6}TLSv1\.[23] \S+, certificate checked against .*test\.cert\.pem$/m,
		/^ {2}REGISTER {4}ok {6}accepted in \d+ ms$/m,
		new RegExp(`^ {2}tcp 127\\.0\\.0\\.1:${local.port} +ok +answers$`, "m"),
		new RegExp(`^ {2}rtsp 127\\.0\\.0\\.1:${unused}/live +FAILED +nothing listens there`, "m"),
		/^ {2}tcp 192\.0\.2\.7:22 .*arrow\.gateway$/m,
		/takes this device\.$/m,
	);
	assert.doesNotMatch(outcome.text + outcome.log, /secret/);
	assert.match(outcome.log, /identity-made/);
	assert.equal(service.registrations, 1);
	assert.equal(service.connections, 1);
	assert.equal(service.devices.size, 0);
	assert.deepEqual(service.violations, []);
	assert.deepEqual(readdirSync(outcome.state).sort(), ["identity", "identity.backup"]);
});

test("ARROW-41 --diagnose: not paired: MAC and UUID as REGISTER has them, the same at every run", async (t) => {
	let uuid = "";
	let mac = "";
	const service = await startService(t, {
		registerAck: (registration) => {
			uuid = registration.uuid;
			mac = registration.mac;
			return 2;
		},
	});
	const options = { service: `localhost:${service.port}`, arrow: { mac: "02:00:00:12:34:56" } };
	const first = await diagnose(t, options);
	expect(first, 17, /REGISTER {4}FAILED {2}.*not paired/, / MAC {3}02:00:00:12:34:56$/m);
	assert.equal(mac, "02:00:00:12:34:56");
	assert.ok(first.text.includes(` UUID  ${uuid}\n`), `${uuid}\n${first.text}`);
	const second = await diagnose(t, { ...options, state: first.state });
	assert.ok(second.text.includes(` UUID  ${uuid}\n`));
	assert.equal(service.registrations, 2);
});

const CODES: readonly (readonly [code: number, exit: number, words: RegExp])[] = [
	[1, 18, /does not support version 2/],
	[3, 19, /refused with the code 3 \(connection error\)/],
	[4, 19, /refused with the code 4/],
	[5, 19, /refused with the code 5/],
	[0xffffffff, 19, /refused with the code ffffffff \(internal server error\)/],
];

for (const [code, exit, words] of CODES) {
	test(`ARROW-8 --diagnose: REGISTER answered by ACK ${code.toString(16)}: exit ${exit}`, async (t) => {
		expect(await against(t, { registerAck: code }), exit, words, /exit status/);
	});
}

test("ARROW-41 --diagnose: no answer to REGISTER: exit 20 after the configured time", async (t) => {
	const outcome = await against(t, { registerAck: null }, { times: { ack: 500 } });
	expect(outcome, 20, /REGISTER {4}FAILED {2}no answer in 0\.5 s/);
	assert.ok(outcome.elapsed >= 450 && outcome.elapsed < 3_000, `${outcome.elapsed} ms`);
});

test("ARROW-41 --diagnose: the service hangs up instead of answering: exit 20", async (t) => {
	const service = await startService(t, { registerAck: null });
	service.on("connection", (device: ArrowDevice) => {
		device
			.waitForMessage((one) => one.control?.type === Type.REGISTER)
			.then(
				() => device.cut(),
				() => undefined,
			);
	});
	expect(await diagnose(t, { service: `localhost:${service.port}` }), 20, /REGISTER {4}FAILED {2}no answer; /);
});

test("ARROW-41 --diagnose: something else than ACK, or another protocol inside TLS: exit 21", async (t) => {
	for (const bytes of [encodeControl(0xbeef, Type.PING), Buffer.from("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")]) {
		const service = await startService(t, { registerAck: null });
		service.on("connection", (device: ArrowDevice) => {
			device
				.waitForMessage((one) => one.control?.type === Type.REGISTER)
				.then(
					() => device.sendRaw(bytes),
					() => undefined,
				);
		});
		expect(
			await diagnose(t, { service: `localhost:${service.port}` }),
			21,
			/REGISTER {4}FAILED {2}what answers does not speak Arrow: /,
		);
	}
});

interface Fault {
	readonly title: string;
	readonly certificate: () => Certificate;
	readonly exit: number;
	readonly words: RegExp;
}

const FAULTS: readonly Fault[] = [
	{
		title: "of an authority that is not configured",
		certificate: () => certificate({ name: "foreign", issuer: makeAuthority(FOLDER, "foreign-authority") }),
		exit: 13,
		words: /TLS {9}FAILED {2}certificate .* which is not among the configured authorities/,
	},
	{
		title: "signed by itself",
		certificate: () => issue(FOLDER, { name: "self", dns: ["localhost"] }),
		exit: 13,
		words: /TLS {9}FAILED {2}certificate is self-signed/,
	},
	{
		title: "that has expired",
		certificate: () => certificate({ name: "expired", days: -30 }),
		exit: 14,
		words: /TLS {9}FAILED {2}certificate has expired \(\d{4}-\d\d-\d\d\)[\s\S]*the clock here is wrong: it says 2/,
	},
	{
		title: "that is not valid yet",
		certificate: () => certificate({ name: "future", fromDay: 30 }),
		exit: 15,
		words: /TLS {9}FAILED {2}certificate is not valid before \d{4}-\d\d-\d\d[\s\S]*Set the clock of the device/,
	},
	{
		title: "for other names",
		certificate: () => certificate({ name: "other-name", dns: ["arrow.example", "*.cloud.example"] }),
		exit: 16,
		words: /TLS {9}FAILED {2}certificate is for arrow\.example, \*\.cloud\.example, not for localhost/,
	},
];

for (const { title, certificate: make, exit, words } of FAULTS) {
	test(`ARROW-1 --diagnose: a certificate ${title}: exit ${exit}, with both TLS libraries; nothing is registered`, async (t) => {
		const service = await startService(t, { certificate: make() });
		for (const program of [executable, small]) {
			if (program === undefined) continue;
			const outcome = await diagnose(t, { service: `localhost:${service.port}`, executable: program });
			expect(outcome, exit, words);
			assert.doesNotMatch(outcome.text, /REGISTER/);
		}
		assert.equal(service.registrations, 0);
	});
}

test("ARROW-41 --diagnose: the authorities' file is not there, or holds none: exit 2 and the file's name", async (t) => {
	const empty = join(temporaryFolder(t), "empty.pem");
	writeFileSync(empty, "nothing\n");
	for (const authorities of ["/no/such/authorities.pem", empty]) {
		const outcome = await diagnose(t, { service: "localhost:1", authorities });
		assert.equal(outcome.code, 2, outcome.text);
		assert.ok(outcome.log.includes(authorities), outcome.log);
	}
});

test("ARROW-41 --diagnose: without `arrow` there is nothing to do: exit 2", async (t) => {
	const folder = temporaryFolder(t);
	const file = join(folder, "config.json");
	writeFileSync(file, "{}");
	const child = spawn(executable, ["--config", file, "--state", join(folder, "state"), "--diagnose"]);
	assert.equal(await new Promise((resolve) => child.once("close", resolve)), 2);
});

test("ARROW-41 --diagnose: a name that leads nowhere: exit 10", async (t) => {
	const outcome = await diagnose(t, { service: "arrow.invalid", services: [{ type: "tcp", url: "tcp://127.0.0.1:9" }] });
	expect(
		outcome,
		10,
		/^Arrow service arrow\.invalid:8900$/m,
		/name {8}FAILED {2}arrow\.invalid: host not found/,
		/spelled right/,
	);
	// The services on the device's own host are looked at all the same.
	assert.match(outcome.text, /tcp 127\.0\.0\.1:9 +FAILED +nothing listens there/);
});

test("ARROW-41 --diagnose: a name with several addresses: the one in use, and all of them", async (t) => {
	const hosts = join(temporaryFolder(t), "hosts");
	writeFileSync(hosts, "127.0.0.1 localhost\n::1 many.example\n127.0.0.1 many.example\n192.0.2.9 many.example\n");
	// A mount namespace with names of its own; making one takes rights that not every machine gives.
	const wrapper = ["unshare", "-m", "sh", "-c", 'mount --bind "$1" /etc/hosts && shift && exec "$@"', "sh", hosts];
	if (spawnSync(wrapper[0] as string, [...wrapper.slice(1), "true"]).status !== 0) {
		t.skip("this user may not make a mount namespace");
		return;
	}
	const outcome = await diagnose(t, { service: `many.example:${await freePort()}`, wrapper });
	expect(outcome, 11, /name {8}ok {6}many\.example is 127\.0\.0\.1, taken from ::1, 127\.0\.0\.1, 192\.0\.2\.9$/m);
});

test("ARROW-41 --diagnose: nothing listens: exit 11", async (t) => {
	const port = await freePort();
	const outcome = await diagnose(t, { service: `127.0.0.1:${port}` });
	expect(
		outcome,
		11,
		/name {8}ok {6}127\.0\.0\.1 is an address/,
		/connection {2}FAILED {2}127\.0\.0\.1:\d+: nothing listens there \(ECONNREFUSED\)/,
	);
});

test("ARROW-41 --diagnose: no TLS: another protocol, silence, an end in the handshake, TLS that is too old: exit 12", async (t) => {
	const other = await plainServer(t, (socket) => socket.write("220 mail.example ESMTP\r\n".repeat(3)));
	expect(await diagnose(t, { service: `localhost:${other}` }), 12, /TLS {9}FAILED {2}the answer is not TLS/, /Is the port right/);
	const silent = await plainServer(t, () => undefined);
	const outcome = await diagnose(t, { service: `localhost:${silent}`, times: { connect: 600 } });
	expect(outcome, 12, /TLS {9}FAILED {2}no answer in 0\.6 s/);
	assert.ok(outcome.elapsed < 4_000);
	const closing = await plainServer(t, (socket) => socket.once("data", () => socket.end()));
	expect(await diagnose(t, { service: `localhost:${closing}` }), 12, /TLS {9}FAILED {2}/, /cut in the middle of the handshake/);
	const old = { maxVersion: "TLSv1.1", minVersion: "TLSv1", ciphers: "ALL:@SECLEVEL=0" } as const;
	expect(await against(t, { tls: old }), 12, /TLS {9}FAILED {2}server/, /too old/);
});

/** A service that sends each device on to `target` as soon as it is there. */
async function dispatcher(t: TestContext, target: () => string): Promise<ArrowService> {
	const service = await startService(t);
	service.on("device", (device: ArrowDevice) => device.redirect(target()));
	return service;
}

test("ARROW-13 --diagnose: a redirect is told and followed: exit 0 when the target takes the device", async (t) => {
	const target = await startService(t);
	const service = await dispatcher(t, () => `localhost:${target.port}`);
	const outcome = await diagnose(t, { service: `localhost:${service.port}` });
	expect(
		outcome,
		0,
		new RegExp(
			`redirect {4}ok {6}the service sends the device on to localhost:${target.port}\nArrow service localhost:${target.port}\n`,
		),
	);
	assert.equal(service.registrations, 1);
	assert.equal(target.registrations, 1);
	assert.deepEqual([...service.violations, ...target.violations], []);
});

test("ARROW-13 --diagnose: a redirect to where nothing listens: exit 11; in circles: exit 22 after five", async (t) => {
	const port = await freePort();
	const lost = await dispatcher(t, () => `localhost:${port}`);
	expect(await diagnose(t, { service: `localhost:${lost.port}` }), 11, new RegExp(`Arrow service localhost:${port}\n`));
	const circle: ArrowService = await dispatcher(t, () => `localhost:${circle.port}`);
	expect(await diagnose(t, { service: `localhost:${circle.port}` }), 22, /redirect {4}FAILED/);
	assert.equal(circle.registrations, 6);
});

test("ARROW-41 --diagnose: a service by name: its address, or that the name leads nowhere", async (t) => {
	const service = await startService(t);
	const local = await sink();
	atEnd(t, () => local.close());
	const url = `tcp://localhost:${local.port}`;
	expect(
		await diagnose(t, { service: `localhost:${service.port}`, services: [{ type: "tcp", url }] }),
		0,
		/tcp localhost:\d+ +ok +answers/,
	);
});

test("--diagnose: --help and the README list each exit status", async () => {
	const child = spawn(executable, ["--help"]);
	let help = "";
	child.stdout.on("data", (data: Buffer) => {
		help += data.toString();
	});
	await new Promise((resolve) => child.once("close", resolve));
	assert.match(help, /--diagnose/);
	const readme = readFileSync(join(root, "modules/device/README.md"), "utf8");
	for (let code = 10; code <= 22; code++) {
		assert.match(help, new RegExp(`\\b${code} `), `--help: ${code}`);
		assert.match(readme, new RegExp(`^\\| ${code} +\\|`, "m"), `README: ${code}`);
	}
});
