/** Every kind of certificate that a server can show to the device, good and bad. */
import { join } from "node:path";
import { type Authority, type Certificate, issue, makeAuthority } from "../peers/certificates.ts";

/** The name that all of them hold unless they say otherwise. */
export const SERVER_NAME = "arrow.example";

export interface Certificates {
	/** What the device is given as its authorities. */
	readonly authority: Authority;
	/** Signed by it. */
	readonly intermediate: Certificate;
	/** Another authority. */
	readonly other: Authority;
	/** Another authority that has the first one's name. */
	readonly namesake: Authority;
	/** Signed by the authority. */
	readonly single: Certificate;
	/** Signed by the intermediate; its chain holds both. */
	readonly chained: Certificate;
	readonly rsa: Certificate;
	/** For 127.0.0.1 and ::1, and for no name. */
	readonly address: Certificate;
	readonly wrongName: Certificate;
	/** Ended 30 days ago. */
	readonly expired: Certificate;
	/** Begins in 30 days. */
	readonly future: Certificate;
	readonly selfSigned: Certificate;
	/** Signed by `chained`, which may not sign. */
	readonly byLeaf: Certificate;
	/** Signed by an intermediate that has expired. */
	readonly byExpired: Certificate;
}

/** Makes them in `folder`, or takes those that lie there. */
export function makeCertificates(folder: string): Certificates {
	const authority = makeAuthority(folder, "authority");
	const namesake = issue(join(folder, "namesake"), { name: "authority", commonName: "authority root", ca: true, days: 3650 });
	const dns = [SERVER_NAME];
	const intermediate = issue(folder, { name: "intermediate", ca: true, issuer: authority, days: 1825 });
	const expiredIntermediate = issue(folder, { name: "expired-intermediate", ca: true, issuer: authority, days: -10 });
	const chained = issue(folder, { name: "chained", dns, issuer: intermediate });
	return {
		authority,
		intermediate,
		other: makeAuthority(folder, "other"),
		namesake,
		single: issue(folder, { name: "single", dns, issuer: authority }),
		chained,
		rsa: issue(folder, { name: "rsa", dns, issuer: authority, algorithm: "rsa" }),
		address: issue(folder, { name: "address", ips: ["127.0.0.1", "::1"], issuer: authority }),
		wrongName: issue(folder, { name: "wrong-name", dns: ["other.example", "*.test.example"], issuer: authority }),
		expired: issue(folder, { name: "expired", dns, issuer: authority, days: -30 }),
		future: issue(folder, { name: "future", dns, issuer: authority, fromDay: 30 }),
		selfSigned: issue(folder, { name: "self-signed", dns }),
		byLeaf: issue(folder, { name: "by-leaf", dns, issuer: chained }),
		byExpired: issue(folder, { name: "by-expired", dns, issuer: expiredIntermediate }),
	};
}
