/**
 * Certificates for tests and for the demo, made with the `openssl` command line.
 * Every call is idempotent: what lies in the folder and is still valid is used again, so keys are made once.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A certificate authority, ready to sign. */
export interface Authority {
	/** Path of the PEM private key. */
	readonly key: string;
	/** Path of the PEM certificate: what a client gets as its list of authorities. */
	readonly cert: string;
	/** Path of the certificates a server sends when this authority signed its own (empty file for a root). */
	readonly chain: string;
}

/** A certificate with its key. */
export interface Certificate {
	/** Path of the PEM private key. */
	readonly key: string;
	/** Path of the PEM certificate alone. */
	readonly cert: string;
	/** Path of the PEM file that a server sends: the certificate, then the intermediates up to but without the root. */
	readonly chain: string;
}

export interface IssueOptions {
	/** File name without suffix; also the common name unless `commonName` is given. */
	readonly name: string;
	readonly commonName?: string;
	/** DNS names of subjectAltName. */
	readonly dns?: readonly string[];
	/** Numeric addresses of subjectAltName. */
	readonly ips?: readonly string[];
	/** Who signs; absent: self-signed. A leaf may be given, to make a chain that must be refused. */
	readonly issuer?: Authority | Certificate;
	/** Days of validity from now; default 365. Negative: it ended that many days ago. */
	readonly days?: number;
	/** Day, relative to today, on which validity begins; default 1 day ago, or a year before the end of an expired one. */
	readonly fromDay?: number;
	/** True: the certificate may sign others. */
	readonly ca?: boolean;
	/** "ec" (P-256, default) or "rsa" (2,048 bits). */
	readonly algorithm?: "ec" | "rsa";
}

const DAY_MS = 86_400_000;
const RENEW_BEFORE_MS = 2 * DAY_MS;

function openssl(args: readonly string[]): string {
	try {
		return execFileSync("openssl", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
	} catch (error) {
		const failure = error as NodeJS.ErrnoException & { stderr?: string };
		if (failure.code === "ENOENT") throw new Error("the command `openssl` is missing: install the package openssl");
		throw new Error(`openssl ${args[0]} failed: ${failure.stderr ?? failure.message}`);
	}
}

/** The date as `openssl ca` takes it: YYYYMMDDHHMMSSZ. */
function asn1Date(time: number): string {
	return `${new Date(time).toISOString().replace(/[-:T]/g, "").slice(0, 14)}Z`;
}

function writeKey(path: string, algorithm: "ec" | "rsa"): void {
	const kind =
		algorithm === "rsa"
			? ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
			: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:named_curve"];
	openssl(["genpkey", ...kind, "-out", path]);
}

function extensions(options: IssueOptions): string {
	const lines = [options.ca === true ? "basicConstraints=critical,CA:TRUE" : "basicConstraints=critical,CA:FALSE"];
	lines.push(
		options.ca === true ? "keyUsage=critical,keyCertSign,cRLSign" : "keyUsage=critical,digitalSignature,keyEncipherment",
	);
	if (options.ca !== true) lines.push("extendedKeyUsage=serverAuth");
	lines.push("subjectKeyIdentifier=hash");
	if (options.issuer !== undefined) lines.push("authorityKeyIdentifier=keyid");
	const names = (options.dns ?? []).map((name) => `DNS:${name}`).concat((options.ips ?? []).map((ip) => `IP:${ip}`));
	if (names.length > 0) lines.push(`subjectAltName=${names.join(",")}`);
	return lines.join("\n");
}

/** `openssl ca` is the only command of OpenSSL 3.0 that sets both dates; it wants a small database. */
function caConfiguration(folder: string, options: IssueOptions): string {
	const database = join(folder, "index.txt");
	writeFileSync(database, "");
	return `[ca]
default_ca=this
[this]
database=${database}
new_certs_dir=${folder}
rand_serial=yes
default_md=sha256
policy=any
unique_subject=no
[any]
commonName=supplied
[req]
distinguished_name=name
prompt=no
[name]
commonName=${options.commonName ?? options.name}
[extensions]
${extensions(options)}
`;
}

/** What identifies the request; a change of it makes the certificate anew. */
function fingerprint(options: IssueOptions): string {
	const { issuer, ...rest } = options;
	const hash = createHash("sha256").update(JSON.stringify(rest, Object.keys(rest).sort()));
	if (issuer !== undefined) hash.update(readFileSync(issuer.cert));
	return hash.digest("hex");
}

function usable(paths: Certificate, stamp: string, mark: string, until: number): boolean {
	if (![paths.key, paths.cert, paths.chain, stamp].every((path) => existsSync(path))) return false;
	const [madeFor, ends] = readFileSync(stamp, "utf8").split(" ");
	if (madeFor !== mark) return false;
	return until < Date.now() || Number(ends) > Date.now() + RENEW_BEFORE_MS;
}

/** Makes a certificate, or takes the one that lies in `folder` already. */
export function issue(folder: string, options: IssueOptions): Certificate {
	mkdirSync(folder, { recursive: true });
	const base = join(folder, options.name);
	const paths: Certificate = { key: `${base}.key.pem`, cert: `${base}.cert.pem`, chain: `${base}.chain.pem` };
	const stamp = `${base}.stamp`;
	const days = options.days ?? 365;
	const until = Date.now() + days * DAY_MS;
	const from =
		options.fromDay !== undefined ? Date.now() + options.fromDay * DAY_MS : Math.min(Date.now(), until - 365 * DAY_MS) - DAY_MS;
	const mark = fingerprint(options);
	if (usable(paths, stamp, mark, until)) return paths;

	const work = join(folder, `.${options.name}.${process.pid}`);
	mkdirSync(work, { recursive: true });
	try {
		const configuration = join(work, "ca.cnf");
		const request = join(work, "request.pem");
		const key = join(work, "key.pem");
		const made = join(work, "made.pem");
		writeFileSync(configuration, caConfiguration(work, options));
		writeKey(key, options.algorithm ?? "ec");
		openssl(["req", "-new", "-config", configuration, "-key", key, "-out", request]);
		const signer =
			options.issuer === undefined
				? ["-selfsign", "-keyfile", key]
				: ["-cert", options.issuer.cert, "-keyfile", options.issuer.key];
		openssl([
			"ca",
			"-batch",
			"-notext",
			"-preserveDN",
			"-config",
			configuration,
			"-extensions",
			"extensions",
			"-startdate",
			asn1Date(from),
			"-enddate",
			asn1Date(until),
			...signer,
			"-in",
			request,
			"-out",
			made,
		]);
		const above = options.issuer === undefined ? "" : readFileSync(options.issuer.chain, "utf8");
		// A root is known to the client and is not sent; everything below it is.
		const root = options.issuer === undefined && options.ca === true;
		writeFileSync(join(work, "chain.pem"), root ? "" : readFileSync(made, "utf8") + above);
		renameSync(key, paths.key);
		renameSync(made, paths.cert);
		renameSync(join(work, "chain.pem"), paths.chain);
		writeFileSync(stamp, `${mark} ${until}`);
	} finally {
		rmSync(work, { recursive: true, force: true });
	}
	return paths;
}

/** Makes a root authority, or takes the one that lies in `folder` already. Valid for ten years. */
export function makeAuthority(folder: string, name: string): Authority {
	return issue(folder, { name, commonName: `${name} root`, ca: true, days: 3650 });
}
