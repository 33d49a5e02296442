import type { ArrowOptions } from "arrow/options";
import { configuredService } from "arrow/service";
import { ACCEPT } from "conformance/arrow/driver";
import { Scene } from "conformance/arrow/scene";
import type { Suite } from "unit/suite";

const PING = "02 0000 00000000 00000004 beef 0001";
const PONG = "0200000000000000000008beef000000000000";
const ABC = "616263";
const URL = "rtsp://camera.local:8554/x";
const TERMINATOR = "00".repeat(10) + "04" + "00".repeat(19);
const CHANGES: Partial<ArrowOptions> = { services: [{ type: "rtsp", url: URL }], gateway: true };

const ID = (0x10000 + configuredService({ type: "rtsp", url: URL }, "s").fingerprint()).toString(16).slice(1);
const CONNECT = "020000000000000000000a 0001000d" + ID + "00000007";
const DATA = "02" + ID + "00000007 00000003" + ABC;

/** Last bytes of the record: address, port, path. */
function place(octets: string): string {
	return "04" + octets + "00".repeat(12) + "216a" + "2f7800";
}

function scene(address: string | undefined, changes: Partial<ArrowOptions> = {}): Scene {
	const made = new Scene({ ...CHANGES, ...changes }, { ping: 1e9 });
	made.world.names.set("camera.local", address);
	return made;
}

/** HUP 3 of session 7. */
function hup(id: string): string {
	return "020000000000000000000c" + id + "00050000000700000003";
}

/** Connects to the named service, as "address:port@time". */
function connects(made: Scene): string {
	return made.world.connects.slice(1).join();
}

function asked(made: Scene): number {
	return made.world.asked.filter((name) => name === "camera.local").length;
}

export default function names(suite: Suite): void {
	suite.test("ARROW-34 a host name gives the same id whatever its address, and another one than another name", (check) => {
		check.equal(configuredService({ type: "rtsp", url: "rtsp://CAMERA.local:8554/x" }, "s").fingerprint().toString(16), ID);
		const other = configuredService({ type: "rtsp", url: "rtsp://camera2.local:8554/x" }, "s");
		check.ok(other.fingerprint().toString(16) !== ID);
		for (const address of ["10.0.0.9", "10.0.0.10", "2001:db8::9"]) {
			const made = scene(address).establish();
			check.ok(made.endpoint.client.table.find(parseInt(ID, 16)) >= 0, address);
		}
	});
	suite.test("ARROW-14 ARROW-35 a name that has no address yet is not in the table; UPDATE shows it when it has one", (check) => {
		const made = scene(undefined);
		made.start();
		check.equal(made.world.service.take().slice(-120).slice(60), TERMINATOR);
		made.world.service.give(ACCEPT);
		made.world.run();
		check.equal(made.tell(CONNECT), hup("0001"), "no address: refused");
		made.world.run(29000);
		check.equal(asked(made), 1);
		made.world.names.set("camera.local", "10.0.0.9");
		made.world.run(3000);
		check.equal(asked(made), 2, "tried again by itself");
		const update = made.world.service.take();
		check.equal(update.slice(22, 34), "00020004" + ID, "UPDATE");
		check.equal(update.slice(-60), TERMINATOR);
		check.equal(update.slice(50, -60), place("0a000009"));
		made.world.run(600000);
		check.equal(asked(made), 2, "once it has one it is asked for by use only");
	});
	suite.test("ARROW-21 a fresh address is connected to at once; one older than 60 s is looked up first, data waits", (check) => {
		const made = scene("10.0.0.9").establish();
		made.tell(CONNECT + DATA);
		check.equal(connects(made), "10.0.0.9:8554@0");
		check.equal(made.local().take(), ABC);
		check.equal(asked(made), 1);
		made.tell("020000000000000000000c 00020005 00000007 00000000");
		made.world.run(61000);
		made.world.service.take();
		made.world.mute = true;
		check.equal(made.tell(CONNECT + DATA + PING), PONG, "others are served while it waits");
		check.equal(made.world.connects.length, 2);
		made.world.mute = false;
		made.world.run();
		check.equal(made.world.connects[2], "10.0.0.9:8554@61000");
		check.equal(made.local().take(), ABC);
		check.equal(asked(made), 2);
	});
	suite.test("ARROW-14 ARROW-34 another address: connected to there, UPDATE with the same id", (check) => {
		const made = scene("10.0.0.9").establish();
		made.world.run(61000);
		made.world.service.take();
		made.world.names.set("camera.local", "10.0.0.77");
		made.tell(CONNECT);
		check.equal(made.world.connects[1], "10.0.0.77:8554@61000");
		made.world.run(5000);
		const update = made.world.service.take();
		check.equal(update.slice(26, 34), "0004" + ID);
		check.equal(update.slice(50, -60), place("0a00004d"));
	});
	suite.test("ARROW-22 a connect that fails looks the name up again: a new address is tried, the same one is not", (check) => {
		const made = scene("10.0.0.9").establish();
		made.world.refuses.push("10.0.0.9");
		made.world.names.set("camera.local", "10.0.0.77");
		check.equal(made.tell(CONNECT + DATA), "020000000000000000000c0001000c0000000700000003", "DATA_ACK and no HUP");
		check.equal(connects(made), "10.0.0.9:8554@0,10.0.0.77:8554@0");
		check.equal(made.local().take(), ABC);
		const same = scene("10.0.0.9").establish();
		same.world.refuses.push("10.0.0.9");
		check.equal(same.tell(CONNECT), hup("0001"));
		check.equal(connects(same), "10.0.0.9:8554@0");
		check.equal(asked(same), 2);
		const both = scene("10.0.0.9").establish();
		both.world.refuses.push("10.0.0.9", "10.0.0.77");
		both.world.names.set("camera.local", "10.0.0.77");
		check.equal(both.tell(CONNECT), hup("0001"), "one HUP after both failed");
		check.equal(connects(both), "10.0.0.9:8554@0,10.0.0.77:8554@0");
	});
	suite.test("ARROW-22 look-up and connect together take 20 s at most", (check) => {
		const made = scene("10.0.0.9").establish();
		made.world.run(60001);
		made.world.service.take();
		made.world.mute = true;
		made.tell(CONNECT);
		made.world.run(19999);
		check.equal(made.world.service.take().indexOf("0005"), -1);
		made.world.run(1);
		check.ok(made.world.service.take().endsWith("00050000000700000003"));
		check.equal(made.endpoint.client.sessions.table.active, 0);
		made.world.mute = false;
		made.world.run(1000);
		check.equal(made.world.connects.length, 1, "its answer comes too late to connect");
	});
	suite.test("ARROW-22 a host that does not answer at its old address is looked up at the next CONNECT", (check) => {
		const made = scene("10.0.0.9").establish();
		made.world.deaf.push("10.0.0.9");
		made.tell(CONNECT);
		made.world.run(20000);
		made.world.service.take();
		made.world.names.set("camera.local", "10.0.0.77");
		made.tell(CONNECT + DATA);
		check.equal(connects(made), "10.0.0.9:8554@0,10.0.0.77:8554@20000");
		check.equal(made.local().take(), ABC);
	});
	suite.test("ARROW-21 a name that cannot be looked up now is reached at its last address", (check) => {
		const made = scene("10.0.0.9").establish();
		made.world.run(61000);
		made.world.names.set("camera.local", undefined);
		made.tell(CONNECT);
		check.equal(made.world.connects[1], "10.0.0.9:8554@61000");
		made.tell(CONNECT.slice(0, -1) + "8");
		check.equal(made.world.connects[2], "10.0.0.9:8554@61000");
		check.equal(asked(made), 2, "a failure is not repeated for each CONNECT");
	});
	suite.test("ARROW-36 a name is checked where it leads now: without gateway mode never to another host", (check) => {
		const made = scene("127.0.0.1", { gateway: false }).establish();
		made.tell(CONNECT + DATA);
		check.equal(connects(made), "127.0.0.1:8554@0");
		made.tell("020000000000000000000c 00020005 00000007 00000000");
		made.world.run(61000);
		made.world.service.take();
		made.world.names.set("camera.local", "192.168.1.5");
		check.ok(made.tell(CONNECT + DATA).endsWith("00050000000700000003"));
		check.equal(made.world.connects.length, 2, "not connected to");
		made.world.run(61000);
		made.world.service.take();
		made.world.names.set("camera.local", "10.0.0.5");
		made.tell(CONNECT);
		check.equal(made.world.connects[2], "10.0.0.5:8554@122000", "the device's own address");
		const refused = scene("127.0.0.1", { gateway: false }).establish();
		refused.world.refuses.push("127.0.0.1");
		refused.world.names.set("camera.local", "192.168.1.5");
		check.equal(refused.tell(CONNECT), hup("0001"), "nor after a failed connect");
		check.equal(connects(refused), "127.0.0.1:8554@0");
	});
	suite.test("ARROW-15 ARROW-38 HUP, or the loss of the connection, while a name is looked up: nothing is connected", (check) => {
		const made = scene("10.0.0.9").establish();
		made.world.run(61000);
		made.world.mute = true;
		made.tell(CONNECT + "020000000000000000000c 00020005 00000007 00000000");
		made.world.mute = false;
		made.world.run(1000);
		check.equal(made.world.connects.length, 1);
		made.world.run(61000);
		made.world.mute = true;
		made.tell(CONNECT);
		made.world.service.finish("RST");
		made.world.run();
		made.world.mute = false;
		made.world.run(10);
		check.equal(connects(made).indexOf("8554"), -1);
		check.equal(made.endpoint.client.sessions.table.active, 0);
	});
	suite.test("ARROW-22 a name that leads nowhere does not hold up one that is in use", (check) => {
		const services = [
			{ type: "rtsp", url: URL },
			{ type: "http", url: "http://nobody.local/" },
		];
		const made = scene("10.0.0.9", { services });
		made.world.names.set("nobody.local", undefined);
		made.establish();
		made.world.run(89000);
		made.world.mute = true;
		made.world.run(1000);
		check.equal(made.world.asked[made.world.asked.length - 1], "nobody.local", "under way");
		made.tell(CONNECT);
		check.equal(made.world.asked[made.world.asked.length - 1], "camera.local");
		made.world.mute = false;
		made.world.run();
		check.equal(connects(made), "10.0.0.9:8554@90000");
		const before = made.world.asked.length;
		made.world.run(31000);
		check.equal(made.world.asked.length, before + 1, "and is asked for again later");
	});
	suite.test("ARROW-34 services of one host name share its look-ups", (check) => {
		const services = [
			{ type: "rtsp", url: URL },
			{ type: "http", url: "http://camera.local/" },
		];
		const made = scene("10.0.0.9", { services }).establish();
		check.equal(asked(made), 1);
		check.equal(made.endpoint.client.table.names.join(), "camera.local");
	});
	suite.test("endpoint: stop and close end look-ups", (check) => {
		const made = scene("10.0.0.9");
		made.world.mute = true;
		made.start();
		let done = 0;
		made.endpoint.stop(() => done++);
		made.world.mute = false;
		made.world.run(100000);
		check.equal(done, 1);
		check.equal(made.world.connects.length, 0);
		made.endpoint.close();
		check.ok(made.world.closed >= 5);
	});
}
