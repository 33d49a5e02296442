import { Arena } from "storage/arena";
import { isLoopback, parseAddress, parseDecimal } from "wire/address";
import { getUint24, getUint48, setUint24, setUint48 } from "wire/fields";
import { formatHex, formatUUID, parseHex } from "wire/hex";
import { JSONWriter } from "wire/json";
import { getText, isText, putText, textLength } from "wire/text";
import type { Suite } from "unit/suite";

function octets(hex: string): Uint8Array {
	return parseHex(hex, hex.length / 2) as Uint8Array;
}

function address(text: string): string {
	const bytes = new Uint8Array(18).fill(0xee);
	const version = parseAddress(text, bytes, 1);
	return version + " " + formatHex(bytes, 1, 16);
}

export default function wire(suite: Suite): void {
	suite.test("wire: 24 and 48 bits, big-endian, and nothing beside them", (check) => {
		const { view, buffer, bytes } = new Arena(16);
		bytes.fill(0xee);
		setUint24(view, 1, 0xfedcba);
		check.hex(buffer, 0, "eefedcbaee");
		check.equal(getUint24(view, 1), 0xfedcba);
		setUint48(view, 6, 0xfedcba987654);
		check.hex(buffer, 5, "eefedcba987654ee");
		check.equal(getUint48(view, 6), 0xfedcba987654);
		setUint48(view, 6, 1);
		check.equal(getUint48(view, 6), 1);
	});
	suite.test("wire: text is put as UTF-8, whole or not at all", (check) => {
		const { bytes, buffer } = new Arena(8);
		check.equal(textLength("aé€"), 6);
		check.equal(putText(bytes, 1, 7, "aé€"), 6);
		check.hex(buffer, 0, "0061c3a9e282ac00");
		check.equal(putText(bytes, 3, 8, "aé€"), -1);
		check.equal(getText(bytes, 1, 6), "aé€");
		check.equal(getText(bytes, 1, 2), undefined);
		check.equal(getText(bytes, 0, 2), undefined);
	});
	suite.test("wire: only well-formed UTF-8 is text", (check) => {
		for (const good of ["", "61", "c280", "dfbf", "e0a080", "ed9fbf", "eeb0b0", "f0908080", "f48fbfbf"])
			check.ok(isText(octets(good), 0, good.length / 2), good);
		for (const bad of [
			"00",
			"80",
			"c1bf",
			"c2",
			"c27f",
			"e09fbf",
			"eda080",
			"e28080c2",
			"f08fbfbf",
			"f4908080",
			"f5808080",
			"ff",
			"61f09080",
		])
			check.ok(!isText(octets(bad), 0, bad.length / 2), bad);
	});
	suite.test("wire: octets in hex, UUID and MAC", (check) => {
		const bytes = octets("0f1e2d3c4b5a46978877665544332211");
		check.equal(formatUUID(bytes, 0), "0f1e2d3c-4b5a-4697-8877-665544332211");
		check.equal(formatHex(bytes, 1, 3, ":"), "1e:2d:3c");
		check.equal(formatHex(parseHex("02:00:00:12:34:5F", 6) as Uint8Array, 0, 6), "02000012345f");
		check.equal(
			formatHex(parseHex("0f1e2d3c-4b5a-4697-8877-665544332211", 16) as Uint8Array, 0, 16),
			"0f1e2d3c4b5a46978877665544332211",
		);
		for (const bad of ["", "02:00:00:12:34", "02:00:00:12:34:5", "02:00:00:12:34:5g", "02:00:00:12:34:56:78", "0:20000123456"])
			check.equal(parseHex(bad, 6), undefined, bad);
	});
	suite.test("wire: numeric addresses", (check) => {
		check.equal(address("127.0.0.1"), "4 7f000001000000000000000000000000");
		check.equal(address("::1"), "6 00000000000000000000000000000001");
		check.equal(address("::"), "6 00000000000000000000000000000000");
		check.equal(address("2001:db8::ABcd:1"), "6 20010db80000000000000000abcd0001");
		check.equal(address("1:2:3:4:5:6:7:8"), "6 00010002000300040005000600070008");
		check.equal(address("1::"), "6 00010000000000000000000000000000");
		check.equal(address("::ffff:1.2.3.4"), "6 00000000000000000000ffff01020304");
		const none = "0 00000000000000000000000000000000";
		for (const bad of [
			"",
			"1.2.3",
			"1.2.3.4.5",
			"1.2.3.256",
			"01.2.3.4",
			"1.2.3.-4",
			"host",
			"1:2",
			":::",
			"1::2::3",
			"1:2:3:4:5:6:7:8:9",
			"12345::",
			"::g",
			"1.2.3.4::",
			"1:2:3:4:5:6:7::8:9",
		])
			check.equal(address(bad), none, bad);
	});
	suite.test("wire: loopback addresses", (check) => {
		const bytes = new Uint8Array(16);
		for (const yes of ["127.0.0.1", "127.9.9.9", "::1"]) check.ok(isLoopback(parseAddress(yes, bytes, 0), bytes, 0), yes);
		for (const no of ["128.0.0.1", "10.0.0.1", "::2", "::", "7f00::1"])
			check.ok(!isLoopback(parseAddress(no, bytes, 0), bytes, 0), no);
	});
	suite.test("wire: decimal numbers", (check) => {
		check.equal(parseDecimal("0", 9), 0);
		check.equal(parseDecimal("65535", 65535), 65535);
		for (const bad of ["", "65536", "-1", "1.5", "01", " 1", "1 ", "99999999999", "x"])
			check.equal(parseDecimal(bad, 65535), -1, bad);
	});
	suite.test("wire: JSON is what a reader reads back", (check) => {
		const { bytes } = new Arena(300);
		const json = new JSONWriter(bytes).begin(5, 290).object().value("name", 'a"b\\é\n').value("no", undefined).array("list");
		json.value(undefined, 1).value(undefined, true).object().endObject().array().endArray().value(undefined, -1.5).endArray();
		const length = json.object("in").value("x", null).endObject().endObject().end();
		const text = getText(bytes, 5, length) as string;
		check.equal(text, '{"name":"a\\"b\\\\é\\n","no":null,"list":[1,true,{},[],-1.5],"in":{"x":null}}');
		check.equal(JSON.stringify(JSON.parse(text)), text);
	});
	suite.test("wire: JSON never leaves its region, and says when it did not fit", (check) => {
		const { bytes, buffer } = new Arena(20);
		for (let size = 0; size < 13; size++) {
			bytes.fill(0xee);
			check.equal(new JSONWriter(bytes).begin(2, size).object().value("abc", "def").endObject().end(), -1);
			check.hex(buffer, 0, "eeee");
			check.hex(buffer, 2 + size, "eeeeee");
		}
		check.equal(new JSONWriter(bytes).begin(2, 13).object().value("abc", "def").endObject().end(), 13);
		check.equal(new JSONWriter(bytes).begin(0, 20).object().end(), -1, "left open");
	});
}
