/** What the device's own log says of a service whose certificate or TLS it refuses, and that nothing of it leaves before. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import tls from "node:tls";
import { type Certificate, issue, makeAuthority } from "../peers/certificates.ts";
import { atEnd } from "./at_end.ts";
import { root, startDevice, testAuthority, testCertificate } from "./device.ts";

const folder = join(root, "build/certificates/log");
const dns = ["localhost"];
const issuer = testAuthority();

interface Case {
	readonly title: string;
	readonly certificate: Certificate;
	readonly reason: RegExp;
	readonly options?: tls.TlsOptions;
}

const cases: readonly Case[] = [
	{
		title: "wrong CA",
		certificate: issue(folder, { name: "stranger", dns, issuer: makeAuthority(folder, "other") }),
		reason: /"stranger" is signed by "other root", which is not among the configured authorities/,
	},
	{
		title: "wrong name",
		certificate: issue(folder, { name: "wrong-name", dns: ["arrow.example"], issuer }),
		reason: /certificate is for arrow\.example, not for localhost/,
	},
	{
		title: "expired",
		certificate: issue(folder, { name: "expired", dns, issuer, days: -30 }),
		reason: /certificate has expired \(\d{4}-\d\d-\d\d\)/,
	},
	{
		title: "self-signed",
		certificate: issue(folder, { name: "self-signed", dns }),
		reason: /certificate is self-signed/,
	},
	{
		title: "leaf issued by a leaf that is no CA",
		certificate: issue(folder, { name: "by-leaf", dns, issuer: testCertificate() }),
		reason: /"by-leaf" is signed by "localhost", which is not a certificate authority/,
	},
	{
		title: "TLS 1.1 only",
		certificate: issue(folder, { name: "old", dns, issuer }),
		options: { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" },
		reason: /no (allowed )?version of TLS/,
	},
];

/** A service that must never get as far as to hear a byte of the protocol. */
async function suspect(
	test: TestContext,
	certificate: Certificate,
	options: tls.TlsOptions,
): Promise<{ port: number; heard: number }> {
	const server = tls.createServer({ key: readFileSync(certificate.key), cert: readFileSync(certificate.chain), ...options });
	server.on("tlsClientError", () => {});
	server.on("secureConnection", (socket) => {
		socket.on("error", () => {});
		socket.on("data", (data: Buffer) => {
			service.heard += data.length;
		});
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	atEnd(test, () => server.close());
	const service = { port: (server.address() as AddressInfo).port, heard: 0 };
	return service;
}

for (const { title, certificate, options, reason } of cases)
	test(`ARROW-1 the log names the reason, and not one byte of REGISTER leaves: ${title}`, async (t) => {
		const service = await suspect(t, certificate, options ?? {});
		const device = startDevice(t, { service: `localhost:${service.port}`, window: 8_192, sessions: 4 });
		const closed = await device.waitForLog("arrow", "closed");
		assert.match(String(closed["reason"]), reason);
		assert.equal(service.heard, 0);
	});
