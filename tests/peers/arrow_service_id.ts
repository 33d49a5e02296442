/** Service ids as the reference derives them (section 2.4): low 16 bits of FarmHash "na" Hash64 over the service's identity. */
import { ServiceType } from "./arrow_table.ts";
import type { ServiceRecord } from "./arrow_table.ts";

const MASK = (1n << 64n) - 1n;
const K0 = 0xc3a5c85c97cb3127n;
const K1 = 0xb492b66fbe98f273n;
const K2 = 0x9ae16a3b2f90404fn;

/** Index of each wire type in the fingerprint. */
const INDEX = new Map<number, number>([
	[ServiceType.RTSP, 1],
	[ServiceType.LOCKED_RTSP, 2],
	[ServiceType.UNKNOWN_RTSP, 3],
	[ServiceType.UNSUPPORTED_RTSP, 4],
	[ServiceType.HTTP, 5],
	[ServiceType.MJPEG, 6],
	[ServiceType.LOCKED_MJPEG, 7],
	[ServiceType.TCP, 8],
]);

const wrap = (value: bigint): bigint => value & MASK;
const rotate = (value: bigint, bits: bigint): bigint => (bits === 0n ? value : wrap((value >> bits) | (value << (64n - bits))));
const mix = (value: bigint): bigint => value ^ (value >> 47n);
const read64 = (data: Buffer, offset: number): bigint => data.readBigUInt64LE(offset);
const read32 = (data: Buffer, offset: number): bigint => BigInt(data.readUInt32LE(offset));

function hash16(u: bigint, v: bigint, mul: bigint): bigint {
	const a = mix(wrap((u ^ v) * mul));
	return wrap(mix(wrap((v ^ a) * mul)) * mul);
}

function hashUpTo16(data: Buffer): bigint {
	const length = data.length;
	const mul = K2 + BigInt(length) * 2n;
	if (length >= 8) {
		const a = wrap(read64(data, 0) + K2);
		const b = read64(data, length - 8);
		const c = wrap(rotate(b, 37n) * mul + a);
		return hash16(c, wrap((rotate(a, 25n) + b) * mul), wrap(mul));
	}
	if (length >= 4) return hash16(BigInt(length) + (read32(data, 0) << 3n), read32(data, length - 4), wrap(mul));
	if (length === 0) return K2;
	const y = BigInt(data.readUInt8(0)) + (BigInt(data.readUInt8(length >> 1)) << 8n);
	const z = BigInt(length) + (BigInt(data.readUInt8(length - 1)) << 2n);
	return wrap(mix(wrap(y * K2) ^ wrap(z * K0)) * K2);
}

function hashUpTo32(data: Buffer): bigint {
	const length = data.length;
	const mul = wrap(K2 + BigInt(length) * 2n);
	const a = wrap(read64(data, 0) * K1);
	const b = read64(data, 8);
	const c = wrap(read64(data, length - 8) * mul);
	const d = wrap(read64(data, length - 16) * K2);
	return hash16(wrap(rotate(wrap(a + b), 43n) + rotate(c, 30n) + d), wrap(a + rotate(wrap(b + K2), 18n) + c), mul);
}

function hashUpTo64(data: Buffer): bigint {
	const length = data.length;
	const mul = wrap(K2 + BigInt(length) * 2n);
	const a = wrap(read64(data, 0) * K2);
	const b = read64(data, 8);
	const c = wrap(read64(data, length - 8) * mul);
	const d = wrap(read64(data, length - 16) * K2);
	const y = wrap(rotate(wrap(a + b), 43n) + rotate(c, 30n) + d);
	const z = hash16(y, wrap(a + rotate(wrap(b + K2), 18n) + c), mul);
	const e = wrap(read64(data, 16) * mul);
	const f = read64(data, 24);
	const g = wrap((y + read64(data, length - 32)) * mul);
	const h = wrap((z + read64(data, length - 24)) * mul);
	return hash16(wrap(rotate(wrap(e + f), 43n) + rotate(g, 30n) + h), wrap(e + rotate(wrap(f + a), 18n) + g), mul);
}

function weak(data: Buffer, offset: number, seedA: bigint, seedB: bigint): [bigint, bigint] {
	const w = read64(data, offset);
	const z = read64(data, offset + 24);
	let a = wrap(seedA + w);
	const b = rotate(wrap(seedB + a + z), 21n);
	const c = a;
	a = wrap(a + read64(data, offset + 8) + read64(data, offset + 16));
	return [wrap(a + z), wrap(b + rotate(a, 44n) + c)];
}

function hashLong(data: Buffer): bigint {
	const seed = 81n;
	const length = BigInt(data.length);
	let x = seed;
	let y = wrap(seed * K1 + 113n);
	let z = wrap(mix(wrap(y * K2 + 113n)) * K2);
	let v: [bigint, bigint] = [0n, 0n];
	let w: [bigint, bigint] = [0n, 0n];
	x = wrap(x * K2 + read64(data, 0));
	const end = Math.floor((data.length - 1) / 64) * 64;
	for (let at = 0; at < end; at += 64) {
		x = wrap(rotate(wrap(x + y + v[0] + read64(data, at + 8)), 37n) * K1);
		y = wrap(rotate(wrap(y + v[1] + read64(data, at + 48)), 42n) * K1);
		x ^= w[1];
		y = wrap(y + v[0] + read64(data, at + 40));
		z = wrap(rotate(wrap(z + w[0]), 33n) * K1);
		v = weak(data, at, wrap(v[1] * K1), wrap(x + w[0]));
		w = weak(data, at + 32, wrap(z + w[1]), wrap(y + read64(data, at + 16)));
		[z, x] = [x, z];
	}
	const mul = wrap(K1 + ((z & 0xffn) << 1n));
	const at = data.length - 64;
	w[0] = wrap(w[0] + ((length - 1n) & 63n));
	v[0] = wrap(v[0] + w[0]);
	w[0] = wrap(w[0] + v[0]);
	x = wrap(rotate(wrap(x + y + v[0] + read64(data, at + 8)), 37n) * mul);
	y = wrap(rotate(wrap(y + v[1] + read64(data, at + 48)), 42n) * mul);
	x ^= wrap(w[1] * 9n);
	y = wrap(y + v[0] * 9n + read64(data, at + 40));
	z = wrap(rotate(wrap(z + w[0]), 33n) * mul);
	v = weak(data, at, wrap(v[1] * mul), wrap(x + w[0]));
	w = weak(data, at + 32, wrap(z + w[1]), wrap(y + read64(data, at + 16)));
	[z, x] = [x, z];
	return hash16(wrap(hash16(v[0], w[0], mul) + mix(y) * K0 + z), wrap(hash16(v[1], w[1], mul) + x), mul);
}

/** FarmHash "na" Hash64, as published. */
export function farmHash64(data: Buffer): bigint {
	if (data.length <= 16) return hashUpTo16(data);
	if (data.length <= 32) return hashUpTo32(data);
	return data.length <= 64 ? hashUpTo64(data) : hashLong(data);
}

/** The id of a service before any collision is resolved. */
export function fingerprintId(service: Pick<ServiceRecord, "type" | "mac" | "port" | "path">): number {
	const path = Buffer.from(service.path, "utf8");
	const fixed = Buffer.alloc(28);
	fixed.writeUInt32LE(INDEX.get(service.type) ?? 0, 0);
	fixed.writeUInt32LE(1, 4);
	fixed.writeUInt32LE(6, 8);
	fixed.write(service.mac.replaceAll(":", ""), 12, "hex");
	fixed.writeUInt32LE(1, 18);
	fixed.writeUInt16LE(service.port, 22);
	// A locked service that was discovered has no path: nobody could ask which one is right.
	const withPath = path.length > 0;
	fixed.writeUInt32LE(withPath ? 1 : 0, 24);
	const data = withPath ? Buffer.concat([fixed, path, Buffer.from([0xff])]) : fixed;
	return Number(farmHash64(data) & 0xffffn);
}

/** True if `id` is what the table's rule gives: the fingerprint, or the next free id after it. */
export function isDerivedId(service: ServiceRecord, table: readonly ServiceRecord[]): boolean {
	const taken = new Set(table.filter((other) => other !== service).map((other) => other.id));
	let id = fingerprintId(service);
	while (id !== service.id) {
		if (id !== 0 && !taken.has(id)) return false;
		id = (id + 1) & 0xffff;
	}
	return true;
}
