/** Who is known to a KV server and what each may do (reference 2.1; original 1.1). */
import { Permission } from "./kv_wire.ts";

export class KvUsers {
	/** Permission bits by uid. */
	readonly #users = new Map<bigint, bigint>();
	/** Uids of the server's earlier lives: nobody may use them any more. */
	readonly #past = new Set<bigint>();
	readonly #next: bigint[] = [];
	#last: bigint;

	/** Uids count up from `first`. */
	constructor(first: bigint) {
		this.#last = first - 1n;
	}

	get uids(): readonly bigint[] {
		return [...this.#users.keys()];
	}

	/** The next users get these uids, bit by bit, legal or not. */
	prepare(...uids: readonly bigint[]): void {
		this.#next.push(...uids);
	}

	/** A new user. @returns its uid */
	register(permissions: bigint): bigint {
		let uid = this.#next.shift();
		while (uid === undefined) {
			this.#last += 1n;
			if (!this.#users.has(this.#last) && !this.#past.has(this.#last)) uid = this.#last;
		}
		this.add(uid, permissions);
		return uid;
	}

	add(uid: bigint, permissions: bigint): void {
		this.#users.set(uid, permissions);
		this.#past.delete(uid);
	}

	remove(uid: bigint): boolean {
		return this.#users.delete(uid);
	}

	knows(uid: bigint): boolean {
		return this.#users.has(uid);
	}

	/** True for a uid that an earlier life of the server gave and this one did not. */
	isPast(uid: bigint): boolean {
		return this.#past.has(uid);
	}

	/** All bits of `wanted`. */
	may(uid: bigint, wanted: bigint): boolean {
		const permissions = this.#users.get(uid);
		return permissions !== undefined && (permissions & wanted) === wanted;
	}

	permissions(uid: bigint): bigint {
		return this.#users.get(uid) ?? Permission.NONE;
	}

	/** Forgets all of them, as a server does that keeps nothing on disk. Later uids are other ones. */
	forget(): void {
		for (const uid of this.#users.keys()) this.#past.add(uid);
		this.#users.clear();
		this.#last += 1_000n;
	}
}
