import TLS, { Handshake, TLSStatus } from "net/tls";
import { Allocation } from "unit/allocation";
import { type ClientHello, parseClientHello } from "unit/client_hello";
import { Scratch } from "unit/scratch";
import type { Check, Suite } from "unit/suite";

/** An authority of the tests' own; its key was thrown away. */
export const AUTHORITY =
	"-----BEGIN CERTIFICATE-----\n" +
	"MIIBgTCCASigAwIBAgIUGBUQvYN3eOrSov+ibJP9HbiSLoQwCgYIKoZIzj0EAwIw\n" +
	"HjEcMBoGA1UEAwwTVW5pdCB0ZXN0IGF1dGhvcml0eTAgFw0yMDAxMTYxODU3MTNa\n" +
	"GA8yMTI2MTAyNzE4NTcxM1owHjEcMBoGA1UEAwwTVW5pdCB0ZXN0IGF1dGhvcml0\n" +
	"eTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABE8skeifJhOPK/H/0LTvT+pS3dE9\n" +
	"h4aDWiC5246IOWokp6r9ZB6vIn+NFilvGkseGNaWVKUh/UqnNWFkkJj0UoyjQjBA\n" +
	"MA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQDAgEGMB0GA1UdDgQWBBSEchgU\n" +
	"UU2G524CtTXyx+RfkGpBIzAKBggqhkjOPQQDAgNHADBEAiACFcvcdyYUT+NCXzY9\n" +
	"nse5Tu1Rz5DOx2HRt73pL7UM+QIgcWYihwaZOVpwieAHFYWpPj76tkMjAbzzA54I\n" +
	"fYf7wSU=\n" +
	"-----END CERTIFICATE-----\n";

/** Room for whatever the engine sends at once. */
const OUTPUT = 20_000;

/** Alerts of RFC 8446 section 6, fatal, as records that a server sends before anything else. */
const ALERT_HANDSHAKE_FAILURE = "15 03 01 0002 0228";
const ALERT_PROTOCOL_VERSION = "15 03 01 0002 0246";
const ALERT_INTERNAL_ERROR = "15 03 01 0002 0250";

function bytes(hex: string): ArrayBuffer {
	const text = hex.split(" ").join("");
	const view = new Uint8Array(text.length / 2);
	for (let i = 0; i < view.length; i++) view[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
	return view.buffer;
}

function feed(tls: TLS, input: ArrayBuffer): number {
	let at = 0;
	let state = tls.handshake();
	while (at < input.byteLength && state === Handshake.GOING_ON) {
		const taken = tls.receive(input, at, input.byteLength - at);
		at += taken;
		state = tls.handshake();
		if (taken === 0) break;
	}
	return state;
}

function hello(tls: TLS, name: string): ClientHello | undefined {
	const output = new ArrayBuffer(OUTPUT);
	tls.start(name);
	tls.handshake();
	return parseClientHello(output, tls.send(output, 0, OUTPUT));
}

/** Runs `body` with an engine, and with the path of its authorities. */
function withEngine(body: (tls: TLS, path: string) => void, legacyCiphers = false): void {
	const scratch = new Scratch();
	const path = scratch.write("authority.pem", new Uint8Array(ArrayBuffer.fromString(AUTHORITY)));
	const tls = new TLS({ authorities: path, legacyCiphers });
	body(tls, path);
	tls.close();
	scratch.remove();
}

/** TLS_EMPTY_RENEGOTIATION_INFO_SCSV, RFC 5746 section 3.3: no cipher. */
const SIGNAL = 0x00ff;

/** Names of the IANA registry: ECDHE with AES-GCM or ChaCha20-Poly1305, and the ciphers of TLS 1.3. */
const MODERN = [0xc02b, 0xc02c, 0xc02f, 0xc030, 0xcca8, 0xcca9, 0x1301, 0x1302, 0x1303];
/** DHE-RSA with AES. */
const LEGACY = [0x009e, 0x009f, 0x0067, 0x006b, 0x0033, 0x0039];

function checkCiphers(check: Check, offered: readonly number[], allowed: readonly number[]): void {
	for (const cipher of offered)
		check.ok(cipher === SIGNAL || allowed.indexOf(cipher) >= 0, `cipher ${cipher.toString(16)} may be offered`);
}

function optionTests(suite: Suite): void {
	suite.test("ARROW-1 TLS: authorities that are missing or hold no certificate are named at boot", (check) => {
		const scratch = new Scratch();
		const empty = scratch.write("empty.pem", new Uint8Array(0));
		const junk = scratch.write("junk.pem", new Uint8Array(ArrayBuffer.fromString("-----BEGIN CERTIFICATE-----\nAAAA\n")));
		check.throws(() => new TLS({ authorities: scratch.path + "/none.pem" }), "none.pem: cannot read the certificate authorities");
		check.throws(() => new TLS({ authorities: empty }), "empty.pem: holds no certificate");
		check.throws(() => new TLS({ authorities: junk }), "junk.pem: holds no certificate");
		check.throws(() => new TLS({ authorities: "x".repeat(2000) }), "authorities is longer than");
		scratch.remove();
	});

	suite.test("TLS: memory is a bound that fits a plan", (check) => {
		withEngine((tls) => {
			check.ok(tls.memory > 35_000, "two records of the longest size at least");
			check.ok(tls.memory < 400_000, `${tls.memory} bytes`);
		});
	});

	suite.test("TLS: a closed engine is refused", (check) => {
		withEngine((tls) => {
			const output = new ArrayBuffer(10);
			tls.close();
			tls.close();
			check.throws(() => tls.start("arrow.example"), "used after close");
			check.throws(() => tls.send(output, 0, 10), "used after close");
			check.throws(() => tls.reason, "used after close");
		});
	});

	suite.test("TLS: spans outside of a buffer throw RangeError", (check) => {
		withEngine((tls) => {
			const buffer = new ArrayBuffer(100);
			tls.start("arrow.example");
			check.throws(() => tls.receive(buffer, 0, 101), "outside of the buffer");
			check.throws(() => tls.receive(buffer, 101, 0), "outside of the buffer");
			check.throws(() => tls.send(buffer, 1, 100), "outside of the buffer");
			check.throws(() => tls.read(buffer, 50, 51), "outside of the buffer");
			check.throws(() => tls.write(buffer, -1, 5), "not an offset or a length");
		});
	});
}

function helloTests(suite: Suite): void {
	suite.test("ARROW-1 TLS: the hello names the server, and offers 1.2 or 1.3 with forward secrecy and AEAD only", (check) => {
		withEngine((tls) => {
			const first = hello(tls, "arrow.example");
			if (first === undefined) return check.fail("no ClientHello");
			check.equal(first.serverName, "arrow.example");
			check.ok(first.versions.length > 0);
			for (const version of first.versions) check.ok(version === 0x0303 || version === 0x0304, `version ${version}`);
			checkCiphers(check, first.ciphers, MODERN);
			check.equal(first.compressions, "0");
			check.ok(!first.ticket, "no session ticket asked for");
		});
	});

	suite.test("ARROW-1 TLS: no SNI for a numeric address; the final dot is no part of a name", (check) => {
		withEngine((tls) => {
			check.equal(hello(tls, "192.0.2.7")?.serverName, "");
			check.equal(hello(tls, "2001:db8::7")?.serverName, "");
			check.equal(hello(tls, "arrow.example.")?.serverName, "arrow.example");
		});
	});

	suite.test("TLS: DHE-RSA-AES is offered when it is configured, behind the others", (check) => {
		withEngine((tls) => {
			const ciphers = hello(tls, "arrow.example")?.ciphers ?? [];
			checkCiphers(check, ciphers, MODERN.concat(LEGACY));
			const first = ciphers.findIndex((cipher) => LEGACY.indexOf(cipher) >= 0);
			check.ok(first > 0, "a legacy cipher is offered");
			for (let i = first; i < ciphers.length; i++) check.ok(MODERN.indexOf(ciphers[i] as number) < 0, "modern ones come first");
		}, true);
	});
}

function refusalTests(suite: Suite): void {
	const refused = (title: string, input: string, part: string): void =>
		suite.test(title, (check) => {
			withEngine((tls) => {
				tls.start("arrow.example");
				check.equal(feed(tls, bytes(input)), Handshake.FAILED);
				check.ok(tls.reason.indexOf(part) >= 0, tls.reason);
				check.equal(tls.handshake(), Handshake.FAILED, "it stays");
				check.equal(tls.version, "");
				check.equal(tls.read(new ArrayBuffer(8), 0, 8), TLSStatus.FAILED);
				check.equal(tls.write(new ArrayBuffer(8), 0, 8), TLSStatus.FAILED);
				tls.end();
				// The next session is a new one.
				check.equal(hello(tls, "other.example")?.serverName, "other.example");
				check.equal(tls.reason, "");
			});
		});

	refused("TLS: an HTTP answer is not TLS", "48545450 2f312e31 20343030 20426164", "not TLS");
	refused("TLS: random bytes are not TLS", "a9 31 7c 55 02 ff 10 00 8e 41 97 3b 6d 00 01 02 03 04", "not TLS");
	refused("TLS: the alert protocol_version is told as such", ALERT_PROTOCOL_VERSION, "no allowed version of TLS (at least 1.2");
	refused("TLS: the alert handshake_failure is told as such", ALERT_HANDSHAKE_FAILURE, "refused the handshake");
	refused("TLS: any other alert is told as such", ALERT_INTERNAL_ERROR, "alert");
	refused(
		"TLS: a ServerHello of TLS 1.1 is refused",
		`16 0302 002a 02 000026 0302 ${"5a".repeat(32)} 00 c013 00`,
		"no allowed version of TLS (at least 1.2",
	);
	refused("TLS: a record with a length above the limit breaks the session", "16 0303 ffff 02", "");
	refused("TLS: application data in place of the handshake breaks the session", "17 0303 0004 01020304", "");

	suite.test("TLS: a name that cannot be one fails the session, not the program", (check) => {
		withEngine((tls) => {
			tls.start("");
			check.equal(tls.handshake(), Handshake.FAILED);
			check.ok(tls.reason.indexOf("empty or too long") >= 0, tls.reason);
			tls.start("a".repeat(300));
			check.equal(tls.handshake(), Handshake.FAILED);
			check.equal(hello(tls, "arrow.example")?.serverName, "arrow.example");
		});
	});
}

function bufferTests(suite: Suite): void {
	suite.test("TLS: the hello leaves byte by byte, and input beyond the engine's room waits", (check) => {
		withEngine((tls) => {
			const whole = new ArrayBuffer(OUTPUT);
			const output = new ArrayBuffer(OUTPUT);
			tls.start("arrow.example");
			check.equal(tls.handshake(), Handshake.GOING_ON);
			let length = 0;
			while (tls.send(output, length, 1) === 1) length++;
			check.equal(parseClientHello(output, length)?.serverName, "arrow.example");
			// A record that is never complete: its head promises 16,384 bytes.
			new Uint8Array(whole).set([0x16, 0x03, 0x03, 0x40, 0x00, 0x02, 0x00, 0x3f, 0xfc, 0x03, 0x03]);
			let taken = 0;
			for (;;) {
				const count = tls.receive(whole, 0, 1000);
				if (count === 0) break;
				taken += count;
				check.ok(taken <= 40_000, "the engine's room is bounded");
			}
			check.ok(taken >= 1024, `${taken} bytes`);
		});
	});

	suite.test("TLS: nothing is read, written or ended before the handshake", (check) => {
		withEngine((tls) => {
			const buffer = new ArrayBuffer(100);
			check.equal(tls.handshake(), Handshake.GOING_ON, "before the first start");
			check.equal(tls.send(buffer, 0, 100), 0);
			tls.start("arrow.example");
			check.equal(tls.read(buffer, 0, 100), TLSStatus.AGAIN);
			check.equal(tls.write(buffer, 0, 100), 0);
			tls.end();
			check.equal(tls.send(buffer, 0, 100), 0, "not even a hello until handshake is called");
			check.equal(tls.cipher, "");
		});
	});

	suite.test("TLS: the calls of a session cost 0 slots, 0 chunk bytes, 0 collections", (check) => {
		withEngine((tls) => {
			const output = new ArrayBuffer(OUTPUT);
			const head = bytes("16 0303 4000 02 003ffc 0303");
			const name = "arrow.example";
			const allocation = new Allocation();
			tls.start(name);
			tls.handshake();
			allocation.begin();
			for (let i = 0; i < 100; i++) {
				tls.start(name);
				tls.handshake();
				tls.send(output, 0, OUTPUT);
				tls.receive(head, 0, head.byteLength);
				tls.handshake();
				tls.read(output, 0, OUTPUT);
				tls.write(output, 0, 100);
			}
			allocation.expectNone(check);
		});
	});
}

export default function (suite: Suite): void {
	optionTests(suite);
	helloTests(suite);
	refusalTests(suite);
	bufferTests(suite);
}
