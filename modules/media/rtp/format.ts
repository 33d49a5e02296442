/** What payload formats of RTP have in common: a frame becomes payloads, payloads become a frame. All of it lies in one arena. */

/** What {@link Depacketizer.push} and {@link Depacketizer.more} give. */
export const NOTHING = 0;
/** A frame is complete at `frameOffset`. */
export const FRAME = 1;
/** A frame was given up: parts of it are missing or make no sense. */
export const DAMAGED = 2;

/** Every packetizer can do with payloads of so many bytes. */
export const LEAST_PAYLOAD = 160;

/** Why {@link Packetizer.begin} refused a frame. */
export const REFUSED_NOT = 0;
export const REFUSED_DAMAGED = 1;
export const REFUSED_SIZE = 2;
export const REFUSED_CODING = 3;
export const REFUSED_SAMPLING = 4;
export const REFUSED_HUFFMAN = 5;
export const REFUSED_QUANTISATION = 6;
export const REFUSED_PACKET = 7;

const REFUSALS = Object.freeze([
	"",
	"the frame is damaged or of another codec",
	"the picture is larger than 2,040 x 2,040 pixels, which is the most that RFC 2435 can tell",
	"the picture is not baseline JPEG of 8 bits in one scan",
	"the picture is not of three components in 4:2:0 or 4:2:2",
	"the picture has Huffman tables of its own; RFC 2435 needs the standard ones",
	"the picture's quantisation tables are missing, of 16 bits, or three",
	"the packet of sound is larger than a payload",
]);

/** A refusal in words a person can act on; "" for none. */
export function refusalWords(refusal: number): string {
	return REFUSALS[refusal] ?? "";
}

/** Cuts frames into payloads. Reads the frame where it lies; it must stay until the last payload was made. */
export interface Packetizer {
	/** Begins a frame of `length` bytes. @returns whether it can be sent; `refusal` says why not. */
	begin(offset: number, length: number): boolean;
	/**
	 * Writes the next payload of at most `limit` (at least {@link LEAST_PAYLOAD}) bytes at `to`.
	 * @returns its bytes, 0: there is none any more.
	 */
	next(to: number, limit: number): number;
	/** The payload just written is the frame's last one. */
	readonly last: boolean;
	/** The marker bit of its header. */
	readonly marker: boolean;
	/** How many ticks of the RTP clock it is behind the frame's timestamp; 0 for video. */
	readonly ticks: number;
	/** The frame can be decoded without another one. False for sound. */
	readonly key: boolean;
	/** No other frame needs this one. */
	readonly droppable: boolean;
	/** One of REFUSED_. */
	readonly refusal: number;
}

/** Joins payloads to frames. Never throws, whatever comes; what it holds is bounded by the room it was given. */
export interface Depacketizer {
	/**
	 * Takes one payload of the stream, in order.
	 * @param lost packets before this one are missing.
	 * @returns {@link NOTHING}, {@link FRAME} or {@link DAMAGED}. A frame that was given up before one that is complete is only counted.
	 */
	push(offset: number, length: number, timestamp: number, marker: boolean, lost: boolean): number;
	/** One payload may end two frames. To be called after each FRAME until it gives NOTHING: FRAME is a further one. */
	more(): number;
	/** Forgets what it holds: the stream begins anew. */
	reset(): void;
	/** The frame, in the arena, until the next `push` or `more`. For sound it is the payload itself. */
	readonly frameOffset: number;
	readonly frameLength: number;
	/** Its timestamp. */
	readonly timestamp: number;
	/** As those of {@link Packetizer}. */
	readonly key: boolean;
	readonly droppable: boolean;
	readonly counters: FormatCounters;
}

/** What a depacketizer did, since boot. */
export class FormatCounters {
	/** Frames that came whole; frames given up. */
	frames = 0;
	damaged = 0;
	/** Of those, frames with no room. */
	oversized = 0;
	/** Payloads that break their format's rules. */
	format = 0;
}

/** Writes octets given in lower-case hex, for tables that are written at boot. */
export function setHex(bytes: Uint8Array, offset: number, hex: string): void {
	/* One copy of the text: its characters, taken one by one, would each cost the engine 3 slots. */
	const text = new Uint8Array(ArrayBuffer.fromString(hex));
	for (let i = 0; i < text.length; i += 2) bytes[offset + (i >> 1)] = (digit(text[i]) << 4) | digit(text[i + 1]);
}

function digit(character: number): number {
	return character < 0x3a ? character - 0x30 : character - 0x57;
}
