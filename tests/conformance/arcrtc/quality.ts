import { audioPriority, levelOf, QualityRequest, qualityMap, qualityOf, StreamQuality, videoPriority } from "arcrtc/quality";
import type { Suite } from "unit/suite";

export default function quality(suite: Suite): void {
	suite.test(
		"ARC-P2 a quality map is 1 to 4 of the five names, best first; an index past its end means the last one",
		(check) => {
			const map = qualityMap(["high", "low"]) as readonly number[];
			check.equal(map.join(" "), "1 3");
			check.equal(`${levelOf(map, 0)} ${levelOf(map, 1)} ${levelOf(map, 2)} ${levelOf(map, 3)}`, "1 3 3 3");
			check.equal(`${qualityOf(map, 0)} ${qualityOf(map, 1)} ${qualityOf(map, 2)} ${qualityOf(map, 4)}`, "0 0 1 1");
			check.equal((qualityMap(["ultra", "high", "medium", "low"]) as readonly number[]).join(" "), "0 1 2 3");
			check.equal(qualityMap([]), undefined);
			check.equal(qualityMap(["ultra", "high", "medium", "low", "very_low"]), undefined);
			check.equal(qualityMap(["low", "high"]), undefined, "best first");
			check.equal(qualityMap(["low", "low"]), undefined);
			check.equal(qualityMap(["best"]), undefined);
			check.equal(qualityMap([1]), undefined);
		},
	);

	suite.test("ARC-P2 priorities: audio 0, key frames 1, deltas 2, what nothing builds on 3", (check) => {
		check.equal(`${videoPriority(true, false)} ${videoPriority(false, false)} ${videoPriority(false, true)}`, "1 2 3");
		check.equal(`${audioPriority(false)} ${audioPriority(true)}`, "0 3");
	});

	suite.test(
		"ARC-A6 a request is before the encoder at once; Q changes with the first packet of the new encoding, no message is needed",
		(check) => {
			const stream = new StreamQuality();
			check.equal(stream.frame(true), 0);
			check.equal(stream.change, -1);
			stream.asked(2);
			check.equal(stream.change, 3, "low, before the next frame");
			check.equal(stream.frame(false), 0, "a delta still is of the old encoding");
			check.equal(stream.change, 3);
			check.equal(stream.frame(true), 2);
			check.equal(stream.change, -1);
			check.equal(stream.changes, 1);
			stream.asked(2);
			check.equal(stream.change, -1, "the same again");
			stream.allow(3);
			check.equal(stream.change, 4, "the worse of what is asked and what the network bears");
			check.equal(stream.frame(true), 3);
			stream.asked(0);
			check.equal(stream.change, -1);
			stream.allow(0);
			check.equal(stream.change, 1);
			const short = new StreamQuality(Object.freeze([2, 3]));
			short.asked(3);
			check.equal(short.change, 3, "past the end");
			check.equal(short.frame(true), 1);
		},
	);

	suite.test("ARC-A6 R goes with three full packets, or until Q of the peer's packets is what was asked for", (check) => {
		const wish = new QualityRequest();
		check.equal(wish.requested, -1);
		wish.received(0);
		wish.ask(0);
		check.equal(wish.requested, -1, "it is so already");
		wish.ask(2);
		let packets = 0;
		for (; wish.requested >= 0; packets++) wish.sent();
		check.equal(packets, 3);
		wish.ask(2);
		wish.sent();
		wish.received(0);
		check.equal(wish.requested, 2);
		wish.received(2);
		check.equal(wish.requested, -1);
		wish.ask(1);
		wish.ask(3);
		check.equal(wish.requested, 3, "another wish begins anew");
	});
}
