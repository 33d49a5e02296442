import { fingerprint64 } from "arrow/fingerprint";
import { settingsOf } from "arrow/options";
import { formatInfo } from "arrow/register";
import { configuredService, type ServiceOptions } from "arrow/service";
import { ServiceTable, tableMemory, tableSize } from "arrow/table";
import { ACCEPT, Driver } from "conformance/arrow/driver";
import { MemoryPlan } from "storage/plan";
import type { Suite } from "unit/suite";
import { getText } from "wire/text";

const REGISTER =
	"0200000000000000000074000000020f1e2d3c4b5a4697887766554433221100112233445566778899aabbccddeeff0200001234561fff000000007b7d00" +
	"429a0001ffff7f000001047f000001000000000000000000000000022a2f6c69766500000000000000000000000400000000000000000000000000000000000000";

/** Bytes of the table record and terminator of one service, in hex. */
function record(type: string, url: string, mac?: string): string {
	const services = [configuredService(mac === undefined ? { type, url } : { type, url, mac }, "services[0]")];
	const plan = new MemoryPlan();
	plan.reserve("bytes", tableSize(services, false), "");
	plan.reserve("table", tableMemory(services, false), "");
	const arena = plan.allocate();
	const table = new ServiceTable(arena, plan.offset("table"), plan.size("table"), false);
	table.fill(services);
	const length = table.put(0, plan.size("bytes"));
	let hex = "";
	for (let i = 0; i < length; i++) hex += (256 + arena.bytes[i]).toString(16).slice(1);
	return hex;
}

function id(type: string, url: string, mac?: string): number {
	return configuredService(mac === undefined ? { type, url } : { type, url, mac }, "services[0]").fingerprint();
}

export default function register(suite: Suite): void {
	suite.test("ARROW-6 ARROW-C1 REGISTER is the first message and has the bytes of the vector", (check) => {
		const driver = new Driver();
		driver.client.open(driver.now);
		check.equal(driver.raw(), REGISTER);
		check.equal(driver.messages.fault, "");
	});
	suite.test("ARROW-6 REGISTER longer than the output goes out in parts, whole and before anything else", (check) => {
		const services = [];
		const path = "/a/path/that/fills/the/record";
		const size = 30 + path.length;
		for (let i = 0; i < 60; i++) services.push({ type: "rtsp", url: "rtsp://127.0.0.1:" + (1000 + i) + path });
		const driver = new Driver({ services, dataLimit: 512 });
		const line = driver.open().out();
		check.equal(line.slice(0, 9), "REGISTER ");
		check.equal(driver.messages.fault, "");
		const body = line.slice(9);
		// 44 fixed bytes, "{}", NUL; then the records, ascending by id; then the terminator.
		check.equal(body.length / 2, 44 + 3 + 60 * size + 30);
		let last = 0;
		for (let i = 0; i < 60; i++) {
			const at = 2 * (47 + i * size);
			const id = parseInt(body.slice(at, at + 4), 16);
			check.ok(id > last, "ascending");
			last = id;
			check.equal(body.slice(at + 2 * (size - 1), at + 2 * size), "00", "path's NUL");
		}
		check.equal(body.slice(-60), "00".repeat(10) + "04" + "00".repeat(19));
	});
	suite.test("ARROW-6 window, gateway flag and extended info in REGISTER", (check) => {
		const driver = new Driver({ window: 65536, gateway: true, info: "" });
		check.equal(
			driver
				.open()
				.out()
				.slice(9 + 76, 9 + 76 + 14),
			"ffff" + "00000001" + "00",
		);
	});
	suite.test("ARROW-41 extended info as JSON, what is missing as null", (check) => {
		const info = formatInfo({ client: { id: "fletcher", version: "0.1.0" }, device: { category: "camera" } });
		check.equal(
			getText(info, 0, info.byteLength),
			'{"client":{"id":"fletcher","version":"0.1.0","vendor":null},"device":{"category":"camera","type":null,"vendor":null}}',
		);
		check.throws(() => formatInfo({ client: { id: "x".repeat(2000) } }), "arrow.info");
	});
	suite.test("ARROW-34 service ids of the reference", (check) => {
		check.equal(id("rtsp", "rtsp://127.0.0.1/live"), 17050);
		check.equal(id("http", "http://127.0.0.1"), 54934);
		check.equal(id("tcp", "tcp://127.0.0.1:22"), 37253);
		check.equal(id("mjpeg", "http://127.0.0.1:8080/v.mjpg"), 4644);
		check.equal(id("locked-rtsp", "rtsp://127.0.0.1/live"), 38573);
		check.equal(id("rtsp", "rtsp://127.0.0.1:8554/stream.sdp?prof=baseline&res=low"), 49925);
	});
	suite.test("ARROW-34 the fingerprint is the published one, at every branch of its lengths", (check) => {
		const lengths = [0, 1, 3, 4, 7, 8, 16, 17, 28, 32, 33, 63, 64, 65, 127, 128, 129, 200];
		const values = [
			"11160318154034397263",
			"5161771770385946686",
			"4662423180930907492",
			"13909349088106176104",
			"17233423938440663304",
			"12627020141284786728",
			"9887023220782602712",
			"16960068419638019727",
			"6480375070290996591",
			"3992320350721670009",
			"12457070707786611405",
			"15038265055984948585",
			"11083064061832698092",
			"444801980686921533",
			"5926385096735868780",
			"15838856113771212233",
			"5067021833811671751",
			"202520530910294351",
		];
		for (let i = 0; i < lengths.length; i++) {
			const bytes = new Uint8Array(lengths[i]);
			for (let j = 0; j < bytes.length; j++) bytes[j] = j * 7 + lengths[i];
			check.equal(String(fingerprint64(new DataView(bytes.buffer), lengths[i])), values[i], "length " + lengths[i]);
		}
	});
	suite.test("ARROW-34 the id follows the MAC, not the address", (check) => {
		const mac = "02:00:00:aa:bb:cc";
		check.equal(id("rtsp", "rtsp://10.0.0.1/live", mac), id("rtsp", "rtsp://10.0.0.2/live", mac));
		check.ok(id("rtsp", "rtsp://10.0.0.1/live") !== id("rtsp", "rtsp://10.0.0.2/live"));
	});
	suite.test("ARROW-34 an id that is taken, or 0, becomes the next one, with wrap", (check) => {
		const services = [];
		for (let port = 1; port <= 3; port++) services.push({ type: "tcp", url: "tcp://127.0.0.1:" + port, id: 65535 });
		const { table } = new Driver({ services });
		for (const id of [1, 2, 65535]) check.ok(table.find(id) >= 0, String(id));
		check.equal(table.id(table.first), 1, "ascending");
		check.equal(table.count, 3);
	});
	suite.test("ARROW-35 table records of every type", (check) => {
		const head = "ffff7f000001047f000001000000000000000000000000";
		const end = "00".repeat(10) + "04" + "00".repeat(19);
		check.equal(record("rtsp", "rtsp://127.0.0.1/live"), "429a0001" + head + "022a2f6c69766500" + end);
		check.equal(record("http", "http://127.0.0.1/ignored"), "d6960005" + head + "005000" + end);
		check.equal(record("tcp", "tcp://127.0.0.1:22"), "9185ffff" + head + "001600" + end);
		check.equal(record("mjpeg", "http://127.0.0.1:8080/v.mjpg"), "12240006" + head + "1f90" + "2f762e6d6a706700" + end);
		check.equal(record("locked-rtsp", "rtsp://127.0.0.1/live"), "96ad0002" + head + "022a2f6c69766500" + end);
		check.equal(record("unknown-rtsp", "rtsp://127.0.0.1/live").slice(4, 8), "0003");
		check.equal(record("unknown-rtsp", "rtsp://127.0.0.1/live").length, 2 * 60);
		check.equal(record("unsupported-rtsp", "rtsp://127.0.0.1/h265").slice(4, 8), "0004");
		check.equal(record("locked-mjpeg", "http://127.0.0.1/v").slice(4, 8), "0007");
	});
	suite.test("ARROW-35 user info makes a service locked and is never sent", (check) => {
		check.equal(record("rtsp", "rtsp://admin:se@cret@127.0.0.1/live"), record("locked-rtsp", "rtsp://127.0.0.1/live"));
		check.equal(record("mjpeg", "http://admin@127.0.0.1/v"), record("locked-mjpeg", "http://127.0.0.1/v"));
	});
	suite.test(
		"ARROW-35 no path is /, the query stays, IPv6 addresses are left-aligned with a MAC of their last octets",
		(check) => {
			check.equal(record("rtsp", "rtsp://127.0.0.1"), record("rtsp", "rtsp://127.0.0.1:554/"));
			check.equal(record("rtsp", "rtsp://127.0.0.1?a=b"), record("rtsp", "rtsp://127.0.0.1/?a=b"));
			check.equal(
				record("tcp", "tcp://[2001:db8::1:2]:22").slice(4, 60),
				"ffff" + "ffff00010002" + "06" + "20010db8000000000000000000010002" + "0016" + "00",
			);
		},
	);
	suite.test("ARROW-41 a service that cannot be is refused by its key", (check) => {
		check.throws(() => configuredService({ type: "ftp", url: "ftp://127.0.0.1" }, "arrow.services[2]"), "arrow.services[2].type");
		check.throws(
			() => configuredService({ type: "rtsp", url: "http://127.0.0.1" }, "arrow.services[2]"),
			"arrow.services[2].url",
		);
		check.throws(() => configuredService({ type: "tcp", url: "tcp://127.0.0.1" }, "arrow.services[2]"), "arrow.services[2].url");
		check.throws(
			() => configuredService({ type: "tcp", url: "tcp://127.0.0.1:70000" }, "arrow.services[2]"),
			"arrow.services[2].url",
		);
		check.throws(() => configuredService({ type: "tcp", url: "tcp://300.1.1.1:22" }, "arrow.services[2]"), "host name expected");
		check.throws(() => configuredService({ type: "tcp", url: "tcp://a..b:22" }, "arrow.services[2]"), "host name expected");
		check.throws(
			() => configuredService({ type: "http", url: "http://127.0.0.1", mac: "1:2" }, "arrow.services[2]"),
			"arrow.services[2].mac",
		);
		check.throws(
			() => configuredService({ type: "http", url: "http://127.0.0.1", id: 65536 }, "arrow.services[2]"),
			"arrow.services[2].id",
		);
		check.throws(
			() => configuredService({ type: "http", url: "http://127.0.0.1", id: 0 }, "arrow.services[2]"),
			"arrow.services[2].id",
		);
	});
	suite.test("ARROW-35 the same service twice is one record, and there are at most 64", (check) => {
		const services: ServiceOptions[] = [];
		for (let i = 0; i < 64; i++) services.push({ type: "tcp", url: "tcp://127.0.0.1:" + (100 + i) });
		check.equal(new Driver({ services }).table.count, 64);
		const options = { service: "a", ca: "b", mac: "02:00:00:12:34:56" };
		check.equal(settingsOf({ ...options, services }).services.length, 64);
		services[63] = services[5];
		check.throws(() => settingsOf({ ...options, services }), "arrow.services[63]: the same service as arrow.services[5]");
		services.push({ type: "tcp", url: "tcp://127.0.0.1:99" });
		check.throws(() => settingsOf({ ...options, services }), "arrow.services: more than 64");
	});
	suite.test("ARROW-9 a new connection begins with REGISTER of id 0 again", (check) => {
		const driver = new Driver().establish();
		driver.feed("02 0000 00000000 00000004 0077 0008");
		check.equal(driver.out(), "STATUS 0077 0 0");
		driver.client.fail(1);
		driver.turn();
		driver.messages.nextId = 0;
		check.equal(driver.open().raw(), REGISTER);
		driver.feed(ACCEPT);
		check.equal(driver.messages.fault, "");
	});
	suite.longTest("ARROW-9 70,000 own messages: ids wrap without a gap, ACKs use up none", (check) => {
		const driver = new Driver().establish();
		const ask = "02000000000000000000040077000802000000000000000000 04 beef0001".split(" ").join("");
		let faults = 0;
		for (let i = 0; i < 3500; i++) {
			driver.feed(ask.repeat(20));
			driver.out();
			if (driver.messages.fault !== "") faults++;
		}
		check.equal(faults, 0);
		check.equal(driver.messages.nextId, (1 + 70000) & 0xffff);
		driver.wait(60000);
		check.equal(driver.raw().slice(-8), "11710001");
		driver.feed("0200000000000000000008 1171 0000 00000000");
		check.equal(driver.client.counters.pingsOut, 1);
	});
}
