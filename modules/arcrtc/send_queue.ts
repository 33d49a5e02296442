import { DSCP, PRIORITY_AUDIO, PRIORITY_DELTA, PRIORITY_KEY, STREAMS } from "arcrtc/constants";
import type { DatagramWriter, PacketQueueOptions } from "net/packet_queue";
import { DROPPED, PacketQueue, PEER_BITS, PRIORITIES, QUEUED } from "net/packet_queue";

/** Traffic class of each priority: its DSCP in the upper six bits. */
const CLASSES = Object.freeze([DSCP[0] << 2, DSCP[1] << 2, DSCP[2] << 2, DSCP[3] << 2]);

/** Above the peer's number: the stream, and which of its key frames the packet belongs to. */
const STREAM_SHIFT = PEER_BITS;
const STREAM_BITS = 2;
const GROUP_SHIFT = STREAM_SHIFT + STREAM_BITS;
const GROUP_MASK = 15;
/** Stream and group of a packet. */
const TAG_MASK = (((1 << STREAM_BITS) - 1) << STREAM_SHIFT) | (GROUP_MASK << GROUP_SHIFT);

/** Datagrams of one call of the host, and words of each: offset, length, peer, traffic class. */
const ROWS = 16;
const ROW = 4;
const PRIORITY_BITS = 2;

export interface SendQueueOptions extends PacketQueueOptions {
	/** Datagrams are marked with the DSCP of their priority, where the host can. Default true. */
	readonly marked?: boolean;
}

/**
 * The queue of outgoing media (section 2.2): when not all can be sent, droppable packets go first, then deltas, of one stream all up to its
 * next key frame, as nobody can decode them; audio goes last, after key frames. The packets of a frame are given to the host in
 * one call between `begin` and `end`. What waits longer than `age` is dropped in the same way.
 */
export class SendQueue extends PacketQueue {
	readonly #writer: DatagramWriter;
	readonly #buffer: ArrayBuffer;
	readonly #rows: Int32Array;
	/** Of each row: its tagged peer, and its priority in the lowest bits. */
	readonly #marks: Int32Array;
	readonly #marked: boolean;
	/** Rows that wait for `end`; -1: outside of a batch. */
	#count = -1;
	/** Four bits for each stream: number of its last key frame. */
	#groups = 0;
	/** A bit for each stream whose pictures cannot be decoded until its next key frame: its deltas and droppable packets are withheld. The encoder should be asked for one. */
	broken = 0;
	/** Packets that were not sent as what they build on was not. */
	withheld = 0;
	/** Calls of the host for several packets. */
	batches = 0;

	constructor(options: SendQueueOptions) {
		const marked = options.marked ?? true;
		super(marked ? { ...options, classes: CLASSES } : options);
		this.#writer = options.writer;
		this.#buffer = options.arena.buffer;
		this.#marked = marked;
		this.#rows = new Int32Array(ROWS * ROW);
		this.#marks = new Int32Array(ROWS);
	}

	/** What follows, until `end`, goes to the host at once; it must lie where it is until then. */
	begin(): void {
		if (this.#count < 0) this.#count = 0;
	}

	/** The packets since `begin` are sent; those that the host does not take now are copied and wait. */
	end(now: number): void {
		this.hand(now);
		this.#count = -1;
	}

	/**
	 * A sealed packet at `offset`.
	 * @param stream number of its stream, 0..3; @param first it is the first packet of its frame.
	 * @returns SENT, QUEUED (or it waits for `end`), DROPPED.
	 */
	give(offset: number, length: number, peer: number, priority: number, stream: number, first: boolean, now: number): number {
		if (priority !== PRIORITY_AUDIO) {
			const bit = 1 << stream;
			if (priority === PRIORITY_KEY && first) this.startGroup(stream);
			else if ((this.broken & bit) !== 0) {
				this.withheld++;
				return DROPPED;
			}
		}
		const tagged = peer | this.tag(stream);
		const count = this.#count;
		if (count < 0 || this.waiting > 0 || !this.open(now)) return this.one(offset, length, tagged, priority, now);
		const row = count * ROW;
		const rows = this.#rows;
		rows[row] = offset;
		rows[row + 1] = length;
		rows[row + 2] = peer;
		rows[row + 3] = this.#marked ? CLASSES[priority] : 0;
		this.#marks[count] = (tagged << PRIORITY_BITS) | priority;
		this.#count = count + 1;
		if (count + 1 === ROWS) this.hand(now);
		return QUEUED;
	}

	/** Streams begin anew: another session. */
	override clear(): void {
		super.clear();
		this.broken = 0;
		if (this.#count > 0) this.#count = 0;
	}

	protected override gone(peer: number, priority: number): void {
		if (priority !== PRIORITY_KEY && priority !== PRIORITY_DELTA) return;
		// What builds on it is of no use; what belongs to a later key frame is.
		const tag = peer & TAG_MASK;
		if (priority === PRIORITY_KEY) this.withheld += this.purge(PRIORITY_KEY, TAG_MASK, tag);
		this.withheld += this.purge(PRIORITY_DELTA, TAG_MASK, tag);
		const stream = (peer >> STREAM_SHIFT) & (STREAMS - 1);
		if (this.tag(stream) === tag) this.broken |= 1 << stream;
	}

	private one(offset: number, length: number, tagged: number, priority: number, now: number): number {
		const outcome = this.send(offset, length, tagged, priority, now);
		if (outcome === DROPPED) this.gone(tagged, priority);
		return outcome;
	}

	private tag(stream: number): number {
		return (stream << STREAM_SHIFT) | (((this.#groups >> (stream * 4)) & GROUP_MASK) << GROUP_SHIFT);
	}

	private startGroup(stream: number): void {
		const shift = stream * 4;
		const groups = this.#groups;
		const next = ((groups >> shift) + 1) & GROUP_MASK;
		this.#groups = (groups & ~(GROUP_MASK << shift)) | (next << shift);
		this.broken &= ~(1 << stream);
	}

	/** Gives the rows to the host as far as it takes them, and the rest to the queue. */
	private hand(now: number): void {
		const rows = this.#rows;
		const marks = this.#marks;
		let count = this.#count;
		this.#count = 0;
		while (count > 1 && this.#writer.writeMany !== undefined && this.waiting === 0 && this.open(now)) {
			const done = this.many(count, now);
			if (done === 0) break;
			count -= done;
			rows.copyWithin(0, done * ROW, (done + count) * ROW);
			marks.copyWithin(0, done, done + count);
		}
		for (let i = 0; i < count; i++) {
			const row = i * ROW;
			const mark = marks[i];
			this.one(rows[row], rows[row + 1], mark >> PRIORITY_BITS, mark & (PRIORITIES - 1), now);
		}
	}

	/** @returns how many of the first rows are done with: sent, or refused for ever. */
	private many(count: number, now: number): number {
		const writer = this.#writer as Required<DatagramWriter>;
		const marks = this.#marks;
		const sent = writer.writeMany(this.#buffer, this.#rows.buffer as ArrayBuffer, count);
		if (sent > 0) {
			this.batches++;
			for (let i = 0; i < sent; i++) this.counters[marks[i] & (PRIORITIES - 1)].sent++;
			this.taken();
			return sent;
		}
		const priority = marks[0] & (PRIORITIES - 1);
		if (this.refused(sent, this.counters[priority], now) === QUEUED) return 0;
		this.gone(marks[0] >> PRIORITY_BITS, priority);
		return 1;
	}
}
