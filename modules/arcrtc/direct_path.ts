import { STUN_ERROR, STUN_REQUEST, STUN_SUCCESS, STUN_TRANSACTION } from "arcrtc/constants";
import { StunReader } from "arcrtc/stun_reader";
import { StunWriter } from "arcrtc/stun_writer";
import { random } from "crypto/crypto";
import type { Arena } from "storage/arena";
import { parseAddress } from "wire/address";

/** Checks come every so many ms, for so long (section 2.8), and again after a while. */
const CHECK_MS = 50;
const CHECKS_MS = 1500;
const AGAIN_MS = 30_000;
/** Addresses of the peer that are tried. */
export const CANDIDATES = 4;
/** Bytes of the region: a message, a transaction and both names. */
const MESSAGE = 320;
const NAME = 200;
export const PATH_ROOM = MESSAGE + STUN_TRANSACTION + 2 * NAME;
const KEY_BYTES = 32;
const NONE = -1;

/** Sends datagrams for checks. */
export interface PathWriter {
	check(offset: number, length: number, peer: number): void;
	/** Address of a peer as the socket knows it. */
	peerAddress(peer: number): string;
	peerPort(peer: number): number;
}

/**
 * Finds the direct way to the peer (section 2.8): STUN requests both ways under a key that only the two ends have, to every address
 * that the peer has told. A way is found when a request of the peer and an answer to one of ours were verified there. No I/O.
 */
export class DirectPath {
	/** Number of the peer's address that is the path; -1: none was found. */
	peer = NONE;
	/** When a verified message came last; round trip of the last answer in ms. */
	heard = -Infinity;
	roundTrip = NONE;
	/** Messages that were not verified. */
	refused = 0;
	readonly #arena: Arena;
	readonly #room: number;
	readonly #transaction: number;
	readonly #own: number;
	readonly #theirs: number;
	#ownLength = 0;
	#theirLength = 0;
	readonly #writer: StunWriter;
	readonly #reader: StunReader;
	readonly #key = new ArrayBuffer(KEY_BYTES);
	readonly #socket: PathWriter;
	readonly #candidates = new Int16Array(CANDIDATES);
	#count = 0;
	/** Candidates (bits) of which a request, an answer was verified. */
	#asked = 0;
	#answered = 0;
	#running = false;
	#until = 0;
	#next = Infinity;
	#sentAt = 0;
	readonly #octets = new Uint8Array(16);

	/** @param room offset of {@link PATH_ROOM} bytes. */
	constructor(arena: Arena, room: number, socket: PathWriter) {
		this.#arena = arena;
		this.#room = room;
		this.#transaction = room + MESSAGE;
		this.#own = this.#transaction + STUN_TRANSACTION;
		this.#theirs = this.#own + NAME;
		this.#writer = new StunWriter(arena);
		this.#reader = new StunReader(arena);
		this.#socket = socket;
	}

	/** A session has keys: `key` (32 bytes) is its path key, names are `session_id:peer_id` of both ends. */
	begin(key: ArrayBuffer, own: string, theirs: string, now: number): void {
		new Uint8Array(this.#key).set(new Uint8Array(key));
		this.#ownLength = this.put(own, this.#own);
		this.#theirLength = this.put(theirs, this.#theirs);
		this.peer = NONE;
		this.#asked = this.#answered = 0;
		this.heard = now;
		this.#running = true;
		this.search(now);
	}

	/** The session is over. */
	end(): void {
		new Uint8Array(this.#key).fill(0);
		this.#running = false;
		this.#count = 0;
		this.peer = NONE;
		this.#next = Infinity;
	}

	/** An address that the peer has told; known ones count once. */
	candidate(peer: number): void {
		if (peer < 0 || this.place(peer) >= 0 || this.#count === CANDIDATES) return;
		this.#candidates[this.#count++] = peer;
	}

	/** Looks for a way again: the one in use is dead. */
	search(now: number): void {
		this.peer = NONE;
		this.#asked = this.#answered = 0;
		this.#until = now + CHECKS_MS;
		this.#next = now;
		random(this.#arena.buffer, this.#transaction, STUN_TRANSACTION);
	}

	/** A STUN message of `source`. @returns true when a way was found by it. */
	received(offset: number, length: number, source: number, now: number): boolean {
		const reader = this.#reader;
		if (!this.#running || !reader.read(offset, length) || !reader.verify(this.#key, 0, KEY_BYTES)) {
			this.refused++;
			return false;
		}
		if (reader.type === STUN_REQUEST) return this.requested(source, now);
		if (reader.type !== STUN_SUCCESS || !reader.answers(this.#transaction)) {
			if (reader.type !== STUN_ERROR) this.refused++;
			return false;
		}
		const place = this.place(source);
		if (place < 0) return false;
		this.heard = now;
		this.roundTrip = now - this.#sentAt;
		this.#answered |= 1 << place;
		return this.found(place);
	}

	/** Sends checks that are due. */
	tick(now: number): void {
		if (!this.#running || now < this.#next) return;
		if (now >= this.#until) {
			// The next series begins under another transaction.
			this.#next = this.peer >= 0 ? Infinity : this.#next + AGAIN_MS;
			this.#until = this.#next + CHECKS_MS;
			return;
		}
		this.#next = now + CHECK_MS;
		this.#sentAt = now;
		if (this.peer >= 0) this.ask(this.peer);
		else for (let i = 0; i < this.#count; i++) this.ask(this.#candidates[i]);
	}

	get deadline(): number {
		return this.#running ? this.#next : Infinity;
	}

	private requested(source: number, now: number): boolean {
		const reader = this.#reader;
		const { bytes } = this.#arena;
		let same = reader.usernameLength === this.#theirLength;
		for (let i = 0; same && i < this.#theirLength; i++) same = bytes[reader.username + i] === bytes[this.#theirs + i];
		if (!same || source < 0) {
			this.refused++;
			return false;
		}
		this.heard = now;
		this.answer(source);
		// One that it did not tell, as a NAT made it.
		this.candidate(source);
		const place = this.place(source);
		if (place < 0) return false;
		if ((this.#answered & (1 << place)) === 0 && now >= this.#next - CHECK_MS + 1) this.ask(source);
		this.#asked |= 1 << place;
		return this.found(place);
	}

	private found(place: number): boolean {
		if (this.peer >= 0 || (this.#asked & this.#answered & (1 << place)) === 0) return false;
		this.peer = this.#candidates[place];
		return true;
	}

	private ask(peer: number): void {
		const writer = this.#writer;
		writer.begin(this.#room, STUN_REQUEST, this.#transaction);
		writer.username(this.#own, this.#ownLength);
		writer.integrity(this.#key, 0, KEY_BYTES);
		this.#socket.check(this.#room, writer.end(), peer);
	}

	private answer(peer: number): void {
		const writer = this.#writer;
		const octets = this.#octets;
		writer.begin(this.#room, STUN_SUCCESS, this.#reader.transaction);
		const version = parseAddress(this.#socket.peerAddress(peer), octets, 0);
		if (version > 0) writer.mappedAddress(version, octets, 0, this.#socket.peerPort(peer));
		writer.integrity(this.#key, 0, KEY_BYTES);
		this.#socket.check(this.#room, writer.end(), peer);
	}

	private place(peer: number): number {
		for (let i = 0; i < this.#count; i++) if (this.#candidates[i] === peer) return i;
		return NONE;
	}

	private put(text: string, at: number): number {
		const source = new Uint8Array(ArrayBuffer.fromString(text));
		this.#arena.bytes.set(source, at);
		return source.length;
	}
}
