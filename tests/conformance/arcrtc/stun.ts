import { STUN_ERROR, STUN_REQUEST, STUN_SUCCESS } from "arcrtc/constants";
import { StunReader } from "arcrtc/stun_reader";
import { StunWriter } from "arcrtc/stun_writer";
import { Arena } from "storage/arena";
import { Allocation } from "unit/allocation";
import type { Suite } from "unit/suite";
import { RELAY_BIND } from "vectors/arcrtc";
import { formatAddress, parseAddress } from "wire/address";
import { parseHex } from "wire/hex";
import { getText, putText } from "wire/text";

/** Published messages (RFC 5769): their password, a request, answers with an IPv4 and an IPv6 address. */
const PASSWORD = "VOkJxbRl1RmTxUk/WvJxBt";
const SAMPLE_REQUEST =
	"000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74002400046e0001ff80290008932ff9b151263b36" +
	"000600096576746a3a68367659202020000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf";
const SAMPLE_IPV4 =
	"0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000080001a147e112a643000800142b91f599fd9e90c3" +
	"8c7489f92af9ba53f06be7d780280004c07d4c96";
const SAMPLE_IPV6 =
	"010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9" +
	"00080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c";

const AT = 64;
const KEY_AT = 512;
const TEXT_AT = 600;

class World {
	readonly arena = new Arena(1024);
	readonly reader = new StunReader(this.arena);
	readonly writer = new StunWriter(this.arena);

	put(hex: string): number {
		this.arena.bytes.set(parseHex(hex, hex.length / 2) as Uint8Array, AT);
		return hex.length / 2;
	}

	read(hex: string): boolean {
		return this.reader.read(AT, this.put(hex));
	}

	verify(password: string): boolean {
		const length = putText(this.arena.bytes, KEY_AT, 1024, password);
		return this.reader.verify(this.arena.buffer, KEY_AT, length);
	}
}

export default function stun(suite: Suite): void {
	suite.test("ARC-N7 the relay's bind is byte-exact, and is read again", (check) => {
		const { arena, writer, reader } = new World();
		const key = putText(arena.bytes, KEY_AT, 1024, RELAY_BIND.key_ascii);
		const name = putText(arena.bytes, TEXT_AT, 1024, RELAY_BIND.username);
		for (let i = 0; i < 12; i++) arena.bytes[i] = i + 1;
		arena.bytes.fill(0xee, AT, AT + 200);
		writer.begin(AT, STUN_REQUEST, 0);
		writer.username(TEXT_AT, name);
		writer.integrity(arena.buffer, KEY_AT, key);
		const length = writer.end();
		check.equal(length, RELAY_BIND.bytes);
		check.hex(arena.buffer, AT, RELAY_BIND.request + "ee");
		check.ok(reader.read(AT, length));
		check.equal(reader.type, STUN_REQUEST);
		check.equal(getText(arena.bytes, reader.username, reader.usernameLength), RELAY_BIND.username);
		check.ok(reader.answers(0));
		check.ok(reader.verify(arena.buffer, KEY_AT, key));
		check.hex(arena.buffer, AT, RELAY_BIND.request);
		check.ok(!reader.verify(arena.buffer, KEY_AT, key - 1));
		arena.bytes[3]++;
		check.ok(!reader.answers(0));
	});
	suite.test("ARC-N7 published requests and answers are understood", (check) => {
		const world = new World();
		const { reader, arena } = world;
		check.ok(world.read(SAMPLE_REQUEST));
		check.ok(world.verify(PASSWORD));
		check.ok(!world.verify(PASSWORD + "x"));
		check.equal(getText(arena.bytes, reader.username, reader.usernameLength), "evtj:h6vY");
		// PRIORITY is not ours: whoever asks with it is no peer of this protocol.
		check.ok(reader.strange);
		check.ok(world.read(SAMPLE_IPV4));
		check.ok(world.verify(PASSWORD));
		check.equal(reader.type, STUN_SUCCESS);
		check.equal(formatAddress(reader.version, reader.octets, 0), "192.0.2.1");
		check.equal(reader.port, 32853);
		check.ok(!reader.strange);
		check.ok(world.read(SAMPLE_IPV6));
		check.ok(world.verify(PASSWORD));
		check.equal(formatAddress(reader.version, reader.octets, 0), "2001:db8:1234:5678:11:2233:4455:6677");
		check.equal(reader.port, 32853);
		// What was found before is forgotten.
		check.ok(world.read(RELAY_BIND.request));
		check.equal(reader.version, 0);
	});
	suite.test("ARC-G4 an answer tells addresses of both kinds, an error its code", (check) => {
		const { arena, writer, reader } = new World();
		const octets = new Uint8Array(16);
		const addresses = ["203.0.113.7", "2001:db8:0:0:0:0:0:1"];
		for (let i = 0; i < addresses.length; i++) {
			const version = parseAddress(addresses[i], octets, 0);
			writer.begin(AT, STUN_SUCCESS, 0);
			writer.mappedAddress(version, octets, 0, 65535 - i);
			check.ok(reader.read(AT, writer.end()));
			check.equal(formatAddress(reader.version, reader.octets, 0), addresses[i]);
			check.equal(reader.port, 65535 - i);
			check.ok(!reader.verify(arena.buffer, 0, 0), "nobody has signed it");
		}
		writer.begin(AT, STUN_ERROR, 0);
		writer.errorCode(487);
		check.ok(reader.read(AT, writer.end()));
		check.equal(reader.errorCode, 487);
	});
	suite.test("ARC-N7 every byte that is changed, every cut and every length that lies is refused or not verified", (check) => {
		const world = new World();
		const { arena, reader } = world;
		const length = world.put(SAMPLE_IPV4);
		// The type of the fingerprint, which is behind what is signed, may become one that is passed over.
		for (let i = 0; i < length - 8; i++) {
			world.put(SAMPLE_IPV4);
			arena.bytes[AT + i] ^= 0x10;
			check.ok(!reader.read(AT, length) || !world.verify(PASSWORD), "byte " + i);
		}
		world.put(SAMPLE_IPV4);
		for (let cut = 0; cut < length; cut++) check.ok(!reader.read(AT, cut), "after " + cut);
		check.ok(!reader.read(AT, length + 4));
		// An attribute that leaves the message.
		const lies = ["000100042112a442" + "00".repeat(12) + "00060001", "000100082112a442" + "00".repeat(12) + "0006ffff41414141"];
		for (let i = 0; i < lies.length; i++) check.ok(!world.read(lies[i]), "lie " + i);
		const odd = ["0020000800030000e112a643", "0020000c00010000e112a64300000000", "00080004aabbccdd", "000900020004" + "0000"];
		for (let i = 0; i < odd.length; i++)
			check.ok(
				!world.read("010100" + (odd[i].length / 2).toString(16).padStart(2, "0") + "2112a442" + "00".repeat(12) + odd[i]),
				odd[i],
			);
	});
	suite.test("ARC-N7 what stands behind the integrity is not believed", (check) => {
		const { arena, writer, reader } = new World();
		const octets = new Uint8Array(16);
		parseAddress("203.0.113.7", octets, 0);
		const key = putText(arena.bytes, KEY_AT, 1024, "key");
		writer.begin(AT, STUN_SUCCESS, 0);
		writer.integrity(arena.buffer, KEY_AT, key);
		writer.mappedAddress(4, octets, 0, 1);
		check.ok(reader.read(AT, writer.end()));
		check.ok(reader.verify(arena.buffer, KEY_AT, key));
		check.equal(reader.version, 0);
	});
	suite.test("ARC-P10 making and reading costs no memory", (check) => {
		const { arena, writer, reader } = new World();
		const pass = (): boolean => {
			writer.begin(AT, STUN_REQUEST, 0);
			writer.username(TEXT_AT, 20);
			writer.integrity(arena.buffer, KEY_AT, 32);
			return reader.read(AT, writer.end()) && reader.verify(arena.buffer, KEY_AT, 32);
		};
		check.ok(pass());
		const allocation = new Allocation();
		allocation.begin();
		for (let i = 0; i < 50; i++) pass();
		allocation.expectNone(check);
	});
}
