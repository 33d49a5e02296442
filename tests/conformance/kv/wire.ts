import { bytesOf, plain, reversed, system, zeros } from "conformance/kv/packets";
import { hexOf } from "conformance/kv/packets";
import { COMMAND_GET_CHANNELS, REQUEST_SIZE } from "kv/constants";
import { Framing } from "kv/framing";
import { Id, parseId } from "kv/id";
import { settingsOf } from "kv/options";
import { type KVSwitches, withSwitches } from "kv/switches";
import { checksum, isSystem, PacketWire, portOf, swapped, writeRequest } from "kv/wire";
import { Arena } from "storage/arena";
import type { Suite } from "unit/suite";

const AT = 16;

function id(text: string): Id {
	return parseId(text) as Id;
}

/** A request as it leaves, all ids given as hex of 16 digits. */
function request(command: number, ids: string[], padded = false): string {
	const arena = new Arena(64);
	arena.bytes.fill(0xee);
	const fields = [new Id(), new Id(), new Id()];
	for (let i = 0; i < ids.length; i++) fields[i].copy(id("0x" + ids[i]));
	const length = writeRequest(arena.view, AT, command, fields[0], fields[1], fields[2], padded);
	return hexOf(arena.buffer, AT, length);
}

function systemOf(operation: number, uid: string, ack: number, switches?: Partial<KVSwitches>): string {
	const arena = new Arena(64);
	const wire = new PacketWire(withSwitches(switches));
	wire.writeSystem(arena.view, 8, 0x80000000 + operation, id("0x" + uid), ack);
	return hexOf(arena.buffer, 8, 24);
}

/** What becomes of a packet of the codec: 504 bytes as hex, "" when it is refused. */
function framed(packet: string, switches?: Partial<KVSwitches>, sequence = 0, timestamp = 0): string {
	const arena = new Arena(1200);
	arena.bytes.fill(0xee);
	const bytes = bytesOf(packet);
	for (let i = 0; i < bytes.length; i++) arena.bytes[100 + i] = bytes[i];
	const framing = new Framing(arena, withSwitches(switches));
	if (!framing.frame(100, bytes.length, sequence, timestamp)) return "";
	return hexOf(arena.buffer, 100, 504);
}

export default function wire(suite: Suite): void {
	suite.test("KV-6 KV-1 requests of section 7, byte by byte", (check) => {
		const chid = "00007fbbf903e6c0";
		check.equal(request(4, [zeros(8), zeros(8)]), "00000004" + zeros(16));
		check.equal(request(4, [zeros(8), "000000007fffffff"]), plain("00000004 0000000000000000 000000007fffffff"));
		check.equal(request(0, ["0000000000000003"]), "000000000000000000000003");
		check.equal(request(6, [chid]), "00000006" + chid);
		check.equal(request(COMMAND_GET_CHANNELS, []), "00000007");
		check.equal(request(2, ["0000000000000004", "0000000000000004", chid]), "0000000200000000000000040000000000000004" + chid);
		check.equal(request(3, ["0000000000000005", "0000000000000005", chid]), "0000000300000000000000050000000000000005" + chid);
		check.equal(request(1, ["0000000000000003", chid]), "000000010000000000000003" + chid);
		check.equal(request(5, ["0000000000000002", "0000000000000009"]), "0000000500000000000000020000000000000009");
	});

	suite.test("KV-2 exact requests have 4, 12, 20 or 28 bytes, padded ones always 36 with a zero tail", (check) => {
		const ids = ["8000000000000001", "8000000000000002", "fffffffe00000001"];
		const fields = [1, 2, 3, 3, 2, 2, 1, 0];
		for (let command = 0; command < fields.length; command++) {
			const exact = request(command, ids);
			check.equal(exact.length / 2, 4 + 8 * fields[command]);
			const padded = request(command, ids, true);
			check.equal(padded.length / 2, REQUEST_SIZE);
			check.equal(padded, exact + zeros(REQUEST_SIZE - exact.length / 2));
		}
	});

	suite.test("KV-6 ids are bit-exact as text, hex and decimal, to the last bit", (check) => {
		check.equal(id("0x8000000000000001").toString(), "0x8000000000000001");
		check.equal(id("0XFFFFFFFE00000001").toString(), "0xfffffffe00000001");
		check.equal(id("9223372036854775809").toString(), "0x8000000000000001");
		check.equal(id("18446744073709551615").toString(), "0xffffffffffffffff");
		check.equal(id("0").toString(), "0x0000000000000000");
		check.equal(id("4294967296").high, 1);
		for (const text of ["", "0x", "18446744073709551616", "0x10000000000000000", "-1", "1.5", "12a", "0xg", " 1"])
			check.equal(parseId(text), undefined, text);
	});

	suite.test("KV-18 checksums and system packets of section 7", (check) => {
		const values: [number, number, number][] = [
			[0, 0, 0x0acdd400],
			[1, 0, 0x0acdd500],
			[4, 0, 0x0acdd000],
			[4, 0x01020304, 0x0bcfd304],
			[0x89abcdef, 0, 0xa1003b00],
			[0xdeadbeef, 0, 0xa7733b00],
		];
		for (const [low, ack, sum] of values) check.equal(checksum(low, ack), sum);
		check.equal(systemOf(0, "0000000000000001", 0), plain("ffffffff 80000000 0100000000000000 00000000 00d5cd0a"));
		check.equal(systemOf(1, "0000000000000004", 0), plain("ffffffff 80000001 0400000000000000 00000000 00d0cd0a"));
		check.equal(systemOf(2, "0000000000000001", 0), plain("ffffffff 80000002 0100000000000000 00000000 00d5cd0a"));
		for (const uid of ["0123456789abcdef", "8000000000000001", "00000000deadbeef"])
			for (const ack of [0, 7, 0xfffffffe]) check.equal(systemOf(3, uid, ack), system(3, uid, ack).slice(0, 48));
	});

	suite.test("KV-18 a checksum is right for its packet only", (check) => {
		const arena = new Arena(600);
		const wire = new PacketWire(withSwitches(undefined));
		const bytes = bytesOf(system(0, "0123456789abcdef", 77));
		for (let i = 0; i < bytes.length; i++) arena.bytes[AT + i] = bytes[i];
		check.ok(wire.checks(arena.view, AT));
		// Bytes 8..10 and 16..23 are in the sum; it does not see the others.
		for (const at of [8, 9, 10, 16, 17, 18, 19, 20, 21, 22, 23]) {
			arena.bytes[AT + at] ^= 0x10;
			check.ok(!wire.checks(arena.view, AT), "byte " + at);
			arena.bytes[AT + at] ^= 0x10;
		}
		check.ok(wire.checks(arena.view, AT));
	});

	suite.test("KV-18 switches keepaliveUidOrder and udpOrder: the sum is over the bytes as sent", (check) => {
		const uid = "0000000000000001";
		const swap = { keepaliveUidOrder: "be" } as const;
		// The first four bytes are zero then, so the sum is that of user 0.
		check.equal(systemOf(0, uid, 0, swap), plain("ffffffff 80000000 0000000000000001 00000000 00d4cd0a"));
		check.equal(systemOf(2, uid, 0, swap), plain("ffffffff 80000002 0000000000000001 00000000 00d4cd0a"));
		check.equal(systemOf(1, uid, 0, swap), plain("ffffffff 80000001 0100000000000000 00000000 00d5cd0a"));
		check.equal(systemOf(0, uid, 9, { udpOrder: "be" }), plain("ffffffff 80000000 0000000000000001 00000009 0acdd509"));
		check.equal(systemOf(0, uid, 0, { profile: "27eb5b6" }), systemOf(0, uid, 0, swap));
	});

	suite.test("KV-15 a system packet has the magic and the top bit behind it; a legal user id never looks like one", (check) => {
		const arena = new Arena(32);
		for (const [hex, expected] of [
			["ffffffff80000000", true],
			["ffffffff8000002a", true],
			["ffffffff7fffffff", false],
			["fffffffe80000000", false],
			["04000000ffffffff", false],
		] as const) {
			const bytes = bytesOf(hex);
			for (let i = 0; i < 8; i++) arena.bytes[AT + i] = bytes[i];
			check.equal(isSystem(arena.view, AT), expected, hex);
		}
		check.ok(!id("0xffffffff00000001").legal);
		check.ok(!id("0x1ffffffff").legal);
		check.ok(id("0xfffffffefffffffe").legal);
	});

	suite.test("KV-8 ports: as they are, swapped, and what is none", (check) => {
		check.equal(portOf(0, 50190, "be"), 50190);
		check.equal(portOf(0, 0x0ec4, "le-quirk"), 50190);
		check.equal(portOf(0, 0x0ec4, "auto"), 0x0ec4);
		check.equal(swapped(0x0ec4), 50190);
		for (const order of ["be", "le-quirk", "auto"] as const) {
			check.equal(portOf(0, 0, order), 0);
			check.equal(portOf(0, 0x10000, order), 0);
			check.equal(portOf(1, 50190, order), 0);
			check.equal(portOf(0x80000000, 50190, order), 0);
		}
	});

	suite.test("KV-16 KV-C6 opusPad: packets of Opus fill 504 bytes, by the vectors of section 7", (check) => {
		check.equal(framed("08aabb"), "0b41fff4aabb" + zeros(498));
		check.equal(framed("08" + "f1".repeat(501)), "0b4100" + "f1".repeat(501));
		check.equal(framed("08" + "f1".repeat(502)), "0b01" + "f1".repeat(502));
		check.equal(framed("08" + "f1".repeat(503)), "08" + "f1".repeat(503), "504: as is");
		const sixty = framed("08" + "f1".repeat(59));
		// R = 443: one length byte of 255 for 254 and one of 187.
		check.equal(sixty, "0b41ffbb" + "f1".repeat(59) + zeros(441));
		for (let size = 1; size <= 504; size++) check.equal(framed("08" + "f1".repeat(size - 1)).length, 1008, size + " bytes");
		check.equal(framed("08" + "f1".repeat(504)), "", "505");
		check.equal(framed(""), "", "none");
	});

	suite.test("KV-16 raw504: bytes go as they are, with zeros behind them", (check) => {
		const raw = { payload: "raw504" } as const;
		check.equal(framed("0a0b0c", raw), "0a0b0c" + zeros(501));
		check.equal(framed("77".repeat(504), raw), "77".repeat(504));
		check.equal(framed("77".repeat(505), raw), "");
	});

	suite.test("KV-16 padding: number and time of a packet lie in it, and are read from it", (check) => {
		const sequence = { padding: "sequence" } as const;
		const plainFrame = framed("08aabb");
		const marked = framed("08aabb", sequence, 0xbeef, 0x01020304);
		check.equal(marked.slice(0, 988), plainFrame.slice(0, 988));
		check.equal(marked.slice(988), "464b5651beef01020304");
		check.equal(framed("08" + "f1".repeat(495), sequence, 1, 1), framed("08" + "f1".repeat(495)), "no room: no mark");
		const arena = new Arena(600);
		const framing = new Framing(arena, withSwitches(undefined));
		const read = (hex: string): string => {
			const bytes = bytesOf(hex);
			for (let i = 0; i < bytes.length; i++) arena.bytes[AT + i] = bytes[i];
			framing.read(AT);
			return framing.sequence + " " + framing.timestamp;
		};
		check.equal(read(marked), 0xbeef + " " + 0x01020304);
		check.equal(read(plainFrame), "-1 -1");
		// The same bytes as part of a frame are no mark.
		check.equal(read("08" + "f1".repeat(493) + "464b5651beef01020304"), "-1 -1");
		check.equal(read("0b4104" + "f1".repeat(491) + "464b5651beef01020304"), "-1 -1", "padding of four bytes");
	});

	suite.test("KV-23 no server address, or a wrong one, is an error that names the key", (check) => {
		check.throws(() => settingsOf({ server: "" }), "kv.server");
		check.throws(() => settingsOf({ server: "a:0" }), "kv.server");
		check.equal(settingsOf({ server: "kv.example" }).address.port, 8085);
		check.equal(settingsOf({ server: "[2001:db8::1]:99" }).address.host, "2001:db8::1");
		check.throws(() => settingsOf({ server: "a", uid: "0xffffffff00000001" }), "kv.uid");
		check.throws(() => settingsOf({ server: "a", uid: "0" }), "kv.uid");
		check.throws(() => settingsOf({ server: "a", uid: "1", register: {} }), "kv.uid");
		check.throws(() => settingsOf({ server: "a", channel: "x" }), "kv.channel");
		check.throws(() => settingsOf({ server: "a", channel: "1", channels: ["2"] }), "kv.channels");
		check.throws(() => settingsOf({ server: "a", channels: ["7", "0x7"] }), "kv.channels[1]");
		check.throws(() => settingsOf({ server: "a", channels: [] }), "kv.channels");
		check.throws(() => settingsOf({ server: "a", register: { permissions: ["x"] } }), "kv.register.permissions");
		const { permissions } = settingsOf({ server: "a", register: { permissions: ["add_channel", "add_user", "kick_user"] } });
		check.equal(permissions.toString(), "0x0000000000000068");
	});

	suite.test("KV-6 voice of section 7: user id and payload, little-endian", (check) => {
		const arena = new Arena(32);
		const wire = new PacketWire(withSwitches(undefined));
		wire.writeUid(arena.view, AT, id("4"));
		check.hex(arena.buffer, AT, "0400000000000000");
		wire.writeUid(arena.view, AT, id("0x8000000000000001"));
		check.hex(arena.buffer, AT, reversed("8000000000000001"));
		const uid = new Id();
		wire.readUid(arena.view, AT, uid);
		check.equal(uid.toString(), "0x8000000000000001");
		new PacketWire(withSwitches({ udpOrder: "be" })).writeUid(arena.view, AT, uid);
		check.hex(arena.buffer, AT, "8000000000000001");
	});
}
