import type { Voice, VoiceTransport } from "media/voice/voice";
import { VoiceShare } from "media/voice/voice_share";
import { Arena } from "storage/arena";
import { Allocation } from "unit/allocation";
import type { Suite } from "unit/suite";

const HEADROOM = 36;
const PACKET = 100;
/** Where the voice path makes packets, and where the copy goes. */
const MADE = 200 + HEADROOM;
const COPY = 400;

/** A voice path that only notes who it sends to. */
class Path implements Voice {
	transport: VoiceTransport | undefined;
	talking = true;
	received = 0;
	forgotten = 0;
	readonly listening = false;
	attach(transport: VoiceTransport | undefined): void {
		this.transport = transport;
	}
	speaker(low: number, high: number): number {
		return low + high;
	}
	receive(): void {
		this.received++;
	}
	forget(): void {
		this.forgotten++;
	}
	forgetAll(): void {
		this.forgotten += 10;
	}
	writeFigures(): void {}
}

/** A protocol that frames and encrypts where the packet lies. */
class Protocol implements VoiceTransport {
	got = "";
	readonly #bytes: Uint8Array;
	readonly #mark: number;

	constructor(bytes: Uint8Array, mark: number) {
		this.#bytes = bytes;
		this.#mark = mark;
	}

	sendVoice(offset: number, length: number, sequence: number, timestamp: number): void {
		const bytes = this.#bytes;
		this.got = bytes[offset] + " " + bytes[offset + length - 1] + " " + length + " " + sequence + " " + timestamp;
		for (let at = offset - HEADROOM; at < offset + PACKET; at++) bytes[at] = this.#mark;
	}
}

export default function voiceShare(suite: Suite): void {
	const world = (): { arena: Arena; path: Path; share: VoiceShare; one: Protocol; two: Protocol; say: () => void } => {
		const arena = new Arena(1024);
		const path = new Path();
		const share = new VoiceShare(path, arena, COPY, HEADROOM, PACKET);
		const { bytes } = arena;
		const say = (): void => {
			bytes.fill(0xee);
			bytes[MADE] = 11;
			bytes[MADE + 79] = 22;
			path.transport?.sendVoice(MADE, 80, 7, 960, 0);
		};
		return { arena, path, share, one: new Protocol(bytes, 1), two: new Protocol(bytes, 2), say };
	};
	suite.test("voice share: what is said goes to both protocols whole, though each frames it where it lies", (check) => {
		const { arena, share, one, two, say } = world();
		share.first.attach(one);
		share.second.attach(two);
		say();
		check.equal(one.got, "11 22 80 7 960");
		check.equal(two.got, "11 22 80 7 960");
		check.equal(arena.bytes[COPY - 1], 0xee);
		check.equal(arena.bytes[COPY + HEADROOM + PACKET], 0xee);
	});
	suite.test("voice share: sound is taken while one of both wants it", (check) => {
		const { path, share, one, two, say } = world();
		check.equal(path.transport, undefined);
		share.second.attach(two);
		say();
		check.equal(two.got, "11 22 80 7 960");
		check.equal(one.got, "");
		share.first.attach(one);
		share.second.attach(undefined);
		two.got = "";
		say();
		check.equal(one.got, "11 22 80 7 960");
		check.equal(two.got, "");
		share.first.attach(undefined);
		check.equal(path.transport, undefined);
	});
	suite.test("voice share: a packet that the copy has no room for goes to nobody", (check) => {
		const { path, share, one, two } = world();
		share.first.attach(one);
		share.second.attach(two);
		path.transport?.sendVoice(MADE, PACKET + 1, 1, 0, 0);
		check.equal(one.got + two.got, "");
	});
	suite.test("voice share: what either brings is played, and nothing is allocated for a packet", (check) => {
		const { path, share } = world();
		check.equal(share.first.speaker(3, 4, 0), 7);
		share.second.receive(0, MADE, 10, 0, -1, -1);
		share.first.forget(0);
		share.second.talking = false;
		check.equal(path.received, 1);
		check.equal(path.forgotten, 1);
		check.equal(path.talking, false);
		check.equal(share.first.talking, false);
		const quiet: VoiceTransport = { sendVoice() {} };
		share.first.attach(quiet);
		share.second.attach(quiet);
		const { transport } = path;
		transport?.sendVoice(MADE, 80, 1, 0, 0);
		const allocation = new Allocation();
		allocation.begin();
		for (let i = 0; i < 100; i++) transport?.sendVoice(MADE, 80, i, 960 * i, 0);
		allocation.expectNone(check);
	});
}
