import { codecOfName, payloadTypeFits } from "arcrtc/codecs";
import type { ReceiveTerms } from "arcrtc/incoming_media";
import { LEVELS } from "arcrtc/quality";
import type { Agreement } from "arcrtc/agreement";
import { MEMBER, STREAM_ID_LIMIT, SUITE_NAMES, TEXT } from "arcrtc/words";
import { Codec } from "media/rtp/codecs";
import { constantText } from "wire/ascii";
import type { JSONWriter } from "wire/json";
import { type JSONReader, KIND_OBJECT } from "wire/json_reader";

const MOST = 0xffff_ffff;
const NONE = -1;

/** Sound that is sent, as the codec makes it. */
export interface SentAudio {
	readonly codec: string;
	/** Bits a second; samples a second; ms of a frame. */
	readonly bitrate: number;
	readonly rate: number;
	readonly channels: number;
	readonly frame: number;
	readonly payloadType: number;
}

/** Pictures that are sent. */
export interface SentVideo {
	readonly codec: string;
	readonly bitrate: number;
	readonly width: number;
	readonly height: number;
	readonly rate: number;
	readonly payloadType: number;
	readonly fecType: number;
}

/** One stream_id with the SSRCs under it; 0: there is no such stream. */
export interface StreamIds {
	readonly streamId: string;
	readonly audio: number;
	readonly video: number;
	readonly fec: number;
}

/** Ticks of a second of a codec's RTP times (RFC 3551 has 8,000 for G.722 although it samples 16,000). */
export function clockOf(codec: string, rate: number): number {
	const number = codecOfName(codec);
	if (number === Codec.OPUS) return 48_000;
	return number === Codec.L16 || number === Codec.AAC ? rate : 8000;
}

/** Writes the members of STREAM_START (section 2.9). */
export function writeStream(
	json: JSONWriter,
	ids: StreamIds,
	audio: SentAudio | undefined,
	video: SentVideo | undefined,
	agreement: Agreement,
	qualityMap: readonly number[],
): void {
	json.value("stream_id", ids.streamId);
	json.value("stream_type", audio === undefined ? "video" : video === undefined ? "audio" : "both");
	json.object("codec");
	if (audio !== undefined) {
		json.object("audio").value("name", audio.codec).value("bitrate", audio.bitrate).value("sample_rate", audio.rate);
		json.value("channels", audio.channels).value("payload_type", audio.payloadType).value("ptime", audio.frame).endObject();
	}
	if (video !== undefined) {
		json.object("video").value("name", video.codec).value("bitrate", video.bitrate).value("width", video.width);
		json.value("height", video.height).value("fps", video.rate).value("payload_type", video.payloadType).endObject();
	}
	json.endObject();
	json.value("ssrc", ids.audio !== 0 ? ids.audio : ids.video);
	json.object("ssrcs");
	if (ids.audio !== 0) json.value("audio", ids.audio);
	if (ids.video !== 0) json.value("video", ids.video);
	if (ids.fec !== 0) json.value("fec", ids.fec);
	json.endObject();
	json.object("encryption").value("key_id", ids.streamId).value("algorithm", SUITE_NAMES[agreement.suite]).endObject();
	json.array("quality_map");
	for (let i = 0; i < qualityMap.length; i++) json.value(undefined, LEVELS[qualityMap[i]]);
	json.endArray();
	if (ids.fec !== 0 && video !== undefined) json.object("fec").value("payload_type", video.fecType).value("l", 5).endObject();
	json.value("nack", agreement.nack);
}

/** What a STREAM_START of the peer says. */
export class OfferedStream {
	streamId = "";
	terms: ReceiveTerms = { nack: false };
	/** Names of its codecs, "" for none; size of its pictures. */
	audioCodec = "";
	videoCodec = "";
	width = 0;
	height = 0;
	/** Member that is missing or wrong. */
	fault = "";

	/** @returns "" when the stream can be received, else a code of ERROR. */
	read(json: JSONReader, agreement: Agreement): string {
		const { root } = json;
		this.audioCodec = this.videoCodec = this.fault = "";
		const id = json.text(json.member(root, MEMBER.stream_id), STREAM_ID_LIMIT);
		if (id === undefined || id === "") return this.lacks(json.member(root, MEMBER.stream_id), "stream_id");
		this.streamId = id;
		const type = json.member(root, MEMBER.stream_type);
		const both = json.isText(type, TEXT.both);
		const hasAudio = both || json.isText(type, TEXT.audio);
		const hasVideo = both || json.isText(type, TEXT.video);
		if (!hasAudio && !hasVideo) return this.lacks(type, "stream_type");
		const encryption = json.member(root, MEMBER.encryption);
		if (json.kind(encryption) === KIND_OBJECT) {
			const algorithm = json.member(encryption, MEMBER.algorithm);
			if (algorithm >= 0 && !json.isText(algorithm, constantText(SUITE_NAMES[agreement.suite]))) return "suite";
		}
		const ssrc = json.integer(json.member(root, MEMBER.ssrc), 0, MOST, NONE);
		const ssrcs = json.member(root, MEMBER.ssrcs);
		const codecs = json.member(root, MEMBER.codec);
		if (json.kind(codecs) !== KIND_OBJECT) return this.lacks(codecs, "codec");
		let audio: ReceiveTerms["audio"];
		let video: ReceiveTerms["video"];
		let fec: ReceiveTerms["fec"];
		if (hasAudio) {
			const codec = json.member(codecs, MEMBER.audio);
			const name = this.codec(json, codec, agreement.audio);
			if (name === "") return "codec";
			this.audioCodec = name;
			const own = json.integer(json.member(ssrcs, MEMBER.audio), 0, MOST, ssrc);
			const payloadType = this.payloadType(json, codec, 111);
			if (own < 0) return this.lacks(-1, "ssrc");
			if (payloadType < 0) return this.lacks(codec, "payload_type");
			const rate = json.integer(json.member(codec, MEMBER.sample_rate), 8000, 192_000, 48_000);
			audio = { ssrc: own, payloadType, clock: clockOf(name, rate) };
		}
		if (hasVideo) {
			const codec = json.member(codecs, MEMBER.video);
			const name = this.codec(json, codec, agreement.video);
			if (name === "") return "codec";
			this.videoCodec = name;
			// One SSRC for both: the video's is the next one.
			const next = ssrc < 0 ? NONE : both ? (ssrc + 1) % (MOST + 1) : ssrc;
			const own = json.integer(json.member(ssrcs, MEMBER.video), 0, MOST, next);
			const payloadType = this.payloadType(json, codec, 26);
			if (own < 0) return this.lacks(-1, "ssrc");
			if (payloadType < 0) return this.lacks(codec, "payload_type");
			video = { ssrc: own, payloadType };
			const repair = json.integer(json.member(ssrcs, MEMBER.fec), 0, MOST, NONE);
			const repairType = this.payloadType(json, json.member(root, MEMBER.fec), NONE);
			if (repair >= 0 && repairType >= 0 && agreement.fec) fec = { ssrc: repair, payloadType: repairType };
		}
		this.terms = { nack: agreement.nack && json.isTrue(json.member(root, MEMBER.nack)), audio, video, fec };
		return "";
	}

	private codec(json: JSONReader, codec: number, agreed: string): string {
		const name = json.member(codec, MEMBER.name);
		return agreed !== "" && json.isText(name, constantText(agreed)) ? agreed : "";
	}

	private payloadType(json: JSONReader, object: number, otherwise: number): number {
		const member = json.member(object, MEMBER.payload_type);
		if (member < 0) return otherwise;
		const type = json.integer(member, 0, 127, NONE);
		return payloadTypeFits(type) ? type : NONE;
	}

	private lacks(value: number, field: string): string {
		this.fault = field;
		return value < 0 ? "missing" : "field";
	}
}
