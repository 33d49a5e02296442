import { Arena } from "storage/arena";
import { constantText } from "wire/ascii";
import {
	JSON_BEYOND_LIMITS,
	JSON_BROKEN,
	JSON_FINE,
	JSONReader,
	KIND_ARRAY,
	KIND_BOOLEAN,
	KIND_NONE,
	KIND_NULL,
	KIND_NUMBER,
	KIND_OBJECT,
	KIND_TEXT,
} from "wire/json_reader";
import { getText, putText } from "wire/text";
import { Allocation } from "unit/allocation";
import type { Suite } from "unit/suite";

const SIZE = 2048;
/** Where texts lie: not at the start, so that an offset that was left out shows. */
const AT = 100;
const LIMITS = Object.freeze({ bytes: 1024, text: 64, depth: 4 });
const KEY = Object.freeze({
	a: constantText("a"),
	type: constantText("type"),
	e: constantText("e\n"),
	text: constantText("HEARTBEAT"),
});

const FINE = Object.freeze([
	"{}",
	"[]",
	" \t\r\n0 ",
	"-0",
	"1e5",
	"1E-5",
	"-12.50e+3",
	'""',
	'"\\u0041\\n\\/\\\\\\""',
	'"\\ud83d\\ude00"',
	'"é€😀"',
	"true",
	"false",
	"null",
	'{"a":{"b":[1,{}]}}',
	"[1 , 2,[ ] , { } ]",
	'{"a" : 1 , "a":2}',
]);
const BROKEN = Object.freeze([
	"",
	" ",
	"{",
	"}",
	"[",
	"]",
	"[1,]",
	"[,1]",
	"[1 2]",
	"[1}",
	'{"a":1]',
	'{"a":}',
	'{"a"}',
	'{"a":1,}',
	"{,}",
	"{a:1}",
	"{1:1}",
	"01",
	"-",
	"+1",
	"1.",
	".5",
	"1e",
	"1e+",
	"0x10",
	"NaN",
	"tru",
	"truE",
	"nul",
	"truefalse",
	"1 1",
	'"',
	'"a',
	'"\\"',
	'"\\x"',
	'"\\u12g4"',
	'"\\u12"',
	'"\\ud83d"',
	'"\\ud83d\\n"',
	'"\\ude00"',
	'"a\nb"',
	"{}{}",
	"[]]",
	"'a'",
	"/**/1",
]);

function reader(): { arena: Arena; json: JSONReader; check: (text: string) => number } {
	const arena = new Arena(SIZE);
	const json = new JSONReader(arena.bytes, LIMITS);
	return { arena, json, check: (text) => json.check(AT, putText(arena.bytes, AT, SIZE, text)) };
}

export default function jsonReader(suite: Suite): void {
	suite.test("json reader: takes what the grammar allows, and nothing else, as the engine's own reader does", (check) => {
		const it = reader();
		for (let i = 0; i < FINE.length; i++) {
			check.equal(it.check(FINE[i]), JSON_FINE, FINE[i]);
			JSON.parse(FINE[i]);
		}
		for (let i = 0; i < BROKEN.length; i++) {
			check.equal(it.check(BROKEN[i]), JSON_BROKEN, BROKEN[i]);
			check.equal(it.json.root, -1);
		}
	});
	suite.test("json reader: every cut of a text is broken, and what lies behind it is not read", (check) => {
		const it = reader();
		const text = '{"a":[1,-2.5e3,"x\\u00e9",true,null],"b":{"c":"d"}}';
		const length = putText(it.arena.bytes, AT, SIZE, text);
		for (let cut = 0; cut < length; cut++) check.equal(it.json.check(AT, cut), JSON_BROKEN, "after " + cut);
		check.equal(it.json.check(AT, length), JSON_FINE);
		// A number at the end of what was received goes on behind it.
		putText(it.arena.bytes, AT, SIZE, "1234");
		check.equal(it.json.check(AT, 2), JSON_FINE);
		check.equal(it.json.number(it.json.root), 12);
	});
	suite.test("json reader: limits of length, depth and texts", (check) => {
		const it = reader();
		check.equal(it.check("[[[[]]]]"), JSON_FINE);
		check.equal(it.check("[[[[[]]]]]"), JSON_BEYOND_LIMITS);
		check.equal(it.check('{"a":[{"a":[{}]}]}'), JSON_BEYOND_LIMITS);
		check.equal(it.check('"' + "x".repeat(64) + '"'), JSON_FINE);
		check.equal(it.check('"' + "x".repeat(65) + '"'), JSON_BEYOND_LIMITS);
		check.equal(it.check('{"' + "x".repeat(65) + '":1}'), JSON_BEYOND_LIMITS);
		check.equal(it.check("1".repeat(65)), JSON_BEYOND_LIMITS);
		check.equal(it.check(" ".repeat(1023) + "1"), JSON_FINE);
		check.equal(it.check(" ".repeat(1024) + "1"), JSON_BEYOND_LIMITS);
	});
	suite.test("json reader: no UTF-8 and no NUL get in", (check) => {
		const it = reader();
		putText(it.arena.bytes, AT, SIZE, '"ab"');
		it.arena.bytes[AT + 1] = 0xff;
		check.equal(it.json.check(AT, 4), JSON_BROKEN);
		it.arena.bytes[AT + 1] = 0;
		check.equal(it.json.check(AT, 4), JSON_BROKEN);
	});
	suite.test("json reader: members, items and what they are", (check) => {
		const it = reader();
		const { json } = it;
		check.equal(
			it.check(' {"x":{"a":"inner"}, "type" : "HEARTBEAT" ,"a":[1, "two",{"a":3} ,null,false],"a\\u0000":9}'),
			JSON_FINE,
		);
		check.equal(json.kind(json.root), KIND_OBJECT);
		check.ok(json.isText(json.member(json.root, KEY.type), KEY.text));
		const list = json.member(json.root, KEY.a);
		check.equal(json.kind(list), KIND_ARRAY);
		let item = json.first(list);
		check.equal(json.kind(item), KIND_NUMBER);
		check.equal(json.number(item), 1);
		item = json.next(item);
		check.equal(json.kind(item), KIND_TEXT);
		check.equal(json.text(item, 3), "two");
		check.equal(json.text(item, 2), undefined);
		item = json.next(item);
		check.equal(json.number(json.member(item, KEY.a)), 3);
		item = json.next(item);
		check.equal(json.kind(item), KIND_NULL);
		item = json.next(item);
		check.equal(json.kind(item), KIND_BOOLEAN);
		check.ok(!json.isTrue(item));
		check.equal(json.next(item), -1);
		check.equal(json.kind(json.member(list, KEY.a)), KIND_NONE);
		check.equal(json.member(json.member(json.root, KEY.text), KEY.a), -1);
		check.equal(json.first(json.root), -1);
		check.equal(it.check("[]"), JSON_FINE);
		check.equal(json.first(json.root), -1);
	});
	suite.test("json reader: of two members of one name the last counts, and names are compared without their escapes", (check) => {
		const it = reader();
		const { json } = it;
		it.check('{"a":1,"\\u0061":2,"b":{"a":3},"e\\n":4}');
		check.equal(json.number(json.member(json.root, KEY.a)), 2);
		check.equal(json.number(json.member(json.root, KEY.e)), 4);
		it.check('{"ab":1,"":2}');
		check.equal(json.member(json.root, KEY.a), -1);
	});
	suite.test("json reader: numbers as the engine reads them", (check) => {
		const it = reader();
		const numbers = ["0", "-0", "7", "-12345678901234", "1767225600123", "9007199254740993", "1.5", "-2.25e-3", "1e400", "12E2"];
		for (let i = 0; i < numbers.length; i++) {
			it.check("[" + numbers[i] + "]");
			check.equal(it.json.number(it.json.first(it.json.root)), JSON.parse(numbers[i]), numbers[i]);
		}
		it.check('["1",2.5,70000,-1]');
		const text = it.json.first(it.json.root);
		check.equal(it.json.number(text), Number.NaN);
		const half = it.json.next(text);
		check.equal(it.json.integer(half, 0, 65535, -7), -7);
		const large = it.json.next(half);
		check.equal(it.json.integer(large, 0, 65535, -7), -7);
		check.equal(it.json.integer(large, 0, 70000, -7), 70000);
		check.equal(it.json.integer(it.json.next(large), 0, 9, -7), -7);
		check.equal(it.json.integer(-1, 0, 9, -7), -7);
	});
	suite.test("json reader: texts are copied without their escapes, or not at all", (check) => {
		const it = reader();
		const { json, arena } = it;
		const copy = (text: string, limit: number): string | undefined => {
			it.check(text);
			arena.bytes.fill(0xee, 0, AT);
			const length = json.copyText(json.root, 10, limit);
			check.equal(arena.bytes[9], 0xee);
			if (length < 0) return undefined;
			check.equal(arena.bytes[10 + length], 0xee);
			return getText(arena.bytes, 10, length);
		};
		const texts = ['"plain"', '"\\"\\\\\\/\\b\\f\\n\\r\\t"', '"\\u00e9\\u20ac\\ud83d\\ude00"', '"é€😀"', '"a\\u0041z"'];
		for (let i = 0; i < texts.length; i++) check.equal(copy(texts[i], 40), JSON.parse(texts[i]), texts[i]);
		check.equal(copy('"12345"', 5), "12345");
		check.equal(copy('"12345"', 4), undefined);
		check.equal(copy('"\\u20ac\\u20ac"', 5), undefined);
		check.equal(copy("12", 5), undefined);
		it.check('"a\\nb"');
		check.equal(json.text(json.root, 9), undefined);
	});
	suite.test("json reader: checking and asking allocate nothing", (check) => {
		const it = reader();
		const { json, arena } = it;
		const length = putText(arena.bytes, AT, SIZE, '{"type":"HEARTBEAT","a":[{"a":1},{"a":"\\u00e9"}],"n":1767225600123}');
		const look = (): number => {
			json.check(AT, length);
			json.isText(json.member(json.root, KEY.type), KEY.text);
			const item = json.next(json.first(json.member(json.root, KEY.a)));
			return json.copyText(json.member(item, KEY.a), 0, 10);
		};
		check.equal(look(), 2);
		const allocation = new Allocation();
		allocation.begin();
		for (let i = 0; i < 100; i++) look();
		allocation.expectNone(check);
	});
}
