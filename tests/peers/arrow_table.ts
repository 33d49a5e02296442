/** Service tables, host records and REGISTER as the reference lays them out (sections 2.2 to 2.4), read strictly. */

export const ServiceType = Object.freeze({
	RTSP: 1,
	LOCKED_RTSP: 2,
	UNKNOWN_RTSP: 3,
	UNSUPPORTED_RTSP: 4,
	HTTP: 5,
	MJPEG: 6,
	LOCKED_MJPEG: 7,
	TCP: 0xffff,
});

/** Types whose path is always empty. */
const WITHOUT_PATH: readonly number[] = [ServiceType.UNKNOWN_RTSP, ServiceType.HTTP, ServiceType.TCP];
/** Types whose path is never empty. */
const WITH_PATH: readonly number[] = [ServiceType.RTSP, ServiceType.UNSUPPORTED_RTSP, ServiceType.MJPEG];
const TYPES: readonly number[] = Object.values(ServiceType);
const RECORD_BYTES = 30;
const TABLE_LIMIT = 64;
const REGISTER_FIXED_BYTES = 44;
/** Bounds of section 2.7. */
const HOST_LIMIT = 64;
const PORT_LIMIT = 32;

export interface ServiceRecord {
	readonly id: number;
	readonly type: number;
	/** `02:00:00:12:34:56` */
	readonly mac: string;
	/** IPv4 in dots, or IPv6 as eight groups. */
	readonly address: string;
	readonly port: number;
	readonly path: string;
}

export interface HostRecord {
	/** Bit 0: seen by ARP, bit 1: by ICMP. */
	readonly flags: number;
	readonly mac: string;
	readonly address: string;
	readonly ports: readonly number[];
}

export interface Registration {
	/** In the usual form with dashes, lower case. */
	readonly uuid: string;
	/** 32 hexadecimal digits. */
	readonly key: string;
	readonly mac: string;
	/** As sent: capacity − 1. */
	readonly windowSize: number;
	readonly gateway: boolean;
	readonly extendedInfo: string;
	readonly services: readonly ServiceRecord[];
}

export interface ScanReport {
	readonly request: number;
	readonly hosts: readonly HostRecord[];
	readonly services: readonly ServiceRecord[];
}

/** Takes a finding: the requirement's id, a colon, what was wrong. */
export type Report = (violation: string) => void;

function readMac(data: Buffer, offset: number): string {
	return Array.from(data.subarray(offset, offset + 6), (octet) => octet.toString(16).padStart(2, "0")).join(":");
}

function readAddress(data: Buffer, offset: number, report: Report): string {
	const version = data.readUInt8(offset);
	const octets = data.subarray(offset + 1, offset + 17);
	if (version === 4) {
		if (octets.subarray(4).some((octet) => octet !== 0)) report("2.2: an IPv4 address is followed by octets that are not zero");
		return Array.from(octets.subarray(0, 4)).join(".");
	}
	if (version !== 6) report(`2.2: ip_version ${version}, must be 4 or 6`);
	return Array.from({ length: 8 }, (_, group) => octets.readUInt16BE(group * 2).toString(16)).join(":");
}

/** The text up to the NUL, or undefined when there is none or it is not UTF-8. */
function readText(data: Buffer, offset: number): { text: string; end: number } | undefined {
	const nul = data.indexOf(0, offset);
	if (nul < 0) return undefined;
	const text = data.toString("utf8", offset, nul);
	return Buffer.byteLength(text) === nul - offset ? { text, end: nul + 1 } : undefined;
}

function checkRecord(record: ServiceRecord, previous: ServiceRecord | undefined, report: Report): void {
	const name = `service ${record.id.toString(16).padStart(4, "0")}`;
	if (record.id === 0) report("ARROW-34: a service has id 0");
	if (!TYPES.includes(record.type)) report(`ARROW-35: ${name} has the unknown type ${record.type.toString(16)}`);
	if (WITHOUT_PATH.includes(record.type) && record.path !== "") report(`ARROW-35: ${name} has a path, its type has none`);
	if (WITH_PATH.includes(record.type) && record.path === "") report(`ARROW-35: ${name} has no path, its type has one`);
	if (record.path.includes("@")) report(`ARROW-35: the path of ${name} may hold user information`);
	if (previous !== undefined && previous.id >= record.id)
		report(`2.2: ${name} does not follow ${previous.id} in ascending order`);
}

/** Reads a service table that must end exactly with the data. */
export function readTable(data: Buffer, start: number, report: Report): ServiceRecord[] {
	const records: ServiceRecord[] = [];
	let offset = start;
	for (;;) {
		if (offset + RECORD_BYTES > data.length) {
			report(`2.2: the service table ends without terminator after ${records.length} records`);
			return records;
		}
		const text = readText(data, offset + RECORD_BYTES - 1);
		if (text === undefined) {
			report("2.2: a path without NUL, or not UTF-8");
			return records;
		}
		const id = data.readUInt16BE(offset);
		const type = data.readUInt16BE(offset + 2);
		if (id === 0 && type === 0) {
			checkTerminator(data, offset, report);
			return checkCount(records, report);
		}
		const record: ServiceRecord = {
			id,
			type,
			mac: readMac(data, offset + 4),
			address: readAddress(data, offset + 10, report),
			port: data.readUInt16BE(offset + 27),
			path: text.text,
		};
		checkRecord(record, records.at(-1), report);
		records.push(record);
		offset = text.end;
	}
}

function checkCount(records: ServiceRecord[], report: Report): ServiceRecord[] {
	if (records.length > TABLE_LIMIT) report(`2.2: ${records.length} records, at most ${TABLE_LIMIT}`);
	const keys = new Set(records.map((record) => `${record.type} ${record.mac} ${record.port} ${record.path}`));
	if (keys.size !== records.length) report("2.4: the same service stands in the table twice");
	return records;
}

function checkTerminator(data: Buffer, offset: number, report: Report): void {
	const expected = Buffer.alloc(RECORD_BYTES);
	expected.writeUInt8(4, 10);
	const found = data.subarray(offset, offset + RECORD_BYTES);
	if (!found.equals(expected)) report(`2.2: terminator ${found.toString("hex")}, must be zero but for ip_version 4`);
	const rest = data.length - offset - RECORD_BYTES;
	if (rest !== 0) report(`ARROW-6: ${rest} bytes follow the terminator`);
}

function checkInfo(text: string, report: Report): void {
	if (text === "") return;
	let info: unknown;
	try {
		info = JSON.parse(text);
	} catch {
		report("2.3: extended_info is not JSON");
		return;
	}
	if (typeof info !== "object" || info === null || Array.isArray(info)) {
		report("2.3: extended_info is not a JSON object");
		return;
	}
	const known: Record<string, readonly string[]> = {
		client: ["id", "version", "vendor"],
		device: ["category", "type", "vendor"],
	};
	for (const [group, keys] of Object.entries(known)) {
		const part = (info as Record<string, unknown>)[group];
		if (part === undefined) continue;
		if (typeof part !== "object" || part === null) report(`2.3: extended_info.${group} is not an object`);
		else for (const key of keys) if (!(key in part)) report(`2.3: extended_info.${group}.${key} is missing, unknown is null`);
	}
}

/** Reads the data of REGISTER; undefined when it is too short to have any meaning. */
export function readRegister(data: Buffer, report: Report): Registration | undefined {
	if (data.length < REGISTER_FIXED_BYTES + 1 + RECORD_BYTES) {
		report(`ARROW-6: REGISTER with ${data.length} bytes of data`);
		return undefined;
	}
	const hex = data.toString("hex", 0, 16);
	const uuid = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
	if (!/^.{14}4.{4}[89ab]/.test(uuid)) report(`ARROW-2: ${uuid} is not a UUIDv4`);
	if (data.subarray(16, 32).every((octet) => octet === data[16])) report("ARROW-2: the key is one octet repeated");
	if (data.subarray(32, 38).every((octet) => octet === 0)) report("2.3: mac_addr is zero");
	const flags = data.readUInt32BE(40);
	if ((flags & ~1) !== 0) report(`2.3: flags ${flags.toString(16)}, only bit 0 is known`);
	const info = readText(data, REGISTER_FIXED_BYTES);
	if (info === undefined) {
		report("2.3: extended_info without NUL, or not UTF-8");
		return undefined;
	}
	checkInfo(info.text, report);
	return {
		uuid,
		key: data.toString("hex", 16, 32),
		mac: readMac(data, 32),
		windowSize: data.readUInt16BE(38),
		gateway: (flags & 1) === 1,
		extendedInfo: info.text,
		services: readTable(data, info.end, report),
	};
}

function checkHost(host: HostRecord, before: readonly HostRecord[], report: Report): void {
	const name = `host ${host.address}`;
	if ((host.flags & ~3) !== 0) report(`2.2: ${name} has flags ${host.flags}, bits 0 and 1 are known`);
	if ((host.flags & 1) !== 0 && host.mac === "00:00:00:00:00:00") report(`2.2: ${name} was found by ARP and has no MAC address`);
	if (before.some((other) => other.address === host.address)) report(`ARROW-20: ${name} stands in the report twice`);
	if (host.ports.length > PORT_LIMIT) report(`2.7: ${name} has ${host.ports.length} ports, at most ${PORT_LIMIT}`);
	if (host.ports.includes(0)) report(`ARROW-20: ${name} has port 0`);
	if (new Set(host.ports).size !== host.ports.length) report(`ARROW-20: ${name} has a port twice`);
}

/** What of a report does not hold together: a service belongs to a host of it and to one of that host's open ports. */
function checkReport({ hosts, services }: ScanReport, report: Report): void {
	for (const service of services) {
		const host = hosts.find((one) => one.address === service.address);
		const name = `service ${service.id.toString(16).padStart(4, "0")}`;
		if (host === undefined) report(`ARROW-20: ${name} is at ${service.address}, which is no host of the report`);
		else if (!host.ports.includes(service.port))
			report(`ARROW-20: ${name} is at port ${service.port}, which its host does not have open`);
	}
}

/** Reads the data of SCAN_REPORT. */
export function readScanReport(data: Buffer, report: Report): ScanReport | undefined {
	if (data.length < 6 + RECORD_BYTES) {
		report(`ARROW-20: SCAN_REPORT with ${data.length} bytes of data`);
		return undefined;
	}
	const hosts: HostRecord[] = [];
	if (data.readUInt32BE(2) > HOST_LIMIT) report(`2.7: ${data.readUInt32BE(2)} hosts, at most ${HOST_LIMIT}`);
	let offset = 6;
	for (let count = data.readUInt32BE(2); count > 0; count -= 1) {
		const ports = offset + 26 <= data.length ? data.readUInt16BE(offset + 24) : -1;
		if (ports < 0 || offset + 26 + 2 * ports > data.length) {
			report("ARROW-20: a host record goes beyond the SCAN_REPORT");
			return undefined;
		}
		const host = {
			flags: data.readUInt8(offset),
			mac: readMac(data, offset + 1),
			address: readAddress(data, offset + 7, report),
			ports: Array.from({ length: ports }, (_, index) => data.readUInt16BE(offset + 26 + 2 * index)),
		};
		checkHost(host, hosts, report);
		hosts.push(host);
		offset += 26 + 2 * ports;
	}
	const answer = { request: data.readUInt16BE(0), hosts, services: readTable(data, offset, report) };
	checkReport(answer, report);
	return answer;
}
