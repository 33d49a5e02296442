import { CODEC_H264, CODEC_NONE, codecName, ENCODINGS, staticClock, staticCodec, VIDEO_CODECS } from "media/rtsp/codecs";
import { TEXT_AGGREGATE, TEXT_CONTROL, type Texts } from "media/rtsp/texts";
import type { RTSPTrack } from "media/rtsp/track";
import type { Arena } from "storage/arena";
import { type AsciiText, constantText } from "wire/ascii";
import { decodeBase64 } from "wire/base64";
import type { LineReader } from "wire/line_reader";
import { encodingAt, formatAt, formatIndex, isEncoding, payloadTypeOf } from "wire/session_lines";

/** Bytes of the parameter sets of a track. */
export const SETS_BYTES = 512;

const MEDIA = constantText("m=");
const VIDEO = constantText("m=video");
const AUDIO = constantText("m=audio");
const RTPMAP = constantText("a=rtpmap:");
const FMTP = constantText("a=fmtp:");
const CONTROL = constantText("a=control:");
const MODE = constantText("packetization-mode");
const SPROP = constantText("sprop-parameter-sets");
const SPROP_VPS = constantText("sprop-vps");
const SPROP_SPS = constantText("sprop-sps");
const SPROP_PPS = constantText("sprop-pps");
const DON_DIFF = constantText("sprop-max-don-diff");

const COMMA = 0x2c;
const SLASH = 0x2f;
/** NAL units in an order of their own (RFC 6184 6.4). */
const INTERLEAVED = 2;

/** Reads a session description (RFC 8866, RFC 2326 C.1) line by line and takes of it the first medium of each kind that is wanted. */
export class Description {
	/** What of the offers cannot be taken, in words; for cold paths. */
	offers = "";
	readonly #arena: Arena;
	readonly #texts: Texts;
	readonly #tracks: readonly RTSPTrack[];
	/** Codecs that are taken, as a sum of bits. */
	readonly #wanted: number;
	/** Index of the track that the lines are about, -1: none of them. */
	#current = -1;
	/** The lines are about the whole session yet. */
	#session = true;
	/** NAL units of the medium come in another order. */
	#shuffled = false;

	constructor(arena: Arena, texts: Texts, tracks: readonly RTSPTrack[], wanted: number) {
		this.#arena = arena;
		this.#texts = texts;
		this.#tracks = tracks;
		this.#wanted = wanted;
	}

	begin(): void {
		this.offers = "";
		this.#current = -1;
		this.#session = true;
		this.#texts.clear(TEXT_AGGREGATE);
		for (let i = 0; i < this.#tracks.length; i++) {
			this.#tracks[i].clear();
			this.#texts.clear(TEXT_CONTROL + i);
		}
	}

	/** Takes a whole line. */
	take(line: LineReader): void {
		if (line.holds(0, MEDIA)) {
			this.decide();
			this.#session = false;
			this.beginMedium(line);
		} else if (line.holds(0, CONTROL)) this.takeControl(line);
		else if (this.#current >= 0 && encodingAt(line) >= 0) this.takeEncoding(line);
		else if (this.#current >= 0 && line.holds(0, FMTP)) this.takeParameters(line);
	}

	/** The description is over. */
	end(): void {
		this.decide();
	}

	/** A track is there when its codec is one that is taken. */
	private decide(): void {
		if (this.#current < 0) return;
		const track = this.#tracks[this.#current];
		if (track.codec !== CODEC_NONE) {
			if (this.#shuffled) this.refuse(codecName(track.codec) + " with interleaved NAL units");
			else if ((this.#wanted & (1 << track.codec)) === 0) this.refuse(codecName(track.codec));
			else if (this.#texts.length(TEXT_CONTROL + this.#current) === 0 && !this.alone()) this.refuse("a medium without a=control");
		}
		if (track.codec === CODEC_NONE) track.clear();
		this.#current = -1;
	}

	private refuse(what: string): void {
		this.#tracks[this.#current].clear();
		this.#texts.clear(TEXT_CONTROL + this.#current);
		if (this.offers.length < 80) this.offers += (this.offers === "" ? "" : ", ") + what;
	}

	/** A single medium may be controlled by the URL of the whole. */
	private alone(): boolean {
		for (let i = 0; i < this.#tracks.length; i++) if (i !== this.#current && this.#tracks[i].codec !== CODEC_NONE) return false;
		return true;
	}

	private beginMedium(line: LineReader): void {
		const video = line.holds(0, VIDEO);
		if (!video && !line.holds(0, AUDIO)) return;
		for (let i = 0; i < this.#tracks.length; i++) {
			const track = this.#tracks[i];
			if (track.video !== video || track.codec !== CODEC_NONE) continue;
			track.clear();
			this.#texts.clear(TEXT_CONTROL + i);
			this.#current = i;
			this.#shuffled = false;
			track.payloadType = formatAt(line, 0);
			track.codec = staticCodec(track.payloadType);
			track.clock = staticClock(track.payloadType);
			track.channels = track.payloadType === 10 ? 2 : 1;
			if (formatIndex(line, track.payloadType) < 0) track.payloadType = -1;
			return;
		}
	}

	private takeControl(line: LineReader): void {
		const at = CONTROL.length;
		const text = this.#session ? TEXT_AGGREGATE : TEXT_CONTROL + this.#current;
		if (this.#session || this.#current >= 0) this.#texts.keep(text, line.offset + at, line.nextBlank(at) - at);
	}

	/** a=rtpmap:type encoding/clock/channels (RFC 8866 6.6). The first encoding that is taken counts. */
	private takeEncoding(line: LineReader): void {
		const track = this.#tracks[this.#current];
		const type = payloadTypeOf(line, RTPMAP.length);
		if (track.codec !== CODEC_NONE && (this.#wanted & (1 << track.codec)) !== 0 && type !== track.payloadType) return;
		const at = encodingAt(line);
		const codec = codecAt(line, at);
		if (codec === CODEC_NONE || (((1 << codec) & VIDEO_CODECS) !== 0) !== track.video) {
			if (type === track.payloadType && this.offers.length < 80 && track.video)
				this.offers += (this.offers === "" ? "" : ", ") + nameAt(line, at);
			return;
		}
		const clock = line.find(SLASH, at) + 1;
		const channels = line.number(line.find(SLASH, clock) + 1);
		track.codec = codec;
		if (track.payloadType !== type) track.setsLength = 0;
		track.payloadType = type;
		track.clock = Math.max(1, line.number(clock));
		track.channels = Math.max(1, channels);
	}

	/** a=fmtp:type name=value; ... (RFC 6184 8.1, RFC 7798 7.1) */
	private takeParameters(line: LineReader): void {
		const track = this.#tracks[this.#current];
		if (payloadTypeOf(line, FMTP.length) !== track.payloadType || line.cut) return;
		const at = line.nextBlank(line.afterBlanks(FMTP.length));
		const mode = line.parameter(at, MODE);
		const difference = line.parameter(at, DON_DIFF);
		if ((mode >= 0 && line.number(mode) >= INTERLEAVED) || (difference >= 0 && line.number(difference) > 0))
			this.#shuffled = true;
		track.setsLength = 0;
		this.takeSets(line, at, SPROP, track);
		this.takeSets(line, at, SPROP_VPS, track);
		this.takeSets(line, at, SPROP_SPS, track);
		this.takeSets(line, at, SPROP_PPS, track);
	}

	/** NAL units in Base64, commas between. What is none, or too much, is left out: such units come in the stream too. */
	private takeSets(line: LineReader, index: number, name: AsciiText, track: RTSPTrack): void {
		let at = line.parameter(index, name);
		if (at < 0) return;
		const end = line.valueEnd(at);
		const { bytes, view } = this.#arena;
		while (at < end) {
			const next = line.find(COMMA, at, end);
			const to = track.setsOffset + track.setsLength;
			const room = SETS_BYTES - track.setsLength - 2;
			const count = room < 1 ? -1 : decodeBase64(bytes, line.offset + at, next - at, to + 2, room);
			if (count > 0) {
				view.setUint16(to, count);
				track.setsLength += 2 + count;
			}
			at = next + 1;
		}
	}
}

function codecAt(line: LineReader, at: number): number {
	for (let codec = CODEC_H264; codec < ENCODINGS.length; codec++) if (isEncoding(line, at, ENCODINGS[codec])) return codec;
	return CODEC_NONE;
}

/** The name of an encoding as the server has it, up to 16 letters and digits. */
function nameAt(line: LineReader, at: number): string {
	let name = "";
	for (let i = at; i < line.length && name.length < 16; i++) {
		const byte = line.at(i);
		if (byte === SLASH || byte <= 0x20 || byte >= 0x7f) break;
		name += String.fromCharCode(byte);
	}
	return name;
}
