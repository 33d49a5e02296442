import type { Agreement } from "arcrtc/agreement";
import { type ArcOwner, Endpoint, PATH_TEXT } from "arcrtc/endpoint";
import type { JitterBuffer } from "arcrtc/jitter_buffer";
import type { MediaPacket } from "arcrtc/media_packet";
import { type ArcSettings, planArc } from "arcrtc/options";
import { SESSION_TEXT } from "arcrtc/session";
import type { OfferedStream } from "arcrtc/stream_terms";
import { SOUND_LIMIT } from "device/arcrtc_settings";
import type { ArcRTCConfig } from "device/config";
import type { Part } from "device/part";
import { PictureFeed, planPictureFeed } from "device/picture_feed";
import { DeviceRandom } from "device/random";
import { planRTPOutput, RTPOutput } from "device/rtp_output";
import { LEVEL_WARNING, type Logger } from "host/logger";
import type { Voice, VoiceTransport } from "media/voice/voice";
import { Datagram } from "net/datagram";
import Resolver from "net/resolver";
import { Listener, Stream } from "net/stream";
import type { MemoryPlan } from "storage/plan";
import { monotonic, wall } from "time/clock";
import Timer from "time/timer";
import { constantText } from "wire/ascii";
import type { Figures } from "wire/figures";
import { parseHostPort } from "wire/host_port";

const KEY = Object.freeze({
	arcrtc: constantText("arcrtc"),
	auth: constantText("auth"),
	dropped: constantText("dropped"),
	errors: constantText("errors"),
	failures: constantText("failures"),
	format: constantText("format"),
	held: constantText("held"),
	jitterMicroseconds: constantText("jitterMicroseconds"),
	lossPerMille: constantText("lossPerMille"),
	messages: constantText("messages"),
	old: constantText("old"),
	path: constantText("path"),
	pictures: constantText("pictures"),
	received: constantText("received"),
	recovered: constantText("recovered"),
	refused: constantText("refused"),
	repaired: constantText("repaired"),
	replay: constantText("replay"),
	requested: constantText("requested"),
	resent: constantText("resent"),
	roundTripMicroseconds: constantText("roundTripMicroseconds"),
	sent: constantText("sent"),
	sessions: constantText("sessions"),
	shortages: constantText("shortages"),
	sounds: constantText("sounds"),
	state: constantText("state"),
	switches: constantText("switches"),
	unknown: constantText("unknown"),
	waiting: constantText("waiting"),
});
const STATES = Object.freeze(SESSION_TEXT.map((text) => constantText(text)));
const PATHS = Object.freeze(PATH_TEXT.map((text) => constantText(text)));

/** Bytes of the figures at most. */
export const ARC_FIGURES_BYTES = 900;

/** Reserves what an {@link ArcPart} needs. */
export function planArcPart(plan: MemoryPlan, config: ArcRTCConfig, settings: ArcSettings, frameBytes: number): void {
	planArc(plan, settings);
	if (settings.shape.sendsVideo) planPictureFeed(plan, config.codec, frameBytes);
	if (config.output !== undefined) planRTPOutput(plan);
}

/** The device as an ArcRTC peer: its voice and its camera to the other end, and the other end's to loudspeaker and players. Made at boot, started once. */
export class ArcPart implements Part, ArcOwner, VoiceTransport {
	readonly endpoint: Endpoint;
	/** Takes the camera's pictures; undefined: none are sent. */
	readonly feed: PictureFeed | undefined;
	readonly output: RTPOutput | undefined;
	/** Packets of sound that came, that were sent, and that are larger than a packet may be. */
	heardPackets = 0;
	sounds = 0;
	tooLong = 0;
	readonly #voice: Voice | undefined;
	readonly #settings: ArcSettings;
	readonly #log: Logger;
	#agreement: Agreement | undefined;

	/** @param voice who speaks and hears; undefined: nobody. @throws Error when an address cannot be bound. */
	constructor(config: ArcRTCConfig, settings: ArcSettings, plan: MemoryPlan, log: Logger, voice: Voice | undefined) {
		const io = { Stream, Listener, Datagram, Resolver, Timer, monotonic, wall };
		this.#voice = voice;
		this.#settings = settings;
		this.#log = log;
		this.endpoint = new Endpoint({ settings, plan, io, log, random: new DeviceRandom(), owner: this });
		if (settings.shape.sendsVideo) this.feed = new PictureFeed(config.codec, this.endpoint, plan, log);
		const { output } = config;
		if (output === undefined) return;
		const { video, audio, sdp } = output;
		this.output = new RTPOutput(
			{
				video: video === undefined ? undefined : parseHostPort(video, 0),
				audio: audio === undefined ? undefined : parseHostPort(audio, 0),
				description: sdp ?? "",
			},
			plan,
		);
	}

	start(): void {
		this.endpoint.start();
	}

	stop(done: () => void): void {
		this.endpoint.stop();
		done();
	}

	close(): void {
		this.#voice?.attach(undefined);
		this.endpoint.close();
		this.output?.close();
	}

	/* What is sent. */

	sendVoice(offset: number, length: number, _sequence: number, timestamp: number, now: number): void {
		if (length > SOUND_LIMIT) this.tooLong++;
		else if (this.endpoint.sendAudio(offset, length, timestamp, now)) this.sounds++;
	}

	/* What comes. */

	heard(packet: MediaPacket, now: number): void {
		this.heardPackets++;
		this.output?.audio(packet);
		const voice = this.#voice;
		if (voice === undefined) return;
		// One speaker for each session: what the decoder knows of an earlier one is of no use.
		const speaker = voice.speaker(this.endpoint.sessions, -1, now);
		if (speaker < 0) return;
		const { payload, payloadLength, extendedSequence, timestamp } = packet;
		voice.receive(speaker, payload, payloadLength, now, extendedSequence % 0x10000, timestamp);
	}

	seen(jitter: JitterBuffer): void {
		this.output?.video(jitter);
	}

	seenAll(): void {}

	opened(agreement: Agreement): void {
		this.#agreement = agreement;
		if (this.#settings.shape.sendsAudio && agreement.audio !== "") this.#voice?.attach(this);
		this.feed?.restart();
	}

	streamStarted(stream: OfferedStream): void {
		const { output } = this;
		const { audio, video } = stream.terms;
		if (output === undefined) return;
		const fault = output.began(stream.videoCodec, video?.payloadType ?? 0, stream.audioCodec, audio?.payloadType ?? 0);
		if (fault !== "") this.#log.log(LEVEL_WARNING, "arcrtc", "description-failed", { reason: fault });
	}

	ended(): void {
		if (this.#agreement === undefined) return;
		this.#agreement = undefined;
		this.#voice?.attach(undefined);
	}

	/** A camera's encoder is not Fletcher's: an RTSP server sends its next key frame when it does. */
	keyFrameWanted(): void {}

	qualityWanted(): void {}

	writeFigures(figures: Figures): void {
		const { endpoint } = this;
		const { media, session, link } = endpoint;
		const { feedback, drops, outgoing, incoming, queue } = media;
		const { sending, receiving, counters } = feedback;
		figures.open(KEY.arcrtc);
		figures.text(KEY.state, STATES[session.state]);
		figures.text(KEY.path, PATHS[endpoint.path]);
		figures.number(KEY.sessions, endpoint.sessions);
		figures.number(KEY.failures, endpoint.failures + link.overflows);
		figures.number(KEY.switches, endpoint.switches);
		figures.number(KEY.messages, session.messages);
		figures.number(KEY.errors, session.errors);
		figures.number(KEY.roundTripMicroseconds, sending.roundTrip < 0 ? -1 : sending.roundTrip * 1000);
		figures.open(KEY.sent);
		figures.number(KEY.sounds, this.sounds);
		figures.number(KEY.pictures, outgoing.pictures);
		figures.number(KEY.refused, outgoing.refused + this.tooLong);
		figures.number(KEY.resent, counters.resent);
		figures.number(KEY.lossPerMille, outgoing.loss * 1000);
		figures.number(KEY.waiting, queue.waiting);
		figures.number(KEY.shortages, queue.shortages);
		figures.close();
		figures.open(KEY.received);
		figures.number(KEY.sounds, this.heardPackets);
		figures.number(KEY.pictures, incoming.jitter === undefined ? 0 : incoming.jitter.counters.taken);
		figures.number(KEY.requested, counters.requested);
		figures.number(KEY.repaired, counters.repaired);
		figures.number(KEY.recovered, incoming.decoder === undefined ? 0 : incoming.decoder.counters.recovered);
		const place = incoming.audio?.index ?? incoming.video?.index ?? -1;
		figures.number(KEY.jitterMicroseconds, place < 0 ? 0 : receiving.jitter(place) * 1000);
		figures.close();
		figures.open(KEY.dropped);
		figures.number(KEY.format, drops.format);
		figures.number(KEY.unknown, drops.unknown);
		figures.number(KEY.old, drops.old);
		figures.number(KEY.replay, drops.replay);
		figures.number(KEY.auth, drops.auth);
		figures.number(KEY.held, drops.heldDropped);
		figures.close();
		figures.close();
	}
}
