import {
	ADDRESS,
	AT_RECORD_ADDRESS,
	AT_RECORD_PORT,
	AT_RECORD_VERSION,
	FOUND_RECORDS_LIMIT,
	RECORD,
	TABLE_LIMIT,
} from "arrow/constants";
import type { Service } from "arrow/service";
import { sameBytes, sameService, storedService } from "arrow/service";
import type { Arena } from "storage/arena";
import { formatAddress, isLoopback, parseAddress } from "wire/address";

/*
 * In memory: an address of this host (version, 16 octets), room to read an address into, then the entries, ascending by id.
 * An entry: its length (16), flags (8), number of its host name + 1 (8), when a scan saw it last (32, seconds), its table record.
 */
const AT_SCRATCH = 24;
const AT_ENTRIES = 40;
const AT_FLAGS = 2;
const AT_NAME = 3;
const AT_SEEN = 4;
const AT_RECORD = 8;

/** Flags of entries. */
export const SERVICE_VISIBLE = 1;
export const SERVICE_DISCOVERED = 2;
/** The last scan found it. */
export const SERVICE_FOUND = 4;
const ANY_MAC = 8;

/** Bytes that a {@link ServiceTable} needs for these services, and for discovered ones besides. */
export function tableMemory(services: readonly Service[], discovery: boolean): number {
	let size = AT_ENTRIES + (discovery ? FOUND_RECORDS_LIMIT + TABLE_LIMIT * AT_RECORD : 0);
	for (let i = 0; i < services.length; i++) size += AT_RECORD + services[i].record.length;
	return size;
}

/** Bytes of the table as it is sent, at most. */
export function tableSize(services: readonly Service[], discovery: boolean): number {
	let size = RECORD + (discovery ? FOUND_RECORDS_LIMIT : 0);
	for (let i = 0; i < services.length; i++) size += services[i].record.length;
	return size;
}

/**
 * The services of the device, ascending by id, at most TABLE_LIMIT, in memory of the plan: no object per service.
 * An entry is named by its offset, which holds until an entry is added or removed.
 */
export class ServiceTable {
	/** True: services on other hosts are opened too. */
	readonly gateway: boolean;
	/** Counts what may have changed the visible table. */
	revision = 0;
	/** Services in it. */
	count = 0;
	/** Host names that services were configured with, by their numbers. */
	readonly names: string[] = [];
	/** Discovered services that there was no room for. */
	dropped = 0;
	readonly #arena: Arena;
	readonly #start: number;
	readonly #limit: number;
	#end: number;
	/** Discovered services in it, bytes of their records, and how many there may be. */
	#foundCount = 0;
	#foundBytes = 0;
	#foundLimit = 0;

	/** The region is `offset .. offset + size`, see {@link tableMemory}. */
	constructor(arena: Arena, offset: number, size: number, gateway: boolean) {
		this.gateway = gateway;
		this.#arena = arena;
		this.#start = offset + AT_ENTRIES;
		this.#limit = offset + size;
		this.#end = this.#start;
		arena.bytes.fill(0, offset, this.#start);
	}

	/**
	 * Adds services of the configuration, and discovered ones as {@link store} wrote them: configured ids come first, then those
	 * that were given before, then the others. A stored service that is configured now is left out.
	 */
	fill(services: readonly Service[], stored?: Uint8Array, now = 0): void {
		this.#foundLimit = TABLE_LIMIT - services.length;
		for (let i = 0; i < services.length; i++) if (services[i].fixed) this.add(services[i], now);
		let at = 0;
		while (stored && at < stored.length) {
			const service = storedService(stored, at, stored.length);
			if (!service) break;
			at += service.record.length;
			let configured = false;
			for (let i = 0; i < services.length && !configured; i++) configured = same(services[i], service);
			if (!configured) this.add(service, now);
		}
		for (let i = 0; i < services.length; i++) if (!services[i].fixed) this.add(services[i], now);
	}

	/** Adds discovered services as {@link store} wrote them, besides those that are there: these keep their ids and addresses. */
	restore(stored: Uint8Array, now: number): void {
		let at = 0;
		while (at < stored.length) {
			const service = storedService(stored, at, stored.length);
			if (!service) break;
			at += service.record.length;
			if (this.match(service) < 0) this.add(service, now);
		}
	}

	/** Adds a service and gives it its id. @returns its entry, -1 when there is no room. It must not be there already ({@link match}). */
	add(service: Service, now: number): number {
		const { record, discovered, name } = service;
		const length = AT_RECORD + record.length;
		if (discovered)
			while (this.#foundCount >= this.#foundLimit || this.#foundBytes + record.length > FOUND_RECORDS_LIMIT)
				if (!this.#evict()) return -1;
		if (this.#end + length > this.#limit) return -1;
		let id = service.id || service.fingerprint();
		while (id === 0 || this.find(id) >= 0) id = (id + 1) & 0xffff;
		const { bytes, view } = this.#arena;
		let entry = this.#start;
		while (entry < this.#end && this.id(entry) < id) entry = this.after(entry);
		bytes.copyWithin(entry + length, entry, this.#end);
		this.#end += length;
		view.setUint16(entry, length);
		const flags = (discovered ? SERVICE_DISCOVERED : 0) | (service.anyMAC ? ANY_MAC : 0);
		bytes[entry + AT_FLAGS] = flags | (name === "" ? SERVICE_VISIBLE : 0);
		bytes[entry + AT_NAME] = name === "" ? 0 : this.#nameNumber(name) + 1;
		view.setUint32(entry + AT_SEEN, now / 1000);
		bytes.set(record, entry + AT_RECORD);
		view.setUint16(entry + AT_RECORD, id);
		this.count++;
		this.revision++;
		if (discovered) {
			this.#foundCount++;
			this.#foundBytes += record.length;
		}
		return entry;
	}

	/** The entry of an id, visible or not; -1: none. Allocates nothing, as all below but `host`. */
	find(id: number): number {
		for (let entry = this.#start; entry < this.#end; entry = this.after(entry)) if (this.id(entry) === id) return entry;
		return -1;
	}

	/** The entry of the same service, a configured one before a discovered one; -1: none. */
	match(service: Service): number {
		const { bytes } = this.#arena;
		const length = service.record.length;
		let matching = -1;
		for (let entry = this.#start; entry < this.#end; entry = this.after(entry)) {
			if (this.after(entry) - entry !== AT_RECORD + length) continue;
			const anyMAC = service.anyMAC || (this.has(entry, ANY_MAC) && !this.has(entry, SERVICE_DISCOVERED));
			if (!sameService(bytes, entry + AT_RECORD, service.record, 0, length, anyMAC)) continue;
			if (!this.has(entry, SERVICE_DISCOVERED)) return entry;
			matching = entry;
		}
		return matching;
	}

	/** The first entry, the end of all, and the entry behind one. */
	get first(): number {
		return this.#start;
	}

	get end(): number {
		return this.#end;
	}

	after(entry: number): number {
		return entry + this.#arena.view.getUint16(entry);
	}

	id(entry: number): number {
		return this.#arena.view.getUint16(entry + AT_RECORD);
	}

	port(entry: number): number {
		return this.#arena.view.getUint16(entry + AT_RECORD + AT_RECORD_PORT);
	}

	/** Its numeric address as text. */
	host(entry: number): string {
		const { bytes } = this.#arena;
		const record = entry + AT_RECORD;
		return formatAddress(bytes[record + AT_RECORD_VERSION], bytes, record + AT_RECORD_ADDRESS);
	}

	/** Number of its host name, -1: it has a numeric address. */
	name(entry: number): number {
		return this.#arena.bytes[entry + AT_NAME] - 1;
	}

	/** Whether it has one of these flags. */
	has(entry: number, flags: number): boolean {
		return (this.#arena.bytes[entry + AT_FLAGS] & flags) !== 0;
	}

	/** Whether CONNECT may reach it at the address it has now: without gateway mode only on this host (ARROW-36). */
	allows(entry: number): boolean {
		if (!this.has(entry, SERVICE_VISIBLE)) return false;
		const { bytes } = this.#arena;
		const record = entry + AT_RECORD;
		if (this.gateway || isLoopback(bytes[record + AT_RECORD_VERSION], bytes, record + AT_RECORD_ADDRESS)) return true;
		return sameBytes(bytes, record + AT_RECORD_VERSION, bytes, this.#start - AT_ENTRIES, 1 + ADDRESS);
	}

	/** An address of this host besides loopback, numeric. */
	setOwnAddress(text: string): void {
		const { bytes } = this.#arena;
		const at = this.#start - AT_ENTRIES;
		bytes[at] = parseAddress(text, bytes, at + 1);
	}

	/** The address that a host name has now. @returns whether it is another than before. */
	resolved(name: number, address: string): boolean {
		const { bytes } = this.#arena;
		const scratch = this.#start - AT_ENTRIES + AT_SCRATCH;
		const version = parseAddress(address, bytes, scratch);
		if (version === 0) return false;
		let changed = false;
		for (let entry = this.#start; entry < this.#end; entry = this.after(entry)) {
			if (this.name(entry) !== name) continue;
			if (this.#place(entry, bytes, version, scratch)) changed = true;
			this.show(entry, true);
		}
		return changed;
	}

	/** Shows or hides a service. */
	show(entry: number, visible: boolean): void {
		if (this.has(entry, SERVICE_VISIBLE) === visible) return;
		this.#arena.bytes[entry + AT_FLAGS] ^= SERVICE_VISIBLE;
		this.revision++;
	}

	/** A scan begins to tell what it found. */
	scanned(): void {
		const { bytes } = this.#arena;
		for (let entry = this.#start; entry < this.#end; entry = this.after(entry)) bytes[entry + AT_FLAGS] &= ~SERVICE_FOUND;
	}

	/** A scan found this service, if it is one at the address that is known: to be told for all before {@link found}. */
	confirm(service: Service, now: number): void {
		const { bytes } = this.#arena;
		const entry = this.match(service);
		if (entry < 0) return;
		const at = entry + AT_RECORD + AT_RECORD_VERSION;
		if (sameBytes(bytes, at, service.record, AT_RECORD_VERSION, 1 + ADDRESS)) this.found(service, now);
	}

	/** A scan found this service: a discovered one is shown, at the address that it has now. Of several with one MAC the first counts. */
	found(service: Service, now: number): void {
		let entry = this.match(service);
		if (entry >= 0 && this.has(entry, SERVICE_FOUND)) return;
		if (entry < 0) entry = this.add(service, now);
		if (entry < 0) {
			this.dropped++;
			return;
		}
		const { bytes, view } = this.#arena;
		bytes[entry + AT_FLAGS] |= SERVICE_FOUND;
		if (!this.has(entry, SERVICE_DISCOVERED)) return;
		view.setUint32(entry + AT_SEEN, now / 1000);
		this.#place(entry, service.record, service.record[AT_RECORD_VERSION], AT_RECORD_ADDRESS);
		this.show(entry, true);
	}

	/** Hides discovered services that no scan saw for `span` milliseconds. */
	expire(now: number, span: number): void {
		const { view } = this.#arena;
		for (let entry = this.#start; entry < this.#end; entry = this.after(entry))
			if (this.has(entry, SERVICE_DISCOVERED) && now / 1000 - view.getUint32(entry + AT_SEEN) >= span / 1000)
				this.show(entry, false);
	}

	/** Forgets discovered services (RESET_SVC_TABLE). */
	reset(): void {
		let entry = this.#start;
		while (entry < this.#end)
			if (this.has(entry, SERVICE_DISCOVERED)) this.#remove(entry);
			else entry = this.after(entry);
	}

	/** Writes the records of services with one of `flags`, and a terminator, at `at`; `limit` is the end of the room. @returns bytes written. @throws RangeError when they do not fit: the plan was wrong. */
	put(at: number, limit: number, flags = SERVICE_VISIBLE): number {
		const end = this.#records(at, limit - RECORD, flags);
		putTerminator(this.#arena.view, this.#arena.bytes, end);
		return end + RECORD - at;
	}

	/** Writes the records of discovered services at `at`: what is to be stored. At most FOUND_RECORDS_LIMIT bytes. @returns bytes written. */
	store(at: number): number {
		return this.#records(at, at + FOUND_RECORDS_LIMIT, SERVICE_DISCOVERED) - at;
	}

	#records(at: number, limit: number, flags: number): number {
		const { bytes } = this.#arena;
		let end = at;
		for (let entry = this.#start; entry < this.#end; entry = this.after(entry)) {
			if (!this.has(entry, flags)) continue;
			const next = this.after(entry);
			if (end + next - entry - AT_RECORD > limit) throw new RangeError("service table: more services than the plan has room for");
			bytes.copyWithin(end, entry + AT_RECORD, next);
			end += next - entry - AT_RECORD;
		}
		return end;
	}

	/** Gives an entry the address at `at` of `source`. @returns whether it is another than before. */
	#place(entry: number, source: Uint8Array, version: number, at: number): boolean {
		const { bytes } = this.#arena;
		const record = entry + AT_RECORD;
		if (bytes[record + AT_RECORD_VERSION] === version && sameBytes(bytes, record + AT_RECORD_ADDRESS, source, at, ADDRESS))
			return false;
		bytes[record + AT_RECORD_VERSION] = version;
		for (let i = 0; i < ADDRESS; i++) bytes[record + AT_RECORD_ADDRESS + i] = source[at + i];
		this.revision++;
		return true;
	}

	#nameNumber(name: string): number {
		const number = this.names.indexOf(name);
		return number >= 0 ? number : this.names.push(name) - 1;
	}

	/** Removes the hidden discovered service that was unseen for longest. @returns whether there was one. */
	#evict(): boolean {
		const { view } = this.#arena;
		let oldest = -1;
		for (let entry = this.#start; entry < this.#end; entry = this.after(entry)) {
			if (!this.has(entry, SERVICE_DISCOVERED) || this.has(entry, SERVICE_VISIBLE)) continue;
			if (oldest < 0 || view.getUint32(entry + AT_SEEN) < view.getUint32(oldest + AT_SEEN)) oldest = entry;
		}
		if (oldest < 0) return false;
		this.#remove(oldest);
		return true;
	}

	#remove(entry: number): void {
		const next = this.after(entry);
		this.#foundCount--;
		this.#foundBytes -= next - entry - AT_RECORD;
		this.#arena.bytes.copyWithin(entry, next, this.#end);
		this.#end -= next - entry;
		this.count--;
		this.revision++;
	}
}

/** Whether two services are one. */
export function same(configured: Service, other: Service): boolean {
	const length = configured.record.length;
	return other.record.length === length && sameService(configured.record, 0, other.record, 0, length, configured.anyMAC);
}

/** A record that ends a table: RECORD bytes. */
export function putTerminator(view: DataView, bytes: Uint8Array, at: number): void {
	bytes.fill(0, at, at + RECORD);
	view.setUint8(at + 10, 4);
}
