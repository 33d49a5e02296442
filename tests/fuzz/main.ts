import { ArcRTCFuzzer } from "fuzz/arcrtc";
import { ArcRTCPeerFuzzer } from "fuzz/arcrtc_peer";
import { Campaign } from "fuzz/campaign";
import { DiscoveryFuzzer } from "fuzz/discovery";
import type { Fuzzer } from "fuzz/fuzzer";
import { ArrowFuzzer } from "fuzz/arrow";
import { KVFuzzer } from "fuzz/kv";
import { RTPFuzzer } from "fuzz/rtp";
import { RTSPFuzzer } from "fuzz/rtsp";
import { SignallingFuzzer } from "fuzz/signalling";
import { Counter, print, readCounters } from "host/host";
import { monotonic } from "time/clock";
import type { Suite } from "unit/suite";

/** Short runs get so much less, and those of 32 bits, which take twice as long for the same code. */
const SHORTER = 20;
const NARROWER = 5;
/** Bytes of a slot there. */
const NARROW_SLOT = 16;
/** The seed of the tests. */
const SEED = 1;

/** Every fuzzer there is. */
function fuzzers(): Fuzzer[] {
	return [
		new ArcRTCFuzzer(),
		new ArcRTCPeerFuzzer(),
		new ArrowFuzzer(),
		new DiscoveryFuzzer(),
		new KVFuzzer(),
		new RTPFuzzer(),
		new RTSPFuzzer(),
		new SignallingFuzzer(),
	];
}

export default function fuzz(suite: Suite): void {
	const all = fuzzers();
	const counters = new Int32Array(Counter.COUNT);
	readCounters(counters);
	const less = suite.short ? SHORTER : counters[Counter.SLOT_SIZE] === NARROW_SLOT ? NARROWER : 1;
	for (let i = 0; i < all.length; i++) {
		const fuzzer = all[i];
		suite.test("fuzz: " + fuzzer.name + ": seeds that once failed", (check) => {
			for (let k = 0; k < fuzzer.kept.length; k++) check.equal(fuzzer.block(fuzzer.kept[k]).fault, "", "seed " + fuzzer.kept[k]);
			check.ok(true);
		});
		const count = fuzzer.share / less;
		suite.test("fuzz: " + fuzzer.name + ": " + count + " damaged messages, every promise holds, memory is flat", (check) => {
			const campaign = new Campaign(fuzzer, SEED);
			campaign.run(count);
			check.equal(campaign.fault, "");
			check.ok(campaign.judged, "too short");
			check.equal(campaign.growth, "");
			check.ok(campaign.total >= count, "messages");
			for (let s = 0; s < fuzzer.states.length; s++) check.ok(campaign.messages[s] > count / 20, fuzzer.states[s]);
		});
	}
}

/** `unit --fuzz NAME COUNT SEED`: a campaign that tells its figures. @returns the exit status. */
export function fuzzCommand(name: string, count: number, seed: number): number {
	const fuzzer = fuzzers().find((one) => one.name === name);
	if (fuzzer === undefined) {
		print(
			name +
				": no such fuzzer; there are " +
				fuzzers()
					.map((one) => one.name)
					.join(", "),
		);
		return 2;
	}
	const start = monotonic();
	const campaign = new Campaign(fuzzer, seed);
	campaign.run(count);
	const seconds = (monotonic() - start) / 1000;
	print(name + ": " + campaign.total + " damaged messages in " + campaign.blocks + " blocks from seed " + seed);
	for (let i = 0; i < fuzzer.states.length; i++) print("  " + fuzzer.states[i] + ": " + campaign.messages[i]);
	print("  " + seconds.toFixed(1) + " s, " + Math.round(campaign.total / seconds) + " a second");
	const { before, after } = campaign;
	if (!campaign.judged) print("  too short to tell whether memory grows");
	else {
		print("  slots " + before[Counter.SLOTS] + " -> " + after[Counter.SLOTS]);
		print("  chunk bytes " + before[Counter.CHUNKS] + " -> " + after[Counter.CHUNKS]);
		print("  resident bytes " + before[Counter.RESIDENT] + " -> " + after[Counter.RESIDENT]);
	}
	if (campaign.fault !== "") print("FAILED " + campaign.fault);
	else if (campaign.growth !== "") print("FAILED " + campaign.growth);
	return campaign.fault === "" && campaign.growth === "" ? 0 : 1;
}
