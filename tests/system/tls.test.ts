/** The TLS engine on XS against real servers: Node's and OpenSSL's. Every test runs on each backend that this machine can build. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { before, type TestContext, test } from "node:test";
import tls from "node:tls";
import { build, root } from "../../tools/build.ts";
import { targetReady, targets } from "../../tools/targets.ts";
import type { Authority, Certificate } from "../peers/certificates.ts";
import { atEnd } from "./at_end.ts";
import { makeCertificates, SERVER_NAME } from "./certificates.ts";

/** What tests/unit/tls_probe.ts prints. */
interface Outcome {
	readonly handshake: string;
	readonly reason: string;
	readonly version: string;
	readonly cipher: string;
	readonly sent: number;
	readonly received: number;
	readonly wrong: number;
	readonly end: string;
	readonly text: string;
	readonly allocated: string;
	readonly memory: number;
	readonly resident: number;
}

const PROBE_MS = 60_000;
const certificates = makeCertificates(join(root, "build/certificates/tls"));

/** The two backends: OpenSSL on linux64, Mbed TLS on linux32. */
const backends = ["linux64", "linux32"] as const;
const executables = new Map<string, string>();

before(async () => {
	for (const name of backends) {
		const target = targets[name];
		if (target !== undefined && targetReady(target)) {
			executables.set(name, (await build({ target: name, app: "unit", quiet: true })).executable);
		}
	}
});

/** A test for each backend; one that cannot be built is skipped, and says so. */
function both(title: string, body: (test: TestContext, probe: Probe) => Promise<void>): void {
	for (const name of backends) {
		test(`${title} (${name})`, async (context) => {
			const executable = executables.get(name);
			if (executable === undefined) context.skip(`the packages of ${name} are not installed`);
			else await body(context, (words) => runProbe(executable, words));
		});
	}
}

type Probe = (words: readonly string[]) => Promise<Outcome[]>;

/** Runs the client to its end. @returns what each of its connections came to. */
async function runProbe(executable: string, words: readonly string[]): Promise<Outcome[]> {
	const child = spawn(executable, ["--tls", ...words], { stdio: ["ignore", "pipe", "pipe"], timeout: PROBE_MS });
	let output = "";
	child.stdout.on("data", (text: Buffer) => {
		output += text.toString();
	});
	child.stderr.on("data", (text: Buffer) => {
		output += text.toString();
	});
	const code = await new Promise((resolve) => child.once("close", resolve));
	assert.equal(code, 0, output);
	return output
		.trim()
		.split("\n")
		.map((line) => JSON.parse(line) as Outcome);
}

interface Service {
	readonly port: number;
	/** Handshakes that were completed, seen from the server. */
	secured: number;
	/** Names that clients asked for. */
	readonly names: unknown[];
	/** Plaintext bytes that came. */
	bytes: number;
}

interface ServiceOptions extends tls.TlsOptions {
	/** What is done with a connection; echo unless given. */
	readonly serve?: (socket: tls.TLSSocket) => void;
}

/** A TLS server on a free port of this machine; it goes with the test. */
async function serve(test: TestContext, certificate: Certificate, options: ServiceOptions = {}): Promise<Service> {
	const { serve: body, ...rest } = options;
	const sockets = new Set<tls.TLSSocket>();
	const server = tls.createServer({ key: readFileSync(certificate.key), cert: readFileSync(certificate.chain), ...rest });
	server.on("secureConnection", (socket) => {
		sockets.add(socket);
		service.secured++;
		service.names.push((socket as tls.TLSSocket & { servername?: unknown }).servername);
		socket.on("error", () => {});
		socket.on("data", (data: Buffer) => {
			service.bytes += data.length;
		});
		if (body === undefined) socket.pipe(socket);
		else body(socket);
	});
	server.on("tlsClientError", () => {});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const service: Service = { port: (server.address() as net.AddressInfo).port, secured: 0, names: [], bytes: 0 };
	atEnd(test, () => {
		for (const socket of sockets) socket.destroy();
		server.close();
	});
	return service;
}

function words(port: number, authority: Authority | Certificate, name: string, ...more: string[]): string[] {
	return ["127.0.0.1", String(port), authority.cert, name, ...more];
}

async function accepted(
	test: TestContext,
	probe: Probe,
	certificate: Certificate,
	authority: Authority,
	name: string,
): Promise<void> {
	const service = await serve(test, certificate);
	const [outcome] = await probe(words(service.port, authority, name, "echo=100"));
	assert.equal(outcome?.handshake, "done", outcome?.reason);
	assert.equal(outcome?.received, 100);
	assert.equal(outcome?.wrong, 0);
	assert.deepEqual(service.names, [net.isIP(name) === 0 ? name : false], "SNI is sent for names, and for names only");
}

both("ARROW-1: a single certificate signed by the authority is accepted", (test, probe) =>
	accepted(test, probe, certificates.single, certificates.authority, SERVER_NAME),
);
both("ARROW-1: leaf and intermediate are accepted", (test, probe) =>
	accepted(test, probe, certificates.chained, certificates.authority, SERVER_NAME),
);
both("ARROW-1: an RSA certificate is accepted", (test, probe) =>
	accepted(test, probe, certificates.rsa, certificates.authority, SERVER_NAME),
);
both("ARROW-1: an intermediate may be the configured authority", (test, probe) =>
	accepted(test, probe, certificates.chained, certificates.intermediate, SERVER_NAME),
);
both("ARROW-1: an address is accepted by the certificate's IP names", (test, probe) =>
	accepted(test, probe, certificates.address, certificates.authority, "127.0.0.1"),
);
both("ARROW-1: an IPv6 address is accepted by the certificate's IP names", (test, probe) =>
	accepted(test, probe, certificates.address, certificates.authority, "::1"),
);
both("ARROW-1: a name is accepted by a wildcard", (test, probe) =>
	accepted(test, probe, certificates.wrongName, certificates.authority, "camera.test.example"),
);

interface Refusal {
	readonly title: string;
	readonly certificate: Certificate;
	readonly reason: RegExp;
	readonly authority?: Authority;
	readonly name?: string;
	readonly options?: ServiceOptions;
}

const PLACE = "not among the configured authorities";
const refusals: readonly Refusal[] = [
	{
		title: "wrong CA",
		certificate: certificates.single,
		authority: certificates.other,
		reason: new RegExp(`^certificate "single" is signed by "authority root", which is ${PLACE}$`),
	},
	{
		title: "another CA of the same name",
		certificate: certificates.single,
		authority: certificates.namesake,
		reason: /^certificate "single" is signed by another "authority root" than the configured authority of that name$/,
	},
	{
		title: "wrong name",
		certificate: certificates.wrongName,
		reason: /^certificate is for other\.example, \*\.test\.example, not for arrow\.example$/,
	},
	{
		title: "wildcard over two labels",
		certificate: certificates.wrongName,
		name: "a.b.test.example",
		reason: /not for a\.b\.test\.example$/,
	},
	{
		title: "wrong address",
		certificate: certificates.address,
		name: "127.0.0.2",
		reason: /^certificate is for 127\.0\.0\.1, ::1, not for 127\.0\.0\.2$/,
	},
	{
		title: "address of a certificate that holds names only",
		certificate: certificates.single,
		name: "127.0.0.1",
		reason: /^certificate is for arrow\.example, not for 127\.0\.0\.1$/,
	},
	{ title: "expired", certificate: certificates.expired, reason: /^certificate has expired \(\d{4}-\d\d-\d\d\): "expired"$/ },
	{
		title: "expired intermediate",
		certificate: certificates.byExpired,
		reason: /^certificate has expired \(\d{4}-\d\d-\d\d\): "expired-intermediate"$/,
	},
	{
		title: "not yet valid",
		certificate: certificates.future,
		reason: /^certificate is not valid before \d{4}-\d\d-\d\d, or the clock here is wrong: "future"$/,
	},
	{
		title: "self-signed",
		certificate: certificates.selfSigned,
		reason: new RegExp(`^certificate is self-signed and ${PLACE}: "self-signed"$`),
	},
	{
		title: "leaf issued by a leaf that is no CA",
		certificate: certificates.byLeaf,
		reason: /^certificate "by-leaf" is signed by "chained", which is not a certificate authority$/,
	},
	{
		title: "TLS 1.1 only",
		certificate: certificates.rsa,
		options: { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" },
		reason: /no (allowed )?version of TLS/,
	},
	{
		title: "DHE-RSA only, when legacy ciphers are off",
		certificate: certificates.rsa,
		options: { maxVersion: "TLSv1.2", ciphers: "DHE-RSA-AES128-SHA", dhparam: "auto" },
		reason: /no cipher that is allowed/,
	},
];

for (const { title, certificate, authority, name, options, reason } of refusals) {
	both(`ARROW-1: refused with its own reason, and no byte of data leaves: ${title}`, async (test, probe) => {
		const service = await serve(test, certificate, options);
		const target = words(service.port, authority ?? certificates.authority, name ?? SERVER_NAME, "echo=100");
		const [outcome] = await probe(target);
		assert.equal(outcome?.handshake, "failed");
		assert.match(outcome?.reason ?? "", reason);
		assert.equal(service.bytes, 0);
	});
}

both("TLS: a lowest version of 1.3 is kept, or refused at boot where the library has none", async (test, probe) => {
	const service = await serve(test, certificates.single, { maxVersion: "TLSv1.2" });
	const attempt = probe(words(service.port, certificates.authority, SERVER_NAME, "1.3"));
	if (test.name.includes("linux32")) await assert.rejects(attempt, /has no TLS 1\.3: set the minimum to 1\.2/);
	else assert.match((await attempt)[0]?.reason ?? "", /at least 1\.3 is needed/);
});

both("TLS: legacy ciphers reach a DHE-RSA server when they are on", async (test, probe) => {
	const service = await serve(test, certificates.rsa, { maxVersion: "TLSv1.2", ciphers: "DHE-RSA-AES128-SHA", dhparam: "auto" });
	const [outcome] = await probe(words(service.port, certificates.authority, SERVER_NAME, "legacy", "echo=100000"));
	assert.equal(outcome?.received, 100_000, outcome?.reason);
	assert.equal(outcome?.wrong, 0);
	assert.match(outcome?.cipher ?? "", /DHE-RSA/);
});

const suites = ["ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305"];
for (const ciphers of suites) {
	both(`TLS 1.2 with ${ciphers}: 2 MB there and back, at no cost in the engine`, async (test, probe) => {
		const service = await serve(test, certificates.rsa, { maxVersion: "TLSv1.2", ciphers });
		const [outcome] = await probe(words(service.port, certificates.authority, SERVER_NAME, "echo=2000000"));
		assert.equal(outcome?.version, "TLSv1.2", outcome?.reason);
		assert.equal(outcome?.received, 2_000_000);
		assert.equal(outcome?.wrong, 0);
		assert.equal(outcome?.allocated, "");
	});
}

both(
	"TLS of the highest version: 20 MB there and back, session tickets on the way, at no cost in the engine",
	async (test, probe) => {
		const service = await serve(test, certificates.chained);
		const [outcome] = await probe(words(service.port, certificates.authority, SERVER_NAME, "echo=20000000"));
		assert.equal(outcome?.version, test.name.includes("linux32") ? "TLSv1.2" : "TLSv1.3", outcome?.reason);
		assert.equal(outcome?.received, 20_000_000);
		assert.equal(outcome?.wrong, 0);
		assert.equal(outcome?.allocated, "");
	},
);

both("ARROW-3: ciphertext that comes byte by byte makes no difference", async (test, probe) => {
	const service = await serve(test, certificates.chained);
	const [outcome] = await probe(words(service.port, certificates.authority, SERVER_NAME, "echo=50000", "slow"));
	assert.equal(outcome?.received, 50_000, outcome?.reason);
	assert.equal(outcome?.wrong, 0);
});

both("TLS: an end with close_notify is told from a cut", async (test, probe) => {
	const polite = await serve(test, certificates.single, { serve: (socket) => setTimeout(() => socket.end("bye\n"), 50) });
	const rude = await serve(test, certificates.single, {
		serve: (socket) => socket.write("bye\n", () => setTimeout(() => socket.destroy(), 100)),
	});
	const [first] = await probe(words(polite.port, certificates.authority, SERVER_NAME, "listen"));
	assert.deepEqual([first?.text, first?.end, first?.reason], ["bye\n", "close_notify", ""]);
	const [second] = await probe(words(rude.port, certificates.authority, SERVER_NAME, "listen"));
	assert.deepEqual([second?.text, second?.end, second?.reason], ["bye\n", "cut", ""]);
});

/** A relay to `port` that changes what the server sends; `total` is how many bytes it sent before. @returns its port. */
async function relay(test: TestContext, port: number, change: (data: Buffer, total: number) => Buffer): Promise<number> {
	const server = net.createServer((client) => {
		let total = 0;
		const upstream = net.connect(port, "127.0.0.1");
		client.pipe(upstream);
		upstream.on("data", (data) => {
			client.write(change(data, total));
			total += data.length;
		});
		for (const socket of [client, upstream]) socket.on("error", () => {});
		client.on("close", () => upstream.destroy());
		upstream.on("close", () => client.destroy());
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	atEnd(test, () => server.close());
	return (server.address() as net.AddressInfo).port;
}

both("TLS: a bit flipped on the way breaks the session with a reason, wherever it is", async (test, probe) => {
	const service = await serve(test, certificates.chained);
	for (const place of [0, 1, 7, 40, 90, 300, 1_000, 20_000, 60_000]) {
		const port = await relay(test, service.port, (data, total) => {
			const at = place - total;
			if (at >= 0 && at < data.length) data.writeUInt8(data.readUInt8(at) ^ 0x10, at);
			return data;
		});
		const [outcome] = await probe(words(port, certificates.authority, SERVER_NAME, "echo=200000"));
		assert.equal(outcome?.end, "failed", `bit flipped in byte ${place}`);
		assert.notEqual(outcome?.reason, "", `bit flipped in byte ${place}`);
		assert.equal(outcome?.wrong, 0, `bit flipped in byte ${place}`);
	}
});

both("TLS: garbage instead of a server, and behind a server's hello, breaks the session with a reason", async (test, probe) => {
	const garbage = Buffer.alloc(100_000, 0xa7);
	const service = await serve(test, certificates.chained);
	for (const place of [0, 50, 500]) {
		const port = await relay(test, service.port, (data, total) => (total >= place ? garbage : data));
		const [outcome] = await probe(words(port, certificates.authority, SERVER_NAME, "echo=200000"));
		assert.ok(outcome?.end === "failed" || outcome?.end === "cut", outcome?.end);
		if (outcome?.end === "failed") assert.notEqual(outcome.reason, "");
		assert.equal(outcome?.wrong, 0);
	}
});

both("TLS: 60 sessions on one engine leave the process as large as it was", async (test, probe) => {
	const service = await serve(test, certificates.chained);
	const outcomes = await probe(words(service.port, certificates.authority, SERVER_NAME, "echo=40000", "rounds=60"));
	assert.equal(outcomes.length, 60);
	for (const outcome of outcomes) assert.equal(outcome.received, 40_000, outcome.reason);
	assert.equal(service.secured, 60);
	const grown = (outcomes[59]?.resident ?? 0) - (outcomes[9]?.resident ?? 0);
	assert.ok(grown <= 65_536, `${grown} bytes more after 50 sessions`);
});

/** `openssl s_server`, which takes commands on its standard input. */
async function commanded(
	test: TestContext,
	certificate: Certificate,
	more: string[],
): Promise<{ port: number; child: ChildProcess }> {
	const files = ["-key", certificate.key, "-cert", certificate.cert, "-cert_chain", certificate.chain];
	const child = spawn("openssl", ["s_server", "-accept", "127.0.0.1:0", ...files, ...more], {
		stdio: ["pipe", "pipe", "inherit"],
	});
	atEnd(test, () => child.kill("SIGKILL"));
	const port = await new Promise<number>((resolve) => {
		let said = "";
		child.stdout?.on("data", (text: Buffer) => {
			said += text.toString();
			const found = /ACCEPT .*:(\d+)/.exec(said)?.[1];
			if (found !== undefined) resolve(Number(found));
		});
	});
	return { port, child };
}

/** Resolves when the server has printed `text`. */
function printed(child: ChildProcess, text: string): Promise<void> {
	return new Promise((resolve) => {
		let said = "";
		child.stdout?.on("data", (data: Buffer) => {
			said += data.toString();
			if (said.includes(text)) resolve();
		});
	});
}

test("TLS 1.3: the server's KeyUpdate is followed and answered (linux64)", async (context) => {
	const { port, child } = await commanded(context, certificates.single, ["-tls1_3"]);
	const attempt = runProbe(executables.get("linux64") ?? "", words(port, certificates.authority, SERVER_NAME, "listen"));
	await printed(child, "CIPHER is");
	for (let i = 0; i < 3; i++) {
		const answer = printed(child, "pong");
		// K: new keys, and the client is asked for new ones.
		child.stdin?.write("K\n");
		await new Promise((resolve) => setTimeout(resolve, 100));
		child.stdin?.write("ping\n");
		await answer;
	}
	child.stdin?.write("Q\n");
	const [outcome] = await attempt;
	assert.equal(outcome?.text, "ping\nping\nping\n", outcome?.reason);
	assert.equal(outcome?.sent, 15);
});

both("TLS 1.2: a renegotiation that the server asks for does not happen", async (test, probe) => {
	const { port, child } = await commanded(test, certificates.single, ["-tls1_2"]);
	const attempt = probe(words(port, certificates.authority, SERVER_NAME, "listen"));
	await printed(child, "CIPHER is");
	let again = false;
	printed(child, "CIPHER is").then(() => {
		again = true;
	});
	child.stdin?.write("r\n");
	await new Promise((resolve) => setTimeout(resolve, 300));
	child.stdin?.write("Q\n");
	const [outcome] = await attempt;
	assert.equal(outcome?.handshake, "done");
	assert.equal(again, false);
});
