/** Both directions of control packets of one session, and the rules about their number and time (reference 2.7). */
import { randomBytes } from "node:crypto";
import { protectControl, readControls, verifyControl } from "./arc_rtcp.ts";
import type { Control } from "./arc_rtcp.ts";
import { ReplayWindow } from "./arc_srtp.ts";

const REPORT_MS = 1000;
const CONTEXT_FEEDBACK_MS = 50;
const NACK_TRIES = 3;
const NACK_STEP_MS = 10;
const KEY_MS = 1000;

/** Writes control packets: an own SSRC, an index for each key. */
export class ControlSender {
	readonly ssrc: number;
	#index = 0;

	constructor(ssrc = randomBytes(4).readUInt32BE(0)) {
		this.ssrc = ssrc;
	}

	/** `rtcp` is written with `this.ssrc` as its sender. */
	protect(rtcp: Buffer, authKey: Buffer): Buffer {
		const packet = protectControl(rtcp, this.#index, authKey);
		this.#index += 1;
		return packet;
	}
}

export type ControlReason = "format" | "auth" | "replay";

export interface ControlPacket {
	/** Stream by whose key it was signed. */
	readonly ssrc: number;
	readonly index: number;
	readonly controls: readonly Control[];
}

interface StreamKey {
	readonly ssrc: number;
	/** "out": control about a stream that this side sends; "in": sender reports of one that it gets. */
	readonly direction: "in" | "out";
	key: Buffer;
	window: ReplayWindow;
	previous: { readonly key: Buffer; readonly window: ReplayWindow } | undefined;
	previousUntil: number;
}

export interface ControlRuleOptions {
	/** Milliseconds that the machine or the way may add or take. */
	readonly slack: number;
	/** False: reports may have been lost, so none is missed. */
	readonly lossless: boolean;
}

/** Reads control packets and reports every breach of the rules. */
export class ControlReceiver {
	readonly counters = { format: 0, auth: 0, replay: 0, unknown: 0 };
	readonly #keys: StreamKey[] = [];
	readonly #options: ControlRuleOptions;
	readonly #report: (text: string) => void;
	#sender: number | undefined;
	readonly #lastFeedback = { ctx_ack: -Infinity, ctx_nack: -Infinity };
	readonly #lastReport = new Map<number, number>();
	/** Times at which each packet was asked for. */
	readonly #requests = new Map<string, number[]>();

	constructor(options: Partial<ControlRuleOptions>, report: (text: string) => void) {
		this.#options = { slack: 0, lossless: false, ...options };
		this.#report = report;
	}

	add(ssrc: number, direction: "in" | "out", key: Buffer): void {
		this.#keys.push({ ssrc, direction, key, window: new ReplayWindow(64), previous: undefined, previousUntil: 0 });
	}

	rotate(ssrc: number, key: Buffer, now: number): void {
		for (const one of this.#keys)
			if (one.ssrc === ssrc) {
				one.previous = { key: one.key, window: one.window };
				one.previousUntil = now + KEY_MS;
				one.key = key;
				one.window = new ReplayWindow(64);
			}
	}

	receive(packet: Buffer, now: number): ControlPacket | ControlReason {
		for (const stream of this.#keys) {
			let { window } = stream;
			let verified = verifyControl(packet, stream.key);
			if (verified === undefined && stream.previous !== undefined && now <= stream.previousUntil) {
				verified = verifyControl(packet, stream.previous.key);
				window = stream.previous.window;
			}
			if (verified === undefined) continue;
			const { index, rtcp } = verified;
			if (index & 0x80000000) {
				this.#report("ARC-R3: bit E of a control packet is set");
				return this.#refused("format");
			}
			if (window.check(index) !== "accept") return this.#refused("replay");
			if (this.#options.lossless && index <= window.top) this.#report(`ARC-R3: control index ${index} after ${window.top}`);
			window.mark(index);
			const oddities: string[] = [];
			const controls = readControls(rtcp, oddities);
			for (const oddity of oddities) this.#report(`ARC-P7: ${oddity}`);
			if (typeof controls === "string") {
				this.#report(`ARC-P7: authenticated RTCP that is none: ${controls}`);
				return this.#refused("format");
			}
			for (const control of controls) this.#check(control, stream, now);
			return { ssrc: stream.ssrc, index, controls };
		}
		return this.#refused("auth");
	}

	/** Streams of one stream_id have one key. */
	#shares(stream: StreamKey, ssrc: number | undefined): boolean {
		return this.#keys.some((one) => one.ssrc === ssrc && one.direction === stream.direction && one.key.equals(stream.key));
	}

	#refused(reason: ControlReason): ControlReason {
		this.counters[reason] += 1;
		return reason;
	}

	#check(control: Control, stream: StreamKey, now: number): void {
		if (control.kind !== "sr") {
			if (this.#sender !== undefined && this.#sender !== control.sender)
				this.#report(`ARC-P7: feedback of ${control.sender} after that of ${this.#sender}`);
			this.#sender = control.sender;
			if (this.#keys.some(({ ssrc }) => ssrc === control.sender)) this.#report("ARC-P7: feedback under the SSRC of a stream");
		}
		switch (control.kind) {
			case "rr":
				this.#checkReport(control.blocks[0]?.ssrc, stream, now);
				break;
			case "sr":
				if (!this.#shares(stream, control.sender))
					this.#report(`ARC-P7: SR of ${control.sender} under the key of ${stream.ssrc}`);
				break;
			case "nack":
				if (!this.#shares(stream, control.media))
					this.#report(`ARC-E2: NACK of ${control.media} under the key of ${stream.ssrc}`);
				for (const sequence of control.lost) this.#checkRequest(control.media, sequence, now);
				break;
			case "pli":
				if (!this.#shares(stream, control.media)) this.#report(`ARC-E2: PLI of ${control.media} under the key of ${stream.ssrc}`);
				break;
			case "ctx_ack":
			case "ctx_nack":
				this.#checkContext(control.kind, now);
				break;
			default:
				this.counters.unknown += 1;
				this.#report(`ARC-P7: RTCP of type ${control.type}, which the profile does not have`);
		}
	}

	#checkReport(about: number | undefined, stream: StreamKey, now: number): void {
		if (!this.#shares(stream, about)) this.#report(`ARC-P7: RR about ${about} under the key of ${stream.ssrc}`);
		if (about === undefined) return;
		const before = this.#lastReport.get(about);
		if (before !== undefined && this.#options.lossless && now - before > REPORT_MS + this.#options.slack)
			this.#report(`ARC-P7: ${Math.round(now - before)} ms between reports`);
		this.#lastReport.set(about, now);
	}

	#checkContext(kind: "ctx_ack" | "ctx_nack", now: number): void {
		const passed = now - this.#lastFeedback[kind];
		if (passed < CONTEXT_FEEDBACK_MS - this.#options.slack) this.#report(`ARC-P5: ${kind} again after ${Math.round(passed)} ms`);
		this.#lastFeedback[kind] = now;
	}

	#checkRequest(media: number, sequence: number, now: number): void {
		const name = `${media} ${sequence}`;
		// A number comes again after 65,536 packets.
		const times = (this.#requests.get(name) ?? []).filter((time) => now - time < 10_000);
		const last = times.at(-1);
		times.push(now);
		this.#requests.set(name, times);
		if (times.length > NACK_TRIES) this.#report(`ARC-E2: packet ${sequence} is asked for ${times.length} times`);
		if (last !== undefined && now - last < NACK_STEP_MS - this.#options.slack)
			this.#report(`ARC-E2: packet ${sequence} is asked for again after ${Math.round(now - last)} ms`);
	}
}
