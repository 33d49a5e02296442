/**
 * FarmHash Fingerprint64, the published "na" hash, over at most a few hundred bytes: service ids are its low 16 bits (section 2.4).
 * 64-bit arithmetic by BigInt allocates: for boot and changes of the service table only.
 */

const K0 = 0xc3a5c85c97cb3127n;
const K1 = 0xb492b66fbe98f273n;
const K2 = 0x9ae16a3b2f90404fn;

/** Fingerprint of `length` bytes at the start of `view`. */
export function fingerprint64(view: DataView, length: number): bigint {
	if (length <= 16) return upTo16(view, length);
	if (length <= 32) return upTo32(view, length);
	if (length <= 64) return upTo64(view, length);
	return over64(view, length);
}

function u64(value: bigint): bigint {
	return BigInt.asUintN(64, value);
}

function fetch64(view: DataView, at: number): bigint {
	return (BigInt(view.getUint32(at + 4, true)) << 32n) | BigInt(view.getUint32(at, true));
}

function fetch32(view: DataView, at: number): bigint {
	return BigInt(view.getUint32(at, true));
}

function rotate(value: bigint, by: bigint): bigint {
	return (value >> by) | u64(value << (64n - by));
}

function mix(value: bigint): bigint {
	return value ^ (value >> 47n);
}

function join(u: bigint, v: bigint, multiplier: bigint): bigint {
	const a = mix(u64((u ^ v) * multiplier));
	const b = mix(u64((v ^ a) * multiplier));
	return u64(b * multiplier);
}

function upTo16(view: DataView, length: number): bigint {
	if (length >= 8) {
		const multiplier = u64(K2 + BigInt(2 * length));
		const a = u64(fetch64(view, 0) + K2);
		const b = fetch64(view, length - 8);
		const c = u64(rotate(b, 37n) * multiplier + a);
		const d = u64((rotate(a, 25n) + b) * multiplier);
		return join(c, d, multiplier);
	}
	if (length >= 4) {
		const multiplier = u64(K2 + BigInt(2 * length));
		return join(u64(BigInt(length) + (fetch32(view, 0) << 3n)), fetch32(view, length - 4), multiplier);
	}
	if (length > 0) {
		const y = BigInt(view.getUint8(0) + (view.getUint8(length >> 1) << 8));
		const z = BigInt(length + (view.getUint8(length - 1) << 2));
		return u64(mix(u64(y * K2) ^ u64(z * K0)) * K2);
	}
	return K2;
}

function upTo32(view: DataView, length: number): bigint {
	const multiplier = u64(K2 + BigInt(2 * length));
	const a = u64(fetch64(view, 0) * K1);
	const b = fetch64(view, 8);
	const c = u64(fetch64(view, length - 8) * multiplier);
	const d = u64(fetch64(view, length - 16) * K2);
	return join(u64(rotate(u64(a + b), 43n) + rotate(c, 30n) + d), u64(a + rotate(u64(b + K2), 18n) + c), multiplier);
}

function upTo64(view: DataView, length: number): bigint {
	const multiplier = u64(K2 + BigInt(2 * length));
	const a = u64(fetch64(view, 0) * K2);
	const b = fetch64(view, 8);
	const c = u64(fetch64(view, length - 8) * multiplier);
	const d = u64(fetch64(view, length - 16) * K2);
	const y = u64(rotate(u64(a + b), 43n) + rotate(c, 30n) + d);
	const z = join(y, u64(a + rotate(u64(b + K2), 18n) + c), multiplier);
	const e = u64(fetch64(view, 16) * multiplier);
	const f = fetch64(view, 24);
	const g = u64((y + fetch64(view, length - 32)) * multiplier);
	const h = u64((z + fetch64(view, length - 24)) * multiplier);
	return join(u64(rotate(u64(e + f), 43n) + rotate(g, 30n) + h), u64(e + rotate(u64(f + a), 18n) + g), multiplier);
}

function over64(view: DataView, length: number): bigint {
	let x = 81n;
	let y = u64(81n * K1 + 113n);
	let z = u64(mix(u64(y * K2 + 113n)) * K2);
	let v0 = 0n;
	let v1 = 0n;
	let w0 = 0n;
	let w1 = 0n;
	x = u64(x * K2 + fetch64(view, 0));
	const last = ((length - 1) >> 6) << 6;
	let multiplier = K1;
	let at = 0;
	for (;;) {
		const final = at === last;
		if (final) {
			// The final block is the last 64 bytes, which may overlap the one before.
			at = length - 64;
			multiplier = u64(K1 + ((z & 0xffn) << 1n));
			w0 = u64(w0 + BigInt((length - 1) & 63));
			v0 = u64(v0 + w0);
			w0 = u64(w0 + v0);
		}
		x = u64(rotate(u64(x + y + v0 + fetch64(view, at + 8)), 37n) * multiplier);
		y = u64(rotate(u64(y + v1 + fetch64(view, at + 48)), 42n) * multiplier);
		x ^= final ? u64(w1 * 9n) : w1;
		y = u64(y + (final ? v0 * 9n : v0) + fetch64(view, at + 40));
		z = u64(rotate(u64(z + w0), 33n) * multiplier);
		// Weak hash of 32 bytes with seeds, twice.
		let a = u64(v1 * multiplier);
		let b = u64(x + w0);
		a = u64(a + fetch64(view, at));
		b = rotate(u64(b + a + fetch64(view, at + 24)), 21n);
		let c = a;
		a = u64(a + fetch64(view, at + 8) + fetch64(view, at + 16));
		b = u64(b + rotate(a, 44n));
		v0 = u64(a + fetch64(view, at + 24));
		v1 = u64(b + c);
		a = u64(z + w1);
		b = u64(y + fetch64(view, at + 16));
		a = u64(a + fetch64(view, at + 32));
		b = rotate(u64(b + a + fetch64(view, at + 56)), 21n);
		c = a;
		a = u64(a + fetch64(view, at + 40) + fetch64(view, at + 48));
		b = u64(b + rotate(a, 44n));
		w0 = u64(a + fetch64(view, at + 56));
		w1 = u64(b + c);
		const swap = z;
		z = x;
		x = swap;
		if (final) break;
		at += 64;
	}
	return join(u64(join(v0, w0, multiplier) + u64(mix(y) * K0) + z), u64(join(v1, w1, multiplier) + x), multiplier);
}
