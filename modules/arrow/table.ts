import { RECORD, TABLE_LIMIT } from "arrow/constants";
import type { Service } from "arrow/service";
import type { Arena } from "storage/arena";

/** The services of the device, ascending by id, at most TABLE_LIMIT. */
export class ServiceTable {
	/** True: services on other hosts are opened too. */
	readonly gateway: boolean;
	/** An address of this host besides loopback, "" while none is known. */
	ownAddress = "";
	/** Counts what may have changed the visible table. */
	revision = 0;
	readonly #services: Service[] = [];

	constructor(gateway: boolean) {
		this.gateway = gateway;
	}

	/** Adds a service and gives it its id. @returns false when it is there already or the table is full. */
	add(service: Service): boolean {
		const services = this.#services;
		for (let i = 0; i < services.length; i++) if (services[i].same(service)) return false;
		if (services.length >= TABLE_LIMIT) return false;
		let id = service.fixedId || service.fingerprint();
		while (id === 0 || this.find(id)) id = (id + 1) & 0xffff;
		service.id = id;
		let place = services.length;
		while (place > 0 && services[place - 1].id > id) place--;
		services.splice(place, 0, service);
		this.revision++;
		return true;
	}

	/** The service of an id, visible or not. Allocates nothing. */
	find(id: number): Service | undefined {
		const services = this.#services;
		for (let i = 0; i < services.length; i++) if (services[i].id === id) return services[i];
		return undefined;
	}

	/** Whether CONNECT may reach it: without gateway mode only on this host (ARROW-36). */
	allows(service: Service): boolean {
		return service.visible && (this.gateway || service.loopback || (this.ownAddress !== "" && service.isAt(this.ownAddress)));
	}

	/** Shows or hides a service. */
	show(service: Service, visible: boolean): void {
		if (service.visible === visible) return;
		service.visible = visible;
		this.revision++;
	}

	/** Forgets discovered services (RESET_SVC_TABLE). */
	reset(): void {
		const services = this.#services;
		for (let i = services.length - 1; i >= 0; i--) {
			if (!services[i].discovered) continue;
			services.splice(i, 1);
			this.revision++;
		}
	}

	/** Services in it. */
	get count(): number {
		return this.#services.length;
	}

	/** The service at a place of 0 .. count - 1. */
	at(place: number): Service {
		return this.#services[place];
	}

	/** Bytes of the table with all services visible, terminator included. */
	get size(): number {
		let size = RECORD;
		for (let i = 0; i < this.#services.length; i++) size += this.#services[i].recordLength;
		return size;
	}

	/** Writes the visible table and its terminator at `at`; `limit` is the end of the room. @returns bytes written. @throws RangeError when they do not fit: the plan was wrong. */
	put(arena: Arena, at: number, limit: number): number {
		let end = at;
		for (let i = 0; i < this.#services.length; i++) {
			const service = this.#services[i];
			if (!service.visible) continue;
			if (end + service.recordLength + RECORD > limit)
				throw new RangeError("service table: more services than the plan has room for");
			service.put(arena.view, arena.bytes, end);
			end += service.recordLength;
		}
		putTerminator(arena.view, arena.bytes, end);
		return end + RECORD - at;
	}
}

/** A record that ends a table: RECORD bytes. */
export function putTerminator(view: DataView, bytes: Uint8Array, at: number): void {
	bytes.fill(0, at, at + RECORD);
	view.setUint8(at + 10, 4);
}
