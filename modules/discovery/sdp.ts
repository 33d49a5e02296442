import type { LineReader } from "wire/line_reader";
import { constantText } from "wire/ascii";
import { encodingAt, formatIndex, isEncoding } from "wire/session_lines";

const MEDIA = constantText("m=");
const VIDEO = constantText("m=video");
const H265 = constantText("h265");
/** Encodings (RFC 4855) of video that can be shown (section 2.7). */
const ENCODINGS = Object.freeze([
	constantText("h264"),
	constantText("h264-rcdo"),
	constantText("h264-svc"),
	constantText("mp4v-es"),
	constantText("mpeg4-generic"),
	constantText("jpeg"),
]);
/** JPEG has a payload type of its own (RFC 3551 6) and then needs no rtpmap. */
const STATIC_JPEG = 26;
/** Looks through a session description (RFC 8866), line by line, for video that can be shown. */
export class SessionDescription {
	/** Such video is there. */
	usable = false;
	readonly #h265: boolean;
	#video = false;

	/** `h265`: H.265 can be shown. */
	constructor(h265: boolean) {
		this.#h265 = h265;
	}

	begin(): void {
		this.usable = false;
		this.#video = false;
	}

	/** Takes a whole line. */
	take(line: LineReader): void {
		if (line.holds(0, MEDIA)) {
			this.#video = line.holds(0, VIDEO) && line.nextBlank(0) === VIDEO.length;
			if (this.#video && formatIndex(line, STATIC_JPEG) >= 0) this.usable = true;
		} else if (this.#video && encodingAt(line) >= 0 && this.#isUsable(line)) this.usable = true;
	}

	/** a=rtpmap:type encoding "/" clock (RFC 8866 6.6) */
	#isUsable(line: LineReader): boolean {
		const at = encodingAt(line);
		for (let i = 0; i < ENCODINGS.length; i++) if (isEncoding(line, at, ENCODINGS[i])) return true;
		return this.#h265 && isEncoding(line, at, H265);
	}
}
