import { Arena } from "storage/arena";
import { ByteRing } from "storage/ring";
import type { Suite } from "unit/suite";

/** Bytes 1, 2, 3 ... at the start of the arena. */
function filled(size: number): Arena {
	const arena = new Arena(size);
	for (let i = 0; i < size; i++) arena.bytes[i] = i + 1;
	return arena;
}

export default function ring(suite: Suite): void {
	suite.test("ring: bytes come out in the order in which they went in, across the end of the region", (check) => {
		const arena = filled(64);
		const ring = new ByteRing(arena, 32, 8);
		check.equal(ring.write(0, 6), 6);
		check.equal(ring.readOffset, 32);
		check.equal(ring.readLength, 6);
		ring.consumed(5);
		check.equal(ring.write(6, 7), 7);
		check.equal(ring.length, 8);
		check.equal(ring.free, 0);
		check.equal(ring.readLength, 3);
		check.hex(arena.buffer, ring.readOffset, "060708");
		ring.consumed(3);
		check.equal(ring.readOffset, 32);
		check.equal(ring.readLength, 5);
		check.hex(arena.buffer, ring.readOffset, "090a0b0c0d");
	});
	suite.test("ring: takes what fits and no more", (check) => {
		const ring = new ByteRing(filled(64), 40, 8);
		check.equal(ring.write(0, 30), 8);
		check.equal(ring.write(0, 1), 0);
		check.equal(ring.writeLength, 0);
	});
	suite.test("ring: exactly full and exactly empty are told apart", (check) => {
		const ring = new ByteRing(filled(64), 40, 8);
		ring.write(0, 3);
		ring.consumed(2);
		check.equal(ring.write(0, 7), 7);
		check.equal(ring.length, 8);
		check.equal(ring.readOffset, ring.writeOffset);
		ring.consumed(ring.readLength);
		ring.consumed(ring.readLength);
		check.equal(ring.length, 0);
		check.equal(ring.readLength, 0);
		check.equal(ring.writeLength, 8);
	});
	suite.test("ring: an emptied ring starts over, so that the next burst is in one piece", (check) => {
		const ring = new ByteRing(filled(64), 40, 8);
		ring.write(0, 5);
		ring.consumed(5);
		check.equal(ring.writeOffset, 40);
		ring.write(0, 8);
		check.equal(ring.readLength, 8);
		ring.clear();
		check.equal(ring.writeLength, 8);
	});
	suite.test("ring: bytes put in place", (check) => {
		const arena = filled(64);
		const ring = new ByteRing(arena, 40, 8);
		ring.write(0, 6);
		ring.consumed(4);
		check.equal(ring.writeLength, 2);
		arena.bytes[ring.writeOffset] = 0xaa;
		arena.bytes[ring.writeOffset + 1] = 0xbb;
		ring.produced(2);
		check.equal(ring.writeOffset, 40);
		check.equal(ring.writeLength, 4);
		check.hex(arena.buffer, ring.readOffset, "0506aabb");
	});
	suite.test("ring: a program's mistakes are refused", (check) => {
		const arena = filled(64);
		check.throws(() => new ByteRing(arena, 60, 8), "region");
		check.throws(() => new ByteRing(arena, 0, 0), "region");
		const ring = new ByteRing(arena, 0, 8);
		ring.write(0, 4);
		check.throws(() => ring.consumed(5), "consumed");
		check.throws(() => ring.produced(5), "produced");
	});
	suite.test("ring: behaves as an ideal queue over 20,000 random steps", (check) => {
		const arena = new Arena(256);
		for (let i = 0; i < 128; i++) arena.bytes[i] = i;
		const ring = new ByteRing(arena, 150, 23);
		let state = 12345;
		let into = 0;
		let out = 0;
		let wrong = 0;
		for (let step = 0; step < 20000; step++) {
			state = (Math.imul(state, 1103515245) + 12345) >>> 0;
			const amount = (state >>> 8) % 25;
			if (state & 0x10000) {
				// Bytes go in numbered by their place in the stream, modulo 64.
				const took = ring.write(into % 64, amount);
				if (took !== Math.min(amount, 23 - (into - out))) wrong++;
				into += took;
			} else {
				const count = Math.min(amount, ring.readLength);
				for (let i = 0; i < count; i++) if (arena.bytes[ring.readOffset + i] % 64 !== (out + i) % 64) wrong++;
				if (count > 0) ring.consumed(count);
				out += count;
			}
			if (ring.length !== into - out || ring.free !== 23 - ring.length) wrong++;
		}
		check.equal(wrong, 0);
		check.ok(out > 10000);
	});
}
