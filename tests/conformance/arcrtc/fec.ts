import { fecColumns } from "arcrtc/fec_encoder";
import { FecBench } from "conformance/arcrtc/fec_bench";
import { isMade } from "conformance/arcrtc/media";
import { Allocation } from "unit/allocation";
import type { Check, Suite } from "unit/suite";
import { FEC } from "vectors/arcrtc";
import { formatHex, parseHex } from "wire/hex";

const VECTOR_ROLLOVERS = Object.freeze([0, 0, 1]);

/** The vector's packets go through the encoder. @returns bytes of the repair payload. */
function vectorRow(bench: FecBench): number {
	bench.encoder.columns = 5;
	for (let i = 0; i < FEC.media.length; i++) {
		bench.media.canonical(FEC.media[i] as string, VECTOR_ROLLOVERS[i] as number);
		bench.protect();
	}
	return bench.encoder.finish();
}

/** Those of the vector's packets that a bit of `mask` is set for come. */
function vectorArrivals(bench: FecBench, mask: number): void {
	for (let i = 0; i < FEC.media.length; i++) {
		if ((mask & (1 << i)) === 0) continue;
		bench.media.canonical(FEC.media[i] as string, VECTOR_ROLLOVERS[i] as number);
		bench.arrive();
	}
}

/** The recovered packet in its canonical form. */
function canonical(bench: FecBench): string {
	const { decoder, arena } = bench;
	const header = new DataView(new ArrayBuffer(12));
	header.setUint8(0, 0x80);
	header.setUint8(1, (decoder.marker ? 0x80 : 0) | decoder.payloadType);
	header.setUint16(2, decoder.extendedSequence & 0xffff);
	header.setUint32(4, decoder.timestamp);
	header.setUint32(8, 12345678);
	return formatHex(new Uint8Array(header.buffer), 0, 12) + formatHex(arena.bytes, decoder.payload, decoder.payloadLength);
}

/** A row of `count` packets from `base` on, of lengths that differ; packet `lost` does not come. */
function loseOne(check: Check, base: number, count: number, lost: number): void {
	const bench = new FecBench();
	const { media, encoder, decoder } = bench;
	encoder.columns = 10;
	bench.newest = base - 1;
	for (let i = 0; i < count; i++) {
		media.marker = i === count - 1;
		media.make(base + i, 90 * i, 8 + ((i * 11) % 50));
		bench.protect();
		if (i !== lost) bench.arrive();
	}
	const length = encoder.finish();
	const what = `${lost} of ${count} from ${base}`;
	check.ok(bench.repair(encoder.offset, length), what);
	check.equal(decoder.extendedSequence, base + lost, what);
	check.equal(decoder.timestamp, 90 * lost, what);
	check.equal(decoder.marker, lost === count - 1, what);
	check.equal(decoder.payloadLength, 8 + ((lost * 11) % 50), what);
	check.ok(isMade(bench.arena, decoder.payload, decoder.payloadLength, base + lost), what);
	check.equal(decoder.priority, 1, what);
}

export default function fec(suite: Suite): void {
	suite.test("ARC-E4 ARC-C9 V: fec: the repair payload, byte by byte", (check) => {
		const bench = new FecBench();
		const length = vectorRow(bench);
		check.equal(length, FEC.fec_payload.length / 2);
		check.hex(bench.arena.buffer, bench.encoder.offset, FEC.fec_payload);
	});

	suite.test("ARC-C9 V: fec: the lost packet comes back with its exact bytes and length, once", (check) => {
		const bench = new FecBench();
		const length = vectorRow(bench);
		vectorArrivals(bench, 0b101);
		check.ok(bench.repair(bench.encoder.offset, length), "recovered");
		check.equal(canonical(bench), FEC.recovered);
		check.equal(bench.decoder.extendedSequence, 65535);
		bench.accept();
		check.ok(!bench.repair(bench.encoder.offset, length), "the same repair packet again");
		check.equal(bench.decoder.counters.needless, 1);
		check.equal(bench.decoder.counters.recovered, 1);
	});

	suite.test(
		"ARC-C9 two lost packets of a row stay lost: nothing is invented, and one that comes late brings the other",
		(check) => {
			for (let mask = 0; mask < 8; mask++) {
				const bench = new FecBench();
				const length = vectorRow(bench);
				bench.newest = 65535;
				vectorArrivals(bench, mask);
				const there = (mask & 1) + ((mask >> 1) & 1) + (mask >> 2);
				check.equal(bench.repair(bench.encoder.offset, length), there === 2, `packets ${mask}`);
				check.equal(bench.decoder.waiting, there < 2 ? 1 : 0);
				check.equal(bench.decoder.counters.recovered, there === 2 ? 1 : 0);
			}
			const bench = new FecBench();
			const length = vectorRow(bench);
			vectorArrivals(bench, 0b100);
			check.ok(!bench.repair(bench.encoder.offset, length));
			bench.media.canonical(FEC.media[0], 0);
			check.ok(bench.arrive(), "the last but one has come");
			check.equal(canonical(bench), FEC.recovered);
			check.equal(bench.decoder.waiting, 0);
		},
	);

	suite.test("ARC-E4 each packet of rows of 1 to 10 comes back, with any length, at the wrap of the number too", (check) => {
		for (let count = 1; count <= 10; count++)
			for (let lost = 0; lost < count; lost++) {
				loseOne(check, 1000, count, lost);
				loseOne(check, 65536 - count + 1, count, lost);
				loseOne(check, 3 * 65536 - 2, count, lost);
				// The last number of 32 bits.
				loseOne(check, 65536 * 65536 - 3, count, lost);
			}
	});

	suite.test(
		"ARC-E4 off below 1 % of loss, ten packets to a repair packet up to 3 %, five above; a last row is shorter",
		(check) => {
			check.equal(fecColumns(0), 0);
			check.equal(fecColumns(0.0099), 0);
			check.equal(fecColumns(0.01), 10);
			check.equal(fecColumns(0.03), 10);
			check.equal(fecColumns(0.031), 5);
			check.equal(fecColumns(1), 5);
			const bench = new FecBench();
			const { encoder, media } = bench;
			let rows = "";
			encoder.columns = fecColumns(0.05);
			for (let i = 0; i < 13; i++) {
				media.make(i, 0, 20);
				bench.protect();
				if (!encoder.full && i < 12) continue;
				encoder.finish();
				rows += `${bench.arena.view.getUint8(encoder.offset + 10)} `;
			}
			check.equal(rows, "5 5 3 ");
			check.equal(encoder.finish(), 0, "nothing more");
			encoder.columns = 0;
			media.make(13, 0, 20);
			bench.protect();
			check.equal(encoder.finish(), 0, "off");
			check.equal(encoder.rows, 3);
		},
	);

	suite.test("ARC-E4 a row is of packets that follow one another, as the repair packet names only its first", (check) => {
		const bench = new FecBench();
		const { encoder, media } = bench;
		encoder.columns = 5;
		media.make(7, 0, 20);
		bench.protect();
		media.make(9, 0, 30);
		bench.protect();
		check.equal(encoder.broken, 1);
		check.equal(encoder.finish(), 12 + 30);
		check.equal(bench.arena.view.getUint16(encoder.offset + 8), 9);
		check.equal(bench.arena.view.getUint8(encoder.offset + 10), 1);
		media.make(10, 0, 65);
		bench.protect();
		check.equal(encoder.finish(), 0, "longer than what was laid out");
	});

	suite.test("ARC-E4 bad repair packets: counted, nothing is made, nothing is written", (check) => {
		const good = FEC.fec_payload;
		const bad = [
			good.slice(0, 22),
			`00${good.slice(2)}`,
			`c0${good.slice(2)}`,
			// P, X, CC of a packet in another view.
			`50${good.slice(2)}`,
			`41${good.slice(2)}`,
			// L 0 and 11, D 1.
			`${good.slice(0, 20)}0000${good.slice(24)}`,
			`${good.slice(0, 20)}0b00${good.slice(24)}`,
			`${good.slice(0, 20)}0301${good.slice(24)}`,
			// Shorter than the packets that it repairs, whatever it says of the lost one; a length of 65,535.
			good.slice(0, 28),
			`40e00004${good.slice(8, 28)}`,
			`40e0ffff${good.slice(8)}`,
			// Longer than any packet.
			good + "00".repeat(100),
		];
		for (let i = 0; i < bad.length; i++) {
			const bench = new FecBench(64);
			vectorArrivals(bench, 0b101);
			const hex = bad[i] as string;
			const bytes = parseHex(hex, hex.length / 2) as Uint8Array;
			bench.arena.bytes.set(bytes.subarray(0, 90), bench.spare);
			check.ok(!bench.repair(bench.spare, bytes.length), `case ${i}`);
			check.equal(bench.decoder.counters.format, 1, `case ${i}`);
			check.equal(bench.decoder.waiting, 0, `case ${i}`);
		}
	});

	suite.test("ARC-E4 repair packets that wait are few: the oldest goes, and all go after 200 ms", (check) => {
		const bench = new FecBench(64, 32, 2);
		const { encoder, decoder, media } = bench;
		bench.newest = 100;
		encoder.columns = 3;
		for (let row = 0; row < 4; row++) {
			for (let i = 0; i < 3; i++) {
				media.make(100 + row * 3 + i, 0, 20);
				bench.protect();
			}
			bench.now += 10;
			check.ok(!bench.repair(encoder.offset, encoder.finish()));
		}
		check.equal(decoder.waiting, 2);
		check.equal(decoder.counters.unrecovered, 2);
		bench.now += 201;
		media.make(109, 0, 20);
		check.ok(!bench.arrive());
		check.equal(decoder.waiting, 0);
		check.equal(decoder.counters.unrecovered, 4);
	});

	suite.longTest(
		"ARC-E4 FEC: 100,000 packets protected, a sixth of them lost and most made again: 0 slots, 0 chunk bytes",
		(check) => {
			const bench = new FecBench(64, 16, 2);
			const { encoder, media, decoder } = bench;
			const allocation = new Allocation();
			encoder.columns = 5;
			let made = 0;
			let wrong = 0;
			for (let i = 0; i < 100_100; i++) {
				if (i === 100) allocation.begin();
				media.make(i, i * 90, 24);
				bench.protect();
				if (i % 7 !== 3 && i % 31 !== 4 && bench.arrive()) wrong++;
				if (!encoder.full) continue;
				if (!bench.repair(encoder.offset, encoder.finish())) continue;
				made++;
				if (!isMade(bench.arena, decoder.payload, 24, decoder.extendedSequence)) wrong++;
				bench.received.played(bench.received.store(decoder.extendedSequence | 0, decoder, 0, true));
			}
			check.equal(allocation.spent(), "");
			check.equal(wrong, 0);
			check.ok(made > 8_000, `${made} made`);
			check.equal(decoder.counters.unrecovered > 0, true, "two of some rows were lost");
		},
	);
}
