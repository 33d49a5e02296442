import { Channel, type ChannelOptions, type ChannelOwner, PACKET_SIZE, PRIORITY_COUNT, TARGETS } from "kv/channel";
import { DATAGRAM_SIZE, PAYLOAD_SIZE } from "kv/constants";
import { Control, planControl } from "kv/control";
import { ControlLink } from "kv/control_link";
import { ControlCounters } from "kv/counters";
import { Framing } from "kv/framing";
import type { KVIO } from "kv/io";
import type { KVSettings } from "kv/options";
import type { Request } from "kv/request";
import { type Logger, LEVEL_INFO } from "host/logger";
import type { Voice, VoiceTransport } from "media/voice/voice";
import { type DatagramWriter, PacketQueue } from "net/packet_queue";
import type { MemoryPlan } from "storage/plan";
import { PacketPool } from "storage/pool";
import type { RandomSource } from "time/backoff";
import type Timer from "time/timer";

const PLAN_PACKET = "kv packet";
const PLAN_QUEUE = "kv packets that wait";
/** Packets that may wait for the host, of all channels together: the newest voice, and a KEEPALIVE. */
export const QUEUE_BLOCKS = 2;
/** Bytes of a record that the host keeps for a socket with its peers, and for a stream and a resolver. */
const SOCKET_BYTES = 400;
const LINK_BYTES = 800;

/** What {@link Endpoint.sendVoice} says. */
export const SENT = 0;
export const SENT_NOWHERE = -1;
export const TOO_LONG = -2;

export interface EndpointOptions {
	readonly settings: KVSettings;
	readonly io: KVIO;
	/** The plan that {@link planEndpoint} was given. */
	readonly plan: MemoryPlan;
	readonly log: Logger;
	readonly random: RandomSource;
	/** Who speaks and hears; none: it is a member that says nothing. */
	readonly voice?: Voice;
	/** Sound of the device goes to the channels. Default true. */
	readonly talks?: boolean;
}

/** Reserves what an {@link Endpoint} needs. */
export function planEndpoint(plan: MemoryPlan, settings: KVSettings): void {
	planControl(plan);
	plan.reserve(PLAN_PACKET, PACKET_SIZE, "");
	plan.reserve(PLAN_QUEUE, QUEUE_BLOCKS * DATAGRAM_SIZE, "");
	plan.note("kv sockets", LINK_BYTES + SOCKET_BYTES * settings.channels.length, "kv.channels");
}

/**
 * Joins sessions and control side to the network: one connection at a time for requests, one socket for each channel. It keeps in its
 * channels for ever, and carries voice. Everything is made in the constructor; each turn of the event loop does a bounded piece of work.
 */
export class Endpoint implements ChannelOwner, VoiceTransport, DatagramWriter {
	/** For an application's own requests; see the README. `turn` after submitting. */
	readonly control: Control;
	readonly channels: readonly Channel[];
	/** Packets of all channels on their way out. */
	readonly queue: PacketQueue;
	readonly #link: ControlLink;
	readonly #framing: Framing;
	readonly #timer: Timer;
	readonly #options: EndpointOptions;
	/** What the timer is armed for. */
	#armed = Infinity;
	/** Channels that are still to stop. */
	#running = 0;
	#stopped: (() => void) | undefined;

	/** @throws Error when there is no socket to be had. */
	constructor(options: EndpointOptions) {
		const { settings, io, plan, log, random, voice } = options;
		const arena = plan.allocate();
		this.#options = options;
		this.#framing = new Framing(arena, settings.switches);
		this.control = new Control(plan, settings.switches, settings.times, new ControlCounters());
		const packet = plan.offset(PLAN_PACKET);
		this.#link = new ControlLink(io, arena.buffer, packet, PACKET_SIZE, this.control, settings.address, () => this.turn());
		const pool = new PacketPool(arena, plan.offset(PLAN_QUEUE), QUEUE_BLOCKS, DATAGRAM_SIZE);
		this.queue = new PacketQueue({ arena, pool, writer: this, priorities: PRIORITY_COUNT });
		const common: ChannelOptions = { settings, io, arena, packet, framing: this.#framing, voice, log, random };
		const channels: Channel[] = [];
		for (let index = 0; index < settings.channels.length; index++)
			channels.push(new Channel(index, settings.channels[index], common, this));
		this.channels = channels;
		this.#timer = new io.Timer({
			onTimer: () => {
				this.#armed = Infinity;
				this.turn();
			},
		});
	}

	/** Begins to join, and stays joined until `stop`. */
	start(): void {
		if (this.#running > 0) return;
		const now = this.#options.io.monotonic();
		this.#running = this.channels.length;
		for (let i = 0; i < this.channels.length; i++) this.channels[i].session.start(now);
		this.turn();
	}

	/** Leaves all channels, and calls `done`: at once when none is joined, else within 2 s. */
	stop(done: () => void): void {
		if (this.#running === 0) {
			done();
			return;
		}
		this.#stopped = done;
		const now = this.#options.io.monotonic();
		for (let i = 0; i < this.channels.length; i++) this.channels[i].session.stop(now);
		this.turn();
	}

	/** Frees what is native. After `stop`. */
	close(): void {
		this.#options.voice?.attach(undefined);
		this.queue.clear();
		this.#timer.close();
		this.#link.dispose();
		for (let i = 0; i < this.channels.length; i++) this.channels[i].dispose();
	}

	/**
	 * Sends a packet of the codec to all channels that are joined. It lies at `offset` of the plan's arena with 8 bytes free before it and all
	 * up to 504 behind its start. @returns SENT, SENT_NOWHERE (not joined, or the network takes none) or TOO_LONG (KV-14).
	 */
	sendVoice(offset: number, length: number, sequence: number, timestamp: number, now: number): number {
		const { channels } = this;
		if (length > PAYLOAD_SIZE || !this.#framing.frame(offset, length, sequence, timestamp)) {
			channels[0].session.counters.tooLong++;
			return TOO_LONG;
		}
		let result = SENT_NOWHERE;
		for (let i = 0; i < channels.length; i++) {
			const channel = channels[i];
			if (!channel.session.joined) channel.session.counters.unsent++;
			else if (channel.send(offset, now)) result = SENT;
		}
		return result;
	}

	/** Channels that are joined. */
	get joined(): number {
		let count = 0;
		for (let i = 0; i < this.channels.length; i++) if (this.channels[i].session.joined) count++;
		return count;
	}

	/** The server's numeric address as last looked up. */
	get address(): string {
		return this.#link.address;
	}

	sendPacket(at: number, target: number, priority: number, now: number): number {
		const outcome = this.queue.send(at, DATAGRAM_SIZE, target, priority, now);
		if (this.queue.deadline < this.#armed) this.arm(now);
		return outcome;
	}

	/** For the queue. @param target as {@link TARGETS} says. */
	write(_buffer: ArrayBuffer, offset: number, _length: number, target: number): number {
		return this.channels[(target / TARGETS) | 0].write(offset, target % TARGETS);
	}

	writable(): void {
		const now = this.#options.io.monotonic();
		this.queue.flush(now);
		this.arm(now);
	}

	/** Does what is due, and arms the timer. */
	turn(): void {
		const now = this.#options.io.monotonic();
		const { channels } = this;
		if (now >= this.queue.deadline) this.queue.flush(now);
		for (let i = 0; i < channels.length; i++) {
			if (now >= channels[i].session.deadline) channels[i].session.tick(now);
			channels[i].dispatch(now);
		}
		this.#link.turn(now);
		this.arm(now);
	}

	submit(request: Request): void {
		this.control.submit(request);
	}

	cancel(request: Request): void {
		this.#link.cancel(request);
	}

	channelJoined(): void {
		const { voice, talks } = this.#options;
		if (voice && talks !== false) voice.attach(this);
	}

	/** The server's name is looked up anew: it may mean another address by then. */
	channelLost(): void {
		this.#link.forget();
		this.detach();
	}

	channelStopped(): void {
		this.detach();
		this.#running--;
		if (this.#running > 0) return;
		const done = this.#stopped;
		this.#stopped = undefined;
		this.#timer.cancel();
		this.#armed = Infinity;
		if (!done) return;
		this.#options.log.log(LEVEL_INFO, "kv", "stopped");
		done();
	}

	/** The sound goes nowhere, and nobody is heard, when the last channel is lost. */
	private detach(): void {
		const { voice } = this.#options;
		if (!voice || this.joined > 0) return;
		voice.attach(undefined);
		voice.forgetAll();
	}

	private arm(now: number): void {
		let at = this.control.deadline;
		if (this.queue.deadline < at) at = this.queue.deadline;
		for (let i = 0; i < this.channels.length; i++) {
			const deadline = this.channels[i].session.deadline;
			if (deadline < at) at = deadline;
		}
		if (at >= this.#armed) return;
		this.#armed = at;
		const delay = at - now;
		this.#timer.schedule(delay > 0 ? Math.ceil(delay) : 0);
	}
}
