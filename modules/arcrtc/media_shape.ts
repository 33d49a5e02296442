import { CONTROL_ROOM, resendBytes } from "arcrtc/feedback";
import { fecDecoderBytes } from "arcrtc/fec_decoder";
import { fecEncoderBytes } from "arcrtc/fec_encoder";
import { DATAGRAM_LIMIT, HEADROOM, PAYLOAD_LIMIT, TAILROOM } from "arcrtc/constants";
import { OPEN_HEADROOM } from "arcrtc/held_packets";
import { openerBytes } from "arcrtc/opener";
import { CIPHER_SCRATCH } from "arcrtc/packet_cipher";
import { receivedPacketsBytes } from "arcrtc/received_packets";
import { sealerBytes } from "arcrtc/sealer";
import type { MemoryPlan } from "storage/plan";

/** Media of a session, as far as it decides the memory that is laid out for it. */
export interface MediaShape {
	readonly sendsAudio: boolean;
	readonly sendsVideo: boolean;
	readonly receivesAudio: boolean;
	readonly receivesVideo: boolean;
	/** Lost packets are sent again, and asked for; key frames get repair packets, and theirs are used. */
	readonly nack: boolean;
	readonly fec: boolean;
	/** Highest bit rate of outgoing video in kbit/s: 200 ms of it are kept. */
	readonly videoRate: number;
	/** Packets of a picture that are given to the host at a time, 1 to 16. */
	readonly burst: number;
	/** Packets of incoming video that are put in order; packets that may wait, for the host or for their keys. */
	readonly reorder: number;
	readonly waiting: number;
	/** Replay windows, in packets: 64 to 1024. */
	readonly replayWindow: number;
}

/** Bytes of a block that a packet is made in; of one that it waits in, for the host or for its keys; of one that it is received into. */
export const MAKING_BLOCK = HEADROOM + PAYLOAD_LIMIT + TAILROOM;
export const WAITING_BLOCK = OPEN_HEADROOM + DATAGRAM_LIMIT;
export const RECEIVED_BLOCK = HEADROOM + DATAGRAM_LIMIT;
/** Kbit/s of sound with its headers, of which 200 ms are kept where no video is sent. */
const AUDIO_RATE = 80;
/** Repair packets that wait. */
const REPAIRS = 4;

const PLAN_CIPHERS = "arcrtc ciphers";
const PLAN_SEALER = "arcrtc sealer";
const PLAN_OPENER = "arcrtc opener";
const PLAN_CONTROL = "arcrtc control packets";
const PLAN_RESENDS = "arcrtc packets to send again";
const PLAN_WAITING = "arcrtc packets that wait";
const PLAN_PICTURES = "arcrtc packets of a picture";
const PLAN_REPAIR = "arcrtc repair packet";
const PLAN_ORDER = "arcrtc incoming pictures";
const PLAN_REPAIRS = "arcrtc incoming repair packets";

/** Streams of each direction: sound, pictures, repair packets of these. */
export function sendStreams(shape: MediaShape): number {
	return (shape.sendsAudio ? 1 : 0) + (shape.sendsVideo ? (shape.fec ? 2 : 1) : 0);
}

export function receiveStreams(shape: MediaShape): number {
	return (shape.receivesAudio ? 1 : 0) + (shape.receivesVideo ? (shape.fec ? 2 : 1) : 0);
}

function ringBytes(shape: MediaShape): number {
	if (!shape.nack) return 0;
	return shape.sendsVideo ? resendBytes(shape.videoRate) : shape.sendsAudio ? resendBytes(AUDIO_RATE) : 0;
}

/** Reserves what a `MediaSession` needs. */
export function planMedia(plan: MemoryPlan, shape: MediaShape): void {
	plan.reserve(PLAN_CIPHERS, CIPHER_SCRATCH, "");
	plan.reserve(PLAN_SEALER, sealerBytes(sendStreams(shape)), "");
	plan.reserve(PLAN_OPENER, openerBytes(receiveStreams(shape)) + OPEN_HEADROOM, "");
	plan.reserve(PLAN_CONTROL, CONTROL_ROOM, "");
	plan.reserve(PLAN_WAITING, shape.waiting * WAITING_BLOCK, "arcrtc.waiting");
	plan.reserve(PLAN_RESENDS, ringBytes(shape), "arcrtc.bitrate");
	if (shape.sendsVideo) {
		plan.reserve(PLAN_PICTURES, shape.burst * MAKING_BLOCK, "arcrtc.burst");
		if (shape.fec) plan.reserve(PLAN_REPAIR, fecEncoderBytes(PAYLOAD_LIMIT), "arcrtc.switches.fec");
	}
	if (shape.receivesVideo) {
		plan.reserve(PLAN_ORDER, receivedPacketsBytes(shape.reorder, PAYLOAD_LIMIT), "arcrtc.reorder");
		if (shape.fec) plan.reserve(PLAN_REPAIRS, fecDecoderBytes(REPAIRS, PAYLOAD_LIMIT), "arcrtc.switches.fec");
	}
}

/** Where each region of {@link planMedia} begins; -1: there is none. */
export interface MediaPlaces {
	readonly ciphers: number;
	readonly sealer: number;
	readonly opener: number;
	readonly control: number;
	readonly resends: number;
	readonly resendBytes: number;
	readonly waiting: number;
	readonly pictures: number;
	readonly repair: number;
	readonly order: number;
	readonly repairs: number;
	readonly repairBlocks: number;
}

export function mediaPlaces(plan: MemoryPlan, shape: MediaShape): MediaPlaces {
	const { sendsVideo, receivesVideo, fec } = shape;
	return {
		ciphers: plan.offset(PLAN_CIPHERS),
		sealer: plan.offset(PLAN_SEALER),
		opener: plan.offset(PLAN_OPENER),
		control: plan.offset(PLAN_CONTROL),
		resends: plan.offset(PLAN_RESENDS),
		resendBytes: ringBytes(shape),
		waiting: plan.offset(PLAN_WAITING),
		pictures: sendsVideo ? plan.offset(PLAN_PICTURES) : -1,
		repair: sendsVideo && fec ? plan.offset(PLAN_REPAIR) : -1,
		order: receivesVideo ? plan.offset(PLAN_ORDER) : -1,
		repairs: receivesVideo && fec ? plan.offset(PLAN_REPAIRS) : -1,
		repairBlocks: REPAIRS,
	};
}
