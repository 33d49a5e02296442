import assert from "node:assert/strict";
import { test } from "node:test";
import { fingerprintId, isDerivedId } from "./arrow_service_id.ts";
import { readRegister, readScanReport, readTable, ServiceType } from "./arrow_table.ts";
import type { Header } from "./arrow_wire.ts";
import {
	encodeCode,
	encodeConnect,
	encodeControl,
	encodeHeader,
	encodeRedirect,
	encodeSessionValue,
	MessageReader,
	Type,
} from "./arrow_wire.ts";

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(" ", ""), "hex");
const TERMINATOR = "000000000000000000000400000000000000000000000000000000000000";
const REGISTER = bytes(
	"0f1e2d3c4b5a46978877665544332211 00112233445546778899aabbccddeeff 020000123456 1fff 00000000 7b7d00" +
		`429a0001ffff7f000001047f000001000000000000000000000000022a2f6c69766500 ${TERMINATOR}`,
);

/** A reader that writes down what it is told. */
function reader(): { push(data: Buffer): void; said: string[] } {
	const said: string[] = [];
	const name = (header: Header): string => `${header.service.toString(16)}/${header.session}`;
	const messages = new MessageReader({
		control: (_header, id, type, data) => said.push(`${id.toString(16)} ${type} ${data.toString("hex")}`),
		dataHeader: (header) => said.push(`${name(header)} ${header.bodySize}:`),
		dataBody: (_header, piece) => said.push(piece.toString("latin1")),
		broken: (reason) => said.push(reason),
	});
	return { push: (data) => messages.push(data), said };
}

function findings(read: (report: (text: string) => void) => unknown): string[] {
	const found: string[] = [];
	read((text) => found.push(text));
	return found;
}

test("ARROW-B1 the service's messages are the bytes of section 7", () => {
	const data = (hex: string): string => bytes(hex).toString("hex");
	assert.equal(encodeControl(0xbeef, Type.PING).toString("hex"), data("0200000000000000000004 beef0001"));
	assert.equal(encodeControl(0xbeef, Type.ACK, encodeCode(0)).toString("hex"), data("0200000000000000000008 beef0000 00000000"));
	assert.equal(
		encodeControl(1, Type.CONNECT, encodeConnect(0x429a, 7)).toString("hex"),
		data("020000000000000000000a 0001000d 429a 00000007"),
	);
	assert.equal(
		encodeControl(1, Type.DATA_ACK, encodeSessionValue(7, 3)).toString("hex"),
		data("020000000000000000000c 0001000c 00000007 00000003"),
	);
	assert.equal(
		encodeControl(2, Type.HUP, encodeSessionValue(7, 0)).toString("hex"),
		data("020000000000000000000c 00020005 00000007 00000000"),
	);
	assert.equal(encodeHeader({ service: 0x429a, session: 7, bodySize: 3 }).toString("hex"), data("02 429a 00 000007 00000003"));
	assert.equal(
		encodeControl(1, Type.REDIRECT, encodeRedirect("localhost:9001")).toString("hex"),
		data("0200000000000000000013 00010003 6c6f63616c686f73743a3930303100"),
	);
});

test("ARROW-B1 REGISTER, scan report and host record of section 7 are read without a finding", () => {
	const found = findings((report) => {
		const registration = readRegister(REGISTER, report);
		assert.equal(registration?.uuid, "0f1e2d3c-4b5a-4697-8877-665544332211");
		assert.equal(registration?.windowSize, 8_191);
		assert.equal(registration?.extendedInfo, "{}");
		assert.deepEqual(registration?.services, [
			{ id: 0x429a, type: ServiceType.RTSP, mac: "ff:ff:7f:00:00:01", address: "127.0.0.1", port: 554, path: "/live" },
		]);
		const host = "01 020000aabbcc 04 c0a80117000000000000000000000000 0002 022a 0050";
		const scan = readScanReport(bytes(`0078 00000001 ${host} ${TERMINATOR}`), report);
		assert.deepEqual(scan?.hosts, [{ flags: 1, mac: "02:00:00:aa:bb:cc", address: "192.168.1.23", ports: [554, 80] }]);
		assert.equal(scan?.request, 0x78);
		assert.deepEqual(readScanReport(bytes(`0078 00000000 ${TERMINATOR}`), report)?.hosts, []);
	});
	assert.deepEqual(found, []);
});

test("ARROW-B1 every change of a byte of REGISTER that breaks a rule is found", () => {
	const broken = (offset: number, value: number): string[] => {
		const data = Buffer.from(REGISTER);
		data[offset] = value;
		return findings((report) => readRegister(data, report));
	};
	assert.match(broken(6, 0x56).join(), /UUIDv4/);
	assert.match(broken(43, 2).join(), /flags/);
	assert.match(broken(44, 0x7d).join(), /not JSON/);
	assert.match(broken(50, 9).join(), /unknown type/);
	assert.match(broken(57, 5).join(), /ip_version/);
	assert.match(broken(70, 1).join(), /not zero/);
	assert.match(broken(REGISTER.length - 20, 0).join(), /terminator/);
	assert.match(findings((report) => readRegister(REGISTER.subarray(0, -1), report)).join(), /without terminator/);
	assert.match(
		findings((report) => readRegister(Buffer.concat([REGISTER, Buffer.alloc(1)]), report)).join(),
		/follow the terminator/,
	);
	assert.match(findings((report) => readTable(bytes(TERMINATOR.replace("04", "06")), 0, report)).join(), /terminator/);
});

test("ARROW-B1 every fault of a scan report is found", () => {
	const host = (flags: string, mac: string, address: string, ports: string): string =>
		`${flags} ${mac} 04 ${address} 000000000000000000000000 ${(ports.length / 4).toString(16).padStart(4, "0")} ${ports}`;
	const service = (address: string, port: string): string =>
		`429a 0001 020000aabbcc 04 ${address} 000000000000000000000000 ${port} 2f6c69766500`;
	const faults = (hosts: readonly string[], services = ""): string =>
		findings((report) =>
			readScanReport(
				bytes(`0078 ${hosts.length.toString(16).padStart(8, "0")} ${hosts.join("")} ${services} ${TERMINATOR}`),
				report,
			),
		).join("\n");
	const good = host("03", "020000aabbcc", "c0a80117", "022a0050");
	assert.equal(faults([good], service("c0a80117", "022a")), "");
	assert.match(faults([good], service("c0a80118", "022a")), /no host of the report/);
	assert.match(faults([good], service("c0a80117", "022b")), /does not have open/);
	assert.match(faults([host("04", "020000aabbcc", "c0a80117", "")]), /flags 4/);
	assert.match(faults([host("01", "000000000000", "c0a80117", "")]), /no MAC address/);
	assert.match(faults([good, good]), /twice/);
	assert.match(faults([host("01", "020000aabbcc", "c0a80117", "022a022a")]), /a port twice/);
	assert.match(faults([host("01", "020000aabbcc", "c0a80117", "0000")]), /port 0/);
	const many = Array.from({ length: 33 }, (_, index) => (index + 1).toString(16).padStart(4, "0")).join("");
	assert.match(faults([host("01", "020000aabbcc", "c0a80117", many)]), /33 ports/);
	const hosts = Array.from({ length: 65 }, (_, index) =>
		host("01", "020000aabbcc", `c0a801${index.toString(16).padStart(2, "0")}`, ""),
	);
	assert.match(faults(hosts), /65 hosts/);
	assert.match(
		findings((report) => readScanReport(bytes(`0078 00000002 ${good} ${TERMINATOR}`), report)).join(),
		/goes beyond|without terminator|terminator/,
	);
});

test("ARROW-B1 messages are read the same however they are split", () => {
	const stream = Buffer.concat([
		encodeControl(0xbeef, Type.PING),
		encodeHeader({ service: 0x429a, session: 7, bodySize: 3 }),
		Buffer.from("abc"),
		encodeHeader({ service: 0x429a, session: 8, bodySize: 0 }),
		encodeControl(1, Type.ACK, encodeCode(4)),
	]);
	const whole = reader();
	whole.push(stream);
	assert.deepEqual(whole.said, ["beef 1 ", "429a/7 3:", "abc", "429a/8 0:", "1 0 00000004"]);
	const single = reader();
	for (const byte of stream) single.push(Buffer.from([byte]));
	assert.equal(single.said.join(), "beef 1 ,429a/7 3:,a,b,c,429a/8 0:,1 0 00000004");
	const wrong = reader();
	wrong.push(Buffer.concat([encodeHeader({ version: 3, bodySize: 4 }), stream]));
	assert.deepEqual(wrong.said, ["2.1: version 3, must be 2"]);
});

test("ARROW-34 service ids are those of section 7", () => {
	const local = "ff:ff:7f:00:00:01";
	const none = "00:00:00:00:00:00";
	const expected: readonly (readonly [type: number, mac: string, port: number, path: string, id: number])[] = [
		[ServiceType.RTSP, local, 554, "/live", 17050],
		[ServiceType.HTTP, local, 80, "", 54934],
		[ServiceType.TCP, local, 22, "", 37253],
		[ServiceType.MJPEG, local, 8080, "/v.mjpg", 4644],
		[ServiceType.LOCKED_RTSP, local, 554, "/live", 38573],
		[ServiceType.RTSP, local, 8554, "/stream.sdp?prof=baseline&res=low", 49925],
		[ServiceType.RTSP, none, 0, "/1", 640],
		[ServiceType.RTSP, none, 0, "/2", 58834],
		[ServiceType.RTSP, none, 0, "/3", 93],
		[ServiceType.RTSP, none, 0, "/5", 11717],
	];
	for (const [type, mac, port, path, id] of expected) assert.equal(fingerprintId({ type, mac, port, path }), id);
	const record = { id: 17050, type: ServiceType.RTSP, mac: local, address: "127.0.0.1", port: 554, path: "/live" };
	assert.ok(isDerivedId(record, [record]));
	// A second service of the same fingerprint takes the next id, and only that one.
	const next = { ...record, id: 17051 };
	assert.ok(isDerivedId(next, [record, next]));
	assert.ok(!isDerivedId(next, [next]));
});
